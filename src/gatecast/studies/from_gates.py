"""An LSTM written from its four gates, as a layer (study 5). Knows one layer; `gatecast.nn` has the fast ones.

`hears=False` is the study's mistake, kept for the comparison: its gates never read the hidden state.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gatecast.nn.cells import Weights, lstm_step


class GateLSTM(nn.Module):
    """x (batch, time, inputs) → h of every step (batch, time, hidden), and the last (h, c).

    Parameters have torch.nn.LSTM's names, shapes and first values: uniform in ±1/√hidden.
    """

    weight_ih_l0: nn.Parameter
    weight_hh_l0: nn.Parameter
    bias_ih_l0: nn.Parameter
    bias_hh_l0: nn.Parameter

    def __init__(self, inputs: int, hidden: int, *, hears: bool = True) -> None:
        super().__init__()
        self.output_size, self.hears = hidden, hears
        reach = hidden**-0.5
        for name, shape in (
            ("weight_ih_l0", (4 * hidden, inputs)),
            ("weight_hh_l0", (4 * hidden, hidden)),
            ("bias_ih_l0", (4 * hidden,)),
            ("bias_hh_l0", (4 * hidden,)),
        ):
            self.register_parameter(name, nn.Parameter(torch.empty(shape).uniform_(-reach, reach)))

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        weights = Weights(self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0)
        h, c = state or (x.new_zeros(len(x), self.output_size),) * 2  # each (batch, hidden)
        steps = []
        for x_t in x.unbind(1):  # (batch, inputs)
            heard = h if self.hears else torch.zeros_like(h)
            h, c = lstm_step(x_t, heard, c, weights)
            steps.append(h)
        return torch.stack(steps, 1), (h, c)
