"""Exponential smoothing: level and seasons of a series at every step, with smoothing coefficients that are learnt.

Smyl (2020), "A hybrid method of exponential smoothing and recurrent neural networks for time series forecasting",
smooths both step by step, from first values that are learnt for every series (eq. 1–4, after Holt and Winters):

    level ← α · (y − season) + (1 − α) · level          season ← γ · (y − level) + (1 − γ) · season

Here they need no first values, and so no series that is known before: each is the weighted mean to which its recursion
tends, with weights that fall by 1 − α a step and by 1 − γ a season, over what has been observed so far. For that, the
season is what a value has beyond the mean of its newest full cycle, not beyond the level, which would depend on it in
turn. One set of coefficients serves all series. Knows no networks.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_LEVEL, _SEASON = 0.3, 0.1  # the coefficients before any training
_PACE = 5.0  # how much faster than a network's weights they learn; the paper gives them a learning rate of their own


class Smoothed(NamedTuple):
    """What smoothing says at some positions, in the unit of the series.

    level: (batch, positions). ahead: (batch, positions, horizon), level and season of the steps to come.
    rest: (batch, positions, patch), what the newest values are beyond level and season.
    """

    level: Tensor
    ahead: Tensor
    rest: Tensor


def discounted(x: Tensor, keep: Tensor, stride: int = 1) -> Tensor:
    """y_t = x_t + keep · y_{t − stride}, along the last axis: (…, time) → (…, time).

    By doubling: once y holds the newest n terms, y_t + keepⁿ · y_{t − n·stride} holds 2n of them. A recursion would
    take a step of Python for each step of time; this takes their logarithm.
    """
    steps = x.shape[-1]
    while stride < steps:
        x = torch.cat([x[..., :stride], x[..., stride:] + keep * x[..., :-stride]], dim=-1)
        keep, stride = keep * keep, 2 * stride
    return x


class ExponentialSmoothing(nn.Module):
    """Level and seasons at the end of every patch of a context.

    seasons: lengths in steps, shortest first; each is smoothed on what the shorter ones leave.
    """

    newest: Tensor  # (positions,) each position's last step
    start: Tensor  # (1 + seasons,) logits of the coefficients before any training

    def __init__(self, context: int, patch: int, horizon: int, seasons: tuple[int, ...]) -> None:
        super().__init__()
        self.patch, self.horizon, self.seasons = patch, horizon, seasons
        ends = torch.arange(patch, context + 1, patch)
        self.register_buffer("newest", ends - 1, persistent=False)
        self.register_buffer("start", torch.logit(torch.tensor([_LEVEL] + [_SEASON] * len(seasons))), persistent=False)
        steps = torch.cat([torch.arange(horizon), torch.arange(-patch, 0)])
        for k, season in enumerate(seasons):
            index = ends[:, None] - season + steps % season  # (P, H + patch), within the newest cycle
            self.register_buffer(f"cycle_{k}", index.clamp(min=0), persistent=False)
            self.register_buffer(f"begun_{k}", (index >= 0).float(), persistent=False)
        self.shift = nn.Parameter(torch.zeros(1 + len(seasons)))

    @property
    def coefficients(self) -> Tensor:
        """α of the level, then γ of each season: (1 + seasons,), in 0…1."""
        return torch.sigmoid(self.start + _PACE * self.shift)

    def forward(self, x: Tensor, observed: Tensor) -> Smoothed:
        """x, observed: (batch, context); observed is 1 from the beginning of the series on, 0 before it."""
        alpha, *gammas = self.coefficients.to(x.dtype).unbind()
        keep = 1 - alpha
        ahead, rest = x.new_zeros(self.horizon), x.unfold(1, self.patch, self.patch)  # (B, P, patch)
        summand, left = x * observed, x
        for k, (season, gamma) in enumerate(zip(self.seasons, gammas, strict=True)):
            effect = self._season(left, observed, season, 1 - gamma)  # (B, C)
            left = left - effect
            summand = summand - _repeated(effect, observed, season, keep)
            cycle = effect[:, self.get_buffer(f"cycle_{k}")] * self.get_buffer(f"begun_{k}")  # (B, P, H + patch)
            ahead, rest = ahead + cycle[..., : self.horizon], rest - cycle[..., self.horizon :]
        seen, total = discounted(torch.stack([observed, summand]), keep)[..., self.newest]  # (B, P)
        level = torch.where(seen > 0, total / seen.clamp(min=1e-9), rest[..., -1])
        return Smoothed(level, level[..., None] + ahead, rest - level[..., None])

    def _season(self, x: Tensor, observed: Tensor, season: int, keep: Tensor) -> Tensor:
        """The season's effect at each step, that step included; 0 where no full cycle lies behind: (batch, context)."""
        count, total = _newest_sum(torch.stack([observed, x * observed]), season)
        full = (count > season - 0.5).to(x.dtype)
        beyond = (x - total / season) * full
        weight, summed = discounted(torch.stack([full, beyond]), keep, season)
        return summed / weight.clamp(min=1e-9)


def _repeated(effect: Tensor, observed: Tensor, season: int, keep: Tensor) -> Tensor:
    """A series whose discounted sum is that of the newest cycle of `effect`, repeated over all that was observed.

    Each effect of the cycle counts with the weights of all steps of its phase; one cycle later it is taken out again.
    """
    fading = keep**season
    weighed = effect * discounted(observed, fading, season)
    return weighed - fading * F.pad(weighed, (season, 0))[..., : effect.shape[-1]]


def _newest_sum(x: Tensor, length: int) -> Tensor:
    """The sum of the newest `length` values at each step: (…, time) → (…, time)."""
    total = x.cumsum(-1)
    return total - F.pad(total, (length, 0))[..., : x.shape[-1]]
