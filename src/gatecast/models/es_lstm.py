"""ES-LSTM: exponential smoothing says level and season, an LSTM what they leave (Smyl 2020, winner of M4).

    forecast = level · season · exp(network)        (eq. 8; the network reads log(y / level / season))

Windows of positive values are smoothed as logarithms, so that seasons are factors and growth is a sum; all others as
they are, so that seasons are added. Three things differ from the paper. Its coefficients are learnt for every series,
together with first values; here one set of coefficients serves all, and needs no first values
(`gatecast.nn.smoothing`), so that a series that no training saw is forecast as well. Its forecast is the smoothed one
alone; here that is one base among the naive ones, and the network decides window by window how much it counts. And its
LSTMs are dilated; here they are the plain stack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from gatecast.language import Text
from gatecast.models.lstm_stack import LSTMStack, StackConfig
from gatecast.models.network import ForecastNetwork, NetworkConfig, Scaled, in_units, newer_scale
from gatecast.models.registry import register
from gatecast.nn.smoothing import ExponentialSmoothing, Smoothed

if TYPE_CHECKING:
    from gatecast.windows import Batch

_LEAST_SHARE = 0.05  # of a window's mean: nearer to 0 than that, a logarithm makes much of little
_FARTHEST = 10.0  # e to this power: a forecast is at most so many times the window's mean


@dataclass(frozen=True)
class ESLSTMConfig(StackConfig):
    """Shape of the LSTM that reads what smoothing leaves.

    hidden: width of every layer, or a tuple with one width a layer.
    layers: number of layers; None = one, or as many as there are widths.
    dropout: probability with which an element between two layers is zeroed in training.
    bias: whether the gates' sums have biases.

    Raises: OptionError for a value that cannot be used.
    """


class Form(NamedTuple):
    """How the values of each window are smoothed: as logarithms where `ratio`, else as they are. All (batch, 1).

    centre, spread: of the logarithms, 0 where there are none; mean and mean absolute deviation.
    level, scale: of the window's own unit, float64.
    """

    ratio: Tensor
    centre: Tensor
    spread: Tensor
    level: Tensor
    scale: Tensor

    @classmethod
    def of(cls, batch: Batch, level: Tensor, scale: Tensor, horizon: int) -> Form:
        """The form that the context's values allow. level, scale: centre and scale of the windows."""
        positive = batch.target.amin(1, keepdim=True) > _LEAST_SHARE * level.abs()
        logs = torch.where(positive, batch.target, 1.0).log()
        centre, spread = newer_scale(logs, batch.observed, horizon)
        ratio = positive & (spread > 0) & (scale > 0)
        zero = torch.zeros_like(centre)
        return cls(ratio, torch.where(ratio, centre, zero), torch.where(ratio, spread, zero), level, scale)

    def read(self, target: Tensor) -> Tensor:
        """(batch, context) in the data's unit → what is smoothed, of mean 0 and mean absolute deviation 1, float32."""
        logs = torch.where(self.ratio, target, 1.0).log() - self.centre
        ratios = logs / torch.where(self.ratio, self.spread, 1.0)
        plain = (target - self.level) / torch.where(self.scale > 0, self.scale, torch.inf)
        return torch.where(self.ratio, ratios, plain).float()

    def write(self, smoothed: Tensor) -> Tensor:
        """(batch, positions, horizon) of what is smoothed → in the window's own unit, float32."""
        unit = torch.where(self.scale > 0, self.scale, 1.0)
        mean = self.centre.exp()  # geometric
        factor, shift = (torch.where(self.ratio, part / unit, 0.0) for part in (mean, mean - self.level))
        factor, shift, spread = (part[..., None].float() for part in (factor, shift, self.spread))
        grown = torch.expm1((spread * smoothed).clamp(-_FARTHEST, _FARTHEST))  # all 0 where nothing is a logarithm
        return torch.where(self.ratio[..., None], factor * grown + shift, smoothed)


class ESNetwork(ForecastNetwork):
    """The backbone reads what smoothing leaves; its head moves the smoothed forecast, in the unit of what it reads."""

    multiplicative = True

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        self.smoothing = ExponentialSmoothing(config.context, config.patch, config.horizon, config.seasons)

    def input_size(self) -> int:
        return self.config.patch * (1 + self.config.past + self.config.future) + 3

    def build_head(self, size: int) -> None:
        features = self.feature_size()
        self.head = nn.Linear(features, self.config.horizon * size)
        self.mixture = nn.Linear(features, self.blocks * (self.bases.count + 1))

    def forward(self, batch: Batch, *, newest_only: bool = False) -> Scaled:
        centre, scale = self.unit(batch)
        form = Form.of(batch, centre, scale, self.config.horizon)
        smoothed = self.smoothing(form.read(batch.target), batch.observed)
        hidden, _ = self.backbone(self._read(smoothed, batch))  # (B, P, hidden)
        x = in_units(batch.target, centre, scale)
        places = self.places(newest_only=newest_only)
        features = self.thinned(torch.cat([hidden, smoothed.rest, self._known(batch)], dim=-1)[:, places])
        ahead, bases = smoothed.ahead[:, places], self.bases(x, places)
        expected = form.write(ahead)[..., None]
        mixed = self.mix(features, torch.cat([bases.mT, expected.mT], dim=2).mT, batch)
        move, raw = self.parts(self.decode(features, mixed, None))
        location = mixed + form.write(ahead + move[..., 0])[..., None] - expected
        distribution = self.distribution(location, raw, centre, scale)
        return Scaled(distribution, bases, centre, scale, places, self.config.quantiles)

    def _read(self, smoothed: Smoothed, batch: Batch) -> Tensor:
        """What the backbone reads at each patch: what smoothing leaves, the level, its change, covariates, observed."""
        level = smoothed.level[..., None]
        change = torch.cat([torch.zeros_like(level[:, :1]), level.diff(dim=1)], dim=1)
        observed = self._patches(batch.observed).mean(-1, keepdim=True)
        return torch.cat([smoothed.rest, level, change, self._patches(batch.covariates), observed], dim=-1)


@register(
    "es-lstm",
    config=ESLSTMConfig,
    causal=True,
    streams=True,
    description=Text(
        "exponential smoothing says level and seasons, an LSTM what they leave; coefficients learnt together",
        "指数平滑给出水平与季节，LSTM 预测其余部分；平滑系数一同学习",
    ),
    network=ESNetwork,
)
class ESLSTMBackbone(LSTMStack):
    """x (batch, time, inputs) → y (batch, time, output_size); state (h, c), see `gatecast.nn.state`."""
