"""The question that a classifier answers: which classes there are, and which of them every row of a panel is in.

Numpy only. All four kinds of question have one form: a row has a state, and the class of an origin is the state of
the row `ahead` steps after the last that was seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from gatecast.errors import DataError, OptionError
from gatecast.panel import Panel

Task = Literal["direction", "regime", "label"]
TASKS: tuple[Task, ...] = ("direction", "regime", "label")
NOWHERE = -1  # the state of a row that is in no class
_COMMON = 0.01  # share of spans without any change from which "flat" is a class of its own


@dataclass(frozen=True)
class Question:
    """What is asked of a panel, and what of it was learnt from the panel of the fit.

    task: "direction" (where the next `horizon` steps lead), "regime" (which state the series is in after them, or how
    lively they are) or "label" (what a whole series is). horizon: steps. label: the column of classes; None where
    classes follow from the target. classes: their names.
    floor: the least value by which changes are still taken as relative; 0 = changes are differences.
    usual: how large a change is, on average over a span, at the median of each series' spans, by id.
    """

    task: Task
    horizon: int
    label: str | None
    classes: tuple[str, ...]
    floor: float = 0.0
    usual: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def ask(
        cls, task: Task, horizon: int, panel: Panel, label: str | None, classes: tuple[str, ...] | None
    ) -> Question:
        """The question, with what the panel of a fit says of it. label, classes: of a column; None = of the target."""
        floor = float(panel.y.min()) / 10 if panel.y.min() > 0 else 0.0
        size = _span_mean(np.abs(_moves(panel, floor)), panel, horizon)
        usual = {
            name: _median(size[start:stop])
            for name, start, stop in zip(panel.ids, panel.offsets[:-1], panel.offsets[1:], strict=True)
        }
        if classes is None:
            classes = ("calm", "lively") if task == "regime" else _directions(panel, horizon)
        return cls(task, horizon, label, classes, floor, usual)

    @property
    def ahead(self) -> int:
        """Steps from the last row that is seen to the one whose state is asked for."""
        return 0 if self.task == "label" else self.horizon

    def states(self, panel: Panel) -> np.ndarray:
        """(rows,) number of the class that each row is in, `NOWHERE` where it is in none.

        Of a direction and of liveliness it is the class of the span of `horizon` steps that ends with the row.
        """
        if self.label is not None:
            return panel.values[:, panel.columns.index(self.label)].astype(np.int64)
        if self.task == "direction":
            return self._where_spans_led(panel)
        size = _span_mean(np.abs(_moves(panel, self.floor)), panel, self.horizon)
        lively = size > np.repeat(self._usual_of(panel), panel.lengths)
        return np.where(np.isnan(size), NOWHERE, lively).astype(np.int64)

    def moves(self, panel: Panel) -> np.ndarray:
        """(rows,) the change from the row before, in units of the series' usual change; 0 at its first row."""
        return _moves(panel, self.floor) / np.repeat(self._usual_of(panel), panel.lengths)

    def _where_spans_led(self, panel: Panel) -> np.ndarray:
        led = _led(panel, self.horizon)
        code = {name: number for number, name in enumerate(self.classes)}
        states = np.select([led < 0, led == 0, led > 0], [code["down"], code.get("flat", NOWHERE), code["up"]], NOWHERE)
        return states.astype(np.int64)

    def _usual_of(self, panel: Panel) -> np.ndarray:
        """(series,) usual size of a change; of a series that the fit did not know, by its own rows."""
        size = _span_mean(np.abs(_moves(panel, self.floor)), panel, self.horizon)
        spans = zip(panel.ids, panel.offsets[:-1], panel.offsets[1:], strict=True)
        return np.array([self.usual.get(name) or _median(size[start:stop]) for name, start, stop in spans])


def check_constant(panel: Panel, label: str, classes: tuple[str, ...]) -> None:
    """Raises: DataError where a series has more than one label."""
    codes = panel.values[:, panel.columns.index(label)].astype(np.int64)
    first = np.repeat(codes[panel.offsets[:-1]], panel.lengths)
    if (codes == first).all():
        return
    row = int(np.argmax(codes != first))
    series = panel.ids[int(np.searchsorted(panel.offsets, row, side="right")) - 1]
    one, other = classes[first[row]], classes[codes[row]]
    raise DataError(
        f"{panel.layout.source}: series {series!r} is labelled {one!r} and {other!r} in column {label!r}; a label "
        f"is of the whole series. Classes that change over time are the task regime; --id names the series' column.",
        f"{panel.layout.source}：序列 {series!r} 在列 {label!r} 中既有 {one!r} 又有 {other!r}；label 任务要求整条序列"
        f"同属一类。随时间变化的类别请用 regime 任务；序列名称列用 --id 指定。",
    )


def check_task(task: str, label: str | None) -> None:
    """Raises: OptionError for an unknown task, or a label that it has no use for or lacks."""
    if task not in TASKS:
        raise OptionError(
            f"task must be one of {', '.join(TASKS)}; got {task!r}.",
            f"task 应为 {'、'.join(TASKS)} 之一，实际为 {task!r}。",
        )
    if task == "label" and label is None:
        raise OptionError(
            "task label needs the column that holds the class of each series: --label COLUMN (label=...).",
            "label 任务需要指明各序列类别所在的列：--label COLUMN（label=...）。",
        )
    if task == "direction" and label is not None:
        raise OptionError(
            f"the direction follows from the target: leave out label {label!r}, or ask for task regime.",
            f"方向由目标列本身决定：请去掉 label {label!r}，或改用 regime 任务。",
        )


def _inside(panel: Panel) -> np.ndarray:
    """(rows,) number of each row within its series."""
    return np.arange(len(panel.time)) - np.repeat(panel.offsets[:-1], panel.lengths)


def _moves(panel: Panel, floor: float) -> np.ndarray:
    """(rows,) change from the row before, of the logarithm where there is a floor; 0 at the first of a series."""
    y = np.log(np.maximum(panel.y, floor)) if floor > 0 else panel.y
    return np.where(_inside(panel) > 0, np.diff(y, prepend=y[0]), 0.0)


def _span_mean(values: np.ndarray, panel: Panel, span: int) -> np.ndarray:
    """(rows,) mean over the `span` rows up to each; NaN where they would hold a series' first row, or less."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    stop = np.arange(1, len(total))
    mean = (total[stop] - total[np.maximum(stop - span, 0)]) / span
    return np.where(_inside(panel) >= span, mean, np.nan)


def _led(panel: Panel, span: int) -> np.ndarray:
    """(rows,) by how much each value is above the one `span` rows before; NaN where there is none."""
    before = panel.y[np.maximum(np.arange(len(panel.time)) - span, 0)]
    return np.where(_inside(panel) >= span, panel.y - before, np.nan)


def _directions(panel: Panel, horizon: int) -> tuple[str, ...]:
    """down and up; flat between them where the series often end a span where they began it."""
    led = _led(panel, horizon)
    known = led[~np.isnan(led)]
    often = len(known) > 0 and (known == 0).mean() >= _COMMON
    return ("down", "flat", "up") if often else ("down", "up")


def _median(sizes: np.ndarray) -> float:
    """Of the spans that are known; the mean where the median is 0, and 1 where nothing ever changes."""
    known = sizes[~np.isnan(sizes)]
    if not len(known):
        return 1.0
    return float(np.median(known)) or float(known.mean()) or 1.0
