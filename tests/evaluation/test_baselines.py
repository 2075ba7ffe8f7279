"""Naive methods: points by hand, intervals from their own past errors, nothing from after an origin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import LEVELS, one_by_one, panel_of, random_walk, seasonal

from gatecast.errors import NotFittedError
from gatecast.evaluation import Drift, MovingAverage, Naive, SeasonalNaive, baselines, method_name
from gatecast.forecast import Origins

SERIES = ([1.0, 2.0, 4.0, 7.0, 3.0, 5.0], [10.0, 12.0])


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (Naive(4, LEVELS), [[5, 5, 5, 5], [12, 12, 12, 12], [4, 4, 4, 4]]),
        (SeasonalNaive(4, LEVELS, 3), [[7, 3, 5, 7], [12, 12, 12, 12], [1, 2, 4, 1]]),
        (Drift(4, LEVELS), [[5.8, 6.6, 7.4, 8.2], [14, 16, 18, 20], [5.5, 7, 8.5, 10]]),
        (MovingAverage(4, LEVELS, 4), [[4.75] * 4, [11] * 4, [7 / 3] * 4]),
    ],
)
def test_points_by_hand(method, expected):
    panel = panel_of(*SERIES)
    origins = Origins(np.array([0, 1, 0]), np.array([6, 2, 3]))
    np.testing.assert_allclose(method.fit(panel).predict_at(panel, origins).point, expected)


def test_a_single_value_is_enough_for_every_method():
    panel = panel_of([3.0])
    for method in baselines(3, LEVELS, (4,)):
        prediction = method.fit(panel).predict_at(panel, Origins.last(panel))
        assert (prediction.point == 3).all()
        assert np.isfinite(prediction.lower).all() and (prediction.lower < 3).all()


def test_every_season_has_a_seasonal_naive():
    assert [b.name for b in baselines(4, LEVELS, ())] == ["naive", "drift", "moving average"]
    assert [b.name for b in baselines(4, LEVELS, (12,))][1] == "seasonal naive"
    assert [b.name for b in baselines(4, LEVELS, (24, 168))][1:3] == ["seasonal naive (24)", "seasonal naive (168)"]
    assert method_name("seasonal naive (24)").chinese == "季节性朴素法（24）"
    assert method_name("LSTM").chinese == "LSTM"


def test_before_fit_there_is_no_forecast():
    panel = panel_of(SERIES[0])
    with pytest.raises(NotFittedError, match="fit"):
        Naive(2, LEVELS).predict_at(panel, Origins.last(panel))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 9), st.sampled_from([(80, 95), (95, 50), (90,)]), st.integers(1, 60))
def test_intervals_hold_the_point_and_widen(seed, horizon, levels, length):
    panel = panel_of(random_walk(seed, length), 100 * seasonal(seed, length))
    for method in baselines(horizon, levels, (4,)):
        point, lower, upper = method.fit(panel).predict_at(panel, Origins.last(panel))
        assert np.isfinite(lower).all() and np.isfinite(upper).all()
        assert (lower <= point[:, :, None]).all() and (point[:, :, None] <= upper).all()
        width = upper - lower
        assert (np.diff(width, axis=1) >= -1e-9 * width.max()).all()
        rising = np.argsort(levels)
        assert (np.diff(width[:, :, rising], axis=2) >= 0).all()


def test_intervals_cover_what_they_promise():
    walks = panel_of(*(random_walk(seed, 400) * 10.0 ** (seed % 5) for seed in range(200)))
    cut = np.full(len(walks), 390)
    prediction = Naive(10, LEVELS).fit(walks.until(cut)).predict_at(walks, Origins(np.arange(200), cut))
    actual = walks.y.reshape(200, 400)[:, 390:, None]
    inside = ((prediction.lower <= actual) & (actual <= prediction.upper)).mean(axis=(0, 1))
    np.testing.assert_allclose(inside, [0.80, 0.95], atol=0.05)


@pytest.mark.parametrize("method", baselines(5, LEVELS, (3, 7)), ids=lambda method: method.name)
def test_trap_25_a_batch_equals_the_loop(method):
    panel = panel_of(random_walk(1, 50), random_walk(2, 20), [4.0])
    origins = Origins(np.array([0, 1, 0, 2, 1, 0]), np.array([45, 20, 2, 1, 6, 50]))
    batch = method.fit(panel).predict_at(panel, origins)
    for k, single in enumerate(one_by_one(method, panel, origins)):
        for together, alone in zip(batch, single, strict=True):
            np.testing.assert_allclose(together[k], alone[0], rtol=1e-12, atol=1e-12)
