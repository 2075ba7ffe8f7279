"""A time that stands in several columns of numbers, year, month, day and hour, as one column. Knows no other roles."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gatecast.data.dateforms import FIRST_YEAR, LAST_YEAR, looks_like_date
from gatecast.data.datetext import month_numbers
from gatecast.data.numbers import read_numbers
from gatecast.data.reading import Note, ReadOptions
from gatecast.data.roles import STRONG_TIMES, names_in
from gatecast.data.wording import usual
from gatecast.language import Text

if TYPE_CHECKING:
    from gatecast.data.table import Table

_NAMES: Mapping[str, tuple[str, ...]] = {
    "year": ("year", "yr", "yyyy", "年", "年份"),
    "quarter": ("quarter", "qtr", "季度"),
    "week": ("week", "wk", "week_no", "weeknum", "isoweek", "iso_week", "week_of_year", "weekofyear", "周"),
    "month": ("month", "mon", "mo", "mnth", "mth", "月", "月份"),
    "day": ("day", "dy", "dd", "mday", "day_of_month", "dayofmonth", "日"),
    "hour": ("hour", "hr", "hh", "hour_of_day", "hour ending", "hour_ending", "hourending", "he", "小时", "时"),
    "minute": ("minute", "minutes", "mi", "分", "分钟"),
}
_RANGES = {
    "year": (FIRST_YEAR, LAST_YEAR),
    "quarter": (1, 4),
    "week": (1, 53),
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 24),
    "minute": (0, 59),
}
_OF_YEARS = (("year", "month", "day", "hour", "minute"), ("year", "quarter"), ("year", "week"))
DAYS = ("date", "day", "dteday", "trade_date", "日期", "交易日期", "成交日期")


def with_time_of_parts(table: Table, options: ReadOptions) -> tuple[Table, ReadOptions]:
    """The table with one column of times in place of its parts, where the time stands in several columns.

    Either of days, which stand several times, with hours and maybe minutes in columns of their own; or, where no column
    holds dates, of years with quarters, weeks, or months and what is finer. `options.time` may name the days.
    """
    found = _parts(table)
    day = _day(table, found)
    used, parts = [], []
    if day is not None:
        parts = _chain(found, ("hour", "minute"))
        used = [day[0], *(found[part][0] for part in parts)]
    elif not _has_dates(table):
        parts = next((parts for chain in _OF_YEARS if len(parts := _chain(found, chain)) > 1), [])
        used = [found[part][0] for part in parts]
    name = _free_name(table, used, "hour" in parts)
    if len(used) < 2 or options.time not in (None, name, None if day is None else table.names[day[0]]):
        return table, options
    values = {part: found[part][1] for part in parts}
    text = _text(None if day is None else day[1], values)
    note = _note([table.names[i] for i in used], name, "hour" in values and values["hour"].max() == 24)
    table = without_parts(table, used, options)
    table = replace(
        table,
        names=(*table.names, name),
        columns=(*table.columns, text.alias(name)),
        zones=(*table.zones, None) if table.zones else (),
        notes=(*table.notes, note),
    )
    return table, replace(options, time=name)


def _parts(table: Table) -> dict[str, tuple[int, np.ndarray]]:
    """The one column of each part, and its whole numbers in the part's range."""
    return {part: found for part in _NAMES if (found := _part(table, part)) is not None}


def _part(table: Table, part: str) -> tuple[int, np.ndarray] | None:
    positions = [i for i, name in enumerate(table.names) if usual(name) in _NAMES[part]]
    numbers = _whole_numbers(table, positions[0], part) if len(positions) == 1 else None
    return None if numbers is None else (positions[0], numbers)


def _whole_numbers(table: Table, position: int, part: str) -> np.ndarray | None:
    """(rows,) int64; None where a cell is no such part. Months may be names."""
    cells = table.columns[position]
    if cells.dtype == pl.String:
        values = read_numbers(cells, table.decimal).values
        if part == "month" and np.isnan(values).all():
            values = month_numbers(cells.str.strip_chars()).astype(np.float64)
    elif cells.dtype.is_numeric():
        values = cells.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    else:
        return None
    low, high = _RANGES[part]
    if not np.isfinite(values).all() or (values != np.rint(values)).any() or values.min() < low or values.max() > high:
        return None
    return None if part == "hour" and values.min() == 0 and values.max() == 24 else values.astype(np.int64)


def years_of(table: Table) -> tuple[int, pl.Series] | None:
    """The one column that is called so and holds years, and these as text."""
    found = _part(table, "year")
    return None if found is None else (found[0], pl.Series(found[1]).cast(pl.String))


def days_of(table: Table) -> tuple[int, pl.Series] | None:
    """The one column that is called so and holds days without a clock, and these as text."""
    positions = [i for i, name in enumerate(table.names) if usual(name) in DAYS]
    days = [(i, text) for i in positions if (text := days_as_text(table.columns[i])) is not None and _are_dates(text)]
    return days[0] if len(days) == 1 else None


def days_as_text(cells: pl.Series) -> pl.Series | None:
    """A column as text without a clock; None where it has one, or holds no text, whole numbers or dates."""
    if cells.dtype == pl.Datetime:
        known = cells.drop_nulls()
        return cells.dt.strftime("%Y-%m-%d") if (known == known.dt.truncate("1d")).all() else None
    if cells.dtype not in (pl.String, pl.Int64):
        return None
    text = cells.cast(pl.String).str.strip_chars()
    return None if text.str.contains(":", literal=True).fill_null(False).any() else text


def _are_dates(text: pl.Series) -> bool:
    """By the first of them."""
    first = text.drop_nulls().head(1).to_list()
    return bool(first) and (looks_like_date(first[0]) or (len(first[0]) == 8 and first[0].isdecimal()))


def _day(table: Table, found: Mapping[str, tuple[int, np.ndarray]]) -> tuple[int, pl.Series] | None:
    """The column of days, where there are hours beside it and a day stands several times."""
    if "hour" not in found or len(np.unique(found["hour"][1])) < 2:
        return None
    day = days_of(table)
    return day if day is not None and day[1].n_unique() < len(table.rows) else None


def _has_dates(table: Table) -> bool:
    """Whether the first cell of a column is a date, or a number in a column that is called as times are."""
    for name, cells in zip(table.names, table.columns, strict=True):
        first = str(cells.drop_nulls().head(1).to_list()[0]) if cells.null_count() < len(cells) else ""
        counts = usual(name) in STRONG_TIMES and first.isdecimal()
        if counts or cells.dtype == pl.Datetime or (cells.dtype == pl.String and looks_like_date(first)):
            return True
    return False


def _chain(found: Mapping[str, tuple[int, np.ndarray]], parts: tuple[str, ...]) -> list[str]:
    """The parts up to the first that is missing."""
    missing = next((i for i, part in enumerate(parts) if part not in found), len(parts))
    return list(parts[:missing])


def _free_name(table: Table, used: list[int], clock: bool) -> str:
    """What the times are called: as the columns that they take the place of never are."""
    others = {name for i, name in enumerate(table.names) if i not in used}
    return next(name for name in ("datetime" if clock else "date", "time", "when", "_time") if name not in others)


def _text(days: pl.Series | None, values: Mapping[str, np.ndarray]) -> pl.Series:
    """The times as text: `2010Q1`, `2010-W01`, `2010-01`, `2010-01-02 03:00`, … Hours 1 to 24 begin one before."""
    parts = {part: pl.Series(numbers).cast(pl.String).str.zfill(2) for part, numbers in values.items()}
    if "hour" in values and values["hour"].max() == 24:
        parts["hour"] = pl.Series(np.maximum(values["hour"] - 1, 0)).cast(pl.String).str.zfill(2)
    if days is None:
        days = parts["year"].str.zfill(4)
        days = days + "Q" + pl.Series(values["quarter"]).cast(pl.String) if "quarter" in parts else days
        days = days + "-W" + parts["week"] if "week" in parts else days
        for part in ("month", "day"):
            days = days + "-" + parts[part] if part in parts else days
    if "hour" not in parts:
        return days
    minutes = parts.get("minute", pl.Series(["00"] * len(days)))
    return days + " " + parts["hour"] + ":" + minutes


def without_parts(table: Table, used: Collection[int], options: ReadOptions) -> Table:
    """The table but for the parts of times that have no role by the options."""
    roles = (*options.past, *options.future, *names_in(table, options.target), *names_in(table, options.id))
    return table.without([i for i in used if table.names[i] not in roles])


def _note(used: list[str], name: str, ends: bool) -> Note:
    shown = ", ".join(map(repr, used))
    ending = ("; hours 1 to 24 begin at 00:00", "；第 1 至 24 小时从 00:00 起") if ends else ("", "")
    return Note(
        "clock",
        Text(
            f"the columns {shown} are taken together as the time, and written as {name!r}{ending[0]}.",
            f"列 {shown} 合在一起作为时间，输出时写入 {name!r}{ending[1]}。",
        ),
    )
