"""Tables joined by date: every row takes the newest values that were known by then, never later ones.

Known by then: dated on or before the row, or so much earlier as they take to be published (the lag). What stood before
the first of them is for `repair` to fill, and to tell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gatecast.data.assemble import word_notes
from gatecast.data.clock import with_one_time
from gatecast.data.numbers import read_numbers
from gatecast.data.profile import Profile, profile
from gatecast.data.reading import Note, ReadOptions
from gatecast.data.roles import find_time
from gatecast.data.timecolumn import read_times
from gatecast.data.timetext import format_times
from gatecast.data.wide import check_numbers
from gatecast.data.wording import some
from gatecast.errors import ColumnError, OptionError, TimeError
from gatecast.frequency import DAY, HOUR, MINUTE, WEEK, to_local, to_utc
from gatecast.language import Text

if TYPE_CHECKING:
    from gatecast.data.rows import Rows
    from gatecast.data.table import Table

_UNITS = {"min": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}


@dataclass(frozen=True)
class _Known:
    """What a table says at which time: time (rows,), increasing; values (rows, columns), empty cells carried forward.

    form, zone: how its dates were written. notes: what was noticed when it was read.
    """

    name: str
    columns: tuple[str, ...]
    time: np.ndarray
    values: np.ndarray
    form: str | None
    zone: str | None
    notes: tuple[Note, ...]


def join(rows: Rows, tables: Sequence[Table], options: ReadOptions) -> tuple[Rows, list[Note]]:
    """The columns of the tables behind the past covariates, NaN before the first row of a table.

    Raises: TimeError where dates cannot be matched or stand twice, ColumnError for a table without dates or numbers,
    OptionError for a lag that is none.
    """
    notes = []
    for table in tables:
        known = _known(table, options, rows.layout.time)
        rows, note = _joined(rows, known, _lag(options.join_lag, rows))
        notes += [*known.notes, note]
    return rows, notes


def _known(table: Table, options: ReadOptions, time_name: str | None) -> _Known:
    asked = ReadOptions(time=time_name if time_name in table.names else None, day_first=options.day_first)
    table, asked = with_one_time(table, asked)
    profiles = [profile(table, position, options.day_first) for position in range(len(table.names))]
    position = None if asked.time is None else table.names.index(asked.time)
    if position is None:
        position = find_time(table, profiles, list(range(len(table.names))), has_target=True)
    chosen = [i for i, one in enumerate(profiles) if i != position and one.kind in ("number", "boolean")]
    if position is None or not chosen:
        what = ("dates", "日期") if position is None else ("numbers", "数字")
        raise ColumnError(
            f"{table.name}: no column of {what[0]} among {some(table.names, 12)}; a table that is joined has one of "
            f"dates and at least one of numbers.",
            f"{table.name}：{some(table.names, 12)} 中没有{what[1]}列；要合并的表应有一列日期和至少一列数字。",
        )
    time, dates = read_times(table, profiles, position, options.day_first)
    order = np.argsort(time, kind="stable")
    _refuse_twice(table, time, order, None if dates is None else dates.form)
    values = np.column_stack([_numbers(table, profiles[i], i) for i in chosen])[order]
    return _Known(
        table.name,
        tuple(table.names[i] for i in chosen),
        time[order],
        pl.DataFrame(values).fill_nan(None).fill_null(strategy="forward").fill_null(float("nan")).to_numpy(),
        None if dates is None else dates.form,
        None if dates is None else dates.zone,
        tuple(_of(table.name, note) for note in (*table.notes, *word_notes(profiles, chosen))),
    )


def _of(table: str, note: Note) -> Note:
    """A note that says which table it is about."""
    return replace(note, text=Text(f"{table}: {note.text.english}", f"{table}：{note.text.chinese}"))


def _numbers(table: Table, one: Profile, position: int) -> np.ndarray:
    if one.kind == "boolean":
        return table.columns[position].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    numbers = one.numbers or read_numbers(table.columns[position], table.decimal)
    check_numbers(table, position, numbers)
    return numbers.values


def _refuse_twice(table: Table, time: np.ndarray, order: np.ndarray, form: str | None) -> None:
    same = np.flatnonzero(time[order][1:] == time[order][:-1])
    if not len(same):
        return
    first, second = (int(order[same[0] + i]) for i in (0, 1))
    when, (english, chinese) = format_times(time[first : first + 1], form)[0], table.where(first)
    more, chinese_more = table.where(second)
    raise TimeError(
        f"{table.name}: {when} stands twice ({english} and {more}); a table that is joined has one row a date, so keep "
        f"one of them, or one series alone.",
        f"{table.name}：{when} 出现两次（{chinese}和{chinese_more}）；要合并的表每个日期只能有一行，"
        f"请只保留一行或一个序列。",
    )


def _lag(text: str, rows: Rows) -> np.timedelta64 | int:
    """`30d` as what is added to the table's times. Raises: OptionError."""
    found = re.fullmatch(r"(\d{1,6})\s*(min|h|d|w|)", text.strip().lower())
    dated = rows.time.dtype.kind == "M"
    if found is None or (int(found[1]) > 0 and dated == (found[2] == "")):
        example = ("30d, 12h, 90min or 2w", "30d、12h、90min 或 2w") if dated else ("a number of steps", "步数")
        raise OptionError(
            f"--join-lag must be {example[0]}, got {text!r}.", f"--join-lag 应为 {example[1]}，实际为 {text!r}。"
        )
    size = int(found[1])
    return np.timedelta64(size * _UNITS.get(found[2], 0), "us") if dated else size


def _joined(rows: Rows, known: _Known, lag: np.timedelta64 | int) -> tuple[Rows, Note]:
    if rows.counted or rows.time.dtype.kind != known.time.dtype.kind:
        raise TimeError(
            f"{known.name} cannot be joined to {rows.layout.source}: one has dates and the other has counted rows or "
            f"whole numbers; both need a column of the same kind of time.",
            f"{known.name} 无法与 {rows.layout.source} 合并：一个是日期，另一个是行号或整数；两者的时间列类型应相同。",
        )
    public = _on_the_clock_of(rows, known) + lag
    newest = np.searchsorted(public, rows.time, side="right") - 1
    if (newest < 0).all():
        first, last = (format_times(t, rows.layout.time_format)[0] for t in (public[:1], rows.time.max(keepdims=True)))
        raise TimeError(
            f"{known.name} cannot be joined to {rows.layout.source}: its first row is known from {first} on, and the "
            f"last row of {rows.layout.source} is of {last}. Check both columns of dates, and --join-lag.",
            f"{known.name} 无法与 {rows.layout.source} 合并：它的首行自 {first} 起才可用，"
            f"而 {rows.layout.source} 的末行为 {last}。请检查两个日期列和 --join-lag。",
        )
    values = np.where((newest >= 0)[:, None], known.values[newest], np.nan)
    names = tuple(_free_name(name, known.name, rows.columns) for name in known.columns)
    past = 1 + len(rows.past)
    widened = np.concatenate([rows.values[:, :past], values, rows.values[:, past:]], axis=1)
    used = format_times(known.time[newest.max() : newest.max() + 1], known.form, known.zone)[0]
    return replace(rows, values=widened, past=(*rows.past, *names)), _note(known, names, used, bool(lag))


def _on_the_clock_of(rows: Rows, known: _Known) -> np.ndarray:
    """The table's times as `rows.time` are meant: in UTC where they have a zone, else by the clock on the wall."""
    ours, theirs = rows.layout.time_zone, known.zone
    if (ours is None) == (theirs is None) or rows.time.dtype.kind != "M":
        return known.time
    return to_utc(known.time, ours) if theirs is None else to_local(known.time, theirs)


def _free_name(name: str, table: str, taken: Sequence[str]) -> str:
    """The column's name; `table.name` where there is such a column already."""
    return name if name not in taken else f"{table.removesuffix('.gz').rpartition('.')[0] or table}.{name}"


def _note(known: _Known, names: Sequence[str], used: str, lagged: bool) -> Note:
    shown = some(names, 12)
    by = ("dated or published" if lagged else "dated", "（计入发布延迟）" if lagged else "")
    return Note(
        "join",
        Text(
            f"{known.name} joined by date: {shown}. Each row has the newest value {by[0]} no later than itself; the "
            f"newest that is used is of {used}.",
            f"已按日期合并 {known.name}：{shown}。每行取不晚于该行日期{by[1]}的最新数值；"
            f"用到的最新数值的日期为 {used}。",
        ),
    )
