"""Metrics: equal to utilsforecast, defined everywhere, silent."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from simulated import panel_of
from utilsforecast import losses

from gatecast.evaluation import metrics
from gatecast.evaluation.scale import naive_scale
from gatecast.forecast import Origins

WINDOWS, HORIZON, PAST = 6, 5, 40


def example():
    random = np.random.default_rng(0)
    actual = random.normal(10, 3, (WINDOWS, HORIZON))
    point = actual + random.normal(size=actual.shape)
    reach = np.array([0.8, 1.6])
    return actual, point, point[:, :, None] - reach, point[:, :, None] + reach


def frame() -> pd.DataFrame:
    actual, point, lower, upper = example()
    ids = np.repeat([f"s{i}" for i in range(WINDOWS)], HORIZON)
    columns = {"m": point, "m-lo-80": lower[..., 0], "m-hi-80": upper[..., 0]}
    columns |= {"m-lo-95": lower[..., 1], "m-hi-95": upper[..., 1], "y": actual}
    return pd.DataFrame({"unique_id": ids, **{name: values.ravel() for name, values in columns.items()}})


def test_the_plain_errors_equal_utilsforecast():
    actual, point, lower, upper = example()
    table = frame()
    assert metrics.mae(actual, point) == pytest.approx(losses.mae(table, ["m"])["m"].mean())
    whole = table.assign(unique_id="all")
    assert metrics.rmse(actual, point) == pytest.approx(losses.rmse(whole, ["m"])["m"].item())
    assert metrics.smape(actual, point) == pytest.approx(200 * losses.smape(table, ["m"])["m"].mean())
    for k, level in enumerate((80, 95)):
        expected = losses.coverage(table, ["m"], level=level)["m"].mean()
        assert metrics.coverage(actual, lower, upper)[k] == pytest.approx(expected)


def test_pinball_equals_utilsforecast():
    actual, point, _, _ = example()
    for q in (0.1, 0.5, 0.9):
        expected = losses.quantile_loss(frame(), {"m": "m"}, q=q)["m"].mean()
        assert metrics.pinball(actual, point, q).mean() == pytest.approx(expected)


@pytest.mark.parametrize("season", [1, 7])
def test_the_scaled_error_equals_utilsforecast(season):
    actual, point, _, _ = example()
    pasts = [np.random.default_rng(i).normal(size=PAST) * 10**i for i in range(WINDOWS)]
    panel = panel_of(*pasts)
    scale = naive_scale(panel, Origins.last(panel), season)
    train = pd.DataFrame({"unique_id": np.repeat([f"s{i}" for i in range(WINDOWS)], PAST), "y": np.concatenate(pasts)})
    train["ds"] = np.tile(np.arange(PAST), WINDOWS)
    expected = losses.mase(frame(), ["m"], seasonality=season, train_df=train)["m"].mean()
    assert metrics.mase(actual, point, scale) == pytest.approx(expected)


def test_the_scaled_interval_score_equals_utilsforecast():
    actual, _, lower, upper = example()
    score = metrics.msis(actual, lower, upper, (80, 95), np.ones(WINDOWS))
    for k, level in enumerate((80, 95)):
        expected = losses.winkler_score(frame(), ["m"], level=level)["m"].mean()
        assert score[k] == pytest.approx(expected)
    assert metrics.interval_width(lower, upper, np.full(WINDOWS, 2.0)) == pytest.approx([0.8, 1.6])


def test_zero_forecast_of_zero_has_no_percentage_error():
    assert metrics.smape(np.zeros((2, 3)), np.zeros((2, 3))) == 0
    assert metrics.smape(np.zeros((2, 3)), np.ones((2, 3))) == 200


def test_r2_of_one_series_is_the_textbooks():
    actual, point, _, _ = example()
    expected = 1 - np.sum((actual - point) ** 2) / np.sum((actual - actual.mean()) ** 2)
    scale = np.linspace(1, 2, WINDOWS)  # must not matter for one series
    assert metrics.r2(actual, point, np.zeros(WINDOWS, int), scale) == pytest.approx(expected)


def test_r2_is_not_flattered_by_series_of_different_levels():
    actual = np.concatenate(
        [np.random.default_rng(0).normal(0, 1, (4, 5)), np.random.default_rng(1).normal(1e6, 1, (4, 5))]
    )
    group = np.repeat([3, 8], 4)
    point = np.concatenate([np.full((4, 5), actual[:4].mean()), np.full((4, 5), actual[4:].mean())])
    assert metrics.r2(actual, point, group, np.ones(8)) == pytest.approx(0, abs=1e-6)


def test_r2_of_constant_actuals_is_not_defined():
    assert np.isnan(metrics.r2(np.full((3, 4), 0.1 + 0.2), np.zeros((3, 4)), np.zeros(3, int), np.ones(3)))


def test_direction_counts_signs_of_changes_that_were_said_and_happened():
    last = np.array([1.0])
    actual, point = np.array([[2.0, 0.0, 1.0, 5.0]]), np.array([[1.5, 2.0, 9.0, 1.0]])
    assert (
        metrics.direction(actual, point, last) == 0.5
    )  # a hit, a miss; no change in the third, none said in the fourth
    assert np.isnan(metrics.direction(actual, np.ones((1, 4)), last))


@pytest.mark.parametrize(
    ("past", "season", "expected"),
    [
        ([1.0, 3.0, 2.0, 6.0], 2, (1 + 3) / 2),
        ([1.0, 3.0], 5, 2.0),  # shorter than the season: the naive forecast's error
        ([1.0, 2.0] * 6, 2, 1.0),  # repeats itself: the naive forecast's error
        ([5.0] * 6, 2, 5.0),  # constant: its size
        ([-5.0], 1, 5.0),
        ([0.0] * 6, 1, 1.0),
    ],
)
def test_the_scale_is_never_zero(past, season, expected):
    panel = panel_of(past)
    assert naive_scale(panel, Origins.last(panel), season)[0] == pytest.approx(expected)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_the_scale_of_many_origins_equals_that_of_each(data):
    lengths = data.draw(st.lists(st.integers(1, 12), min_size=1, max_size=5))
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    panel = panel_of(*(random.normal(size=n) for n in lengths))
    season = data.draw(st.integers(1, 5))
    series = np.array(data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=9)))
    ends = np.array([data.draw(st.integers(1, lengths[s])) for s in series])
    for scale, s, end in zip(naive_scale(panel, Origins(series, ends), season), series, ends, strict=True):
        past = panel.series(s)[:end]
        lag = season if end > season else 1
        expected = np.abs(past[lag:] - past[:-lag]).mean() if end > 1 else abs(past[0])
        assert scale == pytest.approx(expected)


@settings(deadline=None, max_examples=50)
@given(
    arrays(float, (3, 4), elements=st.floats(-1e150, 1e150)), arrays(float, (3, 4), elements=st.floats(-1e150, 1e150))
)
def test_errors_are_finite_and_silent(actual, point):
    values = [metrics.mae(actual, point), metrics.rmse(actual, point), metrics.smape(actual, point)]
    assert np.isfinite(values).all()
    assert 0 <= values[2] <= 200 * (1 + 1e-12)
    assert values[0] <= values[1] * (1 + 1e-9)


def test_a_copy_but_for_rounding_says_no_direction():
    last = np.array([10.58, 3.0])
    actual = last[:, None] + np.array([[1.0, -1.0], [2.0, 1.0]])
    assert np.isnan(metrics.direction(actual, last[:, None] * (1 + 1e-9) + np.zeros((2, 2)), last))
