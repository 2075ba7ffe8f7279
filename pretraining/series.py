"""Synthetic series by the thousand: wandering levels, cycles, trends, seasons, noise, shocks, counts.

Every part is drawn for every series, and lots decide which of them it has. No real data go in.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

_PERIODS = (4,) * 4 + (5, 5, 6, 6, 7, 7, 7, 7, 7, 8, 10) + (12,) * 6 + (13, 13) + (24,) * 5 + (26, 48, 48, 52, 52, 52)
_LONGEST = 60  # steps of a short season
_WEEK = 7  # short seasons in a long one
_WARM_UP = 40  # steps before a series begins
_UNIT = 128  # newest steps whose mean absolute deviation is the unit of what wanders


class Series(NamedTuple):
    """values: (number, length). seasons: (number, 2), the periods that a forecaster is told of, 1 = none."""

    values: Tensor
    seasons: Tensor


class Lot:
    """Draws one number a series, (number, 1), or one a step."""

    def __init__(self, number: int, length: int, generator: torch.Generator) -> None:
        self.number, self.length, self.generator, self.device = number, length, generator, generator.device

    def uniform(self, low: float, high: float, width: int = 1) -> Tensor:
        drawn = torch.rand(self.number, width, generator=self.generator, device=self.device)
        return low + (high - low) * drawn

    def ratio(self, low: float, high: float) -> Tensor:
        """As often in every part of the same ratio."""
        return self.uniform(math.log(low), math.log(high)).exp()

    def normal(self, width: int = 1) -> Tensor:
        return torch.randn(self.number, width, generator=self.generator, device=self.device)

    def chance(self, share: float, width: int = 1) -> Tensor:
        return self.uniform(0, 1, width) < share

    def sometimes(self, share: float, value: Tensor) -> Tensor:
        """The value in this share of the series, else 0."""
        return torch.where(self.chance(share), value, 0.0)

    def whole(self, low: int, high: int) -> Tensor:
        """low … high − 1."""
        size = (self.number, 1)
        return torch.randint(low, high, size, generator=self.generator, device=self.device)

    def slow(self, every: int, *, walk: bool) -> Tensor:
        """A smooth path through normal numbers so many steps apart, or through their sums: (number, length)."""
        knots = self.normal(self.length // every + 2)
        return F.interpolate((knots.cumsum(1) if walk else knots)[:, None], size=self.length, mode="linear")[:, 0]

    @property
    def steps(self) -> Tensor:
        return torch.arange(self.length, device=self.device)[None]


def make(number: int, length: int, generator: torch.Generator) -> Series:
    """So many series, on the generator's device. The same generator makes the same ones."""
    lot = Lot(number, length, generator)
    period = torch.tensor(_PERIODS, device=lot.device)[lot.whole(0, len(_PERIODS))]
    period = torch.where(lot.chance(0.15), lot.whole(2, _LONGEST + 1), period)
    pure = lot.chance(0.25)  # what wanders and nothing else
    seasonal = lot.chance(0.72) & ~pure
    wandering = _in_unit(_wandering(lot))
    season, long_period = _season(lot, period)
    share = torch.where(lot.chance(0.9), lot.ratio(0.15, 1.5), lot.ratio(0.003, 0.15))
    share = torch.where(pure, lot.uniform(0.3, 1.5), share)
    noise = torch.where(pure, 0.0, lot.sometimes(0.6, lot.ratio(0.05, 1.0))) * _noise(lot)
    shift = lot.sometimes(0.15, 2 * lot.normal()) * (lot.steps > lot.uniform(0, 1) * length) * ~pure
    amplitude = torch.where(seasonal, lot.ratio(0.1, 8.0), 0.0)
    values = share * wandering + _trend(lot, wandering) + amplitude * season + noise + shift
    values = torch.nan_to_num(_form(lot, values), 0.0, 1e6, -1e6)
    return Series(values, _told(lot, period, long_period, seasonal))


def _noise(lot: Lot) -> Tensor:
    """Independent steps: a quarter with heavy tails, some with calm and stormy times."""
    noise = lot.normal(lot.length)
    squares = sum(lot.normal(lot.length) ** 2 for _ in range(5)) / 5
    noise = torch.where(lot.chance(0.25), noise / squares.clamp(min=0.05).sqrt(), noise)
    storms = lot.slow(8, walk=True) * lot.uniform(0.05, 0.5)
    storms = (storms - storms.mean(1, keepdim=True)).clamp(-2, 2).exp()
    return torch.where(lot.chance(0.3), noise * storms, noise)


def _wandering(lot: Lot) -> Tensor:
    """Autoregressions, walks, walks of slopes, cycles of fixed and of free length, smooth curves, or noise alone."""
    noise, kind, zero = _noise(lot), lot.whole(0, 10), torch.zeros(lot.number, 1, device=lot.device)
    first = torch.where(kind == 0, lot.uniform(0, 0.6), torch.where(kind == 1, lot.uniform(0.6, 0.98), 1.0))
    first = torch.where((kind <= 1) & lot.chance(0.15), -0.8 * first, first)
    radius = torch.where(lot.chance(0.5), lot.uniform(0.7, 0.995), lot.uniform(0.95, 0.999))
    turning = 2 * radius * torch.cos(2 * math.pi / lot.ratio(4, 80))
    first = torch.where(kind == 3, turning, first)
    second = torch.where(kind == 3, -(radius**2), zero)
    first = torch.where(kind == 4, lot.uniform(-0.3, 0.9), first)
    first = torch.where(kind == 5, lot.uniform(0.8, 1.0), first)
    pushes = torch.where(kind == 5, noise * lot.ratio(0.02, 0.5), noise)
    moved = _autoregression(lot, pushes, first, second, lot.sometimes(0.3, lot.uniform(-0.8, 0.8)))
    summed = moved.cumsum(1)
    moved = torch.where(kind == 4, summed, moved)
    moved = torch.where(kind == 5, summed + _noise(lot).cumsum(1) * lot.ratio(0.05, 1.0), moved)
    moved = torch.where(kind == 6, noise, moved)
    waves = torch.where(lot.chance(0.5), _uneven_cycles(lot), _curves(lot)) + noise * lot.ratio(0.01, 0.6)
    return torch.where(kind == 7, waves, moved)


def _autoregression(lot: Lot, pushes: Tensor, first: Tensor, second: Tensor, echo: Tensor) -> Tensor:
    """ARMA(2, 1), begun some steps before."""
    before = lot.normal()
    earlier, push_before, values = 0.9 * before, torch.zeros_like(before), []
    for step in range(-_WARM_UP, lot.length):
        push = pushes[:, step % lot.length, None]
        value = first * before + second * earlier + push + echo * push_before
        earlier, before, push_before = before, value, push
        if step >= 0:
            values.append(value)
    return torch.cat(values, dim=1)


def _curves(lot: Lot) -> Tensor:
    """Sums of three slow waves."""
    waves = (
        lot.normal() * torch.sin(2 * math.pi * lot.steps / lot.ratio(8, 600) + lot.uniform(0, 2 * math.pi))
        for _ in range(3)
    )
    return sum(waves, torch.zeros(1, device=lot.device))


def _uneven_cycles(lot: Lot) -> Tensor:
    """A wave whose phase runs unevenly and whose height changes: cycles that no calendar knows."""
    hurry = lot.normal(lot.length) * lot.uniform(0, 0.5) + lot.slow(8, walk=False) * lot.uniform(0, 0.5)
    phase = 2 * math.pi * (((1 + hurry) / lot.ratio(5, 90)).cumsum(1) + lot.uniform(0, 1))
    wave = torch.sin(phase + lot.uniform(0, 0.9) * torch.sin(phase))
    return (wave * lot.uniform(0.2, 1.2)).exp() * (lot.slow(32, walk=False) * lot.uniform(0, 0.5)).exp()


def _in_unit(values: Tensor) -> Tensor:
    newest = values[:, -_UNIT:]
    deviation = (newest - newest.mean(1, keepdim=True)).abs().mean(1, keepdim=True)
    return (values - values.mean(1, keepdim=True)) / deviation.clamp(min=1e-3)


def _trend(lot: Lot, wandering: Tensor) -> Tensor:
    """None, a slope, or one as large as steps are; and in a quarter of the series another from some step on."""
    step = wandering.diff(dim=1).abs().mean(1, keepdim=True).clamp(max=0.3)
    slope = torch.where(
        lot.chance(0.3),
        lot.normal() * lot.ratio(0.002, 0.1),
        lot.sometimes(0.5, lot.normal() * lot.ratio(0.02, 1.2) * step),
    )
    bend = lot.uniform(0.2, 0.8) * lot.length
    later = (lot.steps - bend).clamp(min=0) * lot.sometimes(0.25, lot.normal() * lot.ratio(0.002, 0.1))
    return slope * lot.steps + later


def _season(lot: Lot, period: Tensor) -> tuple[Tensor, Tensor]:
    """Seasons in their own unit, (number, length), and the period of a longer one, 1 where there is none."""
    steps = lot.steps + lot.whole(0, _LONGEST)
    shape = _shape(lot, period)
    season = _unit(shape.gather(1, steps % period))
    other = shape + lot.normal(_LONGEST) * lot.uniform(0, 0.7) * shape.abs().mean(1, keepdim=True)
    turn = torch.sigmoid(lot.slow(16, walk=True) * lot.uniform(0, 0.25))
    changing = season * (1 - turn) + _unit(other.gather(1, steps % period)) * turn
    season = torch.where(lot.chance(0.35), changing, season)
    swelling = lot.normal() * torch.where(lot.chance(0.3), 0.45, 0.15) * lot.steps / lot.length
    season = season * lot.sometimes(0.3, swelling).exp()
    week = lot.chance(0.3) & (period <= 40)
    season = torch.where(week, _week(lot, shape, period, steps), season)
    long_period = torch.where((period == 24) | (period == 48), _WEEK * period, 4 * period)
    long_period = torch.where(period == _WEEK, 52 * period, long_period)
    angle = 2 * math.pi * lot.steps / long_period
    parts = (lot.normal() / k * torch.cos(k * angle + lot.uniform(0, 2 * math.pi)) for k in (1, 2, 3, 7))
    longer = sum(parts, torch.zeros(1, device=lot.device))
    has_longer = lot.chance(0.25) & ~week
    longer = torch.where(has_longer, lot.ratio(0.05, 1.0) * longer / longer.abs().mean(1, keepdim=True), 0.0)
    long_period = torch.where(week, _WEEK * period, torch.where(has_longer, long_period, 1))
    return season + longer, long_period


def _shape(lot: Lot, period: Tensor) -> Tensor:
    """What a season looks like, smooth or rough or with peaks: (number, _LONGEST)."""
    phase = torch.arange(_LONGEST, device=lot.device)[None] * 2 * math.pi / period
    fading = lot.uniform(0.3, 2.0)
    waves = (lot.normal() * k**-fading * torch.cos(k * phase + lot.uniform(0, 2 * math.pi)) for k in range(1, 6))
    smooth, rough = sum(waves, torch.zeros(1, device=lot.device)), lot.normal(_LONGEST)
    rough, share = torch.where(lot.chance(0.2), (1.2 * rough).exp(), rough), lot.uniform(0, 1)
    return torch.where(lot.chance(0.35), rough * share + smooth * (1 - share), smooth)


def _week(lot: Lot, shape: Tensor, period: Tensor, steps: Tensor) -> Tensor:
    """Seven short seasons, each of its own level; two of them may have a shape of their own."""
    day = (lot.steps + lot.whole(0, _WEEK * _LONGEST)) // period % _WEEK
    free = torch.arange(_WEEK, device=lot.device)[None] >= _WEEK - 2
    levels = lot.normal(_WEEK) * lot.uniform(0, 1)
    levels = torch.where(lot.chance(0.5), levels, free * 1.5 * lot.normal() + 0.3 * levels)
    size = shape.abs().mean(1, keepdim=True)
    other = shape * lot.uniform(0.3, 1.2) + lot.normal(_LONGEST) * lot.uniform(0, 0.6) * size
    other = torch.where(lot.chance(0.5), other, shape)
    unit = shape.gather(1, steps % period).abs().mean(1, keepdim=True).clamp(min=1e-3)
    work, rest = (one.gather(1, steps % period) / unit for one in (shape, other))
    resting = free.expand(lot.number, -1).gather(1, day)
    return _unit(torch.where(resting, rest, work) + levels.gather(1, day))


def _unit(values: Tensor) -> Tensor:
    values = values - values.mean(1, keepdim=True)
    return values / values.abs().mean(1, keepdim=True).clamp(min=1e-3)


def _form(lot: Lot, values: Tensor) -> Tensor:
    """What is measured: powers of e, plain numbers of any level, counts, or whole numbers; some with outliers."""
    values = values - values.mean(1, keepdim=True)
    values = values / values.abs().mean(1, keepdim=True).clamp(min=1e-4)
    growth = torch.where(lot.chance(0.85), lot.ratio(0.01, 0.6), lot.uniform(0.5, 1.6))
    form = lot.uniform(0, 1)
    plain = values + lot.sometimes(0.6, lot.ratio(1, 200))
    formed = torch.where(form < 0.45, (growth * values).clamp(-6, 6).exp(), plain)
    wrong = lot.chance(0.15) & lot.chance(0.02, lot.length)
    formed = formed + torch.where(wrong, 4 * lot.normal(lot.length) * formed.std(1, keepdim=True), 0.0)
    rate = (values * lot.ratio(0.1, 0.7)).clamp(-4, 3).exp() * lot.ratio(0.1, 30)
    counts = torch.poisson(rate.clamp(max=2000), generator=lot.generator)
    formed = torch.where((form >= 0.85) & (form < 0.93), counts, formed)
    rounded = torch.round(values / lot.ratio(0.05, 1.0)) + lot.ratio(1, 100).round()
    formed = torch.where(form >= 0.93, rounded, formed)
    formed = torch.where(lot.chance(0.05), (values + lot.uniform(-0.5, 1)).clamp(min=0), formed)
    return formed * torch.where(lot.chance(0.08), -1.0, 1.0)


def _told(lot: Lot, period: Tensor, long_period: Tensor, seasonal: Tensor) -> Tensor:
    """Mostly the truth; some seasons are kept quiet, and some are told of that are none."""
    first = torch.where(seasonal, ~lot.chance(0.08), ~lot.chance(0.5))
    there = seasonal & (long_period > 1)
    second = first & torch.where(there, lot.chance(0.8), lot.chance(0.1))
    invented = torch.where(there, long_period, _WEEK * period)
    return torch.cat([torch.where(first, period, 1), torch.where(second, invented, 1)], dim=1)
