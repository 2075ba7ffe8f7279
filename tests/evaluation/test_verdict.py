"""Verdicts: no skill on random walks, skill where there is some, copies and flat lines called by their name."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from simulated import LEVELS, Rule, panel_of, phase_means, random_walk, seasonal

from gatecast.evaluation import backtest, baselines
from gatecast.evaluation.diagnostics import StandardError, diebold_mariano, holm, student_reach, student_within
from gatecast.forecast import Origins

SEEDS = 200


def verdict_of(panel, rule, horizon=6, seasons=(), windows=8):
    return scores_of(panel, rule, horizon, seasons, windows).verdict


def scores_of(panel, rule, horizon=6, seasons=(), windows=8):
    predictors = [Rule(rule, horizon), *baselines(horizon, LEVELS, seasons)]
    return backtest(predictors, panel, horizon=horizon, levels=LEVELS, seasons=seasons, windows=windows)


def last_value(past, horizon):
    return np.full(horizon, past[-1])


def noisy(past, horizon):
    return past[-1] + np.random.default_rng(len(past)).normal(size=horizon) * 0.8


def trending(past, horizon):
    return past[-1] + 0.4 * (past[-1] - past[-6]) / 5 * np.arange(1, horizon + 1)


def reverting(past, horizon):
    return past[-1] + (past.mean() - past[-1]) * 0.3 * np.ones(horizon)


def shifted(past, horizon):
    return past[-1] + 0.05 * np.diff(past[-horizon - 1 :])


@pytest.mark.parametrize("length", [60, 200])
@pytest.mark.parametrize("rule", [noisy, trending, reverting, shifted])
def test_trap_02_a_random_walk_gets_no_skill(rule, length):
    kinds = [verdict_of(panel_of(random_walk(seed, length)), rule).kind for seed in range(SEEDS)]
    assert kinds.count("skill") <= 0.05 * SEEDS
    assert set(kinds) <= {"skill", "no skill", "copy"}


def test_trap_02_random_walks_that_move_together_get_no_skill():
    kinds = []
    for seed in range(60):
        common = random_walk(seed, 150)
        panel = panel_of(*(common + 0.3 * random_walk(1000 * seed + k, 150) for k in range(20)))
        kinds.append(verdict_of(panel, trending).kind)
    assert kinds.count("skill") <= 3


def test_trap_02_yesterdays_value_is_called_a_copy():
    verdict = verdict_of(panel_of(random_walk(5, 300)), shifted)
    assert verdict.kind == "copy"
    assert "copy of the last value, shifted" in verdict.text.english and "平移" in verdict.text.chinese


def test_a_good_forecast_of_a_season_has_skill():
    verdicts = [verdict_of(panel_of(seasonal(seed, 400)), phase_means(12), 12, (12,)) for seed in range(40)]
    assert sum(verdict.kind == "skill" for verdict in verdicts) >= 36
    one = verdicts[0]
    assert one.best_baseline == "seasonal naive" and 0 < one.low < one.gain < one.high < 1 and one.p_value < 0.05
    assert one.text.english.startswith("The LSTM's error is ")
    assert "below that of the best naive forecast (seasonal naive), over 8 windows." in one.text.english
    assert "季节性朴素法" in one.text.chinese and "8 个窗口" in one.text.chinese


def test_the_interval_holds_the_true_gain():
    gains = [verdict_of(panel_of(seasonal(seed, 400)), phase_means(12), 12, (12,)) for seed in range(SEEDS)]
    true = np.mean([one.gain for one in gains])
    assert np.mean([one.low <= true <= one.high for one in gains]) >= 0.9


def test_many_series_with_few_windows_can_show_skill_and_one_series_cannot():
    many = panel_of(*(seasonal(seed, 60) for seed in range(100)))
    assert verdict_of(many, phase_means(12), 6, (12,), windows=2).kind == "skill"
    for seed in range(20):
        one = verdict_of(panel_of(seasonal(seed, 60)), phase_means(12), 6, (12,), windows=1)
        assert one.kind == "no skill" and one.p_value == 1 and "one window" in one.text.english


def test_a_worse_model_is_told_so():
    verdict = verdict_of(panel_of(seasonal(1, 240)), lambda past, h: np.full(h, past[-1] + 20.0), 12, (12,))
    assert verdict.kind == "no skill" and verdict.high < 0
    assert "the naive forecast is better" in verdict.text.english


def test_a_constant_series_has_nothing_to_learn():
    scores = scores_of(panel_of(np.full(80, 3.0)), last_value)
    assert scores.verdict.kind == "constant" and scores.notes == ()


def test_an_exact_naive_forecast_cannot_be_beaten():
    verdict = verdict_of(panel_of(np.tile([1.0, 5.0, 2.0], 40)), last_value, 6, (3,))
    assert verdict.kind == "no skill" and verdict.gain == -1 and "no error at all" in verdict.text.english


def test_trap_09_a_flat_forecast_of_a_season_is_flagged_with_its_cause():
    scores = scores_of(panel_of(seasonal(2, 240)), lambda past, h: np.full(h, past.mean()), 12, (12,))
    assert any(
        "flat line" in note.english and "a season that the model did not learn" in note.english for note in scores.notes
    )
    walk = scores_of(panel_of(random_walk(2, 240)), last_value, 12)
    assert any("flat line" in note.english and "own past" in note.english for note in walk.notes)
    good = scores_of(panel_of(seasonal(2, 240)), phase_means(12), 12, (12,))
    assert not any("flat line" in note.english for note in good.notes)


def test_trap_23_intervals_that_miss_are_told():
    predictors = [Rule(phase_means(12), 12, width=0.01), *baselines(12, LEVELS, (12,))]
    scores = backtest(predictors, panel_of(seasonal(2, 240)), horizon=12, levels=LEVELS, seasons=(12,))
    assert [note.english.split(" intervals")[0] for note in scores.notes] == ["The 80 %", "The 95 %"]
    assert all("narrow" in note.english and "窄" in note.chinese for note in scores.notes)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 7, 8, 30, 299, 999])
def test_students_t_equals_scipy(freedom):
    for t in (0.0, 0.1, 1.0, 2.5, 10.0):
        assert student_within(t, freedom) == pytest.approx(1 - 2 * stats.t.sf(t, freedom), abs=1e-12)
    assert student_reach(0.95, freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-8)


def test_students_t_of_many_degrees_is_normal():
    assert student_reach(0.95, 5000) == pytest.approx(1.95996, abs=1e-4)


def test_windows_apart_give_the_t_test():
    difference = np.random.default_rng(0).normal(0.3, 1, 9)
    origins = Origins(np.zeros(9, int), np.arange(20, 20 + 9 * 5, 5))
    comparison = diebold_mariano(difference, origins, 5)
    expected = stats.ttest_1samp(difference, 0)
    assert comparison.p_value == pytest.approx(expected.pvalue)
    assert comparison.half == pytest.approx(expected.confidence_interval().high - difference.mean())


def test_windows_that_overlap_say_less():
    difference = np.repeat([0.1, 0.9, -0.3], 3)  # three windows' worth of evidence, each told thrice
    apart = diebold_mariano(difference, Origins(np.zeros(9, int), np.arange(20, 65, 5)), 5)
    overlapping = diebold_mariano(difference, Origins(np.zeros(9, int), np.arange(20, 29)), 3)
    assert overlapping.half > 1.3 * apart.half


# several tests at once, several sources of scatter


def test_holm_steps_down_from_bonferroni() -> None:
    p_values = [0.01, 0.04, 0.03, 0.005, 0.9]
    assert holm(p_values) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.9])  # worked by hand: 5 · 0.005, 4 · 0.01, …
    assert holm([]) == []
    assert holm([0.6, 0.7]) == [1.0, 1.0]


def test_scatter_between_seeds_widens_the_interval_as_welchs_test_does() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(0.4, 1, 12), rng.normal(0, 2, 5)
    origins = Origins(np.zeros(12, np.int64), np.arange(12) * 3 + 20)
    alone = diebold_mariano(first, origins, 3)
    errors = [StandardError(float(second.std(ddof=1) / 5**0.5), 4)]
    wider = diebold_mariano(first - first.mean() + 0.4, origins, 3, errors)
    spread = first - first.mean()
    welch = stats.ttest_ind(spread + 0.4, second - second.mean(), equal_var=False)
    assert wider.half > alone.half and wider.p_value > 0
    # Welch's degrees of freedom are rounded down, and a standard error over time has a correction of its own
    assert wider.p_value == pytest.approx(welch.pvalue, rel=0.05)
