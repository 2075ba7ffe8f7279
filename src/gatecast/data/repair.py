"""Rows to a clean history: sorted, each time once, without holes. Nothing is guessed, and no value moves back in time.

Every step takes `Rows` and gives `Rows` with notes on what it did.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gatecast.data.duplicates import without_duplicates
from gatecast.data.reading import Note
from gatecast.data.rows import Rows
from gatecast.data.wording import count_of, some
from gatecast.errors import ColumnError, DataError
from gatecast.language import Text


class Clean(NamedTuple):
    """history: sorted rows, all values finite. ahead: rows after each series' last known target, or none."""

    history: Rows
    ahead: Rows
    notes: list[Note]


def repair(rows: Rows) -> Clean:
    """All steps in order.

    Raises: DataError for infinite values or where nothing is left, TimeError for rows that contradict one another,
    ColumnError for covariates with missing cells.
    """
    refuse_infinite(rows)
    rows, sorted_notes = in_order(rows)
    rows, duplicate_notes = without_duplicates(rows)
    rows, left_out_notes = without_empty_series(rows)
    history, ahead, end_notes = between_known(rows)
    history, fill_notes = carried_forward(history)
    refuse_unknown_future(history, ahead)
    return Clean(history, ahead, [*sorted_notes, *duplicate_notes, *left_out_notes, *end_notes, *fill_notes])


def refuse_infinite(rows: Rows) -> None:
    """Raises: DataError that names the first infinite value."""
    infinite = np.isinf(rows.values)
    if not infinite.any():
        return
    row, column = (int(i) for i in np.argwhere(infinite)[0])
    (english, chinese), name = rows.where(row), rows.columns[column]
    raise DataError(
        f"{rows.layout.source}: column {name!r} is infinite at {english}; mend or empty the cell.",
        f"{rows.layout.source}：列 {name!r} 在 {chinese} 处为无穷大；请改正或清空该单元格。",
    )


def in_order(rows: Rows) -> tuple[Rows, list[Note]]:
    """Series one after another, each by time; rows of the same time keep their order."""
    within = np.diff(rows.series) == 0
    steps = np.diff(rows.time.astype(np.int64))
    if (np.diff(rows.series) >= 0).all() and (steps[within] >= 0).all():
        return rows, []
    grouped = rows.at(np.argsort(rows.series, kind="stable"))
    within = np.diff(grouped.series) == 0
    steps = np.diff(grouped.time.astype(np.int64))[within]
    if (steps >= 0).all():
        return grouped, []
    ordered = grouped.at(np.lexsort((grouped.time, grouped.series)))
    if (steps <= 0).all():
        return ordered, [
            Note("sorted", Text("the newest rows came first; sorted by time.", "原为最新在前，已按时间排序。"))
        ]
    count = int((steps < 0).sum())
    return ordered, [
        Note(
            "sorted",
            Text(
                f"not in order of time ({count_of(count, 'step')} back); sorted.",
                f"未按时间排列（{count} 处倒序），已排序。",
            ),
        )
    ]


def without_empty_series(rows: Rows) -> tuple[Rows, list[Note]]:
    """Series that have no target value at all are left out. rows: sorted.

    Raises: DataError if no series is left.
    """
    counts = np.bincount(rows.series[~np.isnan(rows.values[:, 0])], minlength=len(rows.ids))
    if counts.all():
        return rows, []
    if not counts.any():
        raise DataError(
            f"{rows.layout.source}: column {rows.target!r} holds no value.",
            f"{rows.layout.source}：列 {rows.target!r} 没有数值。",
        )
    names = [rows.ids[i] for i in np.flatnonzero(counts == 0)]
    number = np.cumsum(counts > 0) - 1
    kept = rows.at(counts[rows.series] > 0)
    kept = replace(kept, ids=tuple(rows.ids[i] for i in np.flatnonzero(counts)), series=number[kept.series])
    return kept, [
        Note(
            "left-out",
            Text(
                f"{some(names)} {'has' if len(names) == 1 else 'have'} no value of {rows.target!r}; left out.",
                f"{some(names)} 没有 {rows.target!r} 的数值，已略去。",
            ),
        )
    ]


def between_known(rows: Rows) -> tuple[Rows, Rows, list[Note]]:
    """(history from the first to the last known target of each series, the rows after it, notes). rows: sorted."""
    known = ~np.isnan(rows.values[:, 0])
    position, begins = np.arange(len(rows)), rows.offsets[:-1]
    first = np.minimum.reduceat(np.where(known, position, len(rows)), begins)[rows.series]
    last = np.maximum.reduceat(np.where(known, position, -1), begins)[rows.series]
    leading, trailing = position < first, position > last
    return rows.at(~leading & ~trailing), rows.at(trailing), _end_notes(rows, leading, trailing)


def _end_notes(rows: Rows, leading: np.ndarray, trailing: np.ndarray) -> list[Note]:
    notes = []
    if leading.any():
        count, (within, within_chinese) = count_of(leading.sum(), "row"), _in_series(rows, leading)
        english = f"{count} before the first value{within} dropped."
        notes.append(Note("empty", Text(english, f"丢弃首个数值之前的 {leading.sum()} 行{within_chinese}。")))
    if rows.wide or not trailing.any():
        return notes
    count, (within, within_chinese) = count_of(trailing.sum(), "row"), _in_series(rows, trailing)
    if rows.future:
        english = f"{count} after the last value of {rows.target!r}{within}: covariates known ahead."
        chinese = f"{rows.target!r} 最后一个数值之后有 {trailing.sum()} 行{within_chinese}，用作已知的未来协变量。"
        return [*notes, Note("ahead", Text(english, chinese))]
    english = f"{count} after the last value{within} dropped: the forecast starts after the last value."
    chinese = f"丢弃最后一个数值之后的 {trailing.sum()} 行{within_chinese}：预测从最后一个数值之后开始。"
    return [*notes, Note("trailing", Text(english, chinese))]


def _in_series(rows: Rows, which: np.ndarray) -> Text:
    """` (in 3 series)`, where there are several. which: (rows,) mask."""
    count = len(np.unique(rows.series[which]))
    return Text("", "") if len(rows.ids) == 1 else Text(f" (in {count} series)", f"（涉及 {count} 个序列）")


def carried_forward(rows: Rows) -> tuple[Rows, list[Note]]:
    """Empty cells take the last value before them; past covariates that begin empty take their first value.

    rows: sorted, each series beginning with a known target. Future covariates are left as they are.
    Raises: ColumnError where a past covariate holds nothing in a whole series.
    """
    values, notes = rows.values.copy(), []
    for column in range(1 + len(rows.past)):
        empty = np.isnan(values[:, column])
        if not empty.any():
            continue
        carried = _carry(values[:, [column]], rows.offsets, rows.series)
        early = np.isnan(carried[:, 0])
        carried = _carry_back(carried, early, rows, column)
        values[:, column] = carried[:, 0]
        notes.append(_fill_note(rows, column, empty & ~early, early))
    return replace(rows, values=values), notes


def _carry(values: np.ndarray, offsets: np.ndarray, series: np.ndarray) -> np.ndarray:
    """(rows, columns) each NaN replaced by the last value before it in its series, where there is one."""
    position = np.arange(len(values))[:, None]
    source = np.maximum.accumulate(np.where(np.isnan(values), -1, position), axis=0)
    found = source >= offsets[:-1][series][:, None]
    columns = np.arange(values.shape[1])
    return np.where(found, values[np.where(found, source, position), columns], np.nan)


def _carry_back(carried: np.ndarray, early: np.ndarray, rows: Rows, column: int) -> np.ndarray:
    """Leading empties of a past covariate take the first value of the series."""
    if not early.any():
        return carried
    position = np.arange(len(rows))
    first = np.minimum.reduceat(np.where(early, len(rows), position), rows.offsets[:-1])
    lost = first >= rows.offsets[1:]
    if lost.any():
        name, id_ = rows.columns[column], rows.ids[int(np.argmax(lost))]
        raise ColumnError(
            f"{rows.layout.source}: the past covariate {name!r} holds no value in series {id_!r}; "
            f"fill it, or leave it out.",
            f"{rows.layout.source}：历史协变量 {name!r} 在序列 {id_!r} 中没有任何数值；请补上或不使用它。",
        )
    return np.where(early[:, None], carried[first[rows.series]], carried)


def _fill_note(rows: Rows, column: int, carried: np.ndarray, early: np.ndarray) -> Note:
    name, (within, within_chinese) = rows.columns[column], _in_series(rows, carried | early)
    english, chinese = [], []
    if count := int(carried.sum()):
        english.append(f"{count_of(count, 'empty cell')} filled with the value before")
        chinese.append(f"{count} 个空值用其前一个值填补")
    if count := int(early.sum()):
        english.append(f"{count_of(count, 'empty cell')} at the beginning filled with the first value")
        chinese.append(f"开头的 {count} 个空值用首个数值填补")
    said = Text(
        f"column {name!r}: {', '.join(english)}{within}.", f"列 {name!r}：{'，'.join(chinese)}{within_chinese}。"
    )
    return Note("empty", said)


def refuse_unknown_future(history: Rows, ahead: Rows) -> None:
    """Raises: ColumnError that names the missing cells of the covariates known ahead."""
    for rows in (history, ahead):
        empty = np.isnan(rows.values[:, 1 + len(rows.past) :])
        if not empty.any():
            continue
        column = int(np.argmax(empty.any(axis=0)))
        cells, name = np.flatnonzero(empty[:, column]), rows.future[column]
        places = [rows.where(int(row)) for row in cells[:5]]
        more = ", …" if len(cells) > 5 else ""
        raise ColumnError(
            f"{rows.layout.source}: the covariate {name!r}, declared as known ahead, has "
            f"{count_of(len(cells), 'empty cell')}: "
            f"{'; '.join(place.english for place in places)}{more}. Fill them, or declare it with --past.",
            f"{rows.layout.source}：声明为已知未来的协变量 {name!r} 有 {len(cells)} 个空值："
            f"{'；'.join(place.chinese for place in places)}{more}。请补上，或改用 --past 声明。",
        )
