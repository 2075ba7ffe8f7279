"""Frames of any library to a `Table`, through narwhals. Never imports pandas, never changes the caller's frame."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import narwhals as nw
import numpy as np
import polars as pl

from gatecast.data.header import joined
from gatecast.data.table import Table
from gatecast.errors import DataError
from gatecast.frequency import zone_of


def is_frame(source: Any) -> bool:
    """Whether narwhals knows this as a frame or a series."""
    return nw.from_native(source, allow_series=True, pass_through=True) is not source


def read_frame(source: Any, name: str) -> Table:
    """A frame or series of any library that narwhals knows. An index of dates or names becomes columns.

    Raises: DataError if it has no rows.
    """
    frame = nw.from_native(_with_index(source), allow_series=True)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, nw.Series):
        frame = (frame if frame.name else frame.alias("y")).to_frame()
    if not len(frame) or not frame.columns:
        raise DataError(f"{name} is an empty frame.", f"{name} 是空表。")
    pairs = [_column(frame.get_column(column)) for column in frame.columns]
    return Table(
        name,
        tuple(str(column).strip() for column in frame.columns),
        tuple(cells for cells, _ in pairs),
        np.arange(len(frame)),
        in_file=False,
        zones=tuple(zone for _, zone in pairs),
        backend=str(frame.implementation.value),
    )


def _with_index(source: Any) -> Any:
    """A pandas object whose index says something (dates, names, several levels), with the index as columns."""
    is_frame_like = nw.dependencies.is_pandas_like_dataframe(source)
    if not is_frame_like and not nw.dependencies.is_pandas_like_series(source):
        return source
    if not is_frame_like:
        source = source.to_frame(name="y" if source.name is None else source.name)
    if len(set(map(str, source.columns))) < len(source.columns) or not all(isinstance(c, str) for c in source.columns):
        source = source.set_axis(_column_names(source.columns), axis=1)
    index = source.index
    levels = list(index.levels) if index.nlevels > 1 else [index]
    if len(levels) == 1 and index.name is None and not _is_time(index):
        return source
    unnamed = ["time" if _is_time(level) else f"level_{i}" for i, level in enumerate(levels)]
    names = _column_names([new if old is None else old for new, old in zip(unnamed, index.names, strict=True)])
    if set(names) & set(source.columns):  # the columns say it already
        return source
    return source.reset_index(names=names)


def _is_time(index: Any) -> bool:
    return getattr(index.dtype, "kind", "O") == "M" or type(index).__name__ == "PeriodIndex"


def _column_names(columns: Any) -> list[str]:
    """Names as text; tuples of a column MultiIndex are joined as lines of a file, and what stands twice is counted."""
    parts = [column if isinstance(column, tuple) else (column,) for column in columns]
    depth = max(map(len, parts), default=1)
    levels = [["", *(str(part[k]) if k < len(part) else "" for part in parts)] for k in range(depth)]
    seen: dict[str, int] = {}
    names = []
    for name in joined(levels)[1:]:
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return names


def _column(column: nw.Series[Any]) -> tuple[pl.Series, str | None]:
    """One column as Int64, Float64, Boolean, Datetime("us") in UTC or String, and its time zone."""
    dtype = column.dtype
    if dtype == nw.Datetime or dtype == nw.Date:
        zone = getattr(dtype, "time_zone", None)
        if zone is not None:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        stamps = column.cast(nw.Datetime("us")).to_numpy().astype("datetime64[us]")
        return pl.Series(column.name, stamps), None if zone is None else _zone_name(str(zone))
    if dtype == nw.Boolean:
        return pl.Series(column.name, column.to_list(), pl.Boolean), None
    if dtype.is_integer() and not column.is_null().any():
        return _integers(column), None
    if dtype.is_numeric():
        values = (
            [float("nan") if value is None else float(value) for value in column.to_list()]
            if dtype.is_decimal()
            else column.cast(nw.Float64).to_numpy()
        )
        return pl.Series(column.name, np.array(values, np.float64)), None
    cells = [None if _is_nothing(cell) else str(cell) for cell in column.to_list()]
    return pl.Series(column.name, cells, pl.String), None


def _zone_name(name: str) -> str:
    """The zone as `Layout` names it; the instants stay right in UTC where this system does not know the zone."""
    offset = name.removeprefix("UTC").removeprefix("GMT")
    if offset[:1] in ("+", "-"):
        return offset
    try:
        zone_of(name)
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"
    return name


def _integers(column: nw.Series[Any]) -> pl.Series:
    values = column.to_numpy()
    if values.dtype == np.uint64 and (values > np.iinfo(np.int64).max).any():
        return pl.Series(column.name, values.astype(np.float64))
    return pl.Series(column.name, values.astype(np.int64))


def _is_nothing(cell: Any) -> bool:
    return cell is None or type(cell).__name__ in ("NAType", "NaTType") or (isinstance(cell, float) and cell != cell)
