"""A panel as plain JSON and tensors, and back: what a saved model goes on from. Knows no files and no models.

Its numbers decide how long is counted: they are held against what a panel guarantees before it is used.
"""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gatecast.frequency import DAY, SECOND, WEEK, Frequency, open_days, zone_of
from gatecast.keeping.sense import require
from gatecast.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatecast.keeping.form import PanelForm
    from gatecast.panel import Layout

PANEL = "panel."  # what the names of its tensors begin with
_FIRST_DAY, _LAST_DAY = (int(np.datetime64(day, "us").astype(np.int64)) for day in ("0001-01-01", "9999-12-31"))
_LAST_ROW = 1 << 53
_LONGEST_CLOSURE = 40  # days; how far closed days may carry a step
_PANEL_NUMBERS = {
    "values": (torch.float64, 2),
    "offsets": (torch.int64, 1),
    "time": (torch.int64, 1),
    "ahead": (torch.float64, 3),
}
_FRAMES = ("polars", "pandas", "pyarrow", "modin", "cudf")


def describe_panel(panel: Panel) -> dict[str, Any]:
    """Everything of a panel but its numbers, as plain JSON."""
    return {
        "ids": list(panel.ids),
        "frequency": asdict(panel.frequency),
        "target": panel.target,
        "past": list(panel.past),
        "future": list(panel.future),
        "layout": asdict(panel.layout),
        "dated": panel.time.dtype.kind == "M",
        **({"parts": [list(part) for part in panel.parts]} if panel.parts else {}),
    }


def panel_tensors(panel: Panel) -> dict[str, torch.Tensor]:
    """The numbers of a panel, by name."""
    numbers = {
        "values": panel.values,
        "offsets": panel.offsets.astype(np.int64),
        "time": panel.time.astype(np.int64),
        "ahead": panel.ahead,
    }
    return {PANEL + name: torch.tensor(array) for name, array in numbers.items()}


def restore_panel(told: PanelForm, tensors: Mapping[str, torch.Tensor], horizon: int) -> Panel:
    """The panel that `describe_panel` and `panel_tensors` told of. Raises: ArtifactError where it is not whole."""
    numbers = {name.removeprefix(PANEL): value for name, value in tensors.items() if name.startswith(PANEL)}
    _check_numbers(numbers)
    plain = {name: value.numpy().copy() for name, value in numbers.items()}
    if told.dated:
        plain["time"] = plain["time"].astype("datetime64[us]")
    names = {"ids": told.ids, "target": told.target, "past": told.past, "future": told.future}
    panel = Panel(**plain, **names, frequency=told.frequency, layout=told.layout, parts=told.parts)
    _check_panel(panel, horizon)
    return panel


def newest(panel: Panel, context: int) -> Panel:
    """The rows that the next forecast reads: the last `context` of every series."""
    kept = np.minimum(panel.lengths, context)
    rows = np.concatenate([np.arange(stop - n, stop) for stop, n in zip(panel.offsets[1:], kept, strict=True)])
    offsets = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    return replace(panel, values=panel.values[rows], time=panel.time[rows], offsets=offsets)


def _check_numbers(numbers: Mapping[str, torch.Tensor]) -> None:
    """Raises: ArtifactError unless a panel's arrays are all there, each of its type and axes."""
    kinds = {name: (value.dtype, value.dim()) for name, value in numbers.items()}
    require(
        kinds == _PANEL_NUMBERS, "the numbers of its series are missing or of another kind", "序列的数值缺失或类型不符"
    )


def _check_panel(panel: Panel, horizon: int) -> None:
    """Raises: ArtifactError unless the panel keeps its guarantees and its steps can be counted on."""
    series = len(panel.ids)
    require(
        panel.offsets.shape == (series + 1,)
        and series > 0
        and panel.offsets[0] == 0
        and (panel.lengths > 0).all()
        and len(set(panel.ids)) == series
        and len(panel.parts) in (0, series)
        and panel.ahead.shape[::2] == (series, len(panel.future)),
        "its series are not whole",
        "序列不完整",
    )
    within = np.ones(len(panel.time), bool)
    within[panel.offsets[:-1]] = False
    dated = panel.time.dtype.kind == "M"
    stamps = panel.time.astype(np.int64)
    first, last = (_FIRST_DAY, _LAST_DAY) if dated else (-_LAST_ROW, _LAST_ROW)
    require(
        (stamps[1:] > stamps[:-1])[within[1:]].all() and first <= stamps.min() and stamps.max() <= last,
        "its times do not rise, or lie beyond the calendar",
        "时间没有递增，或超出历法范围",
    )
    _check_frequency(panel.frequency, dated)
    reach = int(stamps.max()) + horizon * _longest_step(panel.frequency)
    require(reach <= last, "its forecast would lie beyond the calendar", "预测时间超出历法范围")
    _check_layout(panel.layout, tuple(part.id for part in panel.parts) or panel.ids)


def _check_frequency(frequency: Frequency, dated: bool) -> None:
    slots = np.array(frequency.slots, dtype=np.int64)
    least = SECOND if frequency.calendar else 1  # steps over a closed day are counted one by one
    require(
        frequency.unit in (("microsecond", "month") if dated else ("row",))
        and frequency.step >= (least if frequency.unit == "microsecond" else 1)
        and (slots >= 0).all()
        and (slots < WEEK).all()
        and (np.diff(slots) > 0).all(),
        "its step of time is none",
        "时间步长无效",
    )
    _check_zone(frequency.time_zone)
    if frequency.calendar is not None:
        open_days(frequency.calendar)


def _longest_step(frequency: Frequency) -> int:
    """The most by which one step may move the time, closed days included."""
    if frequency.unit == "row":
        return frequency.step
    size = frequency.step * (31 * DAY if frequency.unit == "month" else 1)
    return max(size, WEEK if frequency.slots else 0) + (_LONGEST_CLOSURE * DAY if frequency.calendar else 0)


def _check_zone(time_zone: str | None) -> None:
    if time_zone is not None:
        try:
            zone_of(time_zone)
        except OSError as error:  # a folder of zones
            raise ValueError(f"no time zone: {time_zone!r}") from error


def _check_layout(layout: Layout, ids: tuple[str, ...]) -> None:
    _check_zone(layout.time_zone)
    require(
        layout.backend in _FRAMES
        and (layout.id is None or layout.id != layout.time)
        and (not layout.id_is_integer or all(re.fullmatch(r"-?\d{1,20}", one) for one in ids)),
        "its table has a strange layout",
        "表格布局无效",
    )
