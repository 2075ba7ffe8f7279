"""Optimisers, the rate schedule, penalties, clipping and averaging."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from small_runs import new_network, run_of
from torch import nn

from gatecast.models.network import ForecastNetwork
from gatecast.training import loop
from gatecast.training.config import TrainingConfig
from gatecast.training.history import History
from gatecast.training.loop import train, validation_error
from gatecast.training.optimisers import Average, eager, finishing_rate, halvings, make_optimiser, penalty, rate_at
from gatecast.training.rate_finder import find_rate
from gatecast.windows import WindowReader

# enough of a rate for each to get somewhere in few steps
RATES = {"adam": 1e-2, "adamw": 1e-2, "sgd": 3e-2, "lbfgs": 0.3}
OPTIMISERS = pytest.mark.parametrize("name", list(RATES))


@OPTIMISERS
def test_every_optimiser_lowers_the_loss_on_a_sine(name: Any) -> None:
    steps = 6 if name == "lbfgs" else 60
    run = run_of(optimiser=name, rate=RATES[name], steps=steps, round=max(1, steps // 4), average=0.0)
    network = new_network()
    assert run.stopping is not None
    before = validation_error(network.eval(), run.reader, run.stopping)
    history = train(network, run)
    assert history.loss[-1] < 0.8 * history.loss[0]
    assert validation_error(network, run.reader, run.stopping) < 0.8 * before


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD, torch.optim.LBFGS])
def test_an_eager_optimiser_steps_as_torchs_own(kind: type[torch.optim.Optimizer]) -> None:
    one, other = (nn.Linear(3, 2) for _ in range(2))
    other.load_state_dict(one.state_dict())
    own, torchs = eager(kind)(one.parameters(), lr=0.1), kind(other.parameters(), lr=0.1)  # type: ignore[call-arg]
    for _ in range(3):
        for network, optimiser in ((one, own), (other, torchs)):
            optimiser.step(lambda network=network, optimiser=optimiser: _squares(network, optimiser))
    own.load_state_dict(torchs.state_dict())
    assert isinstance(own, kind)
    assert torch.equal(one.weight, other.weight)
    assert one.weight.requires_grad


def _squares(network: nn.Linear, optimiser: torch.optim.Optimizer) -> torch.Tensor:
    """The closure of a step towards nothing."""
    optimiser.zero_grad()
    loss = network(torch.eye(3)).square().sum()
    loss.backward()
    return loss


def test_a_training_leaves_torchs_compiler_alone() -> None:
    """It takes seconds to import, and a forecast compiles nothing."""
    code = (
        "import sys, numpy as np, gatecast\n"
        f"for name in {list(RATES)}:\n"
        "    training = {'optimiser': name}\n"
        "    gatecast.Forecaster(horizon=3, steps=2, training=training).fit(np.sin(np.arange(60.0))).predict()\n"
        "import torch\n"
        "from gatecast.training.optimisers import eager\n"
        "optimiser = eager(torch.optim.Adam)([torch.nn.Parameter(torch.ones(1))])\n"
        "optimiser.load_state_dict(optimiser.state_dict())\n"
        "print(sorted(name for name in sys.modules if name.startswith(('torch._dynamo', 'torch._inductor'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("name", "most"), [("adam", 1), ("adamw", 1), ("sgd", 1), ("lbfgs", 30)])
def test_one_closure_serves_every_optimiser(name: Any, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, calls = ForecastNetwork.loss, []

    def loss(self: ForecastNetwork, batch: Any, *, newest_only: bool = False) -> Any:
        if self.training:
            calls.append(len(batch.target))
        return plain(self, batch, newest_only=newest_only)

    monkeypatch.setattr(ForecastNetwork, "loss", loss)
    train(new_network(), run_of(optimiser=name, rate=RATES[name], steps=2, round=2))
    assert 2 <= len(calls) <= 2 * most
    assert (len(calls) > 2) == (name == "lbfgs")


@OPTIMISERS
def test_the_config_sets_rate_and_kind(name: Any) -> None:
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD, "lbfgs": torch.optim.LBFGS}
    optimiser = make_optimiser(TrainingConfig(optimiser=name, rate=0.123, l2=0.5), [nn.Parameter(torch.ones(1))])
    assert type(optimiser).__base__ is kinds[name]  # of AdamW, too, which is an Adam
    assert optimiser.param_groups[0]["lr"] == 0.123
    assert optimiser.param_groups[0].get("weight_decay", 0.0) == (0.5 if name == "adamw" else 0.0)


# the schedule


def test_warm_up_rises_in_a_straight_line() -> None:
    config = TrainingConfig(rate=1.0, warm_up=4, schedule="constant")
    assert [rate_at(config, step) for step in (1, 2, 3, 4, 5, 900)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


def test_inverse_sqrt_falls_as_its_name_says_whatever_the_end() -> None:
    config = TrainingConfig(rate=1.0, warm_up=10, schedule="inverse-sqrt", steps=50)
    longer = TrainingConfig(rate=1.0, warm_up=10, schedule="inverse-sqrt", steps=10**6)
    rates = [rate_at(config, step) for step in range(10, 5000)]
    assert rates == [rate_at(longer, step) for step in range(10, 5000)]
    assert rates[0] == 1.0 and rates == sorted(rates, reverse=True)
    assert rate_at(config, 4000) == pytest.approx(rate_at(config, 1000) / 2)


def test_one_cycle_rises_to_the_full_rate_and_falls_far_below_its_start() -> None:
    config = TrainingConfig(rate=2.0, warm_up=0, schedule="one-cycle", steps=100)
    rates = [rate_at(config, step) for step in range(1, 101)]
    assert rates.index(max(rates)) == 29 and max(rates) == pytest.approx(2.0)
    assert rates[:30] == sorted(rates[:30]) and rates[29:] == sorted(rates[29:], reverse=True)
    assert 0.08 < rates[0] < 0.1
    assert rates[-1] == rate_at(config, 101) == pytest.approx(2e-4)


def test_plateau_halves_after_every_three_rounds_without_gain() -> None:
    config = TrainingConfig(schedule="plateau", warm_up=0)
    curve = [5.0, 4.0, 4.5, 4.2, 4.1, 3.0, 3.1, 3.2, 3.3, 3.4, 3.5, 3.6]
    assert [halvings(config, curve[:n]) for n in range(13)] == [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3]
    assert halvings(TrainingConfig(schedule="constant"), curve) == 0


def test_plateau_lowers_the_rate_that_the_optimiser_meets(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    kind: Any = eager(torch.optim.SGD)
    plain = kind.step

    def step(self: Any, closure: Any) -> Any:
        rates.append(self.param_groups[0]["lr"])
        return plain(self, closure)

    monkeypatch.setattr(kind, "step", step)
    run = run_of(optimiser="sgd", rate=1e-12, schedule="plateau", warm_up=0, steps=50, round=5, average=0.0)
    monkeypatch.setattr(loop, "validation_error", lambda *_: 1.0)
    train(new_network(), run)
    assert rates == [1e-12] * 20 + [5e-13] * 15 + [2.5e-13] * 15


def test_a_fit_goes_on_from_a_rate_that_still_moves() -> None:
    history = History((10, 20), (1.0, 0.5), (1.0, 0.5), 20, 20, "steps")
    cosine = TrainingConfig(rate=1.0, warm_up=0, schedule="cosine", steps=20)
    assert finishing_rate(cosine, history) == pytest.approx(0.03)
    usual = TrainingConfig()
    assert finishing_rate(usual, history) == rate_at(usual, 20)
    stuck = History((1, 2, 3, 4, 5), (1.0,) * 5, (1.0, 2.0, 2.0, 2.0, 0.5), 5, 5, "steps")
    assert finishing_rate(TrainingConfig(rate=1.0, warm_up=0, schedule="plateau"), stuck) == 0.5


def test_many_to_one_trains_on_the_newest_position_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, asked = ForecastNetwork.loss, []

    def loss(self: ForecastNetwork, batch: Any, *, newest_only: bool = False) -> Any:
        if self.training:
            asked.append(newest_only)
        return plain(self, batch, newest_only=newest_only)

    monkeypatch.setattr(ForecastNetwork, "loss", loss)
    train(new_network(), run_of(steps=2, round=2, positions="newest"))
    train(new_network(), run_of(steps=2, round=2))
    assert asked == [True, True, False, False]


@pytest.mark.parametrize("learn", [train, find_rate])
def test_with_recency_newer_windows_train(monkeypatch: pytest.MonkeyPatch, learn: Any) -> None:
    plain, ends = WindowReader.read, []

    def read(self: WindowReader, origins: Any, *, answers: bool) -> Any:
        ends.append(origins.ends)
        return plain(self, origins, answers=answers)

    monkeypatch.setattr(WindowReader, "read", read)
    middle = []
    for recency in (0.0, 3.0):
        ends.clear()
        learn(new_network(), replace(run_of(recency=recency), stopping=None))
        middle.append(np.median(np.concatenate(ends)))
    windows = run_of().windows
    share = (np.array(middle) - windows.first[0]) / windows.counts[0]
    assert 0.4 < share[0] < 0.6 and 0.75 < share[1] < 0.93  # 2^(-1/4) is 0.84


def test_cosine_falls_to_nothing_at_the_last_step() -> None:
    config = TrainingConfig(rate=2.0, warm_up=0, schedule="cosine", steps=100)
    assert rate_at(config, 50) == pytest.approx(1.0, abs=1e-6)
    assert rate_at(config, 100) == pytest.approx(0.0, abs=1e-6)
    assert rate_at(config, 101) == pytest.approx(0.0, abs=1e-6)
    assert rate_at(config, 25) == pytest.approx(1 + 0.5**0.5, abs=1e-6)


def test_the_rate_of_the_schedule_reaches_the_optimiser(monkeypatch: pytest.MonkeyPatch) -> None:
    from gatecast.training import loop

    seen: list[float] = []
    plain = loop.make_optimiser

    def watched(config: TrainingConfig, parameters: Any) -> torch.optim.Optimizer:
        optimiser = plain(config, parameters)
        optimiser.register_step_pre_hook(lambda *_: seen.append(optimiser.param_groups[0]["lr"]))
        return optimiser

    monkeypatch.setattr(loop, "make_optimiser", watched)
    run = run_of(steps=12, warm_up=4, schedule="cosine")
    train(new_network(), run)
    assert seen == [rate_at(run.config, step) for step in range(1, 13)]


# penalties, clipping, averaging


def test_penalties_are_sums_over_weights_and_leave_biases_alone() -> None:
    layer = nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[3.0, -4.0]]))
        layer.bias.fill_(100.0)
    for config, expected in (
        (TrainingConfig(optimiser="adam", l1=0.5, l2=0.0), 3.5),
        (TrainingConfig(optimiser="adam", l1=0.0, l2=0.1), 2.5),
        (TrainingConfig(optimiser="sgd", l1=0.5, l2=0.1), 6.0),
        (TrainingConfig(optimiser="adamw", l1=0.0, l2=0.1), 0.0),  # AdamW decays by itself
    ):
        assert float(torch.as_tensor(penalty(config, layer.parameters())).detach()) == pytest.approx(expected)


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd", "lbfgs"])
@pytest.mark.parametrize("kind", ["l1", "l2"])
def test_penalties_shrink_the_weights(optimiser: Any, kind: str) -> None:
    sizes = []
    for strength in (0.0, 5.0 if optimiser == "adamw" and kind == "l2" else 0.05):
        network = new_network()
        steps = 4 if optimiser == "lbfgs" else 25
        settings: dict[str, Any] = {"l1": 0.0, "l2": 0.0, kind: strength}
        train(network, run_of(optimiser=optimiser, rate=RATES[optimiser], steps=steps, round=steps, **settings))
        sizes.append(sum(float(p.detach().abs().sum()) for p in network.parameters() if p.dim() > 1))
    assert sizes[1] < 0.97 * sizes[0]


def test_clipping_bounds_the_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    from gatecast.training import loop

    norms: list[float] = []
    plain = loop.make_optimiser

    class Watched(torch.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            loss = closure()
            gradients = [p.grad for group in self.param_groups for p in group["params"] if p.grad is not None]
            norms.append(float(torch.cat([g.flatten() for g in gradients]).norm()))
            return loss

    def watched(config: TrainingConfig, parameters: Any) -> torch.optim.Optimizer:
        return Watched(parameters, lr=config.rate) if config.optimiser == "sgd" else plain(config, parameters)

    monkeypatch.setattr(loop, "make_optimiser", watched)
    train(new_network(), run_of(optimiser="sgd", clip=0.0, steps=5))
    free, norms[:] = min(norms), []
    train(new_network(), run_of(optimiser="sgd", clip=free / 4, steps=5))
    assert norms == pytest.approx([free / 4] * 5, rel=1e-4)


def test_the_average_without_a_share_is_the_newest_weights() -> None:
    network, averaged = nn.Linear(3, 2), nn.Linear(3, 2)
    Average(network, averaged, 0.0).update(7)
    assert torch.equal(network.weight, averaged.weight) and torch.equal(network.bias, averaged.bias)


def test_the_average_of_all_steps_is_their_mean() -> None:
    network, averaged = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    average = Average(network, averaged, 1.0)
    values = [3.0, 5.0, 10.0, -2.0]
    for step, value in enumerate(values, start=1):
        nn.init.constant_(network.weight, value)
        average.update(step)
    assert averaged.weight.item() == pytest.approx(sum(values) / 4)


def test_a_smaller_share_forgets_the_first_steps() -> None:
    network, averaged = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    average = Average(network, averaged, 0.1)
    for step in range(1, 201):
        nn.init.constant_(network.weight, 100.0 if step <= 100 else 1.0)
        average.update(step)
    assert averaged.weight.item() == pytest.approx(1.0, abs=0.3)
    assert averaged.weight.item() > 1.0


def test_what_is_no_weight_is_taken_as_it_is_before_it_is_used() -> None:
    network, averaged = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    average = Average(network, averaged, 1.0)
    network.train()(torch.randn(8, 2, generator=torch.Generator().manual_seed(0)) + 5)
    average.take_statistics()
    assert network.running_mean is not None and averaged.running_mean is not None
    assert averaged.running_mean.abs().min() > 0.1 and torch.equal(averaged.running_mean, network.running_mean)
    assert torch.equal(averaged.weight, network.weight)


def test_the_weights_that_are_judged_have_the_newest_statistics() -> None:
    network = new_network(normalisation="batch")
    history = train(network, run_of(steps=10, round=5))
    moved = {name: value for name, value in network.state_dict().items() if name.endswith("running_mean")}
    assert history.best_step in (5, 10) and moved and all(value.abs().max() > 0 for value in moved.values())
