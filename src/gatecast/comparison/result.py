"""`Comparison`: what several methods did on the same windows, as arrays, as a table and in words. Trains nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gatecast.comparison import words
from gatecast.comparison.differences import Difference, differences
from gatecast.evaluation import metrics

if TYPE_CHECKING:
    from gatecast.data import Reading
    from gatecast.forecast import Origins, Prediction
    from gatecast.language import Text
    from gatecast.training.history import History


@dataclass(frozen=True)
class Method:
    """One row of the table.

    predictions: one a seed, all from the comparison's origins; naive methods have one. seconds: of training, the mean
    of the seeds. parameters: numbers that were trained. histories: the training of each seed's first network.
    """

    name: str
    kind: Literal["network", "ensemble", "naive"]
    predictions: tuple[Prediction, ...]
    seconds: float = 0.0
    parameters: int = 0
    histories: tuple[History, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Several methods on the same windows.

    methods: networks as they were asked for, then ensembles, then naive methods. actual: (windows, horizon) what came.
    scale: (windows,) the MASE's denominator. levels: central intervals in percent. seeds: trainings of each network.
    asked: trainings that were asked for; Ctrl-C leaves fewer.
    """

    reading: Reading
    methods: tuple[Method, ...]
    origins: Origins
    actual: np.ndarray
    scale: np.ndarray
    levels: tuple[float, ...]
    seeds: int
    asked: int

    @property
    def horizon(self) -> int:
        return self.actual.shape[1]

    @property
    def trained(self) -> tuple[Method, ...]:
        """Networks and ensembles."""
        return tuple(method for method in self.methods if method.kind != "naive")

    @cached_property
    def leader(self) -> Method:
        """The network or ensemble with the least MASE."""
        return min(self.trained, key=lambda method: self.losses(method).mean())

    @cached_property
    def best_naive(self) -> Method:
        """The naive method with the least MASE. It is chosen on the windows that judge, which flatters it."""
        naive = [method for method in self.methods if method.kind == "naive"]
        return min(naive, key=lambda method: self.losses(method).mean())

    def losses(self, method: Method) -> np.ndarray:
        """(seeds, windows) mean absolute scaled errors."""
        return np.stack([metrics.scaled_error(self.actual, one.point, self.scale) for one in method.predictions])

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """Every network and ensemble beside the best naive method, then every pair of them."""
        tested = {method.name: self.losses(method) for method in (*self.trained, self.best_naive)}
        return differences(tested, self.best_naive.name, self.origins, self.horizon)

    def beside(self, name: str) -> dict[str, Difference]:
        """Method → how much less error it makes than the method of this name, of all that were tested."""
        found = {one.first: one for one in self.differences if one.second == name}
        return found | {one.second: one.turned() for one in self.differences if one.first == name}

    def table(self) -> dict[str, np.ndarray]:
        """A row a method: "method", "MASE", "MASE-spread", "RMSE", "MAE", "coverage-80", …, "seconds", "parameters".

        Errors are means over the seeds; the spread is the standard deviation between them, NaN for a single one.
        """
        rows = [self._row(method) for method in self.methods]
        names = np.array([method.name for method in self.methods], dtype=object)
        return {"method": names, **{name: np.array([row[name] for row in rows]) for name in rows[0]}}

    def _row(self, method: Method) -> dict[str, float]:
        mase = self.losses(method).mean(1)
        ran = method.predictions
        covered = np.mean([metrics.coverage(self.actual, one.lower, one.upper) for one in ran], axis=0)
        return {
            "MASE": float(mase.mean()),
            "MASE-spread": float(mase.std(ddof=1)) if len(mase) > 1 else float("nan"),
            "RMSE": float(np.mean([metrics.rmse(self.actual, one.point) for one in ran])),
            "MAE": float(np.mean([metrics.mae(self.actual, one.point) for one in ran])),
            **{f"coverage-{level:g}": float(one) for level, one in zip(self.levels, covered, strict=True)},
            "seconds": method.seconds,
            "parameters": method.parameters,
        }

    def steps(self) -> dict[str, np.ndarray]:
        """Method → (horizon,) mean absolute error of every step, in the unit of the data."""
        return {
            method.name: np.mean(
                [metrics.absolute_error(self.actual, one.point).mean(0) for one in method.predictions], axis=0
            )
            for method in self.methods
        }

    def describe(self) -> tuple[Text, ...]:
        """What the comparison says, a sentence each: beside the naive methods, among the networks, on what evidence."""
        return words.sentences(self)

    def to_frame(self) -> Any:
        """`table()` as a polars frame. Not defined = null."""
        import polars as pl

        return pl.DataFrame({name: values.tolist() for name, values in self.table().items()}, strict=False).fill_nan(
            None
        )
