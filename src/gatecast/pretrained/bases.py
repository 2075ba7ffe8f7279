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
_FARTHEST, _FARTHEST_LOG = 50.0, 6.0  # units; and powers of e
_REPEATED = 8  # the place of the last season among them


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
    near = torch.where(season.there, season.period.float(), float(_NEAR))
    level = past.mean(0 * near, near)
    newer = torch.maximum(past.count / 3, torch.minimum(past.count, 2 * near))
    whole, recent = past.line(past.x, past.count), past.line(past.x, newer)
    drift = (past.last - past.at(past.begin)) / (past.count - 1).clamp(min=1)
    trend, lately = past.last + drift * ahead, recent[0] + recent[1] * (ahead - 1)
    line = whole[0] + whole[1] * (ahead - 1)
    positive = _positive(past, target)
    grown, grown_lately = _geometric(past, target, positive, ahead, newer)
    rows = [past.last, level, past.mean(0 * near, past.count), past.smoothed(0.15), past.smoothed(0.5)]
    rows += [trend, line, lately]
    *seasonal, growing = _seasonal(past, ahead, season, near, level, whole)
    plain = [past.last] * 6 + [line, past.smoothed(0.3), level]  # where there is no season
    rows += [torch.where(season.there, *pair) for pair in zip(seasonal, plain, strict=True)]
    rows += [torch.where(positive, grown, trend), torch.where(positive, grown_lately, lately)]
    rows += [torch.where(season.there, growing, past.last)]
    rows += [torch.where(longer.there, base, rows[_REPEATED]) for base in _long(past, ahead, longer, near, level)]
    forecasts = torch.stack([row.expand_as(line) for row in rows], dim=-1)
    return Bases(forecasts.clamp(-_FARTHEST, _FARTHEST), near)


def _seasonal(
    past: Past, ahead: Tensor, season: Season, near: Tensor, level: Tensor, line: tuple[Tensor, Tensor]
) -> list[Tensor]:
    """The last season, as it was and moved by the change of level, added or as a ratio; means of several; what is usual
    beside the line through all values, with the line, a smoothed value and the newest level; ratio after ratio.

    near: values that say a level; level: the newest, (batch, 1). line: one step ahead, and its slope.
    """
    repeated, before, zero = past.at(season.index(past, ahead, 1)), past.mean(near, 2 * near), past.zero
    twice = season.there & (past.count >= 2 * season.period)
    change = torch.where(twice, level - before, 0.0)
    sound = (zero + before > _LEAST_LEVEL * (zero.abs() + 1e-3)) & (zero + level > 0) & twice
    ratio = torch.where(sound, (zero + level) / torch.where(sound, zero + before, 1.0), 1.0)
    ratio = ratio.clamp(1 / _MOST_GROWTH, _MOST_GROWTH)
    cycles = ((ahead - 1) // season.period + 1).clamp(max=_CYCLES)
    usual = season.mean(past, ahead, [1.0] * _CYCLES, line)
    return [
        repeated,
        repeated + change,
        (repeated + zero) * ratio - zero,
        season.mean(past, ahead, [1.0] * _FEW_CYCLES),
        season.mean(past, ahead, [1.0] * _CYCLES),
        season.mean(past, ahead, [_FADING**k for k in range(1, _CYCLES + 1)]),
        usual + line[0] + line[1] * (ahead - 1),
        usual + past.smoothed(0.3),
        usual + level + line[1] * (near - 1) / 2,
        (repeated + zero) * ratio**cycles - zero,
    ]


def _long(past: Past, ahead: Tensor, longer: Season, near: Tensor, level: Tensor) -> list[Tensor]:
    """The last long season, as it was and moved by the change of level; the mean of three."""
    repeated = past.at(longer.index(past, ahead, 1))
    known = longer.there & (past.count >= longer.period + near)
    change = torch.where(known, level - past.mean(longer.period.float(), longer.period + near), 0.0)
    return [repeated, repeated + change, longer.mean(past, ahead, [1.0] * _FEW_CYCLES)]


def _positive(past: Past, target: Tensor) -> Tensor:
    """Whether all values are far enough above zero for ratios: (batch, 1)."""
    least = torch.where(past.observed > 0, target, torch.inf).amin(1, keepdim=True)
    return least > _POSITIVE * past.centre.abs()


def _geometric(past: Past, target: Tensor, positive: Tensor, ahead: Tensor, newer: Tensor) -> tuple[Tensor, Tensor]:
    """The newest value grown as from the first value on, and as the logarithms of the newer ones go: (batch, steps)."""
    logs = torch.where(positive & (past.observed > 0), target, 1.0).log()
    logs = torch.where(past.observed > 0, logs - logs[:, -1:], 0.0).float()
    growth = -logs.gather(1, past.begin) / (past.count - 1).clamp(min=1)
    start, slope = past.line(logs, newer)
    unit = (target[:, -1:] / torch.where(past.scale > 0, past.scale, torch.inf)).float()

    def grown(by: Tensor) -> Tensor:
        return torch.expm1(by.clamp(-_FARTHEST_LOG, _FARTHEST_LOG)) * unit + past.last

    return grown(growth * ahead), grown(start + slope * (ahead - 1))
