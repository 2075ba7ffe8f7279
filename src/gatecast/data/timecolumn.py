"""The cells of the time column to times: dates, compact dates such as 20200105, Unix times, or whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gatecast.data.dateforms import FIRST_YEAR, LAST_YEAR
from gatecast.data.datetext import Dates, read_dates
from gatecast.data.roles import TIME_NAMES
from gatecast.data.wording import usual
from gatecast.errors import TimeError

if TYPE_CHECKING:
    from gatecast.data.profile import Profile
    from gatecast.data.table import Table

_LARGEST_EXACT = 2.0**53
_UNIX = {"s": "%s", "ms": "%s%3f", "us": "%s%f", "ns": "%s%f000"}
_PARTS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EARLIEST, _LATEST = 631_152_000, 4_102_444_800  # of 1990, and of 2100: smaller numbers count something else


def read_times(
    table: Table, profiles: Sequence[Profile], position: int, day_first: bool | None
) -> tuple[np.ndarray, Dates | None]:
    """(rows,) times of the time column; the second is None where they are whole numbers."""
    dates = profiles[position].dates if profiles[position].kind == "date" else None
    if dates is None:
        dates = _compact_dates(table, position, day_first) or _unix_times(table, position)
    if dates is None:
        steps = _whole_numbers(table.columns[position])
        if steps is not None:
            return steps, None
        dates = profiles[position].dates
    if dates is None:
        raise _unreadable(table, position, _first_full(table.columns[position]))
    if dates.ambiguous:
        name = table.names[position]
        raise ambiguous(table.name, f"column {name!r}", f"列 {name!r} ", table.columns[position].to_list())
    missing = np.isnat(dates.time)
    if missing.any():
        raise _unreadable(table, position, int(dates.wrong[0]) if len(dates.wrong) else int(np.argmax(missing)))
    return dates.time, dates


def _first_full(cells: pl.Series) -> int:
    text = cells.cast(pl.String).fill_null("")
    numbers = text.cast(pl.Int64, strict=False).is_null() & (text != "")
    return int(np.argmax(numbers.to_numpy()))


def _compact_dates(table: Table, position: int, day_first: bool | None) -> Dates | None:
    """Whole numbers such as 20200105, or 202001 in a column that is named as a time; all of them, or none."""
    cells = table.columns[position]
    if cells.dtype not in (pl.String, pl.Int64):
        return None
    text = cells.cast(pl.String)
    length = text.drop_nulls().str.len_chars()
    if not len(length) or length.min() != length.max() or length.min() not in (6, 8):
        return None
    months = length.min() == 6 and usual(table.names[position]) in TIME_NAMES
    dates = read_dates(text, day_first, compact_months=months)
    if dates is None or len(dates.wrong) or dates.form not in ("%Y%m%d", "%Y%m"):
        return None
    years = dates.time[~np.isnat(dates.time)].astype("datetime64[Y]").astype(np.int64) + 1970
    return dates if years.min() >= FIRST_YEAR and years.max() <= LAST_YEAR else None


def _unix_times(table: Table, position: int) -> Dates | None:
    """Seconds since 1970, or thousandths, millionths and so on of them, in a text column that is named as a time.

    None where they count what is finer than a date here can say, a millionth of a second.
    """
    cells = table.columns[position]
    if cells.dtype != pl.String or usual(table.names[position]) not in TIME_NAMES:
        return None
    numbers = _whole_numbers(cells)
    for unit, form in _UNIX.items():
        parts = _PARTS[unit]
        if numbers is not None and _EARLIEST * parts <= numbers.min() and numbers.max() < _LATEST * parts:
            if unit == "ns" and (numbers % 1000).any():
                return None
            time = numbers.astype(f"datetime64[{unit}]").astype("datetime64[us]")
            return Dates(time, form, "UTC", 1, np.zeros(0, np.int64))
    return None


def _whole_numbers(cells: pl.Series) -> np.ndarray | None:
    """(rows,) int64, exact; None where a cell is none."""
    if cells.dtype == pl.Int64:
        return cells.to_numpy().astype(np.int64)
    exact = cells.cast(pl.Int64, strict=False) if cells.dtype == pl.String else cells
    if exact.dtype == pl.Int64 and not exact.null_count():
        return exact.to_numpy().astype(np.int64)
    values = cells.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    if np.isfinite(values).all() and (values == np.rint(values)).all() and (np.abs(values) <= _LARGEST_EXACT).all():
        return values.astype(np.int64)
    return None


def _unreadable(table: Table, position: int, row: int) -> TimeError:
    (english, chinese), name = table.where(row), table.names[position]
    cell = table.columns[position][row]
    if cell is None or cell == "":
        return TimeError(
            f"{table.name}, {english}: the time column {name!r} is empty; fill it, or drop the row.",
            f"{table.name} {chinese}：时间列 {name!r} 为空；请补上或删除该行。",
        )
    return TimeError(
        f"{table.name}, {english}: {str(cell)[:40]!r} in the time column {name!r} is not a date of the form that "
        f"the others have; mend the cell, or name another column with --time.",
        f"{table.name} {chinese}：时间列 {name!r} 中的 {str(cell)[:40]!r} 与其他日期格式不符；"
        f"请改正，或用 --time 指定其他列。",
    )


def ambiguous(table: str, where: str, chinese: str, cells: Sequence[str]) -> TimeError:
    """The error for dates whose day and month cannot be told apart. where, chinese: where they stand, in words."""
    example = next(
        (cell for cell in cells if cell and len(set(cell.replace("-", "/").replace(".", "/").split("/")[:2])) > 1),
        cells[0],
    )
    return TimeError(
        f"{table}: dates such as {example!r} in {where} could be day-month or month-day; say which with "
        f"--dayfirst or --monthfirst.",
        f"{table}：{chinese}中的日期（如 {example!r}）分不清日和月的先后；请用 --dayfirst 或 --monthfirst 说明。",
    )
