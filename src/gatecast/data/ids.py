"""Columns that name the series: the cells as text, and several columns as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from gatecast.data.table import Table
from gatecast.errors import DataError


def names(table: Table, position: int) -> pl.Series:
    """One column as names. Raises: DataError where one is missing."""
    column = table.columns[position]
    if column.dtype == pl.Datetime or column.dtype == pl.Float64:
        cells = pl.Series([f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in column.to_list()])
    else:
        cells = column.cast(pl.String)
    missing = (cells.is_null() | (cells == "")).fill_null(True).to_numpy()
    if missing.any():
        english, chinese = table.where(int(np.argmax(missing)))
        name = table.names[position]
        raise DataError(
            f"{table.name}, {english}: the id column {name!r} is empty; fill it, or drop the row.",
            f"{table.name} {chinese}：序列名称列 {name!r} 为空；请补上或删除该行。",
        )
    return cells


def together(columns: Sequence[pl.Series]) -> pl.Series:
    """Columns of names as one: `Paris · shoes`. Empty cells are left out."""
    if len(columns) == 1:
        return columns[0]
    full = [pl.when(pl.col(str(i)) != "").then(pl.col(str(i))) for i in range(len(columns))]
    frame = pl.DataFrame([column.alias(str(i)) for i, column in enumerate(columns)])
    return frame.select(pl.concat_str(full, separator=" · ", ignore_nulls=True)).to_series()
