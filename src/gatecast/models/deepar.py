"""DeepAR: an LSTM that says the next value as a distribution, and forecasts by paths sampled from it.

Salinas, Flunkert, Gasthaus & Januschowski (2020), "DeepAR: Probabilistic forecasting with autoregressive recurrent
networks". Each step reads the value before it, those a season before it, and its covariates (eq. 1, figure 2); training
reads what came, forecasting what it has drawn itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn

from gatecast.errors import OptionError
from gatecast.language import Text
from gatecast.models.lstm_stack import LSTMStack, StackConfig
from gatecast.models.network import ForecastNetwork, NetworkConfig, Scaled
from gatecast.models.registry import register
from gatecast.nn import options
from gatecast.nn.distributions import Distribution, Empirical
from gatecast.nn.state import State
from gatecast.runtime import stream
from gatecast.windows import Batch

_FARTHEST = 1e4  # units of the window; nothing is read or drawn farther off
_SURELY = 1e-9  # no draw is less likely to be exceeded than this
_MOST_ROWS = 25_600  # paths that are walked at once


@dataclass(frozen=True)
class DeepARConfig(StackConfig):
    """Shape of a DeepAR network.

    hidden: width of every layer, or a tuple with one width a layer.
    layers: number of layers; None = one, or as many as there are widths.
    dropout: probability with which an element between two layers is zeroed in training.
    bias: whether the gates' sums have biases.
    paths: how many are sampled for the quantiles of a forecast.

    Raises: OptionError for a value that cannot be used.
    """

    paths: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        if options.whole("paths", self.paths, 2) > _MOST_ROWS:
            raise OptionError(
                f"paths must be at most {_MOST_ROWS}, got {self.paths}.",
                f"paths 最多为 {_MOST_ROWS}，实际为 {self.paths}。",
            )


class Steps(NamedTuple):
    """What some steps read before each says the next value. All (batch, steps, …), in units of the window.

    value: (…, 1), the newest. lags: (…, periods), what came these many steps before the value to be said.
    covariates: (…, past + future), of the newest step and of the one to be said. observed: (…, 1).
    """

    value: Tensor
    lags: Tensor
    covariates: Tensor
    observed: Tensor


class DeepARNetwork(ForecastNetwork):
    """One step ahead as a distribution; a horizon as sampled paths. Reads one step at a time."""

    distributions = ("student-t", "normal", "log-normal", "negative-binomial")
    patched = False
    sampled = True

    def __init__(self, config: NetworkConfig) -> None:
        if config.patch != 1:
            raise OptionError(
                f"deepar reads one step at a time; patch must be 1, got {config.patch}.",
                f"deepar 每次读取一步；patch 应为 1，实际为 {config.patch}。",
            )
        super().__init__(config)
        self.count = int(config.options.get("paths", DeepARConfig.paths))

    def input_size(self) -> int:
        return 2 + len(self.bases.periods) + self.config.past + self.config.future

    def feature_size(self) -> int:
        return self.backbone.output_size + self.input_size()

    def build_head(self, size: int) -> None:
        self.head = nn.Linear(self.feature_size(), size)
        self.mixture = nn.Linear(self.feature_size(), 2 + len(self.bases.periods))

    def forward(self, batch: Batch, *, newest_only: bool = False) -> Scaled:
        """Forecast from the newest position, the only one from which paths are drawn."""
        del newest_only
        centre, scale = self.unit(batch)
        newest = self.places(newest_only=True)
        bases = self.bases(self._scaled(batch.target, centre, scale), newest)
        paths = self.paths(batch, self.count).transpose(1, 2)[:, None]  # (B, 1, H, paths)
        return Scaled(Empirical(paths), bases, centre, scale, newest, self.config.quantiles)

    def loss(self, batch: Batch, *, newest_only: bool = False) -> tuple[Tensor, Tensor]:
        """Likelihood of every next value of the window, or of the horizon's alone, each told what came before it."""
        config = self.config
        centre, scale = self.unit(batch)
        x = self._scaled(batch.answer, centre, scale)  # (B, C + H)
        beyond = batch.observed.new_ones(len(x), config.horizon - 1)
        steps = self._steps(x[:, :-1], batch, torch.cat([batch.observed, beyond], dim=1))
        hidden, _ = self.backbone(_joined(steps))
        loss = self._next(hidden, steps, centre, scale).loss(x[:, 1:]).mean(-1)  # (B, C + H − 1)
        weight = steps.observed[..., 0] * self.weight(batch, centre, scale)
        if newest_only:
            loss, weight = loss[:, -config.horizon :], weight[:, -config.horizon :]
        return (loss * weight).sum(), weight.sum()

    @torch.no_grad()
    def paths(self, batch: Batch, count: int, *, first: int = 0) -> Tensor:
        """Sampled futures, in units of the window: (batch, count, horizon).

        Path k of a window is drawn from a stream named by the window's own values and k, so that neither the batch nor
        the number of paths changes it. first: the number of the first.
        """
        most = max(1, _MOST_ROWS // count)
        parts = [Batch(*(part[k : k + most] for part in batch)) for k in range(0, len(batch.target), most)]
        return torch.cat([self._walk(part, count, first) for part in parts])

    def _walk(self, batch: Batch, count: int, first: int) -> Tensor:
        config, size = self.config, len(batch.target)
        centre, scale = self.unit(batch)
        x = self._scaled(batch.target, centre, scale)
        chance = torch.as_tensor(_chances(batch, count, first, config.horizon), device=x.device)  # (B, count, H, 2)
        steps = self._steps(x, batch, batch.observed)
        hidden, state = self.backbone(_joined(steps))
        said = self._next(hidden[:, -1], Steps(*(part[:, -1] for part in steps)), centre, scale)
        drawn = said.draw(chance[:, :, 0]).clamp(-_FARTHEST, _FARTHEST)  # (B, count)
        state = _repeated(state, count)
        centre, scale = (part.repeat_interleave(count, 0) for part in (centre, scale))
        walked = torch.cat([x.repeat_interleave(count, 0), drawn.reshape(-1, 1)], dim=1)  # (B × count, C + 1 …)
        for ahead in range(1, config.horizon):
            step = self._step_ahead(walked, batch, ahead, count)
            hidden, state = self.backbone(_joined(step), state)
            said = self._next(hidden[:, 0], Steps(*(part[:, 0] for part in step)), centre, scale)
            drawn = said.draw(chance[:, :, ahead].reshape(-1, 1, 2)).clamp(-_FARTHEST, _FARTHEST)
            walked = torch.cat([walked, drawn], dim=1)
        return walked[:, config.context :].view(size, count, config.horizon)

    def _steps(self, x: Tensor, batch: Batch, observed: Tensor) -> Steps:
        """What each step of x reads. x: (batch, steps) from the start of the window, observed alike."""
        size, count = x.shape
        after = torch.arange(1, count + 1, device=x.device)  # the step that is said
        lags = [x[:, (after - period).clamp(min=0)] for period in self.bases.periods]
        past = batch.covariates[:, (after - 1).clamp(max=self.config.context - 1), : self.config.past]
        covariates = torch.cat([past, batch.known[:, after]], dim=-1)
        stacked = torch.stack(lags, dim=-1) if lags else x.new_zeros(size, count, 0)
        return Steps(x[..., None], stacked, covariates, observed[..., None])

    def _step_ahead(self, walked: Tensor, batch: Batch, ahead: int, count: int) -> Steps:
        """What every path reads after `ahead` values of its own: (batch × count, 1, …)."""
        known = walked.shape[1]
        lags = [walked[:, max(known - period, 0)] for period in self.bases.periods]
        past = batch.covariates[:, -1, : self.config.past]  # what is not known ahead stays as it was
        covariates = torch.cat([past, batch.known[:, self.config.context + ahead]], dim=-1).repeat_interleave(count, 0)
        stacked = torch.stack(lags, dim=-1) if lags else walked.new_zeros(len(walked), 0)
        newest = walked[:, -1:]
        return Steps(*(part[:, None] for part in (newest, stacked, covariates, torch.ones_like(newest))))

    def _next(self, hidden: Tensor, steps: Steps, centre: Tensor, scale: Tensor) -> Distribution:
        """The next value: a mixture of the newest, those a season before and the window's mean, and the network's own.

        hidden: (…, output_size), with the axes of `steps`.
        """
        features = self.thinned(torch.cat([hidden, _joined(steps)], dim=-1))
        candidates = torch.cat([steps.value, steps.lags, torch.zeros_like(steps.value)], dim=-1)
        head, mixture = self.head, self.mixture  # read the same, in one product
        weight, bias = torch.cat([head.weight, mixture.weight]), torch.cat([head.bias, mixture.bias])
        said = nn.functional.linear(features, weight, bias)
        move, raw, shares = said.split((1, head.out_features - 1, mixture.out_features), dim=-1)
        mixed = (candidates * shares.mT.softmax(-2).mT).sum(-1, keepdim=True)  # as in `ForecastNetwork.mix`
        return self.distribution(mixed + move, raw, centre, scale)

    def _scaled(self, values: Tensor, centre: Tensor, scale: Tensor) -> Tensor:
        scaled = (values - centre) / torch.where(scale > 0, scale, torch.inf)
        return scaled.clamp(-_FARTHEST, _FARTHEST).float()


def _joined(steps: Steps) -> Tensor:
    return torch.cat(steps, dim=-1)


def _chances(batch: Batch, count: int, first: int, horizon: int) -> np.ndarray:
    """Uniform numbers in (0, 1), from a private stream for each path of each window: (batch, count, horizon, 2)."""
    windows = batch.target.cpu().numpy()
    rows = [
        stream(0, "paths", crc32(window.tobytes())).random((first + count, horizon, 2))[first:] for window in windows
    ]
    return np.stack(rows).clip(_SURELY, 1 - _SURELY)


def _repeated(state: State, count: int) -> State:
    """A state with every window `count` times over; its tensors are (layers, batch, width)."""
    if isinstance(state, Tensor):
        return state.repeat_interleave(count, 1)
    return tuple(_repeated(part, count) for part in state)


@register(
    "deepar",
    config=DeepARConfig,
    causal=True,
    streams=True,
    description=Text(
        "autoregressive LSTM: the next value as a distribution, the horizon as sampled paths",
        "自回归 LSTM：下一个值用分布表示，整个预测区间由抽样路径给出",
    ),
    network=DeepARNetwork,
)
class DeepARBackbone(LSTMStack):
    """x (batch, time, inputs) → y (batch, time, output_size); state (h, c), see `gatecast.nn.state`."""
