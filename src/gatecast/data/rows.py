"""`Rows`: observations with their series, time and numbers, before repair. Knows no cells and no files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from gatecast.data.timetext import format_times
from gatecast.language import Text
from gatecast.panel import Layout


@dataclass(frozen=True)
class Rows:
    """One observation a row, in the order of the source; once sorted, the series stand one after another.

    ids: names of the series in order of first appearance. series: (rows,) index into ids.
    time: (rows,) datetime64[us] or int64. values: (rows, columns) float64, NaN = empty; target, past, future.
    place: (rows,) line of the file, or position in the frame or array.
    counted: the times are counted rows, not read. wide: it was one series a row; shorter series end in empty cells.
    """

    ids: tuple[str, ...]
    series: np.ndarray
    time: np.ndarray
    values: np.ndarray
    place: np.ndarray
    target: str = "y"
    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()
    in_file: bool = False
    counted: bool = False
    wide: bool = False
    layout: Layout = field(default_factory=Layout)

    def __len__(self) -> int:
        return len(self.time)

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.target, *self.past, *self.future)

    @property
    def offsets(self) -> np.ndarray:
        """(series + 1,) where each series begins, once sorted."""
        return np.searchsorted(self.series, np.arange(len(self.ids) + 1)).astype(np.int64)

    def at(self, rows: np.ndarray) -> Rows:
        """Some of the rows: indices or a mask."""
        return replace(
            self, series=self.series[rows], time=self.time[rows], values=self.values[rows], place=self.place[rows]
        )

    def when(self, row: int) -> str:
        """The time of a row, as the source would write it."""
        return self.said(self.time[row : row + 1])

    def said(self, time: np.ndarray) -> str:
        """One time, (1,), as the source would write it."""
        return format_times(time, self.layout.time_format, self.layout.time_zone)[0]

    def where(self, row: int) -> Text:
        """`series 'A', 2020-01-05 (line 12)`, with the parts that say something."""
        name, place = self.ids[self.series[row]], int(self.place[row])
        many = len(self.ids) > 1
        english = f"line {place}" if self.in_file else f"row {place}"
        chinese = f"第 {place} 行" if self.in_file else f"行 {place}"
        if not self.counted:
            english, chinese = f"{self.when(row)} ({english})", f"{self.when(row)}（{chinese}）"
        return Text(f"series {name!r}, {english}", f"序列 {name!r}，{chinese}") if many else Text(english, chinese)


def counted_times(series: np.ndarray) -> np.ndarray:
    """(rows,) the number of each row within its series, from 0."""
    order = np.argsort(series, kind="stable")
    ordered = series[order]
    begins = np.searchsorted(ordered, ordered, side="left")
    counts = np.empty(len(series), np.int64)
    counts[order] = np.arange(len(series)) - begins
    return counts
