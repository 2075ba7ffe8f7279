"""Rolling back-tests: whole windows up to the last row, a fit that sees none of them, any number in one batch."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import LEVELS, Rule, one_by_one, panel_of, phase_means, random_walk, seasonal

from gatecast.errors import OptionError, TooShortError
from gatecast.evaluation import Naive, backtest, baselines, past_of, rolling_origins, score, shortest
from gatecast.evaluation.scale import naive_scale


def run(panel, horizon=6, seasons=(), windows=8):
    predictors = [Rule(phase_means(12), horizon), *baselines(horizon, LEVELS, seasons)]
    return backtest(predictors, panel, horizon=horizon, levels=LEVELS, seasons=seasons, windows=windows)


def test_windows_do_not_overlap_where_the_series_is_long():
    origins = rolling_origins(panel_of(np.arange(300.0)), 12)
    assert origins.ends.tolist() == [204, 216, 228, 240, 252, 264, 276, 288]


def test_windows_overlap_rather_than_eat_a_short_series():
    origins = rolling_origins(panel_of(np.arange(144.0)), 12)
    assert origins.ends.tolist() == [97, 102, 107, 112, 117, 122, 127, 132]


def test_a_step_that_is_given_is_kept():
    assert rolling_origins(panel_of(np.arange(100.0)), 10, windows=4, step=20).ends.tolist() == [30, 50, 70, 90]
    assert rolling_origins(panel_of(np.arange(60.0)), 10, windows=4, step=20).ends.tolist() == [30, 50]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=6), st.integers(1, 20), st.integers(1, 10))
def test_every_window_is_whole_and_the_newest_ends_at_the_last_row(lengths, horizon, windows):
    panel = panel_of(*(np.zeros(n) for n in lengths))
    if max(lengths) < shortest(horizon):
        with pytest.raises(TooShortError):
            rolling_origins(panel, horizon, windows)
        return
    origins = rolling_origins(panel, horizon, windows)
    for series, length in enumerate(lengths):
        ends = origins.ends[origins.series == series]
        assert (len(ends) > 0) == (length >= shortest(horizon))
        if len(ends):
            assert ends[-1] + horizon == length
            assert len(ends) <= windows and (np.diff(ends) >= 1).all() and len(set(np.diff(ends))) <= 1
            assert ends[0] >= shortest(horizon) - horizon


def test_trap_24_every_window_counts_whatever_the_number():
    panel = panel_of(*(seasonal(seed, 120 + seed) for seed in range(7)))
    scores = run(panel)
    assert len(scores.origins.ends) == 7 * 8
    errors = [
        np.abs(panel.series(s)[e : e + 6] - phase_means(12)(panel.series(s)[:e], 6)).mean()
        for s in range(7)
        for e in rolling_origins(panel.take(np.array([s])), 6).ends
    ]
    assert scores.table()["MAE"][0] == pytest.approx(np.mean(errors))
    assert scores.steps()["LSTM"].mean() == pytest.approx(scores.table()["MAE"][0])


def test_trap_25_the_whole_backtest_equals_the_loop():
    panel = panel_of(*(random_walk(seed, 90) for seed in range(5)))
    scores = run(panel, seasons=(7,))
    past = past_of(panel, scores.origins)
    for method in baselines(6, LEVELS, (7,)):
        single = one_by_one(method.fit(past), panel, scores.origins)
        for together, alone in zip(scores.predictions[method.name], zip(*single, strict=True), strict=True):
            np.testing.assert_allclose(together, np.concatenate(alone), rtol=1e-12, atol=1e-12)


def test_trap_25_many_windows_take_no_time():
    panel = panel_of(*(seasonal(seed, 700, 24) for seed in range(400)))
    methods = baselines(48, LEVELS, (24,))
    begin = time.perf_counter()
    scores = backtest(methods, panel, horizon=48, levels=LEVELS, seasons=(24,))
    scores.table()
    assert len(scores.actual) == 3200
    assert time.perf_counter() - begin < 5  # far above what it takes, for busy machines


def test_trap_03_nothing_after_the_cut_off_moves_a_forecast():
    clean = [random_walk(1, 200), seasonal(2, 150), np.full(90, 4.0)]
    origins = rolling_origins(panel_of(*clean), 6)
    first = np.array([origins.ends[origins.series == s][0] for s in range(3)])
    garbage = [
        np.where(np.arange(len(y)) < cut, y, -1e9 * np.arange(len(y))) for y, cut in zip(clean, first, strict=True)
    ]
    results = []
    for series in (clean, garbage):
        panel = panel_of(*series)
        scores = run(panel, seasons=(4, 12))
        opening = np.searchsorted(origins.series, np.arange(3))
        bits = [scores.scale[opening].tobytes()]
        bits += [part[opening].tobytes() for method in scores.methods[1:] for part in scores.predictions[method]]
        results.append(bits)
    assert results[0] == results[1]


def test_the_fit_sees_the_past_of_the_first_windows_only():
    panel = panel_of(random_walk(1, 120), random_walk(2, 90), np.zeros(5))
    origins = rolling_origins(panel, 6)
    past = past_of(panel, origins)
    assert past.ids == ("s0", "s1")  # the third is too short to be judged
    assert past.lengths.tolist() == [origins.ends[origins.series == s].min() for s in (0, 1)]
    rule = Rule(phase_means(12), 6)
    backtest([rule, Naive(6, LEVELS)], panel, horizon=6, levels=LEVELS)
    assert rule.seen == len(past.time)


def test_trap_26_a_short_series_is_named_and_the_others_go_on():
    with pytest.raises(TooShortError, match=r"'s0' has 9 rows.*at least 13"):
        rolling_origins(panel_of(np.arange(9.0)), 6)
    with pytest.raises(TooShortError, match="longest series, 's1', has 10 rows"):
        rolling_origins(panel_of(np.arange(9.0), np.arange(10.0)), 6)
    alone = run(panel_of(seasonal(1, 100)))
    beside = run(panel_of(np.arange(9.0), seasonal(1, 100)))
    assert set(beside.origins.series) == {1} and beside.ids == ("s0", "s1")
    np.testing.assert_array_equal(alone.predictions["drift"].lower, beside.predictions["drift"].lower)


@pytest.mark.parametrize(("key", "value"), [("horizon", 0), ("windows", 0), ("step", -1)])
def test_numbers_below_one_are_refused(key, value):
    with pytest.raises(OptionError, match=key):
        rolling_origins(panel_of(np.arange(50.0)), **{"horizon": 3, key: value})


def test_a_model_without_a_baseline_is_not_judged():
    panel = panel_of(np.arange(50.0))
    origins = rolling_origins(panel, 3)
    prediction = Naive(3, LEVELS).fit(panel).predict_at(panel, origins)
    with pytest.raises(OptionError, match="baseline"):
        score(["naive"], {"naive": prediction}, panel, origins, LEVELS)


def test_trap_12_a_thousandfold_target_has_the_same_scaled_scores():
    y = seasonal(3, 150)
    small, large = run(panel_of(y), seasons=(12,)).table(), run(panel_of(1000 * y), seasons=(12,)).table()
    for name in ("MASE", "sMAPE", "R2", "direction"):
        np.testing.assert_allclose(small[name], large[name], rtol=1e-9)
    np.testing.assert_allclose(1000 * small["RMSE"], large["RMSE"], rtol=1e-9)


def test_the_table_and_the_frame():
    scores = run(panel_of(seasonal(3, 150)), seasons=(12,))
    table = scores.table()
    assert list(table) == ["method", "MASE", "RMSE", "MAE", "sMAPE", "R2", "coverage-80", "coverage-95", "direction"]
    assert table["method"].tolist() == ["LSTM", "naive", "seasonal naive", "drift", "moving average"]
    frame = scores.to_frame()
    assert frame.columns == [*table, *(f"mae-{k}" for k in range(1, 7))]
    assert frame["direction"].to_list()[1] is None  # the naive forecast says no direction
    assert frame.select("mae-1", "MASE").null_count().sum_horizontal().item() == 0
    assert scores.time[-1].tolist() == [144, 145, 146, 147, 148, 149]
    np.testing.assert_array_equal(scores.last, scores.predictions["naive"].point[:, 0])
    np.testing.assert_array_equal(scores.scale, naive_scale(panel_of(seasonal(3, 150)), scores.origins, 12))


@pytest.mark.parametrize("series", [np.zeros(60), np.full(60, 7.5), np.r_[np.full(40, 2.0), np.arange(20.0)]])
def test_a_constant_past_gives_finite_scores(series):
    scores = run(panel_of(series), seasons=(4,))
    for name in ("MASE", "RMSE", "MAE", "sMAPE"):
        assert np.isfinite(scores.table()[name]).all()
    verdict = scores.verdict
    assert np.isfinite([verdict.gain, verdict.low, verdict.high, verdict.p_value]).all()
    assert verdict.kind == "constant" or np.ptp(series) > 0


@pytest.mark.parametrize("unit", [1e-300, 1e200, 1e300])
def test_values_of_any_size_are_judged_alike(unit):
    plain, scaled = (
        run(panel_of(seasonal(3, 150)), seasons=(12,)),
        run(panel_of(unit * seasonal(3, 150)), seasons=(12,)),
    )
    np.testing.assert_allclose(plain.table()["MASE"][1:], scaled.table()["MASE"][1:])
    np.testing.assert_allclose(plain.table()["R2"][1:], scaled.table()["R2"][1:])
