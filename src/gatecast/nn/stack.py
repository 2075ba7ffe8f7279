"""`Stack`, the walk over time, layers and directions that every recurrent module shares.

The equations of a step stand in `gatecast.nn.cells`, the modules for use in `gatecast.nn.recurrent`. There are two
paths with equal results: the textbook path calls a cell step by step, the fused path hands the same parameters to
torch's own kernel. Knows neither data nor training, and keeps no state: it goes in and comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from gatecast.errors import DataError
from gatecast.nn import options
from gatecast.nn.cells import Weights
from gatecast.nn.dropout import Dropout
from gatecast.nn.packed import run_packed
from gatecast.nn.state import Parts, State, StateForm


class Stack(nn.Module):
    """What `LSTM`, `GRU` and `RNN` share.

    input_size: variables of the input. hidden_size: the width of every layer, or a sequence with one width a layer.
    num_layers: how many layers; None = one for each width. bias: whether sums have biases. batch_first: axes are
    (batch, time, …) rather than (time, batch, …); states keep torch's order. dropout: probability with which an element
    between two layers is zeroed in training. bidirectional: a second walk from the end to the start, not causal.
    proj_size: width that the hidden state is projected to, 0 = none (LSTM only). fused: take torch's kernel, else the
    textbook path.

    Raises: OptionError for a value that cannot be used.
    """

    parts: tuple[str, ...] = ("h",)  # of the state
    gates: int
    mode: str  # cuDNN's name of the cell

    def __init__(
        self,
        input_size: int,
        hidden_size: int | Sequence[int],
        num_layers: int | None,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        proj_size: int,
        fused: bool,
    ) -> None:
        super().__init__()
        self.input_size = options.whole("input_size", input_size, 1)
        self.widths = options.widths(hidden_size, num_layers)
        self.num_layers = len(self.widths)
        self.equal = len(set(self.widths)) == 1
        self.hidden_size = self.widths[0] if self.equal else self.widths
        self.bias = options.flag("bias", bias)
        self.batch_first = options.flag("batch_first", batch_first)
        self.dropout = options.probability("dropout", dropout)
        self.between = Dropout(self.dropout)
        self.hidden_dropout = Dropout(0.0)
        self.bidirectional = options.flag("bidirectional", bidirectional)
        self.proj_size = options.projection("proj_size", proj_size, min(self.widths))
        self.fused = options.flag("fused", fused)
        self.directions = 2 if self.bidirectional else 1
        self._names = tuple(self._add_weights())
        self._form = self._state_form()
        self.reset_parameters()
        self.flatten_parameters()

    @property
    def output_size(self) -> int:
        """Width of y: the last layer's width or projection, times the directions."""
        return (self.proj_size or self.widths[-1]) * self.directions

    def forward(self, x: Tensor | PackedSequence, state: State = None) -> tuple[Any, State]:
        """All steps of x from `state` (None = zeros): the last layer's hidden states, and the state after them.

        x: (batch, time, inputs) if batch_first, else (time, batch, inputs); unbatched (time, inputs); or sequences of
        different lengths, packed. y: the same axes with `output_size` in the place of inputs, packed if x is. state:
        see `gatecast.nn.state`.

        Raises: DataError for axes, sizes, types or devices that do not fit.
        """
        if isinstance(x, PackedSequence):
            self._check_input(x.data, self._layer_weights(0, 1)[0])
            return run_packed(self._run, self._form, x, state)
        self._check_input(x, self._layer_weights(0, 1)[0])
        batched = x.dim() == 3
        if not batched:
            x = x.unsqueeze(1)  # (time, 1, inputs)
        elif self.batch_first:
            x = x.transpose(0, 1)  # (time, batch, inputs)
        y, groups = self._run(x, self._form.zeros(x) if state is None else self._form.unpack(state, x, batched))
        if not batched:
            y = y.squeeze(1)  # (time, output)
        elif self.batch_first:
            y = y.transpose(0, 1)  # (batch, time, output)
        return y, self._form.pack(groups, batched)

    def _run(self, x: Tensor, groups: list[Parts]) -> tuple[Tensor, list[Parts]]:
        """All layers over x (time, batch, inputs)."""
        if not self._by_kernel or not self._in_one_call:
            return self._layer_by_layer(x, groups)
        y, *parts = self._kernel(x, groups[0], self._layer_weights(0, self.num_layers), self.num_layers)
        return y, [tuple(parts)]

    def reset_parameters(self) -> None:
        """Uniform in ±1/√hidden of the layer, drawn from torch's global stream in torch.nn's order."""
        for layer, width in enumerate(self.widths):
            for weight in self._layer_weights(layer, layer + 1):
                nn.init.uniform_(weight, -(width**-0.5), width**-0.5)

    def flatten_parameters(self) -> None:
        """Lay out the weights of each kernel call as the one block that cuDNN wants; nothing on other devices."""
        spans = [(0, self.num_layers)] if self._in_one_call else [(k, k + 1) for k in range(self.num_layers)]
        for start, end in spans:
            weights = self._layer_weights(start, end)
            if not all(torch.backends.cudnn.is_acceptable(w) and w.dtype == weights[0].dtype for w in weights):
                continue
            if len({w.data_ptr() for w in weights}) < len(weights):
                continue  # tied weights must stay tied
            from torch.backends.cudnn import rnn

            with torch.cuda.device_of(weights[0]), torch.no_grad():
                torch._cudnn_rnn_flatten_weight(  # pyright: ignore[reportPrivateImportUsage]
                    weights,
                    len(self._names[0]),
                    self._input_width(start),
                    cast(int, rnn.get_cudnn_mode(self.mode)),
                    self.widths[start],
                    self.proj_size,
                    end - start,
                    False,
                    self.bidirectional,
                )

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """The parameters of each layer and direction, as in `torch.nn`."""
        return [[getattr(self, name) for name in names.values()] for names in self._names]

    def drop_hidden(self, probability: float) -> None:
        """Thin out h between time steps in training, by one mask a sequence (Gal & Ghahramani 2016, section 4).

        What the gates read is thinned out; what a GRU keeps is not. The kernel cannot do it: such a training takes the
        textbook path, step by step.
        """
        self.hidden_dropout = Dropout(probability)

    def cell_weights(self, layer: int, direction: int = 0) -> Weights:
        """What one layer learns in one direction (1 = backwards), as the equations of its cell take it."""
        names = self._names[layer * self.directions + direction]
        return Weights(**{role: getattr(self, name) for role, name in names.items()})

    def matrices(self) -> Iterator[tuple[str, Tensor]]:
        """("input" | "recurrent", the matrix) of each gate, layer and direction: what is initialised by itself."""
        for names in self._names:
            weights = {role: getattr(self, name) for role, name in names.items()}
            yield from (("input", gate) for gate in weights["weight_ih"].chunk(self.gates))
            yield from (("recurrent", gate) for gate in weights["weight_hh"].chunk(self.gates))
            if self.proj_size:
                yield "input", weights["weight_hr"]

    def extra_repr(self) -> str:
        options = ("num_layers", "bias", "batch_first", "dropout", "bidirectional", "proj_size", "fused")
        return ", ".join(
            [f"{self.input_size}, {self.hidden_size}"] + [f"{name}={getattr(self, name)}" for name in options]
        )

    @property
    def _by_kernel(self) -> bool:
        return self.fused and not self.hidden_dropout.active

    @property
    def _in_one_call(self) -> bool:
        """Whether one kernel call takes all layers; with dropout none does: the kernel's own has no stream of ours."""
        return self.equal and (self.num_layers == 1 or not self.dropout)

    def _step(self, x: Tensor, parts: Parts, weights: Weights, seen: Tensor) -> Parts:
        """One step of the cell. seen: h as the gates read it, thinned out where there is dropout between steps."""
        raise NotImplementedError

    def _kernel(self, x: Tensor, parts: Parts, weights: list[Tensor], layers: int) -> tuple[Tensor, ...]:
        """torch's kernel over `layers` layers: x (time, batch, inputs) → y, then the parts of the last state."""
        raise NotImplementedError

    def _layer_by_layer(self, x: Tensor, groups: list[Parts]) -> tuple[Tensor, list[Parts]]:
        starts = _split(groups[0], self.directions) if self.equal else groups
        ends: list[Parts] = []
        for layer, start in enumerate(starts):
            if layer:
                x = self.between(x)  # (time, batch, layer's inputs)
            if self._by_kernel:
                x, *end = self._kernel(x, start, self._layer_weights(layer, layer + 1), 1)
            else:
                x, *end = self._textbook(x, start, layer)
            ends.append(tuple(end))
        return x, [_join(ends)] if self.equal else ends

    def _textbook(self, x: Tensor, start: Parts, layer: int) -> tuple[Tensor, ...]:
        """One layer by its cell's equations: y (time, batch, output), then the parts of the last state."""
        sequences, ends = [], []
        for direction in range(self.directions):
            backwards = direction == 1
            weights = self.cell_weights(layer, direction)
            state = tuple(part[direction] for part in start)  # (batch, width) each
            mask = self.hidden_dropout(torch.ones_like(state[0])) if self.hidden_dropout.active else None
            hidden: list[Tensor] = []
            for x_t in x.flip(0) if backwards else x:  # (batch, layer's inputs)
                state = self._step(x_t, state, weights, state[0] if mask is None else state[0] * mask)
                hidden.append(state[0])
            sequence = torch.stack(hidden)  # (time, batch, output)
            sequences.append(sequence.flip(0) if backwards else sequence)
            ends.append(state)
        return torch.cat(sequences, dim=-1), *(torch.stack(parts) for parts in zip(*ends, strict=True))

    def _input_width(self, layer: int) -> int:
        return self.input_size if layer == 0 else (self.proj_size or self.widths[layer - 1]) * self.directions

    def _state_form(self) -> StateForm:
        rows = self.num_layers * self.directions if self.equal else self.directions
        widths = self.widths[:1] if self.equal else self.widths
        parts = len(self.parts)
        groups = tuple((rows, *(self.proj_size or width, width)[:parts]) for width in widths)
        return StateForm(self.parts, groups, joined=self.equal)

    def _add_weights(self) -> Iterator[dict[str, str]]:
        """Makes the parameters; yields their names, keyed by the field of `Weights`, for each layer and direction."""
        for layer, width in enumerate(self.widths):
            output, stacked = self.proj_size or width, self.gates * width
            shapes: dict[str, tuple[int, ...]] = {
                "weight_ih": (stacked, self._input_width(layer)),
                "weight_hh": (stacked, output),
            }
            if self.bias:
                shapes |= {"bias_ih": (stacked,), "bias_hh": (stacked,)}
            if self.proj_size:
                shapes["weight_hr"] = (output, width)
            for suffix in ("", "_reverse")[: self.directions]:
                names = {role: f"{role}_l{layer}{suffix}" for role in shapes}
                for role, name in names.items():
                    self.register_parameter(name, nn.Parameter(torch.empty(shapes[role])))
                yield names

    def _layer_weights(self, start: int, end: int) -> list[Tensor]:
        """The weights of layers start…end−1 in the order that torch's kernel reads them."""
        rows = self._names[start * self.directions : end * self.directions]
        return [getattr(self, name) for names in rows for name in names.values()]

    def _check_input(self, x: Tensor, weight: Tensor) -> None:
        axes = "(batch, time, inputs)" if self.batch_first else "(time, batch, inputs)"
        if not isinstance(x, Tensor):
            kind = type(x).__name__
            raise DataError(
                f"x must be a torch tensor {axes}, got {kind}; do torch.as_tensor(x).",
                f"x 必须是 torch 张量 {axes}，得到 {kind}；请用 torch.as_tensor(x) 转换。",
            )
        if x.dim() not in (2, 3):
            raise DataError(
                f"x must be {axes}, or (time, inputs) for one sequence, got {x.dim()} axes: {tuple(x.shape)}.",
                f"x 必须是 {axes}，单个序列为 (time, inputs)，得到 {x.dim()} 个轴：{tuple(x.shape)}。",
            )
        if x.shape[-1] != self.input_size:
            raise DataError(
                f"the inputs axis of x must be {self.input_size} (input_size), got {x.shape[-1]}; "
                f"x {axes if x.dim() == 3 else '(time, inputs)'} is {tuple(x.shape)}.",
                f"x 的 inputs 轴必须是 {self.input_size}（input_size），得到 {x.shape[-1]}；"
                f"x {axes if x.dim() == 3 else '(time, inputs)'} 为 {tuple(x.shape)}。",
            )
        if x.shape[1 if x.dim() == 3 and self.batch_first else 0] == 0:
            raise DataError(
                f"the time axis of x must be at least 1, got 0: {tuple(x.shape)}.",
                f"x 的 time 轴至少为 1，得到 0：{tuple(x.shape)}。",
            )
        unlike = x.dtype != weight.dtype or x.device != weight.device
        if unlike and not torch.is_autocast_enabled(x.device.type):
            raise DataError(
                f"x is {x.dtype} on {x.device} but the weights are {weight.dtype} on {weight.device}; "
                "move one of them with .to(…).",
                f"x 为 {x.device} 上的 {x.dtype}，而权重为 {weight.device} 上的 {weight.dtype}；请用 .to(…) 转换其一。",
            )

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Stack:
        super()._apply(fn, recurse)
        self.flatten_parameters()  # the weights may have come to a GPU one by one
        return self

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.flatten_parameters()  # a copy has copied its weights one by one


def _split(parts: Parts, rows: int) -> list[Parts]:
    """The state of all layers → one of each layer, `rows` rows each."""
    return list(zip(*(part.split(rows) for part in parts), strict=True))


def _join(layers: list[Parts]) -> Parts:
    """The states of the layers → one of all layers."""
    return tuple(torch.cat(parts) for parts in zip(*layers, strict=True))
