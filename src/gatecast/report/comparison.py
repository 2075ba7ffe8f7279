"""`write_comparison`: what a comparison found as one HTML file, like the report of a run. Trains nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gatecast.atomic import write_file
from gatecast.evaluation import method_name
from gatecast.language import Text
from gatecast.report import comparison_charts, tables, template, words
from gatecast.report.tables import Cell, number

if TYPE_CHECKING:
    from pathlib import Path

    from gatecast.comparison import Comparison, Method

_TITLE = Text("Comparison of networks", "网络比较")
_ERRORS = Text("Error of each method", "各方法的误差")
_GAINS = Text("Beside the best naive method", "与最佳朴素方法相比")
_CURVES = Text("How they learnt", "学习过程")
_TABLE = Text("All figures", "全部数字")
_ABOUT = {
    "errors": Text(
        "MASE, smaller is better: large dots are means, small ones single seeds. The dotted line is the best naive "
        "method.",
        "MASE，越小越好：大点为平均值，小点为各个种子。虚线为最佳朴素方法。",
    ),
    "gains": Text(
        "Intervals show how far each gain may be chance, over windows and seeds. An interval may leave out 0 and the "
        "gain still not be sure, where many methods were tried.",
        "区间表示改进在窗口与种子间的波动。尝试的方法很多时，即使区间不含 0，改进也未必确定。",
    ),
    "curves": Text(
        "While training: error on held-out windows (solid) and loss on the training windows (dotted), a line a seed. "
        "All had the same rows and the same budget.",
        "训练过程：留出窗口上的误差（实线）与训练窗口上的损失（点线），每个种子一条。所有网络使用相同的数据与预算。",
    ),
    "steps": Text(
        "Mean absolute error of every step of the horizon, in the unit of the data, mean of the seeds.",
        "预测期内每一步的平均绝对误差，以数据的单位计，取各种子的平均。",
    ),
}
_SECONDS = Text("seconds", "秒")
_PARAMETERS = Text("parameters", "参数")
_MEANINGS = {
    "seconds": Text(
        "Wall time of training with one seed; an ensemble takes that of its members.",
        "一个种子的训练时间；集成为其成员之和。",
    ),
    "parameters": Text("Numbers that training finds.", "由训练确定的数值个数。"),
}
_MASE = Text(
    "The error in units of the naive forecast's error of the past; ± is the spread between seeds.",
    "以过去朴素预测误差为单位的误差；± 为种子之间的标准差。",
)


def write_comparison(path: Path, comparison: Comparison) -> None:
    """Write the page in the language of `gatecast.language`.

    Raises: OutputError where the file cannot be written.
    """
    target, source = comparison.reading.panel.target, comparison.reading.panel.layout.source
    figures = {
        "errors": comparison_charts.errors(comparison),
        "gains": comparison_charts.gains(comparison),
        "curves": comparison_charts.curves(comparison),
        "steps": comparison_charts.steps(comparison),
    }
    page = {
        "title": f"{_TITLE} · {target} · {source}",
        "summary": comparison.reading.summary,
        "words": words,
        "headings": {"errors": _ERRORS, "gains": _GAINS, "curves": _CURVES, "steps": words.STEPS, "table": _TABLE},
        "about": _ABOUT,
        "sentences": comparison.describe(),
        "skill": any(one.sure and one.gain > 0 for one in comparison.beside(comparison.best_naive.name).values()),
        "table": _table(comparison),
        "figures": {name: [figure] for name, figure in figures.items() if figure["data"]},
        "rows": len(comparison.methods),
        **template.surroundings(),
    }
    write_file(path, template.rendered("comparison.html", page))


def _table(comparison: Comparison) -> tables.Comparison:
    """`comparison.table()` with the best of each column of errors marked, best method first."""
    found = {name: column for name, column in comparison.table().items() if name not in ("method", "MASE-spread")}
    spread = comparison.table()["MASE-spread"]
    order = np.argsort(found["MASE"], kind="stable")
    best = {name: _best(name, column) for name, column in found.items()}
    rows = []
    for row in order.tolist():
        method = comparison.methods[row]
        cells = []
        for name, column in found.items():
            text = _written(name, float(column[row]), method)
            if name == "MASE" and np.isfinite(spread[row]):
                text += f" ± {spread[row]:.3f}"
            cells.append(Cell(text, row in best[name]))
        role = "model" if method is comparison.leader else "best" if method is comparison.best_naive else ""
        rows.append((method_name(method.name), tuple(cells), role))
    return tables.Comparison(tuple((_heading(name), _meaning(name)) for name in found), tuple(rows))


def _written(name: str, value: float, method: Method) -> str:
    if name in _MEANINGS:
        if method.kind == "naive":
            return "–"
        return f"{value:,.0f}" if value >= 100 or name == "parameters" else number(value, 2)
    return tables.written(name, value)


def _best(name: str, column: np.ndarray) -> list[int]:
    """The row with the best error; time and size are no contest."""
    return [] if name in _MEANINGS else tables.best(name, column)


def _heading(name: str) -> str:
    return str({"seconds": _SECONDS, "parameters": _PARAMETERS}.get(name) or tables.heading(name))


def _meaning(name: str) -> Text:
    return _MASE if name == "MASE" else _MEANINGS.get(name) or tables.meaning(name)
