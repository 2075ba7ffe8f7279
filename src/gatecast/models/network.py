"""The forecast network: a backbone over the patched context, a direct head, added to a mixture of naive bases.

    context → window scaling → patches → backbone → head → quantiles of the whole horizon, from every patch

Every patch position forecasts, so that one pass trains on all origins inside the window. The newest observations
reach the first step of the forecast three times: through the backbone, directly into the head, and through the
bases. Knows nothing of training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from gatecast.errors import OptionError
from gatecast.models import registry
from gatecast.models.bases import Bases
from gatecast.nn.options import whole

if TYPE_CHECKING:
    from gatecast.windows import Batch

_FARTHEST = 1e30  # scales of a window; so far off, an answer is counted as no farther, and losses stay finite


@dataclass(frozen=True)
class NetworkConfig:
    """Everything that decides the shape of a network.

    model: registered name of the backbone; options: fields of its config.
    horizon, context: steps. patch: steps that the backbone reads at once; divides context.
    seasons: lengths in steps, shortest first, none longer than the context. lags: further lengths whose repetition is
    among the bases; for rows of which nobody said how long a step is.
    levels: central intervals in percent, rising. past, future: numbers of covariates.

    Raises: OptionError for sizes that do not go together.
    """

    model: str
    options: Mapping[str, Any]
    horizon: int
    context: int
    patch: int
    seasons: tuple[int, ...]
    levels: tuple[int | float, ...]
    past: int = 0
    future: int = 0
    lags: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name, least in {"horizon": 1, "context": 1, "patch": 1, "past": 0, "future": 0}.items():
            whole(name, getattr(self, name), least)
        periods = [(0, *periods, self.context + 1) for periods in (self.seasons, self.lags)]
        rising = [*periods, (0, *self.levels, 100)]
        if self.context % self.patch or any(a >= b for row in rising for a, b in pairwise(row)):
            raise OptionError(
                f"patch must divide the context; seasons and lags rise within it, levels within 0…100; got {self}.",
                f"patch 须整除 context，seasons 与 lags 须在其内递增，levels 须在 0 到 100 间递增；实际为 {self}。",
            )

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The probabilities that the head gives: lower ends, median, upper ends, rising."""
        tails = [(1 - level / 100) / 2 for level in self.levels]
        return (*reversed(tails), 0.5, *(1 - tail for tail in tails))


class Scaled(NamedTuple):
    """Forecasts from every position, in units of the window.

    quantiles: (batch, positions, horizon, quantiles), rising. bases: (batch, positions, horizon, bases).
    centre, scale: (batch, 1) float64, the window's own; scale is 0 where its context is constant.
    """

    quantiles: torch.Tensor
    bases: torch.Tensor
    centre: torch.Tensor
    scale: torch.Tensor


def window_scale(target: torch.Tensor, observed: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and mean absolute deviation of the observed context: (batch, context) → two of (batch, 1).

    The scale is 0 where the deviation is nothing but rounding: such a context is constant, and its centre is exactly
    the newest value.
    """
    count = observed.sum(1, keepdim=True)
    centre = (target * observed).sum(1, keepdim=True) / count
    scale = ((target - centre).abs() * observed).sum(1, keepdim=True) / count
    moves = scale > 1e-9 * centre.abs()
    return torch.where(moves, centre, target[:, -1:]), torch.where(moves, scale, 0.0)


class ForecastNetwork(nn.Module):
    """Quantiles of the next `horizon` values from every patch of the context."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.causal = registry.get(config.model).causal  # else every position but the newest has read its own answer
        self.bases = Bases(config)
        inputs = config.patch * (1 + bool(self.bases.periods) + config.past + config.future) + 1
        self.backbone = registry.build(config.model, inputs, config.options)
        self.blocks = -(-config.horizon // config.patch) if config.patch > 1 else 1
        features = self.backbone.output_size + config.patch + config.horizon * config.future
        levels = len(config.levels)
        self.head = nn.Linear(features, config.horizon * (1 + 2 * levels))
        self.mixture = nn.Linear(features, self.blocks * self.bases.count)
        self.spread = nn.Parameter(_initial_spread(config))
        nn.init.zeros_(self.mixture.weight)
        nn.init.zeros_(self.mixture.bias)

    def forward(self, batch: Batch, *, newest_only: bool = False) -> Scaled:
        """Forecast from every position, or from the newest alone (what a user sees, and all of a model not causal)."""
        centre, scale = window_scale(batch.target, batch.observed)
        x = ((batch.target - centre) / torch.where(scale > 0, scale, torch.inf)).float()  # (B, C), 0 where constant
        hidden, _ = self.backbone(self._inputs(x, batch))  # (B, P, hidden)
        features = torch.cat([hidden, self._patches(x), self._known(batch)], dim=-1)
        bases = self.bases(x)
        if newest_only or not self.causal:
            features, bases = features[:, -1:], bases[:, -1:]
        return Scaled(self._quantiles(features, bases), bases, centre, scale)

    def answers(self, batch: Batch, scaled: Scaled) -> torch.Tensor:
        """What followed each position, in the units of `scaled`: (batch, positions, horizon) float32."""
        config = self.config
        futures = batch.answer.unfold(1, config.horizon, config.patch)  # (B, P + 1, H), the first from step 0
        futures = futures[:, -scaled.quantiles.shape[1] :]
        scale = torch.where(scaled.scale > 0, scaled.scale, torch.inf)  # such a window weighs nothing
        return ((futures - scaled.centre[:, :, None]) / scale[:, :, None]).clamp(-_FARTHEST, _FARTHEST).float()

    def loss(self, batch: Batch, *, newest_only: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        """Pinball loss of the batch, as a weighted sum and the sum of its weights.

        A window weighs as its naive forecast is good: the mean is then close to a mean scaled error, and series of
        different noise count alike. Windows with a constant context, and positions before the series, weigh nothing.
        """
        scaled = self(batch, newest_only=newest_only)
        answers = self.answers(batch, scaled)  # (B, P, H)
        probability = answers.new_tensor(self.config.quantiles)
        error = answers[..., None] - scaled.quantiles  # (B, P, H, Q)
        pinball = torch.maximum(probability * error, (probability - 1) * error).mean((2, 3))  # (B, P)
        begun = batch.observed[:, self.bases.newest][:, -pinball.shape[1] :]
        weight = begun * (scaled.scale > 0) / self._naive_error(batch, scaled).clamp(0.05, 2.0)
        return (pinball * weight).sum(), weight.sum()

    def _naive_error(self, batch: Batch, scaled: Scaled) -> torch.Tensor:
        """Mean absolute change over the shortest season inside each context, in its own scale: (batch, 1)."""
        season = self.config.seasons[0] if self.config.seasons else 1
        change = (batch.target[:, season:] - batch.target[:, :-season]).abs() * batch.observed[:, :-season]
        mean = change.sum(1, keepdim=True) / batch.observed[:, :-season].sum(1, keepdim=True).clamp(min=1)
        return (mean / torch.where(scaled.scale > 0, scaled.scale, 1.0)).float()

    def _patches(self, values: torch.Tensor) -> torch.Tensor:
        """(batch, context, …) → (batch, positions, patch × …)."""
        return values.reshape(len(values), self.config.context // self.config.patch, -1)

    def _inputs(self, x: torch.Tensor, batch: Batch) -> torch.Tensor:
        """What the backbone reads at each patch: values, change since a season ago, covariates, share observed."""
        parts = [self._patches(x)]
        if self.bases.periods:
            season = self.bases.periods[-1]
            before = torch.cat([x[:, :1].expand(-1, season), x[:, :-season]], dim=1)
            parts.append(self._patches(x - before))
        if batch.covariates.shape[2]:
            parts.append(self._patches(batch.covariates))
        parts.append(self._patches(batch.observed).mean(-1, keepdim=True))
        return torch.cat(parts, dim=-1)

    def _known(self, batch: Batch) -> torch.Tensor:
        """The covariates known over each position's horizon: (batch, positions, horizon × future)."""
        positions = self.config.context // self.config.patch
        if not self.config.future:
            return batch.known.new_zeros(len(batch.known), positions, 0)
        ahead = batch.known.unfold(1, self.config.horizon, self.config.patch)[:, 1:]  # (B, P, future, H)
        return ahead.reshape(len(ahead), positions, -1)

    def _quantiles(self, features: torch.Tensor, bases: torch.Tensor) -> torch.Tensor:
        """Mixture of bases + the network's own, with intervals that widen by positive amounts: never crossing."""
        batch, positions = features.shape[:2]
        horizon, levels = self.config.horizon, len(self.config.levels)
        weights = self.mixture(features).view(batch, positions, self.blocks, 1, -1).softmax(-1)
        weights = weights.expand(-1, -1, -1, -(-horizon // self.blocks), -1).flatten(2, 3)[:, :, :horizon]
        own = self.head(features).view(batch, positions, horizon, 1 + 2 * levels)
        median = (bases * weights).sum(-1, keepdim=True) + own[..., :1]
        width = F.softplus(own[..., 1:] + self.spread)
        lower = median - width[..., :levels].cumsum(-1)
        upper = median + width[..., levels:].cumsum(-1)
        return torch.cat([lower.flip(-1), median, upper], dim=-1)


def _initial_spread(config: NetworkConfig) -> torch.Tensor:
    """Starting widths of the intervals, before softplus: about those of a unit normal."""
    reach = torch.tensor([0.0] + [NormalDist().inv_cdf(0.5 + level / 200) for level in config.levels])
    return torch.log(torch.expm1(0.5 * reach.diff())).repeat(2)
