"""Many steps of the mLSTM at once: equal to `mlstm_step` one after another (Beck et al. 2024, appendix A.3).

No gate of the mLSTM reads the hidden state, so that its walk over time is a product of matrices, as attention is. Knows
one chunk and the state before it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from gatecast.nn.xlstm_cells import MLSTMState, MLSTMSums, unit


def mlstm_chunk(sums: MLSTMSums, start: MLSTMState | None) -> tuple[Tensor, MLSTMState]:
    """h before its output gate at all steps of a chunk (batch, time, hidden), and the state after it.

    start: the state before the chunk; None = nothing was written yet. With F_t = log f_1 + … + log f_t, what step s
    wrote weighs exp(F_t − F_s + ĩ_s) at step t ≥ s, and what was there before exp(F_t + m_0). So the stabiliser is

        m_t = F_t + max(m_0, max_{s ≤ t} (ĩ_s − F_s))

    and by it F_t leaves the weights: exp(ĩ_s − F_s − (m_t − F_t)).
    """
    q, k, v = (part.transpose(1, 2) for part in (sums.q, sums.k, sums.v))  # (batch, heads, time, width)
    kept = logsigmoid(sums.f).cumsum(1).transpose(1, 2)  # F: (batch, heads, time)
    wrote = sums.i.transpose(1, 2) - kept
    top = wrote.detach().cummax(-1).values  # h does not depend on m: nothing flows back by it
    if start is not None:
        top = torch.maximum(top, start.m.detach()[..., None])
    future = torch.full((q.shape[2], q.shape[2]), -math.inf, dtype=q.dtype, device=q.device).triu(1)
    weight = (wrote[..., None, :] - top[..., :, None]).add_(future).exp_()  # (batch, heads, t, s)
    read = weight * (q @ k.transpose(-1, -2))
    found, count = read @ v, read.sum(-1)
    if start is not None:
        first = torch.exp(start.m[..., None] - top)
        found = found + first[..., None] * (q @ start.c.transpose(-1, -2))
        count = count + first * (q @ start.n[..., None])[..., 0]
    h = found / torch.maximum(count.abs(), unit(kept + top))[..., None]
    return h.transpose(1, 2).flatten(2), _after(k, v, kept[..., -1], wrote, start)


def _after(k: Tensor, v: Tensor, kept: Tensor, wrote: Tensor, start: MLSTMState | None) -> MLSTMState:
    """The state after a chunk: its last weights on values and keys. kept: F of the last step."""
    top = wrote.amax(-1) if start is None else torch.maximum(wrote.amax(-1), start.m)
    weighted = torch.exp(wrote - top[..., None])[..., None] * k
    c, n = v.transpose(-1, -2) @ weighted, weighted.sum(-2)
    if start is not None:
        first = torch.exp(start.m - top)[..., None]
        c, n = c + first[..., None] * start.c, n + first * start.n
    return MLSTMState(c, n, kept + top)
