"""Long-run volatility: intervals are drawn towards what their series has been like in all of its past.

A network sees one context of a series. Where that was calmer or wilder than the rest, it seldom stays so. How much it
is drawn is fixed; held-out windows say whether it is a gain. Knows panels, no networks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from gatecast.evaluation.metrics import interval_score
from gatecast.forecast import Prediction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.forecast import Origins
    from gatecast.panel import Panel

_PULL = 0.2  # power of the ratio of long-run to present volatility that an interval becomes wider by (docs/LOG.md)
_FARTHEST = 20.0  # times; a ratio beyond says that a series has changed its nature
_FEWEST = 30  # changes that say what is usual
_LIKELY = 0.7  # standard errors, from which on a gain is likelier one than chance
_ENOUGH = 500  # independent windows: hundreds of series, whose calm and storm say whether it is a gain


@dataclass(frozen=True)
class Volatility:
    """How far each series moves in the long run, to which the variance of a stationary GARCH process returns
    (Bollerslev, 1986).

    changes: by series, the root mean square of its changes over `period` rows, in the unit of the data; series that are
    not named, or with 0, keep their intervals. typical: the median of these changes over the widths of intervals.
    """

    changes: dict[str, float]
    period: int
    typical: float = 1.0

    @classmethod
    def of(cls, panel: Panel, ends: np.ndarray, period: int) -> Self:
        """Of the first `ends` rows of each series, (series,); not yet held against intervals."""
        return cls(dict(zip(panel.ids, long_run_changes(panel, ends, period).tolist(), strict=True)), period)

    def with_past(self, panel: Panel) -> Self:
        """The same for the changes in all these rows."""
        return replace(self.of(panel, panel.lengths, self.period), typical=self.typical)

    def learn(
        self,
        prediction: Prediction,
        panel: Panel,
        origins: Origins,
        actual: np.ndarray,
        levels: Sequence[float],
        independent: int,
    ) -> Self | None:
        """Held against intervals of held-out windows; None unless interval scores are likely better for it.

        actual: (windows, horizon). independent: how many of the windows do not overlap. Scores are those of the highest
        level, in a unit half-way between what is usual and what is: in either alone, drawing intervals towards it would
        look better than it is.
        """
        changes, width = self._changes(panel, origins), _width(prediction)
        known = (changes > 0) & (width > 0)
        if independent < _ENOUGH or not known.any():
            return None
        found = replace(self, typical=float(np.median(changes[known] / width[known])))
        both, widest = (prediction, found.apply(prediction, panel, origins)), int(np.argmax(levels))
        before, after = (interval_score(actual, one.lower, one.upper, levels)[..., widest].mean(1) for one in both)
        gains = (before - after)[known] / np.sqrt(changes * width)[known]
        return found if gains.mean() > _LIKELY * np.sqrt(gains.var() / (independent - 1)) else None

    def apply(self, prediction: Prediction, panel: Panel, origins: Origins) -> Prediction:
        """Wider intervals where a series has usually moved more, narrower ones where less; the point stays."""
        changes, width = self._changes(panel, origins), _width(prediction)
        known = (changes > 0) & (width > 0)
        ratio = changes / self.typical / np.where(known, width, 1.0)
        wider = np.where(known, ratio.clip(1 / _FARTHEST, _FARTHEST) ** _PULL, 1.0)[:, None, None] - 1
        lower, point, upper = prediction.lower, prediction.point[:, :, None], prediction.upper
        return Prediction(prediction.point, lower - wider * (point - lower), upper + wider * (upper - point))

    def _changes(self, panel: Panel, origins: Origins) -> np.ndarray:
        """Of each window's series, 0 where they are not known: (windows,)."""
        return np.array([self.changes.get(panel.ids[series], 0.0) for series in origins.series])


def long_run_changes(panel: Panel, ends: np.ndarray, period: int) -> np.ndarray:
    """The root mean square of changes over `period` rows among the first `ends` of each series: (series,).

    0 where there are few.
    """
    found = np.zeros(len(panel))
    for k, (start, count) in enumerate(zip(panel.offsets[:-1], ends, strict=True)):
        y = panel.y[start : start + count]
        changes = np.abs(y[period:] - y[:-period])
        if len(changes) >= _FEWEST and (largest := changes.max()) > 0:
            found[k] = largest * np.sqrt(np.mean((changes / largest) ** 2))  # no square is beyond counting
    return found


def _width(prediction: Prediction) -> np.ndarray:
    """Of the widest interval, over the horizon: (windows,)."""
    return (prediction.upper - prediction.lower).max(axis=2).mean(axis=1)
