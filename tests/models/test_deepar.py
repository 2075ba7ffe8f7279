"""DeepAR: what it reads, what it draws, and that the walk along a path is what training has seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from random_windows import batch_of, network_of, single

import gatecast
from gatecast.errors import OptionError
from gatecast.models.deepar import DeepARNetwork
from gatecast.nn.distributions import DISTRIBUTIONS, StudentT

KINDS = pytest.mark.parametrize("kind", DeepARNetwork.distributions)


def deepar(kind: str = "student-t", *, paths: int = 20, **fields: Any) -> DeepARNetwork:
    network = network_of("deepar", distribution=kind, options={"hidden": 5, "paths": paths}, **fields)
    assert isinstance(network, DeepARNetwork)
    return network


@KINDS
@pytest.mark.parametrize("fields", [{}, {"seasons": (3, 7), "past": 2, "future": 1}], ids=["plain", "all"])
def test_a_batch_equals_its_windows_one_by_one(kind: str, fields: dict[str, Any]) -> None:
    network = deepar(kind, **fields)
    batch = batch_of(network, 4, counts=True)
    together = network.paths(batch, 20)
    alone = torch.cat([network.paths(single(batch, k), 20) for k in range(4)])
    assert together.shape == (4, 20, network.config.horizon)
    assert ((together - alone).abs() < 1e-3).float().mean() > 0.99  # a count at the edge may fall on either side


def test_a_path_is_the_same_however_many_are_drawn() -> None:
    network = deepar()
    batch = batch_of(network)
    many = network.paths(batch, 30)
    torch.testing.assert_close(network.paths(batch, 10), many[:, :10])
    torch.testing.assert_close(network.paths(batch, 10, first=20), many[:, 20:])


def test_windows_have_streams_of_their_own_and_the_callers_is_left_alone() -> None:
    network = deepar()
    batch = batch_of(network, 2)
    before = torch.get_rng_state()
    paths = network.paths(batch, 200)
    assert torch.equal(torch.get_rng_state(), before)
    ranks = paths[:, :, 0].argsort(-1).argsort(-1).float()
    assert torch.corrcoef(ranks)[0, 1].abs() < 0.3


def test_the_walk_along_a_path_is_what_training_has_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each draw is the location, the path is that of which training says the same locations, step by step."""
    monkeypatch.setattr(StudentT, "draw", lambda self, uniform: self.location.expand(uniform.shape[:-1]))
    seen: list[torch.Tensor] = []
    judged = StudentT.loss
    monkeypatch.setattr(StudentT, "loss", lambda self, answer: seen.append(self.location) or judged(self, answer))
    network = deepar(seasons=(3, 7), past=1, future=1, shake=0.2)
    batch = batch_of(network)
    batch.covariates[:, :, 0] = 0.7  # what is not known ahead stays as it was
    path = network.paths(batch, 2)[:, 0]  # (B, H)
    centre, scale = network.unit(batch)
    answer = torch.cat([batch.target, path * scale + centre], dim=1)
    network.loss(batch._replace(answer=answer))
    torch.testing.assert_close(seen[0][:, -4:, 0], path, rtol=1e-4, atol=1e-4)


def test_the_head_moves_the_location_then_says_the_rest_and_the_mixture_weighs(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[StudentT] = []
    judged = StudentT.loss
    monkeypatch.setattr(StudentT, "loss", lambda self, answer: seen.append(self) or judged(self, answer))
    network = deepar()
    with torch.no_grad():
        for part, bias in ((network.head, [0.5, 1.0, 2.0]), (network.mixture, [50.0, 0.0])):  # the newest value alone
            part.weight.zero_()
            part.bias.copy_(torch.tensor(bias))
        network.spread.zero_()
    batch = batch_of(network)
    network.loss(batch)
    centre, scale = network.unit(batch)
    newest = ((batch.answer - centre) / scale).float()[:, :-1]
    said = (seen[0].location[..., 0] - newest, seen[0].scale - 1e-3, seen[0].freedom - 2)
    for found, raw in zip(said, (0.5, np.log1p(np.e), np.log1p(np.e**2)), strict=True):
        torch.testing.assert_close(found, torch.full_like(found, raw), rtol=1e-4, atol=1e-4)


def test_training_reads_nothing_that_follows() -> None:
    network = deepar(seasons=(3,), future=1)
    batch = batch_of(network)
    context = network.config.context
    answer = batch.answer.clone().requires_grad_()
    batch = batch._replace(answer=answer)
    centre, scale = network.unit(batch)
    x = network._scaled(answer, centre, scale)
    ones = torch.ones(3, x.shape[1] - 1)
    steps = network._steps(x[:, :-1], batch, ones)
    hidden, _ = network.backbone(torch.cat(steps, dim=-1))
    said: Any = network._next(hidden, steps, centre, scale)
    (gradient,) = torch.autograd.grad(said.location[:, context, 0].sum(), answer)
    assert (gradient[:, context + 1 :] == 0).all()
    assert (gradient[:, context] != 0).all()


@KINDS
def test_gradients_reach_every_parameter(kind: str) -> None:
    network = deepar(kind, seasons=(3,), past=1, future=1, shake=0.1).train()
    total, weight = network.loss(batch_of(network, 8, counts=True))
    (total / weight).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name


def test_the_newest_alone_is_the_horizon_alone() -> None:
    network = deepar()
    batch = batch_of(network)
    everywhere, newest = network.loss(batch), network.loss(batch, newest_only=True)
    assert newest[1] < everywhere[1]
    answer = batch.answer.clone()
    answer[:, network.config.context :] += 3
    assert network.loss(batch._replace(answer=answer), newest_only=True)[0] != newest[0]


@pytest.mark.parametrize("kind", ["student-t", "normal"])
def test_trap_12_the_forecast_is_in_the_unit_of_the_data(kind: str) -> None:
    """But for the draws, which are those of the window: quantiles of many are compared."""
    network = deepar(kind, paths=3000, shake=0.1)
    batch = batch_of(network, 1)
    plain, moved = batch, batch._replace(target=batch.target * 1000 - 7, answer=batch.answer * 1000 - 7)
    ours, theirs = (network(one).quantiles for one in (plain, moved))
    torch.testing.assert_close(ours, theirs, rtol=0.15, atol=0.25)


@KINDS
def test_a_constant_context_is_forecast_as_constant_unless_it_counts(kind: str) -> None:
    network = deepar(kind)
    batch = batch_of(network)
    scaled = network(batch._replace(target=torch.full_like(batch.target, 5.0)))
    spread = (scaled.quantiles * scaled.scale[:, :, None, None]).diff(dim=-1).abs().max()
    assert torch.isfinite(scaled.quantiles).all()
    assert (spread > 0) == (kind == "negative-binomial")


def test_quantiles_are_those_of_the_distribution_one_step_ahead() -> None:
    network = deepar("normal", paths=20_000, shake=0.1, horizon=1)
    batch = batch_of(network, 2)
    centre, scale = network.unit(batch)
    steps = network._steps(network._scaled(batch.target, centre, scale), batch, batch.observed)
    hidden, _ = network.backbone(torch.cat(steps, dim=-1))
    said = network._next(hidden, steps, centre, scale).quantiles(network.config.quantiles)[:, -1]
    torch.testing.assert_close(network(batch).quantiles[:, 0, 0], said, rtol=0.05, atol=0.05)


def test_what_it_cannot_say_is_refused() -> None:
    for name in set(DISTRIBUTIONS) - set(DeepARNetwork.distributions):
        with pytest.raises(OptionError, match="distribution must be one of 'auto', 'student-t'"):
            gatecast.Forecaster(3, model="deepar", distribution=name)
    with pytest.raises(OptionError, match="patch must be 1"):
        deepar(patch=2)
    with pytest.raises(OptionError, match="paths must be"):
        gatecast.Forecaster(3, model="deepar", network={"paths": 1})


def test_it_fits_forecasts_and_is_kept(tmp_path) -> None:
    draws = np.random.default_rng(0)
    seasons = 8 + 6 * np.sin(np.arange(140) * 2 * np.pi / 7)
    table = {
        "y": draws.poisson(seasons),
        "wind": draws.normal(size=140),
        "open": (np.arange(140) % 7 < 5).astype(float),
    }
    import polars as pl

    model = gatecast.Forecaster(
        3, model="deepar", distribution="negative-binomial", season=7, context=14, steps=15, members=2, device="cpu",
        network={"hidden": 6, "paths": 40},
    )  # fmt: skip
    model.fit(pl.DataFrame(table), target="y", past=["wind"])
    forecast = model.predict(samples=30)
    assert forecast.samples is not None and forecast.samples.shape == (1, 30, 3)
    assert (forecast.samples == forecast.samples.round()).all() and forecast.samples.min() >= 0
    assert (forecast.lower >= 0).all() and (forecast.lower <= forecast.point[..., None]).all()
    model.save(tmp_path / "model")
    again = gatecast.load(tmp_path / "model", device="cpu").predict(samples=30)
    assert again.samples is not None and np.array_equal(again.samples, forecast.samples)
    assert np.array_equal(again.upper, forecast.upper)
