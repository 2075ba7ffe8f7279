"""What a network has learnt to hold, counted: every parameter belongs to one part, those of a stack to one gate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from gatecast.explain.gates import stacks_of
from gatecast.language import Text
from gatecast.nn.recurrent import GRU, LSTM

if TYPE_CHECKING:
    from torch import nn

    from gatecast.nn.stack import Stack

_LSTM = (
    Text("input gate", "输入门"),
    Text("forget gate", "遗忘门"),
    Text("cell gate (candidate)", "候选值（单元门）"),
    Text("output gate", "输出门"),
)
_GRU = (Text("reset gate", "重置门"), Text("update gate", "更新门"), Text("candidate", "候选值"))
_RNN = (Text("hidden units", "隐藏单元"),)
_PROJECTION = Text("projection of h", "h 的投影")
_PARTS = {
    "head": Text("head: the network's own forecast", "输出层：网络自身的预测"),
    "mixture": Text("mixture of the naive bases", "朴素基准的混合"),
    "spread": Text("width of the intervals at the start", "区间的起始宽度"),
}


class Count(NamedTuple):
    """place: name of the module in the network. what: the part or gate. how: as a product; empty where it is none."""

    place: str
    what: Text
    how: str
    count: int


def count(network: nn.Module) -> tuple[Count, ...]:
    """Every parameter of the network once."""
    stacks = stacks_of(network)
    rows = [row for name, stack in stacks.items() for row in _of_stack(name, stack)]
    rest: dict[str, int] = {}
    for name, parameter in network.named_parameters():
        place = name.rpartition(".")[0] or name
        if not any(name.startswith(f"{stack}." if stack else "") for stack in stacks):
            rest[place] = rest.get(place, 0) + parameter.numel()
    rows += [Count(place, _PARTS.get(place, Text(place, place)), "", total) for place, total in rest.items()]
    return tuple(rows)


def _of_stack(place: str, stack: Stack) -> Iterator[Count]:
    gates = _LSTM if isinstance(stack, LSTM) else _GRU if isinstance(stack, GRU) else _RNN
    for layer in range(stack.num_layers):
        for direction in range(stack.directions):
            weights = stack.cell_weights(layer, direction)
            stacked, inputs = weights.weight_ih.shape
            hidden, outputs = stacked // stack.gates, weights.weight_hh.shape[1]
            biases = 2 if weights.bias_ih is not None else 0
            where = f"{place} · {layer + 1}" + (" ←" if direction else "")
            for gate in gates:
                how = f"{hidden} × ({inputs} + {outputs} + {biases})"
                yield Count(where, gate, how, hidden * (inputs + outputs + biases))
            if weights.weight_hr is not None:
                yield Count(where, _PROJECTION, f"{outputs} × {hidden}", weights.weight_hr.numel())
