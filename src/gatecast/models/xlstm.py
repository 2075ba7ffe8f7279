"""xLSTM: exponential gates, with a scalar memory (sLSTM) or a matrix memory (mLSTM), in residual blocks.

Beck et al. 2024, arXiv 2405.04517, figures 3, 10 and 11, without their optional convolution before the gates; both
kinds of block are gated within their memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gatecast.errors import DataError, OptionError
from gatecast.language import Text
from gatecast.models.registry import register
from gatecast.nn import options
from gatecast.nn.dropout import Dropout
from gatecast.nn.xlstm import MLSTM, SLSTM, check_heads

_MOST_BLOCKS = 1000


@dataclass(frozen=True)
class XLSTMConfig:
    """Shape of an xLSTM backbone.

    hidden: width of every block; a multiple of heads.
    layers: number of blocks; None = one for each letter of the pattern.
    dropout: probability with which an element that a block adds to its input is zeroed in training.
    pattern: kinds of blocks from the first on, s (sLSTM) or m (mLSTM), repeated until there are enough.
    heads: memories side by side in each block; None = four, or fewer where hidden does not divide by four.

    Raises: OptionError for a value that cannot be used.
    """

    hidden: int = 64
    layers: int | None = None
    dropout: float = 0.0
    pattern: str = "sm"
    heads: int | None = None

    def __post_init__(self) -> None:
        check_heads(self.hidden, 1 if self.heads is None else self.heads)
        options.probability("dropout", self.dropout)
        if not isinstance(self.pattern, str) or not self.pattern or set(self.pattern) - {"s", "m"}:
            raise OptionError(
                f'pattern must be a word of the letters s and m, such as "sm", got {self.pattern!r}.',
                f'pattern 必须由字母 s 和 m 组成，例如 "sm"，得到 {self.pattern!r}。',
            )
        if max(options.whole("layers", self.layers or 1, 1), len(self.pattern)) > _MOST_BLOCKS:
            raise OptionError(
                f"layers and the length of pattern must be at most {_MOST_BLOCKS}.",
                f"layers 与 pattern 的长度最多为 {_MOST_BLOCKS}。",
            )

    @property
    def head_count(self) -> int:
        """The number of heads, said or not."""
        return self.heads or next(n for n in (4, 3, 2, 1) if self.hidden % n == 0 and self.hidden >= 2 * n)

    @property
    def blocks(self) -> str:
        """The kind of every block."""
        count = self.layers or len(self.pattern)
        return (self.pattern * count)[:count]


@register(
    "xlstm",
    config=XLSTMConfig,
    causal=True,
    streams=True,
    description=Text(
        "LSTM with exponential gates and a memory of scalars or matrices, in residual blocks",
        "带指数门的 LSTM：标量或矩阵记忆，组成残差块",
    ),
)
class XLSTMBackbone(nn.Module):
    """x (batch, time, inputs) → y (batch, time, hidden); state: a tuple with that of each block."""

    def __init__(self, input_size: int, config: XLSTMConfig) -> None:
        super().__init__()
        kinds = {"s": SLSTMBlock, "m": MLSTMBlock}
        self.inputs = nn.Linear(input_size, config.hidden)
        self.blocks = nn.ModuleList(
            kinds[letter](config.hidden, config.head_count, config.dropout) for letter in config.blocks
        )
        self.norm = nn.LayerNorm(config.hidden)
        self.output_size = config.hidden

    def forward(self, x: Tensor, state: tuple[Any, ...] | None = None) -> tuple[Tensor, tuple[Any, ...]]:
        starts = (None,) * len(self.blocks) if state is None else state
        if not isinstance(starts, tuple | list) or len(starts) != len(self.blocks):
            raise DataError(
                f"the state must be a tuple with that of each of the {len(self.blocks)} blocks; pass the state that an "
                "earlier call returned, or None for the start.",
                f"状态必须是 {len(self.blocks)} 个块各自状态的元组；请传入先前调用返回的状态，或用 None 表示起点。",
            )
        y, ends = self.inputs(x), []
        for block, start in zip(self.blocks, starts, strict=True):
            y, end = block(y, start)
            ends.append(end)
        return self.norm(y), tuple(ends)


class SLSTMBlock(nn.Module):
    """Reads and stores at its own width; a gated perceptron goes up and down again after it (figure 10)."""

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        wide = -(-4 * hidden // 3)
        self.before = nn.LayerNorm(hidden)
        self.memory = SLSTM(hidden, hidden, heads)
        self.each_head = HeadNorm(hidden, heads)
        self.between = nn.LayerNorm(hidden)
        self.up = nn.Linear(hidden, 2 * wide)
        self.down = nn.Linear(wide, hidden)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        h, state = self.memory(self.before(x), state)
        x = x + self.dropout(self.each_head(h))
        gate, value = self.up(self.between(x)).chunk(2, dim=-1)
        return x + self.dropout(self.down(F.gelu(gate) * value)), state


class MLSTMBlock(nn.Module):
    """Goes up, stores at twice its width, and goes down again (figure 11)."""

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.before = nn.LayerNorm(hidden)
        self.up = nn.Linear(hidden, 2 * hidden)
        self.memory = MLSTM(2 * hidden, 2 * hidden, heads)
        self.each_head = HeadNorm(2 * hidden, heads)
        self.down = nn.Linear(2 * hidden, hidden)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        h, state = self.memory(self.up(self.before(x)), state)
        return x + self.dropout(self.down(self.each_head(h))), state


class HeadNorm(nn.Module):
    """Layer normalisation of every head by itself: (…, hidden) → (…, hidden)."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.weight, self.bias = nn.Parameter(torch.ones(hidden)), nn.Parameter(torch.zeros(hidden))

    def forward(self, x: Tensor) -> Tensor:
        split = x.unflatten(-1, (self.heads, -1))
        return torch.addcmul(self.bias, F.layer_norm(split, split.shape[-1:]).flatten(-2), self.weight)
