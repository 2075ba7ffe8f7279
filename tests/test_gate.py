"""The gate: what has skill passes, what has none gives way, what is half proven is half believed."""

from __future__ import annotations

import numpy as np
import pytest

from gatecast.forecast import Prediction
from gatecast.forecaster.gate import Gate, choose_base

WINDOWS, HORIZON = 400, 3


def held_out(seed: int = 0, windows: int = WINDOWS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers, errors to be added to a forecast of them, and scales."""
    draws = np.random.default_rng(seed)
    scale = 10.0 ** draws.uniform(-1, 2, windows)
    actual = scale[:, None] * draws.normal(size=(windows, HORIZON))
    return actual, scale[:, None] * draws.normal(size=(windows, HORIZON)), scale


def test_a_network_with_skill_passes_whole():
    actual, error, scale = held_out()
    bases = np.stack([actual + 2 * error[::-1], actual + 3 * error], axis=-1)
    assert Gate.fit(actual + 0.1 * error, bases, actual, scale, WINDOWS).share > 0.98


@pytest.mark.parametrize("linear", [False, True])
def test_a_network_without_skill_gives_way_to_the_best_naive_base(linear):
    actual, error, scale = held_out()
    bases = np.stack([actual + 2 * error, actual + error, actual + 3 * error], axis=-1)
    assert Gate.fit(actual + 4 * error, bases, actual, scale, WINDOWS, linear=linear) == Gate(1, 0.0)


def test_few_independent_windows_are_half_believed():
    actual, error, scale = held_out()
    other = np.random.default_rng(1).normal(size=error.shape) * scale[:, None]
    shares = [
        Gate.fit(actual + 0.8 * other, (actual + error)[..., None], actual, scale, independent).share
        for independent in (2, 40, 100, 400)
    ]
    assert 0 == shares[0] < shares[1] < shares[2] < shares[3] < 1


def test_a_linear_base_with_skill_and_a_network_as_good_are_halves():
    actual, error, scale = held_out()
    other = np.random.default_rng(1).normal(size=error.shape) * scale[:, None]
    bases = np.stack([actual + 3 * error, actual + error], axis=-1)
    gate = Gate.fit(actual + other, bases, actual, scale, WINDOWS, linear=True)
    assert gate == Gate(1, 0.5)
    assert Gate.fit(actual + 0.1 * other, bases, actual, scale, WINDOWS, linear=True).share > 0.9
    assert Gate.fit(actual + 9 * other, bases, actual, scale, WINDOWS, linear=True).share < 0.1


def test_a_linear_base_that_is_better_by_chance_stands_in_for_nobody():
    actual, error, scale = held_out()
    noise = np.random.default_rng(1).normal(size=error.shape) * scale[:, None]
    bases = np.stack([actual + error, actual + 0.995 * error + 0.01 * noise], axis=-1)
    assert Gate.fit(actual + error, bases, actual, scale, WINDOWS, linear=True) == Gate(0, 0.0)


def test_intervals_move_along_and_keep_their_width():
    point = np.zeros((2, HORIZON))
    prediction = Prediction(point, point[..., None] - 1, point[..., None] + 2)
    bases = np.full((2, HORIZON, 1), 8.0)
    moved = Gate(0, 0.75).apply(prediction, bases)
    np.testing.assert_array_equal(moved.point, 2.0)
    np.testing.assert_array_equal(moved.lower, 1.0)
    np.testing.assert_array_equal(moved.upper, 4.0)


def test_one_window_proves_nothing():
    actual, error, scale = held_out(windows=1)
    assert Gate.fit(actual + 0.7 * error, (actual + error)[..., None], actual, scale, 1).share == 0


def test_the_last_value_stands_in_unless_another_base_is_surely_better():
    draws = np.random.default_rng(0)
    errors = np.abs(draws.normal(size=(WINDOWS, 2))) * [1.0, 0.95]
    assert choose_base(errors, 3) == 0
    assert choose_base(errors * [1.0, 0.5], WINDOWS) == 1


def test_few_new_windows_do_not_outweigh_the_whole_past():
    draws = np.random.default_rng(0)
    past = np.abs(draws.normal(size=(WINDOWS, 3))) * [1.0, 0.5, 0.6]  # means of 0.8, 0.4 and 0.5
    newest = np.array([[1.0, 0.5, 0.4]])
    assert choose_base(newest, 1, (past, WINDOWS)) == 1
    assert choose_base(newest, 20, (past, WINDOWS)) == 2
