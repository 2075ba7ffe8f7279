"""`gatecast compare`: several networks on one table, printed, and kept as a page with its table."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.atomic import replacing_folder
from gatecast.cli import documents, screen
from gatecast.cli.console import dump, json_text
from gatecast.cli.job import read_table
from gatecast.cli.progress import progress_bar
from gatecast.cli.settings import whole_number
from gatecast.cli.tables import as_csv
from gatecast.evaluation import method_name
from gatecast.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatecast.cli.settings import Settings
    from gatecast.comparison import Comparison

_PAGE, _TABLE, _FIGURES = "report.html", "comparison.csv", "comparison.json"


def compare_step(
    data: str, settings: Settings, given: Mapping[str, Any], *, out: str | None, force: bool, as_json: bool
) -> None:
    """Compare networks; with `out`, keep page, table and figures in that folder.

    given: --models, --seeds, --ensemble as text. Raises: GatecastError of every kind; then nothing was written.
    """
    asked: dict[str, Any] = {name: _names(given[name]) for name in ("models", "ensemble")}
    asked["seeds"] = whole_number("seeds", "3" if given["seeds"] is None else given["seeds"], least=1)
    with nullcontext() if out is None else replacing_folder(Path(out), force) as folder:
        comparison = _compared(data, settings, asked, as_json)
        if folder is not None:
            _write_results(folder, comparison)
    files = {} if out is None else {name: str(Path(out) / name) for name in (_TABLE, _PAGE, _FIGURES)}
    if as_json:
        dump({"data": documents.of_reading(comparison.reading), **document_of(comparison), "files": files})
        return
    _show(comparison)
    if files:
        screen.show_files(files)


def document_of(comparison: Comparison) -> dict[str, Any]:
    """The table, the differences and the sentences, as plain dictionaries."""
    table = comparison.table()
    kinds = [method.kind for method in comparison.methods]
    return {
        "windows": len(comparison.actual),
        "seeds": comparison.seeds,
        "methods": [
            {name: column[row] for name, column in table.items()} | {"kind": kind} for row, kind in enumerate(kinds)
        ],
        "mae_of_steps": comparison.steps(),
        "differences": [one._asdict() | {"sure": one.sure} for one in comparison.differences],
        "text": comparison.describe(),
    }


def _compared(data: str, settings: Settings, asked: Mapping[str, Any], as_json: bool) -> Comparison:
    from gatecast.comparison import compare

    options = settings.forecaster_options()
    del options["model"]  # --models has said which
    if options["members"] is None:
        del options["members"]  # one a training: the seeds show the scatter
    reading = read_table(data, settings)
    if not as_json:
        screen.show_reading(reading)
    with progress_bar() as bar:
        return compare(reading, windows=settings.forecast.windows, on_progress=bar, **asked, **options)


def _show(comparison: Comparison) -> None:
    """A row a method, the least error on top; then what it says."""
    table = comparison.table()
    coverages = [name for name in table if name.startswith("coverage-")]
    heads = [Text("method", "方法"), *(Text(name, name) for name in ("MASE", "±", "RMSE", "MAE"))]
    heads += [_inside(name.removeprefix("coverage-")) for name in coverages]
    heads += [Text("seconds", "秒"), Text("parameters", "参数")]
    rows = []
    for row in np.argsort(table["MASE"], kind="stable").tolist():
        errors = [screen.number(float(table[name][row])) for name in ("MASE", "MASE-spread", "RMSE", "MAE")]
        covered = [f"{100 * table[name][row]:.0f} %" for name in coverages]
        trained = comparison.methods[row].kind != "naive"
        cost = [f"{table['seconds'][row]:.1f}", f"{table['parameters'][row]:,}"] if trained else ["–", "–"]
        rows.append([str(method_name(comparison.methods[row].name)), *errors, *covered, *cost])
    screen.tell(Text("", ""))
    screen.show_table(heads, rows, numbers=range(1, len(heads)))
    for sentence in comparison.describe():
        screen.tell(sentence)


def _inside(level: str) -> Text:
    return Text(f"inside\n{level} %", f"落在\n{level}% 内")


def _write_results(folder: Path, comparison: Comparison) -> None:
    from gatecast.report.comparison import write_comparison

    columns = {name: values.tolist() for name, values in comparison.table().items()}
    (folder / _TABLE).write_bytes(as_csv(columns))
    write_comparison(folder / _PAGE, comparison)
    (folder / _FIGURES).write_text(json_text(document_of(comparison)), "utf-8")


def _names(given: str | None) -> list[str]:
    return [part.strip() for part in (given or "").split(",") if part.strip()]
