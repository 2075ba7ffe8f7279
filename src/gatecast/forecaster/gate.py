"""The gate before a forecast: how much of the network's word counts beside the best of its bases.

Where held-out windows show no skill, a naive forecast is given, or several together: never worse than naive by design.
Where other bases than the last value have skill, they and the network are halves of one forecast until windows say
more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gatecast.forecast import Prediction
from gatecast.runtime import stream

_SHARES = np.linspace(-1, 2, 31).round(1)  # beyond 0 … 1, so that chance shows on both sides
_DRAWS = 400
_CAUTION = 4  # times its variance: a share within two standard errors is chance
_MANY = 65  # independent windows, of which a gain must be sure; of fewer, they need be less so
_FEW = 2  # newest windows that count as much as the whole past
_FARTHEST = 1e30  # units; so far off, a forecast is counted as no farther, and variances stay finite
_LEAST_GAIN = 0.01  # of an error: less is chance
_UNSEEN = 0.5  # of an error: the scatter of a gain that a single window shows
_SHARPNESS = 1.5  # by so many powers of e a base weighs less for each standard error that it is worse than the best
_CREDIT = 1.0  # standard errors by which the pretrained network counts as better than it was
_SURE = 2.0  # times its variance: a gain of 1.4 standard errors
_SURELY_MIXED = 3.0  # for a mixture in place of the last value: the more bases, the more often one is better by chance
_HALF_SURE = 1.0  # for halves, which are less of a risk
_FEWEST_HALVED = 6  # independent windows; of fewer, a network that knows no season gets no half
_LEAST_WEIGHT = 0.01  # of the best base's: who says less is not heard
_TINY = 1e-12  # errors; what scatters less differs for sure


class Known(NamedTuple):
    """Windows whose answers are known, with what the bases forecast of them.

    bases: (windows, horizon, bases). actual: (windows, horizon). units: (windows,), positive, in which errors count.
    independent: how many of the windows do not overlap.
    """

    bases: np.ndarray
    actual: np.ndarray
    units: np.ndarray
    independent: int

    def errors(self, forecasts: np.ndarray) -> np.ndarray:
        """Of forecasts of these windows: (windows, horizon, …) → (windows, …)."""
        return errors_of(forecasts, self.actual, self.units)


@dataclass(frozen=True)
class Gate:
    """Who stands in for the network, and how much of its own word counts.

    base: which of the network's bases stands in. share: of the network's own forecast; 1 = the base says nothing.
    weights: where several naive bases stand in together, what each of them says, adding up to 1; `base` says most.
    """

    base: int = 0
    share: float = 1.0
    weights: tuple[float, ...] = ()

    @classmethod
    def fit(
        cls,
        point: np.ndarray,
        newest: Known,
        *,
        linear: bool = False,
        pretrained: bool = False,
        seasonal: bool = False,
        past: Known | None = None,
    ) -> Gate:
        """Choose on windows that trained nothing, by mean absolute error in units of each window.

        point: (windows, horizon). newest: the same windows, and the bases there, the last of them fitted to the data
        if `linear`, and before it what the pretrained network says if `pretrained`. The best share is moved back as
        far as it is uncertain: to none beside the last value, to a half beside other bases; see `_believed`. seasonal:
        whether the network knows a season; see `_halves`. past: naive bases in all that is known; see `naive_weights`.
        """
        independent = newest.independent
        naive = newest._replace(bases=newest.bases[..., :-1]) if linear else newest
        weights = naive_weights(naive, past, pretrained=pretrained)
        base = mixture(naive.bases, weights)
        none = newest.errors(base)
        half = newest.errors(0.5 * point + 0.5 * base)
        start = 0.5 if weights[0] < 1 and _halves(none, half, independent, seasonal=seasonal) else 0.0
        if linear and _kept(none, newest.errors(newest.bases[..., -1]), independent, _SURE):
            weights, base, start = np.eye(newest.bases.shape[-1])[-1], newest.bases[..., -1], 0.5
        errors = np.stack([newest.errors(share * point + (1 - share) * base) for share in _SHARES], axis=-1)
        share = round(_believed(errors, start, independent), 3)
        alone = np.count_nonzero(weights) == 1
        return cls(int(np.argmax(weights)), share, () if alone else tuple(weights.tolist()))

    def weight(self, base: int) -> float:
        """What this base says of the forecast that stands in."""
        if not self.weights:
            return float(base == self.base)
        return self.weights[base] if base < len(self.weights) else 0.0

    def without(self, base: int) -> Gate:
        """The same where this base, which has no weight, is not among them."""
        return Gate(self.base - (self.base > base), self.share, self.weights[:base] + self.weights[base + 1 :])

    def apply(
        self,
        prediction: Prediction,
        bases: np.ndarray,
        pretrained: Prediction | None = None,
        odds: np.ndarray | float = 1.0,
    ) -> Prediction:
        """Move the forecast towards the base; its intervals move along and keep their width.

        Where a pretrained network forecasts too, its widths count as the base does. odds: (windows,), how many times as
        large the odds of the network's share are in each; see `Odds`.
        """
        if self.share == 1.0:
            return prediction
        base = mixture(bases, np.array(self.weights)) if self.weights else bases[..., self.base]
        share = np.reshape(self.share * odds / (1 + self.share * (odds - 1)), (-1, 1))
        moved = prediction.moved_to(share * prediction.point + (1 - share) * base)
        if pretrained is None:
            return moved
        pairs = zip(moved, pretrained.moved_to(moved.point), strict=True)
        return Prediction(*((share.T * own.T + (1 - share.T) * other.T).T for own, other in pairs))


def errors_of(forecasts: np.ndarray, actual: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Mean absolute error in every window, in its unit: (windows, horizon, …) → (windows, …)."""
    with np.errstate(over="ignore"):  # what is farther off than can be counted is as far as can be counted
        return np.minimum(np.abs((forecasts.T - actual.T) / units).T, _FARTHEST).mean(1)


def mixture(bases: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(…, bases) → (…), by those of the first bases that have a weight: another may be beyond computing.

    Of bases that say the same exactly that: a constant series is forecast as constant.
    """
    first, *others = np.flatnonzero(weights)
    others = np.array(others, int)
    return bases[..., first] + (bases[..., others] - bases[..., [first]]) @ weights[others]


def naive_weights(newest: Known, past: Known | None = None, *, pretrained: bool = False) -> np.ndarray:
    """What each naive base says of the forecast that stands in: (bases,), adding up to 1.

    The last value alone, the first of them, unless a mixture is likely better, in which each weighs as it is good (see
    `_SHARPNESS`); and the best alone where it is surely better than that. pretrained: the last of them is no naive
    forecast, but what the pretrained network says, which has some credit. past: where the newest windows are few, those
    of all that is known: naive bases learn nothing, so that windows which trained the network may judge them. The
    newest say what holds now, the past is sure; the more of the newest, the more they count.
    """
    surely, by_base = newest, newest.errors(newest.bases)
    errors = by_base.mean(0)
    if past is not None:
        share = newest.independent / (newest.independent + _FEW)
        surely, by_base = past, past.errors(past.bases)
        errors = share * errors + (1 - share) * by_base.mean(0)
    best = int(np.argmin(errors))
    scatter = _variance(by_base - by_base[:, [best]], by_base[:, best], surely.independent) ** 0.5
    worse = (errors - errors[best]) / np.maximum(scatter, _TINY)  # standard errors
    worse[-1] -= _CREDIT * pretrained
    weights = np.exp(-_SHARPNESS * (worse - worse.min()))
    weights = np.where(weights < _LEAST_WEIGHT, 0.0, weights) / weights[weights >= _LEAST_WEIGHT].sum()
    last, alone = np.eye(len(weights))[[0, best]]
    mixed = surely.errors(mixture(surely.bases, weights))
    if not _kept(by_base[:, 0], mixed, surely.independent, _caution(surely.independent, _SURELY_MIXED)):
        return last
    return alone if _kept(mixed, by_base[:, best], surely.independent, _SURE) else weights


def _halves(none: np.ndarray, half: np.ndarray, independent: int, *, seasonal: bool) -> bool:
    """Whether a forecast with half of the network's word is likely better. none, half: errors (windows,).

    The more windows do not overlap, the surer it must be. A network learns a season well of few windows; without one
    it needs to have shown more than chance.
    """
    enough = seasonal or independent >= _FEWEST_HALVED
    return enough and _kept(none, half, independent, _caution(independent, _HALF_SURE)) > 0


def _caution(independent: int, most: float) -> float:
    """How many times its variance a gain must be; of one window it is enough that a forecast is better there."""
    return most * min(1.0, (independent - 1) / (_MANY - 1))


def _believed(errors: np.ndarray, start: float, independent: int) -> float:
    """The share with the least error, 0 … 1, moved back towards `start` by the positive part of James & Stein (1961).

    errors: (windows, shares), of `_SHARES`. The variance of the best share is that among samples of as many windows as
    are independent (the bootstrap of m out of n; Bickel, Götze & van Zwet, 1997).
    """
    best = _SHARES[np.argmin(errors.mean(0))]
    within = float(np.clip(best, 0, 1))
    before, after = (errors[:, np.argmin(np.abs(_SHARES - share))] for share in (start, within))
    halves = start > 0  # two fitted forecasts are good together as they stand: what is gained by more must be sure
    if halves or independent == 1 or before.mean() - after.mean() <= _LEAST_GAIN * before.mean():
        return start + _kept(before, after, independent) * (within - start)
    chances = np.full(len(errors), 1 / len(errors))
    samples = stream(0, "gate").multinomial(independent, chances, size=_DRAWS)
    found = _SHARES[np.argmin(samples @ errors, axis=1)]
    variance = np.mean((found - best) ** 2) * independent / (independent - 1)
    return start + max(0.0, 1 - _CAUTION * float(variance) / (within - start) ** 2) * (within - start)


def _kept(before: np.ndarray, after: np.ndarray, independent: int, caution: float = 1.0) -> float:
    """How much of a gain to believe, 0 … 1. before, after: errors (windows,). caution: times its variance."""
    gains = before - after
    gain = float(gains.mean())
    if gain <= _LEAST_GAIN * before.mean():
        return 0.0
    return max(0.0, 1 - caution * float(_variance(gains, before, independent)) / gain**2)


def _variance(gains: np.ndarray, before: np.ndarray, independent: int) -> np.ndarray:
    """Of mean gains: (windows, …) → (…). One window tells of no scatter. before: errors (windows,)."""
    if independent > 1:
        return gains.var(0) / (independent - 1)
    return np.full(gains.shape[1:], (_UNSEEN * before.mean()) ** 2)
