"""`LSTM`, `GRU` and `RNN`: stacks of recurrent layers over whole sequences, equal to torch.nn's of the same names.

Parameters have torch.nn's names, shapes and first values, so that state dicts interchange wherever all layers have one
width; a stack whose layers differ in width has the same names with each layer's own sizes. A module differs from
another only in its cell and its kernel; what they share stands in `gatecast.nn.stack`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gatecast.errors import OptionError
from gatecast.nn import options
from gatecast.nn.cells import Nonlinearity, Weights, gru_step, lstm_step, rnn_step
from gatecast.nn.stack import Stack
from gatecast.nn.state import Parts


class LSTM(Stack):
    """Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000), equal to torch.nn.LSTM."""

    parts = ("h", "c")
    gates = 4
    mode = "LSTM"
    in_half = False  # see `gatecast.nn.precision`

    def __init__(
        self,
        input_size: int,
        hidden_size: int | Sequence[int],
        num_layers: int | None = None,
        *,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        fused: bool = True,
    ) -> None:
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size, fused
        )

    def set_forget_bias(self, value: float) -> None:
        """Start every forget gate at this bias: the sum of its two (Gers et al. 2000; Jozefowicz et al. 2015).

        Raises: OptionError for a stack without biases.
        """
        if not self.bias:
            raise OptionError(
                "forget_bias needs a model with biases; leave forget_bias or bias = false out.",
                "forget_bias 需要带偏置的模型；请去掉 forget_bias 或 bias = false。",
            )
        for layer, width in enumerate(self.widths):
            for suffix in ("", "_reverse")[: self.directions]:
                for name, bias in (("bias_ih", value), ("bias_hh", 0.0)):
                    gates = getattr(self, f"{name}_l{layer}{suffix}").detach()  # i, f, g, o; the same memory
                    nn.init.constant_(gates[width : 2 * width], bias)

    def _step(self, x: Tensor, parts: Parts, weights: Weights, seen: Tensor) -> Parts:
        return lstm_step(x, seen, parts[1], weights)

    def _run(self, x: Tensor, groups: list[Parts]) -> tuple[Tensor, list[Parts]]:
        with self._precision(x) as half:
            y, ends = super()._run(x, groups)
        return (y.to(x.dtype), [tuple(part.to(x.dtype) for part in end) for end in ends]) if half else (y, ends)

    def _kernel(self, x: Tensor, parts: Parts, weights: list[Tensor], layers: int) -> tuple[Tensor, ...]:
        if x.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            x, weights = self._even(x, weights)
        return torch.lstm(x, parts, weights, self.bias, layers, 0.0, self.training, self.bidirectional, False)

    def _even(self, x: Tensor, weights: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """One zero more to read where their number is odd: bfloat16 goes in pairs, else a layer takes twice as long."""
        if x.shape[-1] % 2 == 0:
            return x, weights
        each = len(self._names[0])  # weights of a layer and direction, of which the first reads x
        readers = range(0, each * self.directions, each)
        return F.pad(x, (0, 1)), [F.pad(w, (0, 1)) if k in readers else w for k, w in enumerate(weights)]

    @contextmanager
    def _precision(self, x: Tensor) -> Iterator[bool]:
        """Whether the kernel multiplies in bfloat16 inside."""
        if self.proj_size:  # oneDNN's kernel knows no projection: torch takes its own, and says so once
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "LSTM with projections")
                yield False
        elif self.in_half and self.training and self._by_kernel and x.dtype == torch.float32 and x.device.type == "cpu":
            with torch.autocast("cpu", torch.bfloat16):
                yield True
        else:
            yield False


class GRU(Stack):
    """Gated recurrent unit (Cho et al. 2014, reset gate after the matrix product), equal to torch.nn.GRU."""

    gates = 3
    mode = "GRU"

    def __init__(
        self,
        input_size: int,
        hidden_size: int | Sequence[int],
        num_layers: int | None = None,
        *,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        fused: bool = True,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, fused)

    def _step(self, x: Tensor, parts: Parts, weights: Weights, seen: Tensor) -> Parts:
        return (gru_step(x, parts[0], weights, seen),)

    def _kernel(self, x: Tensor, parts: Parts, weights: list[Tensor], layers: int) -> tuple[Tensor, ...]:
        (h,) = parts
        return torch.gru(x, h, weights, self.bias, layers, 0.0, self.training, self.bidirectional, False)


class RNN(Stack):
    """Simple recurrent network (Elman 1990) with tanh or relu, equal to torch.nn.RNN."""

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int | Sequence[int],
        num_layers: int | None = None,
        *,
        nonlinearity: Nonlinearity = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        fused: bool = True,
    ) -> None:
        self.nonlinearity: Nonlinearity = options.choice("nonlinearity", nonlinearity, ("tanh", "relu"))
        self.mode = f"RNN_{nonlinearity.upper()}"
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, fused)

    def _step(self, x: Tensor, parts: Parts, weights: Weights, seen: Tensor) -> Parts:
        return (rnn_step(x, seen, weights, self.nonlinearity),)

    def _kernel(self, x: Tensor, parts: Parts, weights: list[Tensor], layers: int) -> tuple[Tensor, ...]:
        (h,) = parts
        kernel = torch.rnn_tanh if self.nonlinearity == "tanh" else torch.rnn_relu
        return kernel(x, h, weights, self.bias, layers, 0.0, self.training, self.bidirectional, False)
