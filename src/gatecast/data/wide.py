"""One series a row, its id first (the layout of the M4 files) to `Rows`. Times are counted from 0."""

from __future__ import annotations

import numpy as np
import polars as pl

from gatecast.data.numbers import Numbers, read_numbers
from gatecast.data.reading import ColumnInfo
from gatecast.data.rows import Rows
from gatecast.data.table import Table
from gatecast.errors import ColumnError, DataError
from gatecast.panel import Layout


def one_series_a_row(table: Table) -> tuple[Rows, tuple[ColumnInfo, ...]]:
    """Every row becomes a series; empty cells after its last value are no part of it.

    Raises: ColumnError for cells that are no numbers, DataError for ids that are missing or stand twice.
    """
    if len(table.names) < 2:
        raise ColumnError(
            f"{table.name}: one series a row needs an id and then values, but there is one column; use --layout table.",
            f"{table.name}：每行一个序列时需要先有名称再有数值，但只有一列；请用 --layout table。",
        )
    ids = _ids(table)
    values = _values(table)
    series, length = values.shape
    rows = Rows(
        ids=ids,
        series=np.repeat(np.arange(series), length),
        time=np.tile(np.arange(length), series),
        values=values.reshape(-1, 1),
        place=np.repeat(table.rows, length),
        in_file=table.in_file,
        counted=True,
        wide=True,
        layout=Layout(id=table.names[0], backend=table.backend, source=table.name),
    )
    known = np.isfinite(values)
    span = (f"{values[known].min():g}", f"{values[known].max():g}") if known.any() else ("", "")
    called = f"{table.names[1]} … {table.names[-1]}"
    return rows, (
        ColumnInfo(table.names[0], "id", "text", 0, examples=ids[:3]),
        ColumnInfo(called, "target", "number", int(np.isnan(values).sum()), *span),
    )


def _ids(table: Table) -> tuple[str, ...]:
    ids = [str(cell or "") for cell in table.columns[0].cast(pl.String).to_list()]
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


def _values(table: Table) -> np.ndarray:
    """(series, time) float64, NaN = empty. All cells are read as one long column: much faster than one by one."""
    cells = table.columns[1:]
    if not all(column.dtype == pl.String for column in cells):
        return np.column_stack([_column(table, position) for position in range(1, len(table.names))])
    numbers = read_numbers(pl.concat([column.alias("") for column in cells], rechunk=True), table.decimal)
    if len(numbers.wrong):
        position, row = divmod(int(numbers.wrong[0]), len(table.rows))
        raise not_a_number(table, 1 + position, row)
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
