"""`Panel`: one or many time series as flat arrays. Numpy only; knows no files and no torch.

Guarantees: times strictly increase within a series; every value is finite and below 1e302 (checked when a panel is
made); column 0 is the target, then the past covariates, then the covariates known ahead; all arrays are read-only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from gatecast.errors import ColumnError, DataError
from gatecast.frequency import Frequency

_LARGEST = 1e302  # sums over a series must not overflow


@dataclass(frozen=True)
class Layout:
    """How the user's table looked, so that a forecast is written the same way.

    id, time: names of the columns; None where the table had none (rows are counted, or there is one series).
    time_format: strftime format of the file's dates; None for real dates, integers and arrays.
    time_zone: name or offset ("Europe/Rome", "+08:00") that the times were given in; they are stored as UTC.
    backend: the kind of frame that came in ("pandas", "polars", "pyarrow", ...).
    source: what messages call the data ("prices.csv").
    id_is_integer: ids were integers in a typed frame, and go out as integers.
    """

    id: str | None = None
    time: str | None = None
    time_format: str | None = None
    time_zone: str | None = None
    backend: str = "polars"
    source: str = "the data"
    id_is_integer: bool = False


class Part(NamedTuple):
    """Of which column a series is, and what it is called in the user's own id column, where several are forecast."""

    target: str
    id: str


@dataclass(frozen=True)
class Panel:
    """Series one after another: series `i` is rows `offsets[i]:offsets[i + 1]`.

    values: (rows, columns) float64. time: (rows,) datetime64[us], or int64 for an index.
    past, future: names of the covariates known up to now, and of those known ahead.
    ahead: (series, steps, len(future)) values of the future covariates after each series' last row; steps may be 0.
    parts: (series,) where several columns are forecast, each of them a series: which one; () where it is one column.
    """

    values: np.ndarray
    offsets: np.ndarray
    ids: tuple[str, ...]
    time: np.ndarray
    frequency: Frequency
    target: str = "y"
    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()
    ahead: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0)))
    layout: Layout = field(default_factory=Layout)
    parts: tuple[Part, ...] = ()

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.time), len(self.columns)) or self.offsets[-1] != len(self.time):
            raise ColumnError(
                f"values must be (rows, columns) = ({len(self.time)}, {len(self.columns)}), got {self.values.shape}.",
                f"values 的形状应为 (行, 列) = ({len(self.time)}, {len(self.columns)})，实际为 {self.values.shape}。",
            )
        if not self.ahead.size and self.ahead.shape != (len(self), 0, len(self.future)):
            object.__setattr__(self, "ahead", np.zeros((len(self), 0, len(self.future))))
        self._check_values()
        for array in (self.values, self.offsets, self.time, self.ahead):
            array.flags.writeable = False

    def _check_values(self) -> None:
        sound = np.abs(self.values) < _LARGEST  # NaN compares as False
        if sound.all():
            return
        row, column = np.unravel_index(int(np.argmin(sound)), sound.shape)
        series = self.ids[int(np.searchsorted(self.offsets, row, side="right")) - 1]
        value, name = self.values[row, column], self.columns[column]
        raise DataError(
            f"series {series!r}, column {name!r}: {value} cannot be computed with; give finite values below "
            f"{_LARGEST:g}, in a larger unit if need be.",
            f"序列 {series!r}，列 {name!r}：{value} 无法计算；请给出小于 {_LARGEST:g} 的有限数值，或换用更大的单位。",
        )

    def __len__(self) -> int:
        """Number of series."""
        return len(self.ids)

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.target, *self.past, *self.future)

    @property
    def lengths(self) -> np.ndarray:
        """(series,) rows of each series."""
        return np.diff(self.offsets)

    @property
    def y(self) -> np.ndarray:
        """(rows,) the target."""
        return self.values[:, 0]

    def series(self, index: int) -> np.ndarray:
        """(rows of the series,) the target of one series."""
        return self.y[self.offsets[index] : self.offsets[index + 1]]

    def last_time(self) -> np.ndarray:
        """(series,) time of each series' last row."""
        return self.time[self.offsets[1:] - 1]

    def until(self, ends: np.ndarray) -> Panel:
        """The past of a fold: series `i` keeps its first `ends[i]` rows (at least one). ends: (series,).

        What is known ahead of each new end is taken from the rows that were cut, then from `ahead`.
        """
        ends = np.clip(ends, 1, self.lengths)
        rows = np.concatenate([np.arange(o, o + e) for o, e in zip(self.offsets[:-1], ends, strict=True)])
        return replace(
            self,
            values=self.values[rows],
            time=self.time[rows],
            offsets=np.concatenate([[0], np.cumsum(ends)]).astype(np.int64),
            ahead=self._ahead_of(ends),
        )

    def _ahead_of(self, ends: np.ndarray) -> np.ndarray:
        if not self.future:
            return np.zeros((len(self), 0, 0))
        first = 1 + len(self.past)
        known = [
            np.concatenate([self.values[o + e : stop, first:], ahead])
            for o, e, stop, ahead in zip(self.offsets[:-1], ends, self.offsets[1:], self.ahead, strict=True)
        ]
        steps = min(len(k) for k in known)
        return np.stack([k[:steps] for k in known])

    def take(self, series: np.ndarray) -> Panel:
        """Some of the series, in the order given. series: (n,) indices."""
        spans = zip(self.offsets[series], self.offsets[series + 1], strict=True)
        rows = np.concatenate([np.arange(start, stop) for start, stop in spans])
        return replace(
            self,
            values=self.values[rows],
            time=self.time[rows],
            offsets=np.concatenate([[0], np.cumsum(self.lengths[series])]).astype(np.int64),
            ids=tuple(self.ids[i] for i in series),
            ahead=self.ahead[series],
            parts=tuple(self.parts[i] for i in series) if self.parts else (),
        )

    def fingerprint(self) -> str:
        """SHA-256 of everything that a fit depends on."""
        digest = hashlib.sha256()
        for part in (self.values, self.offsets, self.time.view(np.int64), self.ahead):
            digest.update(np.ascontiguousarray(part).reshape(-1).data)
        digest.update(repr((self.ids, self.frequency, self.columns, self.past, self.future)).encode())
        return digest.hexdigest()
