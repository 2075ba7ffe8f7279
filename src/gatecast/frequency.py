"""The step of a time index: find it, say it, continue it.

Knows nothing of panels. Times are `datetime64[us]` or `int64`. The observed steps are the index: a market that
closes at the weekend has a step of one open day, and its forecasts fall on open days.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gatecast.errors import MissingExtraError, OptionError
from gatecast.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

SECOND = 1_000_000
MINUTE, HOUR, DAY, WEEK = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND, 604_800 * SECOND
_MONDAY = 4 * DAY  # 1970-01-05, the first Monday after the epoch
_LEAST_WEEKS = 3  # a weekly pattern of open hours is believed after so many weeks
_UNITS = (
    (WEEK, "week", "周"),
    (DAY, "day", "天"),
    (HOUR, "hour", "小时"),
    (MINUTE, "minute", "分钟"),
    (SECOND, "second", "秒"),
    (1000, "millisecond", "毫秒"),
    (1, "microsecond", "微秒"),
)


@dataclass(frozen=True)
class Frequency:
    """One step of a time index.

    unit: "row" (integer index), "microsecond" (fixed step) or "month" (calendar months).
    step: how many units one step is.
    slots: for a fixed step, the times of the week that are open, in microseconds from Monday 00:00; empty = all.
    month_end: monthly dates that sit on the last day of their month.
    calendar: name of a trading or holiday calendar of the `holidays` library; no forecast falls on a closed day.
    """

    unit: str
    step: int = 1
    slots: tuple[int, ...] = ()
    month_end: bool = False
    calendar: str | None = None

    def after(self, last: np.ndarray, horizon: int) -> np.ndarray:
        """The next `horizon` times after each of `last`: (series,) → (series, horizon)."""
        last = np.atleast_1d(last)
        if self.unit == "row":
            return last[:, None] + self.step * np.arange(1, horizon + 1)
        if self.unit == "month":
            return self._months_after(last, horizon)
        if not self.calendar:
            return self._fixed_after(last, horizon)
        return np.stack([self._open_days_after(one, horizon) for one in last])

    def _fixed_after(self, last: np.ndarray, horizon: int) -> np.ndarray:
        stamp = last.astype("datetime64[us]").astype(np.int64)
        ahead = np.arange(1, horizon + 1)
        if not self.slots:
            return (stamp[:, None] + self.step * ahead).astype("datetime64[us]")
        slots = np.array(self.slots)
        week, inside = np.divmod(stamp - _MONDAY, WEEK)
        position = np.searchsorted(slots, inside, side="right")[:, None] - 1 + ahead
        carry, slot = np.divmod(position, len(slots))
        return ((week[:, None] + carry) * WEEK + slots[slot] + _MONDAY).astype("datetime64[us]")

    def _open_days_after(self, last: np.datetime64, horizon: int) -> np.ndarray:
        is_open = open_days(self.calendar or "")
        found, start = [], np.array([last])
        while len(found) < horizon:
            block = self._fixed_after(start, 2 * horizon + 8)[0]
            found += [t for t in block if is_open(t.astype("datetime64[D]").astype(object))]
            start = block[-1:]
        return np.array(found[:horizon])

    def _months_after(self, last: np.ndarray, horizon: int) -> np.ndarray:
        stamp = last.astype("datetime64[us]")
        month = stamp.astype("datetime64[M]")
        within = stamp - month.astype("datetime64[us]")
        target = month[:, None] + self.step * np.arange(1, horizon + 1)
        begin = target.astype("datetime64[D]")
        length = (target + 1).astype("datetime64[D]") - begin
        days, clock = np.divmod(within.astype(np.int64), DAY)
        most = length.astype(np.int64) - 1
        day = most if self.month_end else np.minimum(days[:, None], most)
        return begin.astype("datetime64[us]") + (day * DAY + clock[:, None]).astype("timedelta64[us]")

    def seasons(self) -> tuple[int, ...]:
        """Lengths in steps of the natural seasons (day, week, year), shortest first; empty where there is none."""
        if self.unit == "month":
            return (12 // self.step,) if self.step in (1, 2, 3, 4, 6) else ()
        if self.unit == "row":
            return ()
        if self.slots:
            per_week = len(self.slots)
            per_day = per_week // len({slot // DAY for slot in self.slots})
            return tuple(n for n in (per_day, per_week) if n > 1)
        if self.step % DAY == 0:
            days = self.step // DAY
            candidates = (7 / days, 365.25 / days)
        else:
            candidates = (HOUR / self.step, DAY / self.step, WEEK / self.step)
        whole = (int(c) for c in candidates if c >= 2 and (c == int(c) or c > 50))
        return tuple(whole)

    def describe(self) -> Text:
        """One step in words: "every hour", "every open day (Monday to Friday)"."""
        if self.unit == "row":
            return Text(f"index step {self.step}", f"索引步长 {self.step}")
        if self.unit == "month":
            return _months_in_words(self.step)
        if self.slots and self.step == DAY:
            days = [slot // DAY for slot in self.slots]
            if days == [0, 1, 2, 3, 4]:
                return Text("every weekday (Monday to Friday)", "每个工作日（周一至周五）")
            return Text(f"daily, {len(days)} days a week", f"每周 {len(days)} 天")
        size, english, chinese = next(unit for unit in _UNITS if self.step % unit[0] == 0)
        count = self.step // size
        english = f"every {english}" if count == 1 else f"every {count} {english}s"
        chinese = f"每{chinese}" if count == 1 else f"每 {count} {chinese}"
        if self.slots:
            return Text(f"{english} in opening hours", f"{chinese}（仅开放时段）")
        return Text(english, chinese)

    def gaps(self, time: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Rows that come later than one step after the row before them: their positions in `time`."""
        inner = np.ones(len(time), bool)
        inner[offsets[:-1][offsets[:-1] < len(time)]] = False
        later = np.flatnonzero(inner)
        if not len(later):
            return later
        expected = self.after(time[later - 1], 1)[:, 0]
        return later[time[later] > expected]


def infer(time: np.ndarray, offsets: np.ndarray, calendar: str | None = None) -> Frequency:
    """The step of sorted times; `offsets[i]:offsets[i + 1]` are the rows of series i.

    The commonest difference is the step; a market's closed days and hours are no gaps but part of the step.
    """
    differences = np.diff(time)
    between = offsets[1:-1] - 1
    keep = np.ones(len(differences), bool)
    keep[between[(between >= 0) & (between < len(keep))]] = False
    differences = differences[keep].astype(np.int64)
    if time.dtype.kind != "M":
        return Frequency("row", _commonest(differences, default=1))
    if calendar is not None:
        open_days(calendar)  # refuses an unknown name
    if len(differences) and differences.min() >= 28 * DAY and (monthly := _monthly(time, keep)):
        return monthly
    step = _commonest(differences, default=DAY)
    return Frequency("microsecond", step, _open_slots(time, step), calendar=calendar)


def _commonest(differences: np.ndarray, default: int) -> int:
    if not len(differences):
        return default
    values, counts = np.unique(differences, return_counts=True)
    return int(values[np.argmax(counts)])


def _monthly(time: np.ndarray, keep: np.ndarray) -> Frequency | None:
    month = time.astype("datetime64[M]")
    day = (time.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64)
    length = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64)
    at_end = day == length - 1
    same_day = (day == np.minimum(day.max(), length - 1)).all()
    if not (same_day or at_end.all()):
        return None
    step = _commonest(np.diff(month.astype(np.int64))[keep], default=1)
    return Frequency("month", step, month_end=bool(at_end.all() and day.max() > 27))


def _open_slots(time: np.ndarray, step: int) -> tuple[int, ...]:
    """The open times of the week, where the rows show such a pattern; else ()."""
    if WEEK % step or step > DAY or len(time) < 2:
        return ()
    stamp = time.astype("datetime64[us]").astype(np.int64) - _MONDAY
    slots, counts = np.unique(stamp % WEEK, return_counts=True)
    weeks = len(np.unique(stamp // WEEK))
    if weeks < _LEAST_WEEKS or len(slots) >= WEEK // step:
        return ()
    common = counts >= counts.max() / 2
    if counts[common].sum() < 0.98 * counts.sum() or len(slots[common]) < 2:
        return ()
    gaps_inside = any((b - a) % step for a, b in pairwise(slots[common]))
    return () if gaps_inside else tuple(int(s) for s in slots[common])


def _months_in_words(step: int) -> Text:
    names = {1: ("monthly", "每月"), 3: ("quarterly", "每季度"), 12: ("yearly", "每年")}
    return Text(*names.get(step, (f"every {step} months", f"每 {step} 个月")))


@lru_cache(maxsize=8)
def open_days(calendar: str) -> Callable[[date], bool]:
    """A function that says whether the calendar is open on a day: "XNYS", "XSHG" (markets), "US", "CN" (countries).

    Raises: OptionError for an unknown name.
    """
    try:
        import holidays
    except ImportError as error:
        raise MissingExtraError(
            "calendars need the library 'holidays': pip install holidays",
            "日历功能需要 holidays 库：pip install holidays",
        ) from error
    name = {"NYSE": "XNYS", "SSE": "XSHG"}.get(calendar.upper(), calendar.upper())
    for make in (holidays.financial_holidays, holidays.country_holidays):
        try:
            return make(name).is_working_day
        except NotImplementedError:
            continue
    raise OptionError(
        f"calendar {calendar!r} is not known; use a market such as XNYS or XSHG, or a country such as US or CN.",
        f"未知的日历 {calendar!r}；请用市场代码（如 XNYS、XSHG）或国家代码（如 US、CN）。",
    )
