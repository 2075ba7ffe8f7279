"""What happened in a training, step by step: for the progress bar, the report and the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

StopReason = Literal["converged", "steps", "budget", "interrupted", "nothing to learn"]


@dataclass(frozen=True)
class Progress:
    """One look at a running training, for whoever draws a bar.

    stage: "judge" (the fit that the back-test scores) or "fit" (the one that forecasts).
    steps: the most that will be taken; None where only the budget ends the training.
    loss, validation: the latest training loss and validation error (both scaled); None before the first.
    seconds, budget: wall time since the stage began, and what it may take (None = no limit).
    """

    stage: str
    step: int
    steps: int | None
    loss: float | None
    validation: float | None
    seconds: float
    budget: float | None


@dataclass(frozen=True)
class History:
    """The training curve, a row for each validation.

    step, loss, validation: (rows,) optimiser steps taken, mean training loss since the row before, validation error;
    no validation where nothing was held out.
    best_step: the row's step whose weights were kept. stopped: why training ended. steps: how many were taken.
    """

    step: tuple[int, ...]
    loss: tuple[float, ...]
    validation: tuple[float, ...]
    best_step: int
    steps: int
    stopped: StopReason
    seconds: float = 0.0
