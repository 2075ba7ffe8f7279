"""`ClassForecast`: the class of every series, with probabilities. Knows not who made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.forecast import as_frame, series_names

if TYPE_CHECKING:
    from gatecast.panel import Layout, Part


@dataclass(frozen=True)
class ClassForecast:
    """How probable each class is, a row a series.

    ids: (series,). classes: their names. probability: (series, classes), each row summing to 1.
    time: (series,) when the class will be known: the last of the steps ahead; None for labels of whole series.
    """

    ids: tuple[str, ...]
    classes: tuple[str, ...]
    probability: np.ndarray
    time: np.ndarray | None
    layout: Layout
    parts: tuple[Part, ...] = ()

    def __len__(self) -> int:
        """Number of series."""
        return len(self.ids)

    @property
    def most_probable(self) -> tuple[str, ...]:
        """(series,) name of each series' most probable class; of equally probable ones the first."""
        return tuple(self.classes[number] for number in self.probability.argmax(axis=1))

    def columns(self) -> dict[str, np.ndarray]:
        """The table: the input's own id and time columns, `class`, then `p-NAME`, the probability of each class."""
        table = series_names(self)
        if self.time is not None:
            table[self.layout.time or "step"] = self.time
        table["class"] = np.array(self.most_probable, dtype=object)
        return table | {f"p-{name}": self.probability[:, k] for k, name in enumerate(self.classes)}

    def to_frame(self) -> Any:
        """A frame of the kind that came in: polars for paths and arrays."""
        return as_frame(self.columns(), self.layout)
