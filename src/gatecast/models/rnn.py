"""RNN: hidden units that read the input and their own last values (Elman 1990). The plain network to compare with."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from gatecast.language import Text
from gatecast.models.lstm_stack import StackConfig
from gatecast.models.registry import register
from gatecast.nn import options
from gatecast.nn.cells import Nonlinearity
from gatecast.nn.recurrent import RNN
from gatecast.nn.state import State


@dataclass(frozen=True)
class RNNConfig(StackConfig):
    """Shape of an RNN backbone.

    hidden: width of every layer, or a tuple with one width a layer.
    layers: number of layers; None = one, or as many as there are widths.
    dropout: probability with which an element between two layers is zeroed in training.
    bias: whether the sums have biases.
    nonlinearity: "tanh" or "relu".

    Raises: OptionError for a value that cannot be used.
    """

    nonlinearity: Nonlinearity = "tanh"

    def __post_init__(self) -> None:
        super().__post_init__()
        options.choice("nonlinearity", self.nonlinearity, ("tanh", "relu"))


@register(
    "rnn",
    config=RNNConfig,
    causal=True,
    streams=True,
    description=Text(
        "plain recurrent network, without gates: forgets quickly, good to compare with",
        "普通循环网络，没有门：遗忘快，适合作对照",
    ),
)
class RNNBackbone(nn.Module):
    """x (batch, time, inputs) → y (batch, time, output_size); state h, see `gatecast.nn.state`."""

    def __init__(self, input_size: int, config: RNNConfig) -> None:
        super().__init__()
        self.stack = RNN(
            input_size,
            config.hidden,
            config.layers,
            nonlinearity=config.nonlinearity,
            bias=config.bias,
            batch_first=True,
            dropout=config.dropout,
        )
        self.output_size = self.stack.output_size

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        return self.stack(x, state)
