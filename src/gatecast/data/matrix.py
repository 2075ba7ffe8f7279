"""A table with a year a row and its months side by side, or a day and its hours, as one observation a row."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from gatecast.data.datetext import month_numbers
from gatecast.data.numbers import are_words
from gatecast.data.reading import Note, ReadOptions
from gatecast.data.table import Table
from gatecast.data.timeparts import days_of, years_of
from gatecast.data.wording import usual
from gatecast.language import Text

VALUE = "y"
_MONTH = re.compile(r"0?(\d{1,2})月?")
_HOUR = re.compile(r"(?:h|he|hr|hour)?[ _]?0?(\d{1,2})(?::00)?(?:h|时|点)?")


class _Matrix(NamedTuple):
    """key: the column of years or days; own: these as text. values: the columns beside it, in order.

    behind: what follows a year or day in the time of each value. time: the name of these times.
    """

    key: int
    own: pl.Series
    values: range
    behind: list[str]
    time: str


def with_a_row_each(table: Table, options: ReadOptions) -> tuple[Table, ReadOptions]:
    """The table with a row for every month, or hour, where columns next to one another are named by all of them.

    The values are then called `y`; columns of words stay, as names of series; other columns of numbers are left out.
    """
    found = _matrix(table)
    if found is None or options.target not in (None, VALUE):
        return table, options
    if options.time not in (None, found.time, table.names[found.key]):
        return table, options
    parts = len(found.values)
    order = np.arange(parts * len(found.own)).reshape(parts, -1).T.ravel()  # row by row, each from left to right
    cells = [table.columns[i].alias(VALUE) for i in found.values]
    if not all(column.dtype == pl.String for column in cells):
        cells = [column.cast(pl.Float64) for column in cells]
    words = [
        i for i in range(len(table.names)) if i != found.key and i not in found.values and are_words(table.columns[i])
    ]
    columns = {table.names[i]: pl.concat([table.columns[i]] * parts) for i in words}
    columns |= {found.time: pl.concat([found.own + behind for behind in found.behind]), VALUE: pl.concat(cells)}
    melted = replace(
        table,
        names=tuple(columns),
        columns=tuple(column[order].alias(name) for name, column in columns.items()),
        rows=np.repeat(table.rows, parts),
        zones=(),
        unnamed=frozenset(),
        notes=(*table.notes, _note(table, found)),
    )
    return melted, replace(options, time=found.time, target=VALUE)


def _matrix(table: Table) -> _Matrix | None:
    names = [usual(name) for name in table.names]
    months = _run(_months(names), 12, (1,))
    if months is not None and (years := years_of(table)) is not None:
        return _Matrix(*years, months, [f"-{month:02}" for month in range(1, 13)], "date")
    hours = _run([int(found[1]) if (found := _HOUR.fullmatch(name)) else -1 for name in names], 24, (0, 1))
    if hours is not None and (days := days_of(table)) is not None:
        return _Matrix(*days, hours, [f" {hour:02}:00" for hour in range(24)], "datetime")
    return None


def _run(numbers: list[int], count: int, begins: tuple[int, ...]) -> range | None:
    """Where so many columns stand side by side whose numbers count from one of the beginnings."""
    for place in range(len(numbers) - count + 1):
        if numbers[place] in begins and numbers[place : place + count] == [numbers[place] + i for i in range(count)]:
            return range(place, place + count)
    return None


def _months(names: list[str]) -> list[int]:
    by_name = month_numbers(pl.Series(names, dtype=pl.String)).tolist()
    found = [_MONTH.fullmatch(name) for name in names]
    return [int(one[1]) if one else month for one, month in zip(found, by_name, strict=True)]


def _note(table: Table, found: _Matrix) -> Note:
    first, last = table.names[found.values[0]], table.names[found.values[-1]]
    row = ("year", "年") if found.time == "date" else ("day", "天")
    return Note(
        "header",
        Text(
            f"each row is a {row[0]}: the columns {first!r} to {last!r} are read one after another as {VALUE!r}, their "
            f"times as {found.time!r}.",
            f"每行为一{row[1]}：列 {first!r} 至 {last!r} 依次读取为 {VALUE!r}，时间写入 {found.time!r}。",
        ),
    )
