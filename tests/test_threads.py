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


def test_a_small_table_has_one_thread(monkeypatch):
    model, seen = fitted_on(walks(4, 100), monkeypatch, steps=5)
    assert seen == {1}
    seen.clear()
    model.predict()
    assert seen == {1}


def test_many_series_have_all(monkeypatch):
    model, seen = fitted_on(walks(140, 40), monkeypatch, steps=5)
    assert seen == {3}
    seen.clear()
    model.predict()
    assert seen == {3}


@pytest.mark.parametrize("free", [1, 3])
def test_a_budget_asks_before_each_round_and_each_judgement(monkeypatch, free):
    asked, steps = [], set()

    def take(most: int) -> None:
        asked.append(most)
        torch.set_num_threads(free)

    def step(trainer, *given):
        steps.add(torch.get_num_threads())
        return original(trainer, *given)

    original = loop.Trainer._step
    monkeypatch.setattr(loop.Trainer, "_step", step)
    monkeypatch.setattr(loop, "LARGE", 1)
    monkeypatch.setattr(loop, "take_quickest_threads", take)
    monkeypatch.setattr(ensemble, "take_quickest_threads", take)
    model, seen = fitted_on(walks(30, 80), monkeypatch, budget=4)
    rounds = len(model.fitted.histories[0].step)
    assert rounds and len(asked) >= rounds + 3
    assert set(asked) == {3}
    assert seen == steps == {free}


def test_without_a_budget_nobody_asks(monkeypatch):
    """Else the last digits of a forecast would hang on other programs."""

    def take(most: int) -> None:
        raise AssertionError(most)

    monkeypatch.setattr(loop, "LARGE", 1)
    monkeypatch.setattr(loop, "take_quickest_threads", take)
    monkeypatch.setattr(ensemble, "take_quickest_threads", take)
    fitted_on(walks(30, 80), monkeypatch, steps=5)
