"""sLSTM and mLSTM: the equations without their stabiliser, and the fast paths against the textbook's, in float64."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import linear

from gatecast.errors import DataError, OptionError
from gatecast.nn.dropout import seed_dropout
from gatecast.nn.xlstm import MLSTM, SLSTM
from gatecast.nn.xlstm_cells import MLSTMWeights, SLSTMWeights, mlstm_step, slstm_step

BATCH, INPUTS, HIDDEN, HEADS = 3, 4, 12, 3
LAYERS = pytest.mark.parametrize("kind", [SLSTM, MLSTM])


@pytest.fixture(autouse=True)
def _own_stream():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        yield


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def pair(kind: Any, spread: float = 0.8) -> tuple[Any, Any]:
    """The fast and the textbook's layer with the same weights, large enough that both sides of m's maximum win."""
    fast, slow = (kind(INPUTS, HIDDEN, HEADS, fused=fused).double() for fused in (True, False))
    with torch.no_grad():
        for weight, other in zip(fast.parameters(), slow.parameters(), strict=True):
            other.copy_(weight.copy_(spread * draw(*weight.shape)))
    return fast, slow


def everything(layer: Any, x: Tensor, state: Any, of: list[Tensor]) -> list[Tensor]:
    """Output, state, and the gradients of a random combination (`of`: of the first few) to x, state and weights."""
    x = x.clone().requires_grad_()
    start = None if state is None else type(state)(*(part.clone().requires_grad_() for part in state))
    y, end = layer(x, start)
    results = [y, *end]
    loss = torch.stack([(a * b).sum() for a, b in zip(results, of, strict=False)]).sum()
    return results + list(torch.autograd.grad(loss, [x, *(start or ()), *layer.parameters()], materialize_grads=True))


@LAYERS
@pytest.mark.parametrize("times", [1, 9, 70])  # the mLSTM's chunks are of 64
@pytest.mark.parametrize("continued", [False, True])
@pytest.mark.parametrize("through_state", [False, True])
def test_the_fast_path_equals_the_textbooks(kind, times, continued, through_state):
    fast, slow = pair(kind)
    state = slow(draw(BATCH, 5, INPUTS))[1] if continued else None
    state = state and type(state)(*(part.detach() for part in state))
    x = draw(BATCH, times, INPUTS)
    y, end = slow(x, state)
    of = [draw(*result.shape) for result in (y, *end)][: None if through_state else 1]
    for a, b in zip(everything(fast, x, state, of), everything(slow, x, state, of), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)


@LAYERS
def test_gradients_are_those_of_finite_differences(kind):
    layer = pair(kind)[0]
    x, state = draw(2, 4, INPUTS).requires_grad_(), layer(draw(2, 3, INPUTS))[1]
    start = tuple(part.detach().requires_grad_() for part in state)
    names = [name for name, _ in layer.named_parameters()]

    def run(x: Tensor, *parts: Tensor) -> tuple[Tensor, ...]:
        weights = dict(zip(names, parts[len(start) :], strict=True))
        y, end = torch.func.functional_call(layer, weights, (x, type(state)(*parts[: len(start)])))
        return y, *end

    assert torch.autograd.gradcheck(run, (x, *start, *layer.parameters()))


def test_the_slstms_equations_without_stabiliser():
    layer = pair(SLSTM)[1]
    weights = SLSTMWeights(layer.weight_ih, layer.weight_hh, layer.bias)
    width, state = HIDDEN // HEADS, layer(draw(1, 1, INPUTS))[1]
    blocks = weights.weight_hh.view(HEADS, 4, width, width).transpose(0, 1)
    recurrent = torch.stack([torch.block_diag(*gate) for gate in blocks])  # (4, hidden, hidden)
    for x in draw(6, 1, INPUTS):
        of_x = linear(x, weights.weight_ih, weights.bias).view(HEADS, 4, width).transpose(0, 1).reshape(4, HIDDEN)
        z, i, f, o = of_x + recurrent @ state.h[0]
        real = torch.exp(state.m[0])
        c = torch.sigmoid(f) * state.c[0] * real + torch.exp(i) * torch.tanh(z)
        n = torch.sigmoid(f) * state.n[0] * real + torch.exp(i)
        state = slstm_step(x, state, weights)
        torch.testing.assert_close(state.h[0], torch.sigmoid(o) * c / n)
        torch.testing.assert_close(state.n[0] * torch.exp(state.m[0]), n)


def test_the_mlstms_equations_without_stabiliser():
    layer = pair(MLSTM)[1]
    weights, state = MLSTMWeights(layer.weight, layer.bias), layer._start(draw(1, 1, INPUTS))
    memory, normaliser = [torch.zeros(4, 4).double()] * HEADS, [torch.zeros(4).double()] * HEADS
    small = 0
    for x in draw(6, 1, INPUTS):
        sums = (weights.weight @ x[0] + weights.bias).split([HIDDEN] * 4 + [HEADS] * 2)
        (q, k, v), (o, i, f) = (part.view(HEADS, -1) for part in sums[:3]), sums[3:]
        k = k / 2  # √4
        found = []
        for head in range(HEADS):
            memory[head] = f[head].sigmoid() * memory[head] + i[head].exp() * torch.outer(v[head], k[head])
            normaliser[head] = f[head].sigmoid() * normaliser[head] + i[head].exp() * k[head]
            count = (normaliser[head] @ q[head]).abs()
            small += bool(count < 1)
            found.append(memory[head] @ q[head] / count.clamp(min=1))
        h, state = mlstm_step(x, state, weights)
        torch.testing.assert_close(h[0], o.sigmoid() * torch.cat(found))
    assert 0 < small < 6 * HEADS  # both sides of the maximum in 21


@LAYERS
@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("size", [1e-3, 300.0])
def test_any_size_of_the_gates_sums_stays_finite_in_float32(kind, fused, size):
    """Without m the exponential overflows at 89."""
    layer = kind(INPUTS, HIDDEN, HEADS, fused=fused)
    x = size * torch.randn(BATCH, 40, INPUTS)
    y, state = layer(x)
    y.square().sum().backward()
    assert y.isfinite().all() and all(part.isfinite().all() for part in state)
    assert all(weight.grad.isfinite().all() for weight in layer.parameters())


@LAYERS
@given(cuts=st.lists(st.integers(1, 79), max_size=4, unique=True))
@settings(max_examples=15, deadline=None)
def test_whole_equals_any_chunks_with_state(kind, cuts):
    layer, x = pair(kind)[0], draw(2, 80, INPUTS)
    whole, end = layer(x)
    edges, state, parts = [0, *sorted(cuts), 80], None, []
    for start, stop in pairwise(edges):
        y, state = layer(x[:, start:stop], state)
        parts.append(y)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, rtol=1e-9, atol=1e-10)
    torch.testing.assert_close(state, end, rtol=1e-9, atol=1e-10)


def test_dropout_between_steps_is_one_mask_a_sequence_on_both_paths():
    fast, slow = pair(SLSTM)
    x, of = draw(BATCH, 9, INPUTS), [draw(BATCH, 9, HIDDEN)]
    results = []
    for layer in (fast, slow):
        dry = everything(layer, x, None, of)
        layer.drop_hidden(0.5)
        seed_dropout(layer, 3)
        results.append(everything(layer.train(), x, None, of))
        assert not torch.equal(results[-1][0], dry[0])
        assert torch.equal(results[-1][0][:, 0], dry[0][:, 0])  # the first step has no hidden state to lose
        torch.testing.assert_close(layer.eval()(x)[0], dry[0])
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)
    fast.drop_hidden(1.0)  # then the gates see x alone
    fast.train()
    gates_alone = fast(x)[0]
    with torch.no_grad():
        fast.weight_hh.zero_()
    torch.testing.assert_close(gates_alone, fast.eval()(x)[0])


@LAYERS
def test_the_fast_path_is_taken_unless_it_is_declined(kind, monkeypatch):
    walked, textbook = [], kind._textbook
    monkeypatch.setattr(kind, "_textbook", lambda layer, *given: walked.append(layer) or textbook(layer, *given))
    default, declined = kind(INPUTS, HIDDEN, HEADS), kind(INPUTS, HIDDEN, HEADS, fused=False)
    for layer in (default, declined):
        layer(torch.randn(2, 3, INPUTS))
    assert walked == [declined]


@LAYERS
def test_the_forget_bias_and_the_matrices_are_those_of_the_gates(kind):
    layer, other = pair(kind)
    layer.set_forget_bias(40.0)  # from here on all is kept
    with torch.no_grad():
        for _, matrix in layer.matrices():
            matrix.zero_()
    x = draw(2, 30, INPUTS)
    _, state = layer(x)
    m_before = layer(x[:, :29])[1].m
    torch.testing.assert_close(state.m, m_before)  # log f = 0 and the same ĩ at every step
    assert sum(matrix.numel() for _, matrix in layer.matrices()) == sum(
        weight.numel() for weight in other.parameters() if weight.dim() > 1
    )


@LAYERS
@pytest.mark.parametrize(("hidden", "heads"), [(12, 5), (4, 4), (12, 0), (0, 1), ("12", 3)])
def test_sizes_that_make_no_heads_are_refused(kind, hidden, heads):
    with pytest.raises(OptionError):
        kind(INPUTS, hidden, heads)


@LAYERS
def test_input_and_state_of_other_shapes_are_refused(kind):
    layer = kind(INPUTS, HIDDEN, HEADS)
    x = torch.randn(2, 3, INPUTS)
    state = layer(x)[1]
    for wrong in (x[0], x[..., :2], x[:, :0], x.numpy()):
        with pytest.raises(DataError, match="inputs"):
            layer(wrong)
    for wrong in (state[:1], x, type(state)(*(part[:1] for part in state))):
        with pytest.raises(DataError, match="state"):
            layer(x, wrong)
