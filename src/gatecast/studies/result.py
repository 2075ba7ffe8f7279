"""What a study found, ready to be printed or drawn: words, tables, charts. Knows no study and no way to show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from gatecast.language import Text

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Line:
    """One curve of a chart. x, y: as many numbers each. dotted: what a model said, where others are solid data."""

    name: Text
    x: Sequence[Any] | np.ndarray
    y: Sequence[Any] | np.ndarray
    dotted: bool = False


@dataclass(frozen=True)
class Chart:
    """Curves over one axis. The labels name the quantity and its unit."""

    title: Text
    x_label: Text
    y_label: Text
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Section:
    """One step of a study. words: a paragraph each. table: columns by name, as many values each."""

    heading: Text
    words: tuple[Text, ...]
    table: Mapping[str, Sequence[Any]] | None = None
    chart: Chart | None = None


@dataclass(frozen=True)
class StudyResult:
    """All of a study, in the order in which it is read."""

    number: int
    title: Text
    sections: tuple[Section, ...]


_COLUMNS = {
    "date": Text("date", "日期"),
    "forecast": Text("forecast", "预测值"),
    "iteration": Text("iteration", "迭代"),
    "loss": Text("loss", "损失"),
    "method": Text("method", "方法"),
    "mistake": Text("mistake", "错误"),
    "put right": Text("put right", "改正后"),
    "R2": Text("R²", "R²"),
    "seconds": Text("seconds", "秒"),
    "stock": Text("stock", "股票"),
    "what it changes": Text("what it changes", "影响的数字"),
    "with it": Text("with it", "含错误时"),
}


def column_name(name: str) -> Text:
    """The heading of a table's column in both languages; a name that is not known stays as it is."""
    return _COLUMNS.get(name, Text(name, name))


class StudyProgress(NamedTuple):
    """How far a study has come. part: what is being done; done, total: how much of the whole study, in any unit."""

    part: Text
    done: float
    total: float


OnProgress = Callable[[StudyProgress], None]
