"""Panels and predictors with known truth, for the tests of judging."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from gatecast.forecast import Origins, Prediction
from gatecast.frequency import Frequency
from gatecast.panel import Panel

LEVELS = (80, 95)


def panel_of(*series: Any) -> Panel:
    """Series of any lengths, indexed by row number."""
    arrays = [np.asarray(one, dtype=float) for one in series]
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in arrays])]).astype(np.int64)
    time = np.concatenate([np.arange(len(one)) for one in arrays])
    ids = tuple(f"s{i}" for i in range(len(arrays)))
    return Panel(np.concatenate(arrays)[:, None], offsets, ids, time, Frequency("row"))


@dataclass
class Rule:
    """A predictor from a function of (past, horizon), called for one origin at a time: the slow, plain way."""

    rule: Callable[[np.ndarray, int], np.ndarray]
    horizon: int
    name: str = "LSTM"
    width: float = 1.0
    seen: int = 0

    def fit(self, panel: Panel) -> Self:
        self.seen = len(panel.time)
        return self

    def predict_at(self, panel: Panel, origins: Origins) -> Prediction:
        pairs = zip(origins.series, origins.ends, strict=True)
        point = np.stack([self.rule(panel.series(s)[:e], self.horizon) for s, e in pairs])
        reach = self.width * np.arange(1, len(LEVELS) + 1)
        return Prediction(point, point[:, :, None] - reach, point[:, :, None] + reach)


def random_walk(seed: int, length: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=length).cumsum()


def seasonal(seed: int, length: int, season: int = 12, noise: float = 0.5) -> np.ndarray:
    time = np.arange(length)
    return 3 * np.sin(2 * np.pi * time / season) + noise * np.random.default_rng(seed).normal(size=length)


def phase_means(season: int) -> Callable[[np.ndarray, int], np.ndarray]:
    """The mean of every phase over the whole past: the best forecast of `seasonal`."""

    def rule(past: np.ndarray, horizon: int) -> np.ndarray:
        phase = np.arange(len(past)) % season
        means = np.array([past[phase == p].mean() for p in range(season)])
        return means[np.arange(len(past), len(past) + horizon) % season]

    return rule


def one_by_one(predictor: Any, panel: Panel, origins: Origins) -> list[Prediction]:
    """The loop that a batch must equal."""
    rows: Sequence[int] = range(len(origins.ends))
    return [predictor.predict_at(panel, Origins(*(part[k : k + 1] for part in origins))) for k in rows]
