"""The season of the data: lengths in steps after which a pattern comes again. Numpy only; knows no models.

The step of time says which seasons are natural (a day of hours, a year of months); a natural season counts only
where the data shows it. Rows without dates, and years, have none: the autocorrelation proposes one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gatecast.errors import OptionError
from gatecast.runtime import stream

if TYPE_CHECKING:
    from gatecast.panel import Panel

_MOST_SERIES = 200
_MOST_ROWS = 20_000  # the newest rows of a long series
_LEAST_CYCLES = 3
_FEW_CYCLES = 6
_SHARE = 0.1  # of the movement around the trend that a natural season must explain
_SHARE_UNNAMED = 0.3  # the same for a season that nothing but the autocorrelation proposes
_SHARE_FEW = 0.5  # the same where there are few cycles
_SURE = 3.5  # standard errors from no season
_SURE_UNNAMED = 4.0
_ALIKE = 0.85  # few cycles cannot reach `_SURE`: they must reach this share of what equal cycles would
_LONG = 12  # a cycle of more steps can lose a straight line and still show its shape
_LONGER = 0.03  # autocorrelation that a longer season must add to a shorter one's
_PLAIN = 1 / 3  # of what changes over a shorter season: a longer one with so little is plain from two cycles on
_PLAIN_FIRST = 1 / 2  # of what changes over half a cycle: the same where no shorter season is known
_PARTLY = 0.8  # of the way from a season to those beside it: so much more than two cycles must be seen
_LEAST_ROWS = 12  # of fewer, chance shows as plain a season every tenth time
_LONGEST_FIRST = 300  # steps; what two years of days show of a year is a slow wave, and no gain (docs/LOG.md)
_NEARLY = 0.7  # of two peaks, the first is the season and the higher may be its multiple
_LEAST_PEAK = 0.2
_LONGEST_UNNAMED = 1000


def find_seasons(panel: Panel, season: str | int | Sequence[int] | None = "auto") -> tuple[int, ...]:
    """The seasons in steps, shortest first, as (24, 168); () for none.

    season: "auto", None or "none" for none, a number, or several.
    Raises: OptionError for anything that is not whole numbers of at least 2, each once.
    """
    if season is None or (isinstance(season, str) and season == "none"):
        return ()
    if not (isinstance(season, str) and season == "auto"):
        return _checked(season)
    series = list(_sample(panel))
    natural = panel.frequency.seasons()
    if natural:
        return _supported(series, natural)
    proposal = _proposed(series)
    found = _pattern(series, proposal) if proposal else None
    if not proposal or not found or found.share < _SHARE_UNNAMED or found.sureness < _SURE_UNNAMED / _SURE:
        return ()
    return (proposal,)


def _checked(season: str | int | Sequence[int]) -> tuple[int, ...]:
    try:
        given = season.split(",") if isinstance(season, str) else np.atleast_1d(np.asarray(season, dtype=object))
        lengths = tuple(int(one) for one in given)
        whole = not any(isinstance(one, bool) or (not isinstance(one, str) and one != int(one)) for one in given)
    except (TypeError, ValueError, OverflowError):
        lengths, whole = (), False
    if not whole or not lengths or min(lengths) < 2 or len(set(lengths)) < len(lengths):
        raise OptionError(
            f"season must be 'auto', 'none', or whole numbers of at least 2, each once, as 12 or 24,168; "
            f"got {season!r}.",
            f"season 应为 'auto'、'none' 或互不相同且不小于 2 的整数，如 12 或 24,168；实际为 {season!r}。",
        )
    return tuple(sorted(lengths))


def _sample(panel: Panel) -> Iterator[np.ndarray]:
    """The newest rows of some of the series that vary, each (rows,), in a unit that keeps every square finite."""
    chosen = np.arange(len(panel))
    if len(chosen) > _MOST_SERIES:
        chosen = np.sort(stream(0, "season").choice(len(chosen), _MOST_SERIES, replace=False))
    for i in chosen:
        y = panel.series(int(i))[-_MOST_ROWS:]
        if y.max() > y.min():
            y = y / np.abs(y).max()
            yield y - y.mean()


class _Pattern(NamedTuple):
    """share: of the variance around the trend that comes again each cycle. cycles: how many were seen.

    sureness: standard errors from no season, over those that so many cycles must show; 1 is enough.
    """

    share: float
    sureness: float
    cycles: float


def _supported(series: list[np.ndarray], natural: tuple[int, ...]) -> tuple[int, ...]:
    kept: list[int] = []
    for length in natural:
        found = _pattern(series, length)
        if not found and _plain(series, length, kept):
            kept.append(length)
        if not found or found.share < (_SHARE if found.cycles >= _FEW_CYCLES else _SHARE_FEW) or found.sureness < 1:
            continue
        if kept and _added(series, length, kept[-1]) < _LONGER:
            continue
        kept.append(length)
    return tuple(kept)


def _pattern(series: list[np.ndarray], length: int) -> _Pattern | None:
    """How alike the cycles are, on average over the series; None if too few series have enough cycles.

    Without a season, the shapes of different cycles around the trend are unrelated: the inner products of pairs have
    mean zero and no correlation, whatever the noise within a cycle. Their mean over their scatter is the sureness.
    """
    found = [_one_pattern(_around_trend(y, length), length) for y in series if len(y) >= (_LEAST_CYCLES + 1) * length]
    if not found or 2 * len(found) < len(series):
        return None
    return _Pattern(*(float(np.mean(part)) for part in zip(*found, strict=True)))


def _one_pattern(rest: np.ndarray, length: int) -> _Pattern:
    cycles = rest[len(rest) % length :].reshape(-1, length)
    cycles = _without_lines(cycles) if length > _LONG else cycles - cycles.mean(axis=1, keepdims=True)
    n = len(cycles)
    own = np.sum(cycles**2, axis=1)
    together = (np.sum(cycles.sum(axis=0) ** 2) - own.sum()) / 2  # sum of the inner products of all pairs
    gram = cycles @ cycles.T if n < length else cycles.T @ cycles
    scatter = (np.sum(gram**2) - np.sum(own**2)) / 2  # sum of their squares
    pairs = n * (n - 1) / 2
    if scatter <= 0 or own.sum() <= 0:
        return _Pattern(0.0, 0.0, n)
    share = together / pairs / own.mean()
    return _Pattern(share, together / np.sqrt(scatter) / min(_SURE, _ALIKE * np.sqrt(pairs)), n)


def _around_trend(y: np.ndarray, length: int) -> np.ndarray:
    """The series less its centred moving average over one cycle: (rows − length,) or so."""
    total = np.cumsum(np.concatenate([[0.0], y]))
    mean = (total[length:] - total[:-length]) / length  # of rows i … i + length − 1
    if length % 2 == 0:
        mean = (mean[1:] + mean[:-1]) / 2
    first = length // 2
    return y[first : first + len(mean)] - mean


def _plain(series: list[np.ndarray], length: int, shorter: list[int]) -> bool:
    """Whether hardly more than two cycles show a season already: a week whose days differ, a year whose months do."""
    if shorter:
        return _unlike(series, length, shorter[-1]) <= _PLAIN
    return length <= _LONGEST_FIRST and _unlike(series, length, length // 2) <= _PLAIN_FIRST


def _unlike(series: list[np.ndarray], length: int, apart: int) -> float:
    """How much the values change over a season, as a share of what they change over others, beside it.

    In mean squares, around a line, of the typical series; inf if too few series show hardly more than two.
    apart: steps from the season to those beside it, and one of them.
    """
    shares = []
    for y in series:
        if len(y) >= max(2 * length + _PARTLY * apart, _LEAST_ROWS):
            rest = _without_lines(y[None])[0]
            over, *beside = (
                float(np.mean((rest[lag:] - rest[:-lag]) ** 2))
                for lag in (length, apart, length - apart, length + apart)
            )
            shares.append(over / max(min(beside), np.finfo(float).tiny))
    return float(np.median(shares)) if shares and 2 * len(shares) >= len(series) else np.inf


def _added(series: list[np.ndarray], length: int, shorter: int) -> float:
    """Autocorrelation at a longer season above that at the neighbouring multiples of the shorter one."""
    gains = []
    for y in series:
        if len(y) >= (_LEAST_CYCLES + 1) * length:
            rest = _around_trend(y, length)
            at, before, after = (_correlation(rest, lag) for lag in (length, length - shorter, length + shorter))
            gains.append(at - (before + after) / 2)
    return float(np.mean(gains))


def _correlation(x: np.ndarray, lag: int) -> float:
    size = float(x @ x)
    return float(x[lag:] @ x[:-lag]) / size * len(x) / (len(x) - lag) if size > 0 else 0.0


def _proposed(series: list[np.ndarray]) -> int | None:
    """The lag of the first clear peak of the autocorrelation: of the changes, or of the values around a line."""
    best, season = 0.0, None
    for prepared in ([np.diff(y) for y in series], [_without_lines(y[None])[0] for y in series]):
        peak = _first_peak(_mean_autocorrelation(prepared))
        found = _pattern(series, peak) if peak else None
        if peak and found and found.share > best:
            best, season = found.share, peak
    return season


def _without_lines(rows: np.ndarray) -> np.ndarray:
    """Each row less the straight line through it: what a bent trend leaves in every cycle is no season."""
    time = np.arange(rows.shape[1]) - (rows.shape[1] - 1) / 2
    slope = rows @ time / max(float(time @ time), 1.0)
    return rows - rows.mean(axis=1, keepdims=True) - slope[:, None] * time


def _mean_autocorrelation(series: list[np.ndarray]) -> np.ndarray:
    """(lags,) up to a quarter of the typical series, averaged over the series."""
    if not series:
        return np.zeros(0)
    lags = min(int(np.median([len(x) for x in series])) // (_LEAST_CYCLES + 1), _LONGEST_UNNAMED)
    sums, count = np.zeros(lags + 1), 0
    for x in series:
        power = float(x @ x)
        if len(x) > lags and power > 0:
            spectrum = np.fft.rfft(x, 2 * len(x))
            sums += (
                np.fft.irfft(spectrum * spectrum.conj())[: lags + 1] / power * len(x) / (len(x) - np.arange(lags + 1))
            )
            count += 1
    return sums / max(count, 1)


def _first_peak(correlation: np.ndarray) -> int | None:
    """The first local maximum that is nearly as high as the highest one; None if there is no high one."""
    if len(correlation) < 4:
        return None
    inner = correlation[1:-1]
    peaks = 1 + np.flatnonzero((inner > correlation[:-2]) & (inner >= correlation[2:]))
    peaks = peaks[peaks >= 2]
    if not len(peaks) or correlation[peaks].max() < _LEAST_PEAK:
        return None
    return int(peaks[correlation[peaks] >= _NEARLY * correlation[peaks].max()][0])
