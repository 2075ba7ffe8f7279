"""Make `files/ashare-synthetic.csv`: `python -m gatecast.datasets.synthesise_ashare`.

No A-share prices with a clear licence were found, so these are invented: a random walk with clustered volatility on
the real trading days of Shanghai. What is real about the file is its form: GB18030, Chinese headers, newest row
first, prices to the fen, the daily limit of ten per cent, days of suspension.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from gatecast.datasets import path
from gatecast.frequency import open_days
from gatecast.runtime import stream

_FIRST, _LAST = date(2018, 1, 2), date(2023, 12, 29)
_LIMIT = 0.10
_SUSPENDED = ("2019-06-12", "2021-09-15")
_SUSPENSION = "停牌"


def synthesise(seed: int = 0) -> bytes:
    """The whole file. The same seed gives the same bytes, as long as numpy and the calendar stay as they are."""
    days = _trading_days()
    returns, volatility = _returns(len(days), seed)
    close = np.round(12.50 * np.exp(np.cumsum(returns)), 2)
    draw = stream(seed, "ashare", "day")
    previous = np.concatenate([[12.50], close[:-1]])
    floor, ceiling = np.round(previous * (1 - _LIMIT), 2), np.round(previous * (1 + _LIMIT), 2)
    close = np.clip(close, floor, ceiling)
    opening = np.round(previous * (1 + 0.4 * volatility * draw.standard_normal(len(days))), 2)
    spread = 0.6 * volatility * np.abs(draw.standard_normal((2, len(days))))
    high = np.minimum(np.round(np.maximum(opening, close) * (1 + spread[0]), 2), ceiling)
    low = np.maximum(np.round(np.minimum(opening, close) * (1 - spread[1]), 2), floor)
    volume = (3e6 * np.exp(30 * np.abs(returns) + 0.3 * draw.standard_normal(len(days)))).astype(np.int64) // 100 * 100
    rows = [
        f"{day},{_SUSPENSION},{_SUSPENSION},{_SUSPENSION},{_SUSPENSION},0"
        if day in _SUSPENDED
        else f"{day},{opening[i]:.2f},{high[i]:.2f},{low[i]:.2f},{close[i]:.2f},{volume[i]}"
        for i, day in enumerate(days)
    ]
    return "\r\n".join(["日期,开盘,最高,最低,收盘,成交量", *reversed(rows), ""]).encode("gb18030")


def _trading_days() -> list[str]:
    is_open = open_days("XSHG")
    every = (_FIRST + timedelta(n) for n in range((_LAST - _FIRST).days + 1))
    return [day.isoformat() for day in every if is_open(day)]


def _returns(days: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Log returns and their volatility, both (days,): GARCH(1,1), Bollerslev (1986), equation 1."""
    shock = stream(seed, "ashare", "return").standard_normal(days)
    returns, variance = np.empty(days), np.empty(days)
    long_run, from_shock, from_past = 0.015**2, 0.06, 0.90
    variance[0] = long_run
    for day in range(days):
        if day:
            variance[day] = (
                (1 - from_shock - from_past) * long_run
                + from_shock * returns[day - 1] ** 2
                + from_past * variance[day - 1]
            )
        returns[day] = np.clip(np.sqrt(variance[day]) * shock[day], np.log(1 - _LIMIT), np.log(1 + _LIMIT))
    return returns, np.sqrt(variance)


if __name__ == "__main__":
    path("ashare-synthetic").write_bytes(synthesise())
