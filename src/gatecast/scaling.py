"""Centre and scale of covariates: fitted on what training may see, inverted exactly. Knows no torch.

The target is not scaled here: the network scales each window by its own context, so that level and unit never
matter (see `models/network.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Scaler:
    """One centre and one scale a column. centre, scale: (columns,); scale is never zero."""

    centre: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray) -> Scaler:
        """Mean and standard deviation of each column. values: (rows, columns), finite."""
        if not values.shape[1]:
            return cls(np.zeros(0), np.ones(0))
        unit = 2.0 ** (np.frexp(np.abs(values).max(axis=0))[1] - 1)  # a power of two: exact, and no square overflows
        centre, deviation = unit * (values / unit).mean(axis=0), unit * (values / unit).std(axis=0)
        return cls(centre, np.where(deviation > 0, deviation, 1.0))

    def apply(self, values: np.ndarray) -> np.ndarray:
        """(…, columns) in the user's unit → scaled; infinite where it is beyond computing."""
        with np.errstate(over="ignore"):
            return (values - self.centre) / self.scale

    def since(self, first: int) -> Scaler:
        """The scaler of the columns from `first` on."""
        return Scaler(self.centre[first:], self.scale[first:])

    def invert(self, scaled: np.ndarray) -> np.ndarray:
        """(…, columns) scaled → in the user's unit."""
        return scaled * self.scale + self.centre

    def to_dict(self) -> dict[str, list[float]]:
        return {"centre": self.centre.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Scaler:
        return cls(np.array(state["centre"], float), np.array(state["scale"], float))
