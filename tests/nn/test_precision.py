"""Half precision while training: what changes, how little, and what must not change at all."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import gatecast as gc
from gatecast.nn.dropout import seed_dropout
from gatecast.nn.precision import half_precision
from gatecast.nn.recurrent import GRU, LSTM


def multiplies() -> bool:
    """Whether this processor can run an LSTM in bfloat16 at all, fast or not: those without AVX-512 cannot."""
    try:
        with torch.autocast("cpu", torch.bfloat16):
            nn.LSTM(2, 2)(torch.zeros(1, 1, 2))
    except RuntimeError:
        return False
    return True


halving = pytest.mark.skipif(not multiplies(), reason="this processor runs no LSTM in bfloat16")


@pytest.fixture(autouse=True)
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """More processors multiply in bfloat16 than the fast ones, which say so."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True}, raising=False)
    monkeypatch.delenv("GATECAST_HALF_PRECISION", raising=False)


@pytest.fixture
def stack() -> LSTM:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return LSTM(5, 32, 2, batch_first=True)


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(16, 20, 5, generator=torch.Generator().manual_seed(1))


def learnt(stack: nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What comes out, and the gradient of all weights."""
    stack.zero_grad()
    y, _ = stack(x)
    y.square().sum().backward()
    return y.detach(), torch.cat([p.grad.flatten() for p in stack.parameters() if p.grad is not None])


@halving
def test_training_in_half_precision_is_close_to_that_in_full(stack, x):
    y, gradient = learnt(stack, x)
    with half_precision(nn.Sequential(stack)):
        rough, rough_gradient = learnt(stack, x)
    assert rough.dtype == rough_gradient.dtype == torch.float32
    assert not torch.equal(y, rough)  # else nothing was halved
    assert (y - rough).abs().max() < 0.01
    assert torch.cosine_similarity(gradient, rough_gradient, dim=0) > 0.999


@halving
def test_the_state_that_comes_out_goes_in_again(stack, x):
    with half_precision(stack):
        _, state = stack(x)
        assert all(part.dtype == torch.float32 for part in state)
        stack(x, state)


def test_what_does_not_train_is_not_halved(stack, x):
    stack.eval()
    y, _ = stack(x)
    with half_precision(stack):
        assert torch.equal(stack(x)[0], y)


@pytest.mark.parametrize("change", [lambda stack: stack.double(), lambda stack: setattr(stack, "fused", False)])
def test_float64_and_the_textbook_path_are_not_halved(stack, x, change):
    change(stack)
    x = x.to(next(stack.parameters()).dtype)
    y, gradient = learnt(stack, x)
    with half_precision(stack):
        again, same = learnt(stack, x)
    assert torch.equal(y, again)
    assert torch.equal(gradient, same)


@halving
@pytest.mark.parametrize("options", [{"bias": False}, {"bidirectional": True}, {"dropout": 0.5}])
def test_every_option_of_the_kernel_can_be_halved(x, options):
    stack = LSTM(5, 32, 2, batch_first=True, **options)
    seed_dropout(stack, 1)
    y, _ = stack(x)
    with half_precision(stack):
        seed_dropout(stack, 1)
        rough, _ = stack(x)
    assert not torch.equal(y, rough)
    assert (y - rough).abs().max() < 0.03


@halving
@pytest.mark.parametrize("options", [{}, {"bias": False}, {"bidirectional": True}, {"dropout": 1e-9}])
def test_what_is_read_in_half_precision_comes_in_pairs(x, monkeypatch, options):
    """An odd number takes the kernel twice as long. Layers as wide as their input are the ones to mistake."""
    read, kernel = [], torch.lstm

    def noting(inputs, parts, weights, *others):
        read.append((inputs.shape[-1], weights[0].shape[1], weights[1].shape[1]))
        return kernel(inputs, parts, weights, *others)

    monkeypatch.setattr(torch, "lstm", noting)
    stack = LSTM(5, 5, 2, batch_first=True, **options)
    seed_dropout(stack, 1)
    y, gradient = learnt(stack, x)
    calls = len(read)
    with half_precision(stack):
        rough, rough_gradient = learnt(stack, x)
    assert read == [(5, 5, 5)] * calls + [(6, 6, 5)] * calls
    assert (y - rough).abs().max() < 0.01
    assert torch.cosine_similarity(gradient, rough_gradient, dim=0) > 0.999


@pytest.fixture
def every_warning():
    """torch says each of its warnings again and again, not once a process."""
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


@pytest.mark.parametrize(
    "make", [lambda: GRU(5, 8, batch_first=True), lambda: LSTM(5, 8, batch_first=True, proj_size=3)]
)
@pytest.mark.usefixtures("every_warning")
def test_what_has_no_such_kernel_is_left_alone_and_nobody_is_warned(x, make):
    stack = make()
    y, _ = stack(x)
    with half_precision(stack):
        assert torch.equal(stack(x)[0], y)


@pytest.mark.parametrize("capabilities", [{}, {"avx512_bf16": False}])
def test_it_needs_a_processor_that_can(stack, x, monkeypatch, capabilities):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    y, _ = stack(x)
    with half_precision(stack):
        assert torch.equal(stack(x)[0], y)


def test_it_can_be_switched_off(stack, x, monkeypatch):
    monkeypatch.setenv("GATECAST_HALF_PRECISION", "0")
    y, _ = stack(x)
    with half_precision(stack):
        assert torch.equal(stack(x)[0], y)


def test_precision_is_full_again_after_an_error(stack, x):
    y, _ = stack(x)
    with pytest.raises(KeyboardInterrupt), half_precision(stack):
        raise KeyboardInterrupt
    assert torch.equal(stack(x)[0], y)


def forecast(**training) -> np.ndarray:
    time = np.arange(400)
    table = np.stack([10 + np.sin(time / 5 + k) for k in range(4)])
    model = gc.Forecaster(
        4,
        season="none",
        context=48,
        steps=2,
        network={"hidden": 96},
        training={"batch": 256, **training},
        members=1,
        model="lstm",
        device="cpu",
    )
    return model.fit(table).predict().upper


def halved(monkeypatch: pytest.MonkeyPatch, **training) -> bool:
    """Whether switching half precision off changes what is learnt."""
    half = forecast(**training)
    monkeypatch.setenv("GATECAST_HALF_PRECISION", "0")
    full = forecast(**training)
    assert np.allclose(half, full, rtol=0.02)
    return half.tobytes() != full.tobytes()


@halving
def test_large_steps_are_halved_by_themselves(monkeypatch):
    assert halved(monkeypatch)


def test_small_steps_are_not(monkeypatch):
    assert not halved(monkeypatch, batch=16)


def test_losses_that_are_compared_are_not(monkeypatch):
    assert not halved(monkeypatch, optimiser="lbfgs", rate=0.5)
