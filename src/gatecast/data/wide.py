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
    """(series, time) float64, NaN = empty."""
    cells = pl.DataFrame([column.alias(str(i)) for i, column in enumerate(table.columns[1:])])
    plain = cells.cast(pl.Float64, strict=False) if table.decimal == "." else None
    if plain is not None and _as_full(plain, cells):
        return plain.fill_null(float("nan")).to_numpy().astype(np.float64, order="C")
    return np.column_stack([_column(table, position) for position in range(1, len(table.names))])


def _as_full(plain: pl.DataFrame, cells: pl.DataFrame) -> bool:
    """No cell was lost: the cells that are no number are blank."""
    lost = plain.null_count().sum_horizontal()[0]
    blank = cells.select(pl.all().is_null().sum()).sum_horizontal()[0]
    if cells.dtypes[0] == pl.String:
        blank = cells.select((pl.all() == "").fill_null(True).sum()).sum_horizontal()[0]
    return int(lost) == int(blank)


def _column(table: Table, position: int) -> np.ndarray:
    cells = table.columns[position]
    if cells.dtype != pl.String:
        return cells.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    numbers = read_numbers(cells, table.decimal)
    check_numbers(table, position, numbers)
    return numbers.values


def check_numbers(table: Table, position: int, numbers: Numbers) -> None:
    """Raises: ColumnError with the first cell that is not a number."""
    if not len(numbers.wrong):
        return
    row, name = int(numbers.wrong[0]), table.names[position]
    english, chinese = table.where(row)
    cell = str(table.columns[position][row])[:40]
    raise ColumnError(
        f"{table.name}, {english}: column {name!r} holds {cell!r}, which is not a number; mend or empty the cell.",
        f"{table.name} {chinese}：列 {name!r} 中的 {cell!r} 不是数字；请改正或清空该单元格。",
    )
