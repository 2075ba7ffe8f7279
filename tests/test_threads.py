"""How many threads work: few for little work, and where a budget must be kept, no more than get a core."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

import gatecast as gc
from gatecast import runtime
from gatecast.forecaster import ensemble, fitting
from gatecast.training import loop


@pytest.fixture(autouse=True)
def _three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    assert torch.get_num_threads() == 3, "a fit or a forecast left another number behind"
    torch.set_num_threads(before)


def walks(series: int, rows: int) -> pl.DataFrame:
    y = np.random.default_rng(0).normal(size=(series, rows)).cumsum(1)
    return pl.DataFrame({"id": np.repeat([f"s{k}" for k in range(series)], rows), "y": y.ravel()})


class Clock:
    """Seconds that a product takes, by the number of threads; no others pass."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: dict[int, float]) -> None:
        self.now = 0.0
        monkeypatch.setattr(runtime.time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(torch, "mm", lambda *_: self.pass_(seconds[torch.get_num_threads()]))

    def pass_(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(("together", "expected"), [(0.5, 3), (1.2, 3), (10.0, 1)])
def test_threads_that_wait_for_each_other_are_not_taken(monkeypatch, together, expected):
    with monkeypatch.context() as patched, runtime.at_most_threads(3):
        Clock(patched, {1: 1.0, 3: together})
        runtime.take_quickest_threads(3)
        assert torch.get_num_threads() == expected
        runtime.take_quickest_threads(1)
        assert torch.get_num_threads() == 1
        runtime.take_quickest_threads(3)
        assert torch.get_num_threads() == expected


def fitted_on(
    table: pl.DataFrame, monkeypatch: pytest.MonkeyPatch, **options: object
) -> tuple[gc.Forecaster, set[int]]:
    """With it, how many threads the networks' forecasts had while it was fitted."""
    seen: set[int] = set()

    def predict(*given):
        seen.add(torch.get_num_threads())
        return original(*given)

    original = fitting.predict
    monkeypatch.setattr(fitting, "predict", predict)
    return gc.Forecaster(horizon=4, **options).fit(table, target="y", id="id"), seen


@pytest.mark.parametrize(("series", "rows", "threads"), [(4, 100, 1), (140, 40, 3)], ids=["small", "many series"])
def test_little_work_has_one_thread_and_much_has_all(monkeypatch, series, rows, threads):
    model, seen = fitted_on(walks(series, rows), monkeypatch, steps=5)
    assert seen == {threads}
    seen.clear()
    model.predict()
    assert seen == {threads}


@pytest.mark.parametrize(("one", "all_", "taken"), [(2.0, 3.0, 1), (3.0, 2.0, 3), (2.0, 2.0, 3)])
def test_the_quicker_number_of_threads_goes_on(monkeypatch, one: float, all_: float, taken: int) -> None:
    monkeypatch.setattr(runtime, "take_quickest_threads", torch.set_num_threads)
    now, seen = 0.0, []
    monkeypatch.setattr(runtime.time, "perf_counter", lambda: now)
    with runtime.at_most_threads(3):
        for _ in zip(range(20), runtime.quickest_threads(3), strict=False):
            seen.append(torch.get_num_threads())
            now += 50.0 if len(seen) in (1, 5) else one if seen[-1] == 1 else all_  # what is made ready does not count
    assert seen == [1] * 4 + [3] * 4 + [taken] * 12


def told_of(monkeypatch: pytest.MonkeyPatch, free: int, **options) -> tuple[str, list[int]]:
    """What a fit of large steps did, in order, a letter each, and how many threads worked, at each step and forecast.

    a: asked how many threads are quickest, of which `free` are; s: a step; v: a validation, the end of a round; p: a
    forecast that judges.
    """
    done, threads = [], []

    def ask(most: int) -> None:
        assert most == 3
        done.append("a")
        torch.set_num_threads(free)

    def watched(letter: str, original):
        def call(*given):
            done.append(letter)
            threads.append(torch.get_num_threads())
            return original(*given)

        return call

    for module in (runtime, ensemble):
        monkeypatch.setattr(module, "take_quickest_threads", ask)
    monkeypatch.setattr(loop, "LARGE", 1)
    monkeypatch.setattr(loop.Trainer, "_step", watched("s", loop.Trainer._step))
    monkeypatch.setattr(loop.Trainer, "_validate", watched("v", loop.Trainer._validate))
    monkeypatch.setattr(fitting, "predict", watched("p", fitting.predict))
    gc.Forecaster(horizon=4, **options).fit(walks(30, 80), target="y", id="id")
    return "".join(done), threads


@pytest.mark.parametrize("free", [1, 3])
def test_a_budget_asks_before_each_round_and_each_judgement(monkeypatch, free):
    done, threads = told_of(monkeypatch, free, budget=4)
    told = list(zip(done.replace("a", ""), threads, strict=True))
    assert {number for letter, number in told if letter == "p"} == {free}
    assert [number for letter, number in told if letter == "s"][:8] == [1] * 4 + [free] * 4  # each is tried
    assert {number for _, number in told} <= {1, free}
    assert done.count("p") == 2
    assert done.count("v") >= 2
    assert done.startswith("a")
    assert "vs" not in done and "vp" not in done and "ps" not in done, done  # nothing new without asking


def test_without_a_budget_nobody_asks(monkeypatch):
    """Else the last digits of a forecast would hang on other programs."""
    done, threads = told_of(monkeypatch, 1, steps=5)
    assert "a" not in done
    assert "s" in done and "p" in done
    assert set(threads) == {3}
