"""Yahoo Finance through `yfinance`. Its close has splits in it already; its adjusted close has dividends too."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from gatecast.sources.answers import prices

if TYPE_CHECKING:
    import polars as pl

_NAMES = {
    name.lower().replace(" ", "_"): name for name in ("Date", "Open", "High", "Low", "Close", "Adj Close", "Volume")
}


def daily(library: Any, symbol: str, first: date, last: date) -> pl.DataFrame | None:
    """Prices from `first` to `last`, both included; yfinance itself leaves the last day out."""
    frame = library.Ticker(symbol).history(
        start=first.isoformat(),
        end=(last + timedelta(days=1)).isoformat(),
        interval="1d",
        auto_adjust=False,
        actions=False,
        raise_errors=True,
    )
    return prices(frame, "yahoo", _NAMES)
