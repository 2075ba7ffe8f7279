"""Technical indicators of a price, each from its own past alone. Knows arrays, no tables and no columns' names.

The definitions are TA-Lib's (ta-lib.org): where TA-Lib gives a value, this gives the same one to 1e-8. TA-Lib leaves
the first rows empty, until its window is full; here those rows take what the rows so far say, so that nothing is empty
and nothing is filled from later rows. TA-Lib itself is not called: the same input shall give the same bytes everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from gatecast.errors import OptionError, nearest

Prices = Mapping[str, np.ndarray]
_LONGEST = 100_000


@dataclass(frozen=True)
class Kind:
    """One family of indicators.

    needs: what it is computed from: "price", "high", "low", "close", "volume". numbers: the periods in rows where none
    are given; least: the smallest that is possible. parts: what the names of its columns end in. positive: prices must
    be above 0. formula: (prices, *periods) → a column of (rows,) a part.
    """

    needs: tuple[str, ...]
    numbers: tuple[int, ...]
    formula: Callable[..., tuple[np.ndarray, ...]]
    parts: tuple[str, ...] = ("",)
    least: int = 2
    positive: bool = False


@dataclass(frozen=True)
class Indicator:
    """One indicator as it was asked for. name: `rsi-14`, with its periods, however it was written."""

    name: str
    kind: Kind
    numbers: tuple[int, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns: `macd-12-26-9`, `macd-12-26-9-signal`, …"""
        return tuple(f"{self.name}-{part}" if part else self.name for part in self.kind.parts)

    def of(self, prices: Prices) -> np.ndarray:
        """(rows, columns) of one series. prices: (rows,) finite values for each of `kind.needs`."""
        with np.errstate(over="ignore", invalid="ignore"):  # what is too large is refused where a panel is made
            return np.column_stack(self.kind.formula(prices, *self.numbers))


def parse(text: str) -> Indicator:
    """`rsi`, `sma-20`, `macd-12-26-9`: a name of the closed table, with its periods in rows or without.

    Raises: OptionError for an unknown name, or periods that cannot be.
    """
    found = re.fullmatch(r"([a-z-]*?)((?:-\d+)*)", text.strip().lower())
    kind = KINDS.get(found[1]) if found else None
    if found is None or kind is None:
        near = nearest(text, KINDS)
        raise OptionError(
            f"unknown indicator {text!r}{near.english}; there are {', '.join(KINDS)}, with periods as in sma-20.",
            f"未知的指标 {text!r}{near.chinese}；可用：{'、'.join(KINDS)}，周期写作 sma-20。",
        )
    numbers = tuple(int(number) for number in found[2].split("-")[1:]) or kind.numbers
    rising = found[1] != "macd" or numbers[:1] < numbers[1:2]
    if len(numbers) != len(kind.numbers) or not rising or not all(kind.least <= n <= _LONGEST for n in numbers):
        example = "-".join((found[1], *map(str, kind.numbers)))
        raise OptionError(
            f"indicator {text!r}: write it as {example!r}, each period from {kind.least} to {_LONGEST:,} rows"
            f"{', the first shorter than the second' if found[1] == 'macd' else ''}.",
            f"指标 {text!r}：请写作 {example!r}，每个周期为 {kind.least} 至 {_LONGEST:,} 行"
            f"{'，第一个须短于第二个' if found[1] == 'macd' else ''}。",
        )
    return Indicator("-".join((found[1], *map(str, numbers))), kind, numbers)


# averages -------------------------------------------------------------------------------------------------------------


def _mean(values: np.ndarray, window: int) -> np.ndarray:
    """(rows,) mean of the newest `window` values, or of as many as there are."""
    return pl.Series(values).rolling_mean(window, min_samples=1).to_numpy()


def _deviation(values: np.ndarray, window: int) -> np.ndarray:
    """(rows,) standard deviation (divided by the count) of the newest `window` values, or of as many as there are."""
    return pl.Series(values).rolling_std(window, min_samples=1, ddof=0).to_numpy()


def _smoothed(values: np.ndarray, window: int, weight: float, first: int) -> np.ndarray:
    """(rows,) means of the newest rows up to row `first`, then `y[t] = y[t - 1] + weight * (x[t] - y[t - 1])`."""
    mean = _mean(values, window)
    if len(values) <= first + 1:
        return mean
    seeded = np.concatenate([mean[first : first + 1], values[first + 1 :]])
    return np.concatenate([mean[:first], pl.Series(seeded).ewm_mean(alpha=weight, adjust=False).to_numpy()])


def _exponential(values: np.ndarray, period: int, first: int | None = None) -> np.ndarray:
    """Exponential average; its first rows, up to row `first`, are simple averages."""
    return _smoothed(values, period, 2 / (period + 1), period - 1 if first is None else first)


def _wilder(values: np.ndarray, period: int) -> np.ndarray:
    """Wilder's average: the newest value counts one part of `period`."""
    return _smoothed(values, period, 1 / period, period - 1)


def _steps(values: np.ndarray, period: int) -> tuple[np.ndarray, np.ndarray]:
    """(the value now, the value `period` rows ago or the first one), both (rows,)."""
    return values, values[np.maximum(np.arange(len(values)) - period, 0)]


# indicators -----------------------------------------------------------------------------------------------------------


def _sma(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    return (_mean(prices["price"], period),)


def _ema(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    return (_exponential(prices["price"], period),)


def _rsi(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    """Wilder (1978): the share of the rises among all movements, in percent; 0 where nothing moved, as in TA-Lib.

    The first row, which knows no movement, is 50.
    """
    change = np.diff(prices["price"])
    rise, fall = _wilder(np.maximum(change, 0), period), _wilder(np.maximum(-change, 0), period)
    total = rise + fall
    return (np.concatenate([[50.0], 100 * np.divide(rise, total, out=np.zeros_like(total), where=total > 0)]),)


def _macd(prices: Prices, fast: int, slow: int, signal: int) -> tuple[np.ndarray, ...]:
    """Appel (1979): the line, fast − slow exponential average; its own average, the signal; what parts the two."""
    price, first = prices["price"], slow - 1  # both averages start their recursion on the same row
    line = _exponential(price, fast, first) - _exponential(price, slow, first)
    average = _exponential(line, signal, first + signal - 1)
    return line, average, line - average


def _bollinger(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    """Bollinger (1992): the simple average, and two standard deviations above and below it."""
    middle, width = _mean(prices["price"], period), 2 * _deviation(prices["price"], period)
    return middle + width, middle, middle - width


def _atr(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    """Wilder (1978): average of the true range, the span of today's prices and yesterday's close."""
    high, low, before = prices["high"], prices["low"], prices["close"][:-1]
    true_range = np.maximum(high[1:], before) - np.minimum(low[1:], before)
    return (np.concatenate([high[:1] - low[:1], _wilder(true_range, period)]),)


def _obv(prices: Prices) -> tuple[np.ndarray, ...]:
    """Granville (1963): volume added up, with the sign of the close's movement."""
    signs = np.concatenate([[1.0], np.sign(np.diff(prices["close"]))])
    return (np.cumsum(signs * prices["volume"]),)


def _returns(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    """`x[t] / x[t - period] - 1`; 0 where that is not defined, as in TA-Lib."""
    now, before = _steps(prices["price"], period)
    return (np.divide(now, before, out=np.ones_like(now), where=before != 0) - 1,)


def _log_returns(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    now, before = _steps(prices["price"], period)
    return (np.log(now) - np.log(before),)


def _volatility(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    """Standard deviation of the newest `period` returns of one row."""
    (returns,) = _returns(prices, 1)
    return (np.concatenate([[0.0], _deviation(returns[1:], period)]),)


KINDS: dict[str, Kind] = {
    "sma": Kind(("price",), (20,), _sma),
    "ema": Kind(("price",), (12,), _ema),
    "rsi": Kind(("price",), (14,), _rsi),
    "macd": Kind(("price",), (12, 26, 9), _macd, ("", "signal", "histogram")),
    "bollinger": Kind(("price",), (20,), _bollinger, ("upper", "middle", "lower")),
    "atr": Kind(("high", "low", "close"), (14,), _atr, least=1),
    "obv": Kind(("close", "volume"), (), _obv),
    "returns": Kind(("price",), (1,), _returns, least=1),
    "log-returns": Kind(("price",), (1,), _log_returns, least=1, positive=True),
    "volatility": Kind(("price",), (20,), _volatility),
}
