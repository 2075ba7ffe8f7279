"""`Scores`: what a back-test found, as arrays, as a table and as a sentence. Knows no methods and draws nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.evaluation import metrics
from gatecast.evaluation.verdict import Verdict

if TYPE_CHECKING:
    from gatecast.forecast import Origins, Prediction
    from gatecast.language import Text


@dataclass(frozen=True)
class Scores:
    """Forecasts of several methods from the same windows beside what came.

    methods: names; the first is the model under judgement, the rest are baselines.
    ids: (series,) of the panel. origins: where each window starts; window k is of series `ids[origins.series[k]]`.
    time: (windows, horizon) the dates that were forecast. actual: (windows, horizon).
    last: (windows,) the last value seen before each window.
    predictions: method → point (windows, horizon), lower and upper (windows, horizon, levels).
    levels: central intervals in percent. season: steps of the season in the MASE's scale; 1 = none.
    scale: (windows,) the MASE's denominator. verdict: the sentence under the table.
    notes: what else was noticed (a flat forecast, intervals that miss), in words.
    """

    methods: tuple[str, ...]
    ids: tuple[str, ...]
    origins: Origins
    time: np.ndarray
    actual: np.ndarray
    last: np.ndarray
    predictions: dict[str, Prediction]
    levels: tuple[float, ...]
    season: int
    scale: np.ndarray
    verdict: Verdict
    notes: tuple[Text, ...] = ()

    @property
    def horizon(self) -> int:
        return self.actual.shape[1]

    def table(self) -> dict[str, np.ndarray]:
        """A row a method: "method", "MASE", "RMSE", "MAE", "sMAPE", "R2", "coverage-80", …, "direction".

        sMAPE is in percent; coverage and direction are shares from 0 to 1. What is not defined is NaN: the direction
        of the naive forecast, R² where all actuals are equal.
        """
        rows = [self._row(self.predictions[method]) for method in self.methods]
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return {"method": np.array(self.methods, dtype=object), **columns}

    def _row(self, prediction: Prediction) -> dict[str, float]:
        point, lower, upper = prediction
        share = metrics.coverage(self.actual, lower, upper)
        return {
            "MASE": metrics.mase(self.actual, point, self.scale),
            "RMSE": metrics.rmse(self.actual, point),
            "MAE": metrics.mae(self.actual, point),
            "sMAPE": metrics.smape(self.actual, point),
            "R2": metrics.r2(self.actual, point, self.origins.series, self.scale),
            **{f"coverage-{level:g}": float(one) for level, one in zip(self.levels, share, strict=True)},
            "direction": metrics.direction(self.actual, point, self.last),
        }

    def steps(self) -> dict[str, np.ndarray]:
        """Method → (horizon,) mean absolute error of every step, in the unit of the data."""
        return {
            method: metrics.absolute_error(self.actual, self.predictions[method].point).mean(axis=0)
            for method in self.methods
        }

    def to_frame(self) -> Any:
        """A polars frame: `table()`, then mae-1 … mae-h, the error of every step. Not defined = null."""
        import polars as pl

        columns: dict[str, Any] = dict(self.table())
        columns["method"] = list(self.methods)
        steps = np.stack(list(self.steps().values()))
        columns |= {f"mae-{step + 1}": steps[:, step] for step in range(self.horizon)}
        return pl.DataFrame(columns).fill_nan(None)
