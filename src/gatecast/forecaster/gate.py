"""The gate before a forecast: how much of the network's word counts beside the best naive base.

Where held-out windows show no skill, the naive forecast is given itself: never worse than naive by design.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatecast.forecast import Prediction

_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_LEAST_GAIN = 0.01  # of the base's error: less is chance


@dataclass(frozen=True)
class Gate:
    """base: which of the network's bases stands in. share: of the network's own forecast; 1 = the base says nothing."""

    base: int = 0
    share: float = 1.0

    @classmethod
    def fit(cls, point: np.ndarray, bases: np.ndarray, actual: np.ndarray, scale: np.ndarray, independent: int) -> Gate:
        """Choose on windows that trained nothing, by mean absolute error in units of each window's scale.

        point, actual: (windows, horizon). bases: (windows, horizon, bases). scale: (windows,), positive.
        independent: how many of the windows do not overlap. The best share is shrunk as its gain over the base is
        small beside its standard error, as James & Stein (1961) shrink a mean.
        """
        unit = scale[:, None]
        by_base = np.abs((actual[..., None] - bases) / unit[..., None]).mean((0, 1))
        base = int(np.argmin(by_base))
        errors = np.stack(
            [np.abs((actual - share * point - (1 - share) * bases[..., base]) / unit).mean(1) for share in _SHARES]
        )  # (shares, windows)
        best = int(np.argmin(errors.mean(1)))
        gains = errors[0] - errors[best]
        gain = gains.mean()
        if gain <= _LEAST_GAIN * errors[0].mean():
            return cls(base, 0.0)
        scatter = gains.var() / independent if independent > 1 else gain**2
        return cls(base, round(float(_SHARES[best] * gain**2 / (gain**2 + scatter)), 3))

    def apply(self, prediction: Prediction, bases: np.ndarray) -> Prediction:
        """Move the forecast towards the base; its intervals move along and keep their width."""
        if self.share == 1.0:
            return prediction
        point = self.share * prediction.point + (1 - self.share) * bases[..., self.base]
        move = (point - prediction.point)[:, :, None]
        return Prediction(point, prediction.lower + move, prediction.upper + move)
