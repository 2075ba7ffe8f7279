"""What a classifying network reads beside the target, and the class of each window. Knows windows, not training."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from gatecast.runtime import on_device
from gatecast.windows import Batch, WindowReader

if TYPE_CHECKING:
    from gatecast.classifier.question import Question
    from gatecast.forecast import Origins
    from gatecast.panel import Panel
    from gatecast.scaling import Scaler


def with_inputs(panel: Panel, question: Question) -> Panel:
    """The panel with two more past covariates, and one for each class where the state of a row is known by a column.

    The change of every row and its size, in units of the series' usual change: windows are scaled one by one, and how
    lively a window is beside others would be lost.
    """
    move = np.arcsinh(question.moves(panel))
    added = {"change": move, "size": np.abs(move)}
    if question.label is not None and question.task == "regime":
        states = question.states(panel)
        added |= {f"is {name}": (states == number).astype(float) for number, name in enumerate(question.classes)}
    kept = [name for name in panel.past if name != question.label]
    columns = [panel.y, *(panel.values[:, panel.columns.index(name)] for name in kept), *added.values()]
    future = panel.values[:, 1 + len(panel.past) :]
    return replace(panel, values=np.column_stack([*columns, future]), past=(*kept, *added))


class ClassReader(WindowReader):
    """Gathers windows whose answer is a class: (batch,) int64, −1 where a window is in none."""

    def __init__(
        self, panel: Panel, states: np.ndarray, scaler: Scaler, context: int, ahead: int, device: torch.device
    ) -> None:
        super().__init__(panel, scaler, context, ahead, device)
        self._states = torch.as_tensor(states, device=device)
        self._begin = torch.as_tensor(panel.offsets.copy(), device=device)

    def read(self, origins: Origins, *, answers: bool) -> Batch:
        """Gather windows, with their classes where `answers` are asked for."""
        batch = super().read(origins, answers=False)
        if not answers:
            return batch
        series, ends = on_device(origins.series, self.device), on_device(origins.ends, self.device)
        return batch._replace(answer=self._states[self._begin[series] + ends - 1 + self.horizon])
