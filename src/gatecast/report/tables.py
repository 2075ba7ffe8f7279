"""The report's tables as rows of ready text: methods beside each other, and the forecast in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gatecast.evaluation import method_name
from gatecast.report import words
from gatecast.report.time_axis import labels, local

if TYPE_CHECKING:
    from gatecast.evaluation import Scores
    from gatecast.forecast import Forecast
    from gatecast.language import Text
    from gatecast.report.selection import Shown

MOST_ROWS = 120  # of a series' forecast
_HIGHER = ("R2", "direction")
_SHARES = ("coverage", "direction")


class Cell(NamedTuple):
    text: str
    best: bool


@dataclass(frozen=True)
class Comparison:
    """Methods against metrics. columns: heading and meaning. rows: name, cells, and its role: "model", "best", ""."""

    columns: tuple[tuple[str, Text], ...]
    rows: tuple[tuple[Text, tuple[Cell, ...], str], ...]


def comparison(scores: Scores) -> Comparison:
    """`scores.table()` with the best of each column marked."""
    table = {name: column for name, column in scores.table().items() if name != "method"}
    texts = {name: [written(name, value) for value in column] for name, column in table.items()}
    winners = {name: best(name, column) for name, column in table.items()}
    rows = []
    for i, method in enumerate(scores.methods):
        role = "model" if i == 0 else "best" if method == scores.verdict.best_baseline else ""
        cells = tuple(Cell(texts[name][i], texts[name][i] in {texts[name][k] for k in winners[name]}) for name in table)
        rows.append((method_name(method), cells, role))
    return Comparison(tuple((heading(name), meaning(name)) for name in table), tuple(rows))


def forecast_rows(forecast: Forecast, shown: Shown) -> tuple[list[str], list[list[str]], int]:
    """Headings, rows of one series, and how many more rows there are than are shown."""
    i = shown.in_forecast
    times = [str(stamp).replace("T", " ") for stamp in labels(local(forecast.time[i], forecast.layout.time_zone))]
    columns = [times, _fitting(forecast.point[i])]
    headings = [str(words.TIME), str(words.POINT)]
    for k, level in enumerate(forecast.levels):
        columns += [_fitting(forecast.lower[i, :, k]), _fitting(forecast.upper[i, :, k])]
        headings += [f"lo-{level:g}", f"hi-{level:g}"]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return headings, rows[:MOST_ROWS], max(0, len(rows) - MOST_ROWS)


def number(value: float, digits: int = 4) -> str:
    """`digits` significant ones, grouped, never in scientific notation unless it is far out; – for no number."""
    if not np.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = int(np.floor(np.log10(abs(value))))
    if not -5 <= size < 15:
        return f"{value:.{digits - 1}e}"
    return f"{value:,.{max(0, digits - 1 - size)}f}"


def _fitting(values: np.ndarray) -> list[str]:
    """One number of decimals for the whole column."""
    size = np.abs(values[np.isfinite(values)]).max(initial=1e-5)
    if not 1e-4 <= size < 1e15:
        return [number(v) for v in values]
    decimals = int(max(0, 4 - np.floor(np.log10(size))))
    return [f"{v:,.{decimals}f}" if np.isfinite(v) else "–" for v in values]


def written(name: str, value: float) -> str:
    """A measure as text; – for no number."""
    if name.startswith(_SHARES):
        return f"{100 * value:.0f} %" if np.isfinite(value) else "–"
    if name == "sMAPE":
        return f"{value:.1f} %" if np.isfinite(value) else "–"
    return f"{value:.3f}" if name in ("MASE", "R2") and abs(value) < 1000 else number(value)


def best(name: str, column: np.ndarray) -> list[int]:
    """The best row, as a list that is empty where no row has a number."""
    if name.startswith("coverage-"):
        column = np.abs(100 * column - float(name.removeprefix("coverage-")))
    elif name in _HIGHER:
        column = -column
    return [] if np.isnan(column).all() else [int(np.nanargmin(column))]


def heading(name: str) -> str:
    """What stands above the column of a measure."""
    if name == "R2":
        return "R²"
    if name.startswith("coverage-"):
        return str(words.covered(float(name.removeprefix("coverage-"))))
    return str(words.DIRECTION) if name == "direction" else name


def meaning(name: str) -> Text:
    """What a measure says, and which way is better."""
    if name.startswith("coverage-"):
        return words.coverage_meaning(float(name.removeprefix("coverage-")))
    return words.COLUMN_MEANINGS[name]
