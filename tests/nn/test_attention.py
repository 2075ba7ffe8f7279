"""Causal attention: the fast path equal to its equations, weights that sum to one and look back only."""

from __future__ import annotations

import pytest
import torch

from gatecast.models import build
from gatecast.nn.attention import CausalAttention
from gatecast.runtime import private_torch_stream

EARLIER = pytest.mark.parametrize("earlier", [0, 4], ids=["from the start", "with a past"])


def made(earlier: int = 0) -> tuple[CausalAttention, torch.Tensor, torch.Tensor | None]:
    with private_torch_stream(0, "attention"):
        attention = CausalAttention(6).double()
        h = torch.randn(3, 7, 6, dtype=torch.float64, requires_grad=True)
        past = torch.randn(3, earlier, 6, dtype=torch.float64) if earlier else None
    return attention, h, past


@EARLIER
def test_the_output_and_its_gradients_are_those_of_the_equations(earlier: int) -> None:
    attention, h, past = made(earlier)
    memory = h if past is None else torch.cat([past, h], dim=1)
    steps = []
    for t in range(h.shape[1]):
        seen = memory[:, : earlier + t + 1]
        scores = torch.einsum("bi,ji,bsj->bs", h[:, t], attention.score.weight, seen) / 6**0.5  # eq. 8
        context = torch.einsum("bs,bsw->bw", scores.softmax(-1), seen)  # eq. 7
        steps.append(torch.tanh(torch.cat([context, h[:, t]], dim=-1) @ attention.merge.weight.T))  # eq. 5
    naive, (fast, handed_on) = torch.stack(steps, dim=1), attention(h, past)
    torch.testing.assert_close(fast, naive)
    torch.testing.assert_close(handed_on, memory)
    parameters = [h, *attention.parameters()]
    for ours, wanted in zip(
        torch.autograd.grad(fast.square().sum(), parameters),
        torch.autograd.grad(naive.square().sum(), parameters),
        strict=True,
    ):
        torch.testing.assert_close(ours, wanted)


@EARLIER
def test_weights_sum_to_one_and_look_back_only(earlier: int) -> None:
    attention, h, past = made(earlier)
    weights = attention.weights(h, past)
    assert weights.shape == (3, 7, earlier + 7)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 7, dtype=torch.float64))
    assert torch.equal(weights.triu(earlier + 1), torch.zeros_like(weights))
    assert (weights.tril(earlier)[:, -1] > 0).all()
    memory = h if past is None else torch.cat([past, h], dim=1)
    context = torch.cat([weights @ memory, h], dim=-1)
    torch.testing.assert_close(attention(h, past)[0], torch.tanh(attention.merge(context)))


def test_the_weights_of_the_whole_are_those_of_its_chunks() -> None:
    with private_torch_stream(1, "attention"):
        module = build("attention-lstm", 2, {"hidden": 5})
        x = torch.randn(3, 8, 2)
    whole = module.attention_weights(x)  # type: ignore[attr-defined]
    _, state = module(x[:, :5])
    torch.testing.assert_close(module.attention_weights(x[:, 5:], state), whole[:, 5:])  # type: ignore[attr-defined]
