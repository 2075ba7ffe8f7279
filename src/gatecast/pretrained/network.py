"""The pretrained network: an LSTM reads a window, a head says any step ahead, as quantiles about a mixture of bases.

    window → unit → LSTM → (what it knows, the bases at a step, how far ahead it is) → quantiles at that step

Neither the horizon nor the season is built in: both are told, so that one set of weights serves every table.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gatecast.pretrained.bases import COUNT, Bases, Season, bases_of
from gatecast.pretrained.past import Past
from gatecast.runtime import private_torch_stream

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_READ = 400  # values of the past
PROBABILITIES = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 0.995,
)  # fmt: skip
_MIDDLE = PROBABILITIES.index(0.5)
_HIDDEN, _LAYERS, _WIDTH = 128, 2, 160
_CHANNELS, _FACTS, _PLACE = 9, 8, 3
_SILENCE = 8  # steps before a window begins, as it mostly had in training
_LEAST_CHANGE = 0.02  # units
_FARTHEST_SPREAD = 8.0  # root of the steps ahead after which intervals are no wider by themselves


class PretrainedNetwork(nn.Module):
    """Quantiles of any steps ahead, from windows of any length and season."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(_CHANNELS, _HIDDEN, _LAYERS, batch_first=True)
        self.first = nn.Linear(_HIDDEN + COUNT + _FACTS + _PLACE, _WIDTH)
        self.second = nn.Linear(_WIDTH, _WIDTH)
        self.head = nn.Linear(_WIDTH, COUNT + len(PROBABILITIES))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @classmethod
    def of(cls, weights: Mapping[str, Tensor]) -> Self:
        """The network with these weights, whatever their precision, ready to forecast."""
        with private_torch_stream(0, "pretrained"):  # the first weights are overwritten, the caller's stream is not
            network = cls().eval().requires_grad_(requires_grad=False)
        network.load_state_dict({name: value.float() for name, value in weights.items()})
        return network

    def forward(self, target: Tensor, observed: Tensor, seasons: Tensor, ahead: Tensor) -> tuple[Tensor, Past]:
        """Quantiles in units of each window, rising, (batch, steps, PROBABILITIES); and the windows in these units.

        target: (batch, context) float64, steps before a series began may hold anything finite. observed: (batch,
        context), 1 where it had begun; the newest always. seasons: (batch, 2), the shorter first, 1 = none. ahead:
        (batch, steps), 1 = the step after the newest.
        """
        past = Past.of(target, observed)
        season = Season.of(seasons[:, :1], past.count)
        longer = Season.of(seasons[:, 1:], past.count - season.period + 1)
        bases = bases_of(past, target, ahead, season, longer)
        hidden = self._remember(self._read(past, season, longer), past)
        change = past.mean_change(1)
        facts = _facts(past, season, longer, change)
        place = torch.stack([ahead.float(), ahead / bases.near, ahead / past.count], dim=-1).log() / 3
        hidden, facts = (one[:, None].expand(-1, ahead.shape[1], -1) for one in (hidden, facts))
        away = torch.asinh(bases.forecasts - past.last[..., None])
        features = F.gelu(self.first(torch.cat([hidden, away, facts, place], dim=-1)))
        features = features + F.gelu(self.second(features))
        return _quantiles(self.head(features), bases, change, ahead), past

    def forecast(self, target: Tensor, observed: Tensor, seasons: tuple[int, int], horizon: int) -> Tensor:
        """Quantiles in the unit of the data: (batch, horizon, PROBABILITIES) float64. All windows have one season."""
        longest = int(observed.sum(1).max())
        target, observed = target[:, -longest:], observed[:, -longest:]
        ahead = torch.arange(1, horizon + 1, device=target.device).expand(len(target), -1)
        told = torch.tensor(seasons, device=target.device).expand(len(target), -1)
        quantiles, past = self(target, observed, told, ahead)
        return quantiles.double() * past.scale[..., None] + past.centre[..., None]

    def _remember(self, channels: Tensor, past: Past) -> Tensor:
        """The LSTM's last output, (batch, hidden). Windows begin together, so that no neighbour's length counts."""
        channels = F.pad(channels, (0, 0, _SILENCE, 0))
        context = channels.shape[1]
        index = (torch.arange(context, device=channels.device) + past.begin).clamp(max=context - 1)
        said, _ = self.lstm(channels.gather(1, index[..., None].expand(-1, -1, channels.shape[2])))
        last = (past.count.long() - 1 + _SILENCE)[..., None].expand(-1, -1, said.shape[2])
        return said.gather(1, last)[:, 0]

    @staticmethod
    def _read(past: Past, season: Season, longer: Season) -> Tensor:
        """What the LSTM reads at each step: values, changes since the step and the seasons before, what comes next."""
        change, _ = past.since(1)
        lag, lag_known = past.since(season.period, season.there)
        next_lag, _ = past.since(season.period - 1, season.there)
        long_lag, long_known = past.since(longer.period, longer.there)
        next_long, _ = past.since(longer.period - 1, longer.there)
        values = torch.asinh(torch.stack([past.x, change, lag, -next_lag], dim=-1))
        marks = torch.stack([lag_known, past.observed], dim=-1)
        long_values = torch.asinh(torch.stack([long_lag, -next_long], dim=-1))
        return torch.cat([values, marks, long_values, long_known[..., None]], dim=-1)


def _facts(past: Past, season: Season, longer: Season, change: Tensor) -> Tensor:
    """What is said of a whole window: (batch, _FACTS)."""
    lag_change = past.mean_change(season.period, season.there)
    facts = [past.count.log() / 4, change.asinh(), lag_change.asinh(), season.there, season.period.log() / 3]
    facts += [past.zero.asinh() / 4, longer.there, longer.period.log() / 3]
    return torch.cat([fact.float() for fact in facts], dim=1)


def _quantiles(said: Tensor, bases: Bases, change: Tensor, ahead: Tensor) -> Tensor:
    """What the head says of each step, as quantiles that rise from the middle on: (batch, steps, PROBABILITIES)."""
    mixture, moves = said.split((COUNT, len(PROBABILITIES)), dim=-1)
    unit = ((change + _LEAST_CHANGE) * ahead.sqrt().clamp(max=_FARTHEST_SPREAD))[..., None]
    middle = (mixture.softmax(-1) * bases.forecasts).sum(-1, keepdim=True) + moves[..., [_MIDDLE]] * unit
    below, _, above = moves.split((_MIDDLE, 1, _MIDDLE), dim=-1)
    up = F.softplus(above - 1).cumsum(-1) * unit / 2
    down = F.softplus(below - 1).flip(-1).cumsum(-1).flip(-1) * unit / 2
    return torch.cat([middle - down, middle, middle + up], dim=-1)


def pretrained_network() -> PretrainedNetwork:
    """The network with the weights that come with Gatecast, on the CPU."""
    from safetensors.torch import load

    return PretrainedNetwork.of(load((files("gatecast.pretrained") / "weights.safetensors").read_bytes()))
