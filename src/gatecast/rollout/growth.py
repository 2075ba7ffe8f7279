"""How the error of a free run grows with its steps. Knows networks only as `(x, state) → (next values, state)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gatecast.rollout.feeding import NextValues, free_run


class Trial(NamedTuple):
    """Series of equal length whose end the network must find by itself.

    known: (series, time, variables), read as it is. truth: (series, steps, variables), what followed.
    """

    known: Tensor
    truth: Tensor


def error_growth(network: NextValues, trials: Sequence[Trial]) -> Tensor:
    """The root of the mean squared error at each step of the free runs: (steps, variables) float64.

    Trials may differ in length: a step is averaged over the series that reach it. Infinite where a run left all
    bounds, so that it never passes for a good one.
    """
    steps = max(trial.truth.shape[1] for trial in trials)
    total = torch.zeros(steps, trials[0].truth.shape[2], dtype=torch.float64)
    count = torch.zeros(steps, 1, dtype=torch.float64)
    for known, truth in trials:
        reach = truth.shape[1]
        error = (free_run(network, known, reach).values - truth).double().cpu()
        total[:reach] += error.square().sum(0)
        count[:reach] += len(truth)
    return (total / count).sqrt().nan_to_num(nan=torch.inf, posinf=torch.inf)
