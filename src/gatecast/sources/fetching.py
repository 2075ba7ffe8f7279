"""`fetch`: what was asked, whom to ask, and what is said where no answer comes. Knows no place's own names."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING

from gatecast.errors import GatecastError, MissingExtraError, OptionError, SourceError, nearest
from gatecast.language import Text
from gatecast.sources import akshare, tushare, yahoo

if TYPE_CHECKING:
    import polars as pl

_BEGINNING = "1970-01-01"


@dataclass(frozen=True)
class Source:
    """A place that is asked. library: the module that asks it; the extra of its own name installs it.

    daily: (library, symbol, first day, last day) → prices, as `fetch` gives them; raises whatever the library raises.
    """

    name: str
    library: str
    what: Text
    example: str
    daily: Callable[[ModuleType, str, date, date], pl.DataFrame | None]


SOURCES = {
    source.name: source
    for source in (
        Source("yahoo", "yfinance", Text("Yahoo Finance, the world", "雅虎财经，全球市场"), "AAPL", yahoo.daily),
        Source("akshare", "akshare", Text("AKShare, Chinese stocks", "AKShare，A 股"), "600519", akshare.daily),
        Source(
            "tushare",
            "tushare",
            Text("Tushare Pro, Chinese stocks; needs a token", "Tushare Pro，A 股，需要 token"),
            "600519.SH",
            tushare.daily,
        ),
    )
}


def fetch(source: str, symbol: str, start: str | None = None, end: str | None = None) -> pl.DataFrame:
    """Daily prices, oldest first: date, open, high, low, close, adj_close where it is known, volume in shares.

    source: a name of `SOURCES`. symbol: as that place writes it. start, end: days such as 2020-01-31, both included;
    None = all there is, up to today.
    Raises: OptionError for an unknown source or days that cannot be, MissingExtraError where its library is not
    installed, SourceError where the place does not answer, wants a token, or has nothing for the symbol.
    """
    if source not in SOURCES:
        near, known = nearest(source, SOURCES), ", ".join(SOURCES)
        raise OptionError(
            f"unknown source {source!r}{near.english}; there are {known}.",
            f"未知的数据源 {source!r}{near.chinese}；可用：{known}。",
        )
    place, symbol = SOURCES[source], symbol.strip()
    first, last = _day("start", start or _BEGINNING), _day("end", end or date.today().isoformat())
    if first > last:
        raise OptionError(f"--start {first} lies after --end {last}.", f"--start {first} 晚于 --end {last}。")
    library = _library(place)
    with _Translated(place, symbol):
        prices = place.daily(library, symbol, first, last)
    if prices is None or prices.is_empty():
        raise SourceError(
            f"{source} has no prices of {symbol!r} from {first} to {last}; check the symbol (it is written as in "
            f"{place.example!r}), the days and the network.",
            f"{source} 没有 {symbol!r} 从 {first} 到 {last} 的价格；请检查代码（写法如 {place.example!r}）、日期"
            f"和网络。",
        )
    return prices


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise OptionError(
            f"--{option} must be a day such as 2020-01-31, got {text!r}.",
            f"--{option} 应为日期，例如 2020-01-31，实际为 {text!r}。",
        ) from error


def _library(place: Source) -> ModuleType:
    try:
        return import_module(place.library)
    except ImportError as error:
        raise MissingExtraError(
            f"fetching from {place.name} needs the library {place.library}: pip install 'gatecast[{place.name}]'",
            f"从 {place.name} 获取数据需要 {place.library} 库：pip install 'gatecast[{place.name}]'",
        ) from error


class _Translated(AbstractContextManager[None]):
    """Whatever a foreign library raises inside becomes a `SourceError` with its words; our own errors pass."""

    def __init__(self, place: Source, symbol: str) -> None:
        self.place, self.symbol = place, symbol

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, Exception) or isinstance(error, GatecastError):
            return
        reason = tushare.without_token(" ".join(str(error).split()))[:200] or type(error).__name__
        if isinstance(error, OSError):  # of requests, urllib, curl and the system alike
            raise SourceError(
                f"{self.place.name} did not answer; check the network, or try again later. ({reason})",
                f"{self.place.name} 没有响应；请检查网络，或稍后再试。（{reason}）",
            ) from None
        if "token" in reason.lower():
            raise tushare.refused_token(reason) from None
        raise SourceError(
            f"{self.place.name} gave no prices of {self.symbol!r}: {reason}; check the symbol (it is written as in "
            f"{self.place.example!r}) and the network, and bring {self.place.library} up to date.",
            f"{self.place.name} 没有给出 {self.symbol!r} 的价格：{reason}；请检查代码（写法如 {self.place.example!r}）"
            f"和网络，并更新 {self.place.library}。",
        ) from None
