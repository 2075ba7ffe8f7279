"""Stateful training over whole series: what is kept, when it ends, and how it gets over trouble."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gatecast.errors import OptionError, TrainingError
from gatecast.models import get, names
from gatecast.models.sequence_network import SequenceNetwork
from gatecast.rollout import Trial, error_growth
from gatecast.runtime import private_torch_stream
from gatecast.training.history import Progress
from gatecast.training.sequence_config import SequenceConfig
from gatecast.training.sequences import SequenceHistory, SequenceRun, train_sequences

SERIES, TIME = 10, 80
BOTH = pytest.mark.parametrize("optimiser", ["lbfgs", "adam"])


def waves(series: int = SERIES, time: int = TIME) -> Tensor:
    phase = np.random.default_rng(0).integers(-30, 30, size=(series, 1))
    return torch.from_numpy(np.sin((np.arange(time) + phase) / 8).astype(np.float32))[:, :, None]


def run_of(values: Tensor | None = None, **fields: Any) -> SequenceRun:
    values = waves() if values is None else values
    lengths = torch.full((len(values) - 2,), values.shape[1])
    half = values.shape[1] // 2
    trials = [Trial(values[:2, :half], values[:2, half:])]
    known = {name: fields.pop(name) for name in ("on_progress", "on_step", "seed") if name in fields}
    run = SequenceRun(values[2:], lengths, trials, SequenceConfig(**{"steps": 3} | fields), seed=0)
    return replace(run, **known)


def network_of(seed: int = 0, **options: Any) -> SequenceNetwork:
    with private_torch_stream(seed, "weights"):
        return SequenceNetwork("lstm-cell", {"hidden": (12, 8)} | options)


def trained(run: SequenceRun, **options: Any) -> tuple[SequenceNetwork, SequenceHistory]:
    network = network_of(**options)
    return network, train_sequences(network, run)


def same_weights(a: SequenceNetwork, b: SequenceNetwork) -> bool:
    return all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


def free_run_error(network: SequenceNetwork, run: SequenceRun) -> float:
    return float(error_growth(network, run.trials).square().mean().sqrt())


# what it learns, and what it keeps


def test_a_wave_is_learnt_until_its_free_run_follows() -> None:
    _, history = trained(run_of(steps=12))
    assert history.loss[-1] < 0.1 * history.loss[0]
    assert min(history.free_run) < 0.1 < 0.5 < history.free_run[0]
    assert history.growth.shape == (12, TIME // 2)
    np.testing.assert_allclose(np.sqrt((history.growth**2).mean(1)), history.free_run, rtol=1e-6)


def test_the_weights_with_the_best_free_run_are_kept() -> None:
    """With a rate far too high the later steps are worse: training goes back to an earlier one by itself."""
    run = run_of(steps=8, optimiser="sgd", rate=2.0, clip=0.0)
    network, history = trained(run)
    assert history.kept_step == history.step[int(np.argmin(history.free_run))] < 8
    assert free_run_error(network, run) == pytest.approx(min(history.free_run), abs=1e-6)


@pytest.mark.parametrize("keep", ["training", "last"])
def test_other_weights_are_kept_when_asked(keep: Any) -> None:
    _, history = trained(run_of(keep=keep, steps=4, optimiser="sgd", rate=2.0, clip=0.0))
    assert history.kept_step == (4 if keep == "last" else history.step[int(np.argmin(history.loss))])


def test_the_loss_is_that_of_the_weights_after_the_step() -> None:
    run = run_of(steps=2, keep="last")
    network, history = trained(run)
    said, _ = network(run.values[:, :-1])
    assert history.loss[-1] == pytest.approx((said - run.values[:, 1:]).square().mean().item(), rel=1e-5)


def test_what_is_held_out_trains_nothing() -> None:
    run = run_of(keep="last")
    spoilt = replace(run, trials=[Trial(trial.known + 5, trial.truth * 0) for trial in run.trials])
    assert same_weights(trained(run)[0], trained(spoilt)[0])


# chunks, and series that end early


def test_gradients_of_chunks_are_those_of_a_state_that_is_cut_off() -> None:
    """One step of plain descent without momentum's past: chunked by hand, and by the loop."""
    run = run_of(optimiser="sgd", rate=0.01, clip=0.0, batch=100, chunk=30, steps=1, keep="last")
    ours, theirs = trained(run)[0], network_of()
    optimiser = torch.optim.SGD(theirs.parameters(), lr=0.01, momentum=0.9)
    order = torch.from_numpy(np.array([*range(len(run.values))]))
    state = None
    for start in (0, 30, 60):
        stop = min(start + 30, TIME - 1)
        said, state = theirs(run.values[order, start:stop], state)
        state = tuple(tuple(part.detach() for part in layer) for layer in state)
        optimiser.zero_grad()
        (said - run.values[order, start + 1 : stop + 1]).square().mean().backward()
        optimiser.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_a_chunk_longer_than_the_series_is_the_whole_series() -> None:
    assert same_weights(trained(run_of(chunk=TIME))[0], trained(run_of())[0])
    assert not same_weights(trained(run_of(chunk=20))[0], trained(run_of())[0])


@BOTH
def test_what_follows_the_end_of_a_series_is_not_read(optimiser: Any) -> None:
    run = run_of(optimiser=optimiser, steps=2)
    lengths = run.lengths.clone()
    lengths[0], lengths[3] = 30, 55
    spoilt = run.values.clone()
    spoilt[0, 30:], spoilt[3, 55:] = 7.0, -9.0
    plain = trained(replace(run, lengths=lengths))
    other = trained(replace(run, lengths=lengths, values=spoilt))
    assert plain[1].loss == pytest.approx(other[1].loss, rel=1e-5)
    assert plain[1].loss != pytest.approx(trained(run)[1].loss, rel=1e-3)


@pytest.mark.parametrize("name", [name for name in names() if get(name).streams])
def test_every_model_that_streams_carries_its_state_from_chunk_to_chunk(name: str) -> None:
    run = run_of(waves(4, 14), optimiser="adam", chunk=5, steps=1, rate=1e-3)
    with private_torch_stream(0, "weights"):
        network = SequenceNetwork(name, {})
    history = train_sequences(network, run)
    assert math.isfinite(history.loss[0]) and math.isfinite(history.free_run[0])


# randomness


@BOTH
def test_same_seed_same_bytes_and_the_callers_stream_is_untouched(optimiser: Any) -> None:
    run = run_of(optimiser=optimiser, steps=2, sampling=0.3 if optimiser == "adam" else 0.0)
    before = torch.get_rng_state()
    first = trained(run, dropout=0.3)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(5)
    second = trained(run, dropout=0.3)
    assert same_weights(first[0], second[0]) and first[1].loss == second[1].loss
    assert not same_weights(first[0], trained(replace(run, seed=1), dropout=0.3)[0])


def test_every_closure_of_a_step_drops_the_same_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, Tensor]] = []
    network, run = network_of(dropout=0.5), run_of(steps=2)
    plain = network.backbone.cells.between.forward

    def listen(x: Tensor) -> Tensor:
        y = plain(x)
        if network.training:
            seen.append((len(seen), (y == 0)))
        return y

    monkeypatch.setattr(network.backbone.cells.between, "forward", listen)
    train_sequences(network, run)
    masks = [mask for _, mask in seen]
    assert len(masks) > 20 and all(torch.equal(mask, masks[0]) for mask in masks[:10])
    assert not torch.equal(masks[0], masks[-1])


def test_scheduled_sampling_changes_what_is_read() -> None:
    run = run_of(optimiser="adam", steps=2)
    own = replace(run, config=replace(run.config, sampling=0.5))
    assert not same_weights(trained(run)[0], trained(own)[0])


# trouble


@BOTH
def test_a_loss_that_is_not_finite_is_taken_back_at_half_the_rate(optimiser: Any) -> None:
    run = run_of(optimiser=optimiser, steps=3)
    network, broken = network_of(), []
    hook = network.head.register_forward_hook(
        lambda module, _, y: y * math.nan if module.training and not broken and not broken.append(1) else None
    )
    history = train_sequences(network, run)
    hook.remove()
    assert broken and history.step == (1, 2, 3) and np.isfinite(history.loss).all()
    assert all(p.isfinite().all() for p in network.parameters())


def test_a_loss_that_is_never_finite_is_an_error_that_says_so() -> None:
    with pytest.raises(TrainingError, match="not finite"):
        trained(run_of(waves() * 1e30))


def test_ctrl_c_keeps_the_best_so_far() -> None:
    def press(step: int, _: SequenceNetwork) -> None:
        if step == 2:
            raise KeyboardInterrupt

    run = run_of(steps=50, on_step=press)
    network, history = trained(run)
    assert history.stopped == "interrupted" and history.step == (1, 2)
    assert free_run_error(network, run) == pytest.approx(min(history.free_run), abs=1e-6)


def test_progress_tells_step_loss_and_free_run_error() -> None:
    looks: list[Progress] = []
    _, history = trained(run_of(on_progress=looks.append))
    assert [look.step for look in looks if look.validation is not None][-1] == 3
    assert looks[-1].loss == history.loss[-1] and looks[-1].validation == history.free_run[-1]


def test_free_runs_cannot_choose_where_nothing_is_held_out() -> None:
    with pytest.raises(OptionError, match="hold some out"):
        trained(replace(run_of(), trials=[]))
    _, history = trained(replace(run_of(keep="training"), trials=[]))
    assert history.kept_step and all(map(math.isnan, history.free_run)) and history.growth.shape == (3, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"optimiser": "lbgfs"},
        {"keep": "best"},
        {"rate": 0},
        {"rate": math.nan},
        {"steps": 0},
        {"steps": 2.5},
        {"chunk": 0},
        {"sampling": 1.5, "optimiser": "adam"},
        {"sampling": 0.1},
        {"l2": -1},
        {"batch": True},
    ],
    ids=str,
)
def test_options_that_cannot_be_used_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(fields))):
        SequenceConfig(**fields)
