"""Advisers: who forecasts beside the networks and learns nothing of the table, so that all of its past may judge.

The drift of each series, an autoregression of each window, and the network that comes trained. What they say stands
among the naive bases, and the gate decides how much it counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from gatecast.evaluation import Drift
from gatecast.forecaster.autoregression import MOST_FITTED, autoregression_at
from gatecast.forecaster.gate import Gate
from gatecast.forecaster.pretrained import pretrained_at
from gatecast.pretrained import MOST_READ

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.forecast import Origins, Prediction
    from gatecast.forecaster.plan import Plan
    from gatecast.pretrained import PretrainedNetwork
    from gatecast.windows import WindowReader


_MOST_DRIFTED = 1000  # newest values of a series; a saved model need keep no more


class Advice(NamedTuple):
    """What they say of some windows; None where one is not asked. drift, autoregression: (windows, horizon)."""

    drift: np.ndarray | None = None
    autoregression: np.ndarray | None = None
    pretrained: Prediction | None = None

    def among(self, bases: np.ndarray, *, linear: bool) -> np.ndarray:
        """(windows, horizon, bases) with it after the naive ones, the pretrained network's word last.

        linear: whether the last base is fitted to the data; it stays the last.
        """
        naive = bases.shape[-1] - linear
        said = [self.drift, self.autoregression, None if self.pretrained is None else self.pretrained.point]
        columns = [one[..., None] for one in said if one is not None]
        return np.concatenate([bases[..., :naive], *columns, bases[..., naive:]], axis=-1)


@dataclass(frozen=True)
class Advisers:
    """Those of a plan. drift: whether it is asked. probabilities: of the network's quantiles, the median in the middle.

    autoregression, told: the seasons that each is told of, None = it is not asked; see `Plan`. pretrained: the network,
    None where it is not asked.
    """

    drift: bool = False
    autoregression: tuple[int, ...] | None = None
    told: tuple[int, int] | None = None
    pretrained: PretrainedNetwork | None = None
    probabilities: Sequence[float] = ()

    @classmethod
    def of(cls, plan: Plan, pretrained: PretrainedNetwork | None) -> Self:
        """As the plan has them, with this network."""
        drift = plan.autoregression is not None  # both wherever all that Gatecast has may forecast
        return cls(drift, plan.autoregression, plan.pretrained, pretrained, plan.network.quantiles)

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of those that are, in the order in which what they say stands among the bases."""
        told = (self.drift, self.autoregression is not None, self.pretrained is not None)
        return tuple(compress(Advice._fields, told))

    @property
    def reads(self) -> int:
        """How many newest values of a series what they say depends on, at most."""
        fitted = 0 if self.autoregression is None else MOST_FITTED
        return max(_MOST_DRIFTED * self.drift, fitted, 0 if self.pretrained is None else MOST_READ)

    def heard(self, gate: Gate, naive: int) -> tuple[Advisers, Gate]:
        """Those that have a say by this gate, and the gate with them alone. naive: how many bases come before them.

        The pretrained network has one wherever the network is not all, for its widths count.
        """
        if gate.share == 1:
            return Advisers(), Gate()
        heard = self
        if self.autoregression is not None and not gate.weight(naive + self.drift):
            heard, gate = replace(heard, autoregression=None), gate.without(naive + self.drift)
        if self.drift and not gate.weight(naive):
            heard, gate = replace(heard, drift=False), gate.without(naive)
        return heard, gate

    def at(self, reader: WindowReader, origins: Origins) -> Advice:
        """What they say of these windows, in the unit of the data."""
        drift, fitted, said = None, None, None
        if self.drift:
            drift = Drift(reader.horizon, (), _MOST_DRIFTED).point(reader.panel, origins)
        if self.autoregression is not None:
            fitted = autoregression_at(reader, origins, self.autoregression)
        if self.pretrained is not None and self.told is not None:
            said = pretrained_at(self.pretrained, reader, origins, self.told, self.probabilities)
        return Advice(drift, fitted, said)
