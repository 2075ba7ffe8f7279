"""The training loop: what is kept, when it ends, and how it gets over trouble."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_runs import new_network, panel_of, run_of, sine, weights_of

from gatecast.errors import TrainingError
from gatecast.forecast import Origins
from gatecast.models.network import ForecastNetwork
from gatecast.nn.precision import half_precision
from gatecast.runtime import at_most_threads
from gatecast.training import loop
from gatecast.training.history import Progress
from gatecast.training.loop import Run, train, validation_error

OPTIMISERS = ("adam", "adamw", "sgd", "lbfgs")


def error_of(network: ForecastNetwork, run: Run) -> float:
    assert run.stopping is not None
    return validation_error(network.eval(), run.reader, run.stopping)


def poison(monkeypatch: pytest.MonkeyPatch, *calls: int) -> None:
    """Make the training loss not finite at these calls (counted from 0), or at every call where none is named."""
    plain, count = ForecastNetwork.loss, iter(range(10**9))

    def loss(self: ForecastNetwork, batch: Any, *, newest_only: bool = False) -> Any:
        total, weight = plain(self, batch, newest_only=newest_only)
        if not self.training or (calls and next(count) not in calls):
            return total, weight
        return total * math.nan, weight

    monkeypatch.setattr(ForecastNetwork, "loss", loss)


class InterruptAt:
    """A person who presses Ctrl-C once, at the first look after so many steps."""

    def __init__(self, step: int) -> None:
        self.step, self.pressed, self.looks_after = step, False, 0

    def __call__(self, progress: Progress) -> None:
        if self.pressed:
            self.looks_after += 1
        elif progress.step >= self.step:
            self.pressed = True
            raise KeyboardInterrupt


# what is kept


def test_training_lowers_the_error_on_windows_that_it_never_saw() -> None:
    network, run = new_network(), run_of(steps=60, round=20, rate=3e-2)
    before = error_of(network, run)
    train(network, run)
    assert error_of(network, run) < 0.6 * before


@pytest.mark.parametrize("average", [0.0, 0.3])
def test_trap_21_the_best_weights_are_restored(average: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "rate_at", lambda _, step: 1e-2 if step <= 30 else 3.0)  # well begun, then torn apart
    network, run = new_network(), run_of(steps=60, average=average)
    history = train(network, run)
    best = int(np.argmin(history.validation))
    assert history.step[best] <= 30 and history.validation[-1] > 2 * history.validation[best]
    assert error_of(network, run) == min(history.validation)
    assert history.best_step == history.step[best]


def test_patience_ends_a_training_that_no_longer_gains() -> None:
    run = run_of(steps=500, rate=0.2, patience=3)
    history = train(new_network(), run)
    assert history.stopped == "converged"
    assert history.steps == history.step[-1] == history.best_step + 3 * run.config.round < 500


def test_without_patience_all_steps_are_taken() -> None:
    history = train(new_network(), run_of(steps=43, rate=0.2))
    assert (history.stopped, history.steps) == ("steps", 43)
    assert history.step == (5, 10, 15, 20, 25, 30, 35, 40, 43)
    assert len(history.loss) == len(history.validation) == len(history.step)


def test_the_network_is_left_ready_to_forecast() -> None:
    network = new_network()
    train(network, run_of(steps=5))
    assert not network.training


def test_the_same_seed_gives_the_same_weights_and_another_gives_others() -> None:
    runs = []
    for seed in (3, 3, 4):
        network = new_network(layers=2, dropout=0.3)
        train(network, run_of(seed=seed))
        runs.append(weights_of(network))
    assert runs[0] == runs[1] != runs[2]


def test_what_the_caller_drew_before_does_not_matter_and_what_it_draws_after_is_untouched() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        first = new_network(layers=2, dropout=0.3)
        train(first, run_of())
        drawn = torch.rand(3)
        torch.manual_seed(1)
        assert torch.equal(torch.rand(3), drawn)
        second = new_network(layers=2, dropout=0.3)
        train(second, run_of())
    assert weights_of(first) == weights_of(second)


# validation


@pytest.mark.parametrize("batch", [1, 7, 64])
def test_trap_24_the_validation_error_does_not_depend_on_batches(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network, run = new_network().eval(), run_of(panel_of(sine(0), 1000 * sine(1), sine(2, noise=2.0)))
    whole = error_of(network, run)
    monkeypatch.setattr(loop, "_VALIDATION_BATCH", batch)
    assert error_of(network, run) == pytest.approx(whole, rel=1e-5)


def test_trap_24_every_window_counts() -> None:
    network, run = new_network().eval(), run_of(panel_of(sine(0), sine(1, noise=2.0)))
    assert run.stopping is not None
    ones = [Origins(*(part[k : k + 1] for part in run.stopping)) for k in range(len(run.stopping.ends))]
    sums = [network.loss(run.reader.read(one, answers=True), newest_only=True) for one in ones]
    expected = sum(total.item() for total, _ in sums) / sum(weight.item() for _, weight in sums)
    assert error_of(network, run) == pytest.approx(expected, rel=1e-5)


# losses that are not finite


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_loss_that_is_not_finite_is_taken_back_at_half_the_rate(name: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch, 12)
    rates: list[float] = []
    plain = loop.make_optimiser

    def watched(config: Any, parameters: Any) -> Any:
        optimiser = plain(config, parameters)
        optimiser.register_step_pre_hook(lambda *_: rates.append(optimiser.param_groups[0]["lr"]))
        return optimiser

    monkeypatch.setattr(loop, "make_optimiser", watched)
    network = new_network()
    history = train(network, run_of(optimiser=name, schedule="constant", warm_up=0, rate=1e-2, batch=4))
    assert set(rates) == {1e-2, 5e-3}
    assert rates[-1] == 5e-3 and rates == sorted(rates, reverse=True)
    assert history.steps == 40 and history.step == tuple(range(5, 41, 5))
    assert all(math.isfinite(value) for value in (*history.loss, *history.validation))
    assert all(bool(torch.isfinite(value).all()) for value in network.state_dict().values())


def test_trap_08_a_loss_that_is_never_finite_ends_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch)
    with pytest.raises(TrainingError, match="not finite even at rate"):
        train(new_network(), run_of())


@pytest.mark.parametrize("size", [1e20, 1e80])
def test_trap_08_answers_beyond_computing_do_not_spoil_the_history(size: float) -> None:
    far = sine()
    far[-8:] = size
    history = train(new_network(), run_of(panel_of(far), steps=5))
    assert all(math.isfinite(value) for value in (*history.loss, *history.validation))


# the clock and Ctrl-C


def test_a_budget_ends_the_training_and_its_steps_repeat_it() -> None:
    first, second = new_network(layers=2, dropout=0.2), new_network(layers=2, dropout=0.2)
    run = run_of(steps=10**6, budget=0.3)
    history = train(first, run)
    assert history.stopped == "budget"
    assert 0 < history.steps < 10**6 and history.steps == history.step[-1]
    assert 0.3 <= history.seconds < 5
    again = train(second, replace(run, budget=None, config=replace(run.config, steps=history.steps)))
    assert weights_of(first) == weights_of(second)
    assert (again.step, again.loss, again.validation) == (history.step, history.loss, history.validation)


def test_ctrl_c_keeps_the_best_so_far() -> None:
    network, run, press = new_network(), run_of(steps=10**6, rate=0.2), InterruptAt(40)
    history = train(network, replace(run, on_progress=press))
    assert history.stopped == "interrupted" and history.steps == 40
    assert error_of(network, run) == min(history.validation)


def test_ctrl_c_before_the_first_validation_keeps_what_was_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_PROGRESS_SECONDS", 0.0)
    network, run, press = new_network(), run_of(steps=1000, round=500, rate=1e-2), InterruptAt(60)
    before = error_of(network, run)
    history = train(network, replace(run, on_progress=press))
    assert (history.stopped, history.steps, history.best_step) == ("interrupted", 60, 60)
    assert error_of(network, run) == history.validation[0] < before
    assert len(history.loss) == 1 and 0 < history.loss[0] < math.inf
    assert not network.training


def test_progress_is_told_with_its_stage_and_its_end() -> None:
    seen: list[Progress] = []
    history = train(new_network(), run_of(on_progress=seen.append))
    last = seen[-1]
    assert (last.stage, last.step, last.steps, last.budget) == ("fit", 40, 40, None)
    assert (last.loss, last.validation) == (history.loss[-1], history.validation[-1])
    assert [progress.seconds for progress in seen] == sorted(progress.seconds for progress in seen)


def test_nothing_is_written_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    train(new_network(), run_of(steps=5))
    assert not list(tmp_path.iterdir())


def test_ctrl_c_before_any_step_leaves_the_first_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: Any) -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop.Trainer, "_round", stop)
    network, run = new_network(), run_of()
    before = weights_of(network)
    history = train(network, run)
    assert (history.stopped, history.steps, history.step) == ("interrupted", 0, ())
    assert weights_of(network) == before


@pytest.mark.parametrize(("hidden", "layers", "expected"), [(128, 2, True), (32, 1, False)])
def test_steps_worth_it_share_threads_and_multiply_in_half_precision(
    hidden: int, layers: int, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve positions of the large network; M4 Weekly has sixteen of them, and once took twice the time."""
    seen: dict[str, Any] = {"halved": False}

    def halving(network: torch.nn.Module) -> Any:
        seen["halved"] = True
        return half_precision(network)

    def limiting(most: int) -> Any:
        seen["threads"] = most
        return at_most_threads(most)

    monkeypatch.setattr(loop, "half_precision", halving)
    monkeypatch.setattr(loop, "at_most_threads", limiting)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    train(new_network(hidden=hidden, layers=layers), run_of(steps=1, batch=64))
    assert seen == {"halved": expected, "threads": 2 if expected else 1}
