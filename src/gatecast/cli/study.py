"""`gatecast study N`: carries a study out, prints it section by section, keeps its page and its tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatecast.atomic import replacing_folder
from gatecast.cli import screen
from gatecast.cli.console import dump, json_text
from gatecast.cli.progress import progress_bar
from gatecast.cli.settings import whole_number
from gatecast.cli.tables import as_csv
from gatecast.language import Text
from gatecast.studies.catalogue import carry_out

if TYPE_CHECKING:
    from gatecast.studies.result import OnProgress, StudyProgress, StudyResult

_PAGE, _FIGURES = "report.html", "study.json"


def study_step(name: str, out: str | None, *, seed: str | None, quick: bool, force: bool, as_json: bool) -> None:
    """Carry out a study; with `out`, keep its page and a CSV of each table in that folder.

    Raises: OptionError for an unknown study or a seed that is no number; OutputError where it cannot be kept.
    """
    wanted = whole_number("seed", seed or "0", least=0)
    with nullcontext() if out is None else replacing_folder(Path(out), force) as folder:
        result = _carried_out(name, wanted, quick)
        kept = [] if folder is None else write_results(folder, result)
    files = {} if out is None else {file: str(Path(out) / file) for file in kept}
    if as_json:
        dump(document_of(result) | {"files": files})
        return
    screen.tell(result.title)
    for section in result.sections:
        screen.show_section(section)
    if files:
        screen.show_files(files)


def write_results(folder: Path, result: StudyResult) -> list[str]:
    """The page, its words and figures as JSON, and table-1.csv, table-2.csv, …; the names of what was written."""
    from gatecast.report.study import write_study

    write_study(folder / _PAGE, result)
    (folder / _FIGURES).write_text(json_text(document_of(result)), "utf-8")
    tables = [section.table for section in result.sections if section.table is not None]
    for k, table in enumerate(tables, start=1):
        (folder / f"table-{k}.csv").write_bytes(as_csv({name: _cells(column) for name, column in table.items()}))
    return [_PAGE, _FIGURES, *(f"table-{k + 1}.csv" for k in range(len(tables)))]


def document_of(result: StudyResult) -> dict[str, Any]:
    """What --json says: everything but the curves."""
    sections = [
        {"heading": one.heading, "words": one.words, "table": one.table and dict(one.table)} for one in result.sections
    ]
    return {"study": result.number or "mistakes", "title": result.title, "sections": sections}


def _cells(column: Sequence[Any]) -> list[Any]:
    return [str(cell) if isinstance(cell, Text) else cell for cell in column]


def _carried_out(name: str, seed: int, quick: bool) -> StudyResult:
    with _bar() as bar:
        return carry_out(name, seed=seed, quick=quick, on_progress=bar)


@contextmanager
def _bar() -> Iterator[OnProgress | None]:
    """The bar of a training, fed by a study."""
    from gatecast.training.history import Progress

    start = time.perf_counter()
    with progress_bar() as show:

        def tell(progress: StudyProgress) -> None:
            seconds = time.perf_counter() - start
            part, done, total = str(progress.part), int(progress.done), int(progress.total)
            if show is not None:
                show(Progress(part, done, total, None, None, seconds, None))

        yield tell if show is not None else None
