"""CNN-LSTM: a convolution finds short patterns, an LSTM remembers them (Sainath et al. 2015)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gatecast.language import Text
from gatecast.models.registry import register
from gatecast.nn import options
from gatecast.nn.convolution import CausalConvolution
from gatecast.nn.recurrent import LSTM
from gatecast.nn.state import State


@dataclass(frozen=True)
class CNNLSTMConfig:
    """Shape of a CNN-LSTM backbone.

    hidden: width of every LSTM layer, or a tuple with one width a layer.
    layers: number of LSTM layers; None = one, or as many as there are widths.
    dropout: probability with which an element between two LSTM layers is zeroed in training.
    filters: filters of the convolution.
    width: positions that a filter reads, its own the last.

    Raises: OptionError for a value that cannot be used.
    """

    hidden: int | tuple[int, ...] = 64
    layers: int | None = None
    dropout: float = 0.0
    filters: int = 32
    width: int = 3

    def __post_init__(self) -> None:
        options.widths(self.hidden, self.layers, ("hidden", "layers"))
        options.probability("dropout", self.dropout)
        options.whole("filters", self.filters, 1)
        options.whole("width", self.width, 1)


@register(
    "cnn-lstm",
    config=CNNLSTMConfig,
    causal=True,
    streams=True,
    description=Text(
        "a causal convolution finds short patterns, an LSTM remembers them",
        "因果卷积提取短期模式，再由 LSTM 记忆",
    ),
)
class CNNLSTMBackbone(nn.Module):
    """x (batch, time, inputs) → y (batch, time, output_size).

    state: (the newest `width` − 1 inputs, the LSTM's state), see `gatecast.nn.state`.
    """

    def __init__(self, input_size: int, config: CNNLSTMConfig) -> None:
        super().__init__()
        self.convolution = CausalConvolution(input_size, config.filters, config.width)
        self.stack = LSTM(config.filters, config.hidden, config.layers, batch_first=True, dropout=config.dropout)
        self.output_size = self.stack.output_size

    def forward(self, x: Tensor, state: tuple[Tensor, State] | None = None) -> tuple[Tensor, tuple[Tensor, State]]:
        tail, memory = (None, None) if state is None else state
        patterns, tail = self.convolution(x, tail)  # (batch, time, filters)
        y, memory = self.stack(torch.relu(patterns), memory)
        return y, (tail, memory)
