"""MLP: a perceptron over the newest few positions, without a memory beyond them. What recurrence is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from gatecast.language import Text
from gatecast.models.registry import register
from gatecast.nn import options
from gatecast.nn.convolution import CausalConvolution
from gatecast.nn.dropout import Dropout


@dataclass(frozen=True)
class MLPConfig:
    """Shape of a perceptron backbone.

    hidden: width of every hidden layer, or a tuple with one width a layer.
    layers: number of layers; None = one, or as many as there are widths.
    dropout: probability with which an element between two layers is zeroed in training.
    reach: positions that it reads, its own the last.
    nonlinearity: "tanh" or "relu", after every layer.

    Raises: OptionError for a value that cannot be used.
    """

    hidden: int | tuple[int, ...] = 64
    layers: int | None = None
    dropout: float = 0.0
    reach: int = 16
    nonlinearity: Literal["tanh", "relu"] = "relu"

    def __post_init__(self) -> None:
        options.widths(self.hidden, self.layers, ("hidden", "layers"))
        options.probability("dropout", self.dropout)
        options.whole("reach", self.reach, 1)
        options.choice("nonlinearity", self.nonlinearity, ("tanh", "relu"))


@register(
    "mlp",
    config=MLPConfig,
    causal=True,
    streams=True,
    description=Text(
        "perceptron over the newest positions, no recurrence: what a recurrent network must beat",
        "只看最近若干位置的多层感知机，没有循环：循环网络应当胜过它",
    ),
)
class MLPBackbone(nn.Module):
    """x (batch, time, inputs) → y (batch, time, output_size); state: the newest `reach` − 1 inputs."""

    def __init__(self, input_size: int, config: MLPConfig) -> None:
        super().__init__()
        widths = options.widths(config.hidden, config.layers)
        self.first = CausalConvolution(input_size, widths[0], config.reach)
        self.further = nn.ModuleList(nn.Linear(narrow, wide) for narrow, wide in pairwise(widths))
        self.between = Dropout(config.dropout)
        self.nonlinearity = torch.tanh if config.nonlinearity == "tanh" else torch.relu
        self.output_size = widths[-1]

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        first, newest = self.first(x, state)  # a perceptron that moves along the time is a convolution
        y = self.nonlinearity(first)
        for layer in self.further:
            y = self.nonlinearity(layer(self.between(y)))
        return y, newest
