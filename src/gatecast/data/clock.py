"""A column of days and one of clock times as one column of times; with it, all else that makes one of times apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from gatecast.data.matrix import with_a_row_each
from gatecast.data.reading import Note, ReadOptions
from gatecast.data.timeparts import DAYS, days_as_text, with_time_of_parts, without_parts
from gatecast.data.wording import usual
from gatecast.language import Text

if TYPE_CHECKING:
    from gatecast.data.table import Table

_CLOCK = r"^\s*\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?[AaPp][Mm])?\s*$"
_DOTTED, _COMPACT = r"^\s*(\d{1,2})\.(\d{2})\.(\d{2})\s*$", r"^\s*([01]\d|2[0-3])([0-5]\d)([0-5]\d)\s*$"
_CLOCK_NAMES = ("time", "clock", "hour", "bar_time", "trade_time", "时间", "时刻", "交易时间", "成交时间")


def with_one_time(table: Table, options: ReadOptions) -> tuple[Table, ReadOptions]:
    """The table with one column of times, wherever their parts stood: in the header, in several columns, as a clock."""
    return with_clock(*with_time_of_parts(*with_a_row_each(table, options)))


def with_clock(table: Table, options: ReadOptions) -> tuple[Table, ReadOptions]:
    """Days with the clock of their row, under the days' name, where the table has a column of each.

    A clock that always says the same adds nothing, and is left alone. `options.time` may name either column.
    """
    clock = _only(i for i, name in enumerate(table.names) if _is_clock(table, i, name, options.time))
    if clock is None:
        return table, options
    named = options.time if options.time != table.names[clock] else None
    wanted = DAYS if named is None else (usual(named),)
    day = _only(i for i, name in enumerate(table.names) if usual(name) in wanted and i != clock)
    together = None if day is None else _together(table.columns[day], table.columns[clock])
    if day is None or together is None:
        return table, options
    columns = (*table.columns[:day], together, *table.columns[day + 1 :])
    days, clocks = table.names[day], table.names[clock]
    note = Note(
        "clock",
        Text(
            f"the columns {days!r} and {clocks!r} are taken together as the time, and written as {days!r}.",
            f"列 {days!r} 与 {clocks!r} 合在一起作为时间，输出时写入 {days!r}。",
        ),
    )
    table = replace(table, columns=columns, notes=(*table.notes, note))
    return without_parts(table, [clock], options), replace(options, time=days)


def _only(found: Iterable[int]) -> int | None:
    """The one position there is; None where there is none, or where several could be meant."""
    positions = list(found)
    return positions[0] if len(positions) == 1 else None


def _is_clock(table: Table, position: int, name: str, time: str | None) -> bool:
    cells = table.columns[position]
    if cells.dtype != pl.String or (usual(name) not in _CLOCK_NAMES and name != time):
        return False
    is_clock = any(cells.str.contains(form).fill_null(False).all() for form in (_CLOCK, _DOTTED, _COMPACT))
    return is_clock and cells.n_unique() > 1


def _together(days: pl.Series, clocks: pl.Series) -> pl.Series | None:
    """`2020-01-05` and `09:30`, `09.30.00` or `093000` as one text; None where the days have a clock of their own."""
    text = days_as_text(days)
    if text is None:
        return None
    clocks = clocks.str.replace(_DOTTED, "$1:$2:$3").str.replace(_COMPACT, "$1:$2:$3").str.strip_chars()
    return pl.select(pl.when(text != "").then(text + " " + clocks)).to_series()
