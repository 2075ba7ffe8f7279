"""Joint sample paths: how the errors of one window's steps move together, put through the corrected intervals.

Whatever says which steps go together (a copula of held-out errors, or the paths that a network draws itself), only
the ranks are taken from it (Schaake shuffle: Clark et al. 2004); the values are those of the forecast's own quantiles,
so that paths and intervals never contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch

from gatecast.forecast import Origins
from gatecast.runtime import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.forecast import Prediction
    from gatecast.windows import WindowReader

_STRONGEST = 0.999
_FEW = 4  # windows; so many count for the mean of all steps when a step's own correlation is estimated
_BATCH = 256


@dataclass(frozen=True)
class Dependence:
    """Correlations of neighbouring steps' errors, as normal scores: (horizon − 1,) numbers in −1…1.

    A Gaussian copula of first-order antedependence (Gabriel 1962): given the step before, a step does not depend on
    those before that. The errors of a random walk and of an AR(1) process are so, exactly.
    """

    neighbours: tuple[float, ...]

    @classmethod
    def of_random_walk(cls, horizon: int) -> Self:
        """What is taken for granted where no window was held out."""
        return cls(tuple(float(np.sqrt(h / (h + 1))) for h in range(1, horizon)))

    @classmethod
    def fit(cls, errors: np.ndarray, independent: int) -> Self:
        """Learn from windows that trained nothing. errors: (windows, horizon), in units of each window's scale.

        independent: how many of the windows do not overlap; where they are few, steps borrow from one another.
        """
        if errors.shape[1] == 1:
            return cls(())
        scores = normal_scores(errors, stream(0, "ties"))
        own = (scores[:, 1:] * scores[:, :-1]).mean(0) / np.sqrt(
            (scores[:, 1:] ** 2).mean(0) * (scores[:, :-1] ** 2).mean(0)
        ).clip(min=1e-12)
        weight = independent / (independent + _FEW)
        shrunk = weight * own + (1 - weight) * own.mean()
        return cls(tuple(float(one) for one in np.round(shrunk.clip(-_STRONGEST, _STRONGEST), 6)))

    def draw(self, count: int, draws: np.random.Generator) -> np.ndarray:
        """Normal variables that go together so: (count, horizon)."""
        fresh = draws.standard_normal((count, len(self.neighbours) + 1))
        for step, rho in enumerate(self.neighbours, start=1):
            fresh[:, step] = rho * fresh[:, step - 1] + np.sqrt(1 - rho**2) * fresh[:, step]
        return fresh


def normal_scores(values: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Each value's rank among those of its column as a normal variable; (n, columns) both. Equal values by lot.

    The k-th of n lies anywhere between the k-th and the next of n equally likely parts (a Latin hypercube: McKay,
    Beckman & Conover 1979), so that even a few paths spread as the whole distribution does.
    """
    n = len(values)
    order = np.lexsort((draws.random(values.shape), values), axis=0)
    rank = np.argsort(order, axis=0)
    place = ((rank + draws.random(values.shape)) / n).clip(1e-9, 1 - 1e-9)
    return torch.special.ndtri(torch.from_numpy(place)).numpy()


def through_quantiles(
    prediction: Prediction, levels: Sequence[float], paths: Sequence[np.ndarray], keys: Sequence[str], seed: int
) -> np.ndarray:
    """Paths with the ranks of `paths`, each (count, horizon), and the quantiles of `prediction`.

    Between two quantiles, and beyond the last, a value is as far along as its normal score: (n, count, horizon).
    """
    reach = [NormalDist().inv_cdf(0.5 + level / 200) for level in levels]
    at = np.array([*(-z for z in reversed(reach)), 0.0, *reach])  # (quantiles,)
    value = np.concatenate([prediction.lower[..., ::-1], prediction.point[..., None], prediction.upper], axis=-1)
    result = np.empty((len(paths), *paths[0].shape))
    steps = np.arange(value.shape[1])
    for k, (own, key) in enumerate(zip(paths, keys, strict=True)):
        z = normal_scores(own, stream(seed, "places", key))  # (count, horizon)
        right = np.searchsorted(at, z).clip(1, len(at) - 1)
        low, high = value[k][steps, right - 1], value[k][steps, right]
        share = (z - at[right - 1]) / (at[right] - at[right - 1])
        result[k] = low + share * (high - low)
    return result


@torch.no_grad()
def own_paths(networks: Sequence[Any], reader: WindowReader, origins: Origins, count: int) -> list[np.ndarray]:
    """The paths that networks which are `sampled` draw themselves, in units of each window, shared out among them."""
    found: list[np.ndarray] = []
    for part in origins.parts(_BATCH):
        batch = reader.read(part, answers=False)
        shares = np.array_split(np.arange(count), len(networks))
        drawn = [
            network.paths(batch, len(share), first=int(share[0]))
            for network, share in zip(networks, shares, strict=True)
            if len(share)
        ]
        found += list(torch.cat(drawn, dim=1).double().cpu().numpy())
    return found
