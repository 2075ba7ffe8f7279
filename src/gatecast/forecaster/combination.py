"""What a combination of forecasts learns, on held-out windows that trained none of them. Knows no networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from gatecast.conformal import Correction
from gatecast.ensemble import LEARNT, Rule, combine, learn_weights
from gatecast.evaluation import naive_scale
from gatecast.forecast import Prediction
from gatecast.training.split import minimum_length, split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.forecast import Origins
    from gatecast.panel import Panel

_MOST_WINDOWS = 2048


@dataclass(frozen=True)
class Fold:
    """A past to train on, and windows after it that judge.

    actual: (windows, horizon). scale: (windows,). independent: how many windows do not overlap.
    """

    panel: Panel
    past: Panel
    origins: Origins
    actual: np.ndarray
    scale: np.ndarray
    independent: int

    @classmethod
    def of(cls, panel: Panel, horizon: int) -> Self | None:
        """The rows that every forecaster holds out; None where the rows before them are too few to train on."""
        shares = split(panel, horizon)
        origins = shares.held_out(_MOST_WINDOWS)
        if not len(origins.series) or shares.train.max() < minimum_length(horizon):
            return None
        rows = (panel.offsets[origins.series] + origins.ends)[:, None] + np.arange(horizon)
        scale = naive_scale(panel, origins)
        return cls(panel, panel.until(shares.train), origins, panel.y[rows], scale, shares.independent())


@dataclass(frozen=True)
class Combination:
    """A rule with what it has learnt.

    weights: (members,); None = all alike. correction: of the combined intervals; None = none was learnt.
    """

    rule: Rule
    weights: np.ndarray | None = None
    correction: Correction | None = None

    @classmethod
    def learn(cls, rule: Rule, predictions: Sequence[Prediction], fold: Fold, levels: Sequence[float]) -> Self:
        """predictions: of members that were trained on the fold's past, from its origins."""
        weights = None
        if rule in LEARNT:
            weights = learn_weights(rule, np.stack([one.point for one in predictions]), fold.actual, fold.scale)
        combined = combine(rule, predictions, weights)
        correction = Correction.fit(combined, fold.actual, fold.scale, levels, fold.independent)
        return cls(rule, weights, correction)

    def of(self, predictions: Sequence[Prediction], panel: Panel, origins: Origins) -> Prediction:
        """The members' predictions from these origins as one. Reads nothing after an origin."""
        combined = combine(self.rule, predictions, self.weights)
        return combined if self.correction is None else self.correction.apply(combined, naive_scale(panel, origins))

    def of_first(self, members: int) -> Combination:
        """Of so many members, where the others were never trained."""
        if self.weights is None or members == len(self.weights):
            return self
        weights = self.weights[:members]
        return Combination(self.rule, weights / weights.sum() if weights.any() else None, self.correction)
