"""A network that is too sure is cooled, one that knows nothing is silenced, and few windows never make certain."""

from __future__ import annotations

import numpy as np
import pytest

from gatecast.classifier.calibration import Calibration, softmax
from gatecast.evaluation.classes import log_losses

BASE = np.array([0.4, 0.6])


def told(windows: int, sureness: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits `sureness` times as large as they should be, and the classes that came."""
    draws = np.random.default_rng(seed)
    true = draws.normal(size=(windows, 2)) * 1.5
    actual = (draws.random(windows) < softmax(true)[:, 1]).astype(int)
    return true * sureness, actual


@pytest.mark.parametrize("sureness", [0.5, 1.0, 3.0])
def test_the_temperature_is_how_much_too_sure_it_was(sureness: float) -> None:
    logits, actual = told(5000, sureness)
    calibration = Calibration.fit(logits, actual, BASE, 5000)
    assert calibration.temperature == pytest.approx(sureness, rel=0.15)
    assert calibration.share > 0.9


def test_what_knows_nothing_becomes_the_base_rate() -> None:
    silent = 0
    for seed in range(20):
        logits, _ = told(300, 1.0, seed)
        actual = (np.random.default_rng(99 + seed).random(300) < 0.6).astype(int)
        silent += Calibration.fit(logits, actual, BASE, 300).share == 0
    assert silent >= 15


def test_a_few_windows_that_were_all_right_make_nobody_certain() -> None:
    actual = np.arange(10) % 2
    logits = np.where(np.eye(2)[actual] > 0, 20.0, -20.0)
    calibration = Calibration.fit(logits, actual, np.array([0.5, 0.5]), 10)
    wrong = log_losses(np.array([1]), calibration.apply(np.array([[20.0, -20.0]])))
    assert wrong[0] < 5


def test_without_windows_there_is_the_base_rate() -> None:
    calibration = Calibration.fit(np.zeros((0, 2)), np.zeros(0, int), BASE, 0)
    np.testing.assert_allclose(calibration.apply(np.array([[5.0, -5.0]])), [BASE])


def test_probabilities_sum_to_one_whatever_the_logits() -> None:
    logits = np.array([[1e4, -1e4, 0.0], [0.0, 0.0, 0.0]])
    said = Calibration(0.3, 0.7, (0.2, 0.3, 0.5)).apply(logits)
    np.testing.assert_allclose(said.sum(axis=1), 1)
    assert (said > 0).all()
