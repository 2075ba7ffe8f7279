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


def mlstm_chunk(sums: MLSTMSums, start: MLSTMState) -> tuple[Tensor, MLSTMState]:
    """h before its output gate at all steps of a chunk (batch, time, hidden), and the state after it.

    `mlstm_step` unrolled (appendix A.3, and a first state): what step s wrote weighs at step t

        D_ts = log f_{s+1} + … + log f_t + ĩ_s,     and the first state    log f_1 + … + log f_t + m_0
    """
    q, k, v = (part.transpose(1, 2) for part in (sums.q, sums.k, sums.v))  # (batch, heads, time, width)
    kept = logsigmoid(sums.f).cumsum(1).transpose(1, 2)  # log f_1 + … + log f_t: (batch, heads, time)
    future = torch.ones(kept.shape[-1], kept.shape[-1], dtype=torch.bool, device=q.device).triu(1)
    wrote = sums.i.transpose(1, 2) - kept
    weight = (kept[..., :, None] + wrote[..., None, :]).masked_fill(future, -math.inf)  # D: (batch, heads, t, s)
    first = kept + start.m[..., None]
    m = torch.maximum(weight.detach().amax(-1), first.detach())  # h does not depend on m: nothing flows back by it
    read = torch.exp(weight - m[..., None]) * (q @ k.transpose(-1, -2))
    first = torch.exp(first - m)
    found = read @ v + first[..., None] * (q @ start.c.transpose(-1, -2))
    count = read.sum(-1) + first * (q @ start.n[..., None])[..., 0]
    h = found / torch.maximum(count.abs(), unit(m))[..., None]
    return h.transpose(1, 2).flatten(2), _after(k, v, kept, wrote, start)


def _after(k: Tensor, v: Tensor, kept: Tensor, wrote: Tensor, start: MLSTMState) -> MLSTMState:
    """The state after a chunk: the last row of its weights, on values and keys."""
    weight = kept[..., -1:] + wrote  # (batch, heads, time)
    first = kept[..., -1] + start.m
    m = torch.maximum(weight.amax(-1), first)
    weight = torch.exp(weight - m[..., None])[..., None]
    first = torch.exp(first - m)[..., None]
    c = first[..., None] * start.c + (weight * v).transpose(-1, -2) @ k
    return MLSTMState(c, first * start.n + (weight * k).sum(-2), m)
