"""Naive forecasts from every position of the context: what the network is added to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from gatecast.models.network import NetworkConfig


class Bases(nn.Module):
    """Naive forecasts from every position: what the network is added to.

    Last value; for every season the last one repeated, and the same shifted by the change of level since then; the
    mean of the newest patch or season; the last value continued at the context's drift; and, where the configuration
    has one, a linear map of the newest values about their mean, zero until `training.ridge` has fitted it.
    """

    newest: torch.Tensor  # (positions,) each position's last step
    ahead: torch.Tensor  # (horizon,) 1 … horizon
    ridge: torch.Tensor | None  # (length, horizon)

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        ends = torch.arange(config.patch, config.context + 1, config.patch)[:, None]  # (P, 1)
        ahead = torch.arange(config.horizon)  # (H,)
        self.near = config.patch if config.patch > 1 else min((*config.seasons, 8)[0], config.context)
        self.periods = tuple(sorted({*config.seasons, *config.lags}))
        for k, season in enumerate(self.periods):
            index = ends - season + ahead % season  # (P, H)
            self.register_buffer(f"season_{k}", index.clamp(min=0), persistent=False)
            self.register_buffer(f"level_{k}", (ends[:, 0] - 1 - season).clamp(min=0), persistent=False)
        self.register_buffer("newest", ends[:, 0] - 1, persistent=False)
        self.register_buffer("ahead", (ahead + 1).float(), persistent=False)
        self.count = 3 + 2 * len(self.periods) + bool(config.ridge)
        self.register_buffer("ridge", torch.zeros(config.ridge, config.horizon) if config.ridge else None)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (batch, context) scaled → (batch, positions, horizon, bases)."""
        last = x[:, self.newest, None].expand(-1, -1, len(self.ahead))  # (B, P, H)
        level = self._level(x)  # (B, C)
        bases = [last, level[:, self.newest, None].expand_as(last), last + self._drift(x)]
        for k in range(len(self.periods)):
            repeated = x[:, self.get_buffer(f"season_{k}")]
            change = level[:, self.newest] - level[:, self.get_buffer(f"level_{k}")]
            bases += [repeated, repeated + change[:, :, None]]
        if self.ridge is not None:
            bases.append(self._linear(x, self.ridge))
        return torch.stack(bases, dim=-1)

    def _level(self, x: torch.Tensor) -> torch.Tensor:
        """Mean of the newest `near` values at every step, of fewer at the start: (batch, context)."""
        padded = F.pad(x[:, None], (self.near - 1, 0), mode="replicate")
        return F.avg_pool1d(padded, self.near, stride=1)[:, 0]

    def _drift(self, x: torch.Tensor) -> torch.Tensor:
        """The change a step since the context began, continued: (batch, positions, horizon)."""
        slope = (x[:, self.newest] - x[:, :1]) / (self.newest + 1)
        return slope[:, :, None] * self.ahead

    def _linear(self, x: torch.Tensor, ridge: torch.Tensor) -> torch.Tensor:
        """The newest values about their mean, mapped to the horizon: (batch, positions, horizon)."""
        length = len(ridge)
        padded = torch.cat([x[:, :1].expand(-1, length - 1), x], dim=1)
        newest = padded.unfold(1, length, 1)[:, self.newest]  # (B, P, length)
        mean = newest.mean(-1, keepdim=True)
        return (newest - mean) @ ridge + mean
