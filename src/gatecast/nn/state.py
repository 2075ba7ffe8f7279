"""The state of a recurrent stack: its shapes, its start at zero, its check at the border, its way in and out.

Knows what a state looks like; knows nothing of cells or weights. Inside, a state is a list of groups of layers, each
group a tuple of parts, (h,) or (h, c), of shape (layers · directions, batch, width). Outside it looks as in `torch.nn`:

    layers of equal width      one group: `h` (GRU, RNN) or `(h, c)` (LSTM)
    layers of different width  a group for each layer: a tuple with one such `h` or `(h, c)` a layer

Unbatched input has a state without the batch axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gatecast.errors import DataError

Parts = tuple[Tensor, ...]
State = Any  # h, (h, c), or a tuple of one of them for each layer


@dataclass(frozen=True)
class StateForm:
    """What the state of one stack looks like.

    parts: names of the tensors of a group, ("h",) or ("h", "c"). groups: (rows, *width of each part) of every group,
    rows = layers · directions. joined: one group stands for all layers.
    """

    parts: tuple[str, ...]
    groups: tuple[tuple[int, ...], ...]
    joined: bool

    def zeros(self, x: Tensor) -> list[Parts]:
        """The state before the first step, for x (time, batch, inputs)."""
        batch = x.shape[1]
        return [
            tuple(torch.zeros(rows, batch, width, dtype=x.dtype, device=x.device) for width in widths)
            for rows, *widths in self.groups
        ]

    def unpack(self, state: State, x: Tensor, batched: bool) -> list[Parts]:
        """The groups of a state that was given together with x (time, batch, inputs).

        Raises: DataError if a part is missing or its axes or sizes are not those of this stack and of x.
        """
        groups = (state,) if self.joined else state
        if not isinstance(groups, tuple | list) or len(groups) != len(self.groups):
            raise self._not_of_this_form(state)
        unpacked: list[Parts] = []
        for k, (group, (rows, *widths)) in enumerate(zip(groups, self.groups, strict=True)):
            parts = (group,) if len(self.parts) == 1 else group
            if not isinstance(parts, tuple | list) or len(parts) != len(self.parts):
                raise self._not_of_this_form(state)
            for name, part, width in zip(self.parts, parts, widths, strict=True):
                if not isinstance(part, Tensor):
                    raise self._not_of_this_form(state)
                _check_part(name if self.joined else f"{name} of layer {k}", part, rows, width, x, batched)
            unpacked.append(tuple(parts) if batched else tuple(part.unsqueeze(1) for part in parts))
        return unpacked

    def pack(self, groups: list[Parts], batched: bool) -> State:
        """The state as it goes out."""
        if not batched:
            groups = [tuple(part.squeeze(1) for part in parts) for parts in groups]
        public = tuple(parts if len(self.parts) > 1 else parts[0] for parts in groups)
        return public[0] if self.joined else public

    def _not_of_this_form(self, state: State) -> DataError:
        one = self.parts[0] if len(self.parts) == 1 else f"({', '.join(self.parts)})"
        layers = len(self.groups)
        wanted = f"{one} of tensors" if self.joined else f"a tuple of {layers} layers, each {one} of tensors"
        wanted_chinese = f"张量 {one}" if self.joined else f"{layers} 层的元组，每层为张量 {one}"
        got = f"{type(state).__name__}" + (f" of {len(state)}" if isinstance(state, tuple | list) else "")
        return DataError(
            f"the state must be {wanted}, got {got}; pass the state that an earlier call returned, or None for zeros.",
            f"状态必须是{wanted_chinese}，得到的是 {got}；请传入先前调用返回的状态，或用 None 表示全零。",
        )


def _check_part(name: str, part: Tensor, rows: int, width: int, x: Tensor, batched: bool) -> None:
    wanted = (rows, x.shape[1], width) if batched else (rows, width)
    if part.shape != wanted:
        axes = "(layers · directions, batch, width)" if batched else "(layers · directions, width)"
        axes_chinese = "（层数 × 方向数, 批, 宽度）" if batched else "（层数 × 方向数, 宽度）"
        got = tuple(part.shape)
        raise DataError(
            f"state {name} must be {axes} = {wanted}, got {got}; batch as in x, width as in the layers.",
            f"状态 {name} 必须是{axes_chinese}= {wanted}，得到 {got}；批大小与 x 相同，宽度与各层相同。",
        )
    if (part.dtype != x.dtype or part.device != x.device) and not torch.is_autocast_enabled(x.device.type):
        raise DataError(
            f"state {name} is {part.dtype} on {part.device} but x is {x.dtype} on {x.device}; do state.to(x).",
            f"状态 {name} 为 {part.dtype}（{part.device}），而 x 为 {x.dtype}（{x.device}）；请用 state.to(x) 转换。",
        )
