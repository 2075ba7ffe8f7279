"""Exponential smoothing against the recursion written by hand, its gradients too; and what it finds in plain series."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gatecast.nn.smoothing import ExponentialSmoothing, Smoothed, discounted

SHAPES = {  # context, patch, horizon, seasons
    "level": (9, 1, 3, ()),
    "season": (14, 1, 6, (4,)),
    "patches": (24, 4, 5, (4,)),
    "patch-longer-than-season": (24, 6, 5, (3,)),
    "two-seasons": (24, 2, 8, (3, 6)),
    "one-season-in-all": (6, 1, 3, (6,)),
}
SHAPED = pytest.mark.parametrize("shape", SHAPES)


def smoothing_of(shape: str) -> ExponentialSmoothing:
    module = ExponentialSmoothing(*SHAPES[shape]).double()
    with torch.no_grad():
        module.shift.add_(torch.tensor([0.1, -0.2, 0.15][: len(module.shift)]))
    return module


def windows(module: ExponentialSmoothing, context: int, unseen: int = 0) -> tuple[Tensor, Tensor]:
    draws = torch.Generator().manual_seed(len(module.seasons) + context)
    x = torch.randn(3, context, dtype=torch.float64, generator=draws).cumsum(1)
    observed = torch.ones_like(x)
    observed[1:, :unseen] = 0.0
    x[1:, :unseen] = x[1:, unseen : unseen + 1]
    return x, observed


def by_hand(module: ExponentialSmoothing, x: Tensor, observed: Tensor) -> Smoothed:
    """Every window, every position by itself, step by step."""
    context, patch, horizon, seasons = len(x[0]), module.patch, module.horizon, module.seasons
    alpha, *gammas = module.coefficients.double()
    ends = range(patch, context + 1, patch)
    said = [
        [one_by_hand(x[b, :end], observed[b, :end], alpha, gammas, seasons, patch, horizon) for end in ends]
        for b in range(len(x))
    ]
    return Smoothed(*(torch.stack([torch.stack([one[part] for one in row]) for row in said]) for part in range(3)))


def one_by_hand(
    x: Tensor, observed: Tensor, alpha: Tensor, gammas: list[Tensor], seasons: tuple[int, ...], patch: int, horizon: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Level, level and season ahead, what is left of the newest patch: from one series up to one position."""
    end, zero = len(x), x.new_zeros(())
    left, effects_ahead, effects_back = x, [zero] * horizon, [zero] * end
    for season, gamma in zip(seasons, gammas, strict=True):
        effect, weight, history = [zero] * season, [zero] * season, []  # of each phase
        for t in range(end):
            if t >= season - 1 and observed[t - season + 1 : t + 1].all():
                weight[t % season] = (1 - gamma) * weight[t % season] + 1
                beyond = left[t] - left[t - season + 1 : t + 1].mean()
                effect[t % season] = effect[t % season] + (beyond - effect[t % season]) / weight[t % season]
            history.append(effect[t % season])
        effects_ahead = [before + effect[(end + h) % season] for h, before in enumerate(effects_ahead)]
        effects_back = [before + effect[t % season] for t, before in enumerate(effects_back)]
        left = left - torch.stack(history)
    level, weight = x[-1] - effects_back[-1], zero
    for t in range(end):
        if observed[t]:
            weight = (1 - alpha) * weight + 1
            level = (x[t] - effects_back[t]) / weight + (1 - 1 / weight) * (level if weight > 1 else zero)
    rest = torch.stack([x[t] - effects_back[t] - level for t in range(end - patch, end)])
    return level, level + torch.stack(effects_ahead), rest


@SHAPED
@pytest.mark.parametrize("unseen", [0, 3])
def test_equals_the_recursion_by_hand(shape: str, unseen: int) -> None:
    module = smoothing_of(shape)
    x, observed = windows(module, SHAPES[shape][0], unseen)
    for ours, theirs in zip(module(x, observed), by_hand(module, x, observed), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


@SHAPED
def test_so_do_its_gradients(shape: str) -> None:
    module = smoothing_of(shape)
    x, observed = windows(module, SHAPES[shape][0], 3)
    x.requires_grad_()
    found = []
    for said in (module(x, observed), by_hand(module, x, observed)):
        draws = torch.Generator().manual_seed(5)
        weighed = [part * torch.randn(part.shape, dtype=x.dtype, generator=draws) for part in said]
        total = torch.stack([part.sum() for part in weighed]).sum()
        found.append(torch.autograd.grad(total, [x, module.shift]))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)
    assert (found[0][1].abs() > 1e-6).sum() >= 1


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 40), st.integers(1, 9), st.floats(0, 1), st.integers(0, 99))
def test_discounted_sums_are_the_recursion(steps: int, stride: int, keep: float, seed: int) -> None:
    x = torch.randn(2, steps, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    y = discounted(x, torch.tensor(keep, dtype=torch.float64), stride)
    for t in range(steps):
        before = y[:, t - stride] if t >= stride else torch.zeros(2, dtype=torch.float64)
        torch.testing.assert_close(y[:, t], x[:, t] + keep * before, rtol=0, atol=1e-10)


def test_a_season_that_repeats_itself_is_found_exactly() -> None:
    pattern = torch.tensor([3.0, -1.0, 0.5, -2.5], dtype=torch.float64)
    module = ExponentialSmoothing(16, 1, 6, (4,)).double()
    x = (7 + pattern.repeat(4))[None]
    smoothed = module(x, torch.ones_like(x))
    torch.testing.assert_close(smoothed.ahead[0, -1], 7 + pattern.repeat(2)[:6])
    torch.testing.assert_close(smoothed.level[0, -1].item(), 7.0)
    assert smoothed.rest[0, -1].abs().max() < 1e-9


def test_two_seasons_add_up() -> None:
    steps = torch.arange(252)
    day, week = torch.tensor([2.0, 0.0, -1.0, -1.0]), torch.tensor([1.0, -3.0, 2.0]).repeat_interleave(4)
    x = (day[steps % 4] + week[steps % 12]).double()[None]
    ones = torch.ones(1, 240, dtype=torch.float64)
    errors = []
    for seasons in ((4, 12), (4,)):
        smoothed = ExponentialSmoothing(240, 4, 12, seasons).double()(x[:, :240], ones)
        errors.append((smoothed.ahead[0, -1] - x[0, 240:]).abs().max().item())
    assert errors[0] < 0.5 < 2 < errors[1]


def test_what_lies_before_the_series_says_nothing() -> None:
    module = smoothing_of("season")
    x, observed = windows(module, 14, 5)
    moved = torch.where(observed > 0, x, x + 100)
    for before, after in zip(module(x, observed)[:2], module(moved, observed)[:2], strict=True):
        torch.testing.assert_close(before[:, 5:], after[:, 5:])
    assert not torch.equal(module(x, observed).level[1:, :5], module(moved, observed).level[1:, :5])
