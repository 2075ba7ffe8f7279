"""What tables of errors hide: chance, copies of the last value, flat lines, intervals that miss. Numpy only."""

from __future__ import annotations

from math import atan, ceil, cos, erf, floor, hypot, inf, pi, sin, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gatecast.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.forecast import Origins, Prediction

_ENOUGH_CLUSTERS = 5  # fewer windows (or series) say little of their own scatter, where the other kind has more
_FEW_CLUSTERS = 3  # so few must speak at 99 %, not 95 %
_NORMAL_FROM = 1000  # degrees of freedom from which Student's t is a normal distribution to three digits
_ROUNDING = 1e-12
_FLAT = 0.1  # spread of the forecast over that of the actuals
_MISSED = 0.1  # an interval that holds this share too few or too many is worth a sentence, chance excluded


class Comparison(NamedTuple):
    """Is a mean loss difference other than zero?

    half: half the width of its interval, of 95 % (of 99 % for three clusters or fewer). p_value: two-sided.
    clusters: how many pieces of evidence the scatter was taken from; with one, half is infinite and p_value 1.
    """

    mean: float
    half: float
    p_value: float
    clusters: int


class StandardError(NamedTuple):
    """Of a mean, from a cause that the windows do not show, such as the seeds; with its degrees of freedom."""

    error: float
    freedom: int


def diebold_mariano(
    difference: np.ndarray, origins: Origins, horizon: int, further: Sequence[StandardError] = ()
) -> Comparison:
    """Test of equal accuracy (Diebold & Mariano, 1995), corrected for few windows (Harvey, Leybourne & Newbold, 1997).

    difference: (windows,) loss of one method less that of the other, each averaged over the window's horizon.
    Windows of the same age move together across series, and windows of one series move together over time: both
    scatters are taken, and the wider interval counts. further: what else the mean scatters by; variances add up, with
    the degrees of freedom of Welch (1947).
    """
    mean = float(difference.mean())
    scatters = [_over_time(difference - mean, origins, horizon), _over_series(difference - mean, origins)]
    most = max(scatter.clusters for scatter in scatters)
    used = [scatter for scatter in scatters if scatter.clusters >= min(most, _ENOUGH_CLUSTERS)]
    return max((scatter.compare(mean, further) for scatter in used), key=lambda comparison: comparison.half)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of tests made together, each raised so that all are to be believed at once (Holm, 1979)."""
    order = np.argsort(p_values, kind="stable")
    raised = np.asarray(p_values, dtype=float)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return adjusted.tolist()


class _Scatter(NamedTuple):
    error: float  # standard error of the mean
    clusters: int

    def compare(self, mean: float, further: Sequence[StandardError] = ()) -> Comparison:
        if self.clusters < 2:
            return Comparison(mean, inf, 1.0, self.clusters)
        errors = [StandardError(self.error, self.clusters - 1), *further]
        error = hypot(*(one.error for one in errors))
        if error <= _ROUNDING * abs(mean):
            return Comparison(mean, 0.0, 0.0 if mean else 1.0, self.clusters)
        freedom = _welch(errors) if further else self.clusters - 1
        inside = 0.95 if self.clusters > _FEW_CLUSTERS else 0.99
        p_value = 1 - student_within(abs(mean) / error, freedom)
        return Comparison(mean, student_reach(inside, freedom) * error, p_value, self.clusters)


def _welch(errors: Sequence[StandardError]) -> int:
    """Degrees of freedom of a sum of independent variances (Welch, 1947), rounded down."""
    largest = max(one.error for one in errors)
    shares = [((one.error / largest) ** 2, one.freedom) for one in errors]
    return floor(sum(share for share, _ in shares) ** 2 / sum(share**2 / freedom for share, freedom in shares) + 1e-9)


def _over_time(rest: np.ndarray, origins: Origins, horizon: int) -> _Scatter:
    """Windows of the same age are one cluster; those that overlap are correlated ⌈horizon / spacing⌉ − 1 apart.

    The sum of autocovariances may come out below the variance by chance, even below zero: then the variance counts.
    """
    order = np.lexsort((-origins.ends, origins.series))  # newest first
    series, ends = origins.series[order], origins.ends[order]
    first = np.searchsorted(series, series)
    age = np.arange(len(order)) - first
    sums = np.bincount(age, rest[order])
    n = len(sums)
    if n < 2:
        return _Scatter(inf, n)
    neighbours = series[1:] == series[:-1]
    spacing = max(float(np.median((ends[:-1] - ends[1:])[neighbours])), 1.0)
    span = min(ceil(horizon / spacing), n - 1)
    autocovariance = [float(sums[lag:] @ sums[: n - lag]) for lag in range(span)]
    variance = max(autocovariance[0], autocovariance[0] + 2 * sum(autocovariance[1:])) / len(rest) ** 2
    correction = (n + 1 - 2 * span + span * (span - 1) / n) / n  # Harvey, Leybourne & Newbold, eq. 9
    return _Scatter(sqrt(variance / correction), n)


def _over_series(rest: np.ndarray, origins: Origins) -> _Scatter:
    """All windows of a series are one cluster."""
    _, group = np.unique(origins.series, return_inverse=True)
    sums = np.bincount(group, rest)
    n = len(sums)
    return _Scatter(sqrt(float(sums @ sums) * n / (n - 1)) / len(rest) if n > 1 else inf, n)


def student_within(t: float, freedom: int) -> float:
    """P(|T| ≤ t) of Student's t with whole degrees of freedom (Abramowitz & Stegun, 1964, eq. 26.7.3 and 26.7.4)."""
    if freedom >= _NORMAL_FROM:
        return erf(t / sqrt(2))
    angle = atan(t / sqrt(freedom))
    odd = freedom % 2
    term, total = (cos(angle), 0.0) if odd else (1.0, 0.0)
    for k in range(2 + odd, freedom + 1, 2):
        total += term
        term *= (k - 1) / k * cos(angle) ** 2
    return 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total


def student_reach(share: float, freedom: int) -> float:
    """The t with P(|T| ≤ t) = share, by bisection."""
    low, high = 0.0, 1.0
    while student_within(high, freedom) < share:
        low, high = high, 2 * high
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if student_within(middle, freedom) < share else (low, middle)
    return high


def strayed(actual: np.ndarray, point: np.ndarray, last: np.ndarray, scale: np.ndarray) -> float:
    """How far the forecast strays from the last value seen, as a share of how far the series does; 0 = a mere copy."""
    unit, origin = scale[:, None], last[:, None]
    moved = float((np.abs(actual - origin) / unit).mean())
    return float((np.abs(point - origin) / unit).mean()) / moved if moved > 0 else 0.0


def notes(
    actual: np.ndarray, prediction: Prediction, levels: Sequence[float], scale: np.ndarray, best_baseline: str
) -> tuple[Text, ...]:
    """What a reader should know beside the table: a flat forecast, intervals that hold too little or too much."""
    found = [_flat_line(actual, prediction.point, scale, best_baseline)]
    inside = (prediction.lower <= actual[:, :, None]) & (actual[:, :, None] <= prediction.upper)
    found += [_off_level(share, level, len(actual)) for share, level in zip(inside.mean((0, 1)), levels, strict=True)]
    return tuple(text for text in found if text is not None)


def _flat_line(actual: np.ndarray, point: np.ndarray, scale: np.ndarray, best_baseline: str) -> Text | None:
    unit = scale[:, None]  # divided first: squares of huge values would not be finite
    spread = float((actual / unit).std(axis=1).mean())
    share = float((point / unit).std(axis=1).mean()) / spread if spread > 0 else 1.0
    if share >= _FLAT:
        return None
    cause = (
        Text(
            "the series has a season that the model did not learn; a longer context, the right season or more training "
            "may help",
            "序列有季节性而模型没有学到；可尝试更长的 context、正确的 season 或更多训练",
        )
        if best_baseline.startswith("seasonal")
        else Text(
            "nothing in the series' own past tells where it turns, and then a flat line is the best that can be said",
            "序列的历史没有透露它将如何变化，此时平线就是最好的预测",
        )
    )
    return Text(
        f"The forecast is nearly a flat line: within a window it varies {100 * share:.0f} % as much as the series. "
        f"Likely cause: {cause.english}.",
        f"预测几乎是一条平线：在一个窗口内，其波动只有序列的 {100 * share:.0f}%。可能的原因：{cause.chinese}。",
    )


def _off_level(share: float, level: float, windows: int) -> Text | None:
    nominal = level / 100
    chance = 2.5 * sqrt(nominal * (1 - nominal) / windows)
    if abs(share - nominal) <= max(_MISSED, chance):
        return None
    fault = Text("narrow", "窄") if share < nominal else Text("wide", "宽")
    return Text(
        f"The {level:g} % intervals held {100 * share:.0f} % of the values: they are too {fault.english}.",
        f"{level:g}% 区间包含了 {100 * share:.0f}% 的实际值：区间过{fault.chinese}。",
    )
