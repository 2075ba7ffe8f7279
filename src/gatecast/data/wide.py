"""One series a row, its names first (as the M4 files have it), to `Rows`. Times are the header's dates, or counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from gatecast.data.datetext import Dates, read_dates
from gatecast.data.header import first_time
from gatecast.data.ids import together
from gatecast.data.numbers import Numbers, are_words, read_numbers
from gatecast.data.reading import ColumnInfo, ReadOptions
from gatecast.data.roles import names_in
from gatecast.data.rows import Rows
from gatecast.data.table import Table
from gatecast.data.timecolumn import ambiguous
from gatecast.errors import ColumnError, DataError
from gatecast.panel import Layout


class _Times(NamedTuple):
    """time: (values of a series,), dates, years or counted from 0. name: of the column that they are written in."""

    time: np.ndarray
    name: str | None = None
    dates: Dates | None = None


def one_series_a_row(table: Table, options: ReadOptions) -> tuple[Rows, tuple[ColumnInfo, ...]]:
    """Every row becomes a series; empty cells after its last value are no part of it.

    Columns before the values hold words: the first that names every row alone does so, else several together.
    Raises: ColumnError for cells that are no numbers, DataError for ids that are missing or stand twice, TimeError for
    dates in the header that could be read in two ways.
    """
    if len(table.names) < 2:
        raise ColumnError(
            f"{table.name}: one series a row needs an id and then values, but there is one column; use --layout table.",
            f"{table.name}：每行一个序列时需要先有名称再有数值，但只有一列；请用 --layout table。",
        )
    timed = first_time([table.names])
    first = _first_value(table) if timed is None else timed
    positions = _id_positions(table, first, options)
    called = ",".join(table.names[i] for i in positions)
    ids = _ids(table, positions)
    values = _values(table, first)
    times = _counted(values.shape[1]) if timed is None else _times(table, first, options)
    series, length = values.shape
    form, zone = (None, None) if times.dates is None else (times.dates.form, times.dates.zone)
    rows = Rows(
        ids=ids,
        series=np.repeat(np.arange(series), length),
        time=np.tile(times.time, series),
        values=values.reshape(-1, 1),
        place=np.repeat(table.rows, length),
        in_file=table.in_file,
        counted=times.name is None,
        wide=True,
        layout=Layout(called, times.name, form, zone, backend=table.backend, source=table.name),
    )
    known = np.isfinite(values)
    span = (f"{values[known].min():g}", f"{values[known].max():g}") if known.any() else ("", "")
    return rows, (
        ColumnInfo(called, "id", "text", 0, examples=ids[:3]),
        ColumnInfo(f"{table.names[first]} … {table.names[-1]}", "target", "number", int((~known).sum()), *span),
    )


def is_one_series_a_row(table: Table, options: ReadOptions) -> bool:
    """Whether the header says so by itself: most of its names are dates, not years, behind a column of words.

    Years may as well head the columns of a table of months by years, and numbers before dates may be hours.
    """
    asked = options.target or options.time or options.past or options.future
    first = None if asked else first_time([table.names])
    if first is None or 2 * first > len(table.names) or table.names[first].isdecimal():
        return False
    return any(map(are_words, table.columns[:first]))


def _first_value(table: Table) -> int:
    """Where the values begin: behind the columns of words."""
    first = 1
    while first < len(table.names) - 1 and are_words(table.columns[first]):
        first += 1
    return first


def _id_positions(table: Table, first: int, options: ReadOptions) -> tuple[int, ...]:
    """The columns that name the series: those that are named; the first that names all; else all that tell apart."""
    if options.id is not None:
        return tuple(table.position(name, "id") for name in names_in(table, options.id))
    found: tuple[int, ...] = ()
    for position in (i for i in range(first) if i == 0 or are_words(table.columns[i])):
        distinct, full = _told(table, (position,))
        if distinct == full == len(table.rows):
            return (position,)
        before, together = _told(table, found), _told(table, (*found, position))
        if together[0] > before[0] or (found and together[1] > before[1]):
            found = (*found, position)
    return found or (0,)


def _told(table: Table, positions: Sequence[int]) -> tuple[int, int]:
    """(different names, rows that have one) by some columns together."""
    if not positions:
        return 1, 0
    cells = together([table.columns[i].cast(pl.String) for i in positions]).fill_null("")
    return cells.n_unique(), int((cells != "").sum())


def _counted(length: int) -> _Times:
    return _Times(np.arange(length))


def _times(table: Table, first: int, options: ReadOptions) -> _Times:
    """The times of the columns from their names, dates or years."""
    names = list(table.names[first:])
    if all(name.isdecimal() for name in names):
        return _Times(np.array([int(name) for name in names]), "year")
    dates = read_dates(pl.Series(names), options.day_first)
    if dates is None or len(dates.wrong):
        return _counted(len(names))
    if dates.ambiguous:
        raise ambiguous(table.name, "the header", "表头", names)
    return _Times(dates.time, "date", dates)


def _ids(table: Table, positions: Sequence[int]) -> tuple[str, ...]:
    cells = together([table.columns[i].cast(pl.String) for i in positions])
    ids = [str(cell or "") for cell in cells.to_list()]
    seen: dict[str, int] = {}
    for row, name in enumerate(ids):
        if not name or name in seen:
            english, chinese = table.where(row)
            what = (
                ("the id is missing", "缺少序列名称")
                if not name
                else (f"the id {name!r} stands twice", f"名称 {name!r} 重复")
            )
            raise DataError(
                f"{table.name}, {english}: {what[0]}; every series needs a name of its own.",
                f"{table.name} {chinese}：{what[1]}；每个序列都要有唯一的名称。",
            )
        seen[name] = row
    return tuple(ids)


def _values(table: Table, first: int) -> np.ndarray:
    """(series, time) float64, NaN = empty. All cells are read as one long column: much faster than one by one."""
    cells = table.columns[first:]
    if not all(column.dtype == pl.String for column in cells):
        return np.column_stack([_column(table, position) for position in range(first, len(table.names))])
    numbers = read_numbers(pl.concat([column.alias("") for column in cells], rechunk=True), table.decimal)
    if len(numbers.wrong):
        position, row = divmod(int(numbers.wrong[0]), len(table.rows))
        raise not_a_number(table, first + position, row)
    return np.ascontiguousarray(numbers.values.reshape(len(cells), -1).T)


def _column(table: Table, position: int) -> np.ndarray:
    cells = table.columns[position]
    if cells.dtype == pl.String:
        numbers = read_numbers(cells, table.decimal)
        check_numbers(table, position, numbers)
        return numbers.values
    if not cells.dtype.is_numeric():
        raise not_a_number(table, position, 0)
    return cells.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def check_numbers(table: Table, position: int, numbers: Numbers) -> None:
    """Raises: ColumnError with the first cell that is not a number."""
    if len(numbers.wrong):
        raise not_a_number(table, position, int(numbers.wrong[0]))


def not_a_number(table: Table, position: int, row: int) -> ColumnError:
    """The error that names one cell."""
    (english, chinese), name = table.where(row), table.names[position]
    cell = str(table.columns[position][row])[:40]
    return ColumnError(
        f"{table.name}, {english}: column {name!r} holds {cell!r}, which is not a number; mend or empty the cell.",
        f"{table.name} {chinese}：列 {name!r} 中的 {cell!r} 不是数字；请改正或清空该单元格。",
    )
