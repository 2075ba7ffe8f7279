"""Differences between methods: sure where they are planted, not where chance made them; over windows and seeds."""

from __future__ import annotations

import numpy as np
import pytest

from gatecast.comparison.differences import Difference, differences
from gatecast.forecast import Origins
from gatecast.runtime import stream

WINDOWS = 12
ORIGINS = Origins(np.zeros(WINDOWS, np.int64), 50 + 4 * np.arange(WINDOWS))


def losses(mean: float, seeds: int, key: str, *, between: float = 0.0, number: int = 0) -> np.ndarray:
    """(seeds, windows): hard and easy windows that all methods share, noise of each its own."""
    shared = stream(number, "windows").normal(0, 0.3, WINDOWS)
    rng = stream(number, key)
    return mean + shared + rng.normal(0, 0.05, (seeds, WINDOWS)) + rng.normal(0, between, (seeds, 1))


def found(*pairs: Difference) -> dict[tuple[str, str], Difference]:
    return {(one.first, one.second): one for one in pairs}


def test_a_planted_difference_is_sure_and_chance_is_not() -> None:
    methods = {"a": losses(1.0, 3, "a"), "b": losses(1.0, 3, "b"), "naive": losses(1.5, 1, "naive")}
    pairs = found(*differences(methods, "naive", ORIGINS, 4))
    assert list(pairs) == [("a", "naive"), ("b", "naive"), ("a", "b")]
    assert pairs["a", "naive"].sure and pairs["a", "naive"].gain == pytest.approx(1 / 3, abs=0.05)
    assert pairs["a", "naive"].low > 0
    assert not pairs["a", "b"].sure


def test_one_lucky_seed_is_not_skill() -> None:
    """The windows agree about every seed; the seeds do not agree with each other."""
    moody = losses(1.2, 3, "m") + np.array([[-0.5], [0.1], [0.4]])
    methods = {"steady": losses(1.0, 3, "s"), "moody": moody, "naive": losses(1.4, 1, "n")}
    pairs = found(*differences(methods, "naive", ORIGINS, 4))
    assert pairs["steady", "naive"].sure
    assert not pairs["moody", "naive"].sure and not pairs["steady", "moody"].sure
    alone = found(*differences(methods | {"moody": moody[:1]}, "naive", ORIGINS, 4))
    assert alone["moody", "naive"].sure and alone["steady", "moody"].sure


def test_equal_methods_are_seldom_called_different() -> None:
    wrong = 0
    for number in range(60):
        methods = {name: losses(1.0, 3, name, between=0.05, number=number) for name in ("a", "b", "c", "naive")}
        wrong += any(one.sure for one in differences(methods, "naive", ORIGINS, 4))
    assert wrong <= 9  # two questions of 5 % each


def test_turned_says_the_same_of_the_other_one() -> None:
    turned = Difference("a", "b", 0.5, 0.2, 0.75, 0.01).turned()
    assert turned[:2] == ("b", "a") and turned.p_value == 0.01
    assert (turned.gain, turned.low, turned.high) == pytest.approx((-1.0, -3.0, -0.25))
    assert Difference("a", "b", 1.0, 1.0, 1.0, 0.0).turned().low == -1000.0


@pytest.mark.parametrize("windows", [1, 2])
def test_few_windows_prove_nothing_and_break_nothing(windows: int) -> None:
    methods = {name: losses(mean, 2, name)[:, :windows] for name, mean in (("a", 1.0), ("b", 2.0), ("naive", 3.0))}
    origins = Origins(*(part[:windows] for part in ORIGINS))
    assert all(np.isfinite(one.gain) for one in differences(methods, "naive", origins, 4))


def test_methods_without_any_error_do_not_differ() -> None:
    methods = {name: np.zeros((2, WINDOWS)) for name in ("a", "b", "naive")}
    for one in differences(methods, "naive", ORIGINS, 4):
        assert one[2:] == (0.0, 0.0, 0.0, 1.0) and not one.sure
