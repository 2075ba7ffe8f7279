"""benchmarks/ablation.py: each part can be left out, what only judges trains nothing anew, rows say by how much."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gatecast as gc
from gatecast.forecast import Origins, Prediction
from gatecast.forecaster import ensemble

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
LARGE_ALONE = {"linear base", "further quantiles", "dropout", "newer windows more often", "other kinds of members"}
SILENT = {"odds of each series", "analogues", "drift of each series", "long-run volatility", "unit of the newer half"}


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import ablation_parts

    return ablation_parts


@pytest.fixture
def ablation(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import ablation

    return ablation


def predicted() -> Prediction:
    """By a model of two short seasonal series, at the end of what it was fitted to and later."""
    draws = np.random.default_rng(3)
    y = np.tile([1.0, 3.0, 2.0, 6.0], 30) + draws.normal(size=(2, 120)).cumsum(1) / 4
    model = gc.Forecaster(horizon=4, season=4, steps=30).fit(y[:, :104])
    return model.predict_at(model.panel_to_continue(y), Origins(np.array([0, 0, 1]), np.array([104, 116, 112])))


def same(one: Prediction, other: Prediction) -> bool:
    return all(np.array_equal(*both) for both in zip(one, other, strict=True))


@pytest.mark.slow
def test_each_part_can_be_left_out_and_changes_the_forecast(parts: Any) -> None:
    """What changes no gated forecast of so small a table must change that of the networks alone."""
    everything, alone = parts.JUDGING | parts.LEARNING, parts.JUDGING["gate"]
    whole = predicted()
    with alone():
        networks = predicted()
    unaffected, silent = set(), set()
    for name, part in everything.items():
        try:
            with part():
                gated = predicted()
                with alone():
                    bare = predicted()
        except parts.UnaffectedError:
            unaffected.add(name)
            continue
        assert all(np.isfinite(one).all() for one in (*gated, *bare))
        if same(gated, whole) and same(bare, networks):
            silent.add(name)
    assert (unaffected, silent) == (LARGE_ALONE, SILENT)
    assert same(predicted(), whole)


def test_what_only_judges_takes_over_what_was_learnt(parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    trained, train = [], ensemble.train
    monkeypatch.setattr(ensemble, "train", lambda *given, **told: trained.append(1) or train(*given, **told))
    plain, store = predicted(), {}
    alone = len(trained)
    with parts.training_once(store):
        first, again = predicted(), predicted()
    assert len(trained) == 2 * alone
    assert same(plain, first)
    assert same(plain, again)


def test_rows_say_by_how_much_each_part_is_missed(ablation: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"nothing": (0.5, 10.0), "gate": (0.55, 9.0), "analogues": (0.5, 10.0)}
    left_out = ["nothing"]

    @contextmanager
    def leaving(name: str) -> Iterator[None]:
        left_out.append(name)
        yield
        left_out.pop()

    monkeypatch.setattr(ablation, "JUDGING", {name: partial(leaving, name) for name in ("gate", "analogues")})
    monkeypatch.setattr(ablation, "LEARNING", {"none": partial(leaving, "none")})

    def fitted(seed: int) -> Any:
        if left_out[-1] == "none":
            raise ablation.UnaffectedError
        error, interval = found[left_out[-1]]
        return ablation.Score(error + seed / 100, interval, 0.8, 0.95)

    whole, gate = ablation.ablated("made", fitted, "", 2)
    assert (whole["without"], whole["error"], whole["more_error"]) == ("nothing", 0.505, None)
    assert (gate["without"], gate["more_error"], gate["more_msis"]) == ("gate", "+9.9%", "-10.0%")
    assert gate["by_seed"] == "0.5500, 0.5600"
