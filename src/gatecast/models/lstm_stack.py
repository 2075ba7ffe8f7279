"""The options that recurrent models share, and the plain LSTM under those whose own part stands around it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from gatecast.nn import options
from gatecast.nn.recurrent import LSTM
from gatecast.nn.state import State


@dataclass(frozen=True)
class StackConfig:
    """Shape of a recurrent stack; a model's config may add to it.

    hidden: width of every layer, or a tuple with one width a layer.
    layers: number of layers; None = one, or as many as there are widths.
    dropout: probability with which an element between two layers is zeroed in training.
    bias: whether the gates' sums have biases.

    Raises: OptionError for a value that cannot be used.
    """

    hidden: int | tuple[int, ...] = 64
    layers: int | None = None
    dropout: float = 0.0
    bias: bool = True

    def __post_init__(self) -> None:
        options.widths(self.hidden, self.layers, ("hidden", "layers"))
        options.probability("dropout", self.dropout)
        options.flag("bias", self.bias)


class LSTMStack(nn.Module):
    """x (batch, time, inputs) → y (batch, time, output_size); state (h, c), see `gatecast.nn.state`."""

    def __init__(self, input_size: int, config: StackConfig) -> None:
        super().__init__()
        self.stack = LSTM(
            input_size, config.hidden, config.layers, bias=config.bias, batch_first=True, dropout=config.dropout
        )
        self.output_size = self.stack.output_size

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        return self.stack(x, state)
