"""What gates and states were while a network read a window: its stacks walked again by their cells' equations.

Knows `nn.cells`; works for every network with LSTM, GRU or RNN stacks in it, whatever surrounds them. The walk gives
the hidden states of the fused path, so that what is shown is what was computed (a test).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gatecast.nn.cells import Nonlinearity, Weights, gru_gates, gru_step, lstm_gates, lstm_step, rnn_step
from gatecast.nn.recurrent import GRU, LSTM, RNN
from gatecast.nn.stack import Stack

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class LayerTrace:
    """One layer in one direction over a window.

    kind: "LSTM", "GRU" or "RNN". place: the stack's name in the network. layer: counted from 1. backwards: it reads
    from the newest step to the oldest; its arrays still run from the oldest. parts: (time, hidden) each, of an LSTM
    "input", "forget", "cell" (the candidate), "output", "c", "h"; of a GRU "reset", "update", "new", "h"; of an RNN
    "h". With a projection, h has its width.
    """

    kind: str
    place: str
    layer: int
    backwards: bool
    parts: Mapping[str, np.ndarray]


@torch.no_grad()
def trace(place: str, stack: Stack, x: Tensor) -> list[LayerTrace]:
    """Every layer and direction of a stack from a zero state. x: what the stack read, of one sequence."""
    kind = next(kind.__name__ for kind in (LSTM, GRU, RNN) if isinstance(stack, kind))
    sequence = (x[0] if stack.batch_first else x[:, 0]) if x.dim() == 3 else x  # (time, inputs)
    traces: list[LayerTrace] = []
    for layer in range(stack.num_layers):
        read: list[Tensor] = []
        for direction in range(stack.directions):
            backwards = direction == 1
            steps = _walk(stack, sequence.flip(0) if backwards else sequence, stack.cell_weights(layer, direction))
            parts = {name: torch.stack([step[name] for step in steps]) for name in steps[0]}  # (time, hidden)
            if backwards:
                parts = {name: values.flip(0) for name, values in parts.items()}
            read.append(parts["h"])
            arrays = {name: values.cpu().numpy() for name, values in parts.items()}
            traces.append(LayerTrace(kind, place, layer + 1, backwards, arrays))
        sequence = torch.cat(read, dim=-1)
    return traces


def _walk(stack: Stack, x: Tensor, weights: Weights) -> list[dict[str, Tensor]]:
    """One layer step by step. x: (time, inputs) → a dictionary of parts a step."""
    width = weights.weight_hh.shape[0] // stack.gates
    h, c = x.new_zeros(weights.weight_hh.shape[1]), x.new_zeros(width)
    steps: list[dict[str, Tensor]] = []
    for x_t in x:
        gates: dict[str, Any] = {}
        if isinstance(stack, LSTM):
            gates = lstm_gates(x_t, h, weights)._asdict()
            h, c = lstm_step(x_t, h, c, weights)
            gates["c"] = c
        elif isinstance(stack, GRU):
            gates = gru_gates(x_t, h, weights)._asdict()
            h = gru_step(x_t, h, weights)
        else:
            nonlinearity: Nonlinearity = getattr(stack, "nonlinearity", "tanh")
            h = rnn_step(x_t, h, weights, nonlinearity)
        steps.append({**gates, "h": h})
    return steps


def inputs_of(modules: Mapping[str, nn.Module], run: Callable[[], object]) -> dict[str, Tensor]:
    """What each of the modules was given first, without a state, while `run()` goes through the network."""
    seen: dict[str, Tensor] = {}

    def note(name: str) -> Any:
        def hook(_: nn.Module, given: tuple[Any, ...]) -> None:
            x, *state = given
            if name not in seen and all(part is None for part in state):
                seen[name] = x.detach()

        return hook

    handles = [module.register_forward_pre_hook(note(name)) for name, module in modules.items()]
    try:
        with torch.no_grad():
            run()
    finally:
        for handle in handles:
            handle.remove()
    return {name: seen[name] for name in modules if name in seen}


def stacks_of(network: nn.Module) -> dict[str, Stack]:
    """The recurrent stacks in a network, by name, in the order in which they were built."""
    return {name: module for name, module in network.named_modules() if isinstance(module, LSTM | GRU | RNN)}
