"""Technical indicators of a price, each from its own past alone. Knows arrays, no tables and no columns' names.

The definitions are TA-Lib's (ta-lib.org): where TA-Lib gives a value, this gives the same one to 1e-8. TA-Lib leaves
the first rows empty, until its window is full; here those rows take what the rows so far say, so that nothing is empty
and nothing is filled from later rows. TA-Lib itself is not called: the same input shall give the same bytes everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from gatecast.errors import OptionError, nearest

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

    def of(self, columns: Mapping[str, np.ndarray], offsets: np.ndarray | None = None) -> np.ndarray:
        """(rows, columns of the indicator), each series from its own rows.

        columns: (rows,) finite values for each of `kind.needs`. offsets: (series + 1,) where each series begins; None =
        there is one.
        """
        rows = len(columns[self.kind.needs[0]])
        prices = Prices(columns, np.array([0, rows]) if offsets is None else offsets)
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


@dataclass(frozen=True)
class Prices:
    """Columns of one or many series, and averages within each series. NaN stands for "not known yet".

    position: (rows,) row within its series. series: (rows,) which one it is.
    """

    columns: Mapping[str, np.ndarray]
    offsets: np.ndarray
    series: np.ndarray = field(init=False)
    position: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        lengths = np.diff(self.offsets)
        object.__setattr__(self, "series", np.repeat(np.arange(len(lengths)), lengths))
        object.__setattr__(self, "position", np.arange(self.offsets[-1]) - np.repeat(self.offsets[:-1], lengths))

    def __getitem__(self, role: str) -> np.ndarray:
        return self.columns[role]

    def within(self, values: np.ndarray, expression: pl.Expr) -> np.ndarray:
        """(rows,) an expression of `pl.col("value")`, series by series."""
        frame = pl.DataFrame({"value": values, "series": pl.Series(self.series).set_sorted()})
        frame = frame.with_columns(pl.col("value").fill_nan(None))
        return frame.select(expression.over("series", mapping_strategy="explode"))["value"].to_numpy()

    def ago(self, values: np.ndarray, steps: int) -> np.ndarray:
        """(rows,) the value so many rows ago, or the first of the series."""
        return values[np.arange(len(values)) - np.minimum(self.position, steps)]

    def after_first(self, values: np.ndarray) -> np.ndarray:
        """(rows,) values that are not known in the first row of a series."""
        return np.where(self.position > 0, values, np.nan)

    def mean(self, values: np.ndarray, window: int) -> np.ndarray:
        """(rows,) mean of the newest `window` values, or of as many as there are."""
        return self.within(values, pl.col("value").rolling_mean(window, min_samples=1))

    def deviation(self, values: np.ndarray, window: int) -> np.ndarray:
        """(rows,) standard deviation (by the count) of the newest `window` values, or of as many as there are."""
        return self.within(values, pl.col("value").rolling_std(window, min_samples=1, ddof=0))

    def smoothed(self, values: np.ndarray, window: int, weight: float, first: int) -> np.ndarray:
        """(rows,) means of the newest rows up to row `first`, then `y[t] = y[t - 1] + weight * (x[t] - y[t - 1])`."""
        mean = self.mean(values, window)
        seeded = np.select([self.position > first, self.position == first], [values, mean], np.nan)
        after = self.within(seeded, pl.col("value").ewm_mean(alpha=weight, adjust=False, ignore_nulls=True))
        return np.where(self.position < first, mean, after)

    def exponential(self, values: np.ndarray, period: int, first: int) -> np.ndarray:
        """Exponential average, whose recursion starts on row `first`."""
        return self.smoothed(values, period, 2 / (period + 1), first)

    def wilder(self, values: np.ndarray, period: int) -> np.ndarray:
        """Wilder's average of values that are known from the second row on: the newest counts one part of `period`."""
        return self.smoothed(values, period, 1 / period, period)


# indicators -----------------------------------------------------------------------------------------------------------


def _sma(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    return (prices.mean(prices["price"], period),)


def _ema(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    return (prices.exponential(prices["price"], period, period - 1),)


def _rsi(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    """Wilder (1978): the share of the rises among all movements, in percent; 0 where nothing moved, as in TA-Lib.

    The first row, which knows no movement, is 50.
    """
    change = prices.after_first(prices["price"] - prices.ago(prices["price"], 1))
    rise, fall = prices.wilder(np.maximum(change, 0), period), prices.wilder(np.maximum(-change, 0), period)
    total = rise + fall
    share = np.divide(rise, total, out=np.zeros_like(total), where=total > 0)
    return (np.where(prices.position > 0, 100 * share, 50),)


def _macd(prices: Prices, fast: int, slow: int, signal: int) -> tuple[np.ndarray, ...]:
    """Appel (1979): the line, fast − slow exponential average; its own average, the signal; what parts the two."""
    price, first = prices["price"], slow - 1  # both averages start their recursion on the same row
    line = prices.exponential(price, fast, first) - prices.exponential(price, slow, first)
    average = prices.exponential(line, signal, first + signal - 1)
    return line, average, line - average


def _bollinger(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    """Bollinger (1992): the simple average, and two standard deviations above and below it."""
    middle, width = prices.mean(prices["price"], period), 2 * prices.deviation(prices["price"], period)
    return middle + width, middle, middle - width


def _atr(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    """Wilder (1978): average of the true range, the span of today's prices and yesterday's close."""
    high, low, before = prices["high"], prices["low"], prices.ago(prices["close"], 1)
    true_range = prices.after_first(np.maximum(high, before) - np.minimum(low, before))
    return (np.where(prices.position > 0, prices.wilder(true_range, period), high - low),)


def _obv(prices: Prices) -> tuple[np.ndarray, ...]:
    """Granville (1963): volume added up, with the sign of the close's movement."""
    signs = np.where(prices.position > 0, np.sign(prices["close"] - prices.ago(prices["close"], 1)), 1)
    return (prices.within(signs * prices["volume"], pl.col("value").cum_sum()),)


def _returns(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    """`x[t] / x[t - period] - 1`; 0 where that is not defined, as in TA-Lib."""
    now, before = prices["price"], prices.ago(prices["price"], period)
    return (np.divide(now, before, out=np.ones_like(now), where=before != 0) - 1,)


def _log_returns(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    return (np.log(prices["price"]) - np.log(prices.ago(prices["price"], period)),)


def _volatility(prices: Prices, period: int) -> tuple[np.ndarray, ...]:
    """Standard deviation of the newest `period` returns of one row; 0 in the first row, which has none."""
    (returns,) = _returns(prices, 1)
    deviation = prices.deviation(prices.after_first(returns), period)
    return (np.where(prices.position > 0, deviation, 0),)


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
