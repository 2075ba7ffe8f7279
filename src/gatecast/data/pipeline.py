"""Source → table → roles → rows → repaired rows → panel: the steps of `read` in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gatecast.data.arrays import read_array
from gatecast.data.assemble import assemble
from gatecast.data.clock import with_one_time
from gatecast.data.delimited import read_delimited
from gatecast.data.describe import describe_columns, describe_numbers, summarise
from gatecast.data.frames import is_frame, read_frame
from gatecast.data.join import join
from gatecast.data.known_ahead import known_ahead
from gatecast.data.notices import notice
from gatecast.data.profile import profile
from gatecast.data.reading import ColumnInfo, Note, Reading, ReadOptions
from gatecast.data.repair import Clean, repair
from gatecast.data.roles import find_roles
from gatecast.data.rows import Rows
from gatecast.data.several import together
from gatecast.data.source import TextSource, open_path
from gatecast.data.table import Table
from gatecast.data.technical import Technical, find_technical, with_indicators
from gatecast.data.wide import is_one_series_a_row, one_series_a_row
from gatecast.errors import DataError, OptionError, ReadError, TooShortError
from gatecast.frequency import infer
from gatecast.language import Text
from gatecast.panel import Panel

_UNNAMED = "the data"


def read(source: Any, options: ReadOptions) -> Reading:
    """`gatecast.data.read`, step by step."""
    _check(options)
    if isinstance(source, Panel):
        _refuse_additions(options)
        return Reading(source, (), summarise(source, len(source.columns)), describe_numbers(source))
    each, notes, columns, technical = _rows(source, options)
    tables = [_table_of_file(Path(path), wide=False) for path in options.join]
    clean, parts = together([_clean(rows, tables, technical, options) for rows in each])
    panel = replace(_panel(clean, options), parts=parts)
    wide = each[0].wide
    width = len(columns) if not wide else 2
    notes = [*notes, *clean.notes, *notice(panel)]
    if columns:
        told = {column.name for column in columns}
        columns = (*columns, *(one for one in describe_numbers(panel)[1:] if one.name not in told))
    if wide:
        options = replace(options, layout="rows", id=panel.layout.id)
    elif columns:
        target = tuple(rows.target for rows in each) if parts else panel.target
        options = replace(options, target=target, time=panel.layout.time, id=panel.layout.id)
    return Reading(panel, tuple(notes), summarise(panel, width), columns or describe_numbers(panel), options)


def _check(options: ReadOptions) -> None:
    if options.layout not in ("table", "rows"):
        raise OptionError(
            f"--layout must be 'table' or 'rows' (one series a row), got {options.layout!r}.",
            f"--layout 应为 'table' 或 'rows'（每行一个序列），实际为 {options.layout!r}。",
        )


def _refuse_additions(options: ReadOptions) -> None:
    """A panel has its columns already. Raises: OptionError where more are asked for."""
    if options.indicators or options.join:
        raise OptionError(
            "indicators and join are for a table; a Panel has its columns already. Read the table with "
            "gatecast.read, and give what it returns.",
            "indicators 和 join 只用于表格；Panel 的列已经确定。请用 gatecast.read 读取表格，再传入其结果。",
        )


def _clean(rows: Rows, tables: Sequence[Table], technical: Technical, options: ReadOptions) -> Clean:
    """The rows of one target with all their covariates, repaired."""
    rows, notes = join(rows, tables, options)
    clean = with_indicators(repair(rows), technical)
    return clean._replace(notes=[*notes, *clean.notes])


def _rows(source: Any, options: ReadOptions) -> tuple[list[Rows], list[Note], tuple[ColumnInfo, ...], Technical]:
    """Anything that can be read, as rows, once for every target; and the indicators of their prices."""
    if isinstance(source, list | tuple) or (hasattr(source, "__array__") and not is_frame(source)):
        rows = read_array(source, _UNNAMED)
        return [rows], [], (), find_technical(options.indicators, _UNNAMED, (), (rows.target,))
    table = source if isinstance(source, Table) else open_table(source, options)
    if options.layout == "rows" or is_one_series_a_row(table, options):
        rows, columns = one_series_a_row(table, options)
        technical = find_technical(options.indicators, table.name, (), (rows.target,))
        notes = list(table.notes) if options.layout == "rows" else [*table.notes, _rows_note(table)]
        return [rows], notes, columns, technical
    if len(table.rows) == 1:
        raise ReadError(
            f"{table.name} has one row; a forecast needs at least two.",
            f"{table.name} 只有一行数据；预测至少需要两行。",
        )
    table, options = with_one_time(table, options)
    profiles = [profile(table, position, options.day_first) for position in range(len(table.names))]
    roles = find_roles(table, profiles, options)
    used = [table.names[i] for i in (*roles.targets, *roles.past, *roles.future)]
    technical = find_technical(options.indicators, table.name, table.names, used)
    roles = replace(roles, inputs=tuple(table.position(name, "indicators") for name in technical.inputs))
    assembled = [assemble(table, profiles, one, options) for one in roles.of_each_target()]
    notes = [*table.notes, *dict.fromkeys(note for _, found in assembled for note in found)]
    return [rows for rows, _ in assembled], notes, describe_columns(table, profiles, roles), technical


def _rows_note(table: Table) -> Note:
    last = table.names[-1]
    return Note(
        "header",
        Text(
            f"the header names dates, up to {last!r}: each row is read as one series.",
            f"表头为日期（至 {last!r}）：每行作为一个序列读取。",
        ),
    )


def open_table(source: Any, options: ReadOptions) -> Table:
    """A path or a frame as cells. Raises: ReadError, DataError."""
    if isinstance(source, str | Path):
        return _table_of_file(Path(source), wide=options.layout == "rows")
    if is_frame(source):
        return read_frame(source, _UNNAMED)
    kind = type(source).__name__
    raise DataError(
        f"the data must be a path, a frame, or an array of (time,) or (series, time), got {kind}.",
        f"数据应为路径、表格，或形状为 (time,)、(series, time) 的数组，实际为 {kind}。",
    )


def _table_of_file(path: Path, wide: bool) -> Table:
    opened = open_path(path)
    if isinstance(opened, TextSource):
        return read_delimited(opened, counted_header=wide)
    return replace(read_frame(opened.frame, opened.name), backend="polars")


def _panel(clean: Clean, options: ReadOptions) -> Panel:
    """The checked panel. Raises: TooShortError if no series has two values."""
    history = clean.history
    lengths = np.diff(history.offsets)
    if lengths.max() < 2:
        name = history.ids[0]
        raise TooShortError(
            f"{history.layout.source}: series {name!r} has 1 value of {history.target!r}; at least 2 are needed.",
            f"{history.layout.source}：序列 {name!r} 只有 1 个 {history.target!r} 数值；至少需要 2 个。",
        )
    zone = history.layout.time_zone
    frequency = infer(history.time, history.offsets, calendar=options.calendar, time_zone=zone)
    return Panel(
        values=np.array(history.values),
        offsets=history.offsets,
        ids=history.ids,
        time=np.array(history.time),
        frequency=frequency,
        target=history.target,
        past=history.past,
        future=history.future,
        ahead=known_ahead(clean, frequency),
        layout=history.layout,
    )
