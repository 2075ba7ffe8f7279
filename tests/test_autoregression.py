"""An autoregression of each window: what it is fitted by, what it recovers, and what must not move it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import gatecast as gc
from gatecast.forecast import Origins
from gatecast.forecaster import autoregression
from gatecast.forecaster.autoregression import MOST_FITTED, autoregression_at, lags_of
from gatecast.forecaster.gate import Gate
from gatecast.frequency import Frequency
from gatecast.panel import Panel
from gatecast.scaling import Scaler
from gatecast.windows import WindowReader

HORIZON = 12


def said_of(*series: np.ndarray, seasons: tuple[int, ...] = (), ends=None, horizon: int = HORIZON) -> np.ndarray:
    """(series, horizon), from the end of each."""
    lengths = np.array([len(y) for y in series])
    panel = Panel(
        np.concatenate(series).reshape(-1, 1).astype(float),
        np.concatenate([[0], lengths.cumsum()]),
        tuple(f"s{k}" for k in range(len(series))),
        np.concatenate([np.arange(length) for length in lengths]),
        Frequency("row"),
    )
    reader = WindowReader(panel, Scaler.fit(np.zeros((0, 0))), 5, horizon, torch.device("cpu"))
    origins = Origins(np.arange(len(series)), lengths if ends is None else np.array(ends))
    return autoregression_at(reader, origins, seasons)


def second_order(length: int, seed: int = 0) -> np.ndarray:
    y, shocks = np.zeros(length), np.random.default_rng(seed).normal(size=length)
    for t in range(2, length):
        y[t] = 1.5 * y[t - 1] - 0.7 * y[t - 2] + shocks[t]
    return y


def shape_of_a_season(length: int, period: int, seed: int = 0) -> np.ndarray:
    shape = np.random.default_rng(seed).normal(size=period)
    return 50 + 10 * np.tile(shape, length // period + 1)[:length]


@pytest.mark.parametrize(
    ("count", "seasons", "lags"),
    [
        (8, (), [1]),
        (30, (), [1, 2, 3, 4, 5]),
        (60, (12,), [*range(1, 14), 23, 24, 25]),
        (25, (12,), [1, 2, 3, 4]),  # as many pairs of values as come before them, at least
        (26, (12,), [1, 2, 3, 4, 11, 12, 13]),
        (300, (), list(range(1, 26))),
        (1000, (), list(range(1, 53))),
        (1000, (24, 168), [*range(1, 53), *(24 * k + d for k in range(3, 8) for d in (-1, 0, 1))]),
        (1000, (7, 365), [*range(1, 53), 364, 365, 366]),
    ],
)
def test_lags_are_near_and_about_whole_seasons(count, seasons, lags):
    assert list(lags_of(count, seasons)) == lags


@given(st.integers(8, MOST_FITTED), st.lists(st.integers(2, 499), max_size=2, unique=True))
def test_half_of_a_window_at_least_is_fitted(count, seasons):
    lags = lags_of(count, tuple(sorted(seasons)))
    assert lags[0] == 1 and 2 * lags[-1] <= count and list(lags) == sorted(set(lags))


def test_it_forecasts_as_the_law_that_made_a_series():
    series = [second_order(400, seed) for seed in range(30)]
    paths = np.array([y[-2:] for y in series])
    for _ in range(HORIZON):
        paths = np.column_stack([paths, 1.5 * paths[:, -1] - 0.7 * paths[:, -2]])
    newest, expected = paths[:, [1]], paths[:, 2:]
    assert np.abs(said_of(*series) - expected).mean() < 0.4 * np.abs(newest - expected).mean()


def test_a_season_and_its_growth_are_continued():
    y = shape_of_a_season(120 + HORIZON, 12) * 1.01 ** np.arange(120 + HORIZON)
    said = said_of(y[:120], seasons=(12,))[0]
    np.testing.assert_allclose(said, y[120:], rtol=0.02)
    assert np.abs(said - y[120:]).mean() < 0.1 * np.abs(y[120 - 12 : 120] - y[120:]).mean()


def test_a_longer_season_is_seen_beside_the_shorter():
    days = shape_of_a_season(24 * 70, 24, seed=1)
    week = np.repeat(np.tile([0, 1, 4, 2, 3, -6, -9], 10), 24)
    y = days + week
    said = said_of(y[: -24 * 2], seasons=(24, 168), horizon=48)[0]
    assert np.abs(said - y[-48:]).mean() < 0.2 * np.abs(np.diff(y)).mean()


def test_a_constant_or_a_short_series_repeats_its_newest_value():
    said = said_of(np.full(50, 3.0), np.arange(7.0), np.zeros(40))
    np.testing.assert_array_equal(said, np.repeat([[3.0], [6.0], [0.0]], HORIZON, axis=1))


def test_neighbours_in_a_batch_and_their_lengths_do_not_count():
    series = [second_order(n, seed=n) + 20 * (n % 2) for n in (9, 40, 41, 300, 1500)]
    together = said_of(*series, seasons=(12,))
    for y, said in zip(series, together, strict=True):
        np.testing.assert_allclose(said_of(y, seasons=(12,))[0], said, rtol=1e-6, atol=1e-6)


def test_nothing_after_an_origin_counts():
    y = second_order(300)
    changed = np.concatenate([y[:200], y[200:] * 100 - 7])
    np.testing.assert_array_equal(said_of(y, ends=[200]), said_of(changed, ends=[200]))
    np.testing.assert_array_equal(said_of(y, ends=[200]), said_of(y[:200]))


def test_the_unit_does_not_count_nor_the_level_where_values_have_both_signs():
    y = second_order(200)
    np.testing.assert_allclose(said_of(1e6 * y - 300), 1e6 * said_of(y) - 300, rtol=1e-6)
    positive = np.exp(y / 10)
    np.testing.assert_allclose(said_of(1e-3 * positive), 1e-3 * said_of(positive), rtol=1e-6)


def test_positive_values_stay_positive():
    falling = 100 * 0.9 ** np.arange(30) + np.random.default_rng(0).uniform(0, 0.1, 30)
    assert (said_of(falling, horizon=60) > 0).all()


def test_shocks_move_it_less_than_they_move_least_squares(monkeypatch):
    y = second_order(400)
    struck = y + np.where(np.arange(400) % 40 == 20, 30.0, 0.0)
    moved = np.abs(said_of(struck) - said_of(y)).mean()
    monkeypatch.setattr(autoregression, "_REWEIGHTED", 0)
    assert moved < 0.8 * np.abs(said_of(struck) - said_of(y)).mean()


def test_what_explodes_is_held():
    y = np.concatenate([np.zeros(20), 3.0 ** np.arange(12)])
    said = said_of(y, horizon=100)[0]
    assert np.isfinite(said).all() and said.max() <= 2 * y.max()


@pytest.mark.parametrize("level", [1e-300, 1e150, 1e301])
def test_units_far_from_one_do_no_harm(level):
    y = second_order(60) / 10 * level
    said = said_of(y)[0]
    assert np.isfinite(said).all() and (np.abs(said) <= 3 * np.abs(y).max()).all()


def test_how_much_it_says_is_told():
    model = gc.Forecaster(horizon=4, season="none", steps=2, members=1).fit(second_order(400))
    assert model.fitted.autoregression_share > 0.05
    words = [words for words in model.describe() if "autoregressions say" in words.english]
    assert f"{model.fitted.autoregression_share:.0%}" in words[0].english and "自回归" in words[0].chinese


@pytest.mark.parametrize("wishes", [{"model": "lstm"}, {"distribution": "student-t"}, {"horizon": 101}])
def test_it_is_not_asked_where_something_else_was_asked_for(wishes):
    model = gc.Forecaster(**{"horizon": 4, "season": "none", "steps": 2, "members": 1, **wishes}).fit(second_order(400))
    assert model.plan.autoregression is None and model.fitted.autoregression_share == 0
    assert not any("autoregression" in words.english for words in model.describe())


def test_it_is_told_of_the_seasons_that_a_window_can_show():
    y = second_order(400)
    told = [
        gc.Forecaster(horizon=4, season=season, steps=1, members=1).fit(y).plan.autoregression
        for season in ("none", 12, [7, 365], [7, 500])
    ]
    assert told == [(), (12,), (7, 365), (7,)]


def test_it_says_the_same_after_a_save(tmp_path):
    model = gc.Forecaster(horizon=4, season="none", steps=2, members=1).fit(second_order(1500))
    assert model.fitted.autoregression_share > 0.05
    model.save(tmp_path / "model")
    restored = gc.load(tmp_path / "model")
    np.testing.assert_array_equal(restored.predict().point, model.predict().point)
    assert restored.plan.autoregression == () and restored.describe() == model.describe()
    assert len(restored._panel.time) >= MOST_FITTED  # it reads farther back than the networks do


def test_where_it_has_no_say_it_costs_nothing(monkeypatch, tmp_path):
    def chosen(point, newest, **more) -> Gate:
        others = newest.bases.shape[-1] - 2  # the first base and the pretrained network, which is the last, say all
        return Gate(others + 1, 0.2, (0.25, *[0.0] * others, 0.75))

    monkeypatch.setattr(Gate, "fit", chosen)
    y = second_order(1500)
    model = gc.Forecaster(horizon=4, season="none", steps=30, members=1).fit(y)
    naive = model.fitted.networks[0].bases.count
    assert model.fitted.advisers.autoregression is None and model.plan.autoregression == ()
    assert model.fitted.gate == Gate(naive, 0.2, (0.25, *[0.0] * (naive - 1), 0.75))
    assert any("autoregressions are not heard" in words.english for words in model.describe())
    monkeypatch.setattr("gatecast.forecaster.advice.autoregression_at", None)
    before = model.predict().point
    model.save(tmp_path / "model")
    restored = gc.load(tmp_path / "model")
    np.testing.assert_array_equal(restored.predict().point, before)
    assert len(restored._panel.time) < MOST_FITTED


@pytest.mark.parametrize(("rows", "judged"), [(600, 6), (1500, 4), (6000, 4)])
def test_it_is_fitted_to_no_more_windows_than_takes_seconds(rows, judged, monkeypatch):
    asked, usual = [], autoregression_at

    def noted(reader, origins, seasons):
        asked.append(len(origins.series))
        return usual(reader, origins, seasons)

    monkeypatch.setattr("gatecast.forecaster.advice.autoregression_at", noted)
    monkeypatch.setattr("gatecast.forecaster.ensemble._MOST_FITTED", 4000)
    gc.Forecaster(horizon=4, season="none", steps=2, members=1).fit(second_order(rows))
    assert asked == [judged, judged]  # held-out windows, and those of the past
