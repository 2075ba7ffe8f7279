"""How far a series moves in its past: the unit that errors are divided by. Reads nothing after an origin."""

from __future__ import annotations

import numpy as np

from gatecast.forecast import Origins
from gatecast.panel import Panel

_ROUNDING = 1e-12  # a movement below this share of the values' size is rounding, not movement


def naive_scale(panel: Panel, origins: Origins, season: int = 1) -> np.ndarray:
    """(origins,) mean absolute error of the seasonal naive forecast within each origin's own past.

    The denominator of the MASE (Hyndman & Koehler, 2006). It is always positive: where the past is no longer than a
    season, or repeats itself exactly, the plain naive forecast's error stands in; where the past is constant, the
    mean absolute value of the past; where that is zero too, 1.
    """
    size = _past_mean(panel, origins, 0)
    scale = np.zeros(len(size))
    for lag in dict.fromkeys((season, 1)):
        moves = _past_mean(panel, origins, lag)
        scale = np.where(scale > 0, scale, np.where(moves > _ROUNDING * size, moves, 0))
    return np.where(scale > 0, scale, np.where(size > 0, size, 1.0))


def _past_mean(panel: Panel, origins: Origins, lag: int) -> np.ndarray:
    """(origins,) mean of |y[t] − y[t − lag]| over each past (of |y[t]| for lag 0); 0 where the past has no such pair.

    Every stretch between two origins of a series is summed once, so that the cost does not grow with the origins;
    no sum runs over a value that its origin has not seen, so that such values cannot change a single bit.
    """
    y = panel.y
    moves = np.abs(y) if lag == 0 else np.abs(y - np.concatenate([y[:lag], y[:-lag]]))
    order = np.lexsort((origins.ends, origins.series))
    series, ends = origins.series[order], np.maximum(origins.ends[order], lag)
    begin = np.ones(len(order), bool)
    begin[1:] = series[1:] != series[:-1]
    start = np.where(begin, lag, np.concatenate([[0], ends[:-1]]))
    pairs = np.stack([panel.offsets[series] + start, panel.offsets[series] + ends], axis=1)
    rows = np.minimum(pairs, len(y))
    sums = np.add.reduceat(np.append(moves, 0.0), rows.ravel())[::2]
    sums[ends == start] = 0.0  # reduceat gives a single element for an empty stretch
    group = np.cumsum(begin) - 1
    rank = np.arange(len(order)) - np.flatnonzero(begin)[group]
    table = np.zeros((group[-1] + 1, rank.max() + 1))
    table[group, rank] = sums
    mean = np.empty(len(order))
    mean[order] = np.cumsum(table, axis=1)[group, rank] / np.maximum(ends - lag, 1)
    return mean
