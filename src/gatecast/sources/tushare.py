"""Chinese stocks through `tushare` (Tushare Pro). The token is read from the environment, and told to nobody else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from gatecast.errors import SourceError
from gatecast.sources.answers import prices

if TYPE_CHECKING:
    import polars as pl

_TOKEN = "TUSHARE_TOKEN"
_NAMES = {"date": "trade_date", "volume": "vol"} | {name: name for name in ("open", "high", "low", "close")}
_LOT = 100  # volume comes in 手
_YEARS = 20  # an answer holds 6000 rows at most, which is 23 years


def daily(library: Any, symbol: str, first: date, last: date) -> pl.DataFrame | None:
    """Prices as they were traded from `first` to `last`, both included; asked for in spans that one answer can hold."""
    import polars as pl

    token = os.environ.get(_TOKEN, "").strip()
    if not token:
        raise refused_token("")
    api = library.pro_api(token)
    answers = [
        prices(api.daily(ts_code=symbol, start_date=begin, end_date=end), "tushare", _NAMES, _LOT)
        for begin, end in _spans(first, last)
    ]
    found = [answer for answer in answers if answer is not None]
    return pl.concat(found) if found else None


def _spans(first: date, last: date) -> Iterator[tuple[str, str]]:
    """Whole years, some at a time: ("19700101", "19891231"), … up to the last day."""
    for year in range(first.year, last.year + 1, _YEARS):
        begin, end = max(first, date(year, 1, 1)), min(last, date(year + _YEARS - 1, 12, 31))
        yield f"{begin:%Y%m%d}", f"{end:%Y%m%d}"


def refused_token(reason: str) -> SourceError:
    """The error where the token is missing, or where `reason` says that it is not taken."""
    english, chinese = (f" It said: {reason}", f"返回信息：{reason}") if reason else ("", "")
    return SourceError(
        f"tushare wants a token: make one on tushare.pro and put it into the environment, export {_TOKEN}=….{english}",
        f"tushare 需要 token：请在 tushare.pro 获取，并写入环境变量 export {_TOKEN}=…。{chinese}",
    )


def without_token(words: str) -> str:
    """Words that may be shown: a library may have put the token into them."""
    token = os.environ.get(_TOKEN, "").strip()
    return words.replace(token, "…") if token else words
