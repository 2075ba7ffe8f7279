"""The gate before a forecast: how much of the network's word counts beside the best of its bases.

Where held-out windows show no skill, the naive forecast is given itself: never worse than naive by design. Where the
linear base, which was fitted as the network was, has skill, the two are halves of one forecast until windows say more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gatecast.runtime import stream

if TYPE_CHECKING:
    from gatecast.forecast import Prediction

_SHARES = np.linspace(-1, 2, 31).round(1)  # beyond 0 … 1, so that chance shows on both sides
_DRAWS = 400
_CAUTION = 4  # times its variance: a share within two standard errors is chance
_FEW = 2  # newest windows that count as much as the whole past
_FARTHEST = 1e30  # units; so far off, a forecast is counted as no farther, and variances stay finite
_LEAST_GAIN = 0.01  # of an error: less is chance
_UNSEEN = 0.5  # of an error: the scatter of a gain that a single window shows
_CONVINCING = 0.5  # of a gain that is believed: it is 1.4 times its standard error


@dataclass(frozen=True)
class Gate:
    """base: which of the network's bases stands in. share: of the network's own forecast; 1 = the base says nothing."""

    base: int = 0
    share: float = 1.0

    @classmethod
    def fit(
        cls,
        point: np.ndarray,
        bases: np.ndarray,
        actual: np.ndarray,
        units: np.ndarray,
        independent: int,
        *,
        linear: bool = False,
        past: tuple[np.ndarray, int] | None = None,
    ) -> Gate:
        """Choose on windows that trained nothing, by mean absolute error in units of each window.

        point, actual: (windows, horizon). bases: (windows, horizon, bases), the last of them fitted to the data if
        `linear`. units: (windows,), positive. independent: how many of the windows do not overlap. The best share is
        moved back as far as it is uncertain: to none beside a naive base, to a half beside the linear one; see
        `_believed`. past: the naive bases' errors (windows, bases) over all that is known, and how many of these
        windows do not overlap; see `choose_base`.
        """
        by_base = errors_of(bases, actual, units)
        base = choose_base(by_base[:, :-1] if linear else by_base, independent, past)
        start = 0.0
        if linear and _kept(by_base[:, base], by_base[:, -1], independent) > _CONVINCING:
            base, start = bases.shape[-1] - 1, 0.5
        mixtures = ((share * point + (1 - share) * bases[..., base])[..., None] for share in _SHARES)
        errors = np.concatenate([errors_of(mixture, actual, units) for mixture in mixtures], axis=1)
        return cls(base, round(_believed(errors, start, independent), 3))

    def apply(self, prediction: Prediction, bases: np.ndarray) -> Prediction:
        """Move the forecast towards the base; its intervals move along and keep their width."""
        if self.share == 1.0:
            return prediction
        return prediction.moved_to(self.share * prediction.point + (1 - self.share) * bases[..., self.base])


def choose_base(newest: np.ndarray, independent: int, past: tuple[np.ndarray, int] | None = None) -> int:
    """The naive base that stands in: the last value, the first of them, unless another is surely better.

    newest: (windows, bases) errors in the held-out windows, and how many of these do not overlap. past: the same of
    all that is known, where the newest are few: naive bases learn nothing, so that windows which trained the network
    may judge them. The newest say what holds now, the past is sure; the more of the newest, the more they count.
    """
    if past is None:
        errors, surely = newest.mean(0), (newest, independent)
    else:
        share = independent / (independent + _FEW)
        errors, surely = share * newest.mean(0) + (1 - share) * past[0].mean(0), past
    best = int(np.argmin(errors))
    return best if _kept(surely[0][:, 0], surely[0][:, best], surely[1]) > 0 else 0


def errors_of(bases: np.ndarray, actual: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Each base's mean absolute error in every window, in its unit: (windows, bases). Arguments as of `Gate.fit`."""
    with np.errstate(over="ignore"):  # what is farther off than can be counted is as far as can be counted
        return np.minimum(np.abs((actual[..., None] - bases) / units[:, None, None]), _FARTHEST).mean(1)


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


def _kept(before: np.ndarray, after: np.ndarray, independent: int) -> float:
    """How much of a gain to believe, 0 … 1. before, after: errors (windows,)."""
    gains = before - after
    gain = float(gains.mean())
    if gain <= _LEAST_GAIN * before.mean():
        return 0.0
    unseen = (_UNSEEN * float(before.mean())) ** 2  # one window tells of no scatter
    scatter = float(gains.var()) / (independent - 1) if independent > 1 else unseen
    return max(0.0, 1 - scatter / gain**2)
