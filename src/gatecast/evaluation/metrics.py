"""Error measures: an elementwise statistic and how it is averaged. Numpy only; knows no methods and no panels.

Shapes everywhere: `actual` and `point` are (windows, horizon), `lower` and `upper` (windows, horizon, levels),
`scale`, `last` and `group` (windows,). Elementwise statistics keep that shape; the measures under them give one
number, or one a level. Nothing here warns; what is not defined (R² of constant actuals) is NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


# Elementwise statistics

_ROUNDING = 1e-7  # of float32, in which networks compute


def absolute_error(actual: np.ndarray, point: np.ndarray) -> np.ndarray:
    """|y − ŷ|."""
    return np.abs(actual - point)


def symmetric_percentage_error(actual: np.ndarray, point: np.ndarray) -> np.ndarray:
    """200 |y − ŷ| / (|y| + |ŷ|) in percent, and 0 where both are 0 (Makridakis et al., 2020, the M4 competition)."""
    size = np.abs(actual) + np.abs(point)
    return 200 * np.divide(np.abs(actual - point), size, out=np.zeros_like(size), where=size > 0)


def covered(actual: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Whether the interval holds the value, its ends included: (windows, horizon, levels)."""
    y = actual[:, :, None]
    return (lower <= y) & (y <= upper)


def interval_score(actual: np.ndarray, lower: np.ndarray, upper: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Width plus 2/α times the miss, α = 1 − level (Gneiting & Raftery, 2007, eq. 43): (windows, horizon, levels)."""
    y = actual[:, :, None]
    alpha = 1 - np.asarray(levels) / 100
    return (upper - lower) + 2 / alpha * (np.maximum(lower - y, 0) + np.maximum(y - upper, 0))


def pinball(actual: np.ndarray, predicted: np.ndarray, quantile: float) -> np.ndarray:
    """q (y − ŷ) above the forecast, (1 − q)(ŷ − y) below it (Koenker & Bassett, 1978)."""
    error = actual - predicted
    return np.maximum(quantile * error, (quantile - 1) * error)


# Measures


def mae(actual: np.ndarray, point: np.ndarray) -> float:
    """Mean absolute error over all windows and steps, in the unit of the data."""
    return float(absolute_error(actual, point).mean())


def rmse(actual: np.ndarray, point: np.ndarray) -> float:
    """Root of the mean squared error over all windows and steps, in the unit of the data."""
    error = absolute_error(actual, point)
    largest = error.max()
    return float(largest * np.sqrt(np.mean((error / largest) ** 2))) if largest > 0 else 0.0  # squares stay finite


def smape(actual: np.ndarray, point: np.ndarray) -> float:
    """Mean symmetric percentage error, in percent, between 0 and 200."""
    return float(symmetric_percentage_error(actual, point).mean())


def scaled_error(actual: np.ndarray, point: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(windows,) mean absolute error of each window over its scale."""
    return absolute_error(actual, point).mean(axis=1) / scale


def mase(actual: np.ndarray, point: np.ndarray, scale: np.ndarray) -> float:
    """Mean absolute scaled error, free of the unit (Hyndman & Koehler, 2006); `scale` is from `naive_scale`."""
    return float(scaled_error(actual, point, scale).mean())


def r2(actual: np.ndarray, point: np.ndarray, group: np.ndarray, scale: np.ndarray) -> float:
    """1 − squared error / squared deviation of the actuals from their mean over the windows.

    Each series (`group`, its number from 0) has a mean of its own and is divided by the scale of its first window,
    so that large series do not decide alone; for one series this is the textbook's R². NaN if actuals are constant.
    """
    groups, first, group = np.unique(group, return_index=True, return_inverse=True)
    count = np.bincount(group, minlength=len(groups)) * actual.shape[1]
    unit = scale[first][group][:, None]
    scaled, error = actual / unit, (actual - point) / unit
    mean = np.bincount(group, scaled.sum(axis=1), len(groups)) / count
    deviation = scaled - mean[group][:, None]
    spread = np.sum(deviation**2)
    if spread <= np.finfo(float).eps * np.sum(scaled**2):  # what rounding leaves of constant actuals
        return float("nan")
    return float(1 - np.sum(error**2) / spread)


def coverage(actual: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """(levels,) share of values inside the interval, 0 to 1."""
    return covered(actual, lower, upper).mean(axis=(0, 1))


def interval_width(lower: np.ndarray, upper: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(levels,) mean width of the interval over the scale."""
    return ((upper - lower) / scale[:, None, None]).mean(axis=(0, 1))


def msis(
    actual: np.ndarray, lower: np.ndarray, upper: np.ndarray, levels: Sequence[float], scale: np.ndarray
) -> np.ndarray:
    """(levels,) mean scaled interval score (Makridakis et al., 2020): small for intervals that are narrow and right."""
    return (interval_score(actual, lower, upper, levels) / scale[:, None, None]).mean(axis=(0, 1))


def direction(actual: np.ndarray, point: np.ndarray, last: np.ndarray) -> float:
    """Share of steps whose change from the last observed value has the sign that was forecast, 0 to 1.

    Steps without a change, in the actuals or in the forecast, take no part; NaN if none is left, as for the naive
    forecast, which never says a direction.
    """
    said, happened = np.sign(point - last[:, None]), np.sign(actual - last[:, None])
    said[np.isclose(point, last[:, None], rtol=_ROUNDING, atol=0.0)] = 0  # a rounding error says no direction
    counts = (said != 0) & (happened != 0)
    return float((said == happened)[counts].mean()) if counts.any() else float("nan")
