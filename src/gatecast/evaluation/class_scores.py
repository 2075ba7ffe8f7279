"""`ClassScores`: what a back-test of a classifier found, as arrays, as a table and as a sentence.

Knows class probabilities, not who gave them; numpy only, until a frame is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gatecast.evaluation import classes as measures
from gatecast.evaluation.diagnostics import diebold_mariano
from gatecast.language import Text

if TYPE_CHECKING:
    from gatecast.forecast import Origins

BASE_RATE, LAST_STATE = "base rate", "last state"
_CHINESE = {BASE_RATE: "基准频率", LAST_STATE: "上一状态"}
_MISSED = 0.1  # mean distance between said and come that is worth a sentence, chance excluded


def class_method_name(name: str) -> Text:
    """A method's name in both languages; a network's stays as it is."""
    return Text(name, _CHINESE.get(name, name))


@dataclass(frozen=True)
class ClassVerdict:
    """What a back-test says of a classifier, in one sentence and in figures.

    kind: "skill" (surely a smaller log-loss than the base rate) or "no skill".
    gain, low, high: by how much the log-loss is below that of the base rate, as a share of it, and its 95 % interval
    (99 % for three windows or fewer). p_value: two-sided, of the Diebold-Mariano test.
    """

    kind: Literal["skill", "no skill"]
    text: Text
    gain: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class ClassScores:
    """Class probabilities of several methods from the same windows, beside what came.

    classes: their names. methods: the classifier, then "base rate" (how often each class came in the training part)
    and, for the next steps of a series, "last state" (how often it came after the state that was last).
    ids: (series,) of the panel. origins: where each window starts. time: (windows,) when the class was known.
    actual: (windows,) number of the class that came. probability: method → (windows, classes).
    """

    classes: tuple[str, ...]
    ids: tuple[str, ...]
    origins: Origins
    time: np.ndarray
    actual: np.ndarray
    probability: dict[str, np.ndarray]
    verdict: ClassVerdict
    notes: tuple[Text, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(self.probability)

    def table(self) -> dict[str, np.ndarray]:
        """A row a method: "method", "log-loss" (nats), "Brier" (0 to 2), "accuracy", "AUC", "calibration error".

        Accuracy and calibration error are shares. The AUC is the mean over the classes, each against the rest; NaN
        where a single class came.
        """
        rows = [_row(self.actual, probability) for probability in self.probability.values()]
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return {"method": np.array(self.methods, dtype=object), **columns}

    def confusion(self) -> np.ndarray:
        """(classes, classes) windows of the classifier: row = what came, column = what was most probable."""
        return measures.confusion(self.actual, self.probability[self.methods[0]])

    def roc(self, which: str) -> measures.Roc:
        """The classifier's curve of one class, by name, against the rest."""
        return measures.roc(self.actual, self.probability[self.methods[0]], self.classes.index(which))

    def reliability(self, which: str) -> measures.Reliability:
        """What the classifier said of one class, by name, beside what came."""
        return measures.reliability(self.actual, self.probability[self.methods[0]], self.classes.index(which))

    def to_frame(self) -> Any:
        """A polars frame: `table()`. Not defined = null."""
        import polars as pl

        return pl.DataFrame({**self.table(), "method": list(self.methods)}).fill_nan(None)


def _row(actual: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    return {
        "log-loss": float(measures.log_losses(actual, probability).mean()),
        "Brier": float(measures.brier_scores(actual, probability).mean()),
        "accuracy": measures.accuracy(actual, probability),
        "AUC": measures.mean_area(actual, probability),
        "calibration error": measures.calibration_error(actual, probability),
    }


def score_classes(
    classes: tuple[str, ...],
    ids: tuple[str, ...],
    origins: Origins,
    time: np.ndarray,
    actual: np.ndarray,
    probability: dict[str, np.ndarray],
    horizon: int,
) -> ClassScores:
    """Compare class probabilities with what came. probability: the classifier's, then the base rate's, then others'.

    horizon: steps over which a class is decided, so that windows that overlap count as less evidence; 1 = none does.
    """
    model, *others = probability
    losses = {name: measures.log_losses(actual, one) for name, one in probability.items()}
    verdict = judge_classes(model, losses[model], losses[others[0]], origins, horizon)
    notes = [_missed(actual, probability[model])]
    if verdict.kind == "skill" and len(others) > 1:
        notes.append(_no_more_than(others[1], losses, model, origins, horizon))
    found = tuple(note for note in notes if note is not None)
    return ClassScores(classes, ids, origins, time, actual, probability, verdict, found)


def judge_classes(model: str, loss: np.ndarray, base: np.ndarray, origins: Origins, horizon: int) -> ClassVerdict:
    """Is the log-loss surely below that of the base rate? loss, base: (windows,)."""
    comparison = diebold_mariano(base - loss, origins, horizon)
    unit = max(float(base.mean()), np.finfo(float).tiny)
    gain = comparison.mean / unit
    half = min(comparison.half / unit, 1000.0)  # bounded, so that it can be printed
    low, high = gain - half, gain + half
    windows = len(loss)
    kind: Literal["skill", "no skill"] = "skill" if low > 0 else "no skill"
    words = _skill if kind == "skill" else _one_window if comparison.clusters < 2 else _no_skill
    return ClassVerdict(kind, words(model, gain, low, high, windows), gain, low, high, comparison.p_value)


def _percent(share: float) -> str:
    return f"{100 * share:+.1f}".replace("+0.0", "0.0").replace("-0.0", "0.0")


def _skill(model: str, gain: float, low: float, high: float, windows: int) -> Text:
    middle, least, most = (f"{100 * share:.1f}" for share in (gain, low, min(high, 1.0)))
    return Text(
        f"The {model}'s log-loss is {middle} % ({least} to {most} %) below that of the base rate, over {windows:,} "
        f"windows that no training saw.",
        f"{model} 的对数损失比基准频率低 {middle}%（{least}% 至 {most}%），基于训练从未见过的 {windows:,} 个窗口。",
    )


def _no_skill(model: str, gain: float, low: float, high: float, windows: int) -> Text:
    word = Text("as good", "一样好") if high >= 0 else Text("better", "更好")
    middle, least, most = (_percent(share) for share in (gain, low, high))
    return Text(
        f"No skill: saying how often each class came so far is {word.english}. The {model}'s gain in log-loss over "
        f"this base rate is {middle} % ({least} to {most} %), over {windows:,} windows.",
        f"没有预测能力：只报出各类别以往的频率就{word.chinese}。{model} 的对数损失相对该基准频率的改进为 {middle}%"
        f"（{least}% 至 {most}%），基于 {windows:,} 个窗口。",
    )


def _one_window(model: str, gain: float, low: float, high: float, windows: int) -> Text:
    del low, high
    return Text(
        f"No skill can be shown with so little: {windows} window, a gain of {_percent(gain)} % for the {model}, which "
        f"may be chance. More rows or a smaller horizon give more windows.",
        f"数据太少，无法证明预测能力：只有 {windows} 个窗口，{model} 的改进为 {_percent(gain)}%，可能只是偶然。"
        f"更多的数据或更小的 horizon 会带来更多窗口。",
    )


def _missed(actual: np.ndarray, probability: np.ndarray) -> Text | None:
    error = measures.calibration_error(actual, probability)
    chance = 1.0 / np.sqrt(max(len(actual), 1))
    if error <= max(_MISSED, chance):
        return None
    points = f"{100 * error:.0f}"
    return Text(
        f"The probabilities are {points} points off on average: read them as an order, not as frequencies.",
        f"概率平均偏差 {points} 个百分点：只能看作排序，不能看作频率。",
    )


def _no_more_than(other: str, losses: dict[str, np.ndarray], model: str, origins: Origins, horizon: int) -> Text | None:
    comparison = diebold_mariano(losses[other] - losses[model], origins, horizon)
    if comparison.mean - comparison.half > 0:
        return None
    return Text(
        f"All of this may be in the last state alone: how often each class follows it does as well (log-loss "
        f"{losses[other].mean():.4f} beside {losses[model].mean():.4f}).",
        f"这可能全部来自上一状态：仅凭“上一状态之后各类别的频率”就一样好"
        f"（对数损失 {losses[other].mean():.4f}，模型为 {losses[model].mean():.4f}）。",
    )
