"""The grammar of the charts: numbers that JSON takes, names that Plotly does not read as tags, lines. Draws nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

Figure = dict[str, Any]
Trace = dict[str, Any]

_COLOURS = ("model", "naive", "good", "level-1", "caution", "actual")  # then again, with the next dash
_DASHES = ("solid", "dash", "dot", "dashdot")


def look(k: int) -> dict[str, str]:
    """Colour and dash of the k-th of many equal lines."""
    return {"color": _COLOURS[k % len(_COLOURS)], "dash": _DASHES[k // len(_COLOURS) % len(_DASHES)]}


def upright(x: Any) -> dict[str, Any]:
    """A dotted line from the bottom to the top of the chart."""
    line = {"color": "faint", "width": 1, "dash": "dot"}
    ends = {"x0": x, "x1": x, "y0": 0, "y1": 1}
    return {"type": "line", "layer": "below", "xref": "x", "yref": "paper", **ends, "line": line}


def plain(name: object) -> str:
    """Plotly reads tags in names: the name of a method or a class is only text."""
    return str(name).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def numbers(values: Iterable[float | None], digits: int = 7) -> list[float | None]:
    """JSON numbers of so many digits; what is not finite becomes a gap."""
    return [float(f"{v:.{digits}g}") if v is not None and math.isfinite(v) else None for v in values]


def spread(total: int, most: int) -> np.ndarray:
    """At most `most` of the numbers 0 … total - 1, evenly, first and last among them."""
    return np.unique(np.linspace(0, total - 1, min(total, most)).round().astype(int))
