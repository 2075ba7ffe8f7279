"""cycle-lstm: patches and horizon in the order of the season's phases, from windows that begin anywhere in it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from random_windows import batch_of, network_of

import gatecast
from gatecast.models.cycle_lstm import CycleNetwork
from gatecast.windows import Batch

CYCLE = {"context": 24, "patch": 4, "seasons": (4, 8)}
PHASES = torch.tensor([0, 3, 6, -5])


def cyclic(**fields) -> CycleNetwork:
    network = network_of("cycle-lstm", **{**CYCLE, **fields})
    assert isinstance(network, CycleNetwork)
    return network


def at_phases(network: CycleNetwork) -> Batch:
    """Windows whose first step ahead has these phases, and whose every covariate says its own step's phase."""
    config = network.config
    batch = batch_of(network, len(PHASES))
    step = torch.arange(-config.context, config.horizon) + PHASES[:, None]
    phase = (step % 4).float()[..., None]
    covariates = phase[:, : config.context].expand(-1, -1, config.past + config.future)
    return batch._replace(phase=PHASES, covariates=covariates, known=phase.expand(-1, -1, config.future))


@pytest.mark.parametrize("patch", [4, 8])
def test_each_place_of_a_patch_holds_one_phase(patch: int) -> None:
    network = cyclic(patch=patch, past=1)
    batch = at_phases(network)
    *_, turned = network._channels(batch.covariates[..., 0], batch)
    assert torch.equal(turned[..., 0], (torch.arange(24) % 4).float().expand(4, -1))


def test_steps_stay_in_their_patch() -> None:
    network = cyclic()
    batch = batch_of(network, 4)._replace(phase=PHASES)
    x = torch.arange(24.0).expand(4, -1)
    turned = network._channels(x, batch)[0]
    assert torch.equal(turned // 4, x // 4) and torch.equal(turned[0], x[0])
    assert turned[1, :4].tolist() == [1, 2, 3, 0]  # its first step has phase 3, and phase 0 comes first


@pytest.mark.parametrize("horizon", [1, 3, 4, 6, 8])
def test_the_steps_ahead_are_taken_from_the_places_of_their_phases(horizon: int) -> None:
    network = cyclic(horizon=horizon)
    batch = batch_of(network, 4)._replace(phase=PHASES)
    assert network.slots == -(-horizon // 4) * 4
    places = torch.arange(network.slots).float().expand(4, 2, -1)[..., None]
    ahead = network.in_order(places, batch)
    assert ahead.shape == (4, 2, horizon, 1)
    step = torch.arange(horizon)
    assert torch.equal(ahead[:, 1, :, 0] % 4, ((PHASES[:, None] + step) % 4).float())
    assert torch.equal(ahead[:, 1, :, 0] // 4, (step // 4).float().expand(4, -1))


def test_what_is_known_ahead_lies_where_the_head_forecasts_it() -> None:
    network = cyclic(horizon=6, future=2)
    batch = at_phases(network)
    known = network._known(batch).view(4, 6, 2, network.slots)
    back = network.in_order(known[:, :, 1, :, None], batch)[..., 0]  # (batch, positions, horizon)
    assert torch.equal(back[:, -1], batch.known[:, 24:, 0])


def test_without_a_season_that_a_patch_can_hold_it_is_the_plain_network() -> None:
    for shape in ({"seasons": ()}, {"seasons": (7,)}, {"seasons": (4,), "patch": 2}):
        network, plain = (network_of(name, **{**CYCLE, **shape}) for name in ("cycle-lstm", "lstm"))
        plain.load_state_dict(network.state_dict())
        batch = batch_of(network, 4)._replace(phase=PHASES)
        assert torch.equal(network(batch).quantiles, plain(batch).quantiles)


def test_only_the_phase_in_the_shortest_season_counts() -> None:
    network = cyclic()
    batch = batch_of(network, 4)
    said = [network(batch._replace(phase=PHASES + later)).quantiles for later in (0, 4, 1)]
    assert torch.equal(said[0], said[1])
    assert (said[0] - said[2]).abs().max() > 1e-3


def test_it_learns_what_hangs_on_the_hour() -> None:
    """The last quarter of each day is the opposite of its other three; a new day is a new number."""
    days = np.random.default_rng(0).normal(size=(6, 300, 1))
    y = (days * [1, 1, 1, -1]).reshape(6, -1)[:, :-2]  # to come: the day's number again, and its opposite
    wishes = {"season": 4, "context": 16, "steps": 300, "members": 1, "network": {"hidden": 16, "layers": 1}}
    errors = {}
    for name in ("cycle-lstm", "lstm"):
        point = gatecast.Forecaster(2, model=name, **wishes).fit(y).predict().point
        errors[name] = np.abs(point - np.stack([y[:, -1], -y[:, -1]], axis=1)).mean()
    assert errors["cycle-lstm"] < 0.1 < errors["lstm"]


def test_a_whole_fit_reads_whole_seasons_and_comes_back_at_any_hour(tmp_path) -> None:
    hours = np.arange(1200)
    y = 50 + 10 * np.sin(hours * 2 * np.pi / 24) + np.random.default_rng(0).normal(size=(2, 1200))
    model = gatecast.Forecaster(6, model="cycle-lstm", season=24, context=96, steps=20, members=1).fit(y)
    assert model.plan.network.patch == 24
    model.save(tmp_path / "model")
    again = gatecast.load(tmp_path / "model")
    assert again.predict().upper.tobytes() == model.predict().upper.tobytes()
    for hour in (0, 7):
        earlier = y[:, : 1100 + hour]
        assert np.isfinite(again.predict(earlier).point).all()
        np.testing.assert_allclose(again.predict(earlier).point, model.predict(earlier).point, rtol=1e-12)


def test_a_season_of_too_many_phases_is_not_laid_out() -> None:
    y = 50 + np.sin(np.arange(4000).reshape(2, -1) * 2 * np.pi / 120)
    model = gatecast.Forecaster(6, model="cycle-lstm", season=120, context=960, steps=1, members=1).fit(y)
    assert model.fitted.networks[0].cycle == 1


@pytest.mark.parametrize(("context", "patch"), [(None, 24), (96, 24), (60, 1), (90, 6)])
def test_a_context_that_was_asked_for_is_kept(context: int | None, patch: int) -> None:
    y = 50 + np.sin(np.arange(12_000).reshape(4, -1) * 2 * np.pi / 24)
    wishes = {"season": [24, 168], "steps": 1, "members": 1, "network": {"hidden": 4}}
    plan = gatecast.Forecaster(6, model="cycle-lstm", context=context, **wishes).fit(y).plan
    assert (plan.network.context in (context, 336)) and plan.network.patch == patch
