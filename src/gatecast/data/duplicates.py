"""Times that stand twice in a series: the same row again, an hour that a clock put back repeats, or a contradiction."""

from __future__ import annotations

import numpy as np

from gatecast.data.reading import Note
from gatecast.data.rows import Rows
from gatecast.data.wording import count_of
from gatecast.errors import TimeError
from gatecast.language import Text

_HOUR, _HALF_A_YEAR = np.timedelta64(1, "h"), np.timedelta64(150, "D")


def without_duplicates(rows: Rows) -> tuple[Rows, list[Note]]:
    """Every time once: of the same row twice, and of an hour that a clock put back made twice, the first is kept.

    rows: sorted. Raises: TimeError that names the series, the time and both lines where values differ otherwise.
    """
    same = np.zeros(len(rows), bool)
    same[1:] = (np.diff(rows.series) == 0) & (rows.time[1:] == rows.time[:-1])
    if not same.any():
        return rows, []
    before = np.flatnonzero(same) - 1
    left, right = rows.values[before], rows.values[before + 1]
    differs = before[~((left == right) | (np.isnan(left) & np.isnan(right))).all(axis=1)]
    put_back = _clock_was_put_back(rows, differs)
    if not put_back.all():
        raise _contradiction(rows, differs[~put_back])
    notes = []
    if count := int(same.sum()) - len(differs):
        said = Text(f"{count_of(count, 'row')} stood twice; kept once.", f"{count} 行重复，只保留一次。")
        notes.append(Note("duplicates", said))
    if len(differs):
        notes.append(_put_back_note(rows, differs))
    return rows.at(~same), notes


def _clock_was_put_back(rows: Rows, pairs: np.ndarray) -> np.ndarray:
    """(pairs,) whether the time that stands twice belongs to an hour in which clocks are put back at summer's end.

    Such an hour begins by four in the morning of a Sunday (or an hour before it, in a few countries), once a year. Only
    times by the clock on the wall know it, and only where steps are of an hour or less. pairs: the first row of each.
    """
    if not len(pairs) or rows.time.dtype.kind != "M" or rows.layout.time_zone is not None:
        return np.zeros(len(pairs), bool)
    steps = np.diff(rows.time)[np.diff(rows.series) == 0]
    steps = steps[steps > np.timedelta64(0)]
    if not len(steps) or np.median(steps) > _HOUR:
        return np.zeros(len(pairs), bool)
    time, series = rows.time[pairs], rows.series[pairs]
    later = time + _HOUR
    day = later.astype("datetime64[D]")
    is_sunday = (day.astype(np.int64) + 4) % 7 == 0  # 1 January 1970 was a Thursday
    first = np.append(True, (np.diff(series) != 0) | (np.diff(time) >= _HALF_A_YEAR))  # of one turn of the clock
    turn = np.cumsum(first) - 1
    thrice = np.isin(pairs, pairs + 1) | np.isin(pairs, pairs - 1)
    fits = is_sunday & (later - day <= 5 * _HOUR) & (time - time[first][turn] < _HOUR) & ~thrice
    return np.bincount(turn, ~fits)[turn] == 0


def _put_back_note(rows: Rows, pairs: np.ndarray) -> Note:
    hours = np.unique(rows.time[pairs])
    more = (f" and {len(hours) - 1} more", f" 等 {len(hours)} 个时刻") if len(hours) > 1 else ("", "")
    when = rows.said(hours[:1])
    return Note(
        "duplicates",
        Text(
            f"{when}{more[0]} stood twice with different values, as where clocks are put back at the end of summer "
            f"time; the first is kept.",
            f"{when}{more[1]}出现两次且数值不同，应为夏令时结束时钟回拨所致，保留第一行。",
        ),
    )


def _contradiction(rows: Rows, pairs: np.ndarray) -> TimeError:
    row = int(pairs[0])
    first, second = sorted((int(rows.place[row]), int(rows.place[row + 1])))
    when, name = rows.when(row), rows.ids[rows.series[row]]
    of, of_chinese = (f" of series {name!r}", f"序列 {name!r} 的") if len(rows.ids) > 1 else ("", "")
    word = "lines" if rows.in_file else "rows"
    more = (f", one of {len(pairs)} such times", f"（共 {len(pairs)} 处）") if len(pairs) > 1 else ("", "")
    return TimeError(
        f"{rows.layout.source}: the time {when}{of} stands twice with different values ({word} {first} and "
        f"{second}){more[0]}; keep one of each, or name what tells the series apart, as with --id store or "
        f"--id store,item.",
        f"{rows.layout.source}：{of_chinese}时间 {when} 出现两次且数值不同（第 {first} 行和第 {second} 行）{more[1]}；"
        f"请只保留一行，或用 --id 指定区分序列的列，例如 --id store 或 --id store,item。",
    )
