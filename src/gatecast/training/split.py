"""Which rows train, which decide when to stop, which calibrate the intervals. Time flows one way through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gatecast.errors import OptionError, TooShortError
from gatecast.forecast import Origins
from gatecast.windows import Windows

if TYPE_CHECKING:
    from gatecast.panel import Panel


@dataclass(frozen=True)
class Split:
    """How the rows of each series are shared out. All (series,), counted in rows from the series' start.

    Targets of training windows lie before `train`; of stopping windows in train … stop; of calibration windows in
    stop … the end. Where a series is short, stopping and calibration share the same windows.
    """

    train: np.ndarray
    stop: np.ndarray
    lengths: np.ndarray
    horizon: int

    def training(self) -> Windows:
        """Origins whose targets may train."""
        first = np.full(len(self.lengths), least_context(self.horizon))
        return Windows.between(first, self.train - self.horizon)

    def stopping(self, most: int) -> Origins:
        """Held-out origins, at most so many, that decide which weights are kept."""
        held = np.where(self.stop > self.train, self.stop, self.lengths)
        windows = Windows.between(self.train, np.where(held > self.train, held - self.horizon, -1))
        return windows.spread(most)

    def calibration(self, most: int) -> Origins:
        """Held-out origins, at most so many, that calibrate the intervals."""
        windows = Windows.between(self.stop, np.where(self.lengths > self.stop, self.lengths - self.horizon, -1))
        return windows.spread(most)


def split(panel: Panel, horizon: int) -> Split:
    """Hold out the newest rows of each series: two blocks of one to four horizons, a quarter of it at most.

    Series that are too short to give a block give nothing to hold-out and train on all their rows.
    """
    lengths = panel.lengths
    blocks = np.clip(lengths // (8 * horizon), 1, 4)
    tail = blocks * horizon
    both = lengths >= 2 * tail + horizon + least_context(horizon)
    single = ~both & (lengths >= tail + horizon + least_context(horizon))
    train = lengths - np.where(both, 2 * tail, np.where(single, tail, 0))
    stop = np.where(both, lengths - tail, train)
    return Split(train, stop, lengths, horizon)


def least_context(horizon: int) -> int:
    """The fewest past rows that a training window must have."""
    return max(2, min(horizon, 8))


def minimum_length(horizon: int) -> int:
    """The fewest rows that can train a forecast of this horizon: one window to train, one to hold out."""
    return 2 * horizon + least_context(horizon)


def check_lengths(panel: Panel, horizon: int) -> None:
    """Raises: OptionError, TooShortError if no series can teach this horizon."""
    longest = int(panel.lengths.max())
    needed = minimum_length(horizon)
    if longest >= needed:
        return
    series = panel.ids[int(panel.lengths.argmax())]
    most = max((n for n in range(1, horizon) if minimum_length(n) <= longest), default=0)
    if most:
        raise OptionError(
            f"horizon {horizon} is beyond what the data can teach: {_longest(panel, series)[0]} {longest} rows and "
            f"{needed} are needed. Ask for a horizon of at most {most}, or bring more history.",
            f"预测步数 {horizon} 超出数据所能支持：{_longest(panel, series)[1]} {longest} 行，需要至少 {needed} 行。"
            f"请把预测步数降到 {most} 以内，或提供更长的历史数据。",
        )
    raise TooShortError(
        f"series {series!r} is too short: {longest} rows, at least {needed} are needed for horizon {horizon}. "
        "Bring more history.",
        f"序列 {series!r} 太短：只有 {longest} 行，预测 {horizon} 步至少需要 {needed} 行。请提供更长的历史数据。",
    )


def _longest(panel: Panel, series: str) -> tuple[str, str]:
    if len(panel) == 1:
        return "the series has", "该序列只有"
    return f"the longest series ({series!r}) has", f"最长的序列（{series!r}）只有"
