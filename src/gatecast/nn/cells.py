"""One time step of the RNN, the GRU and the LSTM, written as their equations.

Pure functions: the state goes in and comes out. They know one step of one layer in one direction; walking over time,
layers and directions is the work of `gatecast.nn.recurrent`.

Notation: input `x_t`, hidden state `h_t`, cell state `c_t`; σ the logistic function, ⊙ the elementwise product.
In the shapes, `output` is the width of `h`: it is `hidden`, or the width of the projection where there is one.
Leading axes are free: (batch, inputs) and (inputs,) both work.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

Nonlinearity = Literal["tanh", "relu"]


class Weights(NamedTuple):
    """What one layer learns in one direction; the gates are stacked along the first axis, as in `torch.nn`.

    Gates: RNN 1; GRU 3 (r, z, n); LSTM 4 (i, f, g, o). weight_ih: (gates · hidden, inputs). weight_hh: (gates · hidden,
    output). bias_ih, bias_hh: (gates · hidden,) or None. weight_hr: (output, hidden), the LSTM's projection, or None.
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None
    weight_hr: Tensor | None = None


class GRUGates(NamedTuple):
    """reset, update: in 0…1; new: the candidate, in −1…1. Each (batch, hidden)."""

    reset: Tensor
    update: Tensor
    new: Tensor


class LSTMGates(NamedTuple):
    """input, forget, output: in 0…1; cell: the candidate, in −1…1. Each (batch, hidden)."""

    input: Tensor
    forget: Tensor
    cell: Tensor
    output: Tensor


def rnn_step(x: Tensor, h: Tensor, weights: Weights, nonlinearity: Nonlinearity = "tanh") -> Tensor:
    """h_t from x_t (batch, inputs) and h_{t−1} (batch, hidden).

    Elman 1990, "Finding structure in time", figure 2: the hidden units read the input and a copy of themselves.

        h_t = tanh(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh)          or relu in the place of tanh
    """
    squash = torch.tanh if nonlinearity == "tanh" else torch.relu
    return squash(linear(x, weights.weight_ih, weights.bias_ih) + linear(h, weights.weight_hh, weights.bias_hh))


def gru_gates(x: Tensor, h: Tensor, weights: Weights) -> GRUGates:
    """What the GRU's gates let pass at this step: equations 5, 6 and 8 of `gru_step`."""
    of_x = linear(x, weights.weight_ih, weights.bias_ih)  # (batch, 3 · hidden)
    of_h = linear(h, weights.weight_hh, weights.bias_hh)  # (batch, 3 · hidden)
    r_x, z_x, n_x = of_x.chunk(3, dim=-1)  # (batch, hidden) each
    r_h, z_h, n_h = of_h.chunk(3, dim=-1)  # (batch, hidden) each
    r = torch.sigmoid(r_x + r_h)  # 5
    z = torch.sigmoid(z_x + z_h)  # 6
    n = torch.tanh(n_x + r * n_h)  # 8
    return GRUGates(r, z, n)


def gru_step(x: Tensor, h: Tensor, weights: Weights, seen: Tensor | None = None) -> Tensor:
    """h_t from x_t (batch, inputs) and h_{t−1} (batch, hidden). seen: h_{t−1} as the gates read it; None = h_{t−1}.

    Cho et al. 2014, "Learning phrase representations using RNN encoder–decoder", in the order of its first version
    (arXiv 1406.1078v1), which is torch's: the reset gate acts after the matrix product. Numbers as in the paper:

        5   r_t = σ(W_ir x_t + b_ir + W_hr h_{t−1} + b_hr)               reset gate
        6   z_t = σ(W_iz x_t + b_iz + W_hz h_{t−1} + b_hz)               update gate
        8   n_t = tanh(W_in x_t + b_in + r_t ⊙ (W_hn h_{t−1} + b_hn))    candidate
        7   h_t = z_t ⊙ h_{t−1} + (1 − z_t) ⊙ n_t
    """
    _, z, n = gru_gates(x, h if seen is None else seen, weights)  # 5, 6, 8
    return z * h + (1 - z) * n  # 7


def lstm_gates(x: Tensor, h: Tensor, weights: Weights) -> LSTMGates:
    """What the LSTM's gates let pass at this step: equations 7, 8, 9 (its candidate) and 10 of `lstm_step`."""
    return squashed(linear(x, weights.weight_ih, weights.bias_ih) + linear(h, weights.weight_hh, weights.bias_hh))


def squashed(sums: Tensor) -> LSTMGates:
    """The LSTM's gates from what is summed in each: (batch, 4 · hidden)."""
    i, f, g, o = sums.chunk(4, dim=-1)  # (batch, hidden) each
    return LSTMGates(torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o))


def lstm_step(x: Tensor, h: Tensor, c: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
    """(h_t, c_t) from x_t (batch, inputs), h_{t−1} (batch, output) and c_{t−1} (batch, hidden).

    Hochreiter & Schmidhuber 1997, "Long short-term memory", section 4; the forget gate is from Gers, Schmidhuber &
    Cummins 2000, "Learning to forget", section 3. Numbers as in Graves 2013, "Generating sequences with recurrent
    neural networks", without its peepholes:

        7    i_t = σ(W_ii x_t + b_ii + W_hi h_{t−1} + b_hi)       input gate: how much of the candidate is written
        8    f_t = σ(W_if x_t + b_if + W_hf h_{t−1} + b_hf)       forget gate: how much of the cell state is kept
             g_t = tanh(W_ig x_t + b_ig + W_hg h_{t−1} + b_hg)    candidate, the tanh within equation 9
        9    c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t                      cell state
        10   o_t = σ(W_io x_t + b_io + W_ho h_{t−1} + b_ho)       output gate: how much of the cell state is shown
        11   h_t = o_t ⊙ tanh(c_t)                                hidden state

    With a projection, h_t is then W_hr h_t: Sak, Senior & Beaufays 2014 (arXiv 1402.1128), equation 12.
    """
    i, f, g, o = lstm_gates(x, h, weights)  # 7, 8, 10: (batch, hidden) each
    c = f * c + i * g  # 9: (batch, hidden)
    h = o * torch.tanh(c)  # 11: (batch, hidden)
    if weights.weight_hr is not None:
        h = linear(h, weights.weight_hr)  # 12: (batch, output)
    return h, c
