"""Chinese stocks through `akshare` (Eastmoney). The close is as it was traded; the adjusted one is 前复权 (qfq)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from gatecast.sources.answers import prices

if TYPE_CHECKING:
    import polars as pl

_NAMES = {"date": "日期", "open": "开盘", "high": "最高", "low": "最低", "close": "收盘", "volume": "成交量"}
_LOT = 100  # volume comes in 手


def daily(library: Any, symbol: str, first: date, last: date) -> pl.DataFrame | None:
    """Prices from `first` to `last`, both included, with the adjusted close beside them."""

    def asked(adjust: str) -> pl.DataFrame | None:
        frame = library.stock_zh_a_hist(
            symbol=symbol, period="daily", start_date=f"{first:%Y%m%d}", end_date=f"{last:%Y%m%d}", adjust=adjust
        )
        return prices(frame, "akshare", _NAMES, _LOT)

    traded, adjusted = asked(""), asked("qfq")
    if traded is None or adjusted is None:
        return traded
    both = traded.join(adjusted.select("date", adj_close="close"), on="date", how="left", maintain_order="left")
    return both.select(*traded.columns[:-1], "adj_close", "volume")
