"""The charts of a comparison as plotly figures: plain dicts, as in `charts`. Computes no error."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gatecast.evaluation import method_name
from gatecast.language import Text
from gatecast.report import words
from gatecast.report.figures import Figure, Trace, look, numbers, plain, upright

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.comparison import Comparison, Method

_COLOURS = {"network": "model", "ensemble": "good", "naive": "naive"}
_KINDS = {
    "network": Text("network", "网络"),
    "ensemble": Text("ensemble", "集成"),
    "naive": Text("naive", "朴素方法"),
}
_SURE = Text("sure", "确定")
_OPEN = Text("may be chance", "可能是偶然")
_LESS_ERROR = Text("less error than the best naive method", "比最佳朴素方法低的误差")
_LOSS = Text("error while training", "训练中的误差")


def errors(comparison: Comparison) -> Figure:
    """MASE of every method, the best on top: a small dot a seed, a large one their mean."""
    ranked = sorted(comparison.methods, key=lambda method: comparison.losses(method).mean())
    data: list[Trace] = []
    for kind, colour in _COLOURS.items():
        of_kind = [method for method in ranked if method.kind == kind]
        means = [comparison.losses(method).mean() for method in of_kind]
        marker = {"color": colour, "size": 11, "symbol": "diamond" if kind == "naive" else "circle"}
        data.append(_dots(str(_KINDS[kind]), means, [_name(method) for method in of_kind], marker))
        seeds = [(mase, _name(m)) for m in of_kind for mase in comparison.losses(m).mean(1) if len(m.predictions) > 1]
        if seeds:
            marker = {"color": colour, "size": 5, "opacity": 0.5}
            data.append(_dots("", [mase for mase, _ in seeds], [name for _, name in seeds], marker))
    limit = comparison.losses(comparison.best_naive).mean()
    names = [_name(method) for method in ranked]
    return {"data": [trace for trace in data if trace["x"]], "layout": _by_name(names, "MASE", limit, tozero=True)}


def gains(comparison: Comparison) -> Figure:
    """How much less error than the best naive method, in percent, with intervals; right of the line is better."""
    beside = sorted(comparison.beside(comparison.best_naive.name).values(), key=lambda one: -one.gain)
    shown = [one for one in beside if math.isfinite(one.high - one.low)]
    data: list[Trace] = []
    for sure, colour, name in ((True, "good", _SURE), (False, "faint", _OPEN)):
        rows = [one for one in shown if one.sure is sure]
        trace = _dots(
            str(name),
            [100 * one.gain for one in rows],
            [plain(method_name(one.first)) for one in rows],
            {"color": colour},
        )
        trace["marker"]["size"] = 10
        trace["error_x"] = {
            "type": "data",
            "symmetric": False,
            "array": numbers(100 * (one.high - one.gain) for one in rows),
            "arrayminus": numbers(100 * (one.gain - one.low) for one in rows),
            "color": colour,
            "thickness": 2,
        }
        data.append(trace)
    layout = _by_name([plain(method_name(one.first)) for one in shown], str(_LESS_ERROR), 0.0, tozero=False)
    layout["xaxis"]["ticksuffix"] = " %"
    return {"data": [trace for trace in data if trace["x"]], "layout": layout}


def curves(comparison: Comparison) -> Figure:
    """Validation error (solid) and training loss (dotted) by step: a colour a network, a line a seed."""
    data: list[Trace] = []
    for k, method in enumerate(method for method in comparison.methods if method.kind == "network"):
        ran = [history for history in method.histories if history.step]
        judged = [history for history in ran if history.validation]
        for kind, shown, values in (
            ("solid", judged, [h.validation for h in judged]),
            ("dot", ran, [h.loss for h in ran]),
        ):
            trace = _line(_name(method), *_broken([h.step for h in shown], values), k)
            trace |= {"legendgroup": method.name, "showlegend": kind == "solid"}
            if kind == "dot":
                trace["line"] = {**trace["line"], "dash": "dot", "width": 1}
            data.append(trace)
    data = [trace for trace in data if trace["x"]]
    drawn = [value for trace in data for value in trace["y"] if value is not None]
    wide = bool(drawn) and min(drawn) > 0 and max(drawn) > 20 * min(drawn)
    y_axis = {"title": {"text": str(_LOSS)}, **({"type": "log"} if wide else {})}
    return {"data": data, "layout": {"xaxis": {"title": {"text": str(words.TRAINING_STEP)}}, "yaxis": y_axis}}


def steps(comparison: Comparison) -> Figure:
    """Mean absolute error of every step: networks and ensembles, and the best naive method."""
    found = comparison.steps()
    ahead = list(range(1, comparison.horizon + 1))
    shown = [*comparison.trained, comparison.best_naive]
    data = [_line(_name(method), ahead, numbers(found[method.name]), k) for k, method in enumerate(shown)]
    for trace in data:
        trace["mode"] = "lines+markers" if len(ahead) <= 31 else "lines"
    data[-1] |= {"line": {"color": "faint", "width": 3, "dash": "dot"}, "marker": {"color": "faint"}}
    x_axis = {"title": {"text": str(words.STEP_AHEAD)}, **({"dtick": 1} if len(ahead) <= 12 else {})}
    y_axis = {"title": {"text": str(words.MEAN_ERROR)}, "rangemode": "tozero"}
    return {"data": data, "layout": {"xaxis": x_axis, "yaxis": y_axis}}


def _broken(steps: Sequence[Sequence[int]], values: Sequence[Sequence[float]]) -> tuple[list[Any], list[Any]]:
    """The curves of all seeds as one broken line."""
    x = [step for one in steps for step in (*one, None)]
    y = numbers(value for one in values for value in (*one, None))
    return x[:-1], y[:-1]


def _dots(name: str, x: Sequence[Any], y: Sequence[str], marker: dict[str, Any]) -> Trace:
    trace: Trace = {"type": "scatter", "mode": "markers", "name": name, "marker": marker}
    return {**trace, "x": numbers(x), "y": list(y), "showlegend": bool(name)}


def _line(name: str, x: list[Any], y: list[Any], k: int) -> Trace:
    trace: Trace = {"type": "scatter", "mode": "lines", "name": name, "x": x, "y": y}
    return trace | {"line": {**look(k), "width": 2}, "marker": {"color": look(k)["color"]}}


def _by_name(names: list[str], title: str, limit: float, *, tozero: bool) -> dict[str, Any]:
    """Names from top to bottom; a dotted line at the value that must be beaten."""
    return {
        "xaxis": {"title": {"text": title}, "showgrid": True, **({"rangemode": "tozero"} if tozero else {})},
        "yaxis": {"type": "category", "categoryorder": "array", "categoryarray": names[::-1], "nticks": len(names) + 1},
        "shapes": [upright(numbers([limit])[0])],
        "hovermode": "closest",
    }


def _name(method: Method) -> str:
    return plain(method_name(method.name))
