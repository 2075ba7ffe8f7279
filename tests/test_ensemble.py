"""Combining forecasts: the rules against plain numpy and scipy, order of quantiles, and the user's class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import optimize

from gatecast.data import read
from gatecast.ensemble import LEARNT, RULES, check_rule, combine, learn_weights, votes
from gatecast.errors import NotFittedError, OptionError
from gatecast.forecast import Prediction
from gatecast.forecaster import Ensemble, Forecaster
from gatecast.runtime import stream
from gatecast.training.history import History, Progress
from gatecast.training.split import split

EACH = pytest.mark.parametrize("rule", RULES)


def predictions(members: int, windows: int = 6, horizon: int = 3, levels: int = 2, seed: int = 0) -> list[Prediction]:
    rng = stream(seed, "predictions")
    made = []
    for _ in range(members):
        point = rng.normal(size=(windows, horizon))
        widths = rng.exponential(size=(2, windows, horizon, levels)).cumsum(-1)
        made.append(Prediction(point, point[:, :, None] - widths[0], point[:, :, None] + widths[1]))
    return made


@EACH
@settings(deadline=None, max_examples=30)
@given(members=st.integers(1, 12), seed=st.integers(0, 99))
def test_intervals_never_cross_and_hold_the_point(rule: str, members: int, seed: int) -> None:
    weights = stream(seed, "weights").dirichlet(np.ones(members)) if rule in LEARNT else None
    point, lower, upper = combine(check_rule(rule), predictions(members, seed=seed), weights)
    assert (lower <= point[:, :, None]).all() and (point[:, :, None] <= upper).all()
    assert (np.diff(lower, axis=2) <= 0).all() and (np.diff(upper, axis=2) >= 0).all()


@EACH
def test_one_member_is_itself(rule: str) -> None:
    (alone,) = predictions(1)
    for ours, wanted in zip(combine(check_rule(rule), [alone], np.ones(1)), alone, strict=True):
        assert np.array_equal(ours, wanted)


def test_mean_median_and_trimmed_mean() -> None:
    values = np.array([5.0, 1.0, 2.0, 100.0, 3.0])[:, None, None]
    bounds = values[..., None]
    members = [Prediction(v, b, b) for v, b in zip(values, bounds, strict=True)]
    assert combine("mean", members).point.item() == pytest.approx(22.2)
    assert combine("median", members).point.item() == 3.0
    assert combine("trimmed", members).point.item() == pytest.approx((2 + 3 + 5) / 3)
    assert combine("trimmed", members[:3]).point.item() == 2.0
    assert combine("trimmed", members[:2]).point.item() == 3.0  # nothing can be left out of two
    assert combine("stacking", members, np.array([0, 0.5, 0, 0, 0.5])).upper.item() == 2.0


def test_predictions_of_other_shapes_are_refused() -> None:
    for members in ([], [*predictions(1), *predictions(1, horizon=4)], [*predictions(1), *predictions(1, levels=1)]):
        with pytest.raises(OptionError, match="same horizon and levels"):
            combine("mean", members)


def test_an_unknown_rule_lists_the_known_and_the_nearest() -> None:
    with pytest.raises(OptionError) as caught:
        check_rule("medain")
    assert "did you mean 'median'" in caught.value.text.english and "stacking" in caught.value.text.chinese


def test_votes_are_shares_of_the_members() -> None:
    first = np.array([[0.6, 0.4, 0.0], [0.2, 0.2, 0.6]])
    second = np.array([[0.1, 0.9, 0.0], [0.0, 0.1, 0.9]])
    third = np.array([[0.5, 0.5, 0.0], [0.3, 0.4, 0.3]])  # undecided in the first row: the first class counts
    assert votes([first, second, third]) == pytest.approx(np.array([[2, 1, 0], [0, 1, 2]]) / 3)


@settings(deadline=None, max_examples=20)
@given(members=st.integers(2, 6), seed=st.integers(0, 99))
@example(members=2, seed=27)
def test_stacking_finds_the_least_squares_of_scipy(members: int, seed: int) -> None:
    rng = stream(seed, "stacking")
    actual, scale = rng.normal(size=(30, 2)), rng.uniform(0.5, 2, 30)
    points = (
        actual + rng.normal(size=(members, 30, 2)) * rng.uniform(0.1, 2, (members, 1, 1)) + rng.normal(size=(30, 2))
    )
    weights = learn_weights("stacking", points, actual, scale)
    assert weights.min() >= 0 and weights.sum() == pytest.approx(1)

    def loss(w: np.ndarray) -> float:
        return float(np.mean((((w[:, None, None] * points).sum(0) - actual) / scale[:, None]) ** 2))

    start = np.full(members, 1 / members)
    simplex = {"type": "eq", "fun": lambda w: w.sum() - 1}
    wanted = optimize.minimize(loss, start, bounds=[(0, 1)] * members, constraints=simplex, method="SLSQP", tol=1e-12)
    assert loss(weights) <= wanted.fun + 1e-8


@pytest.mark.parametrize("rule", LEARNT)
def test_learnt_weights_find_the_good_and_leave_the_bad(rule: str) -> None:
    rng = stream(1, "members")
    actual = rng.normal(size=(200, 3))
    noise = rng.normal(size=(3, 200, 3)) * np.array([0.3, 0.3, 3.0])[:, None, None]
    weights = learn_weights(check_rule(rule), actual + noise, actual, np.ones(200))
    assert weights[2] < 0.05 and weights[:2] == pytest.approx([0.5, 0.5], abs=0.15)


@pytest.mark.parametrize("rule", LEARNT)
def test_weights_are_free_of_the_unit(rule: str) -> None:
    rng = stream(2, "members")
    actual, points = rng.normal(size=(50, 2)), rng.normal(size=(4, 50, 2))
    plain = learn_weights(check_rule(rule), points, actual, np.ones(50))
    scaled = learn_weights(check_rule(rule), points * 1e200, actual * 1e200, np.full(50, 1e200))
    assert scaled == pytest.approx(plain, abs=1e-6)


@pytest.mark.parametrize("rule", LEARNT)
def test_members_without_error_share_alike_or_one_is_taken(rule: str) -> None:
    actual = np.ones((5, 2))
    weights = learn_weights(check_rule(rule), np.ones((3, 5, 2)), actual, np.ones(5))
    assert np.isfinite(weights).all() and weights.sum() == pytest.approx(1)


def test_greedy_takes_a_member_again_where_that_helps() -> None:
    actual = np.zeros((4, 1))
    points = np.stack([np.full((4, 1), 1.0), np.full((4, 1), -2.0)])
    assert learn_weights("greedy", points, actual, np.ones(4)) == pytest.approx([2 / 3, 1 / 3])


# the user's class


def waves(series: int = 2, rows: int = 90) -> np.ndarray:
    time = np.arange(rows)
    return np.stack([10 + k + np.sin(time / 2 + k) + 0.1 * stream(k, "noise").normal(size=rows) for k in range(series)])


def members(count: int = 3, **options: Any) -> list[Forecaster]:
    options = {"steps": 20, "members": 1, "device": "cpu", "network": {"hidden": 4}} | options
    return [Forecaster(3, model=("gru", "mlp", "lstm")[k % 3], seed=k, context=9 + k, **options) for k in range(count)]


def test_the_median_is_that_of_the_forecasts_of_the_members() -> None:
    ensemble = Ensemble(members()).fit(waves())
    forecast = ensemble.predict()
    alone = [member.fit(waves()).predict() for member in members()]
    assert forecast.ids == alone[0].ids and (forecast.time == alone[0].time).all()
    for part in ("point", "lower", "upper"):
        assert np.array_equal(getattr(forecast, part), np.median([getattr(one, part) for one in alone], axis=0))
    assert np.array_equal(ensemble.predict(waves()).point, forecast.point)
    assert "3 forecasters, median: gru, mlp, lstm" in ensemble.describe()[0].english


@pytest.mark.parametrize("rule", LEARNT)
def test_weights_are_learnt_on_rows_that_trained_none(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[int] = []
    fit = Forecaster.fit

    def watched(self: Forecaster, data: Any, **options: Any) -> Forecaster:
        fitted.append(len((data.panel if hasattr(data, "panel") else data).time))
        return fit(self, data, **options)

    monkeypatch.setattr(Forecaster, "fit", watched)
    ensemble = Ensemble(members(), combine=rule).fit(waves())
    combination = ensemble.combination
    held_out = split(read(waves()).panel, 3)
    assert fitted == [int(held_out.train.sum())] * 3 + [180] * 3
    assert combination.weights is not None and combination.weights.sum() == pytest.approx(1)
    assert combination.correction is not None and "%" in ensemble.describe()[0].english
    assert (np.diff(ensemble.predict().upper, axis=2) >= 0).all()


def test_too_few_rows_to_learn_weights_from_give_all_the_same() -> None:
    ensemble = Ensemble(members(2), combine="stacking").fit(waves(1, 10))
    assert ensemble.combination.weights is None and len(ensemble.describe()) == 2
    assert np.isfinite(ensemble.predict().point).all()


def test_it_is_judged_beside_the_naive_methods_by_twins() -> None:
    ensemble = Ensemble(members(), combine="greedy").fit(waves())
    before = ensemble.predict().point
    told: list[Progress] = []
    scores = ensemble.backtest(windows=3, on_progress=told.append)
    assert scores.methods[0] == "ensemble (greedy)" and "naive" in scores.methods
    assert np.array_equal(ensemble.predict().point, before)
    shares = [one.step / one.steps for one in told if one.steps]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1, abs=0.05)
    again = Ensemble(members(), combine="greedy").backtest(windows=3, data=waves())
    assert np.array_equal(again.predictions[again.methods[0]].point, scores.predictions[scores.methods[0]].point)


def test_ctrl_c_leaves_the_members_trained_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    ensemble = Ensemble(members(3), combine="mean")
    second = ensemble.members[1]
    monkeypatch.setattr(type(second), "history", property(lambda self: stopped(self is second)))
    ensemble.fit(waves())
    assert len(ensemble.describe()[0].english.split(",")) == 3  # "2 forecasters, mean: gru, mlp"
    assert np.isfinite(ensemble.predict().point).all()


def stopped(now: bool) -> History:
    return History((), (), (), 1, 1, "interrupted" if now else "steps")


def test_mistakes_say_what_to_do() -> None:
    for wrong in ([], [*members(1), Forecaster(4)], [*members(1), Forecaster(3, levels=(50,))]):
        with pytest.raises(OptionError, match="same horizon and levels"):
            Ensemble(wrong)
    with pytest.raises(OptionError, match="did you mean 'stacking'"):
        Ensemble(members(1), combine="staking")
    for use in (Ensemble.predict, Ensemble.backtest):
        with pytest.raises(NotFittedError):
            use(Ensemble(members(1)))
