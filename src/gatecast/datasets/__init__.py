"""Small tables that come with Gatecast: for the demo, the examples and the tests.

Knows file names and what is in them; source and licence of each stand in `files/README.md`. Reads nothing itself:
`gatecast.read(datasets.path("stocks"))` does.
"""

from __future__ import annotations

from pathlib import Path

from gatecast.errors import OptionError, nearest
from gatecast.language import Text

__all__ = ["describe", "names", "path"]

_FILES = Path(__file__).parent / "files"
_TABLES = {
    "ashare-synthetic": (
        "ashare-synthetic.csv",
        Text(
            "A made-up A-share stock, daily 2018-2023: Chinese headers, GB18030, newest first, two suspended days",
            "虚构的 A 股日线，2018—2023 年：中文表头、GB18030 编码、从新到旧、含两个停牌日",
        ),
    ),
    "stocks": (
        "stocks.csv.gz",
        Text(
            "Daily prices and volumes of AAPL, FB, GOOG, IBM and MSFT, 2000-2013",
            "AAPL、FB、GOOG、IBM、MSFT 的日线价格与成交量，2000—2013 年",
        ),
    ),
    "sunspots": (
        "sunspots.csv",
        Text("Yearly number of sunspots, 1700-2008", "太阳黑子年度数目，1700—2008 年"),
    ),
    "temperatures": (
        "temperatures.csv",
        Text("Hourly temperature in Seattle, 2010, in °F", "西雅图 2010 年逐小时气温（华氏度）"),
    ),
    "weather": (
        "weather.csv",
        Text("Daily weather in Seattle, 2012-2015, in metric units", "西雅图 2012—2015 年每日天气（公制单位）"),
    ),
}


def names() -> tuple[str, ...]:
    """The names of the bundled tables, in alphabetical order."""
    return tuple(_TABLES)


def path(name: str) -> Path:
    """Where a bundled table lies.

    Raises: OptionError for an unknown name.
    """
    return _FILES / _table(name)[0]


def describe(name: str) -> Text:
    """What a bundled table holds, in one line.

    Raises: OptionError for an unknown name.
    """
    return _table(name)[1]


def _table(name: str) -> tuple[str, Text]:
    if name not in _TABLES:
        guess = nearest(name, _TABLES)
        raise OptionError(
            f"data set {name!r} is not bundled{guess.english}; there are: {', '.join(_TABLES)}.",
            f"没有名为 {name!r} 的内置数据集{guess.chinese}；可用：{'、'.join(_TABLES)}。",
        )
    return _TABLES[name]
