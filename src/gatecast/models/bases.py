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
    mean of its newest three, or of those that there are before a place; and, where the configuration has one, a linear
    map of the newest values about their mean, zero until `training.ridge` has fitted it.
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
        ahead = torch.arange(config.horizon)
        for k, period in enumerate(self.periods):
            back = torch.arange(1, (_CYCLES if period in self.seasons else 1) + 1)[:, None, None]
            index = ends - back * period + ahead % period  # (cycles, P, H)
            whole = (ends // period).clamp(min=1)
            share = (whole >= back) / torch.minimum(whole, back.max())  # (cycles, P, 1)
            self.register_buffer(f"cycles_{k}", index.clamp(min=0), persistent=False)
            self.register_buffer(f"shares_{k}", share, persistent=False)
        self.register_buffer("newest", ends[:, 0] - 1, persistent=False)
        self.register_buffer("ahead", torch.arange(1, config.horizon + 1).float(), persistent=False)
        self.count = 3 + 2 * len(self.periods) + len(self.seasons) + bool(config.ridge)
        self.register_buffer("ridge", torch.zeros(config.ridge, config.horizon) if config.ridge else None)

    def forward(self, x: torch.Tensor, places: slice) -> torch.Tensor:
        """x: (batch, context) scaled. places: the positions that forecast → (batch, places, horizon, bases)."""
        newest = self.newest[places]
        last = x[:, newest, None].expand(-1, -1, len(self.ahead))  # (B, P, H)
        level = self._level(x)  # (B, C)
        bases = [last, level[:, newest, None].expand_as(last), last + self._drift(x, newest)]
        usual = []
        for k, period in enumerate(self.periods):
            cycles = x[:, self.get_buffer(f"cycles_{k}")[:, places]]  # (B, cycles, P, H), the newest first
            change = level[:, newest] - level[:, (newest - period).clamp(min=0)]
            bases += [cycles[:, 0], cycles[:, 0] + change[:, :, None]]
            if period in self.seasons:
                usual.append((cycles * self.get_buffer(f"shares_{k}")[:, places]).sum(1))
        bases += usual
        if self.ridge is not None:
            bases.append(self._linear(x, newest, self.ridge))
        return torch.stack(bases, dim=2).mT

    def _level(self, x: torch.Tensor) -> torch.Tensor:
        """Mean of the newest `near` values at every step, of fewer at the start: (batch, context)."""
        padded = F.pad(x[:, None], (self.near - 1, 0), mode="replicate")
        return F.avg_pool1d(padded, self.near, stride=1)[:, 0]

    def _drift(self, x: torch.Tensor, newest: torch.Tensor) -> torch.Tensor:
        """The change a step since the context began, continued: (batch, places, horizon)."""
        slope = (x[:, newest] - x[:, :1]) / (newest + 1)
        return slope[:, :, None] * self.ahead

    def _linear(self, x: torch.Tensor, newest: torch.Tensor, ridge: torch.Tensor) -> torch.Tensor:
        """The newest values about their mean, mapped to the horizon: (batch, places, horizon)."""
        length = len(ridge)
        padded = torch.cat([x[:, :1].expand(-1, length - 1), x], dim=1)
        values = padded.unfold(1, length, 1)[:, newest]  # (B, P, length)
        mean = values.mean(-1, keepdim=True)
        return (values - mean) @ ridge + mean
