"""An autoregression of each window, fitted to that window alone: what a series owes to nothing but its own past.

A network learns what all series have in common; what holds of one of them and of no other is seen by a few weights
fitted to it. Knows windows, no networks, and learns nothing of a table: all of its past may judge it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

if TYPE_CHECKING:
    from gatecast.forecast import Origins
    from gatecast.windows import WindowReader

MOST_FITTED = 1000  # newest values of a window
_FEWEST = 8  # values; fewer say nothing
_NEAR, _MOST_NEAR = 12, 52  # lags from 1 on: so many, and at most
_VALUES_A_LAG, _LEAST_A_LAG = 12, 6  # more of them where a window has so many values for each; fewer where it has not
_CYCLES, _MOST_CYCLES = 2, 7  # of a season; of the shorter one, up to the longer
_LOOSE, _LOOSE_DRIFT = 0.3, 0.5  # standard deviations of the weights about a random walk's, and of the drift, in units
_REWEIGHTED = 2  # times
_POSITIVE = 0.02  # of the mean; a window whose values are all above that is read by its logarithms
_STILL = 1e-9  # of its newest value: a window that moves less is constant
_LEAST_NOISE = 1e-6  # squared units
_FIXED = 1e12  # precision of a weight that is none
_BATCH = 32


class _Shape(NamedTuple):
    """Windows as mean changes from their newest value.

    z, known: (batch, context), known is 1 where the series had begun. unit, newest: (batch, 1), of the values or their
    logarithms; unit is 0 where a window is constant, or too short. logarithmic: (batch, 1).
    """

    z: torch.Tensor
    known: torch.Tensor
    unit: torch.Tensor
    newest: torch.Tensor
    logarithmic: torch.Tensor

    @classmethod
    def of(cls, target: torch.Tensor, known: torch.Tensor) -> _Shape:
        """target, known: (batch, context) float64; before a series began its first value is repeated."""
        count = known.sum(1, keepdim=True)
        logarithmic = target.amin(1, keepdim=True) > _POSITIVE * ((target * known).sum(1, keepdim=True) / count).abs()
        values = torch.where(logarithmic, torch.where(logarithmic, target, 1.0).log(), target)
        newest = values[:, -1:]
        unit = values.diff(dim=1).abs().sum(1, keepdim=True) / (count - 1).clamp(min=1)
        unit = torch.where((unit > _STILL * newest.abs()) & (count >= _FEWEST), unit, 0.0)
        z = (values - newest) / torch.where(unit > 0, unit, torch.inf)
        return cls(z, known, unit, newest, logarithmic)

    def in_the_unit_of_the_data(self, ahead: torch.Tensor) -> torch.Tensor:
        """(batch, horizon), the inverse."""
        values = ahead * self.unit + self.newest
        return torch.where(self.logarithmic, values.exp(), values)


@torch.no_grad()
def autoregression_at(reader: WindowReader, origins: Origins, seasons: tuple[int, ...]) -> np.ndarray:
    """Its forecasts from these origins, in the unit of the data: (origins, horizon). Reads nothing after an origin.

    seasons: of `seasons_fitted`. Least squares with the weights of Huber (1964), drawn to a random walk as by Litterman
    (1986), of logarithms where values are positive; then step after step. Where a window is constant, too short or
    beyond computing, its newest value is repeated.
    """
    reader, parts = reader.within(MOST_FITTED), []
    for part in origins.parts(_BATCH):
        batch = reader.read(part, answers=False)
        longest = int(batch.observed.sum(1).max())
        target, known = batch.target[:, -longest:], batch.observed[:, -longest:].double()
        shape = _Shape.of(target, known)
        said = shape.in_the_unit_of_the_data(_ahead(shape, seasons, reader.horizon))
        parts.append(torch.where(said.isfinite() & (shape.unit > 0), said, target[:, -1:]).cpu().numpy())
    return np.concatenate(parts)


def seasons_fitted(seasons: tuple[int, ...]) -> tuple[int, ...]:
    """The two shortest of a table's seasons that a window shows twice."""
    return tuple(season for season in seasons if 2 * season < MOST_FITTED)[:2]


@lru_cache(maxsize=MOST_FITTED)
def lags_of(count: int, seasons: tuple[int, ...]) -> tuple[int, ...]:
    """Those that a window of so many values is fitted by, rising: near ones, and whole seasons and beside them."""
    near = max(1, min(max(_NEAR, count // _VALUES_A_LAG), _MOST_NEAR, count // _LEAST_A_LAG))
    whole = [season * cycle for season in seasons[:1] for cycle in range(1, _cycles(seasons) + 1)]
    about = {lag + beside for lag in (*whole, *seasons[1:]) for beside in (-1, 0, 1) if 2 * (lag + 1) <= count}
    return tuple(sorted(about.union(range(1, near + 1))))


def _cycles(seasons: tuple[int, ...]) -> int:
    """Of the shorter season, with whose lags a window is fitted."""
    return max(_CYCLES, min(_MOST_CYCLES, seasons[-1] // seasons[0]))


def _ahead(shape: _Shape, seasons: tuple[int, ...], horizon: int) -> torch.Tensor:
    """What follows, step after step, no farther from what was than that has spread: (batch, horizon)."""
    listed = [lags_of(int(count), seasons) for count in shape.known.sum(1).tolist()]
    lags = sorted(set().union(*listed))
    weights, drift = _fit(shape, lags, listed)
    spread = shape.z.amax(1) - shape.z.amin(1)
    least, most = shape.z.amin(1) - spread, shape.z.amax(1) + spread
    path, back = shape.z[:, -lags[-1] :], -torch.tensor(lags, device=shape.z.device)
    for _ in range(horizon):
        following = ((path[:, back] * weights).sum(1) + drift).clamp(least, most)
        path = torch.cat([path, following[:, None]], dim=1)
    return path[:, -horizon:]


def _fit(shape: _Shape, lags: list[int], listed: list[tuple[int, ...]]) -> tuple[torch.Tensor, torch.Tensor]:
    """The weights of these lags, 0 where they are none of a window's own, and its drift: (batch, lags), (batch,)."""
    z, device = shape.z, shape.z.device
    own = torch.tensor([[lag in one for lag in lags] for one in listed], device=device)
    first = torch.tensor([one[-1] for one in listed], device=device)  # values that only precede
    counted = shape.known * (shape.known.cumsum(1) > first[:, None])
    padded, context = F.pad(z, (lags[-1], 0)), z.shape[1]
    before = padded.unfold(1, context, 1)[:, [lags[-1] - lag for lag in lags]]
    inputs = torch.cat([before, torch.ones_like(z)[:, None]], dim=1)
    precision = F.pad(torch.where(own, _LOOSE**-2, _FIXED), (0, 1), value=_LOOSE_DRIFT**-2)
    found = _least_squares(inputs, z - before[:, 0], counted, precision)
    found[:, 0] += 1  # what was fitted is what a random walk leaves
    return found[:, :-1], found[:, -1]


def _least_squares(
    inputs: torch.Tensor, answer: torch.Tensor, counted: torch.Tensor, precision: torch.Tensor
) -> torch.Tensor:
    """Robust, about 0: (batch, weights). inputs: (batch, weights, rows). answer, counted (0 or 1): (batch, rows).

    precision: (batch, weights), of the prior. Large errors weigh by their size, as absolute ones would.
    """
    rows = counted.sum(1, keepdim=True).clamp(min=1)
    weight, left = counted, answer
    found = torch.zeros_like(precision)
    for _ in range(1 + _REWEIGHTED):
        noise = ((weight * left**2).sum(1, keepdim=True) / rows).clamp(min=_LEAST_NOISE)
        weighed = inputs * (weight / noise)[:, None]
        normal = weighed @ inputs.mT + torch.diag_embed(precision)
        found = torch.linalg.solve(normal, (weighed @ answer[:, :, None])[:, :, 0])
        left = answer - (found[:, None] @ inputs)[:, 0]
        size = ((counted * left.abs()).sum(1, keepdim=True) / rows).clamp(min=_LEAST_NOISE**0.5)
        weight = counted / (left.abs() / size).clamp(min=1)
    return found
