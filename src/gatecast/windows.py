"""A window is `(series, end)`; a batch of windows is one gather on the device. Knows no models.

Windows are numbered, never materialised: the memory of a training is the data and one batch.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from gatecast.forecast import Origins
from gatecast.runtime import on_device

if TYPE_CHECKING:
    from gatecast.panel import Panel
    from gatecast.scaling import Scaler

_FARTHEST = 1e4  # deviations from the centre: a covariate beyond them says no more, and would drown the others


@dataclass(frozen=True)
class Windows:
    """All origins from `first[i]` to `first[i] + counts[i] - 1` of every series i, numbered one after another."""

    first: np.ndarray
    counts: np.ndarray

    @classmethod
    def between(cls, first: np.ndarray, last: np.ndarray) -> Windows:
        """Origins with `first <= end <= last` of every series; none where last < first. Both (series,)."""
        return cls(first.astype(np.int64), np.maximum(last - first + 1, 0).astype(np.int64))

    def __len__(self) -> int:
        return int(self.counts.sum())

    def after(self, rows: int) -> Windows:
        """Those with at least so many rows before them."""
        skipped = np.minimum(np.maximum(rows - self.first, 0), self.counts)
        return Windows(self.first + skipped, self.counts - skipped)

    def draw(self, draws: np.random.Generator, size: tuple[int, ...], recency: float = 0.0) -> np.ndarray:
        """Numbers by lot, of this shape. Recency r: the one at share p of its series' windows has a chance like p^r.

        One draw each: a shorter row of numbers begins a longer one, so that a training that was ended can be repeated.
        """
        if not recency:
            return draws.integers(len(self), size=size)
        drawn = draws.random(size) * len(self)
        stops = np.cumsum(self.counts)
        series = np.searchsorted(stops, drawn, side="right")
        count, start = self.counts[series], (stops - self.counts)[series]
        place = (count * ((drawn - start) / count) ** (1 / (1 + recency))).astype(np.int64)
        return start + np.minimum(place, count - 1)  # the root of a share just below one may round to one

    def origins(self, numbers: np.ndarray) -> Origins:
        """The origins with these numbers, 0 … len − 1. numbers: (n,)."""
        stops = np.cumsum(self.counts)
        series = np.searchsorted(stops, numbers, side="right")
        return Origins(series, self.first[series] + numbers - (stops - self.counts)[series])

    def spread(self, most: int) -> Origins:
        """At most `most` origins, spread evenly over all of them."""
        total = len(self)
        return self.origins(np.unique(np.linspace(0, total - 1, min(most, total)).astype(np.int64)))


class Batch(NamedTuple):
    """Windows on the device, in the unit of the data.

    target: (batch, context) float64; steps before the series began repeat its first value.
    observed: (batch, context) float32, 1 where the series had begun.
    covariates: (batch, context, past + future) float32, scaled. known: (batch, context + horizon, future), scaled.
    answer: (batch, context + horizon) float64, the target with what followed; empty when forecasting.
    phase: (batch,) int64, the place in time of the first step ahead; modulo a season it says the hour, or the month.
    """

    target: torch.Tensor
    observed: torch.Tensor
    covariates: torch.Tensor
    known: torch.Tensor
    answer: torch.Tensor
    phase: torch.Tensor


class WindowReader:
    """Holds a panel on the device and gathers batches from it.

    context, horizon: steps. scaler: fitted on the covariates of the training part.
    """

    def __init__(self, panel: Panel, scaler: Scaler, context: int, horizon: int, device: torch.device) -> None:
        self.horizon, self.device, self.panel = horizon, device, panel
        self._offsets = torch.as_tensor(panel.offsets.copy(), device=device)
        self._target = torch.as_tensor(panel.y.copy(), device=device)
        scaled = _within_reach(scaler.apply(panel.values[:, 1:]))
        self._covariates = torch.as_tensor(scaled, device=device)
        self._known, self._known_offsets = self._with_ahead(panel, scaler, scaled)
        self._look_back(context)

    def within(self, context: int) -> WindowReader:
        """The same panel, read no farther back than so many steps."""
        reader = copy.copy(self)
        reader._look_back(context)
        return reader

    def _look_back(self, context: int) -> None:
        self.context = context
        self._back = torch.arange(-context, 0, device=self.device)
        self._span = torch.arange(-context, self.horizon, device=self.device)

    def _with_ahead(self, panel: Panel, scaler: Scaler, scaled: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """The covariates known ahead as one flat array: each series' rows, then what lies beyond its end."""
        first = len(panel.past)
        if not panel.future:
            return torch.zeros(0, 0, device=self.device), self._offsets
        ahead = _within_reach(scaler.since(first).apply(panel.ahead))
        parts = [
            part
            for i, (start, stop) in enumerate(zip(panel.offsets[:-1], panel.offsets[1:], strict=True))
            for part in (scaled[start:stop, first:], ahead[i])
        ]
        offsets = panel.offsets + np.arange(len(panel) + 1) * ahead.shape[1]
        return torch.as_tensor(np.concatenate(parts), device=self.device), torch.as_tensor(offsets, device=self.device)

    def read(self, origins: Origins, *, answers: bool) -> Batch:
        """Gather windows. With `answers`, what followed each origin is read too (training and validation only)."""
        series, ends = on_device(origins.series, self.device), on_device(origins.ends, self.device)
        begin = self._offsets[series][:, None]
        origin = begin + ends[:, None]
        rows = origin + (self._span if answers else self._back)
        observed = (rows[:, : self.context] >= begin).float()
        rows = torch.maximum(rows, begin)
        full = self._target[rows]
        target = full[:, : self.context]
        return Batch(
            target,
            observed,
            self._covariates[rows[:, : self.context]],
            self._known_rows(series, ends),
            full if answers else target[:, :0],
            self._phase(origins),
        )

    def _phase(self, origins: Origins) -> torch.Tensor:
        newest = self.panel.time[origins.newest(self.panel)]
        return on_device(self.panel.frequency.position(newest) + 1, self.device)

    def _known_rows(self, series: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
        if not self._known.shape[1]:
            return self._known.new_zeros(len(series), self.context + self.horizon, 0)
        begin = self._known_offsets[series][:, None]
        return self._known[torch.maximum(begin + ends[:, None] + self._span, begin)]


def _within_reach(scaled: np.ndarray) -> np.ndarray:
    """Scaled covariates as float32, which would not hold every number that a table may."""
    return np.clip(scaled, -_FARTHEST, _FARTHEST).astype(np.float32)
