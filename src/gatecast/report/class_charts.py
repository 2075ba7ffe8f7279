"""The charts of a classifier as plotly figures: plain dicts. Colours are names of CSS variables, as in `charts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.language import Text

if TYPE_CHECKING:
    from gatecast.evaluation.class_scores import ClassScores

Figure = dict[str, Any]
Trace = dict[str, Any]

_MOST_POINTS = 300  # of a curve
_COLOURS = ("model", "naive", "good", "level-1", "caution", "actual")  # then again, with the next dash
_DASHES = ("solid", "dash", "dot", "dashdot")
_FALSE = Text("share of the others called so", "其他类别被误判的比例")
_TRUE = Text("share of its own called so", "该类别被判对的比例")
_SAID = Text("probability said", "所报概率")
_CAME = Text("share that came", "实际频率")
_AREA = Text("area", "面积")


def roc(scores: ClassScores) -> Figure:
    """A curve for each class that came and did not always come; of two classes one says all."""
    shown = scores.classes if len(scores.classes) > 2 else scores.classes[-1:]
    data = []
    for k, name in enumerate(shown):
        false, true, area = scores.roc(name)
        if len(false):
            rows = np.unique(np.linspace(0, len(false) - 1, min(len(false), _MOST_POINTS)).astype(int))
            data.append(_line(f"{_plain(name)} · {_AREA} {area:.2f}", false[rows], true[rows], k, "lines"))
    return _square(data, _FALSE, _TRUE)


def reliability(scores: ClassScores) -> Figure:
    """What was said of each class beside what came, a dot a bin; of two classes one says all."""
    shown = scores.classes if len(scores.classes) > 2 else scores.classes[-1:]
    data = []
    for k, name in enumerate(shown):
        said, came, _ = scores.reliability(name)
        data.append(_line(_plain(name), said, came, k, "lines+markers"))
    return _square(data, _SAID, _CAME)


def _line(name: str, x: np.ndarray, y: np.ndarray, k: int, mode: str) -> Trace:
    colour = _COLOURS[k % len(_COLOURS)]
    dash = _DASHES[k // len(_COLOURS) % len(_DASHES)]
    trace: Trace = {"type": "scatter", "name": name, "mode": mode, "x": _numbers(x), "y": _numbers(y)}
    return trace | {"line": {"color": colour, "width": 2.5, "dash": dash}, "marker": {"color": colour, "size": 7}}


def _square(data: list[Trace], x: Text, y: Text) -> Figure:
    """Both axes from 0 to 1, and the diagonal."""
    line = {"color": "faint", "width": 1.5, "dash": "dot"}
    diagonal = {"type": "line", "layer": "below", "x0": 0, "y0": 0, "x1": 1, "y1": 1, "line": line}
    axes = {"xaxis": x, "yaxis": y}
    layout: dict[str, Any] = {
        name: {"title": {"text": str(title)}, "range": [-0.02, 1.02], "tickformat": ".0%"}
        for name, title in axes.items()
    }
    return {"data": data, "layout": {**layout, "shapes": [diagonal], "showlegend": True}}


def _plain(name: str) -> str:
    """Plotly reads tags in names: a class's name is only text."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _numbers(values: np.ndarray) -> list[float]:
    return [float(f"{value:.5g}") for value in values]
