"""Intervals that hold what they promise: conformal correction from held-out windows. Numpy only; knows no networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gatecast.forecast import Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ENOUGH = 200  # errors that a step's correction rests on; with fewer, the neighbouring steps lend theirs
_NARROWEST = 1e-3  # half of an interval, in units of the window's scale, that a correction can still be measured in
_COUNTED = 4  # errors that the steps of one window count as at most, since they move together
_CAUTION = 3.0  # times its variance: a correction within 1.7 standard errors is chance
_SURE = 5  # independent windows of which half of a narrowing is believed


@dataclass(frozen=True)
class Correction:
    """How far each end of an interval moves outward, in units of half its width (negative = inward).

    levels: central intervals in percent. shift: (horizon, levels).

    Conformalised quantile regression (Romano, Patterson & Candès, 2019): with the scores
    E = max(lower − y, y − upper) of n held-out windows (eq. 6), both ends move by the (n + 1) level-th smallest
    (eq. 8); between two by a line, where the paper takes the larger: the level is held on average, and no more.
    Scores count in units of the interval itself (Sesia & Candès, 2020, CQR-r): a series that is sure of itself does not
    pay for the surprises of another.
    """

    levels: tuple[float, ...]
    shift: np.ndarray

    @classmethod
    def fit(
        cls,
        prediction: Prediction,
        actual: np.ndarray,
        scale: np.ndarray,
        levels: Sequence[float],
        independent: int | None = None,
        *,
        trusted: bool = False,
    ) -> Self:
        """Learn from windows that trained nothing. actual: (windows, horizon). scale: (windows,), positive.

        independent: how many windows do not overlap; None = all are separate draws. Few of them may have been calm by
        chance: n narrow the intervals by n / (n + 5) of what they say. trusted: whether the intervals are about right
        as a rule; then chance is no reason to move them (the positive part of James & Stein, 1961).
        """
        y = actual[:, :, None]
        scores = np.maximum(prediction.lower - y, y - prediction.upper) / _reach(prediction, scale)
        windows, horizon, _ = scores.shape
        draws = windows if independent is None else independent
        shift = np.empty((horizon, len(levels)))
        for step in range(horizon):
            first, stop = _neighbours(step, horizon, windows)
            pooled = np.sort(scores[:, first:stop].reshape(-1, len(levels)), axis=0)
            separate = max(1, min(len(pooled), draws * min(stop - first, _COUNTED)))
            shift[step] = _corrections(pooled, separate, levels)
            if trusted:
                shift[step] *= _believed(shift[step], _standard_errors(pooled, separate, levels))
        return cls(tuple(levels), np.where(shift < 0, shift * draws / (draws + _SURE), shift))

    def apply(self, prediction: Prediction, scale: np.ndarray) -> Prediction:
        """Corrected intervals, which hold the point and the intervals of every lower level. scale: (windows,)."""
        point = prediction.point[:, :, None]
        move = self.shift * _reach(prediction, scale)
        lower = np.minimum(prediction.lower - move, point)
        upper = np.maximum(prediction.upper + move, point)
        rising = np.argsort(self.levels)
        back = np.argsort(rising)
        return Prediction(
            prediction.point,
            np.minimum.accumulate(lower[:, :, rising], axis=2)[:, :, back],
            np.maximum.accumulate(upper[:, :, rising], axis=2)[:, :, back],
        )

    def kept_wide(self, before: Prediction, after: Prediction, scale: np.ndarray) -> Self:
        """For a method that has since learnt from the very windows of the correction, and trusts itself too much there.

        before, after: its intervals on these windows, uncorrected, when the correction was learnt and now. Where they
        became narrower, they are stretched by the median ratio. scale: (windows,), positive.
        """
        ratio = np.median(_reach(before, scale) / _reach(after, scale), axis=0)  # (horizon, levels)
        return type(self)(self.levels, (1 + self.shift) * np.maximum(ratio, 1.0) - 1)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON."""
        return {"levels": list(self.levels), "shift": self.shift.tolist()}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        levels = tuple(state["levels"])
        return cls(levels, np.array(state["shift"], dtype=float).reshape(-1, len(levels)))


def _reach(prediction: Prediction, scale: np.ndarray) -> np.ndarray:
    """Half of each interval's width, above 0 where the window moves: (windows, horizon, levels)."""
    return np.maximum((prediction.upper - prediction.lower) / 2, _NARROWEST * scale[:, None, None])


def _corrections(errors: np.ndarray, draws: int, levels: Sequence[float]) -> np.ndarray:
    """One a level, of errors (count, levels), rising and pooled over steps, that are worth so many separate draws.

    Errors of one window move together: all its steps count as four errors at most. Few errors ask for a place beyond
    the last; it is then half-way between the level and the last, so that no single error sets the interval.
    """
    wanted = np.asarray(levels) / 100
    return _quantiles(errors, np.minimum(((draws + 1) * wanted - 0.5) / draws, (1 + wanted) / 2))


def _standard_errors(errors: np.ndarray, draws: int, levels: Sequence[float]) -> np.ndarray:
    """Of the corrections, one a level: half of what lies between the quantiles a standard error of a share apart."""
    wanted = np.asarray(levels) / 100
    apart = np.sqrt(wanted * (1 - wanted) / draws)
    return (_quantiles(errors, wanted + apart) - _quantiles(errors, wanted - apart)) / 2


def _believed(shift: np.ndarray, error: np.ndarray) -> np.ndarray:
    """How much of each correction, 0 … 1."""
    return np.maximum(0.0, 1 - _CAUTION * (error / np.where(shift == 0, 1.0, shift)) ** 2)


def _quantiles(errors: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Of rising errors (count, levels) the one at each level's share, between two by a line: (levels,)."""
    count = len(errors)
    places = np.clip(shares * count - 0.5, 0, count - 1)
    return np.array([np.interp(place, np.arange(count), errors[:, k]) for k, place in enumerate(places)])


def _neighbours(step: int, horizon: int, windows: int) -> tuple[int, int]:
    """The steps [first, stop) around a step that together have enough errors, or all steps."""
    reach = max(0, -(-(-(-_ENOUGH // windows) - 1) // 2))  # (2 reach + 1) windows ≥ enough
    width = min(2 * reach + 1, horizon)
    first = min(max(step - reach, 0), horizon - width)
    return first, first + width
