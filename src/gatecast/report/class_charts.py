"""The charts of a classifier as plotly figures: plain dicts. Colours are names of CSS variables, as in `charts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatecast.language import Text
from gatecast.report.figures import Figure, Trace, look, numbers, plain, spread

if TYPE_CHECKING:
    import numpy as np

    from gatecast.evaluation.class_scores import ClassScores

_MOST_POINTS = 300  # of a curve
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
            rows = spread(len(false), _MOST_POINTS)
            data.append(_line(f"{plain(name)} · {_AREA} {area:.2f}", false[rows], true[rows], k, "lines"))
    return _square(data, _FALSE, _TRUE)


def reliability(scores: ClassScores) -> Figure:
    """What was said of each class beside what came, a dot a bin; of two classes one says all."""
    shown = scores.classes if len(scores.classes) > 2 else scores.classes[-1:]
    data = []
    for k, name in enumerate(shown):
        said, came, _ = scores.reliability(name)
        data.append(_line(plain(name), said, came, k, "lines+markers"))
    return _square(data, _SAID, _CAME)


def _line(name: str, x: np.ndarray, y: np.ndarray, k: int, mode: str) -> Trace:
    line = look(k)
    trace: Trace = {"type": "scatter", "name": name, "mode": mode, "x": numbers(x, 5), "y": numbers(y, 5)}
    return trace | {"line": {**line, "width": 2.5}, "marker": {"color": line["color"], "size": 7}}


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
