"""Conformal correction: holds what it promises, never crosses, survives JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecast.conformal import Correction
from gatecast.forecast import Prediction

LEVELS = (80, 95)


def heteroscedastic(seed: int, windows: int, horizon: int = 6, width: float = 0.5):
    """Series of different size whose noise grows with the step, and intervals of the wrong width."""
    random = np.random.default_rng(seed)
    scale = 10.0 ** random.uniform(-2, 3, windows)
    sigma = np.sqrt(np.arange(1, horizon + 1))
    point = random.normal(size=(windows, horizon)) * scale[:, None]
    actual = point + random.standard_t(5, size=(windows, horizon)) * sigma * scale[:, None]
    reach = width * np.array([1.28, 1.96]) * scale[:, None, None]
    prediction = Prediction(point, point[:, :, None] - reach, point[:, :, None] + reach)
    return prediction, actual, scale


@pytest.mark.parametrize("width", [0.3, 4.0])
def test_trap_23_corrected_intervals_cover_what_they_promise_at_every_step(width):
    prediction, actual, scale = heteroscedastic(0, 4000, width=width)
    correction = Correction.fit(prediction, actual, scale, LEVELS)
    assert (correction.shift > 0).all() if width < 1 else (correction.shift[0] < 0).all()
    fresh, actual, scale = heteroscedastic(1, 4000, width=width)
    _, lower, upper = correction.apply(fresh, scale)
    inside = ((lower <= actual[:, :, None]) & (actual[:, :, None] <= upper)).mean(axis=0)
    np.testing.assert_allclose(inside, np.broadcast_to([0.80, 0.95], inside.shape), atol=0.02)


def test_coverage_is_kept_on_average_over_small_calibrations():
    shares = []
    for seed in range(150):
        correction = Correction.fit(*heteroscedastic(seed, 30, horizon=1), LEVELS)
        fresh, actual, scale = heteroscedastic(10_000 + seed, 200, horizon=1)
        _, lower, upper = correction.apply(fresh, scale)
        shares.append(((lower <= actual[:, :, None]) & (actual[:, :, None] <= upper)).mean(axis=(0, 1)))
    assert (np.mean(shares, axis=0) >= [0.78, 0.93]).all()


def test_the_rank_is_that_of_the_paper():
    actual = np.arange(2.0, 11.0)[:, None]  # nine scores 1 … 9 of an interval [-1, 1]
    zero = np.zeros((9, 1))
    correction = Correction.fit(Prediction(zero, zero[:, :, None] - 1, zero[:, :, None] + 1), actual, np.ones(9), (50,))
    assert correction.shift.item() == 5  # ⌈10 · 0.5⌉-th smallest


def scored(scores: list[float]) -> tuple[Prediction, np.ndarray, np.ndarray]:
    """Windows of one step, with these scores of an interval of -1 … 1."""
    actual = np.array(scores)[:, None] + 1
    zero = np.zeros_like(actual)
    return Prediction(zero, zero[:, :, None] - 1, zero[:, :, None] + 1), actual, np.ones(len(scores))


def test_between_two_errors_the_correction_lies_on_a_line():
    eight = [1.0, 2, 3, 4, 5, 6, 7, 8]
    assert Correction.fit(*scored(eight), (50,)).shift.item() == 4.5  # the 9 · 0.5-th
    assert Correction.fit(*scored(eight), (60,)).shift.item() == pytest.approx(5.4)


@pytest.mark.parametrize("level", [80, 95])
def test_few_errors_hold_the_level_on_average_and_no_more(level):
    draws, held = np.random.default_rng(0), []
    for _ in range(3000):
        shift = Correction.fit(*scored(list(draws.uniform(0, 1, 39))), (level,)).shift.item()
        held.append(shift)  # the share of uniform scores below it
    assert np.mean(held) == pytest.approx(level / 100, abs=0.004)


def test_few_calm_windows_narrow_little_and_wild_ones_widen_in_full():
    calm, wild = [-0.8, -0.7, -0.6, -0.5, -0.4], [0.4, 0.5, 0.6, 0.7, 0.8]
    for independent, believed in ((1, 1 / 6), (5, 1 / 2), (None, 1 / 2)):
        assert Correction.fit(*scored(calm), (50,), independent).shift.item() == pytest.approx(-0.6 * believed)
        assert Correction.fit(*scored(wild), (50,), independent).shift.item() == pytest.approx(0.6)


def test_trusted_intervals_move_only_as_far_as_chance_does_not_explain():
    def shifts(scores: list[float]) -> list[float]:
        return [Correction.fit(*scored(scores), (80,), trusted=told).shift.item() for told in (False, True)]

    few, some, many = (
        shifts([-0.9, -0.2, 0.2]),
        shifts([*np.linspace(-0.5, 1, 16)]),
        shifts([*np.linspace(-0.5, 1, 4000)]),
    )
    assert few[1] == 0 < few[0]
    assert 0 < some[1] < 0.95 * some[0]
    assert many[1] == pytest.approx(many[0], rel=0.01)


def test_trusted_intervals_that_hold_what_they_promise_stay():
    found = []
    for seed in range(100):
        random = np.random.default_rng(seed)
        actual, zero = random.normal(size=(9, 4)), np.zeros((9, 4))
        reach = np.broadcast_to(np.array([1.2816, 1.96]), (9, 4, 2))
        right = Prediction(zero, -reach, reach)
        one = [Correction.fit(right, actual, np.ones(9), LEVELS, trusted=told).shift[0] for told in (False, True)]
        found.append(np.abs(one))
    plain, trusted = np.mean(found, axis=0)
    assert (trusted < plain / 3).all()


def test_a_quiet_series_does_not_pay_for_the_surprises_of_another():
    """Half of the series are ten times as certain, and rightly: all intervals are stretched by the same factor."""
    prediction, actual, scale = heteroscedastic(0, 2000, width=0.5)
    certain = np.arange(2000) % 2 == 0
    factor = np.where(certain, 0.1, 1.0)[:, None]
    actual = prediction.point + factor * (actual - prediction.point)
    reach = factor[:, :, None] * (prediction.upper - prediction.lower) / 2
    point = prediction.point[:, :, None]
    offered = Prediction(prediction.point, point - reach, point + reach)
    corrected = Correction.fit(offered, actual, scale, LEVELS).apply(offered, scale)
    inside = (corrected.lower <= actual[:, :, None]) & (actual[:, :, None] <= corrected.upper)
    for some in (certain, ~certain):
        np.testing.assert_allclose(inside[some].mean((0, 1)), [0.80, 0.95], atol=0.02)


def test_few_windows_pool_all_steps_and_many_none():
    few = Correction.fit(*heteroscedastic(0, 5), LEVELS)
    assert (few.shift == few.shift[0]).all()
    many = Correction.fit(*heteroscedastic(0, 500), LEVELS)
    assert (np.diff(many.shift, axis=0) > 0).all()
    between = Correction.fit(*heteroscedastic(0, 80), LEVELS)
    assert len(np.unique(between.shift[:, 0])) == 4  # three neighbouring steps a pool: 1–3, 2–4, 3–5, 4–6


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 40), st.floats(0, 5), st.sampled_from([(80, 95), (95, 80), (50, 99, 90)]))
def test_trap_23_quantiles_never_cross(seed, windows, width, levels):
    random = np.random.default_rng(seed)
    point = random.normal(size=(windows, 4))
    reach = np.sort(random.gamma(1, width + 1e-9, (windows, 4, len(levels))), axis=2)
    reach[:, :, np.argsort(levels)] = reach.copy()
    prediction = Prediction(point, point[:, :, None] - reach, point[:, :, None] + reach)
    scale = random.gamma(1, 1, windows) + 1e-6
    correction = Correction.fit(prediction, random.normal(size=(windows, 4)), scale, levels)
    corrected = correction.apply(prediction, scale)
    np.testing.assert_array_equal(corrected.point, point)
    assert (corrected.lower <= point[:, :, None]).all() and (point[:, :, None] <= corrected.upper).all()
    rising = np.argsort(levels)
    assert (np.diff(corrected.lower[:, :, rising], axis=2) <= 0).all()
    assert (np.diff(corrected.upper[:, :, rising], axis=2) >= 0).all()


def test_a_correction_survives_json():
    correction = Correction.fit(*heteroscedastic(0, 20), LEVELS)
    again = Correction.from_dict(json.loads(json.dumps(correction.to_dict())))
    assert again.levels == correction.levels
    np.testing.assert_array_equal(again.shift, correction.shift)


def test_intervals_that_became_narrower_are_offeredback_what_they_lost():
    before, actual, scale = heteroscedastic(0, 500)
    correction = Correction.fit(before, actual, scale, LEVELS)
    half = Prediction(
        before.point, (before.lower + before.point[..., None]) / 2, (before.upper + before.point[..., None]) / 2
    )
    again = correction.kept_wide(before, half, scale).apply(half, scale)
    first = correction.apply(before, scale)
    widths = [((one.upper - one.lower) / scale[:, None, None]).mean((0, 1)) for one in (first, again)]
    np.testing.assert_allclose(*widths, rtol=0.02)
    wider = correction.kept_wide(half, before, scale)
    np.testing.assert_allclose(wider.shift, correction.shift)
