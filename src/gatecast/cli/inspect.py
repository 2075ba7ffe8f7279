"""`gatecast inspect`: inside a kept model, in words, tables and on a page. Finds nothing itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.cli import screen
from gatecast.cli.console import dump, on_stdout, say
from gatecast.cli.sparkline import sparkline
from gatecast.cli.steps import refuse_existing
from gatecast.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.explain import Inspection

_WIDTH = 40  # of a sparkline


def inspect_step(
    saved: str,
    data: str | None,
    out: str | None,
    *,
    series: str | None,
    join: Sequence[str] | None,
    force: bool,
    as_json: bool,
) -> None:
    """Look inside a kept model over the end of its training data or of `data`; write the page if `out` is given."""
    from gatecast.loading import load
    from gatecast.report.inspection import inspect

    if out is not None:
        refuse_existing(Path(out), force)
    found = inspect(load(saved, device="cpu"), data, series=series, join=join)
    files = {} if out is None else {"page": out}
    if out is not None:
        found.report(out)
    if as_json:
        dump({**_document(found), "files": files})
        return
    _show(found)
    if files:
        screen.show_files(files)


def _show(found: Inspection) -> None:
    console = on_stdout()
    say(
        console,
        Text(f"Inside the {found.model}, series {found.series}", f"{found.model} 的内部，序列 {found.series}"),
        style="bold",
    )
    for sentence in found.words:
        say(console, f"· {sentence}")
    console.print()
    heads = (Text("over the window", "窗口内"), Text("from the oldest step to the newest", "从最早一步到最新一步"))
    screen.show_table(heads, [(name, sparkline(values, _WIDTH)) for name, values in _lines(found)], numbers=())
    console.print()
    heads = (Text("parameters of", "参数所属"), Text("units × …", "单元 × ……"), Text("count", "个数"))
    rows = [
        (f"{row.place} · {row.what}" if row.how else str(row.what), row.how, f"{row.count:,}")
        for row in found.parameters
    ]
    screen.show_table(heads, rows, numbers=(1, 2))


def _lines(found: Inspection) -> list[tuple[str, np.ndarray]]:
    """What is drawn in one line each: the series, the memory, what each gate did on average."""
    lines = [(found.target, found.past), (str(Text("memory", "记忆")), found.memory.strength)]
    if found.attribution is not None:
        lines.append((str(Text("attribution", "归因")), np.abs(found.attribution.steps).mean(0)))
    for layer in found.layers:
        lines += [
            (f"{layer.kind} {layer.layer}{' ←' if layer.backwards else ''} {part}", values.mean(1))
            for part, values in layer.parts.items()
        ]
    return lines


def _document(found: Inspection) -> dict[str, Any]:
    """Everything that was found; gates and states as their mean over the units."""
    given, exchanged = found.attribution, found.permutation
    return {
        "model": found.model,
        "series": found.series,
        "patch": found.patch,
        "words": found.words,
        "point": found.point,
        "memory": {"lag": found.memory.lag, "strength": found.memory.strength, "half_life": found.memory.half_life},
        "influence": found.influence,
        "attention": found.attention,
        "attribution": given
        and {
            "forecast": given.forecast,
            "baseline": given.baseline,
            "steps": given.steps,
            "covariates": dict(given.covariates),
        },
        "permutation": exchanged and {"error": exchanged.error, "windows": exchanged.windows, "loss": exchanged.loss},
        "layers": [
            {
                "kind": layer.kind,
                "place": layer.place,
                "layer": layer.layer,
                "backwards": layer.backwards,
                "means": {part: values.mean(1) for part, values in layer.parts.items()},
            }
            for layer in found.layers
        ],
        "parameters": [
            {"place": row.place, "what": row.what, "how": row.how, "count": row.count} for row in found.parameters
        ],
    }
