"""LSTM + CNN: a recurrent and a convolutional branch beside each other, merged into one output (study 5)."""

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

_POOL = 2


@dataclass(frozen=True)
class LSTMPlusCNNConfig:
    """Shape of the two branches.

    hidden: width of every layer of the LSTM branch, or a tuple with one width a layer.
    layers: number of LSTM layers; None = one, or as many as there are widths.
    dropout: probability with which an element between two LSTM layers is zeroed in training.
    filters: filters of the convolution branch; of each, the larger of its two newest answers counts (max-pool 2).
    width: positions that a filter reads, its own the last.

    Raises: OptionError for a value that cannot be used.
    """

    hidden: int | tuple[int, ...] = 64
    layers: int | None = None
    dropout: float = 0.0
    filters: int = 64
    width: int = 3

    def __post_init__(self) -> None:
        options.widths(self.hidden, self.layers, ("hidden", "layers"))
        options.probability("dropout", self.dropout)
        options.whole("filters", self.filters, 1)
        options.whole("width", self.width, 1)


@register(
    "lstm+cnn",
    config=LSTMPlusCNNConfig,
    causal=True,
    streams=True,
    description=Text(
        "an LSTM branch and a convolution branch side by side, merged into one output",
        "LSTM 分支与卷积分支并列，合并为一个输出",
    ),
)
class LSTMPlusCNNBackbone(nn.Module):
    """x (batch, time, inputs) → y (batch, time, output_size): the LSTM's hidden state, then the filters' answers.

    state: (the LSTM's state, the newest `width` inputs), see `gatecast.nn.state`.
    """

    def __init__(self, input_size: int, config: LSTMPlusCNNConfig) -> None:
        super().__init__()
        self.stack = LSTM(input_size, config.hidden, config.layers, batch_first=True, dropout=config.dropout)
        self.convolution = CausalConvolution(input_size, config.filters, config.width, _POOL)
        self.output_size = self.stack.output_size + config.filters

    def forward(self, x: Tensor, state: tuple[State, Tensor] | None = None) -> tuple[Tensor, tuple[State, Tensor]]:
        memory, tail = (None, None) if state is None else state
        h, memory = self.stack(x, memory)
        patterns, tail = self.convolution(x, tail)
        return torch.cat([h, torch.relu(patterns)], dim=-1), (memory, tail)
