"""`CausalAttention`: each step weighs the hidden states up to its own. Knows nothing of what made them.

Global attention with the "general" score (Luong, Pham & Manning 2015), over the own past instead of an encoder's
states. Scores are divided by √width (Vaswani et al. 2017, eq. 1), so that wide layers do not start by seeing one step.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class CausalAttention(nn.Module):
    """h (batch, time, width) → y of the same shape, and the hidden states that later steps will look back at.

    score(h_t, h_s) = h_tᵀ W_a h_s / √width           eq. 8, for s ≤ t
    α_t = softmax over s of score(h_t, h_s)           eq. 7
    y_t = tanh(W_c [Σ_s α_ts h_s ; h_t])              eq. 5

    past: (batch, steps before, width), None = none. It grows with every step that is handed on.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, width, bias=False)
        self.merge = nn.Linear(2 * width, width, bias=False)

    def forward(self, h: Tensor, past: Tensor | None = None) -> tuple[Tensor, Tensor]:
        memory = h if past is None else torch.cat([past, h], dim=1)  # (batch, before + time, width)
        context = F.scaled_dot_product_attention(self.score(h), memory, memory, attn_mask=_seen(h, memory))
        return torch.tanh(self.merge(torch.cat([context, h], dim=-1))), memory

    def weights(self, h: Tensor, past: Tensor | None = None) -> Tensor:
        """How much each step looks at every step: (batch, time, before + time), rows sum to one."""
        memory = h if past is None else torch.cat([past, h], dim=1)
        scores = self.score(h) @ memory.transpose(1, 2) / h.shape[2] ** 0.5
        return scores.masked_fill(~_seen(h, memory), -torch.inf).softmax(-1)


def _seen(h: Tensor, memory: Tensor) -> Tensor:
    """Which states each step may look at: (time, before + time)."""
    time, length = h.shape[1], memory.shape[1]
    return torch.ones(time, length, dtype=torch.bool, device=h.device).tril(length - time)
