"""The range test: a rate that learns, the same each time, and nothing that it leaves behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_runs import new_network, panel_of, run_of, sine, weights_of

from gatecast import Forecaster
from gatecast.errors import OptionError, TrainingError
from gatecast.training import rate_finder
from gatecast.training.loop import train, validation_error
from gatecast.training.rate_finder import find_rate


def test_the_weights_are_left_as_they_were() -> None:
    network = new_network()
    before = weights_of(network)
    find_rate(network, run_of())
    assert weights_of(network) == before and network.training
    assert all(p.grad is None for p in network.parameters())


def test_the_same_seed_finds_the_same_curve() -> None:
    first, again, other = (find_rate(new_network(dropout=0.3, layers=2), run_of(seed=seed)) for seed in (1, 1, 2))
    assert first.loss.tobytes() == again.loss.tobytes() != other.loss.tobytes()
    assert first.suggestion == again.suggestion


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd"])
def test_the_suggestion_learns_faster_than_a_far_lower_or_higher_rate(optimiser: str) -> None:
    curve = find_rate(new_network(), run_of(optimiser=optimiser))
    assert curve.breaks is None or curve.suggestion < curve.breaks
    errors = []
    for factor in (1e-3, 1.0, 1e3):
        network, run = new_network(), run_of(optimiser=optimiser, rate=factor * curve.suggestion, patience=8)
        train(network, run)
        assert run.stopping is not None
        errors.append(validation_error(network, run.reader, run.stopping))
    assert errors[1] == min(errors)


def test_rates_rise_and_end_where_the_loss_breaks() -> None:
    curve = find_rate(new_network(), run_of(clip=0.0))
    assert (np.diff(curve.rate) > 0).all()
    assert len(curve.rate) == len(curve.loss) == len(curve.smooth) <= 120
    assert np.isfinite(curve.loss).all()


def test_a_bowl_with_a_known_curve_is_read_rightly() -> None:
    rate = np.geomspace(1e-5, 10, 120)
    position = np.arange(120)
    loss = 1 - 0.8 / (1 + np.exp(-(position - 60) / 4)) + np.where(position > 95, (position - 95) / 5, 0)
    curve = rate_finder._curve(rate, loss)
    assert curve.suggestion == pytest.approx(rate[60], rel=0.3)
    assert curve.breaks == pytest.approx(rate[97], rel=0.5)


@pytest.mark.parametrize("optimiser", ["lbfgs", "annealing"])
def test_an_optimiser_without_such_a_rate_is_refused(optimiser: str) -> None:
    with pytest.raises(OptionError, match="adamw"):
        find_rate(new_network(), run_of(optimiser=optimiser))


def test_a_forecaster_finds_it_for_its_own_training_and_stays_unfitted() -> None:
    told: list[Any] = []
    model = Forecaster(3, device="cpu")
    curve = model.find_rate(sine(), on_progress=told.append)
    assert 1e-4 < curve.suggestion < 1
    assert told[-1].step == len(curve.rate) and told[-1].stage == "rate"
    assert model._fitted is None


def test_series_that_never_change_have_no_rate() -> None:
    with pytest.raises(TrainingError, match="never change"):
        Forecaster(3, device="cpu").find_rate(panel_of(np.full(60, 2.0)))
