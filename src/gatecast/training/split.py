"""Which rows train, and which are held out to judge, stop and calibrate. Time flows one way through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gatecast.errors import OptionError, TooShortError
from gatecast.forecast import Origins
from gatecast.windows import Windows

if TYPE_CHECKING:
    from gatecast.panel import Panel

_ENOUGH_WINDOWS = 120  # held-out windows that do not overlap, over all series
_FEWEST_HORIZONS, _MOST_HORIZONS = 2, 48  # series of one table often share their surprises: one horizon shows too few


@dataclass(frozen=True)
class Split:
    """How the rows of each series are shared out. All (series,), counted in rows from the series' start.

    Targets of training windows lie before `train`, those of held-out windows in `train` … `lengths`.
    """

    train: np.ndarray
    lengths: np.ndarray
    horizon: int

    def training(self, context: int = 0) -> Windows:
        """Origins whose targets may train, for a network that forecasts from positions inside its context."""
        return self._between(context, self.train - self.horizon)

    def everything(self, context: int = 0) -> Windows:
        """All origins whose targets are known."""
        return self._between(context, self.lengths - self.horizon)

    def held_out(self, most: int) -> Origins:
        """Held-out origins, at most so many: they decide which weights are kept, and calibrate the intervals."""
        return Windows.between(self.train, self.lengths - self.horizon).spread(most)

    def independent(self) -> int:
        """Held-out windows that do not overlap: what a judgement on them really rests on."""
        return int(((self.lengths - self.train) // self.horizon).sum())

    def _between(self, context: int, last: np.ndarray) -> Windows:
        """From a quarter of a context on: earlier origins are among the positions of later windows, less empty ones."""
        return Windows.between(np.maximum(least_context(self.horizon), np.minimum(context, last) // 4), last)


def split(panel: Panel, horizon: int) -> Split:
    """Hold out the newest rows of each series: two to 48 horizons, as many as make 120 windows, a quarter at most.

    Series that are too short to hold a horizon out train on all their rows.
    """
    lengths = panel.lengths
    able = lengths >= 2 * horizon + least_context(horizon)
    wanted = int(np.clip(-(-_ENOUGH_WINDOWS // max(1, int(able.sum()))), _FEWEST_HORIZONS, _MOST_HORIZONS))
    tail = np.where(able, np.clip(lengths // 4, horizon, wanted * horizon), 0)
    return Split(lengths - tail, lengths, horizon)


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
