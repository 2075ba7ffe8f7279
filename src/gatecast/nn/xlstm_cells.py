"""One time step of the sLSTM and of the mLSTM, written as their equations (Beck et al. 2024, arXiv 2405.04517).

Both replace the input gate's σ by an exponential, so that what comes later can outweigh whatever was stored before; a
normaliser n keeps count of the weights given, and a stabiliser m, the logarithm of the largest of them, keeps the
exponentials in range. Stored are c·exp(−m) and n·exp(−m), so that no output depends on m. Pure functions: the state
goes in and comes out. They know one step; walking over time is the work of `gatecast.nn.xlstm`.

Notation: input `x_t`, hidden state `h_t`; σ the logistic function, ⊙ the elementwise product; a tilde marks a sum
before its nonlinearity. `width` is that of one head; heads do not see one another.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear, logsigmoid

_LOWEST = -80.0  # exp(80) is still finite in float32


class SLSTMWeights(NamedTuple):
    """What an sLSTM learns. Rows are heads, and in each head the gates z, i, f, o.

    weight_ih: (heads · 4 · width, inputs). weight_hh: (heads, 4 · width, width). bias: (heads · 4 · width,).
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor


class SLSTMState(NamedTuple):
    """h: hidden state. c: cell state. n: normaliser. m: stabiliser, −∞ before the first step. Each (batch, hidden)."""

    h: Tensor
    c: Tensor
    n: Tensor
    m: Tensor


class MLSTMWeights(NamedTuple):
    """What an mLSTM learns. Rows are q, k, v, o of `hidden` each, then i, f of one a head.

    weight: (4 · hidden + 2 · heads, inputs). bias: (4 · hidden + 2 · heads,).
    """

    weight: Tensor
    bias: Tensor


class MLSTMState(NamedTuple):
    """c: memory, (batch, heads, width, width), value × key. n: normaliser, (batch, heads, width).

    m: stabiliser, (batch, heads), −∞ before the first step.
    """

    c: Tensor
    n: Tensor
    m: Tensor


class MLSTMSums(NamedTuple):
    """What an mLSTM computes of its input alone. q, k, v: (…, heads, width). o, i, f: before their nonlinearities;
    o (…, hidden), i and f (…, heads)."""

    q: Tensor
    k: Tensor
    v: Tensor
    o: Tensor
    i: Tensor
    f: Tensor


def slstm_step(x: Tensor, state: SLSTMState, weights: SLSTMWeights, seen: Tensor | None = None) -> SLSTMState:
    """The state after x_t (batch, inputs). seen: h_{t−1} as the gates see it, thinned out by dropout; None = h_{t−1}.

    Section 2.2 with its numbers; the forget gate is σ, one of the two that equation 13 allows:

        11   z_t = tanh(W_z x_t + R_z h_{t−1} + b_z)                 cell input
        12   i_t = exp(ĩ_t),   ĩ_t = W_i x_t + R_i h_{t−1} + b_i     input gate
        13   f_t = σ(W_f x_t + R_f h_{t−1} + b_f)                    forget gate
        14   o_t = σ(W_o x_t + R_o h_{t−1} + b_o)                    output gate
        15   m_t = max(log f_t + m_{t−1}, ĩ_t)                       stabiliser
        16   i′_t = exp(ĩ_t − m_t)
        17   f′_t = exp(log f_t + m_{t−1} − m_t)
        8    c_t = f′_t ⊙ c_{t−1} + i′_t ⊙ z_t                       cell state
        9    n_t = f′_t ⊙ n_{t−1} + i′_t                             normaliser
        10   h_t = o_t ⊙ c_t / n_t                                   hidden state
    """
    heads, _, width = weights.weight_hh.shape
    of_x = linear(x, weights.weight_ih, weights.bias).unflatten(-1, (heads, -1))  # (batch, heads, 4 · width)
    h = (state.h if seen is None else seen).unflatten(-1, (heads, width))
    of_h = torch.einsum("hgw,bhw->bhg", weights.weight_hh, h)  # R is block-diagonal: a block a head
    z, i, f, o = (gate.flatten(-2) for gate in (of_x + of_h).chunk(4, dim=-1))  # (batch, hidden) each
    log_f = logsigmoid(f)
    m = torch.maximum(log_f + state.m, i)  # 15
    i = torch.exp(i - m)  # 16
    f = torch.exp(log_f + state.m - m)  # 17
    c = f * state.c + i * torch.tanh(z)  # 8, 11
    n = f * state.n + i  # 9
    h = torch.sigmoid(o) * c / n  # 10, 14
    return SLSTMState(h, c, n, m)


def mlstm_sums(x: Tensor, heads: int, weights: MLSTMWeights) -> MLSTMSums:
    """Equations 22 to 27 of `mlstm_step` without their nonlinearities: x (…, inputs), any number of steps at once."""
    hidden = (len(weights.bias) - 2 * heads) // 4
    q, k, v, o, i, f = linear(x, weights.weight, weights.bias).split([hidden] * 4 + [heads] * 2, dim=-1)
    q, k, v = (part.unflatten(-1, (heads, -1)) for part in (q, k, v))
    return MLSTMSums(q, k / math.sqrt(k.shape[-1]), v, o, i, f)


def unit(m: Tensor) -> Tensor:
    """What 1 is before stabilisation: exp(−m), bounded to stay finite. Beyond it the output is 0 to every digit."""
    return torch.exp(-m.clamp(min=_LOWEST))


def mlstm_step(x: Tensor, state: MLSTMState, weights: MLSTMWeights) -> tuple[Tensor, MLSTMState]:
    """(h_t, the state after it) from x_t (batch, inputs); h_t (batch, hidden).

    Section 2.3 with its numbers, stabilised by 15, 16 and 17 of `slstm_step` with one number a head; d is the width:

        22   q_t = W_q x_t + b_q                                     query
        23   k_t = (W_k x_t + b_k) / √d                              key
        24   v_t = W_v x_t + b_v                                     value
        25   i_t = exp(w_i x_t + b_i)                                input gate
        26   f_t = σ(w_f x_t + b_f)                                  forget gate
        27   o_t = σ(W_o x_t + b_o)                                  output gate
        19   C_t = f′_t C_{t−1} + i′_t v_t k_tᵀ                      cell state: the covariance update
        20   n_t = f′_t n_{t−1} + i′_t k_t                           normaliser
        21   h_t = o_t ⊙ C_t q_t / max(|n_tᵀ q_t|, exp(−m_t))        hidden state; exp(−m) is 1 before stabilisation
    """
    q, k, v, o, i, f = mlstm_sums(x, state.m.shape[-1], weights)  # 22, 23, 24
    log_f = logsigmoid(f)  # (batch, heads)
    m = torch.maximum(log_f + state.m, i)  # 15
    i = torch.exp(i - m)[..., None]  # 16
    f = torch.exp(log_f + state.m - m)[..., None]  # 17
    c = f[..., None] * state.c + (i * v)[..., None] * k[..., None, :]  # 19: (batch, heads, width, width)
    n = f * state.n + i * k  # 20: (batch, heads, width)
    found = torch.einsum("bhvk,bhk->bhv", c, q)
    count = torch.einsum("bhk,bhk->bh", n, q).abs()
    h = torch.sigmoid(o) * (found / torch.maximum(count, unit(m))[..., None]).flatten(-2)  # 21, 27
    return h, MLSTMState(c, n, m)
