"""`gatecast classify`: which class comes next, or which one a series is; judged, printed, kept as page and tables."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatecast.atomic import replacing_folder
from gatecast.cli import documents, screen
from gatecast.cli.console import dump, json_text
from gatecast.cli.progress import progress_bar
from gatecast.cli.tables import as_csv, times
from gatecast.errors import OptionError, TrainingError
from gatecast.evaluation.class_scores import ClassScores, class_method_name
from gatecast.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatecast.classifier import ClassForecast, Classifier
    from gatecast.cli.settings import Settings

_CLASSES, _SCORES, _PAGE, _FIGURES = "classes.csv", "scores.csv", "report.html", "classes.json"
_MOST_ROWS = 10


def classify_step(
    data: str, settings: Settings, given: Mapping[str, Any], *, out: str | None, force: bool, as_json: bool
) -> None:
    """Train, judge and tell classes; with `out`, keep tables and page in that folder.

    given: --task, --label, --balanced. Raises: GatecastError of every kind; then nothing was written.
    """
    with nullcontext() if out is None else replacing_folder(Path(out), force) as folder:
        model, scores, forecast = _classified(data, settings, given, as_json)
        if folder is not None:
            _write_results(folder, model, scores, forecast)
    files = {} if out is None else {name: str(Path(out) / name) for name in (_CLASSES, _SCORES, _PAGE, _FIGURES)}
    if as_json:
        dump({**document_of(model, scores, forecast), "files": files})
        return
    _show(model, scores, forecast)
    if files:
        screen.show_files(files)


def document_of(model: Classifier, scores: ClassScores, forecast: ClassForecast) -> dict[str, Any]:
    """What --json says: everything but the curves, without the clock."""
    verdict, table, columns = scores.verdict, scores.table(), _columns(forecast)
    return {
        "data": documents.of_reading(model.reading),
        "training": documents.of_training(model),
        "scores": {
            "windows": len(scores.actual),
            "classes": scores.classes,
            "methods": [{name: column[row] for name, column in table.items()} for row in range(len(scores.methods))],
            "confusion": scores.confusion(),
            "verdict": asdict(verdict) | {"text": verdict.text},
            "notes": scores.notes,
        },
        "forecast": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
    }


def _classified(
    data: str, settings: Settings, given: Mapping[str, Any], as_json: bool
) -> tuple[Classifier, ClassScores, ClassForecast]:
    from gatecast.classifier import Classifier

    wanted, training = settings.forecast, settings.training
    task = given["task"] or "direction"
    if wanted.horizon is None and task != "label":
        raise OptionError("say how many steps ahead: --horizon 5.", "请说明向前多少步：--horizon 5。")
    model = Classifier(
        1 if wanted.horizon is None else wanted.horizon,
        task=task,
        model=wanted.model,
        context=wanted.context,
        steps=training.steps,
        balanced=given["balanced"],
        seed=training.seed,
        device=training.device,
    )
    with progress_bar() as bar:
        model.fit(data, label=given["label"], on_progress=bar, **asdict(settings.data.read_options()))
    if not as_json:
        screen.show_reading(model.reading)
    with progress_bar() as bar:
        scores = model.backtest(wanted.windows, on_progress=bar)
    return model, scores, model.predict()


def _show(model: Classifier, scores: ClassScores, forecast: ClassForecast) -> None:
    screen.show_training(model.history)
    _show_scores(scores)
    _show_confusion(scores)
    screen.show_verdict(scores)
    _show_forecast(forecast)


def _show_scores(scores: ClassScores) -> None:
    windows = len(scores.actual)
    screen.tell(
        Text(f"\nJudged on {windows:,} windows that no training saw", f"\n在训练从未见过的 {windows:,} 个窗口上评估"),
        style="bold",
    )
    heads = [Text("method", "方法"), Text("log-loss", "对数损失"), Text("Brier", "Brier"), Text("accuracy", "准确率")]
    heads += [Text("AUC", "AUC"), Text("calibration\nerror", "校准误差")]
    table = scores.table()
    rows = []
    for row, method in enumerate(scores.methods):
        figures = [screen.number(float(table[name][row])) for name in ("log-loss", "Brier")]
        shares = [f"{100 * table[name][row]:.1f} %" for name in ("accuracy", "calibration error")]
        area = screen.number(float(table["AUC"][row]), 3)
        rows.append([str(class_method_name(method)), *figures, shares[0], area, shares[1]])
    screen.show_table(heads, rows, numbers=range(1, len(heads)))


def _show_confusion(scores: ClassScores) -> None:
    """A row for what came, a column for what was most probable."""
    heads = [Text("came ↓ said →", "实际 ↓ 所报 →"), *(Text(name, name) for name in scores.classes)]
    counts = scores.confusion()
    rows = [[name, *(f"{count:,}" for count in counts[k])] for k, name in enumerate(scores.classes)]
    screen.show_table(heads, rows, numbers=range(1, len(heads)))


def _show_forecast(forecast: ClassForecast) -> None:
    columns = _columns(forecast)
    first = len(columns) - len(forecast.classes)
    written = [
        [f"{100 * cell:.1f} %" for cell in column[:_MOST_ROWS]] if k >= first else [str(c) for c in column[:_MOST_ROWS]]
        for k, column in enumerate(columns.values())
    ]
    heads = [Text(name, name) for name in columns]
    screen.tell(Text("", ""))
    screen.show_table(heads, list(zip(*written, strict=True)), numbers=range(first, len(heads)))
    screen.tell_more(len(forecast) - _MOST_ROWS, Text("more rows", "行未显示"))


def _write_results(folder: Path, model: Classifier, scores: ClassScores, forecast: ClassForecast) -> None:
    from gatecast.report.classes import write_classes

    (folder / _CLASSES).write_bytes(as_csv(_columns(forecast)))
    (folder / _SCORES).write_bytes(as_csv({name: column.tolist() for name, column in scores.table().items()}))
    (folder / _FIGURES).write_text(json_text(document_of(model, scores, forecast)), "utf-8")
    write_classes(
        folder / _PAGE,
        reading=model.reading,
        forecast=forecast,
        scores=scores,
        history=model.history,
        model_words=model.describe(),
    )


def _columns(forecast: ClassForecast) -> dict[str, list[Any]]:
    """The columns of `forecast.to_frame()`, dates as text of the input's look.

    Raises: TrainingError if a probability is none: such a value never leaves the program.
    """
    if not ((forecast.probability >= 0) & (forecast.probability <= 1)).all():
        raise TrainingError(
            "the probabilities are not finite; try another --seed, or look at the data with gatecast describe.",
            "概率不是有限数值；请更换 --seed，或用 gatecast describe 检查数据。",
        )
    return {name: column.tolist() for name, column in forecast.columns().items()} | times(forecast)
