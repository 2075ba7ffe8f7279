"""The gate: what has skill passes, what has none gives way, what is half proven is half believed."""

from __future__ import annotations

import numpy as np
import pytest

import gatecast as gc
from gatecast.forecast import Prediction
from gatecast.forecaster.gate import Gate, Known, _halves, mixture, naive_weights

WINDOWS, HORIZON = 400, 3


def fit(point, bases, actual, scale, independent, **more) -> Gate:
    return Gate.fit(point, Known(bases, actual, scale, independent), **more)


def held_out(seed: int = 0, windows: int = WINDOWS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers, errors to be added to a forecast of them, and scales."""
    draws = np.random.default_rng(seed)
    scale = 10.0 ** draws.uniform(-1, 2, windows)
    actual = scale[:, None] * draws.normal(size=(windows, HORIZON))
    return actual, scale[:, None] * draws.normal(size=(windows, HORIZON)), scale


def test_a_network_with_skill_passes_whole():
    actual, error, scale = held_out()
    bases = np.stack([actual + 2 * error[::-1], actual + 3 * error], axis=-1)
    assert fit(actual + 0.1 * error, bases, actual, scale, WINDOWS).share > 0.98


@pytest.mark.parametrize("linear", [False, True])
def test_a_network_without_skill_gives_way_to_the_best_naive_base(linear):
    actual, error, scale = held_out()
    bases = np.stack([actual + 2 * error, actual + error, actual + 3 * error], axis=-1)
    assert fit(actual + 4 * error, bases, actual, scale, WINDOWS, linear=linear) == Gate(1, 0.0)


def test_few_independent_windows_are_half_believed():
    actual, error, scale = held_out()
    other = np.random.default_rng(1).normal(size=error.shape) * scale[:, None]
    shares = [
        fit(actual + 0.8 * other, (actual + error)[..., None], actual, scale, independent).share
        for independent in (2, 40, 100, 400)
    ]
    assert 0 == shares[0] < shares[1] < shares[2] < shares[3] < 1


def test_a_linear_base_with_skill_and_a_network_as_good_are_halves():
    actual, error, scale = held_out()
    other = np.random.default_rng(1).normal(size=error.shape) * scale[:, None]
    bases = np.stack([actual + 3 * error, actual + error], axis=-1)
    gate = fit(actual + other, bases, actual, scale, WINDOWS, linear=True)
    assert gate == Gate(1, 0.5)
    assert fit(actual + 0.1 * other, bases, actual, scale, WINDOWS, linear=True).share > 0.9
    assert fit(actual + 9 * other, bases, actual, scale, WINDOWS, linear=True).share < 0.1


def test_a_linear_base_that_is_better_by_chance_stands_in_for_nobody():
    actual, error, scale = held_out()
    noise = np.random.default_rng(1).normal(size=error.shape) * scale[:, None]
    bases = np.stack([actual + error, actual + 0.995 * error + 0.01 * noise], axis=-1)
    assert fit(actual + error, bases, actual, scale, WINDOWS, linear=True) == Gate(0, 0.0)


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
    assert fit(actual + 0.7 * error, (actual + error)[..., None], actual, scale, 1).share == 0


def known(spread, windows: int = WINDOWS, independent: int | None = None, seed: int = 0) -> Known:
    """Bases that err as much as `spread` says, each on its own."""
    draws = np.random.default_rng(seed)
    bases = draws.normal(size=(windows, HORIZON, len(spread))) * spread
    return Known(bases, np.zeros((windows, HORIZON)), np.ones(windows), independent or windows)


def test_the_last_value_stands_in_unless_a_mixture_is_likely_better():
    alone = [1.0, 0.0]
    assert naive_weights(known([1.0, 3.0])).tolist() == alone
    assert naive_weights(known([1.0, 0.1])).tolist() == alone[::-1]
    twins = np.repeat(known([1.0]).bases, 2, axis=-1)
    assert naive_weights(known([1.0])._replace(bases=twins)).tolist() == alone
    one = known([1.0, 1.0], windows=1)  # which tells of no scatter: it is enough that a mixture is better there
    assert naive_weights(one._replace(bases=np.full((1, HORIZON, 2), [1.0, 1.1]))).tolist() == alone
    assert 0.5 < naive_weights(one._replace(bases=np.full((1, HORIZON, 2), [1.0, 0.8])))[1] < 0.8
    assert naive_weights(one._replace(bases=np.full((1, HORIZON, 2), [1.0, 0.01])))[1] > 0.8


@pytest.mark.parametrize(("scatter", "believed_of"), [(0.33, (3, 17, 65, 129)), (0.55, (129,)), (2.0, ())])
def test_a_few_windows_need_not_prove_what_many_must(scatter, believed_of):
    """The other base is a tenth better in the mean, give or take the scatter; the last value errs by one."""
    other = 0.9 + scatter * np.where(np.arange(200) % 2, 1.0, -1.0)
    bases = np.stack([np.ones(200), other], axis=-1)[:, None].repeat(HORIZON, 1)
    newest = Known(bases, np.full((200, HORIZON), -1e-9), np.ones(200), 1)
    found = [n for n in (3, 17, 65, 129) if naive_weights(newest._replace(independent=n))[0] < 1]
    assert tuple(found) == believed_of


def test_the_best_stands_in_alone_where_that_is_sure():
    """It errs by nothing or by as much as the last value: one standard error of two windows, nearly three of nine."""
    bases = np.stack([np.ones(200), np.arange(200) % 2], axis=-1)[:, None].repeat(HORIZON, 1)
    newest = Known(bases, np.zeros((200, HORIZON)), np.ones(200), 2)
    assert 0.6 < naive_weights(newest)[1] < 0.9
    assert naive_weights(newest._replace(independent=9)).tolist() == [0.0, 1.0]


def test_beside_more_than_the_last_value_a_network_has_half_of_the_say_unless_many_windows_leave_it_open():
    actual, error, scale = held_out()
    other = np.random.default_rng(1).normal(size=error.shape) * scale[:, None]
    bases = np.stack([actual + 9 * error, actual + error], axis=-1)
    near, far = actual + 1.3 * other, actual + 1.5 * other
    assert [fit(near, bases, actual, scale, few, seasonal=True).share for few in (1, 2)] == [0.5, 0.5]
    assert fit(actual + 2.5 * other, bases, actual, scale, 1, seasonal=True).share == 0  # halves are worse
    assert fit(far, bases, actual, scale, 2, seasonal=True).share == 0.5
    assert fit(far, bases, actual, scale, 65, seasonal=True).share < 0.4  # not surely


def test_a_network_that_knows_no_season_gets_no_half_for_a_few_windows():
    actual, error, scale = held_out()
    other = np.random.default_rng(1).normal(size=error.shape) * scale[:, None]
    bases = np.stack([actual + 9 * error, actual + error], axis=-1)
    shares = [fit(actual + 1.3 * other, bases, actual, scale, independent).share for independent in (1, 5, 6, 20)]
    assert max(shares[:2]) < 0.1 and shares[2:] == [0.5, 0.5]


def test_bases_that_are_as_good_stand_in_together_and_each_weighs_as_it_is_good():
    weights = naive_weights(known([1.0, 0.95, 0.96, 9.0], windows=8))
    assert weights[3] == 0 and (weights[:3] > 0.05).all() and weights.sum() == pytest.approx(1)
    newest = known([1.0, 0.95, 0.96, 9.0], windows=8, seed=1)
    point = mixture(newest.bases, weights)
    assert np.abs(point).mean() < np.abs(newest.bases[..., :3]).mean((0, 1)).min()


def test_a_mixture_is_given_where_it_stands_in():
    actual, error, scale = held_out(windows=20)
    other = np.random.default_rng(1).normal(size=error.shape) * scale[:, None]
    bases = np.stack([actual + error, actual + other], axis=-1)
    gate = fit(actual + 9 * error, bases, actual, scale, 20)
    assert gate.share == 0 and len(gate.weights) == 2 and gate.base == int(np.argmax(gate.weights))
    prediction = Prediction(actual + 9 * error, actual[..., None] - 1, actual[..., None] + 1)
    np.testing.assert_allclose(gate.apply(prediction, bases).point, bases @ gate.weights)


def test_the_best_stands_in_alone_where_it_is_likely_better_than_the_mixture():
    wrong = np.full((4, HORIZON), 1.0) * np.array([1.0, 1.0, 1.0, 3.0])[:, None]  # as wrong as ever, but once
    bases = np.stack([9 * wrong, wrong, np.full((4, HORIZON), 2.2)], axis=-1)
    assert naive_weights(Known(bases, np.zeros((4, HORIZON)), np.ones(4), 4)).tolist() == [0.0, 1.0, 0.0]


def test_bases_that_say_the_same_are_mixed_exactly():
    assert (mixture(np.full((3, HORIZON, 3), 7.0), np.array([0.1, 0.3, 0.6])) == 7.0).all()


def test_a_base_beyond_computing_spoils_no_mixture():
    with np.errstate(over="ignore"):
        bases = known([1.0, 0.95]).bases
        newest = known([1.0])._replace(bases=np.concatenate([bases, np.full_like(bases, np.inf)], axis=-1))
    weights = naive_weights(newest)
    assert np.isfinite(mixture(newest.bases, weights)).all() and not weights[2:].any()


def test_few_new_windows_do_not_outweigh_the_whole_past():
    past, newest = known([1.0, 0.5, 0.6]), known([1.0, 0.5, 0.2], windows=1)
    assert naive_weights(newest, past).argmax() == 1
    assert naive_weights(newest._replace(independent=20), past).argmax() == 2


@pytest.mark.parametrize("rows", [40, 13])
def test_the_past_judges_from_the_first_season_s_end_on_where_there_is_one(rows: int, monkeypatch) -> None:
    known, usual = [], Gate.fit.__func__
    monkeypatch.setattr(
        Gate, "fit", classmethod(lambda cls, *words, **more: known.append(more["past"]) or usual(cls, *words, **more))
    )
    y = np.arange(float(rows)) ** 2
    gc.Forecaster(2, season=12, steps=1, members=1, context=12, network={"hidden": 2}).fit(y)
    first = known[0].actual[:, 0].min() ** 0.5  # the row that the earliest window forecasts first
    assert first == (12 if rows == 40 else 2)


@pytest.mark.parametrize(("scatter", "believed_of"), [(0.7, [3, 17, 65, 129]), (1.0, [129]), (1.3, [])])
def test_halves_need_be_less_sure_than_a_mixture(scatter, believed_of):
    """Halves are a tenth better in the mean, give or take the scatter."""
    none = np.ones(200)
    half = 0.9 + scatter * np.where(np.arange(200) % 2, 1.0, -1.0)
    assert [n for n in (3, 17, 65, 129) if _halves(none, half, n, seasonal=True)] == believed_of
