"""The forecast network: a backbone over the patched context, a direct head, added to a mixture of naive bases.

    context → window scaling → patches → backbone → head → a distribution of every step ahead, from every patch

Every patch position of the newer half forecasts, so that one pass trains on many origins, each with a past. The
newest observations reach the first step of the forecast three times: through the backbone, directly into the head, and
through the bases. A model with another head than this overrides `decode`. Knows nothing of training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from gatecast.errors import OptionError
from gatecast.models import registry
from gatecast.models.bases import Bases
from gatecast.nn.distributions import DISTRIBUTIONS, Distribution, Unit
from gatecast.nn.dropout import Dropout
from gatecast.nn.options import choice, probability, whole

if TYPE_CHECKING:
    from gatecast.windows import Batch

_RELATIVE = 13.0  # what a relative error weighs beside a scaled one: OWA on M4 Hourly holds 5.4 of it to 0.42
_PARTS, _MOST_BLOCKS = 8, 32  # of a season, and of a horizon: each has a mixture of bases of its own
_FEWEST, _HORIZONS = 100, 4  # steps, and times the horizon, that say the unit of a window
_FARTHEST = 1e30  # scales of a window; so far off, an answer is counted as no farther, and losses stay finite


@dataclass(frozen=True)
class NetworkConfig:
    """Everything that decides the shape of a network.

    model: registered name of the backbone; options: fields of its config.
    horizon, context: steps. patch: steps that the backbone reads at once; divides context.
    seasons: lengths in steps, shortest first, none longer than the context. lags: further lengths whose repetition is
    among the bases; for rows of which nobody said how long a step is.
    levels: central intervals in percent, rising. inner: further ones that training alone hears of: what is learnt of
    the middle of a distribution helps its median. past, future: numbers of covariates.
    ridge: how many of the newest values a linear map among the bases reads; 0 = there is none.
    head_dropout: probability with which an element that the head reads is zeroed in training.
    distribution: what the head gives, a name of `gatecast.nn.distributions` that the model can give.
    stride: how far apart the positions are that training hears of, counted back from the newest; neighbours learn
    nearly the same.

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
    distribution: str = "quantile"
    ridge: int = 0
    head_dropout: float = 0.0
    inner: tuple[int | float, ...] = ()
    stride: int = 1

    def __post_init__(self) -> None:
        least = {"horizon": 1, "context": 1, "patch": 1, "past": 0, "future": 0, "ridge": 0, "stride": 1}
        for name, smallest in least.items():
            whole(name, getattr(self, name), smallest)
        periods = [(0, *periods, self.context + 1) for periods in (self.seasons, self.lags)]
        rising = [*periods, (0, *self.levels, 100), (0, *self.inner, 100)]
        if (
            self.context % self.patch
            or max(self.ridge, self.stride * self.patch) > self.context
            or any(a >= b for row in rising for a, b in pairwise(row))
        ):
            raise OptionError(
                "patch must divide the context; ridge and stride, in patches, are within it, seasons and lags rise "
                f"within it, levels within 0…100; got {self}.",
                "patch 须整除 context，ridge 与 stride（以 patch 计）不超过它，seasons 与 lags 须在其内递增，"
                f"levels 须在 0 到 100 间递增；实际为 {self}。",
            )
        probability("head_dropout", self.head_dropout)
        choice("distribution", self.distribution, network_class(self.model).distributions)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The probabilities that a forecast gives: lower ends, median, upper ends, rising."""
        return _probabilities(self.levels)

    @property
    def taught_levels(self) -> tuple[int | float, ...]:
        """Those of `levels` and `inner`, rising."""
        return tuple(sorted({*self.levels, *self.inner}))

    @property
    def block(self) -> int:
        """Steps ahead that share one mixture of bases. What is best differs by the hours of a day."""
        if self.patch == 1:
            return self.horizon
        part = max(1, self.seasons[0] // _PARTS) if self.seasons else self.patch
        return max(part, -(-self.horizon // _MOST_BLOCKS))


def _probabilities(levels: tuple[int | float, ...]) -> tuple[float, ...]:
    tails = [(1 - level / 100) / 2 for level in levels]
    return (*reversed(tails), 0.5, *(1 - tail for tail in tails))


class Scaled(NamedTuple):
    """Forecasts from some positions, in units of the window.

    distribution: of (batch, positions, horizon). bases: (batch, positions, horizon, bases).
    centre, scale: (batch, 1) float64, the window's own; scale is 0 where its context is constant.
    places: which positions of the context these are. probabilities: of the quantiles.
    """

    distribution: Distribution
    bases: torch.Tensor
    centre: torch.Tensor
    scale: torch.Tensor
    places: slice
    probabilities: tuple[float, ...]

    @property
    def quantiles(self) -> torch.Tensor:
        """(batch, positions, horizon, probabilities), rising."""
        return self.distribution.quantiles(self.probabilities)


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


def newer_half(context: int, horizon: int) -> int:
    """Where the newer half of the context begins; earlier where that is few steps or few horizons: no sure unit."""
    return context - max(context // 2, min(context, max(_FEWEST, _HORIZONS * horizon)))


def newer_scale(target: torch.Tensor, observed: torch.Tensor, horizon: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The same of the newer half alone, which a forecast goes on from; of all where that half is constant."""
    start = newer_half(target.shape[1], horizon)
    if not start:
        return window_scale(target, observed)
    newer, whole = window_scale(target[:, start:], observed[:, start:]), window_scale(target, observed)
    moves = newer[1] > 0
    return torch.where(moves, newer[0], whole[0]), torch.where(moves, newer[1], whole[1])


def in_units(values: torch.Tensor, centre: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """In units of each window, float32: 0 where its context is constant."""
    return ((values - centre) / torch.where(scale > 0, scale, torch.inf)).float()


def network_class(model: str) -> type[ForecastNetwork]:
    """The network around the backbone of this name. Raises: OptionError if there is no such model."""
    return registry.get(model).network or ForecastNetwork


def new_network(config: NetworkConfig) -> ForecastNetwork:
    """A network with fresh weights, drawn from torch's global stream."""
    return network_class(config.model)(config)


class ForecastNetwork(nn.Module):
    """A distribution of each of the next `horizon` values, from every patch of the context's newer half.

    distributions: those that it can give, its usual one first. patched: it can read several steps at once. sampled:
    its quantiles are those of sampled paths, each of which costs as much as a forecast. taught: while training, its
    decoder may read what followed. multiplicative: it reads positive values by their ratios, so that where zero lies
    counts. cyclic: a patch should hold the shortest season, or several of them, whole.
    steps_taken: of the training; whoever trains it says so before each round.
    """

    distributions: ClassVar[tuple[str, ...]] = tuple(DISTRIBUTIONS)
    patched: ClassVar[bool] = True
    sampled: ClassVar[bool] = False
    taught: ClassVar[bool] = False
    multiplicative: ClassVar[bool] = False
    cyclic: ClassVar[bool] = False

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.causal = registry.get(config.model).causal  # else every position but the newest has read its own answer
        self.family = DISTRIBUTIONS[config.distribution]
        self.steps_taken = 0
        self.bases = Bases(config)
        self.thinned = Dropout(config.head_dropout)
        self.backbone = registry.build(config.model, self.input_size(), config.options)
        self.blocks = -(-self.slots // config.block)
        block_of = torch.eye(self.blocks).repeat_interleave(config.block, dim=1)[:, : self.slots]
        self.register_buffer("block_of", block_of, persistent=False)  # (blocks, slots), 1 where a step is of a block
        start = self.family.start(config.taught_levels)
        self.build_head(1 + len(start))
        self.spread = nn.Parameter(start)
        nn.init.zeros_(self.mixture.weight)
        nn.init.zeros_(self.mixture.bias)

    @property
    def slots(self) -> int:
        """How many steps ahead the head has numbers for: at least the horizon. See `in_order`."""
        return self.config.horizon

    def input_size(self) -> int:
        """How many numbers the backbone reads at each position."""
        config = self.config
        return config.patch * (1 + bool(self.bases.periods) + config.past + config.future) + 1

    def feature_size(self) -> int:
        """How many numbers the head reads at each position."""
        config = self.config
        return self.backbone.output_size + config.patch + self.slots * config.future

    def build_head(self, size: int) -> None:
        """What `decode` and `mix` compute with. size: numbers that the distribution takes a step."""
        self.head = nn.Linear(self.feature_size(), self.slots * size)
        self.mixture = nn.Linear(self.feature_size(), self.blocks * self.bases.count)

    def forward(self, batch: Batch, *, newest_only: bool = False) -> Scaled:
        """Forecast from all of `places`: of a training, or the newest alone (what a user sees)."""
        centre, scale = self.unit(batch)
        x = in_units(batch.target, centre, scale)  # (B, C)
        channels = self._channels(x, batch)
        hidden, _ = self.backbone(self._inputs(channels, batch))  # (B, P, hidden)
        places = self.places(newest_only=newest_only or not self.causal)
        features = torch.cat([hidden, self._patches(channels[0]), self._known(batch)], dim=-1)
        features, bases = self.thinned(features[:, places]), self.bases(x, places)
        mixed = self.mix(features, bases, batch)
        taught = self.taught and self.training and batch.answer.shape[1] > 0
        own = self.decode(features, mixed, self._answers(batch, centre, scale, places) if taught else None)
        move, raw = self.parts(self.in_order(own, batch))
        distribution = self.distribution(mixed + move, raw, centre, scale)
        return Scaled(distribution, bases, centre, scale, places, self.config.quantiles)

    def unit(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Each window's centre and scale, (batch, 1) float64. A long row of equal counts is no certainty."""
        centre, scale = newer_scale(batch.target, batch.observed, self.config.horizon)
        return centre, scale.clamp(min=1.0) if self.family.support == "counts" else scale

    def places(self, *, newest_only: bool) -> slice:
        """Which positions forecast: the newest, or those of the newer half, as many apart as the stride.

        The unit of a window is that of its newer half: before it, positions would learn from what they cannot know.
        """
        newest, stride = len(self.bases.newest) - 1, self.config.stride
        half = newer_half(self.config.context, self.config.horizon) // self.config.patch
        return slice(newest if newest_only else half + (newest - half) % stride, newest + 1, stride)

    def mix(self, features: torch.Tensor, bases: torch.Tensor, batch: Batch) -> torch.Tensor:
        """The mixture of bases: (batch, positions, horizon, 1)."""
        weights = self.mixture(features).view(*features.shape[:2], self.blocks, -1)
        weights = weights.mT.softmax(-2)  # along few bases that lie together, torch's takes twice as long
        weights = (weights @ self.block_of).mT  # each for the steps of its block
        return (bases * self.in_order(weights, batch)).sum(-1, keepdim=True)

    def in_order(self, slots: torch.Tensor, batch: Batch) -> torch.Tensor:
        """The head's slots as steps ahead: (batch, positions, slots, …) → (batch, positions, horizon, …).

        Here the slots are the steps ahead, and those beyond the horizon are left out.
        """
        del batch
        return slots[:, :, : self.config.horizon]

    def decode(self, features: torch.Tensor, mixed: torch.Tensor, answers: torch.Tensor | None) -> torch.Tensor:
        """What is added to the mixture, and the distribution's other numbers: (batch, positions, slots, size).

        answers: (batch, positions, horizon), what followed; only while a model that is `taught` trains.
        """
        del mixed, answers
        # The head's rows go by step, what they say lies by number: each quantile's steps side by side (docs/LOG.md).
        rows = (part.unflatten(0, (self.slots, -1)) for part in (self.head.weight, self.head.bias))
        weight, bias = (part.transpose(0, 1).flatten(0, 1) for part in rows)
        return F.linear(features, weight, bias).unflatten(2, (-1, self.slots)).mT

    @staticmethod
    def parts(own: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What moves the location, and the distribution's other numbers: two of (batch, positions, horizon, …).

        Cut as `own` lies in memory, so that their derivatives are put together by one copy.
        """
        move, raw = own.mT.split((1, own.shape[-1] - 1), dim=2)
        return move.mT, raw.mT

    def distribution(
        self, location: torch.Tensor, raw: torch.Tensor, centre: torch.Tensor, scale: torch.Tensor
    ) -> Distribution:
        """location: (…, 1); raw: (…, size − 1); centre, scale: (batch, 1)."""
        axes = (-1, *[1] * (location.dim() - 1))
        unit = Unit(centre.view(axes), torch.where(scale > 0, scale, 1.0).view(axes))
        return self.family(location, raw + self.spread, unit, _probabilities(self.config.taught_levels))

    def answers(self, batch: Batch, scaled: Scaled) -> torch.Tensor:
        """What followed each position, in the units of `scaled`: (batch, positions, horizon) float32."""
        return self._answers(batch, scaled.centre, scaled.scale, scaled.places)

    def _answers(self, batch: Batch, centre: torch.Tensor, scale: torch.Tensor, places: slice) -> torch.Tensor:
        futures = batch.answer.unfold(1, self.config.horizon, self.config.patch)[:, 1:][:, places]  # (B, P, H)
        scale = torch.where(scale > 0, scale, torch.inf)  # such a window weighs nothing
        return ((futures - centre[:, :, None]) / scale[:, :, None]).clamp(-_FARTHEST, _FARTHEST).float()

    def loss(self, batch: Batch, *, newest_only: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        """The distribution's loss over the batch, as a weighted sum and the sum of its weights.

        A window weighs as its naive forecast is good, and as its scale is small beside its level: the mean of pinball
        losses is then close to a mean scaled error and a mean relative error in the shares of M4's OWA, and series of
        different noise count alike. Windows with a constant context, and positions before the series, weigh nothing.
        """
        scaled = self(batch, newest_only=newest_only)
        loss = scaled.distribution.loss(self.answers(batch, scaled))
        loss = loss.sum((2, 3)) / loss.shape[2:].numel()  # (B, P); the derivative of `mean` would fill a tensor more
        begun = batch.observed[:, self.bases.newest][:, scaled.places]
        weight = begun * self.weight(batch, scaled.centre, scaled.scale)
        return (loss * weight).sum(), weight.sum()

    def weight(self, batch: Batch, centre: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        """How much each window of this centre and scale counts: (batch, 1)."""
        level = centre.abs() / torch.where(scale > 0, scale, 1.0)
        relative = _RELATIVE / level.clamp(min=1.0).float()
        return (scale > 0) * (1 / self._naive_error(batch, scale).clamp(0.05, 2.0) + relative)

    def _naive_error(self, batch: Batch, scale: torch.Tensor) -> torch.Tensor:
        """Mean absolute change over the shortest season inside each context, in its own scale: (batch, 1)."""
        season = self.config.seasons[0] if self.config.seasons else 1
        change = (batch.target[:, season:] - batch.target[:, :-season]).abs() * batch.observed[:, :-season]
        mean = change.sum(1, keepdim=True) / batch.observed[:, :-season].sum(1, keepdim=True).clamp(min=1)
        return (mean / torch.where(scale > 0, scale, 1.0)).float()

    def _patches(self, values: torch.Tensor) -> torch.Tensor:
        """(batch, context, …) → (batch, positions, patch × …)."""
        return values.reshape(len(values), self.config.context // self.config.patch, -1)

    def _channels(self, x: torch.Tensor, batch: Batch) -> list[torch.Tensor]:
        """What is read of every step: values, change since a season ago, covariates; each (batch, context, …)."""
        channels = [x]
        if self.bases.periods:
            season = self.bases.periods[-1]
            channels.append(x - torch.cat([x[:, :1].expand(-1, season), x[:, :-season]], dim=1))
        if batch.covariates.shape[2]:
            channels.append(batch.covariates)
        return channels

    def _inputs(self, channels: list[torch.Tensor], batch: Batch) -> torch.Tensor:
        """What the backbone reads at each patch: the channels, and the share of it that was observed."""
        observed = self._patches(batch.observed).mean(-1, keepdim=True)
        return torch.cat([*(self._patches(channel) for channel in channels), observed], dim=-1)

    def _known(self, batch: Batch) -> torch.Tensor:
        """The covariates known over each position's horizon: (batch, positions, horizon × future)."""
        positions = self.config.context // self.config.patch
        if not self.config.future:
            return batch.known.new_zeros(len(batch.known), positions, 0)
        ahead = batch.known.unfold(1, self.config.horizon, self.config.patch)[:, 1:]  # (B, P, future, H)
        return ahead.reshape(len(ahead), positions, -1)
