"""What each series' own held-out windows say of network and base: the one that was better there weighs more there.

One share for all hides that a network forecasts some series far better than others, and the same ones again. Knows
panels and the gate, no networks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from gatecast.forecast import Origins, Prediction
    from gatecast.forecaster.gate import Gate, Known
    from gatecast.panel import Panel

_ENOUGH = 500  # independent windows: hundreds of series, so that chance in one of them costs little
_FARTHEST = 100.0  # times; more than this no series is believed
_SMALLEST = 0.01  # of a mean error: what is smaller counts as so small
_SHARES = np.linspace(0.05, 0.95, 19).round(2)


@dataclass(frozen=True)
class Odds:
    """The odds of the network's word in each series, as times those of all: by id; of series not named, they are 1.

    As the inverse squares of both errors, by which Bates & Granger (1969) combine two forecasts.
    """

    by_series: dict[str, float]

    @classmethod
    def learn(
        cls, gate: Gate, prediction: Prediction, newest: Known, panel: Panel, origins: Origins
    ) -> tuple[Self | None, Gate]:
        """From windows that trained nothing, and the gate with the network's share beside these odds.

        prediction: the networks', from these origins. newest: the answers there, and what the bases forecast. The share
        is half-way between the gate's and the best with the odds: they were learnt from the same windows, which
        flatter them. None, and the gate as it was, where there are too few windows, or only one of both has a say.
        """
        if newest.independent < _ENOUGH or gate.share in (0, 1):
            return None, gate
        base = replace(gate, share=0.0).apply(prediction, newest.bases)
        both = np.stack([newest.errors(one.point) for one in (prediction, base)])
        series, place = np.unique(origins.series, return_inverse=True)
        ours, theirs = (np.bincount(place, one + _SMALLEST * both.mean()) for one in both)
        times = ((theirs / ours) ** 2).clip(1 / _FARTHEST, _FARTHEST)
        found = cls(dict(zip([panel.ids[k] for k in series], times.tolist(), strict=True)))
        tried = [replace(gate, share=float(share)) for share in _SHARES]
        mixed = (one.apply(prediction, newest.bases, odds=times[place]) for one in tried)
        best = _SHARES[int(np.argmin([newest.errors(one.point).mean() for one in mixed]))]
        return found, replace(gate, share=round(float(gate.share + best) / 2, 3))

    def of(self, panel: Panel, origins: Origins) -> np.ndarray:
        """(origins,)."""
        return np.array([self.by_series.get(panel.ids[series], 1.0) for series in origins.series])
