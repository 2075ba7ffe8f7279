"""LSTM: input, forget and output gates around a cell state (Hochreiter & Schmidhuber 1997; Gers et al. 2000)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from gatecast.language import Text
from gatecast.models.registry import register
from gatecast.nn import options
from gatecast.nn.recurrent import LSTM
from gatecast.nn.state import State


@dataclass(frozen=True)
class LSTMConfig:
    """Shape of an LSTM backbone.

    hidden: width of every layer, or a tuple with one width a layer.
    layers: number of layers; None = one, or as many as there are widths.
    dropout: probability with which an element between two layers is zeroed in training.
    bias: whether the gates' sums have biases.
    projection: width that every layer's hidden state is projected to; 0 = none.

    Raises: OptionError for a value that cannot be used.
    """

    hidden: int | tuple[int, ...] = 64
    layers: int | None = None
    dropout: float = 0.0
    bias: bool = True
    projection: int = 0

    def __post_init__(self) -> None:
        widths = options.widths(self.hidden, self.layers, ("hidden", "layers"))
        options.probability("dropout", self.dropout)
        options.flag("bias", self.bias)
        options.projection("projection", self.projection, min(widths))


@register(
    "lstm",
    config=LSTMConfig,
    causal=True,
    streams=True,
    description=Text(
        "long short-term memory: gates decide what is kept, written and shown",
        "长短期记忆网络：由门决定保留、写入和输出什么",
    ),
)
class LSTMBackbone(nn.Module):
    """x (batch, time, inputs) → y (batch, time, output_size); state (h, c), see `gatecast.nn.state`."""

    def __init__(self, input_size: int, config: LSTMConfig) -> None:
        super().__init__()
        self.stack = LSTM(
            input_size,
            config.hidden,
            config.layers,
            bias=config.bias,
            batch_first=True,
            dropout=config.dropout,
            proj_size=config.projection,
        )
        self.output_size = self.stack.output_size

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        return self.stack(x, state)
