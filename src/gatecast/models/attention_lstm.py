"""Attention-LSTM: each step looks back at all hidden states of an LSTM (Luong, Pham & Manning 2015)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from gatecast.language import Text
from gatecast.models.registry import register
from gatecast.nn import options
from gatecast.nn.attention import CausalAttention
from gatecast.nn.recurrent import LSTM
from gatecast.nn.state import State


@dataclass(frozen=True)
class AttentionLSTMConfig:
    """Shape of an Attention-LSTM backbone.

    hidden: width of every layer, or a tuple with one width a layer.
    layers: number of layers; None = one, or as many as there are widths.
    dropout: probability with which an element between two layers is zeroed in training.

    Raises: OptionError for a value that cannot be used.
    """

    hidden: int | tuple[int, ...] = 64
    layers: int | None = None
    dropout: float = 0.0

    def __post_init__(self) -> None:
        options.widths(self.hidden, self.layers, ("hidden", "layers"))
        options.probability("dropout", self.dropout)


@register(
    "attention-lstm",
    config=AttentionLSTMConfig,
    causal=True,
    streams=True,
    description=Text(
        "an LSTM whose every step looks back at all its hidden states; the weights can be seen",
        "每一步都回看全部隐藏状态的 LSTM；注意力权重可以查看",
    ),
)
class AttentionLSTMBackbone(nn.Module):
    """x (batch, time, inputs) → y (batch, time, output_size).

    state: (the LSTM's state, all hidden states so far (batch, steps before, output_size)), see `gatecast.nn.state`.
    """

    def __init__(self, input_size: int, config: AttentionLSTMConfig) -> None:
        super().__init__()
        self.stack = LSTM(input_size, config.hidden, config.layers, batch_first=True, dropout=config.dropout)
        self.attention = CausalAttention(self.stack.output_size)
        self.output_size = self.stack.output_size

    def forward(self, x: Tensor, state: tuple[State, Tensor] | None = None) -> tuple[Tensor, tuple[State, Tensor]]:
        memory, past = (None, None) if state is None else state
        h, memory = self.stack(x, memory)
        y, past = self.attention(h, past)
        return y, (memory, past)

    def attention_weights(self, x: Tensor, state: tuple[State, Tensor] | None = None) -> Tensor:
        """How much each step looks at every step: (batch, time, steps before + time), rows sum to one."""
        memory, past = (None, None) if state is None else state
        return self.attention.weights(self.stack(x, memory)[0], past)
