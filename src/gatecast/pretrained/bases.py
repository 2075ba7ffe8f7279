"""Simple forecasts of windows whose seasons may differ from one another: what the pretrained network mixes."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gatecast.pretrained.past import Past

COUNT = 23
_NEAR = 8  # values that say the newest level where there is no season
_CYCLES, _FEW_CYCLES = 6, 3
_FADING = 0.6  # of the weight of each season before
_LEAST_LEVEL = 0.1  # of what the centre is away from zero: with less, ratios are none
_MOST_GROWTH = 5.0  # times, in a season
_POSITIVE = 0.02  # of the centre; all values above that are read by their ratios too
_FARTHEST = 50.0  # units


class Season(NamedTuple):
    """What one season makes of windows. period: (batch, 1), 1 where there is none; there: whether there is one."""

    period: Tensor
    there: Tensor

    @classmethod
    def of(cls, period: Tensor, count: Tensor) -> Season:
        """None where it is longer than what is known."""
        there = (period > 1) & (count > period)
        return cls(torch.where(there, period, 1), there)

    def index(self, past: Past, ahead: Tensor, cycle: int) -> Tensor:
        """Where each step ahead stood so many seasons ago: (batch, steps)."""
        return past.context - cycle * self.period + (ahead - 1) % self.period

    def mean(
        self, past: Past, ahead: Tensor, weights: list[float], line: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """What stood there in as many seasons as there are weights, less the line: (batch, steps)."""
        total = share = torch.zeros_like(ahead, dtype=torch.float32)
        for cycle, weight in enumerate(weights, 1):
            index = self.index(past, ahead, cycle)
            value = past.at(index)
            if line is not None:
                value = value - line[0] - line[1] * (index - past.context)
            known = weight * (past.knows(index) & self.there)
            total, share = total + value * known, share + known
        return total / share.clamp(min=1e-6)


class Bases(NamedTuple):
    """forecasts: (batch, steps, COUNT), in units. near: (batch, 1), how many values say the newest level."""

    forecasts: Tensor
    near: Tensor


def bases_of(past: Past, target: Tensor, ahead: Tensor, season: Season, longer: Season) -> Bases:
    """target: (batch, context), in the unit of the data. ahead: (batch, steps), 1 … horizon."""
    steps, after, zero = ahead.float(), ahead.float() - 1, past.zero
    near = torch.where(season.there, season.period.float(), float(_NEAR))
    level, before = past.mean(0 * near, near), past.mean(near, 2 * near)
    twice = season.there & (past.count >= 2 * season.period)
    change = torch.where(twice, level - before, 0.0)
    newer = torch.maximum(past.count / 3, torch.minimum(past.count, 2 * near))
    whole, recent = past.line(past.x, past.count), past.line(past.x, newer)
    drift = (past.last - past.at(past.begin)) / (past.count - 1).clamp(min=1)
    sound = (zero + before > _LEAST_LEVEL * (zero.abs() + 1e-3)) & (zero + level > 0) & twice
    ratio = torch.where(sound, (zero + level) / torch.where(sound, zero + before, 1.0), 1.0)
    ratio = ratio.clamp(1 / _MOST_GROWTH, _MOST_GROWTH)
    repeated = past.at(season.index(past, ahead, 1))
    cycles = (after // season.period + 1).clamp(max=_CYCLES)
    usual = season.mean(past, ahead, [1.0] * _CYCLES, whole)
    long_level = past.mean(longer.period.float(), longer.period + near)
    long_change = torch.where(longer.there & (past.count >= longer.period + near), level - long_level, 0.0)
    long_repeated = past.at(longer.index(past, ahead, 1))
    grown, grown_lately = _geometric(past, target, steps, newer)
    trend, trend_lately = past.last + drift * steps, recent[0] + recent[1] * after
    line = whole[0] + whole[1] * after
    simple = torch.where(season.there, repeated, past.last)
    positive = _positive(past, target)
    pairs = [  # with a season, and without one
        (repeated, past.last),
        (repeated + change, past.last),
        ((repeated + zero) * ratio - zero, past.last),
        (season.mean(past, ahead, [1.0] * _FEW_CYCLES), past.last),
        (season.mean(past, ahead, [1.0] * _CYCLES), past.last),
        (season.mean(past, ahead, [_FADING**k for k in range(1, _CYCLES + 1)]), past.last),
        (usual + line, line),
        (usual + past.smoothed(0.3), past.smoothed(0.3)),
        (usual + level + whole[1] * (near - 1) / 2, level),
    ]
    rows = [past.last, level, past.mean(0 * near, past.count), past.smoothed(0.15), past.smoothed(0.5)]
    rows += [trend, line, trend_lately, *(torch.where(season.there, *pair) for pair in pairs)]
    rows += [torch.where(positive, grown, trend), torch.where(positive, grown_lately, trend_lately)]
    rows += [torch.where(season.there, (repeated + zero) * ratio**cycles - zero, past.last)]
    for base in (long_repeated, long_repeated + long_change, longer.mean(past, ahead, [1.0] * _FEW_CYCLES)):
        rows.append(torch.where(longer.there, base, simple))
    forecasts = torch.stack([row.expand_as(steps) for row in rows], dim=-1)
    return Bases(forecasts.clamp(-_FARTHEST, _FARTHEST), near)


def _positive(past: Past, target: Tensor) -> Tensor:
    """Whether all values are far enough above zero for ratios: (batch, 1)."""
    least = torch.where(past.observed > 0, target, torch.inf).amin(1, keepdim=True)
    return least > _POSITIVE * past.centre.abs()


def _geometric(past: Past, target: Tensor, steps: Tensor, newer: Tensor) -> tuple[Tensor, Tensor]:
    """The newest value grown as from the first value on, and as the logarithms of the newer ones go: (batch, steps)."""
    positive = _positive(past, target)
    logs = torch.where(positive & (past.observed > 0), target, 1.0).log()
    logs = torch.where(past.observed > 0, logs - logs[:, -1:], 0.0).float()
    growth = -logs.gather(1, past.begin) / (past.count - 1).clamp(min=1)
    start, slope = past.line(logs, newer)
    unit = (target[:, -1:] / torch.where(past.scale > 0, past.scale, torch.inf)).float()

    def grown(by: Tensor) -> Tensor:
        return torch.expm1(by.clamp(-_CYCLES, _CYCLES)) * unit + past.last

    return grown(growth * steps), grown(start + slope * (steps - 1))
