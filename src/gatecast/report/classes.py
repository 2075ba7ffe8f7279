"""`write_classes`: what a classifier says and how it did, as one HTML file like the report of a run. Trains nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gatecast.atomic import write_file
from gatecast.data import format_times
from gatecast.evaluation.class_scores import class_method_name
from gatecast.language import Text
from gatecast.report import class_charts, tables, template, words
from gatecast.report.charts import training_curve
from gatecast.report.selection import notes_shown
from gatecast.report.tables import Cell, number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gatecast.classifier.forecast import ClassForecast
    from gatecast.data import Reading
    from gatecast.evaluation.class_scores import ClassScores
    from gatecast.training.history import History

_MOST_ROWS = 200  # of the forecast; the others are in classes.csv
_TITLE = Text("Classes of {target} · {source}", "{target} 的分类 · {source}")
_HEADINGS = {
    "forecast": Text("What comes next, and how surely", "接下来是哪一类，有多大把握"),
    "confusion": Text("What was said, and what came", "所报类别与实际类别"),
    "comparison": Text("Beside the base rate", "与基准频率对比"),
    "roc": Text("How well the classes are told apart", "区分各类别的能力"),
    "reliability": Text("Do the probabilities hold?", "概率是否可信？"),
    "model": Text("The classifier in words", "用文字描述分类器"),
}
_ABOUT = {
    "forecast": Text("The probability of each class; they sum to 100 %.", "各类别的概率，合计 100%。"),
    "confusion": Text(
        "Windows that no training saw: a row for what came, a column for the most probable class. The percentages are "
        "shares of the row; on the diagonal it was right.",
        "训练从未见过的窗口：行为实际类别，列为概率最大的类别。百分比为占该行的比例；对角线上为判断正确。",
    ),
    "roc": Text(
        "Each point is a threshold: the share of the other windows that are called the class, and of its own that are. "
        "The dotted line is chance; the further above it, the better.",
        "每一点对应一个阈值：其他窗口被误判为该类的比例，与该类窗口被正确判断的比例。点线为随机猜测；越高于它越好。",
    ),
    "reliability": Text(
        "Where a class was said to come with a probability, how often it came. On the dotted line every word was held.",
        "报出某一概率时，该类别实际出现的频率。点线上表示概率完全可信。",
    ),
    "training": Text(
        "Cross-entropy on the training windows and on held-out ones, in nats.", "训练窗口与留出窗口上的交叉熵。"
    ),
}
_MEANINGS = {
    "log-loss": Text(
        "Mean of −ln of the probability that was given to what came. Lower is better.",
        "实际类别所得概率的 −ln 的平均。越低越好。",
    ),
    "Brier": Text(
        "Squared distance from certainty of what came, 0 to 2. Lower is better.",
        "与“确知实际类别”的平方距离，0 至 2。越低越好。",
    ),
    "accuracy": Text(
        "How often the most probable class came. Higher is better.", "概率最大的类别实际出现的比例。越高越好。"
    ),
    "AUC": Text(
        "Area under the ROC curve, mean of the classes: 0.5 is chance, 1 perfect. Higher is better.",
        "ROC 曲线下面积，各类别平均：0.5 为随机，1 为完美。越高越好。",
    ),
    "calibration error": Text(
        "Mean distance between the probability said and the share that came; chance alone makes a few points. Lower is "
        "better.",
        "所报概率与实际频率的平均差距；仅凭偶然也会有几个百分点。越低越好。",
    ),
}
_NAMES = {"accuracy": Text("accuracy", "准确率"), "calibration error": Text("calibration error", "校准误差")}
CAME = Text("came", "实际")


class Shade(NamedTuple):
    """A cell of the confusion matrix. share: of its row, in percent."""

    count: str
    share: int
    right: bool


def write_classes(
    path: Path,
    *,
    reading: Reading,
    forecast: ClassForecast,
    scores: ClassScores,
    history: History,
    model_words: Sequence[Text],
) -> None:
    """Write the page in the language of `gatecast.language`.

    Raises: OutputError where the file cannot be written.
    """
    panel = reading.panel
    figures = {"roc": [class_charts.roc(scores)], "reliability": [class_charts.reliability(scores)]}
    if history.step:
        figures["training"] = [training_curve(history)]
    page = {
        "title": str(_TITLE).format(target=panel.target, source=panel.layout.source),
        "words": words,
        "summary": reading.summary,
        "headings": _HEADINGS,
        "about": _ABOUT,
        "kind": scores.verdict.kind,
        "verdict": scores.verdict.text,
        "diagnostics": scores.notes,
        "notes": notes_shown(reading.notes),
        "forecast": _forecast(forecast),
        "more": max(0, len(forecast) - _MOST_ROWS),
        "classes": scores.classes,
        "came": CAME,
        "confusion": _confusion(scores),
        "comparison": class_comparison(scores),
        "model_words": model_words,
        "figures": {name: figure for name, figure in figures.items() if figure[0]["data"]},
        **template.surroundings(),
    }
    write_file(path, template.rendered("classes.html", page))


def class_comparison(scores: ClassScores) -> tables.Comparison:
    """`scores.table()` with the best of each column marked."""
    table = {name: column for name, column in scores.table().items() if name != "method"}
    texts = {name: [_written(name, float(value)) for value in column] for name, column in table.items()}
    best = {name: _best(name, column) for name, column in table.items()}
    rows = []
    for k, method in enumerate(scores.methods):
        cells = tuple(Cell(texts[name][k], texts[name][k] == texts[name][best[name]] != "–") for name in table)
        rows.append((class_method_name(method), cells, "model" if k == 0 else ""))
    return tables.Comparison(tuple((str(_NAMES.get(name, name)), _MEANINGS[name]) for name in table), tuple(rows))


def _written(name: str, value: float) -> str:
    if name in _NAMES:
        return f"{100 * value:.1f} %"
    return f"{value:.3f}" if np.isfinite(value) else number(value)


def _best(name: str, column: np.ndarray) -> int:
    ranked = -column if name in ("accuracy", "AUC") else column
    return int(np.argmin(np.where(np.isnan(ranked), np.inf, ranked)))


def _confusion(scores: ClassScores) -> list[tuple[str, list[Shade]]]:
    counts = scores.confusion()
    share = np.round(100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).astype(int)
    return [
        (name, [Shade(f"{counts[row, k]:,}", int(share[row, k]), row == k) for k in range(len(scores.classes))])
        for row, name in enumerate(scores.classes)
    ]


def _forecast(forecast: ClassForecast) -> dict[str, Any]:
    """Headings, and rows of ready text: names, time, the most probable class, a probability each."""
    columns = {name: column[:_MOST_ROWS].tolist() for name, column in forecast.columns().items()}
    if forecast.time is not None and forecast.time.dtype.kind == "M":
        layout = forecast.layout
        columns[layout.time or "step"] = format_times(forecast.time[:_MOST_ROWS], layout.time_format, layout.time_zone)
    first = len(columns) - len(forecast.classes)
    written = [
        [f"{100 * cell:.1f} %" for cell in column] if k >= first else [str(cell) for cell in column]
        for k, column in enumerate(columns.values())
    ]
    return {"headings": list(columns), "rows": list(zip(*written, strict=True)), "words": first}
