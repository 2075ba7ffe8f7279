"""Augmentation: each way does what it says, keeps a window one thing, and never reaches validation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from small_runs import CONTEXT, CPU, HORIZON, new_network, panel_of, run_of, sine, weights_of

from gatecast.errors import OptionError
from gatecast.forecast import Origins
from gatecast.frequency import Frequency
from gatecast.panel import Panel
from gatecast.runtime import stream
from gatecast.scaling import Scaler
from gatecast.training import loop
from gatecast.training.augmentation import augmented
from gatecast.training.config import Augment, TrainingConfig, with_wishes
from gatecast.training.loop import train
from gatecast.windows import Batch, WindowReader

WAYS = ("jitter", "scaling", "magnitude_warp", "time_warp", "slice", "mixup")
every_way = pytest.mark.parametrize("way", WAYS)


def batch_of(values: np.ndarray, ends: list[int]) -> Batch:
    """Windows of one series with a past covariate (the target itself) and one known ahead (the row's number)."""
    rows = np.arange(len(values), dtype=float)
    columns = np.stack([values, values, rows], axis=1)
    panel = Panel(
        columns, np.array([0, len(values)]), ("s",), np.arange(len(values)), Frequency("row"), "y", ("p",), ("f",)
    )
    reader = WindowReader(panel, Scaler(np.zeros(2), np.ones(2)), CONTEXT, HORIZON, CPU)
    return reader.read(Origins(np.zeros(len(ends), np.int64), np.array(ends)), answers=True)


def vary(batch: Batch, seed: int = 0, **strengths: float) -> Batch:
    return augmented(batch, Augment(**strengths), stream(seed, "augment"))


WAVES = batch_of(sine(0), list(range(CONTEXT, 140, 4)))
RAMP = batch_of(np.arange(100.0), list(range(CONTEXT, 90, 4)))


@every_way
def test_a_window_stays_one_thing(way: str) -> None:
    found = vary(WAVES, **{way: 0.3})
    for before, after in zip(WAVES, found, strict=True):
        assert before.shape == after.shape and before.dtype == after.dtype
        assert torch.isfinite(after).all()
    assert not torch.equal(found.target, WAVES.target)
    if way != "jitter":
        assert torch.equal(found.target, found.answer[:, :CONTEXT])
    if way != "mixup":  # calendars are not mixed but by mix-up, and move with time alone
        assert torch.allclose(found.covariates[:, :, 1:], found.known[:, :CONTEXT])


@every_way
def test_the_same_draws_give_the_same_bytes(way: str) -> None:
    first, again, other = (vary(WAVES, seed, **{way: 0.3}) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first.target, other.target)


@every_way
@pytest.mark.parametrize(("factor", "shift"), [(1000.0, 0.0), (1.0, 500.0)])
def test_level_and_unit_do_not_matter(way: str, factor: float, shift: float) -> None:
    moved = WAVES._replace(target=WAVES.target * factor + shift, answer=WAVES.answer * factor + shift)
    expected = vary(WAVES, **{way: 0.3})
    found = vary(moved, **{way: 0.3})
    torch.testing.assert_close(found.answer, expected.answer * factor + shift, rtol=1e-9, atol=1e-7 * factor)


def test_jitter_shakes_what_is_read_and_not_what_is_asked() -> None:
    found = vary(WAVES, jitter=0.5)
    torch.testing.assert_close(found.answer, WAVES.answer)
    assert torch.equal(found.known, WAVES.known)
    scale = (WAVES.target - WAVES.target.mean(1, keepdim=True)).abs().mean(1, keepdim=True)
    noise = (found.target - WAVES.target) / scale
    assert noise.std().item() == pytest.approx(0.5, rel=0.1)
    assert (found.covariates[:, :, 0] - WAVES.covariates[:, :, 0]).std().item() == pytest.approx(0.5, rel=0.1)


def test_scaling_is_one_factor_a_window() -> None:
    found = vary(WAVES, scaling=0.3)
    centre = WAVES.target.mean(1, keepdim=True)
    factors = (found.answer - centre) / (WAVES.answer - centre)
    assert factors.std(1).max() < 1e-9
    assert 0.2 < factors[:, 0].std().item() < 0.4


def test_a_bent_window_follows_a_smooth_curve() -> None:
    found = vary(WAVES, magnitude_warp=0.3)
    centre = WAVES.target.mean(1, keepdim=True)
    curve = (found.answer - centre) / (WAVES.answer - centre)
    assert curve.std(1).min() > 0.01
    assert curve.diff(dim=1).abs().max() < 0.4
    covariates = found.covariates[:, :, 0] / WAVES.covariates[:, :, 0]
    torch.testing.assert_close(covariates.double(), curve[:, :CONTEXT], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("strengths", [{"time_warp": 0.5}, {"slice": 0.5}, {"time_warp": 0.5, "slice": 0.5}])
def test_warped_time_rises_stays_inside_and_keeps_the_newest_observation(strengths: dict[str, float]) -> None:
    found = vary(RAMP, **strengths)  # on a ramp the value says which time was read
    time = found.answer - RAMP.answer[:, :1]
    assert (time.diff(dim=1) > 0).all()
    assert time.min() >= 0 and time.max() <= CONTEXT + HORIZON - 1
    torch.testing.assert_close(time[:, CONTEXT - 1], torch.full((len(time),), CONTEXT - 1.0).double())
    assert (found.target <= RAMP.target[:, -1:] + 1e-9).all()  # nothing past comes from the future
    torch.testing.assert_close(found.known[:, :, 0].double(), found.answer, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(found.covariates[:, :, 0].double(), found.target, rtol=1e-5, atol=1e-4)


def test_a_slice_is_a_straight_stretch_of_at_most_that_much() -> None:
    speed = vary(RAMP, slice=0.4).answer.diff(dim=1)
    assert (speed.std(1) < 1e-9).all()
    assert 0.6 <= speed.min() < 0.75 and 0.85 < speed.max() <= 1


def test_mixup_is_a_mean_of_two_windows_of_the_batch_in_their_own_units() -> None:
    found = vary(WAVES, mixup=0.5)

    def own_units(batch: Batch) -> torch.Tensor:
        centre = WAVES.target.mean(1, keepdim=True)
        return (batch.answer - centre) / (WAVES.target - centre).abs().mean(1, keepdim=True)

    plain, mixed = own_units(WAVES), own_units(found)
    for row in range(len(mixed)):
        pairs = torch.stack([plain[row].expand_as(plain), plain], dim=2)  # (other, steps, 2)
        shares = torch.linalg.lstsq(pairs, mixed[row].expand_as(plain)[..., None]).solution[..., 0]
        misses = (pairs @ shares[..., None])[..., 0] - mixed[row]
        other = int(misses.abs().amax(1).argmin())
        assert misses[other].abs().max() < 1e-6
        assert shares[other].sum().item() == pytest.approx(1, abs=1e-6) or other == row


def test_a_constant_context_stays_what_it_is() -> None:
    flat = batch_of(np.r_[np.full(40, 5.0), sine(0, 60)], [20, 25, 80])
    found = vary(flat, jitter=0.3, scaling=0.3, magnitude_warp=0.3, time_warp=0.3, slice=0.3, mixup=0.3)
    assert torch.equal(found.answer[0], flat.answer[0])
    assert torch.isfinite(found.answer).all()


def test_steps_before_a_series_began_stay_unobserved() -> None:
    young = batch_of(np.arange(100.0), [5, 6, 90])  # such a step repeats the first value, 0
    found = vary(young, time_warp=0.3, slice=0.3)
    assert 0 < (found.observed[0] == 0).sum() <= CONTEXT - 5
    assert found.observed[0, -1] == 1 and (found.observed[2] == 1).all()
    begun = found.target[0][found.observed[0] == 1]
    assert (begun.diff() > 0).all()


@every_way
def test_training_sees_it_and_validation_never_does(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    plain = loop.augmented

    def watched(batch: Batch, *rest: Any) -> Batch:
        calls.append(len(batch.target))
        return plain(batch, *rest)

    monkeypatch.setattr(loop, "augmented", watched)
    unvaried, varied = new_network(), new_network()
    first = train(unvaried, run_of(steps=5, round=5))
    second = train(varied, run_of(steps=5, round=5, augment=Augment(**{way: 0.3})))
    assert calls == [16] * 5  # the steps; the validation has far more windows
    if way != "scaling":  # the network sets every window to its own scale, so that this one moves covariates alone
        assert weights_of(unvaried) != weights_of(varied)
        assert first.loss != second.loss
    frozen = run_of(steps=5, round=5, rate=1e-30, average=0.0, augment=Augment(**{way: 0.3}))
    still = new_network()
    assert frozen.stopping is not None
    before = loop.validation_error(still.eval(), frozen.reader, frozen.stopping)
    assert train(still, frozen).validation == (pytest.approx(before, rel=1e-6),)


def test_a_table_of_wishes_becomes_an_augmentation() -> None:
    config = with_wishes(TrainingConfig(), {"augment": {"jitter": 0.03, "slice": 0.2}})
    assert config.augment == Augment(jitter=0.03, slice=0.2)
    assert config.augment and not TrainingConfig().augment


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ({"augment": {"jiter": 0.1}}, "jitter"),
        ({"augment": {"jitter": -1}}, "augment.jitter"),
        ({"augment": {"slice": 0.95}}, "augment.slice"),
        ({"augment": 0.1}, "table"),
        ({"augment": {"jitter": 0.1}, "optimiser": "lbfgs"}, "augment.*lbfgs"),
        ({"recency": 1, "optimiser": "annealing"}, "recency.*annealing"),
        ({"recency": -1}, "recency"),
    ],
)
def test_a_mistake_is_named(wish: dict[str, Any], word: str) -> None:
    with pytest.raises(OptionError, match=word):
        with_wishes(TrainingConfig(), wish)


def test_series_of_every_kind_can_be_varied_at_once() -> None:
    panel = panel_of(sine(0), np.full(60, 2.0), 1e9 + sine(1, 40))
    everything = Augment(0.1, 0.1, 0.1, 0.1, 0.1, 0.1)
    history = train(new_network(), run_of(panel, steps=10, augment=everything))
    assert np.isfinite(history.loss).all()
