"""What was read, in words: one line of summary, and every column for `gatecast describe`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gatecast.data.reading import ColumnInfo
from gatecast.data.timetext import format_times
from gatecast.data.wording import count_of
from gatecast.language import Text
from gatecast.panel import Panel

if TYPE_CHECKING:
    from gatecast.data.profile import Profile
    from gatecast.data.roles import Roles
    from gatecast.data.table import Table


def summarise(panel: Panel, columns: int) -> Text:
    """One line: rows, series, columns, step of time, first and last date."""
    step, rows = panel.frequency.describe(), len(panel.time)
    ends = np.array([panel.time.min(), panel.time.max()])
    first, last = format_times(ends, panel.layout.time_format, panel.layout.time_zone)
    source = panel.layout.source
    return Text(
        f"{source}: {rows:,} rows, {len(panel):,} series, {count_of(columns, 'column')}, {step.english}, "
        f"{first} to {last}.",
        f"{source}：{rows:,} 行，{len(panel):,} 个序列，{columns} 列，{step.chinese}，{first} 至 {last}。",
    )


def describe_numbers(panel: Panel) -> tuple[ColumnInfo, ...]:
    """The columns of a panel that came without a table."""
    roles = ["target", *("past" for _ in panel.past), *("future" for _ in panel.future)]
    return tuple(
        ColumnInfo(name, role, "number", 0, f"{values.min():.10g}", f"{values.max():.10g}")
        for name, role, values in zip(panel.columns, roles, panel.values.T, strict=True)
    )


def describe_columns(table: Table, profiles: Sequence[Profile], roles: Roles) -> tuple[ColumnInfo, ...]:
    """What `gatecast describe` shows of every column."""
    return tuple(_describe(table, profiles[i], roles, i) for i in range(len(table.names)))


def _describe(table: Table, profile: Profile, roles: Roles, position: int) -> ColumnInfo:
    role, cells = roles.of(position), table.columns[position]
    low = high = ""
    if profile.kind == "number" and profile.numbers is not None:
        known = profile.numbers.values[~np.isnan(profile.numbers.values)]
        low, high = f"{known.min():.10g}", f"{known.max():.10g}"
    elif profile.kind == "date" and profile.dates is not None:
        known = profile.dates.time[~np.isnat(profile.dates.time)]
        low, high = format_times(np.array([known.min(), known.max()]), profile.dates.form, profile.dates.zone)
    examples = tuple(str(cell)[:40] for cell in cells.drop_nulls().head(3).to_list())
    kind = "text" if role == "id" else profile.kind
    return ColumnInfo(profile.name, role, kind, profile.empty, low, high, examples)
