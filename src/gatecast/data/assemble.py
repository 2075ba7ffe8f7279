"""A table whose columns have roles to `Rows`: the last place that knows cells, lines and dialects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gatecast.data.datetext import Dates
from gatecast.data.ids import names, together
from gatecast.data.numbers import read_numbers
from gatecast.data.reading import Note, ReadOptions
from gatecast.data.roles import Roles
from gatecast.data.rows import Rows, counted_times
from gatecast.data.timecolumn import read_times
from gatecast.data.wide import check_numbers
from gatecast.errors import ColumnError
from gatecast.language import Text
from gatecast.panel import Layout

if TYPE_CHECKING:
    from gatecast.data.profile import Profile
    from gatecast.data.table import Table


def assemble(table: Table, profiles: Sequence[Profile], roles: Roles, options: ReadOptions) -> tuple[Rows, list[Note]]:
    """Take the columns that have a role out of the table. roles: of one target.

    Raises: ColumnError for cells that are no numbers, TimeError for those that are no dates, DataError for missing ids.
    """
    (target,) = roles.targets
    past = (*roles.past, *roles.inputs)
    used = (target, *past, *roles.future)
    values = np.column_stack([_numbers(table, profiles, position, roles) for position in used])
    series, ids = _series(table, roles.ids)
    notes = word_notes(profiles, used)
    called = ",".join(table.names[i] for i in roles.ids)
    layout = {"id": called or None, "backend": table.backend, "source": table.name}
    if roles.time is None:
        time = counted_times(series)
    else:
        time, dates = read_times(table, profiles, roles.time, options.day_first)
        layout["time"] = table.names[roles.time]
        if dates is not None:
            layout |= {"time_format": dates.form, "time_zone": dates.zone}
            notes += _zone_notes(dates)
    rows = Rows(
        ids=ids,
        series=series,
        time=time,
        values=values,
        place=table.rows,
        target=table.names[target],
        past=tuple(table.names[i] for i in past),
        future=tuple(table.names[i] for i in roles.future),
        in_file=table.in_file,
        counted=roles.time is None,
        layout=Layout(**layout, id_is_integer=[table.columns[i].dtype for i in roles.ids] == [pl.Int64]),
    )
    return rows, notes


def _numbers(table: Table, profiles: Sequence[Profile], position: int, roles: Roles) -> np.ndarray:
    """(rows,) one column as float64, NaN = empty."""
    profile, role = profiles[position], roles.of(position)
    option = "indicators" if role == "input" else role
    if profile.kind == "boolean" and role != "target":
        return table.columns[position].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    if profile.kind in ("boolean", "date"):
        what = ("true or false", "真假值") if profile.kind == "boolean" else ("dates", "日期")
        raise ColumnError(
            f"{table.name}: the {role} column {profile.name!r} holds {what[0]}, not numbers; "
            f"choose another with --{option}.",
            f"{table.name}：列 {profile.name!r} 是{what[1]}而不是数字；请用 --{option} 指定其他列。",
        )
    numbers = profile.numbers or read_numbers(table.columns[position], table.decimal)
    check_numbers(table, position, numbers)
    values = numbers.values
    if np.isnan(values).all():
        raise ColumnError(
            f"{table.name}: the {role} column {profile.name!r} is empty; choose another with --{option}.",
            f"{table.name}：列 {profile.name!r} 是空列；请用 --{option} 指定其他列。",
        )
    return values


def word_notes(profiles: Sequence[Profile], used: Sequence[int]) -> list[Note]:
    """What words stood for "nothing here" in the columns that are used."""
    notes = []
    for position in used:
        numbers = profiles[position].numbers
        if numbers is None or not numbers.words:
            continue
        name, common = profiles[position].name, numbers.words.most_common(4)
        shown = ", ".join(f"{word!r} × {count}" for word, count in common)
        notes.append(
            Note("text-cells", Text(f"column {name!r}: {shown} taken as empty.", f"列 {name!r}：{shown} 视为空值。"))
        )
    return notes


def _series(table: Table, positions: Sequence[int]) -> tuple[np.ndarray, tuple[str, ...]]:
    """(index of each row's series, names in order of first appearance). A single series is named after nothing: "0"."""
    if not positions:
        return np.zeros(len(table.rows), np.int64), ("0",)
    cells = together([names(table, position) for position in positions])
    ids = cells.unique(maintain_order=True)
    codes = cells.replace_strict(ids, pl.Series(range(len(ids))), return_dtype=pl.Int64).to_numpy()
    return codes.astype(np.int64), tuple(ids.to_list())


def _zone_notes(dates: Dates) -> list[Note]:
    if dates.form is not None and dates.form.startswith("%s"):
        english = "the times count from 1 January 1970 (Unix time); they are used as dates, in UTC."
        return [Note("time-zone", Text(english, "时间为 Unix 时间戳（自 1970 年 1 月 1 日起），按 UTC 日期处理。"))]
    if dates.zones < 2:
        return []
    return [
        Note(
            "time-zone",
            Text(
                f"the times have {dates.zones} different offsets from UTC; they are used, and written, in UTC.",
                f"时间有 {dates.zones} 种不同的时区偏移；统一按 UTC 处理和输出。",
            ),
        )
    ]
