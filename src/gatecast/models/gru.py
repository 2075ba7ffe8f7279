"""GRU: reset and update gates, no cell state (Cho et al. 2014, reset gate after the matrix product)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from gatecast.language import Text
from gatecast.models.lstm_stack import StackConfig
from gatecast.models.registry import register
from gatecast.nn.recurrent import GRU
from gatecast.nn.state import State


@dataclass(frozen=True)
class GRUConfig(StackConfig):
    """Shape of a GRU backbone.

    hidden: width of every layer, or a tuple with one width a layer.
    layers: number of layers; None = one, or as many as there are widths.
    dropout: probability with which an element between two layers is zeroed in training.
    bias: whether the gates' sums have biases.

    Raises: OptionError for a value that cannot be used.
    """


@register(
    "gru",
    config=GRUConfig,
    causal=True,
    streams=True,
    description=Text(
        "gated recurrent unit: like the LSTM with two gates and no cell state",
        "门控循环单元：类似 LSTM，只有两个门，没有细胞状态",
    ),
)
class GRUBackbone(nn.Module):
    """x (batch, time, inputs) → y (batch, time, output_size); state h, see `gatecast.nn.state`."""

    def __init__(self, input_size: int, config: GRUConfig) -> None:
        super().__init__()
        self.stack = GRU(
            input_size, config.hidden, config.layers, bias=config.bias, batch_first=True, dropout=config.dropout
        )
        self.output_size = self.stack.output_size

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        return self.stack(x, state)
