"""Answers of the shape that yfinance, akshare and tushare give, and modules that give them without a network."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pandas as pd

DAYS = ["2024-01-02", "2024-01-03", "2024-01-04"]
OPEN, HIGH, LOW, CLOSE = [10.0, 11.0, 12.5], [11.5, 12.0, 13.0], [9.5, 10.5, 12.0], [11.0, 11.5, 12.25]
VOLUME = [1000, 2500, 1800]


class Asked(list[dict[str, Any]]):
    """What a fake module was asked for, call by call."""


def yahoo_frame() -> pd.DataFrame:
    """As `Ticker.history(auto_adjust=False, actions=False)`: an index of midnights on the exchange's own clock."""
    index = pd.DatetimeIndex(DAYS, name="Date").tz_localize("America/New_York")
    columns = {
        "Open": OPEN,
        "High": HIGH,
        "Low": LOW,
        "Close": CLOSE,
        "Adj Close": [5.5, 5.75, 6.125],
        "Volume": VOLUME,
    }
    return pd.DataFrame(columns, index=index)


def yfinance(answer: Any) -> tuple[Any, Asked]:
    """A module of the shape of yfinance. answer: a frame, or what `history` raises."""
    asked = Asked()

    class Ticker:
        def __init__(self, symbol: str) -> None:
            self.symbol = symbol

        def history(self, **options: Any) -> Any:
            asked.append({"symbol": self.symbol, **options})
            return _given(answer)

    return SimpleNamespace(Ticker=Ticker), asked


def akshare_frame(factor: float = 1) -> pd.DataFrame:
    """As `stock_zh_a_hist`: days as `date` objects, volume in lots of a hundred."""
    days = [date.fromisoformat(day) for day in DAYS]
    columns: dict[str, list[Any]] = {"日期": days, "股票代码": ["600519"] * 3}
    prices = {"开盘": OPEN, "收盘": CLOSE, "最高": HIGH, "最低": LOW}
    columns |= {name: [factor * price for price in values] for name, values in prices.items()}
    columns |= {"成交量": VOLUME, "成交额": [1e6, 2e6, 3e6], "振幅": [1.0, 2.0, 3.0], "涨跌幅": [0.1, 0.2, 0.3]}
    return pd.DataFrame(columns | {"涨跌额": [0.1, 0.5, 0.75], "换手率": [0.1, 0.1, 0.1]})


def akshare(answer: Any = None) -> tuple[Any, Asked]:
    asked = Asked()

    def stock_zh_a_hist(**options: Any) -> Any:
        asked.append(options)
        return _given(akshare_frame(0.5 if options["adjust"] == "qfq" else 1) if answer is None else answer)

    return SimpleNamespace(stock_zh_a_hist=stock_zh_a_hist), asked


def tushare_frame() -> pd.DataFrame:
    """As `pro.daily`: the newest day first, days without dashes, volume in lots of a hundred."""
    columns: dict[str, list[Any]] = {"ts_code": ["600519.SH"] * 3, "trade_date": [day.replace("-", "") for day in DAYS]}
    columns |= {"open": OPEN, "high": HIGH, "low": LOW, "close": CLOSE, "pre_close": [9.0, 11.0, 11.5]}
    columns |= {"change": [2.0, 0.5, 0.75], "pct_chg": [22.2, 4.5, 6.5], "vol": [float(v) for v in VOLUME]}
    return pd.DataFrame(columns | {"amount": [1.0, 2.0, 3.0]}).iloc[::-1].reset_index(drop=True)


def tushare(answer: Any) -> tuple[Any, Asked]:
    asked = Asked()

    def pro_api(token: str) -> Any:
        def daily(**options: Any) -> Any:
            asked.append({"token": token, **options})
            return _given(answer)

        return SimpleNamespace(daily=daily)

    return SimpleNamespace(pro_api=pro_api), asked


def _given(answer: Any) -> Any:
    if isinstance(answer, BaseException):
        raise answer
    return answer
