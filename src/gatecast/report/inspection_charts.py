"""The charts of an inspection as plotly figures: heat maps over time, bars. Plain dicts, like those in `charts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.report import inspection_words as words
from gatecast.report.figures import Figure, numbers, spread, upright
from gatecast.report.time_axis import labels, local
from gatecast.report.words import STEP_AHEAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.explain.gates import LayerTrace
    from gatecast.explain.inspection import Inspection
    from gatecast.explain.memory import Memory
    from gatecast.explain.parameters import Count
    from gatecast.language import Text

_MOST_ROWS, _MOST_COLUMNS = 96, 240  # of a heat map
_MOST_BARS = 200
_FADED = 0.05  # of the largest strength: below it only a logarithmic axis shows the rest
# see-through in the middle or at the bottom, so that they stand on a light page and on a dark one
_LEVELS = [[0, "rgba(26,102,184,0.03)"], [1, "rgba(26,102,184,1)"]]
_SIGNED = [[0, "rgba(207,92,12,1)"], [0.5, "rgba(128,128,128,0.04)"], [1, "rgba(26,102,184,1)"]]
_OPEN = {"input", "forget", "output", "reset", "update"}  # gates, between 0 and 1


def of_part(found: Inspection, layer: LayerTrace, part: str) -> Figure:
    """One gate or state over time: a row a unit, a column a position."""
    values = layer.parts[part].T  # (hidden, positions)
    if part in _OPEN:
        return _heat_map(_positions(found), values, words.UNIT, _LEVELS, (0.0, 1.0))
    reach = max(1e-9, float(np.quantile(np.abs(values), 0.99)))  # one wild unit shall not pale the others
    return _heat_map(_positions(found), values, words.UNIT, _SIGNED, (-reach, reach))


def of_memory(inner: Memory) -> Figure:
    """The strength of the memory by lag, on a logarithmic axis where it fades far; the half-life is marked."""
    rows = spread(len(inner.lag), _MOST_BARS)
    trace = {
        "type": "scatter",
        "mode": "lines+markers" if len(rows) <= 31 else "lines",
        "name": str(words.STRENGTH),
        "x": inner.lag[rows].tolist(),
        "y": numbers(np.maximum(inner.strength[rows], 1e-12), 5),
        "line": {"color": "model", "width": 2.5},
        "fill": "tozeroy",
        "fillcolor": "band-0",
    }
    least = max(float(inner.strength[inner.strength > 0].min(initial=1.0)), 1e-8)
    faded = {"type": "log", "range": [float(np.log10(least)) - 0.1, 0.1], "dtick": 1, "exponentformat": "power"}
    layout: Figure = {
        "xaxis": {"title": {"text": str(words.STEPS_BACK)}, "autorange": "reversed"},
        "yaxis": faded if least < _FADED else {"range": [0, 1.05]},
    }
    if inner.half_life is not None:
        layout["shapes"] = [upright(inner.half_life)]
    return {"data": [trace], "layout": layout}


def of_influence(found: Inspection, influence: np.ndarray) -> Figure:
    """How far each step of the forecast moves with each past value."""
    top = max(1e-12, float(np.quantile(influence, 0.995)))
    return _heat_map(_stamps(found), influence, STEP_AHEAD, _LEVELS, (0.0, top))


def of_attribution(found: Inspection, steps: np.ndarray) -> Figure:
    """Which past values moved the forecast, on average over its steps; the newest `_MOST_BARS` of them."""
    shares = steps.mean(axis=0)[-_MOST_BARS:]
    stamps = _stamps(found)[-_MOST_BARS:]
    bars = [
        {
            "type": "bar",
            "name": str(name),
            "x": stamps,
            "y": numbers(np.where(sign * shares > 0, shares, np.nan), 5),
            "marker": {"color": colour},
        }
        for name, sign, colour in ((words.RAISES, 1, "model"), (words.LOWERS, -1, "naive"))
    ]
    layout = {
        "xaxis": _time_axis(stamps),
        "yaxis": {"title": {"text": found.target}},
        "barmode": "overlay",
        "bargap": 0.05,
    }
    return {"data": bars, "layout": layout}


def of_attention(found: Inspection, attention: np.ndarray) -> Figure:
    """Who looks (down) at whom (across), position by position."""
    positions = _positions(found)
    return _heat_map(
        positions,
        attention,
        words.LOOKING,
        _LEVELS,
        (0.0, float(np.quantile(attention[np.tril_indices(len(attention))], 0.99))),
    )


def of_parameters(parameters: Sequence[Count]) -> Figure:
    """How many parameters each part has, the first on top."""
    names = [f"{row.place.rpartition('.')[2]} · {row.what}" if row.how else str(row.what) for row in parameters]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [row.count for row in parameters],
        "y": names,
        "name": str(words.PARAMETERS),
        "marker": {"color": "model"},
    }
    axes = {
        "xaxis": {"nticks": 4, "tickangle": 0},
        "yaxis": {"autorange": "reversed", "type": "category", "dtick": 1},  # every name
    }
    return {"data": [bars], "layout": {**axes, "hovermode": "closest"}}


def _heat_map(
    columns: list[Any], values: np.ndarray, rows: Text, scale: list[Any], span: tuple[float, float]
) -> Figure:
    across, down = spread(values.shape[1], _MOST_COLUMNS), spread(values.shape[0], _MOST_ROWS)
    stamps = [columns[k] for k in across]
    trace = {
        "type": "heatmap",
        "x": stamps,
        "y": [int(k) + 1 for k in down],
        "z": [numbers(row, 3) for row in values[np.ix_(down, across)]],
        "colorscale": scale,
        "zmin": span[0],
        "zmax": span[1],
        "colorbar": {"thickness": 10, "outlinewidth": 0, "tickfont": {"color": "muted"}, "nticks": 5},
    }
    return {
        "data": [trace],
        "layout": {"xaxis": _time_axis(stamps), "yaxis": {"title": {"text": str(rows)}}, "hovermode": "closest"},
    }


def _stamps(found: Inspection) -> list[Any]:
    """The time of every step of the window; steps before the series began are numbered from its start."""
    stamps = labels(local(found.time, found.layout.time_zone))
    return stamps if len(set(stamps)) == len(stamps) else list(range(len(stamps)))


def _positions(found: Inspection) -> list[Any]:
    """The time of the newest step of every position."""
    return _stamps(found)[found.patch - 1 :: found.patch]


def _time_axis(stamps: list[Any]) -> Figure:
    """Every column as wide as the next, whatever days lie between."""
    return {"type": "category", "nticks": 6} if stamps and isinstance(stamps[0], str) else {}
