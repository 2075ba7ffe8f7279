"""What a combination of forecasts learns, on held-out windows that trained none of them. Knows no networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gatecast.conformal import Correction
from gatecast.ensemble import LEARNT, Rule, combine, learn_weights
from gatecast.evaluation import naive_scale
from gatecast.forecast import Prediction
from gatecast.keeping.form import CorrectionForm
from gatecast.keeping.sense import check_correction, require
from gatecast.training.split import minimum_length, split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.forecast import Origins
    from gatecast.panel import Panel

_MOST_WINDOWS = 2048


@dataclass(frozen=True)
class CombinationForm:
    """`Combination` as plain numbers."""

    rule: Rule
    weights: tuple[float, ...] | None
    correction: CorrectionForm | None


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
        actual, scale = panel.y[origins.following(panel, horizon)], naive_scale(panel, origins)
        return cls(panel, panel.until(shares.train), origins, actual, scale, shares.independent())


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
        return self.at_scale(predictions, self.scale(panel, origins))

    def at_scale(self, predictions: Sequence[Prediction], scale: np.ndarray | None) -> Prediction:
        """The same, where `scale` is known and the rows that it was measured on may be gone."""
        combined = combine(self.rule, predictions, self.weights)
        return combined if self.correction is None or scale is None else self.correction.apply(combined, scale)

    def scale(self, panel: Panel, origins: Origins) -> np.ndarray | None:
        """(origins,) what the correction counts in, from the whole past of each; None where there is no correction."""
        return None if self.correction is None else naive_scale(panel, origins)

    def of_first(self, members: int) -> Combination:
        """Of so many members, where the others were never trained."""
        if self.weights is None or members == len(self.weights):
            return self
        weights = self.weights[:members]
        return Combination(self.rule, weights / weights.sum() if weights.any() else None, self.correction)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON."""
        return {
            "rule": self.rule,
            "weights": None if self.weights is None else self.weights.tolist(),
            "correction": None if self.correction is None else self.correction.to_dict(),
        }

    @classmethod
    def from_form(cls, told: CombinationForm, members: int, horizon: int, levels: tuple[float, ...]) -> Self:
        """The inverse of `to_dict`. Raises: ArtifactError unless it is a combination of so many such members."""
        weights = None if told.weights is None else np.array(told.weights)
        require(
            weights is None
            or (
                told.rule in LEARNT
                and len(weights) == members
                and (weights >= 0).all()
                and abs(weights.sum() - 1) < 1e-6
            ),
            "the weights are not those of its members",
            "权重与成员不符",
        )
        correction = None if told.correction is None else Correction.from_dict(vars(told.correction))
        if correction is not None:
            check_correction(correction, levels, horizon)
        return cls(told.rule, weights, correction)
