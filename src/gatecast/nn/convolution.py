"""`CausalConvolution`: a convolution over time that looks back only, and goes on where it stopped. Knows no models.

y_t = max over the newest `pool` of W * x_{t − width + 1 … t} + b
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gatecast.errors import DataError
from gatecast.nn import options


class CausalConvolution(nn.Module):
    """x (batch, time, inputs) → y (batch, time, filters), and the inputs that the next steps will look back at.

    width: steps that a filter reads, its own the last. pool: newest outputs of which the largest counts, 1 = none;
    its stride is one step, so that every step keeps an output of its own. state: (batch, width + pool − 2, inputs),
    the inputs before x; None = zeros.

    Raises: OptionError for a value that cannot be used, DataError for a state that is not of this form.
    """

    def __init__(self, inputs: int, filters: int, width: int, pool: int = 1) -> None:
        super().__init__()
        self.pool = options.whole("pool", pool, 1)
        self.width = options.whole("width", width, 1)
        self.filters = nn.Linear(inputs * width, options.whole("filters", filters, 1))
        self.back = width + pool - 2

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        past = x.new_zeros(len(x), self.back, x.shape[2]) if state is None else self._checked(state, x)
        full = torch.cat([past, x], dim=1)  # (batch, back + time, inputs)
        seen = full.unfold(1, self.width, 1).flatten(2)  # (batch, pool − 1 + time, inputs · width)
        y = self.filters(seen)  # one product, on a CPU several times as fast as torch's convolution
        if self.pool > 1:
            y = F.max_pool1d(y.transpose(1, 2), self.pool, stride=1).transpose(1, 2)
        return y, full[:, full.shape[1] - self.back :]

    def _checked(self, state: Tensor, x: Tensor) -> Tensor:
        wanted = (len(x), self.back, x.shape[2])
        if not isinstance(state, Tensor) or state.shape != wanted:
            got = tuple(state.shape) if isinstance(state, Tensor) else type(state).__name__
            raise DataError(
                f"the state of a convolution must be (batch, steps before, inputs) = {wanted}, got {got}; pass the "
                "state that an earlier call returned, or None for zeros.",
                f"卷积的状态应为（批, 之前的步数, 输入）= {wanted}，得到 {got}；"
                "请传入先前调用返回的状态，或用 None 表示全零。",
            )
        return state
