"""`write_study`: what a study found as one HTML file, like the report of a run. Knows results, carries out none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.atomic import write_file
from gatecast.language import Text
from gatecast.report import charts, tables, template, words
from gatecast.studies.result import column_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gatecast.studies.result import Section, StudyResult

_LONG = 24  # letters; a table with longer cells breaks its lines


def write_study(path: Path, result: StudyResult) -> None:
    """Write the page in the language of `gatecast.language`.

    Raises: OutputError where the file cannot be written.
    """
    drawn = [(f"chart-{k}", one) for k, one in enumerate(result.sections)]
    page = {
        "title": str(result.title),
        "words": words,
        "summary": words.study(result.number),
        "sections": [_section(name, one) for name, one in drawn],
        "figures": {name: [charts.of_study(one.chart)] for name, one in drawn if one.chart is not None},
        **template.surroundings(),
    }
    write_file(path, template.rendered("study.html", page))


def _section(name: str, section: Section) -> dict[str, Any]:
    """A section as the template wants it: ready text."""
    chart = section.chart
    return {
        "heading": section.heading,
        "words": section.words,
        "chart": chart and {"name": name, "title": chart.title, "unit": chart.y_label},
        "table": section.table and _table(section.table),
    }


def _table(table: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """What the macro `grid` takes; a table with long cells breaks its lines."""
    wordy = [k for k, column in enumerate(table.values()) if any(isinstance(cell, str | Text) for cell in column)]
    rows = [[_written(cell) for cell in row] for row in zip(*table.values(), strict=True)]
    long = any(_width(cell) > _LONG for row in rows for cell in row)
    headings = [column_name(name) for name in table]
    return {"headings": headings, "rows": rows, "wordy": wordy, "kind": "wordy" if long else ""}


def _width(text: str) -> int:
    """In Latin letters: Chinese ones take two."""
    return sum(1 + (letter >= "\u2e80") for letter in text)


def _written(cell: Any) -> str:
    """A cell as text: – for nothing, numbers of four digits, words as they are."""
    if cell is None:
        return "–"
    if isinstance(cell, bool | str | Text):
        return str(cell)
    if isinstance(cell, int | np.integer):
        return f"{int(cell):,}"
    if isinstance(cell, float | np.floating):
        return f"{cell:,.0f}" if float(cell).is_integer() and abs(cell) < 1e15 else tables.number(float(cell))
    return str(cell)
