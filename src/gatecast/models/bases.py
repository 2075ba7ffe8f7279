"""Naive forecasts from every position of the context: what the network is added to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from gatecast.models.network import NetworkConfig

_CYCLES = 3  # of a season that its mean is taken over


class Bases(nn.Module):
    """Naive forecasts from every position: what the network is added to.

    Last value; the mean of the newest patch or season; the last value continued at the context's drift; for every
    season and lag the last one repeated, and the same shifted by the change of level since then; for every season the
    mean of its newest three; and, where the configuration has one, a linear map of the newest values about their mean,
    zero until `training.ridge` has fitted it.
    """

    newest: torch.Tensor  # (positions,) each position's last step
    ahead: torch.Tensor  # (horizon,) 1 … horizon
    ridge: torch.Tensor | None  # (length, horizon)

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        ends = torch.arange(config.patch, config.context + 1, config.patch)[:, None]  # (P, 1)
        self.near = config.patch if config.patch > 1 else min((*config.seasons, 8)[0], config.context)
        self.periods = tuple(sorted({*config.seasons, *config.lags}))
        self.seasons = config.seasons
        self.register_buffer("newest", ends[:, 0] - 1, persistent=False)
        self.register_buffer("ahead", torch.arange(1, config.horizon + 1).float(), persistent=False)
        self.count = 3 + 2 * len(self.periods) + len(self.seasons) + bool(config.ridge)
        self.register_buffer("ridge", torch.zeros(config.ridge, config.horizon) if config.ridge else None)

    def forward(self, x: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """x: (batch, context) scaled. places: the positions that forecast → (batch, places, horizon, bases)."""
        newest = self.newest[places]
        last = x[:, newest, None].expand(-1, -1, len(self.ahead))  # (B, P, H)
        level = self._level(x)  # (B, C)
        bases = [last, level[:, newest, None].expand_as(last), last + self._drift(x, newest)]
        for period in self.periods:
            repeated = self._cycle(x, newest, period, 1)
            change = level[:, newest] - level[:, (newest - period).clamp(min=0)]
            bases += [repeated, repeated + change[:, :, None]]
        bases += [self._usual(x, newest, season) for season in self.seasons]
        if self.ridge is not None:
            bases.append(self._linear(x, newest, self.ridge))
        return torch.stack(bases, dim=-1)

    def _level(self, x: torch.Tensor) -> torch.Tensor:
        """Mean of the newest `near` values at every step, of fewer at the start: (batch, context)."""
        padded = F.pad(x[:, None], (self.near - 1, 0), mode="replicate")
        return F.avg_pool1d(padded, self.near, stride=1)[:, 0]

    def _drift(self, x: torch.Tensor, newest: torch.Tensor) -> torch.Tensor:
        """The change a step since the context began, continued: (batch, places, horizon)."""
        slope = (x[:, newest] - x[:, :1]) / (newest + 1)
        return slope[:, :, None] * self.ahead

    def _cycle(self, x: torch.Tensor, newest: torch.Tensor, period: int, back: int) -> torch.Tensor:
        """Of the `back`-th newest period what each step ahead repeats: (batch, places, horizon)."""
        index = newest[:, None] + 1 - back * period + (self.ahead.long() - 1) % period
        return x[:, index.clamp(min=0)]

    def _usual(self, x: torch.Tensor, newest: torch.Tensor, season: int) -> torch.Tensor:
        """The mean of the newest three seasons, of fewer where the context has no more before a place."""
        whole = ((newest + 1) // season).clamp(1, _CYCLES)[:, None]  # (P, 1)
        cycles = [self._cycle(x, newest, season, back) * (whole >= back) for back in range(1, _CYCLES + 1)]
        return torch.stack(cycles).sum(0) / whole

    def _linear(self, x: torch.Tensor, newest: torch.Tensor, ridge: torch.Tensor) -> torch.Tensor:
        """The newest values about their mean, mapped to the horizon: (batch, places, horizon)."""
        length = len(ridge)
        padded = torch.cat([x[:, :1].expand(-1, length - 1), x], dim=1)
        values = padded.unfold(1, length, 1)[:, newest]  # (B, P, length)
        mean = values.mean(-1, keepdim=True)
        return (values - mean) @ ridge + mean
