"""The network that comes trained: what it says of series whose future anybody would know, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gatecast.pretrained import MOST_READ, PROBABILITIES, PretrainedNetwork, pretrained_network
from gatecast.pretrained.bases import COUNT, Season, bases_of
from gatecast.pretrained.past import Past

MIDDLE = PROBABILITIES.index(0.5)
HORIZON = 12
GOLDEN = [[83.88411, 85.24204, 86.99164], [82.01189, 84.02621, 86.47418]]
GOLDEN_SHORT = [[3.42974, 3.66619, 3.92807], [3.16159, 3.76099, 4.50936]]


def forecast(*series: np.ndarray, seasons: tuple[int, int] = (1, 1), horizon: int = HORIZON) -> np.ndarray:
    """(series, horizon, PROBABILITIES), of series that may differ in length."""
    longest = max(map(len, series))
    rows = [np.concatenate([np.full(longest - len(y), y[0]), y]) for y in series]
    observed = [np.concatenate([np.zeros(longest - len(y)), np.ones(len(y))]) for y in series]
    with torch.no_grad():
        target, there = torch.tensor(np.array(rows)), torch.tensor(np.array(observed)).float()
        return pretrained_network().forecast(target, there, seasons, horizon).numpy()


def noise(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=length)


def seasonal(length: int, seed: int = 0) -> np.ndarray:
    """Months with a season of 12 and a trend."""
    steps = np.arange(length)
    return 100 + 0.5 * steps + 10 * np.sin(2 * np.pi * steps / 12) + noise(length, seed)


def test_a_season_and_a_trend_go_on():
    y = seasonal(120 + HORIZON)
    said = forecast(y[:120], seasons=(12, 1))[0]
    repeated = y[108:120]
    ours, naive = (np.abs(y[120:] - point).mean() for point in (said[:, MIDDLE], repeated))
    assert ours < 2 < 4 < naive


def test_two_seasons_are_told_apart():
    steps = np.arange(28 * 8 + HORIZON)
    y = np.sin(2 * np.pi * steps / 4) + 3 * (steps // 4 % 7 >= 5)
    error = np.abs(y[-HORIZON:] - forecast(y[:-HORIZON], seasons=(4, 28))[0, :, MIDDLE]).mean()
    assert error < 0.1 < 10 * error < np.abs(y[-HORIZON:] - forecast(y[:-HORIZON], seasons=(4, 1))[0, :, MIDDLE]).mean()


def test_the_median_of_a_walk_is_near_its_last_value_and_its_intervals_widen():
    walks = [noise(200, seed).cumsum() for seed in range(40)]
    said = forecast(*walks)
    last = np.array([walk[-1] for walk in walks])
    assert np.abs(said[:, 0, MIDDLE] - last).mean() < 0.4  # of a standard deviation of a step
    width = np.diff(said[..., [4, -5]], axis=-1)[..., 0].mean(0)  # 80 %
    assert (np.diff(width) > 0).all() and 2.2 < width[0] < 3.2 and 6 < width[-1] < 12


def test_noise_is_forecast_by_its_mean_and_its_own_quantiles():
    said = forecast(*(noise(150, seed) for seed in range(40)))
    assert np.abs(said[..., MIDDLE]).mean() < 0.25
    np.testing.assert_allclose(said[..., [4, -5]].mean((0, 1)), [-1.28, 1.28], atol=0.15)


def test_quantiles_rise():
    said = forecast(noise(30), noise(80).cumsum(), seasonal(100), np.exp(noise(60)), seasons=(12, 1))
    assert said.shape == (4, HORIZON, len(PROBABILITIES))
    assert (np.diff(said, axis=-1) > 0).all()


@pytest.mark.parametrize("factor", [1e-6, 3.0, 1e9])
def test_the_unit_of_the_data_does_not_matter(factor):
    y = seasonal(100)
    np.testing.assert_allclose(forecast(factor * y), factor * forecast(y), rtol=1e-4)


def test_neither_neighbours_nor_what_lies_before_a_series_matter():
    short, long = seasonal(40), seasonal(150, seed=1)
    alone, beside = forecast(short, seasons=(12, 1))[0], forecast(short, long, seasons=(12, 1))[0]
    np.testing.assert_allclose(alone, beside, rtol=1e-5)


def test_a_constant_goes_on_exactly():
    said = forecast(np.full(30, 0.1), np.full(3, -7.0))
    assert (said[0] == 0.1).all() and (said[1] == -7.0).all()


@pytest.mark.parametrize("y", [[1.0, 2.0], [0.0, 0.0, 0.0, 5.0], [1e300, 2e299, 8e299], [1e-300, 3e-300], [-1e9, 1e9]])
def test_strange_and_short_series_have_finite_forecasts(y):
    assert np.isfinite(forecast(np.array(y), seasons=(12, 52))).all()


def test_a_season_longer_than_the_past_is_none():
    y = noise(10).cumsum()
    assert (forecast(y, seasons=(12, 24)) == forecast(y, seasons=(10, 1))).all()
    assert (forecast(y, seasons=(12, 24)) == forecast(y)).all()


def test_bases_of_a_known_window():
    y = torch.tensor([[1.0, 2.0, 3.0, 4.0, 3.0, 4.0, 5.0, 6.0, 5.0, 6.0, 7.0, 8.0]], dtype=torch.float64)
    past = Past.of(y, torch.ones(1, 12))
    season = Season.of(torch.tensor([[4]]), past.count)
    ahead = torch.tensor([[1, 2, 4, 5]])
    bases = bases_of(past, y, ahead, season, Season.of(torch.tensor([[1]]), past.count)).forecasts
    told = (bases.double() * past.scale[..., None] + past.centre[..., None])[0].T
    assert len(told) == COUNT
    expected = {
        0: [8, 8, 8, 8],  # the last value
        1: [6.5] * 4,  # the mean of the newest season
        2: [4.5] * 4,  # of all
        5: 8 + 7 / 11 * np.array([1, 2, 4, 5]),  # drift
        8: [5, 6, 8, 5],  # the last season
        9: [7, 8, 10, 7],  # moved by the change of level
        10: 6.5 / 4.5 * np.array([5, 6, 8, 5]),  # or by its ratio
        11: [3, 4, 6, 3],  # mean of three seasons
        17: 8 * 8 ** (np.array([1, 2, 4, 5]) / 11),  # growth since the first value
        19: np.array([5, 6, 8, 5]) * (6.5 / 4.5) ** np.array([1, 1, 1, 2]),  # ratio after ratio
        20: [5, 6, 8, 5],  # no longer season: the short one
    }
    for base, values in expected.items():
        np.testing.assert_allclose(told[base], np.asarray(values, float), rtol=1e-5, err_msg=str(base))


def test_a_caller_s_random_stream_is_left_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    PretrainedNetwork.of(pretrained_network().state_dict())
    assert torch.equal(before, torch.get_rng_state())


def test_it_reads_as_much_as_it_can_and_is_not_confused():
    y = seasonal(MOST_READ + HORIZON)
    said = forecast(y[:MOST_READ], seasons=(12, 1))[0, :, MIDDLE]
    assert np.abs(said - y[MOST_READ:]).mean() < 2


def test_weights_bases_and_features_are_those_that_were_trained_together():
    """Any of them changed alone is still a forecast, but another one."""
    steps = np.arange(150)
    y = 50 + 0.2 * steps + 5 * np.sin(2 * np.pi * steps / 7) + 3 * (steps // 7 % 4 == 1) + np.cos(1.7 * steps)
    said = forecast(y, seasons=(7, 28))[0][[0, 11]][:, [4, MIDDLE, -5]]
    np.testing.assert_allclose(said, GOLDEN, rtol=1e-4)
    short = forecast(np.exp(y[:12] / 40))[0][[0, 11]][:, [4, MIDDLE, -5]]
    np.testing.assert_allclose(short, GOLDEN_SHORT, rtol=1e-4)
