"""es-lstm: what is smoothed as ratios and what as it is, the smoothed forecast among the bases, and whole fits."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch
from random_windows import batch_of, network_of

import gatecast
from gatecast.models.es_lstm import ESNetwork, Form
from gatecast.windows import Batch

SEASON = np.array([0.6, 0.7, 0.9, 1.0, 1.1, 1.5, 1.6, 1.3, 1.0, 0.9, 0.8, 0.6])
QUICK = {"season": 12, "context": 36, "steps": 60, "members": 1, "device": "cpu", "network": {"hidden": 8}}


def growing(rows: int, seed: int = 0, growth: float = 0.008) -> np.ndarray:
    """A level that grows by the same share each step, seasonal factors, and noise of 3 %."""
    steps, draws = np.arange(rows), np.random.default_rng(seed)
    return 100 * np.exp(growth * steps) * SEASON[steps % 12] * np.exp(0.03 * draws.normal(size=rows))


def batch_from(rows: np.ndarray, horizon: int) -> Batch:
    """Windows whose context and answer are the given rows: (batch, context + horizon)."""
    answer = torch.as_tensor(rows, dtype=torch.float64)
    context = answer.shape[1] - horizon
    nothing, known = torch.zeros(len(rows), context, 0), torch.zeros(len(rows), answer.shape[1], 0)
    phase = torch.arange(len(rows))
    return Batch(answer[:, :context], torch.ones(len(rows), context), nothing, known, answer, phase)


def smoothing_alone(**shape: object) -> ESNetwork:
    """A network that says nothing itself, and of all bases trusts the smoothed forecast alone."""
    network = network_of("es-lstm", shake=0.0, **shape)
    assert isinstance(network, ESNetwork)
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.zero_()
        network.mixture.bias.view(network.blocks, -1)[:, -1] = 100.0
    return network


@torch.no_grad()
def medians(network: ESNetwork, batch: Batch) -> np.ndarray:
    """Of the newest position, in the unit of the data: (batch, horizon)."""
    scaled = network(batch, newest_only=True)
    return (scaled.quantiles[:, 0, :, 2].double() * scaled.scale + scaled.centre).numpy()


# the form


def test_positive_values_are_read_as_ratios_and_others_as_they_are() -> None:
    rows = np.stack([growing(20), growing(20) - 100, np.append(growing(19), 0.01), np.append(growing(19), 0.0)])
    network = network_of("es-lstm", horizon=4, context=16)
    batch = batch_from(rows[:, ::-1].copy(), 4)  # the smallest within the context
    form = Form.of(batch, *network.unit(batch), 4)
    assert form.ratio[:, 0].tolist() == [True, False, False, False]
    x = (batch.target - form.level) / form.scale
    torch.testing.assert_close(form.read(batch.target)[1:], x[1:].float())
    back = form.write(form.read(batch.target)[:, None])[:, 0]  # what is read is written back
    torch.testing.assert_close(back, x.float(), rtol=1e-5, atol=1e-5)
    assert abs(form.read(batch.target)[0].mean()) < 1e-6


def test_no_forecast_is_farther_off_than_can_be_computed() -> None:
    batch = batch_from(growing(20)[None], 4)
    form = Form.of(batch, *network_of("es-lstm", context=16).unit(batch), 4)
    far = form.write(torch.full((1, 1, 4), 1e30)).requires_grad_()
    assert torch.isfinite(far).all() and (form.write(-torch.full((1, 1, 4), 1e30)) < 0).all()


# the smoothed forecast


@pytest.mark.parametrize("factor", [1.0, 1e-6, 1e9])
def test_seasonal_factors_that_repeat_are_continued_exactly(factor: float) -> None:
    rows = factor * np.tile(SEASON, 5)[None]
    network = smoothing_alone(context=48, horizon=12, patch=4, seasons=(12,))
    np.testing.assert_allclose(medians(network, batch_from(rows, 12)), rows[:, 48:], rtol=1e-5)


def test_seasons_of_values_below_zero_are_added() -> None:
    rows = (np.tile(SEASON, 5) - 1)[None]
    network = smoothing_alone(context=48, horizon=12, seasons=(12,))
    np.testing.assert_allclose(medians(network, batch_from(rows, 12)), rows[:, 48:], atol=1e-5)


def test_a_season_grows_with_the_level() -> None:
    """The level doubles: what comes swings twice as far as it did, and a network that adds seasons would say less."""
    rows = np.where(np.arange(108) < 36, 1.0, 2.0) * np.tile(SEASON, 9)
    network = smoothing_alone(context=96, horizon=12, seasons=(12,))
    said = medians(network, batch_from(rows[None], 12))[0]
    assert np.ptp(said) == pytest.approx(2 * np.ptp(SEASON), rel=0.05)


def test_what_the_network_says_is_a_factor_too() -> None:
    network = smoothing_alone(context=48, horizon=12, seasons=(12,))
    batch = batch_from(np.tile(SEASON, 5)[None], 12)
    before = medians(network, batch)
    with torch.no_grad():
        network.head.bias.view(12, -1)[:, 0] = 0.5
    ratio = medians(network, batch) / before
    assert ratio.min() > 1.05
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-4)


def test_the_naive_bases_are_as_with_other_networks() -> None:
    """The gate compares with these, and a saved model counts them."""
    network, plain = (network_of(name, seasons=(4,)) for name in ("es-lstm", "lstm"))
    batch = batch_of(network)
    assert torch.equal(network(batch).bases, plain(batch).bases)


def test_a_noisy_level_learns_to_be_smoothed_longer_than_one_that_wanders() -> None:
    noise = np.random.default_rng(3).normal(size=(64, 28))
    alphas = []
    for rows in (50 + noise, 50 + noise.cumsum(1)):
        network = smoothing_alone(context=24, horizon=4)
        optimiser = torch.optim.Adam(network.smoothing.parameters(), lr=0.02)
        for _ in range(40):
            total, weight = network.loss(batch_from(rows, 4))
            optimiser.zero_grad()
            (total / weight).backward()
            optimiser.step()
        alphas.append(network.smoothing.coefficients[0].item())
    assert alphas[0] < 0.2 < 0.4 < alphas[1]


# whole fits


def test_finds_the_seasonal_factors_and_beats_the_seasonal_naive_forecast() -> None:
    y = growing(204)
    past, future = y[:192], y[192:]
    said = gatecast.Forecaster(12, model="es-lstm", **{**QUICK, "steps": 200}).fit(past).predict().point[0]
    mine, naive = np.abs(said / future - 1).mean(), np.abs(past[-12:] / future - 1).mean()
    assert mine < 0.6 * naive
    assert np.corrcoef(said / said.mean(), SEASON)[0, 1] > 0.98


def test_series_of_any_sign_and_level_in_one_table() -> None:
    several = [growing(96), growing(96) - 150, 1e6 * growing(96), np.round(growing(96) / 100) * (np.arange(96) % 2)]
    table = pl.DataFrame(
        {
            "id": np.repeat(["up", "below", "large", "gaps"], 96),
            "step": np.tile(np.arange(96), 4),
            "y": np.concatenate(several),
        }
    )
    forecast = gatecast.Forecaster(12, model="es-lstm", **QUICK).fit(table, id="id", time="step", target="y").predict()
    assert np.isfinite(forecast.point).all() and (forecast.lower <= forecast.upper).all()
    for k, name in enumerate(forecast.ids):
        scale = np.abs(several[["up", "below", "large", "gaps"].index(str(name))])
        assert np.abs(forecast.point[k]).max() < 4 * scale.max()


def test_it_is_a_member_of_an_ensemble() -> None:
    y = growing(120)
    models = [gatecast.Forecaster(6, model=name, **QUICK) for name in ("es-lstm", "lstm")]
    forecast = gatecast.Ensemble(models).fit(y).predict()
    assert np.isfinite(forecast.point).all()
