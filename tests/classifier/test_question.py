"""What class every row is in, against values worked by hand; nothing of the future is read."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecast.classifier.fitting import after_last_state, base_rate, hold_out
from gatecast.classifier.inputs import with_inputs
from gatecast.classifier.question import NOWHERE, Question
from gatecast.data import ReadOptions, read
from gatecast.data.labels import read_labelled
from gatecast.forecast import Origins
from gatecast.panel import Panel


def panel(*series: list[float]) -> Panel:
    parts = [pl.DataFrame({"id": f"s{k}", "t": range(len(v)), "y": np.array(v, float)}) for k, v in enumerate(series)]
    return read(pl.concat(parts), ReadOptions(target="y", id="id", time="t")).panel


def test_a_direction_is_where_a_span_led() -> None:
    data = panel([1, 2, 3, 2, 2.5, 4.0], [5, 4, 3.0])
    question = Question("direction", 2, None, ("down", "up"))
    assert question.states(data).tolist() == [-1, -1, 1, NOWHERE, 0, 1, -1, -1, 0]


def test_flat_is_a_class_where_it_is_common() -> None:
    data = panel([1, 1, 2, 2, 1, 1.0])
    question = Question.ask("direction", 1, data, None, None)
    assert question.classes == ("down", "flat", "up")
    assert question.states(data).tolist() == [-1, 1, 2, 1, 0, 1]


def test_liveliness_is_beside_the_median_of_the_own_series() -> None:
    data = panel([0, 1, 2, 12, 22, 23, 24, -6, 24.0], [0, 0.1, 0.2, 0.3, 0.2, 3, 3.1, 3.2, 6.0])
    question = Question.ask("regime", 1, data, None, None)
    assert question.classes == ("calm", "lively")
    assert question.states(data).tolist() == [-1, 0, 0, 1, 1, 0, 0, 1, 1, -1, 0, 0, 0, 0, 1, 0, 0, 1]


def test_changes_of_a_positive_series_are_relative() -> None:
    data = panel((2.0 ** np.arange(12)).tolist())
    question = Question.ask("regime", 1, data, None, None)
    np.testing.assert_allclose(question.moves(data)[1:], 1)  # ever larger in numbers, alike in proportion


def test_a_column_says_the_state() -> None:
    frame = pl.DataFrame({"t": range(4), "y": [1.0, 2, 3, 4], "s": ["b", "a", "a", "b"]})
    reading, classes = read_labelled(frame[::-1], ReadOptions(target="y"), "s")
    assert classes == ("a", "b")
    question = Question.ask("regime", 1, reading.panel, "s", classes)
    assert question.states(reading.panel).tolist() == [1, 0, 0, 1]
    inside = with_inputs(reading.panel, question)
    assert inside.past == ("change", "size", "is a", "is b")
    np.testing.assert_array_equal(inside.values[:, -1], [1, 0, 0, 1])


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(8, 39))
@settings(max_examples=30, deadline=None)
def test_what_is_read_of_a_row_never_depends_on_later_rows(seed: int, horizon: int, cut: int) -> None:
    values = np.random.default_rng(seed).normal(size=40).cumsum()
    other = values.copy()
    other[cut:] += np.random.default_rng(seed + 1).normal(size=40 - cut) * 10
    for task in ("direction", "regime"):
        question = Question.ask(task, horizon, panel(values.tolist()), None, None)  # type: ignore[arg-type]
        one, two = panel(values.tolist()), panel(other.tolist())
        np.testing.assert_array_equal(question.states(one)[:cut], question.states(two)[:cut])
        np.testing.assert_array_equal(with_inputs(one, question).values[:cut], with_inputs(two, question).values[:cut])


def test_the_base_rate_counts_rows_and_of_labels_series() -> None:
    data = panel([1, 2, 3, 4, 3.0])
    np.testing.assert_allclose(base_rate(data, Question.ask("direction", 1, data, None, None)), [2 / 6, 4 / 6])
    frame = pl.DataFrame({"id": ["a"] * 9 + ["b"], "t": [*range(9), 0], "y": range(10), "s": ["x"] * 9 + ["z"]})
    reading, classes = read_labelled(frame, ReadOptions(target="y", id="id", time="t"), "s")
    np.testing.assert_allclose(base_rate(reading.panel, Question.ask("label", 1, reading.panel, "s", classes)), 0.5)


def test_after_the_last_state_is_counted_by_hand() -> None:
    past, judged = panel([1, 2, 1, 2, 1, 2.0]), panel([1, 2, 3, 2.0])
    question = Question.ask("direction", 1, past, None, None)
    said = after_last_state(past, question, judged, Origins(np.array([0, 0]), np.array([3, 4])))
    np.testing.assert_allclose(said, [[3 / 4, 1 / 4], [1 / 4, 3 / 4]])  # two of two, and one more of each


@given(st.integers(0, 100), st.integers(2, 30), st.integers(2, 30), st.integers(1, 50))
@settings(max_examples=30, deadline=None)
def test_some_series_of_every_class_are_held_out_and_some_stay(seed: int, few: int, many: int, most: int) -> None:
    labels = np.repeat([0, 1], [few, many])
    out = hold_out(labels, 1 / 3, most, seed, "test")
    for one in (0, 1):
        assert 0 < out[labels == one].sum() < (labels == one).sum()
    assert out.sum() <= max(most, 0) + 2
    np.testing.assert_array_equal(out, hold_out(labels, 1 / 3, most, seed, "test"))


@pytest.mark.parametrize("values", [[3.0] * 30, [0.0] * 30])
def test_a_constant_series_divides_by_nothing(values: list[float]) -> None:
    data = panel(values, list(np.arange(30.0) % 3))
    question = Question.ask("regime", 2, data, None, None)
    assert np.isfinite(with_inputs(data, question).values).all()
