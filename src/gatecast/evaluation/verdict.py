"""The sentence under the table: is the model better than the best naive forecast, and how sure is that?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from gatecast.evaluation.baselines import method_name
from gatecast.evaluation.diagnostics import diebold_mariano
from gatecast.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatecast.forecast import Origins

_COPY = 0.25  # a forecast that strays less than this from the last value, and does not gain by it, is a copy
_NO_ERROR = 1e-9
_LOWEST = -1000.0  # a gain is bounded, so that it can be printed


@dataclass(frozen=True)
class Verdict:
    """What a back-test says of the model, in one sentence and in figures.

    kind: "skill" (surely better than the best naive forecast), "copy" (the last value, shifted), "constant"
    (nothing to learn), else "no skill".
    best_baseline: the naive method with the least mean absolute scaled error.
    gain, low, high: the share by which the model's error is below that of the best baseline (0.12 = 12 % below,
    negative = above), and its 95 % interval (99 % for three windows or fewer). All are finite, −1000 to 1.
    p_value: two-sided, of the Diebold-Mariano test against the best baseline.
    """

    kind: Literal["skill", "no skill", "copy", "constant"]
    text: Text
    best_baseline: str
    gain: float
    low: float
    high: float
    p_value: float


def judge(
    losses: Mapping[str, np.ndarray], origins: Origins, horizon: int, *, strayed: float, constant: bool
) -> Verdict:
    """Compare the first method with the best of the others.

    losses: method → (windows,) mean absolute scaled error; the model first. strayed: how far its forecasts stray from
    the last value (see `diagnostics.strayed`). constant: every series is. The best baseline is chosen on the windows
    it is compared on: that flatters the baseline, never the model.
    """
    model, *others = losses
    best = min(others, key=lambda name: losses[name].mean())
    scale = float(losses[best].mean())
    where = _Where.of(origins)
    if constant:
        return Verdict("constant", _CONSTANT, best, 0.0, 0.0, 0.0, 1.0)
    comparison = diebold_mariano(losses[best] - losses[model], origins, horizon)
    if scale < _NO_ERROR:
        gain = 0.0 if losses[model].mean() < _NO_ERROR else -1.0
        return Verdict("no skill", _without_error(best, where), best, gain, gain, gain, comparison.p_value)
    middle = comparison.mean / scale
    half = comparison.half / scale
    gain, low, high = (float(np.clip(value, _LOWEST, 1.0)) for value in (middle, middle - half, middle + half))
    figures = (best, gain, low, high, comparison.p_value)
    if low > 0:
        return Verdict("skill", _skill(model, best, gain, low, high, where), *figures)
    if strayed < _COPY:
        return Verdict("copy", _copy(model, best, gain, strayed, where), *figures)
    if comparison.clusters < 2:
        return Verdict("no skill", _one_window(model, best, gain), *figures)
    return Verdict("no skill", _no_skill(model, best, gain, low, high, where), *figures)


_CONSTANT = Text(
    "The series is constant: there is nothing to learn, and every method forecasts the same value.",
    "序列是常数：没有可学的东西，所有方法的预测都相同。",
)


class _Where(NamedTuple):
    """On what a verdict rests, in words."""

    series: Text
    windows: Text

    @classmethod
    def of(cls, origins: Origins) -> _Where:
        windows, series = len(origins.ends), len(np.unique(origins.series))
        counted = f"{windows:,} window" + ("s" if windows > 1 else "")
        if series == 1:
            return cls(Text("this series", "此序列"), Text(counted, f"{windows} 个窗口"))
        chinese = f"{series:,} 条序列的 {windows:,} 个窗口"
        return cls(Text("these series", "这些序列"), Text(f"{counted} of {series:,} series", chinese))


def _side(gain: float) -> Text:
    """A gain in words: "12 % below", "3 % above"."""
    percent = f"{abs(100 * gain):.0f}"
    if gain >= 0:
        return Text(f"{percent} % below", f"低 {percent}%")
    return Text(f"{percent} % above", f"高 {percent}%")


def _skill(model: str, best: str, gain: float, low: float, high: float, where: _Where) -> Text:
    english, chinese = method_name(best)
    middle, least, most = (f"{100 * share:.0f}" for share in (gain, low, high))
    return Text(
        f"The {model}'s error is {middle} % ({least} to {most} %) below that of the best naive forecast "
        f"({english}), over {where.windows.english}.",
        f"{model} 的误差比最好的朴素预测（{chinese}）低 {middle}%（{least}% 至 {most}%），"
        f"基于 {where.windows.chinese}。",
    )


def _no_skill(model: str, best: str, gain: float, low: float, high: float, where: _Where) -> Text:
    english, chinese = method_name(best)
    word = Text("as good", "一样好") if high >= 0 else Text("better", "更好")
    side, least, most = _side(gain), _side(low), _side(high)
    return Text(
        f"No skill: on {where.series.english} the naive forecast is {word.english}. "
        f"The {model}'s error is {side.english} that of the best naive forecast ({english}), "
        f"with an interval from {least.english} to {most.english}, over {where.windows.english}.",
        f"没有预测能力：在{where.series.chinese}上朴素预测{word.chinese}。"
        f"{model} 的误差比最好的朴素预测（{chinese}）{side.chinese}，"
        f"区间为{least.chinese} 至{most.chinese}，基于 {where.windows.chinese}。",
    )


def _copy(model: str, best: str, gain: float, strayed: float, where: _Where) -> Text:
    english, chinese = method_name(best)
    side = _side(gain)
    return Text(
        f"No skill: the forecast is only a copy of the last value, shifted. It strays from it by {100 * strayed:.0f} % "
        f"of what the series moves, and the {model}'s error is {side.english} that of the best naive forecast "
        f"({english}), over {where.windows.english}.",
        f"没有预测能力：预测只是把最后一个值向后平移。它偏离该值的幅度只有序列变动的 {100 * strayed:.0f}%，"
        f"{model} 的误差比最好的朴素预测（{chinese}）{side.chinese}，基于 {where.windows.chinese}。",
    )


def _one_window(model: str, best: str, gain: float) -> Text:
    english, chinese = method_name(best)
    side = _side(gain)
    return Text(
        f"No skill can be shown with one window: the {model}'s error is {side.english} that of the best naive forecast "
        f"({english}) there, which may be chance. More rows or a smaller horizon give more windows.",
        f"只有一个窗口，无法证明预测能力：{model} 的误差比最好的朴素预测（{chinese}）{side.chinese}，这可能是偶然。"
        f"更多的数据或更小的 horizon 会带来更多窗口。",
    )


def _without_error(best: str, where: _Where) -> Text:
    english, chinese = method_name(best)
    return Text(
        f"No skill is possible: on {where.series.english} the naive forecast ({english}) makes no error at all.",
        f"没有超越的余地：在{where.series.chinese}上朴素预测（{chinese}）毫无误差。",
    )
