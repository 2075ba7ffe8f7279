"""What a person sees: summary, notes, tables, verdict, where things are. Fits 80 columns; needs no colour."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import islice
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.cli.console import on_stdout, say
from gatecast.cli.tables import forecast_rows
from gatecast.evaluation import method_name
from gatecast.language import Text
from gatecast.studies.result import column_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rich.table import Table

    from gatecast.data import Reading
    from gatecast.evaluation import Scores
    from gatecast.evaluation.class_scores import ClassScores
    from gatecast.forecast import Forecast
    from gatecast.models import Model
    from gatecast.studies.result import Section
    from gatecast.training.history import History

_LEAST_WIDTH = 8  # of a column of words; numbers are never cut
_MOST_HEAD = 12  # letters of a line of a heading
_MOST_NOTES, _MOST_ROWS, _MOST_STEPS, _MOST_SERIES = 12, 10, 6, 10
_COLOURS = {"skill": "green", "no skill": "yellow", "copy": "yellow", "constant": "yellow"}
_MEASURES = {"direction": Text("direction", "方向")}


def show_reading(reading: Reading) -> None:
    """One line of what was read; then what was noticed."""
    console = on_stdout()
    say(console, reading.summary, style="bold")
    for note in reading.notes[:_MOST_NOTES]:
        say(console, f"· {note.text}")
    tell_more(
        len(reading.notes) - _MOST_NOTES,
        Text("more notes; gatecast describe shows all", "条说明未显示；gatecast describe 显示全部"),
    )


def show_diagnosis(reading: Reading, seasons: tuple[int, ...]) -> None:
    """Everything about the data: columns, notes, step of time, seasons, lengths of the series."""
    console = on_stdout()
    say(console, reading.summary, style="bold")
    for note in reading.notes:
        say(console, f"· {note.text}")
    if reading.columns:
        console.print(_columns_table(reading))
    panel = reading.panel
    say(console, f"{Text('Step: ', '步长：')}{panel.frequency.describe()}")
    found = ", ".join(str(season) for season in seasons) or str(Text("none", "无"))
    say(console, f"{Text('Seasons found, in steps: ', '发现的季节周期（步数）：')}{found}")
    if len(panel) == 1:
        return
    shortest, middle, longest = (int(q) for q in np.quantile(panel.lengths, [0, 0.5, 1]))
    say(
        console,
        Text(
            f"Rows of a series: {shortest:,} to {longest:,}, half have {middle:,} or more",
            f"每个序列的行数：{shortest:,} 至 {longest:,}，中位数 {middle:,}",
        ),
    )
    table = _table(Text("series", "序列"), Text("rows", "行数"))
    for name, rows in islice(zip(panel.ids, panel.lengths, strict=True), _MOST_SERIES):
        table.add_row(_plain(name), f"{rows:,}")
    console.print(table)
    tell_more(len(panel) - _MOST_SERIES, Text("more series; --json lists all", "个序列未显示；--json 列出全部"))


def _columns_table(reading: Reading) -> Table:
    roles = {
        "id": Text("id", "序列名"),
        "time": Text("time", "时间"),
        "target": Text("target", "目标"),
        "past": Text("past", "过去协变量"),
        "future": Text("future", "未来协变量"),
        "input": Text("input", "指标输入"),
        "unused": Text("unused", "未使用"),
    }
    kinds = {
        "number": Text("number", "数值"),
        "date": Text("date", "日期"),
        "text": Text("text", "文本"),
        "boolean": Text("boolean", "布尔"),
        "empty": Text("empty", "空"),
    }
    heads = (Text("column", "列"), Text("role", "角色"), Text("kind", "类型"), Text("empty", "空单元格"))
    table = _table(*heads, Text("from", "最小"), Text("to", "最大"), numbers=(3,))
    for column in reading.columns:
        low, high = column.minimum, column.maximum
        if not low and column.examples:
            low, high = ", ".join(column.examples[:2]), "…"
        role, kind = roles.get(column.role, column.role), kinds.get(column.kind, column.kind)
        table.add_row(_plain(column.name), str(role), str(kind), f"{column.empty:,}", _plain(low), _plain(high))
    return table


def show_training(history: History) -> None:
    """Only what was out of the ordinary: Ctrl-C."""
    if history.stopped == "interrupted":
        say(
            on_stdout(),
            Text("Stopped by Ctrl-C: the best weights so far are used.", "已按 Ctrl-C 停止：使用目前最好的权重。"),
        )


def show_scores(scores: Scores) -> None:
    """Methods beside measures, the error of the steps, the verdict."""
    console = on_stdout()
    columns = {name: values for name, values in scores.table().items() if name != "method"}
    windows = len(scores.actual)
    series = len(np.unique(scores.origins.series))
    console.print()
    say(
        console,
        Text(
            f"Judged on {windows:,} windows of {series:,} series that no training saw",
            f"在训练从未见过的 {windows:,} 个窗口（{series:,} 个序列）上评估",
        ),
        style="bold",
    )
    table = _table(Text("method", "方法"), *(_heading(name) for name in columns))
    for row, method in enumerate(scores.methods):
        cells = (_cell(name, float(values[row])) for name, values in columns.items())
        table.add_row(_plain(method_name(method)), *cells, style="bold" if row == 0 else None)
    console.print(table)
    console.print(_steps_table(scores))
    show_verdict(scores)


def show_verdict(scores: Scores | ClassScores) -> None:
    """What the judge says, and what is to be known besides."""
    console = on_stdout()
    say(console, scores.verdict.text, style=f"bold {_COLOURS[scores.verdict.kind]}")
    for note in scores.notes:
        say(console, f"· {note}")


def _steps_table(scores: Scores) -> Table:
    """Mean absolute error of every step; of a long horizon some steps, evenly spaced."""
    horizon = scores.horizon
    shown = np.unique(np.linspace(0, horizon - 1, min(horizon, _MOST_STEPS)).round().astype(int))
    table = _table(Text("MAE of step", "各步 MAE"), *(f"{step + 1}" for step in shown))
    for method, errors in scores.steps().items():
        table.add_row(_plain(method_name(method)), *(number(float(errors[step])) for step in shown))
    return table


def show_forecast(forecast: Forecast) -> None:
    """The first rows."""
    console = on_stdout()
    rows = forecast_rows(forecast)
    console.print()
    say(
        console,
        Text(
            f"Forecast of {forecast.target}, {forecast.horizon} steps",
            f"预测 {forecast.target}，共 {forecast.horizon} 步",
        ),
        style="bold",
    )
    names = list(rows[0])
    texts = len(names) - 1 - 2 * len(forecast.levels)
    table = _table(*(_plain(name) for name in names), numbers=range(texts, len(names)))
    for row in rows[:_MOST_ROWS]:
        cells = [_plain(v) if k < texts else number(v, 6) for k, v in enumerate(row.values())]
        table.add_row(*cells)
    console.print(table)
    tell_more(len(rows) - _MOST_ROWS, Text("more rows", "行未显示"))


def show_models(models: Iterable[Model]) -> None:
    """Every model that --model takes."""
    table = _table(Text("model", "模型"), Text("what it is", "说明"), Text("streams", "可流式"), numbers=())
    for column in table.columns:
        column.vertical = "top"  # a description may take two lines
    for model in models:
        table.add_row(
            model.name, _plain(model.description), str(Text("yes", "是") if model.streams else Text("no", "否"))
        )
    on_stdout().print(table)


def show_section(section: Section) -> None:
    """A section of a study: its words, and its table with headings broken to fit."""
    console = on_stdout()
    console.print()
    say(console, section.heading, style="bold")
    for sentence in section.words:
        say(console, sentence)
    if section.table is None:
        return
    columns = list(section.table.values())
    numbers = [k for k, column in enumerate(columns) if not any(isinstance(cell, str | Text) for cell in column)]
    heads = (fill(str(column_name(name)), _MOST_HEAD) for name in section.table)
    table = _table(*heads, numbers=numbers)
    for column in table.columns:
        column.vertical = "top"  # words may take several lines
    for row in zip(*columns, strict=True):
        table.add_row(*(_study_cell(cell) for cell in row))
    console.print(table)


def _study_cell(cell: Any) -> Any:
    if cell is None or isinstance(cell, str | Text):
        return _plain("–" if cell is None else cell)
    return f"{cell:,}" if isinstance(cell, int) else "0" if cell == 0 else number(float(cell))


def show_table(heads: Sequence[Text], rows: Iterable[Sequence[str]], *, numbers: Sequence[int]) -> None:
    """A table of ready text. numbers: the columns that are set to the right."""
    table = _table(*heads, numbers=numbers)
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    on_stdout().print(table)


def show_files(files: Mapping[str, Path | str]) -> None:
    """Where things were kept: name → path."""
    console = on_stdout()
    say(console, Text("Kept", "已保存"), style="bold")
    width = max(len(name) for name in files)
    for name, path in files.items():
        say(console, f"{name:<{width}}  {path}")


def tell(sentence: Text, style: str | None = None) -> None:
    """One sentence on its own."""
    say(on_stdout(), sentence, style=style)


def number(value: float, digits: int = 4) -> str:
    """`digits` significant ones; – where there is no number. Never wider than nine characters by default."""
    if not math.isfinite(value):
        return "–"
    size = math.floor(math.log10(abs(value))) if value else 0
    if not -5 < size < 7:
        return f"{value:.{digits - 1}e}"
    return f"{value:.{max(0, digits - 1 - size)}f}"


def _cell(measure: str, value: float) -> str:
    if not math.isfinite(value):
        return "–"
    if measure.startswith("coverage") or measure == "direction":
        return f"{100 * value:.0f} %"
    if measure in ("MASE", "R2") and abs(value) < 100:
        return f"{value:.3f}"
    return number(value)


def _heading(name: str) -> str:
    if name.startswith("coverage-"):
        level = name.removeprefix("coverage-")
        return str(Text(f"inside\n{level} %", f"落在\n{level}% 内"))
    return str(_MEASURES.get(name, "R²" if name == "R2" else name))


def _table(*heads: object, numbers: Sequence[int] | range | None = None) -> Table:
    """numbers: the columns that are set to the right; None = all but the first."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    right = range(1, len(heads)) if numbers is None else numbers
    for position, head in enumerate(heads):
        is_number = position in right
        table.add_column(
            str(head) if isinstance(head, Text) else head,  # type: ignore[arg-type]
            justify="right" if is_number else "left",
            vertical="bottom",
            no_wrap=is_number,
            min_width=None if is_number else _LEAST_WIDTH,
            overflow="fold",
        )
    return table


def _plain(value: Any) -> Any:
    """A user's word as it is: brackets are no markup."""
    from rich.text import Text as Plain

    return Plain(str(value))


def tell_more(count: int, what: Text) -> None:
    """How many were left out, where any were."""
    if count > 0:
        say(on_stdout(), Text(f"… {count:,} {what.english}", f"…… {count:,} {what.chinese}"))
