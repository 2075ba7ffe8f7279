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
from gatecast.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.forecast import Origins
    from gatecast.panel import Panel

_PULL = 0.2  # power of the ratio of long-run to present volatility that an interval becomes wider by (docs/LOG.md)
_FARTHEST = 20.0  # times; a ratio beyond says that a series has changed its nature
_FEWEST = 30  # changes that say what is usual
_LIKELY = 0.7  # standard errors, from which on a gain is likelier one than chance
_ENOUGH = 500  # independent windows: hundreds of series, whose calm and storm say whether it is a gain
SAID = Text(
    "Intervals are drawn towards how much each series has moved in all of its past: calm and storm seldom last.",
    "区间会向各序列在全部历史中的常见波动靠拢：平静与剧烈都很少持久。",
)


@dataclass(frozen=True)
class Volatility:
    """How far each series moves in the long run, to which the variance of a stationary GARCH process returns
    (Bollerslev, 1986).

    changes: by series, the root mean square of its changes over `period` rows, in the unit of the data; series that are
    not named, or with 0, keep their intervals. typical: the median of these changes over the widths of intervals.
    """

    changes: dict[str, float]
    typical: float
    period: int

    @classmethod
    def learn(
        cls,
        past: Panel,
        origins: Origins,
        prediction: Prediction,
        actual: np.ndarray,
        levels: Sequence[float],
        period: int,
        independent: int,
    ) -> Self | None:
        """From held-out windows, where interval scores are likely better for it; else None.

        past: the rows before all of them. actual: (windows, horizon). independent: how many do not overlap. Scores are
        those of the highest level, in a unit half-way between what is usual and what is: in either alone, drawing
        intervals towards it would look better than it is.
        """
        changes, width = long_run_changes(past, period), _width(prediction)
        ratio = changes[origins.series] / np.where(width > 0, width, np.inf)
        known = np.isfinite(ratio) & (ratio > 0)
        if independent < _ENOUGH or not known.any():
            return None
        told = dict(zip(past.ids, changes.tolist(), strict=True))
        found = cls(told, float(np.median(ratio[known])), period)
        both, widest = (prediction, found.apply(prediction, past, origins)), int(np.argmax(levels))
        before, after = (interval_score(actual, one.lower, one.upper, levels)[..., widest].mean(1) for one in both)
        gains = (before - after)[known] / np.sqrt(changes[origins.series] * width)[known]
        return found if gains.mean() > _LIKELY * np.sqrt(gains.var() / (independent - 1)) else None

    def with_past(self, panel: Panel) -> Self:
        """The same for the changes in all these rows."""
        changes = long_run_changes(panel, self.period)
        return replace(self, changes=dict(zip(panel.ids, changes.tolist(), strict=True)))

    def apply(self, prediction: Prediction, panel: Panel, origins: Origins) -> Prediction:
        """Wider intervals where a series has usually moved more, narrower ones where less; the point stays."""
        changes = np.array([self.changes.get(name, 0.0) for name in panel.ids])[origins.series]
        width = _width(prediction)
        known = (changes > 0) & (width > 0)
        ratio = changes / np.where(known, self.typical * width, 1.0)
        factor = np.where(known, ratio.clip(1 / _FARTHEST, _FARTHEST) ** _PULL, 1.0)[:, None, None]
        point = prediction.point[:, :, None]
        return Prediction(
            prediction.point, point + factor * (prediction.lower - point), point + factor * (prediction.upper - point)
        )


def long_run_changes(panel: Panel, period: int) -> np.ndarray:
    """The root mean square of each series' changes over `period` rows, 0 where it has few of them: (series,)."""
    found = np.zeros(len(panel))
    for k, (start, stop) in enumerate(zip(panel.offsets[:-1], panel.offsets[1:], strict=True)):
        y = panel.y[start:stop]
        changes = np.abs(y[period:] - y[:-period])
        if len(changes) >= _FEWEST and (largest := changes.max()) > 0:
            found[k] = largest * np.sqrt(np.mean((changes / largest) ** 2))  # no square is beyond counting
    return found


def _width(prediction: Prediction) -> np.ndarray:
    """Of the widest interval, over the horizon: (windows,)."""
    return (prediction.upper - prediction.lower).max(axis=2).mean(axis=1)
