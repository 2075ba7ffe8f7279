"""Measures of class probabilities against values worked by hand and SciPy; the verdict beside the base rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gatecast.evaluation import class_scores
from gatecast.evaluation import classes as measures
from gatecast.forecast import Origins

ACTUAL = np.array([0, 1, 1, 2])
SAID = np.array([[0.5, 0.25, 0.25], [0.2, 0.6, 0.2], [0.5, 0.4, 0.1], [0.0, 0.0, 1.0]])


def origins(windows: int, series: int = 1) -> Origins:
    """Windows one after another in every series, five rows apart."""
    each = windows // series
    return Origins(np.repeat(np.arange(series), each), np.tile(100 + 5 * np.arange(each), series))


def drawn(windows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of two classes, and classes drawn with just these."""
    draws = np.random.default_rng(seed)
    up = draws.uniform(0.05, 0.95, windows)
    return (draws.random(windows) < up).astype(int), np.column_stack([1 - up, up])


def test_measures_by_hand() -> None:
    np.testing.assert_allclose(measures.log_losses(ACTUAL, SAID), -np.log([0.5, 0.6, 0.4, 1.0]))
    np.testing.assert_allclose(measures.brier_scores(ACTUAL, SAID), [0.375, 0.24, 0.62, 0.0])
    assert measures.accuracy(ACTUAL, SAID) == 0.75
    np.testing.assert_array_equal(measures.confusion(ACTUAL, SAID), [[1, 0, 0], [1, 1, 0], [0, 0, 1]])


def test_a_class_that_was_thought_impossible_costs_much_but_not_infinity() -> None:
    loss = measures.log_losses(np.array([0]), np.array([[0.0, 1.0]]))
    assert 30 < loss[0] < 40


def test_frequencies_leave_no_class_impossible() -> None:
    np.testing.assert_allclose(measures.frequencies(np.array([0, 0, 1]), 3), [3 / 6, 2 / 6, 1 / 6])


def test_a_roc_by_hand() -> None:
    actual, up = np.array([1, 0, 1, 0]), np.array([0.9, 0.6, 0.6, 0.1])
    false, true, area = measures.roc(actual, np.column_stack([1 - up, up]), 1)
    np.testing.assert_allclose(false, [0, 0, 0.5, 1])
    np.testing.assert_allclose(true, [0, 0.5, 1, 1])
    assert area == pytest.approx(0.875)


@given(st.integers(0, 10_000), st.integers(4, 60), st.integers(1, 8))
@settings(max_examples=50, deadline=None)
def test_the_area_is_that_of_mann_and_whitney(seed: int, windows: int, levels: int) -> None:
    draws = np.random.default_rng(seed)
    actual = draws.integers(0, 2, windows)
    up = draws.integers(0, levels + 1, windows) / levels  # many of them equal
    area = measures.roc(actual, np.column_stack([1 - up, up]), 1).area
    if actual.min() == actual.max():
        assert np.isnan(area)
        return
    u = stats.mannwhitneyu(up[actual == 1], up[actual == 0]).statistic
    assert area == pytest.approx(u / ((actual == 1).sum() * (actual == 0).sum()))


def test_of_two_classes_both_areas_are_one() -> None:
    actual, said = drawn(200)
    assert measures.roc(actual, said, 0).area == pytest.approx(measures.roc(actual, said, 1).area)
    assert measures.mean_area(actual, said) == pytest.approx(measures.roc(actual, said, 1).area)


def test_a_roc_rises_from_corner_to_corner() -> None:
    false, true, _ = measures.roc(*drawn(500), 1)
    assert (np.diff(false) >= 0).all()
    assert (np.diff(true) >= 0).all()
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)


def test_true_probabilities_are_calibrated_and_others_are_not() -> None:
    actual, said = drawn(20_000)
    assert measures.calibration_error(actual, said) < 0.02
    bold = said**3 / (said**3).sum(axis=1, keepdims=True)
    assert measures.calibration_error(actual, bold) > 0.1


def test_reliability_by_hand() -> None:
    actual = np.array([0] * 40 + [1] * 10 + [1] * 50)
    up = np.array([0.2] * 50 + [0.9] * 50)
    said, came, count = measures.reliability(actual, np.column_stack([1 - up, up]), 1)
    np.testing.assert_allclose(said, [0.2, 0.9])
    np.testing.assert_allclose(came, [0.2, 1.0])
    np.testing.assert_array_equal(count, [50, 50])
    assert measures.calibration_error(actual, np.column_stack([1 - up, up])) == pytest.approx(0.05)


def test_one_probability_for_all_is_one_bin() -> None:
    actual = np.repeat([0, 1], 250)  # sorted in time: bins by order would say that it is off by half
    said = np.full((500, 2), 0.5)
    assert measures.calibration_error(actual, said) == 0


def test_bins_are_large_enough_to_say_something() -> None:
    actual, said = drawn(320)
    assert measures.reliability(actual, said, 1).count.tolist() == [54, 53, 53, 54, 53, 53]
    assert len(measures.reliability(*drawn(20), 1).count) == 1


def scores(said: np.ndarray, actual: np.ndarray, last: np.ndarray | None = None) -> class_scores.ClassScores:
    """The classifier's probabilities beside a base rate of one half."""
    told = {"LSTM": said, "base rate": np.full_like(said, 0.5)}
    if last is not None:
        told["last state"] = last
    where = origins(len(actual))
    return class_scores.score_classes(("down", "up"), ("A",), where, where.ends, actual, told, 5)


def test_true_probabilities_have_skill() -> None:
    actual, said = drawn(400)
    found = scores(said, actual)
    assert found.verdict.kind == "skill"
    assert 0 < found.verdict.low < found.verdict.gain < found.verdict.high
    assert "below that of the base rate" in found.verdict.text.english
    assert found.notes == ()


def test_the_base_rate_itself_has_none() -> None:
    actual, said = drawn(400)
    found = scores(np.full_like(said, 0.5), actual)
    assert found.verdict.kind == "no skill"
    assert (found.verdict.low, found.verdict.gain, found.verdict.high) == (0, 0, 0)
    assert found.verdict.text.english.startswith("No skill")
    assert found.verdict.text.chinese.startswith("没有预测能力")


def test_noise_has_no_skill() -> None:
    actual, _ = drawn(400, 1)
    _, said = drawn(400, 2)
    found = scores(said, actual)
    assert found.verdict.kind == "no skill"
    assert "better" in found.verdict.text.english  # sure of nothing would have been better
    assert any("points off" in note.english for note in found.notes)


def test_what_the_last_state_says_too_is_told() -> None:
    actual, said = drawn(400)
    assert "last state alone" in scores(said, actual, last=said).notes[0].english
    assert scores(said, actual, last=np.full_like(said, 0.5)).notes == ()


def test_one_window_shows_nothing() -> None:
    found = scores(np.array([[0.1, 0.9]]), np.array([1]))
    assert found.verdict.kind == "no skill"
    assert "chance" in found.verdict.text.english


def test_the_table_has_a_row_a_method() -> None:
    actual, said = drawn(400)
    found = scores(said, actual, last=said)
    table = found.table()
    assert list(table) == ["method", "log-loss", "Brier", "accuracy", "AUC", "calibration error"]
    assert table["method"].tolist() == ["LSTM", "base rate", "last state"]
    assert table["log-loss"][1] == pytest.approx(np.log(2))
    assert table["AUC"][1] == 0.5
    assert found.to_frame().shape == (3, 6)
    assert found.confusion().sum() == 400
    assert found.roc("up").area == pytest.approx(table["AUC"][0])
    assert found.reliability("up").count.sum() == 400
