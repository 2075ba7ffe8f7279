"""The gate before a forecast: how much of the network's word counts beside the best of its bases.

Where held-out windows show no skill, the naive forecast is given itself: never worse than naive by design. Where the
linear base, which was fitted as the network was, has skill, the two are halves of one forecast until windows say more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatecast.forecast import Prediction

_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_FEW = 2  # newest windows that count as much as the whole past
_FARTHEST = 1e30  # units; so far off, a forecast is counted as no farther, and variances stay finite
_LEAST_GAIN = 0.01  # of an error: less is chance
_UNSEEN = 0.5  # of an error: the scatter of a gain that a single window shows
_CONVINCING = 0.75  # of a gain that is believed: it is twice its standard error


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
        shrunk as its gain is small beside its standard error, by the positive part of James & Stein (1961): towards
        none beside a naive base, towards a half beside the linear one. past: the naive bases' errors (windows, bases)
        over all that is known, and how many of these windows do not overlap; see `choose_base`.
        """
        by_base = errors_of(bases, actual, units)
        base = choose_base(by_base[:, :-1] if linear else by_base, independent, past)
        start = _SHARES.index(0.0)
        if linear and _kept(by_base[:, base], by_base[:, -1], independent) > _CONVINCING:
            base, start = bases.shape[-1] - 1, _SHARES.index(0.5)
        mixtures = np.stack([share * point + (1 - share) * bases[..., base] for share in _SHARES], axis=-1)
        errors = errors_of(mixtures, actual, units)  # (windows, shares)
        best = int(np.argmin(errors.mean(0)))
        kept = _kept(errors[:, start], errors[:, best], independent)
        return cls(base, round(_SHARES[start] + kept * (_SHARES[best] - _SHARES[start]), 3))

    def apply(self, prediction: Prediction, bases: np.ndarray) -> Prediction:
        """Move the forecast towards the base; its intervals move along and keep their width."""
        if self.share == 1.0:
            return prediction
        point = self.share * prediction.point + (1 - self.share) * bases[..., self.base]
        move = (point - prediction.point)[:, :, None]
        return Prediction(point, prediction.lower + move, prediction.upper + move)


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


def _kept(before: np.ndarray, after: np.ndarray, independent: int) -> float:
    """How much of a gain to believe, 0 … 1. before, after: errors (windows,)."""
    gains = before - after
    gain = float(gains.mean())
    if gain <= _LEAST_GAIN * before.mean():
        return 0.0
    unseen = (_UNSEEN * float(before.mean())) ** 2  # one window tells of no scatter
    scatter = float(gains.var()) / (independent - 1) if independent > 1 else unseen
    return max(0.0, 1 - scatter / gain**2)
