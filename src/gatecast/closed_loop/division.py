"""Which rows of a panel train, and from where the network is tried on its own output. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np

from gatecast.errors import OptionError, TooShortError
from gatecast.forecast import Origins

if TYPE_CHECKING:
    from gatecast.panel import Panel

_MOST_TRIED = 100  # series; more of them tell the error of the free run no better
_TAIL = 5  # where no series can be spared, the last fifth of each is held out
_SHORTEST = 2  # rows that can train: one to read, one to forecast
_ENDS = 8  # places in each tried series from which its errors are measured


@dataclass(frozen=True)
class Division:
    """train: indices of the series that train; ends: how many of their first rows may. tried: where free runs start.

    Nothing after an origin in `tried` has trained.
    """

    train: np.ndarray
    ends: np.ndarray
    tried: Origins

    @classmethod
    def of(cls, panel: Panel, held_out: int | float) -> Division:
        """Hold out whole series, evenly spread, from half-way on; the last fifth of every series where they are few.

        held_out: a share of the series, or their number.
        Raises: OptionError for what is neither; TooShortError if nothing is left to train or to try.
        """
        count = _count(held_out, len(panel))
        lengths = panel.lengths
        every = np.arange(len(panel))
        held = np.unique(np.linspace(0, len(panel) - 1, count + 2)[1:-1].round().astype(int)) if count else every
        starts = lengths[held] // 2 if count else lengths - np.maximum(lengths // _TAIL, 1)
        train, ends = (np.setdiff1d(every, held), lengths) if count else (every, starts)
        train = train[ends[train] >= _SHORTEST]
        usable = starts >= 1
        if not len(train) or not usable.any():
            longest = int(np.argmax(lengths))
            raise TooShortError(
                f"the longest series, {panel.ids[longest]!r}, has {lengths[longest]} rows; training on whole series "
                f"needs at least {_SHORTEST + 1}. Give longer series.",
                f"最长的序列 {panel.ids[longest]!r} 只有 {lengths[longest]} 行；整序列训练至少需要 {_SHORTEST + 1} 行"
                "。请提供更长的序列。",
            )
        return cls(train, ends[train], Origins(held[usable], starts[usable]))

    def steps(self, panel: Panel) -> np.ndarray:
        """(tried,) how many rows follow each origin."""
        return panel.lengths[self.tried.series] - self.tried.ends

    def windows(self, panel: Panel) -> tuple[Origins, int]:
        """Origins in what was held out, several in each series, and how many rows follow all of them at least."""
        shortest = int(self.steps(panel).min())
        reach = (shortest + 1) // 2
        moves = np.unique(np.linspace(0, shortest - reach, _ENDS).round().astype(int))
        series = np.repeat(self.tried.series, len(moves))
        return Origins(series, (self.tried.ends[:, None] + moves).ravel()), reach


def check_held_out(held_out: int | float) -> int | float:
    """Raises: OptionError for what is neither a share nor a number of series."""
    whole = isinstance(held_out, Integral) and not isinstance(held_out, bool) and held_out >= 1
    share = isinstance(held_out, Real) and not isinstance(held_out, Integral) and 0 < float(held_out) <= 0.5
    if not (whole or share):
        raise OptionError(
            f"held_out must be a number of series of at least 1, or a share of them of at most 0.5; got {held_out!r}.",
            f"held_out 应为不小于 1 的序列个数，或不大于 0.5 的比例；实际为 {held_out!r}。",
        )
    return held_out


def _count(held_out: int | float, series: int) -> int:
    """How many whole series are held out; 0 where none can be spared."""
    if isinstance(held_out, Integral):
        if held_out >= series:
            raise OptionError(
                f"held_out is {held_out} and there are {series} series: none would train. Give a smaller number, "
                f"or a share such as 0.05.",
                f"held_out 为 {held_out}，而序列共 {series} 个：没有可训练的序列。请减小该数，或给出比例，如 0.05。",
            )
        return int(held_out)
    return min(int(series * held_out), _MOST_TRIED)
