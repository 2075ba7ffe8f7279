"""The network: its scale, its order of quantiles, its answers, and what reaches which step. For every backbone."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from gatecast.models import get, names
from gatecast.models.network import (
    ForecastNetwork,
    NetworkConfig,
    network_class,
    new_network,
    newer_half,
    newer_scale,
    window_scale,
)
from gatecast.nn.dropout import seed_dropout
from gatecast.runtime import private_torch_stream
from gatecast.windows import Batch

DIRECT = [name for name in names() if not network_class(name).sampled]  # the others: test_deepar.py
EACH = pytest.mark.parametrize("name", DIRECT)
CAUSAL = pytest.mark.parametrize("name", [name for name in DIRECT if get(name).causal])
# (context, patch, seasons, horizon): single steps, patches, a season as a patch, two seasons, one season of all
SHAPES = {
    "steps": (10, 1, (), 4),
    "patches": (12, 3, (), 4),
    "season": (12, 1, (4,), 6),
    "patched-season": (12, 4, (4,), 3),
    "seasons": (12, 2, (3, 6), 5),
    "long-season": (8, 1, (8,), 3),
    "long": (240, 24, (24,), 6),  # the newer half alone forecasts
}
SHAPED = pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "long"])
EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES)


def network_of(name: str, shape: str = "season", *, seed: int = 0, **fields: Any) -> ForecastNetwork:
    context, patch, seasons, horizon = SHAPES[shape]
    shaped = {"horizon": horizon, "context": context, "patch": patch, "seasons": seasons, "levels": (80, 95), **fields}
    with private_torch_stream(seed, "weights"):
        return new_network(NetworkConfig(name, {"hidden": 5}, **shaped)).eval()


def shaken(network: ForecastNetwork, size: float = 0.5, seed: int = 0) -> ForecastNetwork:
    """The network with every weight moved, so that nothing is still at a special first value."""
    with private_torch_stream(seed, "shake"), torch.no_grad():
        for parameter in network.parameters():
            parameter += size * torch.randn_like(parameter)
    return network


def batch_of(network: ForecastNetwork, size: int = 3, *, seed: int = 0, unseen: int = 0) -> Batch:
    """Random windows; the first `unseen` steps lie before their series began."""
    config = network.config
    with private_torch_stream(seed, "batch"):
        answer = 20 + torch.randn(size, config.context + config.horizon, dtype=torch.float64).cumsum(1)
        covariates = torch.randn(size, config.context, config.past + config.future)
        known = torch.randn(size, config.context + config.horizon, config.future)
    answer[:, :unseen] = answer[:, unseen : unseen + 1]
    observed = torch.ones(size, config.context)
    observed[:, :unseen] = 0
    return Batch(answer[:, : config.context], observed, covariates, known, answer, torch.arange(size))


def moved(batch: Batch, factor: float, shift: float) -> Batch:
    return batch._replace(target=batch.target * factor + shift, answer=batch.answer * factor + shift)


@torch.no_grad()
def forecast(network: ForecastNetwork, batch: Batch, *, newest_only: bool = True) -> torch.Tensor:
    """Quantiles in the unit of the data: (batch, positions, horizon, quantiles)."""
    scaled = network(batch, newest_only=newest_only)
    scale, centre = scaled.scale[:, :, None, None], scaled.centre[:, :, None, None]
    return scaled.quantiles.double() * scale + centre


# quantiles and scale


@EACH
@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 999), size=st.floats(0, 30), shape=st.sampled_from(list(SHAPES)))
def test_trap_23_quantiles_never_cross_whatever_the_weights(name: str, seed: int, size: float, shape: str) -> None:
    network = shaken(network_of(name, shape), size, seed)
    quantiles = forecast(network, batch_of(network, seed=seed), newest_only=False)
    assert torch.isfinite(quantiles).all()
    assert (quantiles.diff(dim=-1) >= 0).all()
    assert quantiles.shape[-1] == len(network.config.quantiles) == 5


def test_the_probabilities_are_those_of_the_levels() -> None:
    config = network_of("lstm", levels=(50, 80, 95)).config
    assert config.quantiles == pytest.approx((0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975))


@EACH
@SHAPED
def test_trap_12_the_forecast_is_in_the_unit_of_the_data(name: str, shape: str) -> None:
    network = shaken(network_of(name, shape))
    batch = batch_of(network)
    plain = forecast(network, batch)
    units = ((1000.0, 0.0), (1e-6, 0.0), (1e12, 0.0))
    zeros = () if network.multiplicative else ((1.0, 500.0), (1000.0, -7.0))
    for factor, shift in (*units, *zeros):
        there = forecast(network, moved(batch, factor, shift))
        torch.testing.assert_close((there - shift) / factor, plain, rtol=1e-4, atol=1e-3)


@EACH
def test_trap_12_so_is_the_loss_free_of_units(name: str) -> None:
    network = shaken(network_of(name))
    batch = batch_of(network)
    total, weight = network.loss(batch)
    for factor in (1000.0, 1e-6):
        there, mass = network.loss(moved(batch, factor, 0.0))
        torch.testing.assert_close(there / mass, total / weight, rtol=1e-3, atol=1e-5)


@EACH
@SHAPED
@pytest.mark.parametrize("value", [0.0, 0.7, 1 / 3, -1e9 / 7, 1e300])
def test_a_constant_context_is_forecast_as_constant_and_certain(name: str, shape: str, value: float) -> None:
    network = shaken(network_of(name, shape))
    batch = batch_of(network, unseen=2)
    batch = batch._replace(target=torch.full_like(batch.target, value))
    assert (forecast(network, batch) == value).all()


@EACH
def test_what_follows_a_constant_context_teaches_nothing(name: str) -> None:
    network = network_of(name)
    batch = batch_of(network)
    total, weight = network.loss(batch._replace(target=torch.full_like(batch.target, 3.0), answer=batch.answer * 1e300))
    assert total.item() == weight.item() == 0.0


def test_the_scale_is_that_of_the_observed_steps() -> None:
    target = torch.tensor([[7.0, 7.0, 7.0, 1.0, 3.0]], dtype=torch.float64)
    observed = torch.tensor([[0.0, 0.0, 0.0, 1.0, 1.0]])
    centre, scale = window_scale(target, observed)
    assert (centre.item(), scale.item()) == (2.0, 1.0)


def test_the_unit_of_a_window_is_that_of_its_newer_half() -> None:
    parts = torch.tensor([[9.0, -9.0, 1.0, 3.0], [1.0, 3.0, 7.0, 7.0], [7.0, 7.0, 1.0, 3.0]], dtype=torch.float64)
    target = parts.repeat_interleave(50, 1)
    centre, scale = newer_scale(target, torch.ones_like(target), 8)
    assert (centre[:, 0].tolist(), scale[:, 0].tolist()) == ([2.0, 4.5, 2.0], [1.0, 2.5, 1.0])  # the second: of all


@pytest.mark.parametrize(
    ("context", "horizon", "start"),
    [(1, 1, 0), (100, 3, 0), (120, 3, 20), (261, 3, 131), (672, 48, 336), (192, 96, 0), (400, 90, 40)],
)
def test_the_newer_half_is_of_several_horizons(context: int, horizon: int, start: int) -> None:
    assert newer_half(context, horizon) == start


def test_inner_levels_are_learnt_and_not_said() -> None:
    network = shaken(network_of("lstm", inner=(20, 80)))
    batch = batch_of(network)
    scaled = network(batch)
    learnt, said = scaled.distribution.values, scaled.quantiles
    assert learnt.shape[-1] == 7 and said.shape[-1] == 5  # 95, 80, 20, the median, 20, 80, 95
    torch.testing.assert_close(said, learnt[..., [0, 1, 3, 5, 6]])
    before = network.loss(batch)[0].item()
    with torch.no_grad():
        network.spread[0] += 1.0  # how far the innermost interval reaches
    assert network.loss(batch)[0].item() != before


@pytest.mark.parametrize(
    ("patch", "seasons", "horizon", "block"),
    [(24, (24, 48), 48, 3), (12, (4,), 6, 1), (12, (), 30, 12), (1, (12,), 12, 12), (24, (24,), 320, 10)],
)
def test_a_mixture_of_bases_holds_for_an_eighth_of_a_season(
    patch: int, seasons: tuple[int, ...], horizon: int, block: int
) -> None:
    network = new_network(NetworkConfig("lstm", {"hidden": 3}, horizon, 48, patch, seasons, (80,)))
    assert network.config.block == block
    assert network.mixture.out_features == -(-horizon // block) * network.bases.count


def test_every_block_of_steps_mixes_its_bases_by_shares_of_its_own() -> None:
    config = NetworkConfig("lstm", {"hidden": 3}, 5, 48, 24, (24,), (80,))
    network = shaken(new_network(config))
    batch, block = batch_of(network), config.block
    assert (block, network.blocks) == (3, 2)
    bases = torch.rand(3, 2, 5, network.bases.count)
    features = torch.randn(3, 2, network.feature_size())
    share = torch.softmax(network.mixture(features).view(3, 2, network.blocks, -1), dim=3)
    expected = [(bases[:, :, step] * share[:, :, step // block]).sum(-1) for step in range(5)]
    torch.testing.assert_close(network.mix(features, bases, batch)[..., 0], torch.stack(expected, dim=2))


# what reaches what


@EACH
@SHAPED
def test_trap_10_the_newest_value_reaches_every_step(name: str, shape: str) -> None:
    network = shaken(network_of(name, shape), 0.3)
    batch = batch_of(network, 1)
    target = batch.target.clone().requires_grad_()
    quantiles = network(batch._replace(target=target), newest_only=True).quantiles[0, 0, :, 2]
    for step, value in enumerate(quantiles):
        (gradient,) = torch.autograd.grad(value, target, retain_graph=True)
        assert gradient[0, -1].abs() > 1e-4, f"step {step + 1} does not see the newest value"


@EACH
@SHAPED
def test_trap_10_before_any_training_step_1_already_follows_the_newest_value(name: str, shape: str) -> None:
    network = network_of(name, shape)
    batch = batch_of(network, 1)
    nudged = batch.target.clone()
    nudged[0, -1] += 5
    change = forecast(network, batch._replace(target=nudged)) - forecast(network, batch)
    assert change[0, 0, 0, 2] > 0.05


@CAUSAL
@EVERY_SHAPE
def test_no_position_sees_what_follows_it(name: str, shape: str) -> None:
    """Turning round what follows a position leaves the window's centre and scale, and must leave its forecast."""
    network = shaken(network_of(name, shape, past=2, future=1))
    batch = batch_of(network)
    plain = forecast(network, batch, newest_only=False)
    patch, horizon, context = network.config.patch, network.config.horizon, network.config.context
    for position, place in enumerate(range(context // patch)[network.places(newest_only=False)]):
        end = (place + 1) * patch
        target, covariates, known = batch.target.clone(), batch.covariates.clone(), batch.known.clone()
        target[:, end:] = target[:, end:].flip(1)
        covariates[:, end:] += 3
        known[:, end + horizon :] += 3
        turned = forecast(network, batch._replace(target=target, covariates=covariates, known=known), newest_only=False)
        torch.testing.assert_close(turned[:, : position + 1], plain[:, : position + 1], rtol=1e-5, atol=1e-5)
        if end < context - 1:
            assert (turned[:, -1] - plain[:, -1]).abs().max() > 1e-3, "the newest position sees no change: no test"


@EACH
@EVERY_SHAPE
def test_a_stride_leaves_out_positions_and_changes_none_that_stay(name: str, shape: str) -> None:
    every, second = (shaken(network_of(name, shape, future=1, stride=stride)) for stride in (1, 2))
    batch = batch_of(every)
    stay = slice(None, None, -2)  # counted back from the newest, which a forecast needs
    assert range(12)[second.places(newest_only=True)] == range(12)[every.places(newest_only=True)]
    for read in (lambda n: forecast(n, batch, newest_only=False), lambda n: n.answers(batch, n(batch))):
        torch.testing.assert_close(
            read(second).flip(1), read(every)[:, range(read(every).shape[1])[stay]], rtol=1e-3, atol=1e-4
        )


@EACH
@EVERY_SHAPE
def test_answers_are_what_followed_each_position(name: str, shape: str) -> None:
    network = network_of(name, shape)
    patch, horizon, context = network.config.patch, network.config.horizon, network.config.context
    batch = batch_of(network)
    for newest_only in (False, True):
        scaled = network(batch, newest_only=newest_only)
        answers = network.answers(batch, scaled).double() * scaled.scale[:, :, None] + scaled.centre[:, :, None]
        half = newer_half(context, horizon) // patch * patch  # positions before it do not forecast
        ends = [context] if newest_only or not network.causal else range(half + patch, context + 1, patch)
        followed = torch.stack([batch.answer[:, end : end + horizon] for end in ends], dim=1)
        torch.testing.assert_close(answers, followed, rtol=1e-5, atol=1e-5)


@EACH
@SHAPED
def test_the_newest_alone_is_the_newest_of_all(name: str, shape: str) -> None:
    network = shaken(network_of(name, shape, past=1, future=1))
    batch = batch_of(network)
    everywhere = forecast(network, batch, newest_only=False)
    torch.testing.assert_close(forecast(network, batch), everywhere[:, -1:], rtol=1e-5, atol=1e-5)


@EACH
def test_positions_before_the_series_began_teach_nothing(name: str) -> None:
    network = shaken(network_of(name, "steps"))
    batch = batch_of(network, unseen=4)
    base = network.loss(batch)
    answer = batch.answer.clone()
    answer[:, 1:4] += 1e6  # what would have followed positions that lie before the beginning
    torch.testing.assert_close(network.loss(batch._replace(answer=answer)), base)


@EACH
@SHAPED
def test_gradients_reach_every_parameter(name: str, shape: str) -> None:
    network = shaken(network_of(name, shape, past=1, future=1), 0.1).train()
    total, weight = network.loss(batch_of(network, 8))
    (total / weight).backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all() and parameter.grad.abs().max() > 0, parameter_name


@EACH
def test_covariates_count(name: str) -> None:
    network = shaken(network_of(name, past=2, future=1))
    batch = batch_of(network)
    plain = forecast(network, batch)
    for changed in (
        batch._replace(covariates=batch.covariates + torch.tensor([1.0, 0.0, 0.0])),
        batch._replace(known=batch.known + (torch.arange(batch.known.shape[1]) >= network.config.context)[:, None]),
    ):
        assert (forecast(network, changed) - plain).abs().max() > 1e-3


@EACH
@SHAPED
def test_what_is_known_ahead_belongs_to_the_steps_that_are_forecast(name: str, shape: str) -> None:
    network = shaken(network_of(name, shape, future=1))
    patch, horizon = network.config.patch, network.config.horizon
    batch = batch_of(network, 1)
    known = batch.known.clone().requires_grad_()
    scaled = network(batch._replace(known=known))
    medians = scaled.quantiles[0, :, :, 2]  # (positions, horizon)
    places = range(network.config.context // patch)[scaled.places]
    for place, median in zip(places, medians, strict=True):
        (gradient,) = torch.autograd.grad(median.sum(), known, retain_graph=True)
        end = (place + 1) * patch
        assert gradient[0, :, 0].nonzero().ravel().tolist() == list(range(end, end + horizon))


@EACH
@SHAPED
def test_trap_25_a_batch_equals_its_windows_one_by_one(name: str, shape: str) -> None:
    network = shaken(network_of(name, shape, past=1, future=1))
    batch = batch_of(network, 6, unseen=1)
    together = forecast(network, batch)
    alone = torch.cat([forecast(network, Batch(*(part[k : k + 1] for part in batch))) for k in range(6)])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)


def test_a_config_survives_json() -> None:
    config = network_of("gru", "seasons", past=1, future=2).config
    assert TypeAdapter(NetworkConfig).validate_python(json.loads(json.dumps(config.to_dict()))) == config


@EACH
def test_the_same_stream_gives_the_same_weights(name: str) -> None:
    first, second, other = network_of(name), network_of(name), network_of(name, seed=1)
    states = [network.state_dict() for network in (first, second, other)]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert any(not torch.equal(states[0][key], states[2][key]) for key in states[0])


@pytest.mark.parametrize("name", names())
def test_dropout_before_the_head_thins_training_and_no_forecast(name: str) -> None:
    shape = {"distribution": network_class(name).distributions[0]}
    plain, thinned = network_of(name, **shape), network_of(name, **shape, head_dropout=0.5)
    batch = batch_of(plain)
    for network in (plain, thinned):
        seed_dropout(network, 0)
    assert torch.equal(plain.loss(batch)[0], thinned.loss(batch)[0])  # not while judging
    assert not torch.equal(plain.train().loss(batch)[0], thinned.train().loss(batch)[0])


def test_dropout_before_the_head_thins_all_that_the_head_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    network, seen, decode = network_of("lstm", "patches", head_dropout=0.3), [], ForecastNetwork.decode
    monkeypatch.setattr(ForecastNetwork, "decode", lambda self, *read: seen.append(read[0]) or decode(self, *read))
    network.mixture.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    seed_dropout(network.train(), 0)
    network(batch_of(network, 400))
    assert len(seen) == 2 and seen[0] is seen[1]
    share = (seen[0] == 0).float().mean((0, 1))  # of each feature: those of the backbone, and the raw patch
    assert share.shape == (network.feature_size(),)
    torch.testing.assert_close(share, torch.full_like(share, 0.3), atol=0.06, rtol=0)


@pytest.mark.parametrize("season", [(), (4,)])
def test_a_window_weighs_as_its_error_is_scaled_and_as_it_is_relative(season: tuple[int, ...]) -> None:
    network = network_of("lstm", "steps", seasons=season)
    batch = moved(batch_of(network, 5), 1.0, 100.0)
    centre, scale = network.unit(batch)
    lag = season[0] if season else 1
    naive = (batch.target[:, lag:] - batch.target[:, :-lag]).abs().mean(1, keepdim=True) / scale
    for level in (100.0, 1000.0):  # the same windows, farther from 0
        expected = 1 / naive.clamp(0.05, 2.0) + 13 * scale / (centre + level - 100).abs()
        lifted = moved(batch, 1.0, level - 100)
        torch.testing.assert_close(network.weight(lifted, *network.unit(lifted)).double(), expected, rtol=1e-5, atol=0)


def test_a_level_near_zero_does_not_make_a_window_weigh_without_bounds() -> None:
    network = network_of("lstm", "steps")
    batch = batch_of(network)
    batch = batch._replace(target=batch.target - batch.target.mean(1, keepdim=True))
    assert (network.weight(batch, *network.unit(batch)) <= 1 / 0.05 + 13).all()
