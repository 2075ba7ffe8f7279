"""The tables that are kept: forecast.csv and scores.csv. Knows no terminal.

Numbers are written so that reading them gives the same float; what is not defined is an empty cell. Dates look as
they did in the input.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.data import format_times
from gatecast.errors import TrainingError

if TYPE_CHECKING:
    from gatecast.classifier import ClassForecast
    from gatecast.evaluation import Scores
    from gatecast.forecast import Forecast


def forecast_columns(forecast: Forecast) -> dict[str, list[Any]]:
    """The columns of `forecast.to_frame()`, dates as text of the input's look.

    Raises: TrainingError if a value is not finite: such a value never leaves the program.
    """
    columns: dict[str, list[Any]] = {name: values.tolist() for name, values in forecast.columns().items()}
    numbers = np.concatenate([forecast.point.ravel(), forecast.lower.ravel(), forecast.upper.ravel()])
    if not np.isfinite(numbers).all():
        raise TrainingError(
            "the forecast is not finite; try another --seed, or look at the data with gatecast describe.",
            "预测结果不是有限数值；请更换 --seed，或用 gatecast describe 检查数据。",
        )
    return columns | times(forecast)


def times(forecast: Forecast | ClassForecast) -> dict[str, list[str]]:
    """The column of the dates as text of the input's look; nothing where there are none."""
    if forecast.time is None or forecast.time.dtype.kind != "M":
        return {}
    layout = forecast.layout
    return {layout.time or "step": format_times(forecast.time, layout.time_format, layout.time_zone)}


def sample_columns(forecast: Forecast) -> dict[str, list[Any]]:
    """The columns of `forecast.samples_frame()`, dates as text of the input's look."""
    columns: dict[str, list[Any]] = {name: values.tolist() for name, values in forecast.sample_columns().items()}
    paths = len(columns["sample"]) // forecast.time.size
    for name, told in times(forecast).items():
        by_series = [told[k : k + forecast.horizon] for k in range(0, len(told), forecast.horizon)]
        columns[name] = [time for own in by_series for time in own * paths]
    return columns


def forecast_rows(forecast: Forecast) -> list[dict[str, Any]]:
    """The forecast, a dictionary a row."""
    columns = forecast_columns(forecast)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def scores_columns(scores: Scores) -> dict[str, list[Any]]:
    """A row a method: the measures, then mae-1 … mae-h, the error of every step."""
    columns = {name: values.tolist() for name, values in scores.table().items()}
    steps = scores.steps()
    for step in range(scores.horizon):
        columns[f"mae-{step + 1}"] = [float(steps[method][step]) for method in scores.methods]
    return columns


def as_csv(columns: dict[str, list[Any]]) -> bytes:
    """UTF-8, commas, one header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(_cells(row) for row in zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def _cells(row: Sequence[Any]) -> Iterable[Any]:
    return ("" if isinstance(cell, float) and not math.isfinite(cell) else cell for cell in row)
