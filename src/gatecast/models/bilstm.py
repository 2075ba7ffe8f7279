"""BiLSTM: one LSTM reads the context forwards, one backwards (Graves & Schmidhuber 2005)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gatecast.language import Text
from gatecast.models.lstm_stack import StackConfig
from gatecast.models.registry import register
from gatecast.nn.recurrent import LSTM
from gatecast.nn.state import State


@dataclass(frozen=True)
class BiLSTMConfig(StackConfig):
    """Shape of a BiLSTM backbone.

    hidden: width of every layer in one direction, or a tuple with one width a layer.
    layers: number of layers; None = one, or as many as there are widths.
    dropout: probability with which an element between two layers is zeroed in training.
    bias: whether the gates' sums have biases.

    Raises: OptionError for a value that cannot be used.
    """


@register(
    "bilstm",
    config=BiLSTMConfig,
    causal=False,
    streams=False,
    description=Text(
        "one LSTM reads the context forwards, one backwards; forecasts from the newest position alone",
        "一个 LSTM 正向读取上下文，另一个反向读取；只从最新位置预测",
    ),
)
class BiLSTMBackbone(nn.Module):
    """x (batch, time, inputs) → y (batch, time, output_size); state (h, c), see `gatecast.nn.state`.

    The second half of y is the backward walk's state after the whole context, at every position: where the forecast
    is made, at the newest one, that walk has only just begun, and its recurrent weights would learn nothing.
    """

    def __init__(self, input_size: int, config: BiLSTMConfig) -> None:
        super().__init__()
        self.stack = LSTM(
            input_size,
            config.hidden,
            config.layers,
            bias=config.bias,
            batch_first=True,
            dropout=config.dropout,
            bidirectional=True,
        )
        self.output_size = self.stack.output_size

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        y, state = self.stack(x, state)
        forward, backward = y.chunk(2, dim=-1)  # (batch, time, hidden) each
        return torch.cat([forward, backward[:, :1].expand_as(backward)], dim=-1), state
