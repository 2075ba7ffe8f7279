"""Whether the parts of a saved model fit one another and are of a size that can be meant. Knows no files.

The numbers of a description decide how much memory is taken and how long is counted: they are held against the stored
tensors before a network is built from them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import torch

from gatecast.errors import ArtifactError
from gatecast.frequency import DAY, SECOND, WEEK, Frequency, open_days, zone_of
from gatecast.models.network import new_network

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatecast.forecaster.fitting import Fitted
    from gatecast.forecaster.form import Description
    from gatecast.models.network import NetworkConfig
    from gatecast.panel import Layout, Panel

_LONGEST_CONTEXT, _LONGEST_HORIZON = 1_000_000, 100_000
_MOST_MEMBERS, _MOST_PARTS = 1000, 100
_LARGEST_TABLE = 1 << 26  # indices that a network computes for itself
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


def check_weights(config: NetworkConfig, members: int, weights: Mapping[str, torch.Tensor]) -> None:
    """Raises: ArtifactError unless these are the weights of so many such networks. weights: by `member_name`."""
    _require(
        1 <= members <= _MOST_MEMBERS
        and config.context <= _LONGEST_CONTEXT
        and config.horizon <= _LONGEST_HORIZON
        and len(config.seasons) + len(config.lags) <= _MOST_PARTS
        and len(config.levels) <= _MOST_PARTS,
        "its network is larger than any",
        "网络尺寸超出合理范围",
    )
    with torch.device("meta"):  # shapes alone: a description that lies takes no memory
        network = new_network(config)
    shapes = {name: (value.shape, value.dtype) for name, value in network.state_dict().items()}
    expected = {member_name(k) + name: shape for k in range(members) for name, shape in shapes.items()}
    stored = {name: (value.shape, value.dtype) for name, value in weights.items()}
    _require(stored == expected, "the weights are not those of its network", "权重与网络结构不符")
    variances = [value for name, value in weights.items() if name.endswith(".running_var")]
    _require(all(bool((value >= 0).all()) for value in variances), "a variance is below 0", "方差小于 0")
    tables = sum(buffer.numel() for buffer in network.buffers())
    _require(tables <= _LARGEST_TABLE, "context and horizon are larger than any", "上下文与预测步数超出合理范围")


def member_name(number: int) -> str:
    """What the names of a member's tensors begin with."""
    return f"member.{number}."


def check_fitted(fitted: Fitted) -> None:
    """Raises: ArtifactError unless scaler, gate, correction and histories are those of the networks."""
    config, scaler, correction = fitted.plan.network, fitted.scaler, fitted.correction
    columns = (config.past + config.future,)
    _require(
        scaler.centre.shape == scaler.scale.shape == columns and _finite(scaler.centre) and (scaler.scale > 0).all(),
        "the scaler is not that of its covariates",
        "缩放器与协变量不符",
    )
    bases = fitted.networks[0].bases.count
    _require(
        0 <= fitted.gate.base < bases and 0 <= fitted.gate.share <= 1, "the gate names no base", "门控没有对应的基准"
    )
    _require(
        correction is None
        or (
            correction.levels == config.levels
            and correction.shift.shape == (config.horizon, len(config.levels))
            and _finite(correction.shift)
        ),
        "the correction is not that of its intervals",
        "校正与预测区间不符",
    )
    neighbours = fitted.dependence.neighbours
    _require(
        len(neighbours) == config.horizon - 1 and all(-1 <= rho <= 1 for rho in neighbours),
        "the dependence is not that of its steps",
        "相关性与预测步数不符",
    )
    _require(
        len(fitted.histories) == len(fitted.networks)
        and all(
            len(h.step) == len(h.loss) == len(h.validation) and min(h.steps, h.best_step) >= 0 for h in fitted.histories
        ),
        "the histories are not those of its members",
        "训练历史与成员不符",
    )


def check_panel_numbers(numbers: Mapping[str, torch.Tensor]) -> None:
    """Raises: ArtifactError unless a panel's arrays are all there, each of its type and axes."""
    kinds = {name: (value.dtype, value.dim()) for name, value in numbers.items()}
    _require(
        kinds == _PANEL_NUMBERS, "the numbers of its series are missing or of another kind", "序列的数值缺失或类型不符"
    )


def check_panel(panel: Panel, horizon: int) -> None:
    """Raises: ArtifactError unless the panel keeps its guarantees and its steps can be counted on."""
    series = len(panel.ids)
    _require(
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
    _require(
        (stamps[1:] > stamps[:-1])[within[1:]].all() and first <= stamps.min() and stamps.max() <= last,
        "its times do not rise, or lie beyond the calendar",
        "时间没有递增，或超出历法范围",
    )
    _check_frequency(panel.frequency, dated)
    reach = int(stamps.max()) + horizon * _longest_step(panel.frequency)
    _require(reach <= last, "its forecast would lie beyond the calendar", "预测时间超出历法范围")
    _check_layout(panel.layout, tuple(part.id for part in panel.parts) or panel.ids)


def _check_frequency(frequency: Frequency, dated: bool) -> None:
    slots = np.array(frequency.slots, dtype=np.int64)
    least = SECOND if frequency.calendar else 1  # steps over a closed day are counted one by one
    _require(
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
    _require(
        layout.backend in _FRAMES
        and (layout.id is None or layout.id != layout.time)
        and (not layout.id_is_integer or all(re.fullmatch(r"-?\d{1,20}", one) for one in ids)),
        "its table has a strange layout",
        "表格布局无效",
    )


def check_agreement(told: Description, panel: Panel) -> None:
    """Raises: ArtifactError unless what was wished, what was trained and what is continued are one."""
    config, wishes = told.fitted.network, told.wishes
    _require(
        (wishes.horizon, wishes.levels) == (config.horizon, config.levels)
        and wishes.distribution in ("auto", config.distribution)
        and (len(panel.past), len(panel.future)) == (config.past, config.future)
        and len(set(panel.columns)) == len(panel.columns),
        "the network is not that of its wishes and columns",
        "网络与设置或列不符",
    )


def _finite(numbers: np.ndarray) -> bool:
    return bool(np.isfinite(numbers).all())


def _require(holds: object, english: str, chinese: str) -> None:
    if not holds:
        raise ArtifactError(english, chinese)
