"""The naive methods that a model must beat: naive, seasonal naive, drift, moving average. Numpy only.

Each is a `Predictor`. Points follow Hyndman & Athanasopoulos (2021, section 5.2); intervals are the empirical
quantiles of the method's own errors at every step, in units of each origin's own scale, pooled over the series that
`fit` saw. Nothing is read after an origin; all origins are forecast at once.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Self

import numpy as np

from gatecast.errors import NotFittedError
from gatecast.evaluation.scale import naive_scale
from gatecast.forecast import Origins, Prediction
from gatecast.language import Text
from gatecast.runtime import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.forecast import Predictor
    from gatecast.panel import Panel

_MOST_ORIGINS = 4000  # as many errors a step place a 95 % interval within a few tenths of a percent
_SHORTEST_AVERAGE = 5
_DEVIATION = float(np.sqrt(np.pi / 2))  # standard deviation over mean absolute deviation of a normal distribution
_CHINESE = {
    "naive": "朴素法",
    "seasonal naive": "季节性朴素法",
    "drift": "漂移法",
    "moving average": "移动平均法",
    "ensemble": "集成",
}


def method_name(name: str) -> Text:
    """A method's name in both languages; names of networks stay as they are."""
    family, _, season = name.partition(" (")
    return Text(name, _CHINESE[family] + (f"（{season[:-1]}）" if season else "") if family in _CHINESE else name)


def baselines(horizon: int, levels: Sequence[float], seasons: Sequence[int]) -> list[Predictor]:
    """Every naive method that makes sense for these seasons: one seasonal naive for each of them."""
    seasonal = [SeasonalNaive(horizon, levels, season, numbered=len(seasons) > 1) for season in seasons]
    window = seasons[0] if seasons else max(horizon, _SHORTEST_AVERAGE)
    return [Naive(horizon, levels), *seasonal, Drift(horizon, levels), MovingAverage(horizon, levels, window)]


class Baseline:
    """What the naive methods share: intervals from their own past errors. Each gives its `point`."""

    name = "baseline"
    season = 1  # of the scale that its errors are measured by

    def __init__(self, horizon: int, levels: Sequence[float]) -> None:
        self.horizon = horizon
        self.levels = tuple(levels)
        self._reach: np.ndarray | None = None  # (2, horizon, levels) below and above the point, in units of scale

    def point(self, panel: Panel, origins: Origins) -> np.ndarray:
        """(origins, horizon) forecasts."""
        raise NotImplementedError

    def fit(self, panel: Panel) -> Self:
        """Learn how far the forecasts miss at each step."""
        origins = _past_origins(panel)
        reach = np.full((2, self.horizon, len(self.levels)), np.nan)
        if len(origins.ends):
            point, scale = self.point(panel, origins), naive_scale(panel, origins, self.season)
            start, left = panel.offsets[origins.series] + origins.ends, panel.lengths[origins.series] - origins.ends
            for step in range(self.horizon):
                seen = left > step
                if seen.any():
                    error = (panel.y[start[seen] + step] - point[seen, step]) / scale[seen]
                    reach[:, step] = _tails(np.sort(error), self.levels)
        self._reach = _widening(reach, self.levels)
        return self

    def predict_at(self, panel: Panel, origins: Origins) -> Prediction:
        """Forecast from many origins at once.

        Raises: NotFittedError before `fit`.
        """
        if self._reach is None:
            raise NotFittedError(f"{self.name} was not fitted; call fit(panel) first.", f"{self.name} 尚未 fit。")
        point = self.point(panel, origins)
        scale = naive_scale(panel, origins, self.season)[:, None, None]
        below, above = self._reach
        return Prediction(point, point[:, :, None] - below * scale, point[:, :, None] + above * scale)


class Naive(Baseline):
    """The last value, for every step."""

    name = "naive"

    def point(self, panel: Panel, origins: Origins) -> np.ndarray:
        return np.repeat(_last(panel, origins)[:, None], self.horizon, axis=1)


class SeasonalNaive(Baseline):
    """The value of the same phase of the last season seen; the last value where less than a season was seen."""

    def __init__(self, horizon: int, levels: Sequence[float], season: int, numbered: bool = False) -> None:
        super().__init__(horizon, levels)
        self.season = season
        self.name = f"seasonal naive ({season})" if numbered else "seasonal naive"

    def point(self, panel: Panel, origins: Origins) -> np.ndarray:
        end = panel.offsets[origins.series] + origins.ends
        back = np.where(origins.ends >= self.season, self.season, 1)[:, None]
        return panel.y[end[:, None] - back + np.arange(self.horizon) % back]


class Drift(Baseline):
    """The straight line through the first and the last value; of the newest `most` values, where that is given."""

    name = "drift"

    def __init__(self, horizon: int, levels: Sequence[float], most: int | None = None) -> None:
        super().__init__(horizon, levels)
        self.most = most

    def point(self, panel: Panel, origins: Origins) -> np.ndarray:
        last, seen = _last(panel, origins), origins.ends if self.most is None else origins.ends.clip(max=self.most)
        first = panel.y[panel.offsets[origins.series] + origins.ends - seen]
        slope = (last - first) / np.maximum(seen - 1, 1)
        return last[:, None] + slope[:, None] * np.arange(1, self.horizon + 1)


class MovingAverage(Baseline):
    """The mean of the last `window` values (of all, where fewer were seen), for every step."""

    name = "moving average"

    def __init__(self, horizon: int, levels: Sequence[float], window: int) -> None:
        super().__init__(horizon, levels)
        self.window = window

    def point(self, panel: Panel, origins: Origins) -> np.ndarray:
        end = panel.offsets[origins.series] + origins.ends
        total = np.zeros(len(end))
        for back in range(1, min(self.window, int(origins.ends.max())) + 1):
            total += np.where(back <= origins.ends, panel.y[np.maximum(end - back, 0)], 0.0)
        return np.repeat((total / np.minimum(origins.ends, self.window))[:, None], self.horizon, axis=1)


def _last(panel: Panel, origins: Origins) -> np.ndarray:
    return panel.y[origins.newest(panel)]


def _past_origins(panel: Panel) -> Origins:
    """Where the errors are measured: the later half of every series, a sample of it where that is many."""
    first = np.minimum(np.maximum(2, panel.lengths // 2), panel.lengths)
    count = panel.lengths - first
    series = np.repeat(np.arange(len(panel)), count)
    ends = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count - first, count)
    if len(ends) > _MOST_ORIGINS:
        some = np.sort(stream(0, "baselines").choice(len(ends), _MOST_ORIGINS, replace=False))
        series, ends = series[some], ends[some]
    return Origins(series, ends)


def _tails(errors: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """(2, levels) how far sorted errors reach below and above 0, with the finite-sample rank ⌈(n + 1) q⌉."""
    n = len(errors)
    rank = np.minimum(np.ceil((n + 1) * (0.5 + np.asarray(levels) / 200)).astype(int), n)
    return np.maximum(np.stack([-errors[n - rank], errors[rank - 1]]), 0.0)


def _widening(reach: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Reach that never shrinks with the step; steps that no error was seen for grow as a random walk's, by √step."""
    steps = np.arange(1, reach.shape[1] + 1)
    known = np.isfinite(reach).all(axis=(0, 2)).sum()  # steps are known from the first one on
    if known:
        reach[:, known:] = reach[:, known - 1 : known] * np.sqrt(steps[known:] / known)[None, :, None]
    else:
        normal = np.array([NormalDist().inv_cdf(0.5 + level / 200) for level in levels])
        reach[:] = _DEVIATION * normal * np.sqrt(steps)[None, :, None]
    return np.maximum.accumulate(reach, axis=1)
