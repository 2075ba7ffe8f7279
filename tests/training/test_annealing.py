"""A search without gradients: it learns, repeats itself, ends when told, and says what it cannot do."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_runs import new_network, run_of, weights_of

from gatecast.errors import MissingExtraError, OptionError
from gatecast.models.network import ForecastNetwork
from gatecast.training import annealing
from gatecast.training.history import Progress
from gatecast.training.loop import Run, train, validation_error

pytest.importorskip("scipy")


def search(**fields: Any) -> Run:
    defaults = {"optimiser": "annealing", "rate": 1.0, "steps": 60, "round": 20, "warm_up": 0, "average": 0.0}
    return run_of(**{**defaults, **fields})


def tiny() -> ForecastNetwork:
    return new_network(hidden=2)


def test_it_lowers_the_error_on_windows_that_it_never_saw() -> None:
    network, run = tiny(), search(steps=900, round=300, batch=32)
    assert run.stopping is not None
    before = validation_error(network.eval(), run.reader, run.stopping)
    history = train(network, run)
    assert validation_error(network, run.reader, run.stopping) == min(history.validation) < 0.6 * before
    assert list(history.loss) == sorted(history.loss, reverse=True)
    assert history.steps == 900 and history.stopped == "steps"


def test_no_gradient_is_ever_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    for place, name in ((torch.Tensor, "backward"), (torch.autograd, "backward"), (torch.autograd, "grad")):
        monkeypatch.setattr(place, name, lambda *_, name=name, **__: taken.append(name))
    assert train(tiny(), search()).steps == 60
    assert taken == []


def test_the_seed_decides_every_byte() -> None:
    first, again, other = tiny(), tiny(), tiny()
    told = [train(network, search(seed=seed)) for network, seed in ((first, 3), (again, 3), (other, 4))]
    assert weights_of(first) == weights_of(again) != weights_of(other)
    assert replace(told[0], seconds=0) == replace(told[1], seconds=0)


def test_weights_stay_within_reach() -> None:
    network = tiny()
    start = torch.cat([p.detach().flatten().clone() for p in network.parameters()])
    train(network, search(rate=0.2, steps=400))
    end = torch.cat([p.detach().flatten() for p in network.parameters()])
    assert 0 < (end - start).abs().max() <= 0.2 + 1e-6


def test_parameters_stay_their_own(tmp_path: Path) -> None:
    from safetensors.torch import save

    network = tiny()
    train(network, search())
    assert save(network.state_dict())


class PressCtrlC:
    def __call__(self, progress: Progress) -> None:
        if progress.step >= 30:
            raise KeyboardInterrupt


def test_ctrl_c_keeps_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annealing, "_PROGRESS_SECONDS", 0.0)
    network, run = tiny(), search(round=1000, steps=10_000, on_progress=PressCtrlC())
    assert run.stopping is not None
    before = validation_error(network.eval(), run.reader, run.stopping)
    history = train(network, run)
    assert history.stopped == "interrupted" and history.steps == 30
    assert validation_error(network, run.reader, run.stopping) < before


def test_patience_and_a_budget_end_it() -> None:
    waited = train(tiny(), search(rate=1e-12, steps=2000, round=10, patience=3))
    assert waited.stopped == "converged" and waited.steps < 2000
    assert train(tiny(), search(steps=10**9, budget=0.2)).stopped == "budget"


def test_progress_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annealing, "_PROGRESS_SECONDS", 0.0)
    seen: list[Progress] = []
    train(tiny(), search(on_progress=seen.append))
    assert [one.step for one in seen] == list(range(1, 61))
    assert seen[-1].loss is not None and seen[-1].validation is not None


def test_a_large_network_is_refused() -> None:
    with pytest.raises(OptionError, match="hidden"):
        train(new_network(hidden=64), search())


def test_without_scipy_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(MissingExtraError, match=r"gatecast\[annealing\]"):
        train(tiny(), search())


def test_a_fit_can_ask_for_it() -> None:
    from gatecast import Forecaster

    wave = np.sin(np.arange(120) / 5)
    network = {"hidden": 3}
    model = Forecaster(3, steps=40, members=1, device="cpu", training={"optimiser": "annealing"}, network=network)
    assert np.isfinite(model.fit(wave).predict().point).all()
    assert model.plan.training.rate == 1.0
