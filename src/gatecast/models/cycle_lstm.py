"""cycle-lstm: an LSTM that reads and writes by the phase of the season: the same place is always the same hour.

Windows begin at any hour, so that an ordinary network meets the morning at every place of its patches and has to find
out where it is. Here the steps of each patch are turned until the first is the first of the season (the hour after
midnight, January), and the head has a place for every phase of a season, from which the steps ahead are taken in
their order: each hour of the day has weights of its own. Without a season that a patch can hold, this is `lstm`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from gatecast.language import Text
from gatecast.models.lstm_stack import LSTMStack, StackConfig
from gatecast.models.network import ForecastNetwork
from gatecast.models.registry import register

if TYPE_CHECKING:
    from gatecast.windows import Batch


@dataclass(frozen=True)
class CycleLSTMConfig(StackConfig):
    """Shape of the LSTM.

    hidden: width of every layer, or a tuple with one width a layer.
    layers: number of layers; None = one, or as many as there are widths.
    dropout: probability with which an element between two layers is zeroed in training.
    bias: whether the gates' sums have biases.

    Raises: OptionError for a value that cannot be used.
    """


class CycleNetwork(ForecastNetwork):
    """Patches and horizon in the order of the season's phases."""

    cyclic = True

    @property
    def cycle(self) -> int:
        """Steps of the season by which all is laid out: the shortest, where a patch holds it whole; else 1."""
        config = self.config
        return config.seasons[0] if config.seasons and config.patch % config.seasons[0] == 0 else 1

    @property
    def slots(self) -> int:
        """The phases of as many seasons as the horizon touches when it begins with one."""
        return -(-self.config.horizon // self.cycle) * self.cycle

    def in_order(self, slots: torch.Tensor, batch: Batch) -> torch.Tensor:
        """(batch, positions, slots, …) → (batch, positions, horizon, …): each step ahead from the place of its phase.

        Steps of the k-th season ahead lie in the k-th season of the slots, wherever in the season the horizon begins.
        """
        ahead = torch.arange(self.config.horizon, device=slots.device)
        return _taken(slots.mT, 3, ahead - ahead % self.cycle + (batch.phase[:, None] + ahead) % self.cycle).mT

    def _channels(self, x: torch.Tensor, batch: Batch) -> list[torch.Tensor]:
        return [_taken(channel, 1, self._turned(batch, self.config.context)) for channel in super()._channels(x, batch)]

    def _known(self, batch: Batch) -> torch.Tensor:
        """As the head has its slots: zero where a phase lies beyond the horizon."""
        config = self.config
        ahead = super()._known(batch).unflatten(2, (config.future, config.horizon))  # (B, P, future, H)
        padded = torch.nn.functional.pad(ahead, (0, self.slots - config.horizon))
        return _taken(padded, 3, self._turned(batch, self.slots)).flatten(2)

    def _turned(self, batch: Batch, steps: int) -> torch.Tensor:
        """Which step each place holds, of steps that begin in the phase of the horizon: (batch, steps)."""
        place = torch.arange(steps, device=batch.phase.device)
        return place - place % self.cycle + (place - batch.phase[:, None]) % self.cycle


def _taken(values: torch.Tensor, axis: int, index: torch.Tensor) -> torch.Tensor:
    """Along one axis, what each window's index names. index: (batch, n)."""
    shape = [len(values), *[1] * (values.dim() - 1)]
    shape[axis] = index.shape[1]
    wanted = list(values.shape)
    wanted[axis] = index.shape[1]
    return values.gather(axis, index.view(shape).expand(wanted))


@register(
    "cycle-lstm",
    config=CycleLSTMConfig,
    causal=True,
    streams=True,
    description=Text(
        "LSTM that reads and writes by the phase of the season: each hour of the day has weights of its own",
        "按季节相位读写的 LSTM：一天中的每个小时都有自己的权重",
    ),
    network=CycleNetwork,
)
class CycleLSTMBackbone(LSTMStack):
    """x (batch, time, inputs) → y (batch, time, output_size); state (h, c), see `gatecast.nn.state`."""
