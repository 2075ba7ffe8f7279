"""The bundled tables as the studies read them: arrays by name. Knows the tables' columns, no networks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gatecast import datasets

STOCKS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
COLUMNS = ("open", "high", "low", "close", "volume")
_SHORT = 300  # rows that a quick study reads, the newest
_SPLIT = 1.3  # a factor between close and adjusted close that no dividend explains


class Table(NamedTuple):
    """dates: (rows,) text. names: of the columns. values: (rows, columns) float64."""

    dates: list[str]
    names: tuple[str, ...]
    values: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """(rows,) one column."""
        return self.values[:, self.names.index(name)]


class Split(NamedTuple):
    """A day on which each share became several, so that its raw price fell by that factor without any loss."""

    date: str
    before: float
    after: float
    factor: float


def stock(ticker: str, *, quick: bool = False, adjusted: bool = True) -> Table:
    """Open, high, low, close, volume of a bundled stock, oldest day first.

    adjusted: prices times adjusted close over close, volume divided by it, so that splits and dividends make no jumps.
    """
    raw = _read("stocks", ("Open", "High", "Low", "Close", "Volume", "Adj Close"), "Date", ("Ticker", ticker), quick)
    factor = raw.column("Adj Close") / raw.column("Close") if adjusted else np.ones(len(raw.dates))
    values = raw.values[:, :5] * np.column_stack([factor] * 4 + [1 / factor])
    return Table(raw.dates, COLUMNS, values)


def splits(ticker: str, *, quick: bool = False) -> list[Split]:
    """The days on which the raw close was divided."""
    raw, adjusted = (stock(ticker, quick=quick, adjusted=kind).column("close") for kind in (False, True))
    dates = stock(ticker, quick=quick).dates
    factor = (raw / adjusted)[:-1] / (raw / adjusted)[1:]
    return [Split(dates[k + 1], raw[k], raw[k + 1], factor[k]) for k in np.flatnonzero(factor > _SPLIT)]


def weather(*, quick: bool = False) -> Table:
    """Precipitation (mm), highest and lowest temperature (°C), wind (m/s), a row a day."""
    return _read("weather", ("precipitation", "temp_max", "temp_min", "wind"), "date", None, quick)


def sunspots() -> Table:
    """The number of sunspots, a row a year."""
    return _read("sunspots", ("SUNACTIVITY",), "YEAR", None, quick=False)


def _read(name: str, columns: tuple[str, ...], time: str, only: tuple[str, str] | None, quick: bool) -> Table:
    import polars as pl

    frame = pl.read_csv(datasets.path(name))
    if only is not None:
        frame = frame.filter(pl.col(only[0]) == only[1])
    if quick:
        frame = frame.tail(_SHORT)
    values = frame.select(pl.col(columns).cast(pl.Float64)).to_numpy()
    return Table([str(date) for date in frame[time]], columns, values)
