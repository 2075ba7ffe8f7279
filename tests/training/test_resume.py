"""A training that is stopped or killed at any moment, and resumed, ends in the bytes of one that was not."""

from __future__ import annotations

import itertools
import multiprocessing
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_runs import new_network, panel_of, run_of, sine, weights_of

from gatecast.training import loop
from gatecast.training.config import Augment
from gatecast.training.history import Progress
from gatecast.training.loop import Run, train

OPTIMISERS = pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd", "lbfgs"])


class PowerCutError(Exception):
    """Ends a training from within."""


def stop_after(step: int) -> Any:
    def look(progress: Progress) -> None:
        if progress.step >= step:
            raise PowerCutError

    return look


@pytest.fixture(autouse=True)
def _a_checkpoint_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_CHECKPOINT_SECONDS", 0.0)


def new_run(checkpoint: Path | None, **fields: Any) -> Run:
    return run_of(checkpoint=checkpoint, identity="this run", **{"steps": 22, "round": 4, **fields})


def outcome(network: Any, history: Any) -> tuple[Any, ...]:
    return weights_of(network), replace(history, seconds=0.0)


def straight(**fields: Any) -> tuple[Any, ...]:
    network = new_network(layers=2, dropout=0.25)
    return outcome(network, train(network, new_run(None, **fields)))


def with_stops(path: Path, stops: tuple[int, ...], **fields: Any) -> tuple[Any, ...]:
    for step in stops:
        with pytest.raises(PowerCutError):
            run = new_run(path, on_progress=stop_after(step), **fields)
            train(new_network(layers=2, dropout=0.25), run, resume=True)
    network = new_network(layers=2, dropout=0.25)
    return outcome(network, train(network, new_run(path, **fields), resume=True))


@OPTIMISERS
def test_stopped_and_resumed_gives_the_same_bytes(optimiser: str, tmp_path: Path) -> None:
    rate = 0.3 if optimiser == "lbfgs" else 1e-2
    fields = {"optimiser": optimiser, "rate": rate, "average": 0.3, "steps": 10, "round": 3, "batch": 4}
    assert with_stops(tmp_path / "checkpoint", (3, 6, 10), **fields) == straight(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"schedule": "plateau", "rate": 0.3, "steps": 60},
        {"schedule": "one-cycle", "rate": 3e-2},
        {"positions": "newest"},
        {"recency": 2.0},
        {"augment": Augment(0.1, 0.1, 0.1, 0.1, 0.1, 0.3)},
    ],
    ids=lambda fields: next(iter(fields)) + str(len(fields)),
)
def test_every_way_to_train_survives_a_stop(fields: dict[str, Any], tmp_path: Path) -> None:
    assert with_stops(tmp_path / "checkpoint", (4, 16), **fields) == straight(**fields)


def test_patience_is_counted_across_a_stop(tmp_path: Path) -> None:
    fields = {"steps": 400, "rate": 0.3, "patience": 3}
    expected = straight(**fields)
    assert expected[1].stopped == "converged"
    last = expected[1].steps
    assert with_stops(tmp_path / "checkpoint", (last - 4, last), **fields) == expected


def test_a_recovery_is_remembered_across_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = loop.Trainer._round

    def round_with_a_bad_one(self: Any) -> float:
        bad = self.record.step == 8 and not self.record.recoveries
        loss = plain(self)
        return float("nan") if bad else loss

    monkeypatch.setattr(loop.Trainer, "_round", round_with_a_bad_one)
    assert with_stops(tmp_path / "checkpoint", (8, 16)) == straight()


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    expected = with_stops(tmp_path / "checkpoint", ())
    network = new_network(layers=2, dropout=0.25)
    again = train(network, new_run(tmp_path / "checkpoint", on_progress=stop_after(0)), resume=True)
    assert outcome(network, again) == expected


def test_a_checkpoint_of_another_run_is_left_aside(tmp_path: Path) -> None:
    with_stops(tmp_path / "checkpoint", ())
    network = new_network(layers=2, dropout=0.25)
    other = replace(new_run(tmp_path / "checkpoint", seed=1), identity="another run")
    assert outcome(network, train(network, other, resume=True)) == straight(seed=1)


def test_without_resume_a_checkpoint_is_not_read(tmp_path: Path) -> None:
    expected = with_stops(tmp_path / "checkpoint", ())
    network, steps = new_network(layers=2, dropout=0.25), []
    run = new_run(tmp_path / "checkpoint", on_progress=lambda progress: steps.append(progress.step))
    assert outcome(network, train(network, run)) == expected
    assert steps[0] <= 4


def test_the_clock_goes_on_where_it_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = itertools.count()
    monkeypatch.setattr(loop.time, "perf_counter", lambda: next(looks) / 1000)  # each look takes a millisecond
    path = tmp_path / "checkpoint"
    with pytest.raises(PowerCutError):
        train(new_network(), new_run(path, steps=10**6, budget=0.5, on_progress=stop_after(40)))
    cut = next(looks)
    history = train(new_network(), new_run(path, steps=10**6, budget=0.5), resume=True)
    assert history.stopped == "budget" and history.seconds >= 0.5
    assert (next(looks) - cut) / 1000 < history.seconds


def test_ctrl_c_can_be_resumed_to_the_same_bytes(tmp_path: Path) -> None:
    def press(progress: Progress) -> None:
        if progress.step == 12:
            raise KeyboardInterrupt

    path = tmp_path / "checkpoint"
    history = train(new_network(layers=2, dropout=0.25), new_run(path, on_progress=press))
    assert history.stopped == "interrupted"
    assert with_stops(path, ()) == straight()


# killed


def _fit(folder: str, out: str) -> None:
    """In another process: fit with a checkpoint after every round, and keep the model."""
    import torch

    from gatecast.forecaster import Forecaster

    torch.set_num_threads(1)
    loop._CHECKPOINT_SECONDS = 0.0
    model = Forecaster(3, season=7, context=14, steps=40, device="cpu")
    model.fit(sine(0, 90), checkpoint=Path(folder) / "checkpoint", resume=True)
    model.save(Path(folder) / out)


def _start(folder: Path, out: str) -> Any:
    context: Any = multiprocessing.get_context("forkserver")  # its children hold torch from the start
    context.set_forkserver_preload(["gatecast.forecaster", "gatecast.data.pipeline"])
    process = context.Process(target=_fit, args=(str(folder), out))
    process.start()
    return process


def _bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _kill_and_resume(folder: Path, kills: int, seed: int) -> tuple[dict[str, bytes], list[dict[str, bytes]]]:
    """The model that was never killed, and every one that came to its end in the folder of those that were."""
    whole, broken, ended = folder / "whole", folder / "broken", []
    whole.mkdir()
    broken.mkdir()
    _start(whole, "warm").join(120)
    for path in whole.glob("checkpoint*"):
        path.unlink()
    began = time.perf_counter()
    _start(whole, "model").join(120)
    takes, moments = time.perf_counter() - began, random.Random(seed)
    killed = 0
    while killed < kills:
        name = f"model-{killed}-{len(ended)}"
        process = _start(broken, name)
        process.join(moments.uniform(0, takes))
        if process.exitcode is not None:  # it came to its end first: begin again, after a look at what it made
            assert process.exitcode == 0
            ended.append(_bytes_of(broken / name))
            for path in broken.glob("checkpoint*"):
                path.unlink()
            continue
        process.kill()
        process.join()
        killed += 1
    last = _start(broken, "model")
    last.join(120)
    assert last.exitcode == 0
    return _bytes_of(whole / "model"), [*ended, _bytes_of(broken / "model")]


def test_killed_three_times_and_resumed_gives_the_same_bytes(tmp_path: Path) -> None:
    whole, ended = _kill_and_resume(tmp_path, 3, seed=0)
    assert whole
    assert all(one == whole for one in ended)


def test_a_damaged_checkpoint_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    with_stops(path, ())
    path.write_bytes(path.read_bytes()[:-7])
    assert with_stops(path, ()) == straight()


def test_series_of_different_lengths_resume_alike(tmp_path: Path) -> None:
    panel = panel_of(sine(0), sine(1, 60), sine(2, 31))

    def run(**fields: Any) -> Run:
        return run_of(panel, steps=12, round=4, identity="lengths", **fields)

    plain, resumed = new_network(), new_network()
    expected = outcome(plain, train(plain, run()))
    with pytest.raises(PowerCutError):
        train(new_network(), run(checkpoint=tmp_path / "c", on_progress=stop_after(8)))
    assert outcome(resumed, train(resumed, run(checkpoint=tmp_path / "c"), resume=True)) == expected
