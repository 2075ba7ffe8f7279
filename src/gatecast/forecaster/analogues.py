"""Analogues: the windows of the past, of all series, that are most like the newest one, and what followed them.

A network forgets the single window; in a large table one often returns almost as it was. How far analogues move its
forecast is learnt on held-out windows, and they say nothing where they are no gain. Knows panels, no networks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import torch

from gatecast.forecaster.gate import errors_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatecast.forecast import Origins, Prediction
    from gatecast.panel import Panel

MOST_LEARNT = 2048  # held-out windows that say how much analogues count; looking each up takes its time
_HORIZONS = 4  # that a window spans; half a horizon earlier, a value counts half as much
_NEAREST = 10
_CLOSEST = 0.01  # deviations; what is nearer counts as near as this
_POWER = 4  # of the distance, by which an analogue counts less
_REACHES = (0.05, 0.1)
_STRENGTHS = np.linspace(0.1, 1, 10).round(1)
_STILL = 1e-9  # of its level: a window that moves less is constant
_FARTHEST = 1e4  # deviations that what followed may lie off
_SMALLEST, _LEAST_GAIN = 0.01, 0.01  # of an error: what is smaller counts as so small; a gain that is less is chance
_CHUNK, _PART = 8192, 1024  # windows of the past, and newest ones, that are compared at once


class Said(NamedTuple):
    """What the analogues of some windows say.

    distance: (windows,), of the nearest one; infinite where the window is constant, or has none. point: (windows,
    horizon), the weighted median of what followed them.
    """

    distance: np.ndarray
    point: np.ndarray

    def nearness(self, reach: float) -> np.ndarray:
        """1 within reach, less beyond: (windows, 1)."""
        return np.minimum(1.0, reach / self.distance)[:, None]


@dataclass(frozen=True)
class Analogues:
    """The method of analogues (Lorenz, 1969), weighted by distance as a kernel forecast is (Nadaraya, 1964).

    values, offsets: the past, as in `Panel`: (rows,) float64, (series + 1,). strength: the share of the forecast that
    near analogues have, 0 … 1. reach: the distance, in deviations of a window, up to which they have all of it;
    farther ones have less, as 1 / distance.
    """

    values: np.ndarray
    offsets: np.ndarray
    horizon: int
    strength: float = 0.0
    reach: float = _REACHES[0]

    @classmethod
    def of(cls, panel: Panel, horizon: int) -> Self:
        """All that is known, without a say yet."""
        return cls(panel.y.copy(), panel.offsets, horizon)

    def with_past(self, panel: Panel) -> Self:
        """The same say for the analogues of all these rows."""
        return replace(self, values=panel.y.copy(), offsets=panel.offsets)

    def at(self, panel: Panel, origins: Origins) -> Said:
        """What the analogues of these windows say."""
        starts, newest = self._starts(), origins.newest(panel)
        if not len(starts):
            return Said(np.full(len(newest), np.inf), np.repeat(panel.y[newest][:, None], self.horizon, axis=1))
        rows = newest[:, None] + np.arange(1 - _HORIZONS * self.horizon, 1)
        windows = panel.y[np.maximum(rows, panel.offsets[origins.series][:, None])]  # its first value before a series
        shapes, centre, scale = self._shapes(windows)
        likeness, found = self._nearest(torch.from_numpy(shapes), starts)
        distance = np.sqrt(np.maximum(2 - 2 * likeness, _CLOSEST**2))  # of two shapes, which have norm 1
        weights = (distance[:, :1] / distance) ** _POWER
        followed = np.concatenate([self._median(found[part], weights[part]) for part in _parts(len(found))])
        moves = np.isfinite(scale)
        return Said(np.where(moves[:, 0], distance[:, 0], np.inf), centre + np.where(moves, scale, 0.0) * followed)

    def learn(self, said: Said, point: np.ndarray, actual: np.ndarray, units: np.ndarray, independent: int) -> Self:
        """With the strength and the reach that are best beside the networks, on windows that neither has seen.

        point, actual: (windows, horizon). units: (windows,), positive, in which errors count. independent: how many of
        the windows do not overlap. The strength is lowered as far as its gain may be chance, to nothing at last.
        """
        before, best = errors_of(point, actual, units), self
        least = before.mean()
        for reach in _REACHES:
            move = said.nearness(reach) * (said.point - point)
            errors = errors_of(point[..., None] + move[..., None] * _STRENGTHS, actual, units)
            k = int(errors.mean(0).argmin())
            if errors[:, k].mean() < least:
                least = errors[:, k].mean()
                strength = _STRENGTHS[k] * _believed(before, errors[:, k], independent)
                best = replace(self, strength=round(float(strength), 3), reach=reach)
        return best

    def apply(self, prediction: Prediction, said: Said) -> Prediction:
        """Move the forecast towards what the analogues say; its intervals move along and keep their width."""
        share = self.strength * said.nearness(self.reach)
        return prediction.moved_to(prediction.point + share * (said.point - prediction.point))

    def _nearest(self, asked: torch.Tensor, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(windows, length) → how alike the most similar are, falling, and where they start: two of (windows, k)."""
        likeness = torch.full((len(asked), _NEAREST), -torch.inf)
        places = torch.zeros(likeness.shape, dtype=torch.int64)
        for first in range(0, len(starts), _CHUNK):
            windows = self._read(starts[first : first + _CHUNK], 0, _HORIZONS * self.horizon)
            past = torch.from_numpy(self._shapes(windows)[0])
            for part in _parts(len(asked)):
                found, place = (asked[part] @ past.T).topk(min(_NEAREST, len(past)))
                likeness[part], which = torch.cat([likeness[part], found], dim=1).topk(_NEAREST)
                places[part] = torch.cat([places[part], place + first], dim=1).gather(1, which)
        return likeness.double().numpy(), starts[places.numpy()]

    def _median(self, starts: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Of what followed these windows, in units of each: (windows, k) twice → (windows, horizon)."""
        length = _HORIZONS * self.horizon
        _, centre, scale = self._shapes(self._read(starts.ravel(), 0, length))
        with np.errstate(over="ignore"):  # clipped
            followed = (self._read(starts.ravel(), length, self.horizon) - centre) / scale
        followed = followed.clip(-_FARTHEST, _FARTHEST).reshape(*starts.shape, self.horizon)
        order = followed.argsort(axis=1)
        shares = np.take_along_axis(np.broadcast_to(weights[:, :, None], followed.shape), order, axis=1).cumsum(axis=1)
        middle = (2 * shares >= shares[:, -1:]).argmax(axis=1, keepdims=True)
        return np.take_along_axis(followed, np.take_along_axis(order, middle, axis=1), axis=1)[:, 0]

    def _starts(self) -> np.ndarray:
        """The rows where windows begin whose horizon is known."""
        last = self.offsets[1:] - (_HORIZONS + 1) * self.horizon
        return np.concatenate([np.arange(a, b + 1) for a, b in zip(self.offsets[:-1], last, strict=True)])

    def _read(self, starts: np.ndarray, skip: int, count: int) -> np.ndarray:
        return self.values[starts[:, None] + np.arange(skip, skip + count)]

    def _shapes(self, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(n, length) → about their mean and of norm 1, float32; mean, and deviation, infinite if constant: (n, 1).

        New values weigh most: the product of two shapes is the weighted correlation of their windows.
        """
        weights = 0.5 ** (np.arange(windows.shape[1])[::-1, None] / (self.horizon / 2))
        weights /= weights.sum()
        centre = windows @ weights
        with np.errstate(over="ignore"):  # a deviation beyond computing counts as none
            scale = np.sqrt((windows - centre) ** 2 @ weights)
        scale = np.where(scale > _STILL * np.abs(centre), scale, np.inf)
        return ((windows - centre) / scale * np.sqrt(weights[:, 0])).astype(np.float32), centre, scale


def _believed(before: np.ndarray, after: np.ndarray, independent: int) -> float:
    """How much of a gain is no chance, 0 … 1, as James & Stein (1961) shrink. before, after: errors (windows,).

    By ratios of errors: of a mean of errors, a few large ones would be most, and its chance too.
    """
    least = _SMALLEST * before.mean()
    gains = np.log((before + least) / (after + least))
    gain, scatter = float(gains.mean()), float(gains.var()) / max(1, independent - 1)
    return max(0.0, 1 - scatter / gain**2) if independent > 1 and gain > _LEAST_GAIN else 0.0


def _parts(count: int) -> Iterator[slice]:
    return (slice(start, start + _PART) for start in range(0, count, _PART))
