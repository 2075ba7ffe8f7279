"""Dropout: how much it zeroes, from whose stream, and what it leaves alone."""

import pytest
import torch
from torch import nn

from gatecast.nn.dropout import Dropout, seed_dropout

SHAPE = (101, 503)


def seeded(probability: float, shared_axis: int | None = None, seed: int = 1) -> Dropout:
    module = Dropout(probability, shared_axis)
    seed_dropout(module, seed)
    return module


@pytest.mark.parametrize("probability", [1e-7, 0.01, 0.3, 0.5, 0.99, 1 - 1e-7, 1.0])
@pytest.mark.parametrize("private", [True, False])
def test_it_zeroes_the_share_that_was_asked_for_and_scales_the_rest(probability, private):
    module = seeded(probability) if private else Dropout(probability)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        thinned = module(torch.ones(SHAPE))
    zeroed = (thinned == 0).double().mean().item()
    scatter = (probability * (1 - probability) / thinned.numel()) ** 0.5
    assert zeroed == pytest.approx(probability, abs=4 * scatter + 2**-15)
    kept = thinned[thinned != 0]
    assert torch.allclose(kept, torch.full_like(kept, 1 / max(1 - probability, 1e-9)))


def test_neighbours_are_zeroed_independently():
    zeroed = (seeded(0.5)(torch.ones(200_000)) == 0).double()
    for distance in (1, 2, 3, 4, 8):
        pair = torch.stack([zeroed[:-distance], zeroed[distance:]])
        assert abs(torch.corrcoef(pair)[0, 1].item()) < 0.01


def test_a_private_stream_leaves_the_global_one_alone_and_repeats():
    before = torch.get_rng_state()
    first, again, other = (seeded(0.5, seed=seed)(torch.ones(SHAPE)) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_without_a_stream_of_its_own_it_draws_the_mask_of_torch():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        ours = Dropout(0.4)(torch.ones(SHAPE))
        torch.manual_seed(3)
        assert torch.equal(ours, nn.Dropout(0.4)(torch.ones(SHAPE)))


def test_a_shared_axis_has_one_mask_for_all_places():
    thinned = seeded(0.5, shared_axis=1)(torch.ones(7, 5, 11, dtype=torch.float64))
    assert thinned.dtype == torch.float64
    assert torch.equal(thinned, thinned[:, :1].expand(-1, 5, -1))
    assert 0.2 < (thinned == 0).double().mean() < 0.8


@pytest.mark.parametrize("change", [lambda module: module.eval(), lambda module: setattr(module, "probability", 0.0)])
def test_nothing_happens_in_use_or_without_a_probability(change):
    module = seeded(0.5)
    change(module)
    x = torch.randn(3, 4)
    assert module(x) is x


def test_the_gradient_goes_through_what_was_kept():
    x = torch.ones(SHAPE, requires_grad=True)
    thinned = seeded(0.3)(x)
    thinned.sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, thinned.detach())
