"""`write_inspection`: what was seen inside a network, as one HTML file; and `gatecast.inspect`.

The page stands on its own like the report: it contacts no address, and the same input gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast import explain
from gatecast.atomic import write_file
from gatecast.report import inspection_charts as charts
from gatecast.report import inspection_words as inside
from gatecast.report import tables, template, words

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from gatecast.explain.gates import LayerTrace
    from gatecast.forecaster import Forecaster


@dataclass(frozen=True)
class Inspection(explain.Inspection):
    """One network over one window, with a page of its own. The fields are those of `explain.Inspection`."""

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write the page. Raises: OutputError where the file cannot be written."""
        write_inspection(Path(path), self)


def inspect(
    model: Forecaster,
    data: Any = None,
    *,
    series: str | None = None,
    member: int = 0,
    join: Sequence[str] | None = None,
) -> Inspection:
    """Look inside one network of a fitted forecaster, over the newest window of one series.

    data, join: as for `Forecaster.predict`; None = the data of the fit, of a loaded model its newest rows. series: its
    id; None = the first. member: of the ensemble, from 0.
    Raises: NotFittedError; OptionError for a series or member that there is not; DataError and its kinds.
    """
    return Inspection(**vars(explain.examine(model, data, series=series, member=member, join=join)))


def write_inspection(path: Path, found: explain.Inspection) -> None:
    """Write the page in the language of `gatecast.language`. Raises: OutputError where it cannot be written."""
    page = {
        "title": inside.title(found.model, found.target, found.layout.source),
        "words": words,
        "inside": inside,
        "summary": inside.about(found.series, len(found.past), found.patch),
        "findings": found.words,
        "layers": [(_heading(layer), _parts(number, layer)) for number, layer in enumerate(found.layers)],
        "columns": _columns(found),
        "parameters": [[row.place, str(row.what), row.how, f"{row.count:,}"] for row in found.parameters],
        "total": f"{sum(row.count for row in found.parameters):,}",
        "figures": _figures(found),
        **template.surroundings(),
    }
    write_file(path, template.rendered("inspection.html", page))


def _figures(found: explain.Inspection) -> dict[str, list[Any]]:
    figures = {
        f"layer-{number}-{part}": [charts.of_part(found, layer, part)]
        for number, layer in enumerate(found.layers)
        for part in layer.parts
    }
    figures["memory"] = [charts.of_memory(found.memory)]
    figures["parameters"] = [charts.of_parameters(found.parameters)]
    if found.influence is not None:
        figures["influence"] = [charts.of_influence(found, found.influence)]
    if found.attribution is not None:
        figures["attribution"] = [charts.of_attribution(found, found.attribution.steps)]
    if found.attention is not None:
        figures["attention"] = [charts.of_attention(found, found.attention)]
    return figures


def _heading(layer: LayerTrace) -> str:
    return str(inside.layer(layer.kind, layer.layer, layer.place, layer.backwards))


def _parts(number: int, layer: LayerTrace) -> list[tuple[str, str, str]]:
    """Name of the chart, heading and meaning of each gate and state."""
    names = inside.GATES[layer.kind]
    return [(f"layer-{number}-{part}", str(names[part][0]), str(names[part][1])) for part in layer.parts]


def _columns(found: explain.Inspection) -> list[list[str]]:
    """A row a column of the data: what it did to this forecast, and what it is worth over many windows."""
    given, exchanged = found.attribution, found.permutation
    parts = {} if given is None else {found.target: given.steps.sum(axis=1), **given.covariates}
    names = list(parts) or ([] if exchanged is None else list(exchanged.loss))
    return [
        [
            name,
            tables.number(float(np.mean(parts[name])), 4) if name in parts else "–",
            f"{100 * exchanged.loss[name]:+z.1f} %" if exchanged is not None and name in exchanged.loss else "–",
        ]
        for name in names
    ]
