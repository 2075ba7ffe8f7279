"""Rolling-origin back-tests: every method forecasts the same windows, none of which its fit has seen.

Knows predictors only by `fit` and `predict_at`. Each is fitted once, on the past of the first window of every
series, and forecasts all windows in one batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gatecast.errors import OptionError, TooShortError
from gatecast.evaluation.diagnostics import notes, strayed
from gatecast.evaluation.metrics import scaled_error
from gatecast.evaluation.scale import naive_scale
from gatecast.evaluation.scores import Scores
from gatecast.evaluation.verdict import judge
from gatecast.forecast import Origins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gatecast.forecast import Prediction, Predictor
    from gatecast.panel import Panel

_JUDGED_SHARE = 3  # at most a third of a series is judged, so that the fit sees what the final fit will see
_LEAST_PAST = 3


def shortest(horizon: int) -> int:
    """Rows that a series needs for one window: the window, and a past that can show an error of every step."""
    return horizon + max(horizon + 1, _LEAST_PAST)


def rolling_origins(panel: Panel, horizon: int, windows: int = 8, step: int | None = None) -> Origins:
    """Up to `windows` whole windows a series, oldest first; the newest one's targets end at the last row.

    step: rows between two windows. By default it is the horizon, so that windows do not overlap; a series whose last
    third is too short for that has windows that overlap, or fewer of them. Series that are too short for one window
    have none.

    Raises: OptionError for a horizon, windows or step below 1; TooShortError if no series has a window.
    """
    for name, value in (("horizon", horizon), ("windows", windows), ("step", 1 if step is None else step)):
        if value < 1:
            raise OptionError(
                f"{name} must be at least 1, got {value}; give a larger number.", f"{name} 至少为 1，实际为 {value}。"
            )
    length = panel.lengths
    if length.max() < shortest(horizon):
        _refuse(panel, horizon)
    if step is None:
        room = np.maximum(length // _JUDGED_SHARE - horizon, 0)
        spacing = np.clip(room // max(windows - 1, 1), 1, horizon)
    else:
        room = np.maximum(length - shortest(horizon), 0)
        spacing = np.full(len(panel), step)
    count = np.where(length >= shortest(horizon), np.minimum(windows, room // spacing + 1), 0)
    series = np.repeat(np.arange(len(panel)), count)
    behind = np.repeat(np.cumsum(count), count) - 1 - np.arange(count.sum())  # windows between this and the newest
    return Origins(series, length[series] - horizon - behind * spacing[series])


def _refuse(panel: Panel, horizon: int) -> None:
    longest = int(np.argmax(panel.lengths))
    who, rows, least = panel.ids[longest], int(panel.lengths[longest]), shortest(horizon)
    english, chinese = f"series {who!r}", f"序列 {who!r}"
    if len(panel) > 1:
        english, chinese = f"the longest series, {who!r},", f"最长的序列 {who!r}"
    raise TooShortError(
        f"{english} has {rows} rows; judging a forecast of {horizon} steps needs at least {least}. "
        f"Give more rows or a smaller horizon.",
        f"{chinese} 只有 {rows} 行；评估 {horizon} 步的预测至少需要 {least} 行。请提供更多数据或减小 horizon。",
    )


def past_of(panel: Panel, origins: Origins) -> Panel:
    """What a fit may see: every series up to its first origin. Series without an origin are left out."""
    cut = panel.lengths.copy()
    np.minimum.at(cut, origins.series, origins.ends)
    judged = np.unique(origins.series)
    kept = panel if len(judged) == len(panel) else panel.take(judged)
    return kept.until(cut[judged])


def backtest(
    predictors: Sequence[Predictor],
    panel: Panel,
    *,
    horizon: int,
    levels: Sequence[float],
    seasons: Sequence[int] = (),
    windows: int = 8,
) -> Scores:
    """Fit every predictor on the past of the first windows, forecast all windows, and compare.

    predictors: the model under judgement, then the baselines.
    Raises: TooShortError if no series is long enough for a window.
    """
    origins = rolling_origins(panel, horizon, windows)
    past = past_of(panel, origins)
    predictions = {one.name: one.fit(past).predict_at(panel, origins) for one in predictors}
    return score(list(predictions), predictions, panel, origins, levels, seasons)


def score(
    names: Sequence[str],
    predictions: Mapping[str, Prediction],
    panel: Panel,
    origins: Origins,
    levels: Sequence[float],
    seasons: Sequence[int] = (),
) -> Scores:
    """Compare forecasts with what came. names: the model under judgement, then the baselines.

    Raises: OptionError if there is no baseline to compare with.
    """
    if len(names) < 2:
        raise OptionError(
            "a model is judged beside a naive forecast; give at least one baseline.",
            "评估模型需要与朴素预测比较；请至少提供一个基准方法。",
        )
    model = predictions[names[0]]
    horizon = model.point.shape[1]
    rows = origins.following(panel, horizon)
    actual, last = panel.y[rows], panel.y[origins.newest(panel)]
    season = seasons[0] if seasons else 1
    scale = naive_scale(panel, origins, season)
    losses = {name: scaled_error(actual, predictions[name].point, scale) for name in names}
    far = strayed(actual, model.point, last, scale)
    verdict = judge(losses, origins, horizon, strayed=far, constant=_all_constant(panel, origins))
    return Scores(
        tuple(names),
        panel.ids,
        origins,
        panel.time[rows],
        actual,
        last,
        {name: predictions[name] for name in names},
        tuple(levels),
        season,
        scale,
        verdict,
        notes(actual, model, levels, scale, verdict.best_baseline) if verdict.kind != "constant" else (),
    )


def _all_constant(panel: Panel, origins: Origins) -> bool:
    spread = np.maximum.reduceat(panel.y, panel.offsets[:-1]) - np.minimum.reduceat(panel.y, panel.offsets[:-1])
    return not spread[np.unique(origins.series)].any()
