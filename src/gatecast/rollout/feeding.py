"""Three ways to feed a network that says what comes next: the data, its own output, or a coin between the two.

Pure functions over any module `(x, state) → (next values, state)`, x (series, time, variables), such as
`gatecast.models.sequence_network.SequenceNetwork`. The state goes in and comes out; nothing is kept.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor


class NextValues(Protocol):
    """x (series, time, variables) → at each step the values that follow, and the state after the last."""

    def __call__(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]: ...


class Continuation(NamedTuple):
    """values: (series, steps, variables), what the network said. state: after all of its inputs, to go on from."""

    values: Tensor
    state: Any


def teacher_forced(network: NextValues, values: Tensor, state: Any = None) -> Continuation:
    """Every step reads the true value: forecasts of values[:, 1:], each one step ahead (Williams & Zipser 1989).

    values: (series, time, variables), at least two steps of time.
    """
    return Continuation(*network(values[:, :-1], state))


@torch.no_grad()
def free_run(network: NextValues, known: Tensor, steps: int, state: Any = None) -> Continuation:
    """The network goes on from `known` on its own output, for so many steps, all series at once.

    known: (series, time, variables), at least one step of time; what came before it may stand in `state`. The state
    that comes out has read everything but the last value: `free_run(network, values[:, -1:], more, state)` goes on.
    """
    series, _, variables = known.shape
    values = known.new_empty(series, steps, variables)
    x = known
    for step in range(steps):
        y, state = network(x, state)  # (series, time, variables)
        values[:, step] = y[:, -1]
        x = values[:, step : step + 1]  # (series, 1, variables), no copy
    return Continuation(values, state)


@torch.no_grad()
def mixed_inputs(
    network: NextValues, values: Tensor, own: float, generator: torch.Generator, state: Any = None
) -> Tensor:
    """What the network reads under scheduled sampling: (series, time, variables) as `values`.

    For every series and step a coin decides, with probability `own`, that the network's own last output stands in the
    place of the true value (Bengio et al. 2015, section 2.4). As there, no gradient passes through what was sampled,
    so that one pass over these inputs, all steps at once, has the same gradient as the walk itself.
    """
    series, time, _ = values.shape
    chosen = torch.rand(series, time, generator=generator, device=values.device) < own
    mixed = values.clone()
    for step in range(time - 1):
        said, state = network(mixed[:, step : step + 1], state)
        mixed[:, step + 1] = torch.where(chosen[:, step + 1, None], said[:, 0], values[:, step + 1])
    return mixed
