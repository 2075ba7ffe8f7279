"""Arrays and lists to `Rows`: (time,) or (series, time), counted from 0. NaN is an empty cell."""

from __future__ import annotations

from typing import Any

import numpy as np

from gatecast.data.rows import Rows
from gatecast.errors import DataError
from gatecast.panel import Layout


def read_array(source: Any, name: str) -> Rows:
    """Rows of an array; the caller's array is copied.

    Raises: DataError for other ranks, for arrays without values, and for values that are no real numbers.
    """
    values = _as_numbers(source, name)
    if values.ndim not in (1, 2):
        raise DataError(
            f"{name}: an array must have the axes (time,) or (series, time), got {values.ndim} axes of shape "
            f"{values.shape}; choose one variable, or give a table with named columns.",
            f"{name}：数组的轴应为 (time,) 或 (series, time)，实际有 {values.ndim} 个轴，形状为 {values.shape}；"
            f"请只取一个变量，或提供带列名的表格。",
        )
    if not values.size:
        raise DataError(
            f"{name}: the array is empty, its shape is {values.shape}.", f"{name}：数组为空，形状为 {values.shape}。"
        )
    table = np.atleast_2d(values)
    series, length = table.shape
    if values.ndim == 2 and length == 1 and series > 1:
        raise DataError(
            f"{name}: an array of shape {values.shape} is {series} series of one value each; the axes are "
            f"(series, time): give array.T or array[:, 0] for one series.",
            f"{name}：形状 {values.shape} 表示 {series} 个各只有一个值的序列；轴的顺序是 (series, time)："
            f"单个序列请用 array.T 或 array[:, 0]。",
        )
    many = values.ndim == 2
    return Rows(
        ids=tuple(str(i) for i in range(series)),
        series=np.repeat(np.arange(series), length),
        time=np.tile(np.arange(length), series),
        values=table.reshape(-1, 1).copy(),
        place=np.tile(np.arange(length), series),
        counted=True,
        layout=Layout(id="series" if many else None, source=name, id_is_integer=many),
    )


def _as_numbers(source: Any, name: str) -> np.ndarray:
    try:
        array = (
            np.ma.filled(source.astype(np.float64), np.nan)
            if isinstance(source, np.ma.MaskedArray)
            else np.asarray(source)
        )
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{name}: the lists have unequal lengths; pad the shorter with NaN, or give a table with an id column.",
            f"{name}：各列表长度不一；请用 NaN 补齐，或提供带序列名称列的表格。",
        ) from error
    if array.dtype.kind == "O" and isinstance(source, list | tuple):
        array = _from_objects(array)
    if array.dtype.kind not in "iuf":
        raise DataError(
            f"{name}: an array must hold real numbers, got dtype {array.dtype}; convert it with array.astype(float).",
            f"{name}：数组必须是实数，实际 dtype 为 {array.dtype}；请用 array.astype(float) 转换。",
        )
    with np.errstate(over="ignore"):
        return array.astype(np.float64)


def _from_objects(array: np.ndarray) -> np.ndarray:
    """A list in which None stands for an empty cell, or with whole numbers beyond 64 bits."""
    cells = array.ravel().tolist()
    if not all(cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool)) for cell in cells):
        return array
    try:
        return np.array([float("nan") if cell is None else float(cell) for cell in cells]).reshape(array.shape)
    except OverflowError:
        return array
