"""The report's charts as plotly figures: plain dicts, so that plotly itself is never imported here.

A colour is the name of a CSS variable ("model", "naive"): the page puts the tint in, light or dark. Fonts, margins
and grids are the page's too. Nothing that a user wrote stands in a figure.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.evaluation import method_name, metrics
from gatecast.report import words
from gatecast.report.figures import Figure, Trace, numbers, plain, spread, upright
from gatecast.report.time_axis import axis, labels, local

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.evaluation import Scores
    from gatecast.forecast import Forecast, Prediction
    from gatecast.forecaster.watching import Look
    from gatecast.language import Text
    from gatecast.panel import Panel
    from gatecast.report.selection import Shown
    from gatecast.studies.result import Chart
    from gatecast.training.history import History
    from gatecast.training.rate_finder import RateCurve

MOST_POINTS = 400  # of a series' past, or of its windows, on one chart
MOST_POINTS_OF_A_STUDY = 1000
MOST_WINDOWS = 12
_LAST = 2000  # in the legend: lines (1000 each) before bands, narrow bands before wide ones
_CURVES = ("model", "naive", "good", "level-1", "caution", "faint")
_DASHES = ("dot", "dash", "dashdot", "longdash")


def forecast_fan(panel: Panel, forecast: Forecast, shown: Shown) -> Figure:
    """The end of the observed series, and the forecast with its bands."""
    ahead = forecast.horizon
    tail = panel.lengths[shown.in_panel] - np.clip(4 * ahead, 60, max(MOST_POINTS, 2 * ahead))
    past, observed = _rows(panel, shown, max(0, int(tail)), None)
    future = forecast.time[shown.in_forecast]
    time = local(np.concatenate([past, future]), panel.layout.time_zone)
    now, then = labels(time)[: len(past)], labels(time)[len(past) :]
    i = shown.in_forecast
    bands = [
        _band([(now[-1:] + then, np.r_[observed[-1], low], np.r_[observed[-1], high])], level, depth)
        for depth, (level, low, high) in enumerate(
            _outside_in(forecast.levels, forecast.lower[i], forecast.upper[i], per_step=True)
        )
    ]
    lines = [_line(words.ACTUAL, now, observed, "actual"), _line(words.POINT, then, forecast.point[i], "model", ahead)]
    return {"data": [*bands, *lines], "layout": {"xaxis": axis(time, panel.frequency)}}


def past_windows(panel: Panel, scores: Scores, shown: Shown) -> Figure:
    """The newest windows of one series: what the model and the best naive method said, and what came."""
    rows = windows_drawn(scores, shown)
    model, naive = (scores.predictions[name] for name in (scores.methods[0], scores.verdict.best_baseline))
    horizon, ends = scores.actual.shape[1], scores.origins.ends[rows]
    first = max(0, int(ends[0]) - min(2 * horizon, 60))
    past, observed = _rows(panel, shown, first, int(ends[-1]) + horizon)
    zone = panel.layout.time_zone
    stamps = labels(local(past, zone))
    at = [int(end) - 1 - first for end in ends]  # the last row that each window saw
    ahead = [stamps[k + 1 : k + 1 + horizon] for k in at]
    data = [
        _band(_fans(stamps, observed, at, ahead, rows, model, k), level, depth)
        for depth, (level, k) in enumerate(_outside_in(scores.levels, range(len(scores.levels))))
    ]
    data += [
        _line(words.ACTUAL, stamps, observed, "actual"),
        _pieces(method_name(scores.verdict.best_baseline), ahead, naive.point[rows], "naive", "dot"),
        _pieces(method_name(scores.methods[0]), ahead, model.point[rows], "model", "solid"),
    ]
    cuts = [upright(stamps[k]) for k in at]
    return {"data": data, "layout": {"xaxis": axis(local(past, zone), panel.frequency), "shapes": cuts}}


def windows_drawn(scores: Scores, shown: Shown) -> np.ndarray:
    """The newest windows of a series that do not overlap and fit on its chart, oldest first."""
    horizon = scores.actual.shape[1]
    most = max(1, min(MOST_WINDOWS, MOST_POINTS // horizon))
    drawn: list[int] = []
    for row in shown.windows[::-1].tolist():
        if not drawn or scores.origins.ends[row] + horizon <= scores.origins.ends[drawn[-1]]:
            drawn.append(row)
    return np.array(drawn[:most][::-1], np.int64)


def error_of_steps(scores: Scores) -> Figure:
    """Mean absolute error of every step, a line a method; the model and the best naive stand out."""
    steps = scores.steps()
    ahead = list(range(1, scores.actual.shape[1] + 1))
    best = scores.verdict.best_baseline
    others = [name for name in scores.methods[1:] if name != best]
    data = [
        _line(method_name(name), ahead, steps[name], "faint", len(ahead), dash=_DASHES[k % len(_DASHES)], width=1.5)
        for k, name in enumerate(others)
    ]
    if best in steps:
        data.append(_line(method_name(best), ahead, steps[best], "naive", len(ahead), width=2))
    data.append(_line(method_name(scores.methods[0]), ahead, steps[scores.methods[0]], "model", len(ahead), width=3))
    if len(ahead) == 1:  # points would lie on one another
        data = [_bar(trace) for trace in data]
    return {"data": data, "layout": {"xaxis": _step_axis(len(ahead)), "yaxis": _titled(words.MEAN_ERROR, tozero=True)}}


def coverage_of_steps(scores: Scores) -> Figure:
    """The share of true values inside each interval, step by step, beside the share that was wanted."""
    _, lower, upper = scores.predictions[scores.methods[0]]
    shares = metrics.covered(scores.actual, lower, upper).mean(axis=0)  # (horizon, levels)
    ahead = list(range(1, len(shares) + 1))
    edges = [0.5, len(shares) + 0.5]
    data = []
    for k, (level, column) in enumerate(_outside_in(scores.levels, shares.T)):
        colour = ("level-1", "level-2", "level-3")[k % 3]
        data.append(_line(words.wanted(level), edges, [level] * 2, colour, dash="dash", width=1.5))
        data.append(_line(words.held(level), ahead, 100 * column, colour, len(ahead), width=2.5))
    low = min([100 * float(np.nanmin(shares)), *scores.levels]) if shares.size else 0.0
    y = {**_titled(words.SHARE_INSIDE), "range": [max(-3.0, low - 8), 103], "ticksuffix": " %"}
    return {"data": data, "layout": {"xaxis": _step_axis(len(ahead)), "yaxis": y}}


def training_curve(history: History) -> Figure:
    """Training loss and validation error by step; the step whose weights were kept is marked."""
    kept = history.step.index(history.best_step) if history.best_step in history.step else None
    rows = _thinned(len(history.step), kept)
    step, loss, validation = ([column[i] for i in rows] for column in (history.step, history.loss, history.validation))
    data = [_line(words.LOSS, step, loss, "faint"), _line(words.VALIDATION, step, validation, "model")]
    layout: dict[str, Any] = {"xaxis": _titled(words.TRAINING_STEP)}
    if kept is not None:
        mark = _line(words.kept(history.best_step), [history.best_step], [history.validation[kept]], "good")
        data.append({**mark, "mode": "markers", "marker": {"color": "good", "size": 11, "symbol": "diamond"}})
        layout["shapes"] = [upright(history.best_step)]
    drawn = [v for v in (*loss, *validation) if math.isfinite(v)]
    if drawn and min(drawn) > 0 and max(drawn) > 20 * min(drawn):
        layout["yaxis"] = {"type": "log"}
    return {"data": data, "layout": layout}


def of_study(chart: Chart) -> Figure:
    """The curves of a study. One solid line among dotted ones is the data; pairs of solid and dotted share a colour."""
    solid = [line for line in chart.lines if not line.dotted]
    dotted = [line for line in chart.lines if line.dotted]
    colours = list(_CURVES)
    if len(solid) == 1 and dotted:
        colours = ["actual", *colours]
    paired = len(solid) == len(dotted) > 1
    order = [*range(len(solid)), *(range(len(dotted)) if paired else range(len(solid), len(chart.lines)))]
    data = []
    for line, k in zip([*solid, *dotted], order, strict=True):
        rows = _thinned(len(line.x), None, MOST_POINTS_OF_A_STUDY)
        x, y = ([column[i] for i in rows] for column in (line.x, line.y))
        colour, dash = colours[k % len(colours)], "dot" if line.dotted else "solid"
        data.append(_line(line.name, x, y, colour, len(line.x), dash=dash))
    drawn = [value for line in chart.lines for value in line.y if math.isfinite(value)]
    loss = bool(drawn) and min(drawn) > 0 and max(drawn) > 20 * min(drawn) and not isinstance(chart.lines[0].x[0], str)
    y_axis = _titled(chart.y_label) | ({"type": "log"} if loss else {})
    return {"data": data, "layout": {"xaxis": _titled(chart.x_label), "yaxis": y_axis}}


def look(panel: Panel, one: Look, span: tuple[float, float]) -> Figure:
    """What a network said of one window after a round of its training. span: of the y axis."""
    begin = int(panel.offsets[panel.ids.index(one.series)])
    reach = min(len(one.past), max(60, 3 * len(one.actual)))
    time = local(panel.time[begin + one.end - reach : begin + one.end + len(one.actual)], panel.layout.time_zone)
    stamps = labels(time)
    now, then = stamps[:reach], stamps[reach:]
    newest = one.past[-1]
    bands = [
        _band([(now[-1:] + then, np.r_[newest, low], np.r_[newest, high])], level, depth)
        for depth, (level, low, high) in enumerate(_outside_in(one.levels, one.lower, one.upper, per_step=True))
    ]
    lines = [
        _line(words.SEEN, now, one.past[-reach:], "actual"),
        _line(words.CAME, then, one.actual, "faint", len(then), dash="dot"),
        _line(words.POINT, then, one.point, "model", len(then), width=3),
    ]
    axes = {"xaxis": axis(time, panel.frequency), "yaxis": {"range": list(span)}}
    return {"data": [*bands, *lines], "layout": axes}


def curve_so_far(looks: Sequence[Look], step: int) -> Figure:
    """Loss and validation error of all rounds, with a line at one of them."""
    steps = [one.step for one in looks]
    data = [
        _line(words.LOSS, steps, [one.loss for one in looks], "faint"),
        _line(words.VALIDATION, steps, [one.validation for one in looks], "model"),
    ]
    return {"data": data, "layout": {"xaxis": _titled(words.TRAINING_STEP), "shapes": [upright(step)]}}


def rate_curve(curve: RateCurve) -> Figure:
    """The loss over the rising rate, raw and smoothed; the suggestion is marked."""
    rates = numbers(curve.rate)
    data = [
        _line(words.LOSS, rates, curve.loss, "faint", width=1),
        _line(words.SMOOTHED, rates, curve.smooth, "model", width=3),
    ]
    least, start = float(curve.smooth.min()), float(curve.smooth[: int(curve.smooth.argmin()) + 1].max())
    room = max(0.3 * (start - least), 1e-3 * start)  # where learning breaks the curve leaves the chart
    layout = {
        "xaxis": {**_titled(words.RATE), "type": "log", "exponentformat": "power"},
        "yaxis": {**_titled(words.LOSS), "range": [least - room, start + 3 * room]},
        "shapes": [upright(curve.suggestion)],
    }
    return {"data": data, "layout": layout}


def _thinned(rows: int, keep: int | None, most: int = MOST_POINTS) -> list[int]:
    """At most so many row numbers, first, last and `keep` among them."""
    return sorted({*spread(rows, most).tolist(), *(() if keep is None else (keep,))})


def _rows(panel: Panel, shown: Shown, first: int, stop: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Times and values of one series' rows `first:stop`."""
    begin, end = panel.offsets[shown.in_panel], panel.offsets[shown.in_panel + 1]
    return panel.time[begin:end][first:stop], panel.y[begin:end][first:stop]


def _outside_in(levels: Sequence[float], *columns: Any, per_step: bool = False) -> list[tuple[Any, ...]]:
    """Levels with their columns, the widest first, so that narrower bands lie on top."""
    if per_step:
        columns = tuple(column.T for column in columns)
    return sorted(zip(levels, *columns, strict=True), key=lambda entry: -entry[0])


def _fans(
    stamps: list[Any],
    observed: np.ndarray,
    at: list[int],
    ahead: list[list[Any]],
    rows: np.ndarray,
    model: Prediction,
    level: int,
) -> list[tuple[list[Any], np.ndarray, np.ndarray]]:
    """For each window: times, lower and upper ends of one interval, opened from the last row that it saw."""
    return [
        (
            [stamps[k], *times],
            np.r_[observed[k], model.lower[row, :, level]],
            np.r_[observed[k], model.upper[row, :, level]],
        )
        for k, times, row in zip(at, ahead, rows, strict=True)
    ]


def _band(fans: list[tuple[list[Any], np.ndarray, np.ndarray]], level: float, depth: int) -> Trace:
    """One filled outline for each fan, all of them one trace. depth: 0 is the widest level."""
    x: list[Any] = []
    y: list[float | None] = []
    for times, lower, upper in fans:
        x += [*times, *times[::-1], None]
        y += [*numbers(lower), *numbers(upper)[::-1], None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": str(words.interval(level)),
        "x": x[:-1],
        "y": y[:-1],
        "fill": "toself",
        "fillcolor": f"band-{min(depth, 2)}",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "legendrank": _LAST - depth,
    }


def _pieces(name: Text, ahead: list[list[Any]], values: np.ndarray, colour: str, dash: str) -> Trace:
    """The forecasts of all windows as one broken line."""
    x = [stamp for times in ahead for stamp in (*times, None)]
    y = [value for window in values for value in (*numbers(window), None)]
    single = values.shape[1] == 1  # a piece of one step is a point, not a line
    return _line(name, x, y, colour, dash=dash) | (
        {"mode": "markers", "marker": {"color": colour, "size": 6}} if single else {}
    )


def _line(
    name: Text, x: list[Any], y: Any, colour: str, steps: int = MOST_POINTS, *, dash: str = "solid", width: float = 2
) -> Trace:
    """A line; few steps get a dot each, so that a single one can be seen."""
    few = steps <= 31
    trace: Trace = {"type": "scatter", "name": plain(name), "x": x, "y": numbers(y)}
    trace |= {"mode": "lines+markers" if few else "lines", "line": {"color": colour, "width": width, "dash": dash}}
    if few:
        trace["marker"] = {"color": colour, "size": width + 3}
    return trace


def _bar(line: Trace) -> Trace:
    return {
        "type": "bar",
        "name": line["name"],
        "x": line["x"],
        "y": line["y"],
        "marker": {"color": line["line"]["color"]},
    }


def _titled(title: Text, *, tozero: bool = False) -> dict[str, Any]:
    named: dict[str, Any] = {"title": {"text": str(title)}}
    return named | ({"rangemode": "tozero"} if tozero else {})


def _step_axis(horizon: int) -> dict[str, Any]:
    whole = {"dtick": 1, "tick0": 1} if horizon <= 12 else {}
    return {**_titled(words.STEP_AHEAD), "range": [0.5, horizon + 0.5], **whole}
