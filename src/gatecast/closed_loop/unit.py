"""The unit in which a network meets values, and back. Numpy only; fitted on what trains, or on what is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gatecast.errors import OptionError
from gatecast.scaling import Scaler

Scaling = bool | Literal["series"]


def check_scaling(scaling: Scaling) -> Scaling:
    """Raises: OptionError for a scaling that does not exist."""
    if scaling is True or scaling is False or scaling == "series":
        return scaling
    raise OptionError(
        f'scaling must be True, False or "series", got {scaling!r}.',
        f'scaling 应为 True、False 或 "series"，实际为 {scaling!r}。',
    )


@dataclass(frozen=True)
class Unit:
    """One centre and one scale a variable, or a series' own. scaler: None = each series by what is known of it.

    With a scaler for all, the level of a series tells the network something; with their own, series of any size meet
    it alike.
    """

    scaler: Scaler | None

    @classmethod
    def fit(cls, scaling: Scaling, rows: np.ndarray) -> Unit:
        """rows: (rows, variables) that train."""
        if scaling == "series":
            return cls(None)
        variables = rows.shape[1]
        return cls(Scaler.fit(rows) if scaling else Scaler(np.zeros(variables), np.ones(variables)))

    def of(self, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Centre and scale for series of which `known` (series, time, variables) is known: (series, 1, variables)."""
        if self.scaler is not None:
            shape = (len(known), 1, known.shape[2])
            return np.broadcast_to(self.scaler.centre, shape), np.broadcast_to(self.scaler.scale, shape)
        each = [Scaler.fit(series) for series in known]
        return np.stack([one.centre for one in each])[:, None], np.stack([one.scale for one in each])[:, None]
