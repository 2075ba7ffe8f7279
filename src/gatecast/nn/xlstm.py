"""`SLSTM` and `MLSTM`: the two layers of the xLSTM over whole sequences (Beck et al. 2024, arXiv 2405.04517).

Each has two paths with equal results. The textbook path calls the equations of `gatecast.nn.xlstm_cells` step by step.
On the fused path the sLSTM, whose gates read the hidden state, walks too, in `gatecast.nn.slstm_scan`; the mLSTM, whose
gates do not, computes many steps at once, in `gatecast.nn.mlstm_chunk`. Knows neither blocks nor training, and keeps no
state.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from gatecast.errors import DataError, OptionError
from gatecast.nn import options
from gatecast.nn.dropout import Dropout
from gatecast.nn.mlstm_chunk import mlstm_chunk
from gatecast.nn.slstm_scan import slstm_scan
from gatecast.nn.xlstm_cells import (
    MLSTMState,
    MLSTMWeights,
    SLSTMState,
    SLSTMWeights,
    mlstm_step,
    mlstm_sums,
    slstm_step,
)

_CHUNK = 64  # steps of an mLSTM computed at once: the work grows with their square, the calls with their number
_FORGET_BIAS = (3.0, 6.0)  # from the first unit or head to the last: memories of 20 to 400 steps

State = TypeVar("State", SLSTMState, MLSTMState)


class SLSTM(nn.Module):
    """Scalar memory, exponential gating; the heads' hidden states are read by their own gates alone.

    input_size: variables of the input. hidden_size: width of h, all heads together. heads: divides hidden_size.
    fused: take the fast path, else the textbook's.

    Raises: OptionError for a value that cannot be used.
    """

    def __init__(self, input_size: int, hidden_size: int, heads: int, *, fused: bool = True) -> None:
        super().__init__()
        self.input_size = options.whole("input_size", input_size, 1)
        self.hidden_size, self.heads = hidden_size, check_heads(hidden_size, heads)
        self.width = hidden_size // heads
        self.fused = options.flag("fused", fused)
        self.hidden_dropout = Dropout(0.0)
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(heads, 4 * self.width, self.width))
        self.bias = nn.Parameter(torch.empty(4 * hidden_size))
        self.reset_parameters()

    def forward(self, x: Tensor, state: SLSTMState | None = None) -> tuple[Tensor, SLSTMState]:
        """All hidden states (batch, time, hidden) of x (batch, time, inputs) from `state`, and the state after them.

        Raises: DataError for axes or sizes that do not fit.
        """
        check_input(x, self.input_size)
        start = first_state(state, self._start(x))
        mask = self.hidden_dropout(torch.ones_like(start.h)) if self.hidden_dropout.active else None
        return self._fused(x, start, mask) if self.fused else self._textbook(x, start, mask)

    def reset_parameters(self) -> None:
        """Uniform in ±1/√hidden; biases 0, but those of the forget gates from 3 to 6 along each head."""
        bound = self.hidden_size**-0.5
        nn.init.uniform_(self.weight_ih, -bound, bound)
        nn.init.uniform_(self.weight_hh, -bound, bound)
        nn.init.zeros_(self.bias)
        with torch.no_grad():
            self._forget_bias().copy_(torch.linspace(*_FORGET_BIAS, self.width))

    def drop_hidden(self, probability: float) -> None:
        """Thin out h between time steps in training, by one mask a sequence (Gal & Ghahramani 2016)."""
        self.hidden_dropout = Dropout(probability)

    def set_forget_bias(self, value: float) -> None:
        """Start every forget gate at this bias."""
        nn.init.constant_(self._forget_bias(), value)

    def matrices(self) -> Iterator[tuple[str, Tensor]]:
        """("input" | "recurrent", the matrix) of each gate of each head: what is initialised by itself."""
        for weight in self.weight_ih.chunk(4 * self.heads):
            yield "input", weight
        for head in self.weight_hh:
            for weight in head.chunk(4):
                yield "recurrent", weight

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}, heads={self.heads}, fused={self.fused}"

    def _forget_bias(self) -> Tensor:
        return self.bias.view(self.heads, 4, self.width)[:, 2]

    def _start(self, x: Tensor) -> SLSTMState:
        zeros = x.new_zeros(len(x), self.hidden_size)
        return SLSTMState(zeros, zeros, zeros, zeros - math.inf)

    def _textbook(self, x: Tensor, state: SLSTMState, mask: Tensor | None) -> tuple[Tensor, SLSTMState]:
        weights = SLSTMWeights(self.weight_ih, self.weight_hh, self.bias)
        hidden = []
        for x_t in x.unbind(1):
            state = slstm_step(x_t, state, weights, None if mask is None else state.h * mask)
            hidden.append(state.h)
        return torch.stack(hidden, dim=1), state

    def _fused(self, x: Tensor, state: SLSTMState, mask: Tensor | None) -> tuple[Tensor, SLSTMState]:
        batch, times, _ = x.shape
        columns = x.permute(2, 1, 0).reshape(self.input_size, times * batch)
        sums = torch.addmm(self.bias[:, None], self.weight_ih, columns).view(self.heads, -1, times, batch)
        start = tuple(self._inwards(part) for part in state)
        y, end = slstm_scan(sums, self.weight_hh, start, None if mask is None else self._inwards(mask))
        return y.permute(3, 0, 1, 2).flatten(2), SLSTMState(*(part.permute(2, 0, 1).flatten(1) for part in end))

    def _inwards(self, part: Tensor) -> Tensor:
        """(batch, hidden) → (heads, width, batch)."""
        return part.unflatten(1, (self.heads, self.width)).permute(1, 2, 0)


class MLSTM(nn.Module):
    """Matrix memory, exponential gating: each head stores values under keys. No gate reads the hidden state.

    input_size: variables of the input. hidden_size: width of h, all heads together. heads: divides hidden_size.
    fused: take the fast path, else the textbook's.

    Raises: OptionError for a value that cannot be used.
    """

    def __init__(self, input_size: int, hidden_size: int, heads: int, *, fused: bool = True) -> None:
        super().__init__()
        self.input_size = options.whole("input_size", input_size, 1)
        self.hidden_size, self.heads = hidden_size, check_heads(hidden_size, heads)
        self.width = hidden_size // heads
        self.fused = options.flag("fused", fused)
        self.weight = nn.Parameter(torch.empty(4 * hidden_size + 2 * heads, input_size))
        self.bias = nn.Parameter(torch.empty(4 * hidden_size + 2 * heads))
        self.reset_parameters()

    def forward(self, x: Tensor, state: MLSTMState | None = None) -> tuple[Tensor, MLSTMState]:
        """All hidden states (batch, time, hidden) of x (batch, time, inputs) from `state`, and the state after them.

        Raises: DataError for axes or sizes that do not fit.
        """
        check_input(x, self.input_size)
        start = first_state(state, self._start(x))
        return self._fused(x, None if state is None else start) if self.fused else self._textbook(x, start)

    def reset_parameters(self) -> None:
        """Uniform in ±1/√inputs; biases 0, but those of the forget gates from 3 to 6 from head to head."""
        bound = self.input_size**-0.5
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.zeros_(self.bias)
        with torch.no_grad():
            self._forget_bias().copy_(torch.linspace(*_FORGET_BIAS, self.heads))

    def set_forget_bias(self, value: float) -> None:
        """Start every forget gate at this bias."""
        nn.init.constant_(self._forget_bias(), value)

    def matrices(self) -> Iterator[tuple[str, Tensor]]:
        """("input", the matrix) of q, k, v, o and of the two gates: what is initialised by itself."""
        for weight in self.weight.split([self.hidden_size] * 4 + [self.heads] * 2):
            yield "input", weight

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}, heads={self.heads}, fused={self.fused}"

    def _forget_bias(self) -> Tensor:
        return self.bias[-self.heads :]

    def _start(self, x: Tensor) -> MLSTMState:
        n = x.new_zeros(len(x), self.heads, self.width)
        return MLSTMState(n[..., None].expand(-1, -1, -1, self.width), n, n[..., 0] - math.inf)

    def _textbook(self, x: Tensor, state: MLSTMState) -> tuple[Tensor, MLSTMState]:
        weights = MLSTMWeights(self.weight, self.bias)
        hidden = []
        for x_t in x.unbind(1):
            h, state = mlstm_step(x_t, state, weights)
            hidden.append(h)
        return torch.stack(hidden, dim=1), state

    def _fused(self, x: Tensor, state: MLSTMState | None) -> tuple[Tensor, MLSTMState]:
        hidden: list[Tensor] = []
        for x_chunk in x.split(_CHUNK, dim=1):
            sums = mlstm_sums(x_chunk, self.heads, MLSTMWeights(self.weight, self.bias))
            h, state = mlstm_chunk(sums, state)
            hidden.append(torch.sigmoid(sums.o) * h)
        return (hidden[0] if len(hidden) == 1 else torch.cat(hidden, dim=1)), cast(MLSTMState, state)


def check_heads(hidden: Any, heads: Any) -> int:
    """The number of heads. Raises: OptionError unless each has a width of at least 2 and they fill `hidden`."""
    options.whole("hidden", hidden, 1)
    if options.whole("heads", heads, 1) * 2 > hidden or hidden % heads:
        raise OptionError(
            f"heads must divide hidden into widths of at least 2, got {heads} heads for hidden {hidden}; "
            "choose hidden as a multiple of heads.",
            f"heads 须将 hidden 等分为至少为 2 的宽度，实际为 {heads} 个头、hidden {hidden}；"
            "请将 hidden 取为 heads 的倍数。",
        )
    return int(heads)


def check_input(x: Any, inputs: int) -> None:
    """Raises: DataError unless x is a tensor (batch, time, inputs) of at least one step."""
    shape = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
    if not isinstance(x, Tensor) or x.dim() != 3 or x.shape[2] != inputs or x.shape[1] == 0:
        raise DataError(
            f"x must be a tensor (batch, time, inputs) with {inputs} inputs and at least one step, got {shape}.",
            f"x 必须是张量 (batch, time, inputs)，inputs 为 {inputs}，至少一步；得到 {shape}。",
        )


def first_state(state: Any, start: State) -> State:
    """The given state, or `start` for None. Raises: DataError unless its parts have the shapes of `start`'s."""
    if state is None:
        return start
    names, wanted = start._fields, [tuple(part.shape) for part in start]
    got = [tuple(p.shape) if isinstance(p, Tensor) else p for p in state] if isinstance(state, tuple | list) else state
    if got != wanted:
        raise DataError(
            f"the state must be {', '.join(names)} of shapes {wanted}, got {got}; pass the state that an earlier call "
            "returned, or None for the start.",
            f"状态必须是形状为 {wanted} 的 {', '.join(names)}，得到 {got}；"
            "请传入先前调用返回的状态，或用 None 表示起点。",
        )
    return type(start)(*state)
