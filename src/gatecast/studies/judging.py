"""What a study's forecast is worth beside "tomorrow is today". Knows forecasts, not who made them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gatecast.evaluation import metrics
from gatecast.evaluation.diagnostics import strayed
from gatecast.evaluation.verdict import Verdict, judge
from gatecast.forecast import Origins

NAIVE = "naive"


class Judged(NamedTuple):
    """table: a row a method with RMSE, MAE and R² in the unit of the data. verdict: of the first method."""

    table: dict[str, list[Any]]
    verdict: Verdict


def judge_beside_naive(points: Mapping[str, np.ndarray], actual: np.ndarray, last: np.ndarray) -> Judged:
    """Judge forecasts of windows one row apart, oldest first; the naive forecast is put beside them.

    points: method → (windows, horizon); the first one is judged, the others only stand in the table.
    actual: (windows, horizon). last: (windows,) the newest value that each window saw.
    """
    count, horizon = actual.shape
    series, one = np.zeros(count, np.int64), np.ones(count)
    methods = {**points, NAIVE: np.repeat(last[:, None], horizon, axis=1)}
    model = next(iter(points))
    losses = {name: metrics.scaled_error(actual, methods[name], one) for name in (model, NAIVE)}
    far = strayed(actual, points[model], last, one)
    verdict = judge(losses, Origins(series, np.arange(count)), horizon, strayed=far, constant=False)
    table = {
        "method": list(methods),
        "RMSE": [metrics.rmse(actual, point) for point in methods.values()],
        "MAE": [metrics.mae(actual, point) for point in methods.values()],
        "R2": [metrics.r2(actual, point, series, one) for point in methods.values()],
    }
    return Judged(table, verdict)
