"""How a training goes: one frozen dataclass, read from Python, the command line or a TOML file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OptimiserName = Literal["adam", "adamw", "sgd", "lbfgs"]


@dataclass(frozen=True)
class TrainingConfig:
    """How weights are found.

    optimiser, rate: name and learning rate. schedule: "inverse-sqrt" (after a warm-up; needs no end), "cosine" (to
    `steps`) or "constant". warm_up: steps of linear rise. batch: windows a step.
    steps: the most that are taken. round: steps between validations. patience: rounds without a better validation
    before training stops; 0 = never. clip: largest norm of the gradient; 0 = none.
    l1, l2: penalties on the weights (with "adamw" l2 is the decoupled decay). average: share of the steps taken so
    far over which weights are averaged (0 = no averaging).
    """

    optimiser: OptimiserName = "adamw"
    rate: float = 3e-3
    schedule: Literal["inverse-sqrt", "cosine", "constant"] = "inverse-sqrt"
    warm_up: int = 30
    batch: int = 64
    steps: int = 1000
    round: int = 25
    patience: int = 8
    clip: float = 1.0
    l1: float = 0.0
    l2: float = 1e-4
    average: float = 0.1
