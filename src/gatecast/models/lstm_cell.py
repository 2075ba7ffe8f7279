"""Stacked LSTM cells, each of its own width, that read a series from its first value on: study 3's network.

The cells are those of `torch.nn.LSTMCell`, one feeding the next; here they run over whole sequences, layer by layer,
by the fused kernel. What lies before the last value is in the state alone: no window, no lags.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import torch
from torch import Tensor, nn

from gatecast.errors import OptionError
from gatecast.language import Text
from gatecast.models.registry import register
from gatecast.nn import options
from gatecast.nn.recurrent import LSTM
from gatecast.nn.state import State


@dataclass(frozen=True)
class LSTMCellConfig:
    """Shape of a stack of LSTM cells.

    hidden: a tuple with one width a cell, or one width for all.
    layers: number of cells; None = one, or as many as there are widths.
    dropout: probability with which an element between two cells is zeroed in training.
    bias: whether the gates' sums have biases.
    forget_bias: what one of the forget gate's two biases starts at; the others start as torch's do. At 1 most of the
    cell state lasts from the first step of training on (Gers et al. 2000; Jozefowicz et al. 2015, section 2).

    Raises: OptionError for a value that cannot be used.
    """

    hidden: int | tuple[int, ...] = (51, 51)
    layers: int | None = None
    dropout: float = 0.0
    bias: bool = True
    forget_bias: float = 1.0

    def __post_init__(self) -> None:
        options.widths(self.hidden, self.layers, ("hidden", "layers"))
        options.probability("dropout", self.dropout)
        options.flag("bias", self.bias)
        number = isinstance(self.forget_bias, Real) and not isinstance(self.forget_bias, bool)
        if not (number and abs(float(self.forget_bias)) <= 100):
            raise OptionError(
                f"forget_bias must be a number in −100…100, got {self.forget_bias!r}.",
                f"forget_bias 必须是 −100 到 100 的数，得到 {self.forget_bias!r}。",
            )


@register(
    "lstm-cell",
    config=LSTMCellConfig,
    causal=True,
    streams=True,
    description=Text(
        "stacked LSTM cells of different widths that carry their state through a whole series, without windows",
        "宽度各异的堆叠 LSTM 单元：状态贯穿整个序列，不用窗口",
    ),
)
class LSTMCellBackbone(nn.Module):
    """x (batch, time, inputs) → y (batch, time, output_size); state (h, c), see `gatecast.nn.state`."""

    def __init__(self, input_size: int, config: LSTMCellConfig) -> None:
        super().__init__()
        self.cells = LSTM(
            input_size, config.hidden, config.layers, bias=config.bias, batch_first=True, dropout=config.dropout
        )
        self.output_size = self.cells.output_size
        if config.bias:
            self._set_forget_bias(config.forget_bias)

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        return self.cells(x, state)

    @torch.no_grad()
    def _set_forget_bias(self, value: float) -> None:
        for layer, width in enumerate(self.cells.widths):
            biases: Tensor = getattr(self.cells, f"bias_hh_l{layer}")
            biases[width : 2 * width] = value  # the gates' order is i, f, g, o
