"""Runs to report on, made of plain arrays: no network is trained for a report's tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gatecast.data.reading import Note, Reading
from gatecast.evaluation import Scores, Verdict
from gatecast.forecast import Forecast, Origins, Prediction
from gatecast.frequency import infer
from gatecast.language import Text
from gatecast.panel import Layout, Panel
from gatecast.training.history import History

WEEKDAYS = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-12-30"))
WEEKDAYS = WEEKDAYS[np.is_busday(WEEKDAYS)].astype("datetime64[us]")


@dataclass(frozen=True)
class Run:
    """The arguments of `write_report`, by name."""

    reading: Reading
    scores: Scores | None
    history: History | None
    forecast: Forecast
    model_words: tuple[Text, ...] = (Text("An LSTM reads the last 20 values.", "LSTM 读取最近 20 个值。"),)
    title: str = "Forecast of close"
    recipe: Any = None

    def arguments(self) -> dict[str, Any]:
        return {**vars(self), "recipe": self.recipe or {"seed": "0", "options": "--horizon 5 --target close"}}

    def changed(self, **parts: Any) -> Run:
        return replace(self, **parts)


def run(
    *,
    ids: tuple[str, ...] = ("A",),
    rows: int = 200,
    horizon: int = 5,
    windows: int = 8,
    time: np.ndarray = WEEKDAYS,
    levels: tuple[float, ...] = (80.0, 95.0),
    target: str = "close",
    errors: np.ndarray | None = None,
) -> Run:
    """A random walk a series, a model that misses by `errors` (series,), and the naive methods beside it."""
    random = np.random.default_rng(7)
    series = [100 + np.cumsum(random.normal(0, 1, rows)) for _ in ids]
    offsets = np.arange(len(ids) + 1) * rows
    times = np.tile(time[:rows], len(ids))
    panel = Panel(
        np.concatenate(series)[:, None],
        offsets,
        ids,
        times,
        infer(times, offsets),
        target=target,
        layout=Layout(id="id", time="date"),
    )
    scores = _scores(panel, horizon, windows, levels, np.ones(len(ids)) if errors is None else errors, random)
    last = np.array([one[-1] for one in series])
    forecast = Forecast.from_prediction(panel, _flat(last, horizon, levels), levels)
    steps = tuple(range(10, 210, 10))
    validation = tuple(0.5 + 0.001 * (step - 90) ** 2 / 90 for step in steps)
    history = History(steps, tuple(1.0 / step for step in steps), validation, 90, 200, "converged", 3.2)
    summary = Text(f"{len(times)} rows, {len(ids)} series", f"{len(times)} 行，{len(ids)} 个序列")
    note = Note("sorted", Text("The rows were newest first.", "数据按从新到旧排列。"))
    return Run(Reading(panel, (note,), summary, ()), scores, history, forecast)


def _flat(last: np.ndarray, horizon: int, levels: tuple[float, ...]) -> Prediction:
    point = np.repeat(last[:, None], horizon, axis=1)
    reach = np.sqrt(np.arange(1, horizon + 1))[None, :, None] * np.array(levels) / 50
    return Prediction(point, point[:, :, None] - reach, point[:, :, None] + reach)


def _scores(
    panel: Panel, horizon: int, windows: int, levels: tuple[float, ...], errors: np.ndarray, random: np.random.Generator
) -> Scores:
    length = int(panel.lengths[0])
    ends = np.tile(length - horizon * np.arange(windows, 0, -1), len(panel))
    which = np.repeat(np.arange(len(panel)), windows)
    rows = (panel.offsets[which] + ends)[:, None] + np.arange(horizon)
    actual, last = panel.y[rows], panel.y[rows[:, 0] - 1]
    misses = random.choice([-1.0, 1.0], actual.shape) * errors[which][:, None]
    naive = _flat(last, horizon, levels)
    model = Prediction(actual + misses, naive.lower - naive.point[:, :, None], naive.upper - naive.point[:, :, None])
    model = model._replace(lower=model.point[:, :, None] + model.lower, upper=model.point[:, :, None] + model.upper)
    predictions = {"lstm": model, "naive": naive, "drift": naive._replace(point=naive.point * 1.02)}
    text = Text("The LSTM's error is 38 % below that of naive.", "LSTM 的误差比朴素法低 38%。")
    return Scores(
        methods=tuple(predictions),
        ids=panel.ids,
        origins=Origins(which, ends),
        time=panel.time[rows],
        actual=actual,
        last=last,
        predictions=predictions,
        levels=levels,
        season=1,
        scale=np.ones(len(which)),
        verdict=Verdict("skill", text, "naive", 0.38, 0.29, 0.46, 0.003),
        notes=(Text("The intervals are a little narrow.", "区间略窄。"),),
    )
