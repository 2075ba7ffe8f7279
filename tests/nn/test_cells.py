"""The equations of one step, against torch.nn's cells and against sums written out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from gatecast.nn.cells import Weights, gru_gates, gru_step, lstm_gates, lstm_step, rnn_step

BATCH, INPUTS, HIDDEN = 5, 3, 4


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


@pytest.fixture(autouse=True)
def _own_stream():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        yield


def weights_of(cell: nn.RNNCellBase) -> Weights:
    return Weights(cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_rnn_step_is_torchs(nonlinearity, bias):
    cell = nn.RNNCell(INPUTS, HIDDEN, bias=bias, nonlinearity=nonlinearity).double()
    x, h = draw(BATCH, INPUTS), draw(BATCH, HIDDEN)
    torch.testing.assert_close(rnn_step(x, h, weights_of(cell), nonlinearity), cell(x, h), rtol=0, atol=1e-14)


@pytest.mark.parametrize("bias", [True, False])
def test_gru_step_is_torchs(bias):
    cell = nn.GRUCell(INPUTS, HIDDEN, bias=bias).double()
    x, h = draw(BATCH, INPUTS), draw(BATCH, HIDDEN)
    torch.testing.assert_close(gru_step(x, h, weights_of(cell)), cell(x, h), rtol=0, atol=1e-14)


@pytest.mark.parametrize("bias", [True, False])
def test_lstm_step_is_torchs(bias):
    cell = nn.LSTMCell(INPUTS, HIDDEN, bias=bias).double()
    x, h, c = draw(BATCH, INPUTS), draw(BATCH, HIDDEN), draw(BATCH, HIDDEN)
    torch.testing.assert_close(lstm_step(x, h, c, weights_of(cell)), cell(x, (h, c)), rtol=0, atol=1e-14)


def test_lstm_step_by_hand():
    """One input, one unit, with each gate's weights told apart."""

    def sigmoid(z: float) -> float:
        return 1 / (1 + math.exp(-z))

    x, h, c = 0.5, -0.3, 0.8
    w_ih, w_hh, b_ih, b_hh = [0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8], [0.9, 1.0, 1.1, 1.2], [-0.1, -0.2, -0.3, -0.4]
    sums = [a * x + b + r * h + s for a, b, r, s in zip(w_ih, b_ih, w_hh, b_hh, strict=True)]
    i, f, g, o = sigmoid(sums[0]), sigmoid(sums[1]), math.tanh(sums[2]), sigmoid(sums[3])
    c_new = f * c + i * g
    h_new = o * math.tanh(c_new)

    column = [torch.tensor(values, dtype=torch.float64)[:, None] for values in (w_ih, w_hh)]
    weights = Weights(*column, *(torch.tensor(values, dtype=torch.float64) for values in (b_ih, b_hh)))
    x_, h_, c_ = (torch.tensor([value], dtype=torch.float64) for value in (x, h, c))
    assert [value.item() for value in lstm_gates(x_, h_, weights)] == pytest.approx([i, f, g, o], abs=1e-15)
    assert [value.item() for value in lstm_step(x_, h_, c_, weights)] == pytest.approx([h_new, c_new], abs=1e-15)


def test_lstm_projects_its_hidden_state():
    cell = nn.LSTMCell(INPUTS, HIDDEN).double()
    narrow = Weights(cell.weight_ih, draw(4 * HIDDEN, 2), cell.bias_ih, cell.bias_hh)
    x, h, c, w_hr = draw(BATCH, INPUTS), draw(BATCH, 2), draw(BATCH, HIDDEN), draw(2, HIDDEN)
    wide_h, wide_c = lstm_step(x, h, c, narrow)
    projected_h, projected_c = lstm_step(x, h, c, narrow._replace(weight_hr=w_hr))
    torch.testing.assert_close(projected_h, wide_h @ w_hr.T)
    torch.testing.assert_close(projected_c, wide_c)


def test_gates_are_those_of_the_step():
    x, h, c = draw(BATCH, INPUTS), draw(BATCH, HIDDEN), draw(BATCH, HIDDEN)
    lstm, gru = weights_of(nn.LSTMCell(INPUTS, HIDDEN).double()), weights_of(nn.GRUCell(INPUTS, HIDDEN).double())
    gates = lstm_gates(x, h, lstm)
    assert gates._fields == ("input", "forget", "cell", "output")
    assert all(gate.shape == (BATCH, HIDDEN) for gate in gates)
    new_c = gates.forget * c + gates.input * gates.cell
    torch.testing.assert_close(lstm_step(x, h, c, lstm), (gates.output * new_c.tanh(), new_c))
    of_gru = gru_gates(x, h, gru)
    assert of_gru._fields == ("reset", "update", "new")
    torch.testing.assert_close(gru_step(x, h, gru), of_gru.update * h + (1 - of_gru.update) * of_gru.new)


def test_an_open_forget_gate_keeps_the_cell_state():
    """The constant error carousel: forget gate open, input gate shut; cell state and gradient pass unchanged."""
    shut, opened = -1e3, 1e3
    bias = torch.tensor([shut, opened, 0.0, 0.0], dtype=torch.float64).repeat_interleave(HIDDEN)
    zeros = torch.zeros(4 * HIDDEN, HIDDEN, dtype=torch.float64)
    weights = Weights(zeros, zeros, bias, torch.zeros_like(bias))
    start = draw(BATCH, HIDDEN).requires_grad_()
    h, c = draw(BATCH, HIDDEN), start
    for _ in range(100):
        h, c = lstm_step(draw(BATCH, HIDDEN), h, c, weights)
    assert torch.equal(c, start)
    (gradient,) = torch.autograd.grad(c.sum(), start)
    assert torch.equal(gradient, torch.ones_like(gradient))


def test_steps_take_a_single_sequence_without_a_batch_axis():
    weights = weights_of(nn.LSTMCell(INPUTS, HIDDEN).double())
    x, h, c = draw(BATCH, INPUTS), draw(BATCH, HIDDEN), draw(BATCH, HIDDEN)
    batch_h, batch_c = lstm_step(x, h, c, weights)
    one_h, one_c = lstm_step(x[2], h[2], c[2], weights)
    torch.testing.assert_close((one_h, one_c), (batch_h[2], batch_c[2]))
