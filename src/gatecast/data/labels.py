"""A table with a column of classes: the class of every row beside the panel. Knows no classifier.

The classes travel through reading and repair as a past covariate of whole numbers, so that they stay with their rows
when these are sorted, dropped or stand twice.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gatecast.data.frames import is_frame
from gatecast.data.pipeline import open_table, read
from gatecast.data.reading import Reading, ReadOptions
from gatecast.data.table import Table
from gatecast.data.timetext import format_times
from gatecast.data.wording import some
from gatecast.errors import ColumnError, DataError, OptionError
from gatecast.panel import Panel

MOST_CLASSES = 20
_EMPTY = -1


def read_labelled(
    source: Any, options: ReadOptions, label: str, classes: tuple[str, ...] | None = None
) -> tuple[Reading, tuple[str, ...]]:
    """Read a table, and with it the column `label` of whole numbers, text or true and false; the names of its classes.

    classes: those that may stand there, in their order; None = all that do. In the panel, `label` is a past covariate:
    the number of each row's class, from 0. The reading's options do not name it, so that they serve tables without it.
    Raises: ColumnError where there is no such column, it holds no classes, one alone, too many or an unknown one;
    DataError for rows of the history without a class; and what `read` raises.
    """
    if not isinstance(source, str | Path) and not is_frame(source):
        raise ColumnError(
            f"label {label!r} is a column of a table; give a path or a frame.",
            f"label {label!r} 是表中的一列；请提供路径或表格。",
        )
    if options.layout == "rows":
        raise OptionError(
            "a column of classes needs one observation a row; use --layout table.",
            "类别列要求每行一个观测；请用 --layout table。",
        )
    table = open_table(source, options)
    table, found = _coded(table, table.position(label, "label"), classes)
    reading = read(table, replace(options, past=(*options.past, label)))
    _refuse_empty(reading.panel, label)
    columns = tuple(replace(c, role="label") if c.name == label else c for c in reading.columns)
    return replace(reading, columns=columns, options=replace(reading.options, past=options.past)), found


def _coded(table: Table, position: int, classes: tuple[str, ...] | None) -> tuple[Table, tuple[str, ...]]:
    """The table with numbers in place of the classes, and their names in order."""
    name, cells = table.names[position], table.columns[position]
    if cells.dtype == pl.Datetime or (cells.dtype == pl.Float64 and bool((cells.drop_nans() % 1 != 0).any())):
        what = ("dates", "日期") if cells.dtype == pl.Datetime else ("fractions", "小数")
        raise ColumnError(
            f"{table.name}: column {name!r} holds {what[0]}, no classes; a label is text or whole numbers.",
            f"{table.name}：列 {name!r} 是{what[1]}而不是类别；label 应为文本或整数。",
        )
    words = _words(cells)
    known = classes or tuple(sorted(set(words.drop_nulls().to_list()), key=_rank))
    _check_classes(table.name, name, known)
    codes = words.replace_strict(list(known), list(range(len(known))), default=len(known), return_dtype=pl.Float64)
    codes = pl.select(pl.when(words.is_null()).then(float(_EMPTY)).otherwise(codes)).to_series()
    if codes.max() == len(known):
        row = int(codes.arg_max() or 0)
        (english, chinese) = table.where(row)
        raise ColumnError(
            f"{table.name}, {english}: {words[row]!r} in column {name!r} is a class that training did not have; it had "
            f"{some(known)}.",
            f"{table.name} {chinese}：列 {name!r} 中的 {words[row]!r} 不在训练时的类别之中；训练时有 {some(known)}。",
        )
    columns = (*table.columns[:position], codes.alias(name), *table.columns[position + 1 :])
    return replace(table, columns=columns), known


def _words(cells: pl.Series) -> pl.Series:
    """The cells as text without blanks around it, null where nothing stands; 1.0 reads "1"."""
    if cells.dtype == pl.Float64:
        cells = cells.fill_nan(None).cast(pl.Int64)
    words = cells.cast(pl.String).str.strip_chars()
    return pl.select(pl.when(words == "").then(None).otherwise(words)).to_series()


def _rank(word: str) -> tuple[bool, int, str]:
    """Whole numbers by size, before words by the alphabet."""
    whole = word.removeprefix("-").isdecimal()
    return not whole, int(word) if whole else 0, word


def _check_classes(source: str, name: str, classes: tuple[str, ...]) -> None:
    if len(classes) > MOST_CLASSES:
        raise ColumnError(
            f"{source}: column {name!r} holds {len(classes):,} classes, at most {MOST_CLASSES} can be told apart; join "
            f"the rare ones, or forecast numbers with gatecast forecast.",
            f"{source}：列 {name!r} 有 {len(classes):,} 个类别，最多 {MOST_CLASSES} 个；请合并少见的类别，"
            f"数值请用 gatecast forecast 预测。",
        )
    if len(classes) < 2:
        alone = f"{classes[0]!r}" if classes else "–"
        raise ColumnError(
            f"{source}: column {name!r} holds one class only ({alone}); there is nothing to tell apart.",
            f"{source}：列 {name!r} 只有一个类别（{alone}）；没有可区分的内容。",
        )


def _refuse_empty(panel: Panel, label: str) -> None:
    empty = np.flatnonzero(panel.values[:, panel.columns.index(label)] == _EMPTY)
    if not len(empty):
        return
    row, layout = int(empty[0]), panel.layout
    when = format_times(panel.time[row : row + 1], layout.time_format, layout.time_zone)[0]
    series = panel.ids[int(np.searchsorted(panel.offsets, row, side="right")) - 1]
    of, of_chinese = (f" of series {series!r}", f"（序列 {series!r}）") if len(panel) > 1 else ("", "")
    raise DataError(
        f"{layout.source}: column {label!r} has {len(empty):,} empty cell(s), the first at {when}{of}; every row needs "
        f"its class.",
        f"{layout.source}：列 {label!r} 有 {len(empty):,} 个空单元格，首个在 {when}{of_chinese}；每一行都要有类别。",
    )
