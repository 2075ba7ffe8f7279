"""Where no forecast can be made: covariates not known far enough, values of another kind, numbers beyond computing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gatecast.errors import ColumnError, DataError
from gatecast.nn.distributions import DISTRIBUTIONS

if TYPE_CHECKING:
    from gatecast.forecast import Origins, Prediction
    from gatecast.panel import Panel


def check_known_ahead(panel: Panel, origins: Origins, horizon: int) -> None:
    """Raises: ColumnError if an origin's horizon reaches beyond what is known of the future covariates."""
    if not panel.future:
        return
    known = panel.lengths[origins.series] - origins.ends + panel.ahead.shape[1]
    if known.min() >= horizon:
        return
    worst = int(known.argmin())
    series, least = panel.ids[origins.series[worst]], int(known[worst])
    columns = ", ".join(repr(name) for name in panel.future)
    raise ColumnError(
        f"{columns}: known ahead, but only {least} of the {horizon} steps to be forecast have values (series "
        f"{series!r}). Append the {horizon - least} missing rows, with an empty {panel.target!r}, or use past=.",
        f"{columns}：声明为未来已知，但待预测的 {horizon} 步中只有 {least} 步有值（序列 {series!r}）。"
        f"请补上缺少的 {horizon - least} 行（{panel.target!r} 留空），或改用 past= 声明。",
    )


def check_support(panel: Panel, distribution: str) -> None:
    """Raises: DataError if the target has values that the distribution gives no probability to."""
    support = DISTRIBUTIONS[distribution].support
    if support == "any":
        return
    y = panel.y
    sound = (y >= 0) & (y == np.round(y)) if support == "counts" else y > 0
    if sound.all():
        return
    row = int(sound.argmin())
    series = panel.ids[int(np.searchsorted(panel.offsets, row, side="right")) - 1]
    what = ("counts (0, 1, 2, …)", "计数（0、1、2……）") if support == "counts" else ("values above 0", "大于 0 的值")
    raise DataError(
        f"distribution {distribution!r} needs {what[0]}, but {panel.target!r} of series {series!r} has {y[row]:g}; "
        "choose another distribution, such as student-t.",
        f"分布 {distribution!r} 需要{what[1]}，但序列 {series!r} 的 {panel.target!r} 中有 {y[row]:g}；"
        "请选择其他分布，例如 student-t。",
    )


def check_finite(prediction: Prediction, panel: Panel, origins: Origins) -> None:
    """Raises: DataError if numbers of the panel are so large that a forecast of them is none."""
    finite = np.all([np.isfinite(part).reshape(len(part), -1).all(1) for part in prediction], axis=0)
    if finite.all():
        return
    series = panel.ids[origins.series[int(finite.argmin())]]
    raise DataError(
        f"series {series!r}: the values of {panel.target!r} are too large to compute with; choose a larger unit, "
        "such as millions.",
        f"序列 {series!r}：{panel.target!r} 的数值过大，无法计算；请换用更大的单位，例如百万。",
    )
