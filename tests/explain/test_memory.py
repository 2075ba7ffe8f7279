"""How long a memory lasts, held against networks whose memory is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gatecast.explain import memory as module
from gatecast.explain.memory import half_life, influence, memory
from gatecast.nn.recurrent import RNN
from gatecast.runtime import private_torch_stream


def leaky(keep: float, width: int) -> RNN:
    """h_t = keep · h_{t−1} + x_t: linear where x is positive, so that its memory is a power of `keep`."""
    stack = RNN(width, width, batch_first=True, nonlinearity="relu", bias=False)
    with torch.no_grad():
        stack.weight_ih_l0.copy_(torch.eye(width))
        stack.weight_hh_l0.copy_(keep * torch.eye(width))
    return stack


@pytest.mark.parametrize("keep", [0.5, 0.9])
@pytest.mark.parametrize("step", [1, 7])
def test_a_leak_of_known_size_has_its_half_life(keep: float, step: int) -> None:
    stack = leaky(keep, 4)
    found = memory(lambda x: stack(x)[0], torch.ones(1, 40, 4), step)
    assert found.lag.tolist() == [step * lag for lag in range(39, -1, -1)]
    np.testing.assert_allclose(found.strength, keep ** np.arange(39, -1, -1), rtol=1e-4)
    assert found.half_life == pytest.approx(step * math.log(0.5) / math.log(keep), rel=1e-4)


def test_a_memory_that_never_fades_has_no_half_life() -> None:
    stack = leaky(1.0, 3)
    assert memory(lambda x: stack(x)[0], torch.ones(1, 20, 3), 1).half_life is None


def test_wide_states_are_estimated_closely(monkeypatch: pytest.MonkeyPatch) -> None:
    with private_torch_stream(0, "stack"):
        stack, x = RNN(3, 24, batch_first=True), torch.randn(1, 12, 3)
    exact = memory(lambda x: stack(x)[0], x, 1)
    monkeypatch.setattr(module, "_MOST_DIRECTIONS", 23)
    rough = memory(lambda x: stack(x)[0], x, 1)
    np.testing.assert_allclose(rough.strength, exact.strength, rtol=0.35)
    assert (memory(lambda x: stack(x)[0], x, 1).strength == rough.strength).all()


def test_a_strength_that_comes_back_counts_as_not_forgotten() -> None:
    lag = np.arange(5)[::-1]
    assert half_life(lag, np.array([0.01, 0.1, 0.9, 0.2, 1.0])) == pytest.approx(
        2 + math.log(0.9 / 0.5) / math.log(0.9 / 0.1)
    )
    assert half_life(lag, np.zeros(5)) is None


def test_influence_is_the_size_of_the_gradient() -> None:
    target = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64, requires_grad=True)
    forecast = torch.stack([target[0, 2] * 2, -target[0, 0]])[None]
    assert influence(forecast, target).tolist() == [[0, 0, 2], [1, 0, 0]]
