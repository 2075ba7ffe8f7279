"""Series as a closed loop sees them: a panel without anything known ahead, each row all variables. Numpy only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.data import Reading, ReadOptions, check_read_options, read
from gatecast.errors import DataError, OptionError
from gatecast.frequency import Frequency
from gatecast.panel import Layout, Panel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def panel_of(waves: Any, options: Mapping[str, Any]) -> Panel:
    """Whatever holds series, as a panel without covariates known ahead. options: fields of `ReadOptions`."""
    return read_series(waves, check_read_options(options))[0]


def read_series(waves: Any, options: ReadOptions) -> tuple[Panel, ReadOptions]:
    """The panel, and how it was read, so that a later history is read the same way."""
    if isinstance(waves, np.ndarray) and waves.ndim == 3:
        return _array_panel(waves), options
    reading = waves if isinstance(waves, Reading) else read(waves, options)
    panel = reading.panel
    if panel.future:
        raise OptionError(
            f"a closed loop knows nothing ahead: {', '.join(panel.future)} cannot be given as future; as past "
            "covariates they become variables that it forecasts too.",
            f"闭环预测没有预先已知的量：{'、'.join(panel.future)} 不能作为 future；作为 past 给出时会一并预测。",
        )
    return panel, reading.options


def _array_panel(waves: np.ndarray) -> Panel:
    """(series, time, variables) as a panel: the first variable is the target, the others its past covariates."""
    if 0 in waves.shape or waves.dtype.kind not in "iuf":
        raise DataError(
            f"the array must hold real numbers (series, time, variables), got {waves.dtype} of shape {waves.shape}.",
            f"数组应为实数 (series, time, variables)，实际 dtype 为 {waves.dtype}，形状为 {waves.shape}。",
        )
    series, length, variables = waves.shape
    names = tuple(f"y{k + 1}" for k in range(variables))
    return Panel(
        waves.reshape(-1, variables).astype(np.float64),
        np.arange(series + 1) * length,
        tuple(map(str, range(series))),
        np.tile(np.arange(length), series),
        Frequency("row"),
        target=names[0],
        past=names[1:],
        layout=Layout(id="series", id_is_integer=True),
    )


def rows_of(panel: Panel, series: int, end: int | None = None) -> np.ndarray:
    """(rows, variables) of a series, its first `end` rows."""
    start, stop = panel.offsets[series], panel.offsets[series + 1]
    return panel.values[start : stop if end is None else start + end]


def of_equal_end(ends: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """The places that have seen equally much, together: rows seen, and which of `ends` (origins,) these are."""
    for end in np.unique(ends):
        yield int(end), np.flatnonzero(ends == end)


def check_variables(panel: Panel, variables: int) -> None:
    if len(panel.columns) != variables:
        raise OptionError(
            f"the model was fitted to {variables} variables and the history has {len(panel.columns)}: "
            f"{', '.join(panel.columns)}. Give the same columns.",
            f"模型按 {variables} 个变量训练，而历史数据有 {len(panel.columns)} 个：{'、'.join(panel.columns)}。",
        )
