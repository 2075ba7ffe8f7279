"""Adaptive intervals: as wide as the newest windows of a series, which the fit has not seen, would have wanted them.

A kept model meets times that are calmer or wilder than those of its fit. Knows panels and forecasts, no networks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from gatecast.forecast import Origins, Prediction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gatecast.panel import Panel

Several = TypeVar("Several", Origins, Prediction)

_MOST = 4  # windows that are looked back at; each costs a forecast
_RATE = 0.5  # times the share missed beyond what should be: what a window adds to the logarithm of the width


def rows_seen(fit: Panel, panel: Panel) -> np.ndarray:
    """How many rows of each series a fit on the other panel has seen, by time: (series,).

    Of a series that it does not know, all: nothing says how its forecasts have done.
    """
    seen = panel.lengths.copy()
    last = dict(zip(fit.ids, fit.last_time(), strict=True))
    for k, (name, start, stop) in enumerate(zip(panel.ids, panel.offsets[:-1], panel.offsets[1:], strict=True)):
        if name in last:
            seen[k] = np.searchsorted(panel.time[start:stop], last[name], side="right")
    return seen


def adapted(
    say: Callable[[Origins], Prediction],
    panel: Panel,
    origins: Origins,
    seen: np.ndarray,
    horizon: int,
    levels: Sequence[float],
) -> Prediction:
    """What `say` forecasts from these origins, with intervals that follow how well those before them have held.

    seen: (series,) rows that the fit saw; windows after them, one horizon apart and the newest ending at the origin,
    say how. levels: of the intervals in percent, rising. The point stays, and without such windows so does all.

    Adaptive conformal inference (Gibbs & Candès, 2021, eq. 2) on the logarithm of the width, for each level of each
    series by itself: a window that missed more than it should makes the next one wider.
    """
    ends = origins.ends[:, None] - horizon * np.arange(_MOST, 0, -1)  # (origins, windows), the oldest first
    fresh = ends >= seen[origins.series][:, None]
    if not fresh.any():
        return say(origins)
    series = np.broadcast_to(origins.series[:, None], ends.shape)
    asked = np.concatenate([np.stack(origins), np.stack([series[fresh], ends[fresh]])], axis=1)
    windows, place = np.unique(asked, axis=1, return_inverse=True)
    windows, place = Origins(*windows), place.reshape(-1)
    said = say(windows)
    own, past = np.split(place, [len(origins.series)])
    number = np.full(ends.shape, -1)
    number[fresh] = past
    growth = np.zeros((len(own), len(levels)))
    for one in number.T:
        known = one >= 0
        earlier = _widened(_of(said, one[known]), growth[known])
        actual = panel.y[_of(windows, one[known]).following(panel, horizon)][:, :, None]
        missed = ((actual < earlier.lower) | (actual > earlier.upper)).mean(1)  # (windows, levels)
        growth[known] += _RATE * (missed - (1 - np.asarray(levels) / 100))
    return _widened(_of(said, own), growth)


def _of(several: Several, numbers: np.ndarray) -> Several:
    return type(several)(*(part[numbers] for part in several))


def _widened(prediction: Prediction, growth: np.ndarray) -> Prediction:
    """Intervals e^growth times as wide on both sides of the point, (n, levels); a higher level holds the lower ones."""
    times, point = np.exp(growth)[:, None, :], prediction.point[:, :, None]
    lower = point - times * (point - prediction.lower)
    upper = point + times * (prediction.upper - point)
    return Prediction(prediction.point, np.minimum.accumulate(lower, axis=2), np.maximum.accumulate(upper, axis=2))
