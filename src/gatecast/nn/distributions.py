"""Forecast distributions: each owns the domain of its parameters, its loss, its quantiles and its draws.

A network gives a location and raw numbers a step, in units of the window (deviations from its centre); a distribution
makes parameters of them. Knows no networks. Parameters have a last axis of one, along which quantiles and draws lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from statistics import NormalDist
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gatecast.nn import special
from gatecast.runtime import on_device

_FARTHEST = 1e4  # units of the window; an answer farther off is as unlikely as this one, and losses stay finite
_LEAST = 1e-3  # of a scale, in the same units: what repeats itself exactly shall not make a density endless
_LEAST_DISPERSION = 1e-4  # of counts: from here on they are Poisson's
_LEAST_MEAN = 1e-6
_LEAST_FREEDOM = 2.0  # where a Student t variable begins to have a variance
_FLOOR = 0.05  # of a window's centre: below it what must be positive falls towards 0 and never reaches it

Support = Literal["any", "positive", "counts"]


class Unit(NamedTuple):
    """Of a window: value = centre + scale · what the network says. Both (batch, 1, 1, 1) float64, scale above 0."""

    centre: Tensor
    scale: Tensor


class Distribution:
    """What is said about each step. location: (…, 1); raw: (…, size − 1), any real numbers; unit: of each window.

    support: what the target's values must be. starts: first values of the parameters beside the location.
    """

    support: ClassVar[Support] = "any"
    starts: ClassVar[tuple[float, ...]] = ()

    def __init__(self, location: Tensor, raw: Tensor, unit: Unit, probabilities: Sequence[float]) -> None:
        raise NotImplementedError

    @classmethod
    def start(cls, levels: Sequence[float]) -> Tensor:
        """Where `raw` begins, before softplus: (size − 1,). levels: the intervals to be given, in percent."""
        del levels
        return torch.log(torch.expm1(torch.tensor(cls.starts)))

    def loss(self, answer: Tensor) -> Tensor:
        """How badly each answer was forecast, apart from constants. answer: (…) → (…, one or more to be averaged)."""
        raise NotImplementedError

    def quantiles(self, probabilities: Sequence[float]) -> Tensor:
        """(…, probabilities), in units of the window."""
        raise NotImplementedError

    def draw(self, uniform: Tensor) -> Tensor:
        """Values, in units of the window, from uniform numbers in (0, 1): (…, draws, 2) float64 → (…, draws)."""
        raise NotImplementedError


class Quantiles(Distribution):
    """The quantiles themselves, by pinball loss (Koenker & Bassett 1978); widths between them are positive."""

    def __init__(self, location: Tensor, raw: Tensor, unit: Unit, probabilities: Sequence[float]) -> None:
        del unit
        widths, median = F.softplus(raw).movedim(-1, 0).unbind(), location[..., 0]
        levels = len(widths) // 2
        lower = list(accumulate(widths[:levels], torch.sub, initial=median))
        upper = list(accumulate(widths[levels:], torch.add, initial=median))
        self.values = torch.stack([*reversed(lower), *upper[1:]]).movedim(0, -1)
        self.probabilities = tuple(probabilities)

    @classmethod
    def start(cls, levels: Sequence[float]) -> Tensor:
        """About the widths of a unit normal."""
        reach = torch.tensor([0.0] + [NormalDist().inv_cdf(0.5 + level / 200) for level in levels])
        return torch.log(torch.expm1(0.5 * reach.diff())).repeat(2)

    def loss(self, answer: Tensor) -> Tensor:
        probability = on_device(np.array(self.probabilities), answer.device, answer.dtype)
        error = self.values - answer[..., None]
        slope = torch.add(0.5 - probability, error.detach().sign(), alpha=0.5)  # −p or 1 − p
        return slope * error

    def quantiles(self, probabilities: Sequence[float]) -> Tensor:
        """Those asked for, which must be among those that it was made for."""
        return self.values[..., [self.probabilities.index(probability) for probability in probabilities]]


class Point(Distribution):
    """The mean alone, by squared error. It says nothing of its certainty: held-out errors must."""

    def __init__(self, location: Tensor, raw: Tensor, unit: Unit, probabilities: Sequence[float]) -> None:
        del raw, unit, probabilities
        self.location = location

    def loss(self, answer: Tensor) -> Tensor:
        return (_near(answer) - self.location).square()

    def quantiles(self, probabilities: Sequence[float]) -> Tensor:
        return self.location.expand(*self.location.shape[:-1], len(probabilities))


class Normal(Distribution):
    """The normal distribution."""

    starts = (1.0,)

    def __init__(self, location: Tensor, raw: Tensor, unit: Unit, probabilities: Sequence[float]) -> None:
        del unit, probabilities
        self.location, self.scale = location, _LEAST + F.softplus(raw)

    def loss(self, answer: Tensor) -> Tensor:
        return ((_near(answer) - self.location) / self.scale).square() / 2 + self.scale.log()

    def quantiles(self, probabilities: Sequence[float]) -> Tensor:
        return self.location + self.scale * _normal_scores(probabilities, self.scale)

    def draw(self, uniform: Tensor) -> Tensor:
        return self.location + self.scale * torch.special.ndtri(uniform[..., 0]).to(self.scale)


class StudentT(Distribution):
    """The Student t distribution: outliers move it less. Its variance is finite."""

    starts = (0.8, 4.0)

    def __init__(self, location: Tensor, raw: Tensor, unit: Unit, probabilities: Sequence[float]) -> None:
        del unit, probabilities
        self.location, self.scale = location, _LEAST + F.softplus(raw[..., :1])
        self.freedom = _LEAST_FREEDOM + F.softplus(raw[..., 1:])

    def loss(self, answer: Tensor) -> Tensor:
        z = (_near(answer) - self.location) / self.scale
        return self.scale.log() - special.student_t_log_density(z, self.freedom)

    def quantiles(self, probabilities: Sequence[float]) -> Tensor:
        z = [special.student_t_quantile(p, self.freedom) for p in probabilities]
        return self.location + self.scale * torch.cat(z, dim=-1).to(self.scale)

    def draw(self, uniform: Tensor) -> Tensor:
        z = special.student_t_draw(uniform[..., 0], uniform[..., 1], self.freedom.double())
        return self.location + self.scale * z.to(self.scale)


class LogNormal(Distribution):
    """The log-normal distribution of positive values; its median is the location, its spread is in proportion to it."""

    support = "positive"
    starts = (1.0,)

    def __init__(self, location: Tensor, raw: Tensor, unit: Unit, probabilities: Sequence[float]) -> None:
        del probabilities
        centre = (unit.centre / unit.scale).to(location)
        self.zero = -centre  # where zero lies
        self.median, self.location = _positive(location, centre)
        self.sigma = (_LEAST + F.softplus(raw)) / _away(centre)

    def loss(self, answer: Tensor) -> Tensor:
        ratio = (_near(answer) - self.location) / self.median  # answer / median − 1, without cancellation
        z = torch.log1p(ratio.clamp(min=-1 + 1e-6)) / self.sigma
        return z.square() / 2 + self.sigma.log()

    def quantiles(self, probabilities: Sequence[float]) -> Tensor:
        return self._at(_normal_scores(probabilities, self.sigma))

    def draw(self, uniform: Tensor) -> Tensor:
        return self._at(torch.special.ndtri(uniform[..., 0]).to(self.sigma))

    def _at(self, z: Tensor) -> Tensor:
        value = self.location + self.median * torch.expm1((self.sigma * z).clamp(max=50.0))
        return value.maximum(self.zero)  # rounding of a far location would lead below


class NegativeBinomial(Distribution):
    """Counts whose variance is mean + dispersion · mean² (Salinas et al. 2020, section 3.1), in the data's own unit."""

    support = "counts"
    starts = (1.0,)

    def __init__(self, location: Tensor, raw: Tensor, unit: Unit, probabilities: Sequence[float]) -> None:
        del probabilities
        self.unit = unit
        centre = unit.centre / unit.scale
        mean, _ = _positive(location.double(), centre)
        self.mean = (mean * unit.scale).clamp(min=_LEAST_MEAN)
        self.shape = 1 / (_LEAST_DISPERSION + (F.softplus(raw.double()) / _away(centre)).square())

    def loss(self, answer: Tensor) -> Tensor:
        count = self.unit.centre + self.unit.scale * _near(answer)
        return -special.negative_binomial_log_mass(count.round().clamp(min=0), self.mean, self.shape).float()

    def quantiles(self, probabilities: Sequence[float]) -> Tensor:
        wanted = self.mean.new_tensor(probabilities)
        return self._scaled(special.negative_binomial_quantile(wanted, self.mean, self.shape))

    def draw(self, uniform: Tensor) -> Tensor:
        return self._scaled(special.negative_binomial_quantile(uniform[..., 0], self.mean, self.shape))

    def _scaled(self, count: Tensor) -> Tensor:
        return ((count - self.unit.centre) / self.unit.scale).float()


class Empirical(Distribution):
    """As many equally likely values as were drawn: (…, draws), in units of the window."""

    def __init__(self, values: Tensor) -> None:
        self.values = values

    def quantiles(self, probabilities: Sequence[float]) -> Tensor:
        rising, most = self.values.sort(-1).values, self.values.shape[-1] - 1
        # Weibull's places (1939): on average as large a share lies below as is asked for
        at = (rising.new_tensor(probabilities) * (most + 2) - 1).clamp(0, most)
        low = at.floor().long()
        return torch.lerp(rising[..., low], rising[..., (low + 1).clamp(max=most)], at - low)


DISTRIBUTIONS: dict[str, type[Distribution]] = {
    "quantile": Quantiles,
    "point": Point,
    "normal": Normal,
    "student-t": StudentT,
    "log-normal": LogNormal,
    "negative-binomial": NegativeBinomial,
}


def _near(answer: Tensor) -> Tensor:
    return answer[..., None].clamp(-_FARTHEST, _FARTHEST)


def _normal_scores(probabilities: Sequence[float], like: Tensor) -> Tensor:
    return like.new_tensor([NormalDist().inv_cdf(p) for p in probabilities])


def _away(centre: Tensor) -> Tensor:
    """How far 0 is below the centre, in units of the window: turns spreads in these units into shares of a value.

    The mean deviation of what is never negative is at most twice its mean.
    """
    return centre.clamp(min=0.5)


def _positive(location: Tensor, centre: Tensor) -> tuple[Tensor, Tensor]:
    """centre + location where that is well above 0, else what falls towards 0 smoothly; and that without the centre."""
    floor = _FLOOR * centre.clamp(min=1.0)
    value = centre + location
    faded = floor * torch.exp(value.minimum(floor) / floor - 1)
    return torch.where(value > floor, value, faded), torch.where(value > floor, location, faded - centre)
