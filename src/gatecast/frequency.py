"""The step of a time index: find it, say it, continue it.

Knows nothing of panels. Times are `datetime64[us]` or `int64`. The observed steps are the index: a market that
closes at the weekend has a step of one open day, and its forecasts fall on open days.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

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
_LEAST_DAYS = 3  # opening hours that repeat daily, after so many days
_COMMON = 0.2  # share of steps that the commonest must have; else the times follow no clock
_STEADY = 0.8  # share of steps that must agree where dates wander within their month
_QUARTER_HOUR = 15 * MINUTE  # clocks change at quarter hours
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
    time_zone: where times are stored in UTC, the zone whose clock the days, months and opening hours follow.
    """

    unit: str
    step: int = 1
    slots: tuple[int, ...] = ()
    month_end: bool = False
    calendar: str | None = None
    time_zone: str | None = None

    def after(self, last: np.ndarray, horizon: int) -> np.ndarray:
        """The next `horizon` times after each of `last`: (series,) → (series, horizon)."""
        last = np.atleast_1d(last)
        if self.unit == "row":
            return last[:, None] + self.step * np.arange(1, horizon + 1)
        local = self._local(last)
        if not self.calendar:
            return self._utc(self._steps_after(local, horizon))
        return self._utc(np.stack([self._open_steps_after(one, horizon) for one in local]))

    def _local(self, time: np.ndarray) -> np.ndarray:
        """Wall clock of the zone, where the step follows the wall clock: an hour is an hour, but a day may have 23."""
        return to_local(time, self.time_zone) if self._follows_the_clock else time

    def _utc(self, time: np.ndarray) -> np.ndarray:
        return to_utc(time, self.time_zone) if self._follows_the_clock else time

    @property
    def _follows_the_clock(self) -> bool:
        has_clock = self.unit == "month" or bool(self.slots) or self.step % DAY == 0 or self.calendar is not None
        return self.time_zone is not None and has_clock

    def _steps_after(self, last: np.ndarray, horizon: int) -> np.ndarray:
        """`after` on the wall clock, without the calendar."""
        return self._months_after(last, horizon) if self.unit == "month" else self._fixed_after(last, horizon)

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

    def _open_steps_after(self, last: np.datetime64, horizon: int) -> np.ndarray:
        """Steps on open days. Of steps up to a day, those on closed days are left out; a longer one moves to the last
        open day before it.
        """
        is_open = open_days(self.calendar or "")
        longer = self.unit == "month" or self.step > DAY
        found, start, newest = [], np.array([last]), last
        while len(found) < horizon:
            block = self._steps_after(start, 2 * horizon + 8)[0]
            for time in block:
                day = _open_before(time, is_open) if longer else time
                if day > newest and is_open(day.astype("datetime64[D]").item()):
                    found.append(day)
                    newest = day
            start = block[-1:]
        return np.array(found[:horizon])

    def _months_after(self, last: np.ndarray, horizon: int) -> np.ndarray:
        stamp = last.astype("datetime64[us]")
        month = stamp.astype("datetime64[M]")
        within = stamp - month.astype("datetime64[us]")
        target = month[:, None] + (self.step * np.arange(1, horizon + 1)).astype("timedelta64[M]")
        begin = target.astype("datetime64[D]")
        length = (target + np.timedelta64(1, "M")).astype("datetime64[D]") - begin
        days, clock = np.divmod(within.astype(np.int64), DAY)
        most = length.astype(np.int64) - 1
        day = most if self.month_end else np.minimum(days[:, None], most)
        return begin.astype("datetime64[us]") + (day * DAY + clock[:, None]).astype("timedelta64[us]")

    def position(self, time: np.ndarray) -> np.ndarray:
        """How many steps lie between a beginning that is always the same and each time: any shape, int64.

        Modulo the steps of a day, a week or a year it says the hour, the weekday or the month, on the clock of the
        zone. Opening hours count alone; a calendar's closed days are not left out, so that weekdays keep their places.
        """
        if self.unit == "row":
            return time // self.step
        local = to_local(time, self.time_zone).astype("datetime64[us]")
        if self.unit == "month":
            return local.astype("datetime64[M]").astype(np.int64) // self.step
        stamp = local.astype(np.int64) - _MONDAY
        if not self.slots:
            return stamp // self.step
        week, inside = np.divmod(stamp, WEEK)
        return week * len(self.slots) + np.searchsorted(np.array(self.slots), inside, side="right") - 1

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
        if self.unit == "row":
            return later[time[later] > time[later - 1] + self.step]
        local = self._local(time)
        if self.unit == "month":  # the day may wander, as the last weekday of a month does
            months = local.astype("datetime64[M]").astype(np.int64)
            return later[months[later] > months[later - 1] + self.step]
        late = later[local[later] > self._fixed_after(local[later - 1], 1)[:, 0]]
        if not self.calendar or not len(late):
            return late
        expected = np.array([self._open_steps_after(last, 1)[0] for last in local[late - 1]])
        return late[local[late] > expected]


def infer(
    time: np.ndarray, offsets: np.ndarray, calendar: str | None = None, time_zone: str | None = None
) -> Frequency:
    """The step of sorted times; `offsets[i]:offsets[i + 1]` are the rows of series i.

    The commonest difference is the step; a market's closed days and hours are no gaps but part of the step.
    time_zone: the zone that UTC times were given in, whose clock tells days and months.
    Raises: OptionError for an unknown calendar.
    """
    if time.dtype.kind == "M" and calendar is not None:
        open_days(calendar)  # refuses an unknown name
    local = time if time_zone is None else to_local(time, time_zone)
    differences, within = np.diff(local), np.ones(max(len(time) - 1, 0), bool)
    between = offsets[1:-1] - 1
    within[between[(between >= 0) & (between < len(within))]] = False
    differences = differences[within].astype(np.int64)
    if time.dtype.kind != "M":
        return Frequency("row", _commonest(differences, default=1))
    step = _commonest(differences, default=DAY)
    if step >= 28 * DAY and (monthly := _monthly(local, within, differences)):
        return replace(monthly, calendar=calendar, time_zone=time_zone)
    if (differences == step).sum() < _COMMON * len(differences):
        step = _rounded(int(np.median(differences)))
    return Frequency("microsecond", step, _open_slots(local, within, step), calendar=calendar, time_zone=time_zone)


def _commonest(differences: np.ndarray, default: int) -> int:
    positive = differences[differences > 0]
    if not len(positive):
        return default
    values, counts = np.unique(positive, return_counts=True)
    return int(values[np.argmax(counts)])


def _rounded(size: int) -> int:
    """The step of times that follow no clock: its median, rounded to a unit that is small beside it."""
    unit = next((unit for unit in (DAY, HOUR, MINUTE, SECOND) if size >= 10 * unit), 1)
    return max(round(size / unit) * unit, 1)


def _monthly(time: np.ndarray, within: np.ndarray, differences: np.ndarray) -> Frequency | None:
    """Monthly to yearly: the day of the month stays, or is the last, or wanders while the months keep step."""
    month = time.astype("datetime64[M]")
    day = (time.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64)
    length = ((month + np.timedelta64(1, "M")).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64)
    months = np.diff(month.astype(np.int64))[within]
    step = _commonest(months, default=1)
    at_end = day == length - 1
    if at_end.all() and day.max() > 27:
        return Frequency("month", step, month_end=True)
    if (day == np.minimum(day.max(), length - 1)).all():
        return Frequency("month", step)
    is_fixed = np.unique(differences, return_counts=True)[1].max() >= _STEADY * len(differences)
    if is_fixed or (months == step).sum() < _STEADY * len(months):
        return None
    return Frequency("month", step, month_end=bool(((length - day) <= 4).mean() >= _STEADY))


def _open_slots(time: np.ndarray, within: np.ndarray, step: int) -> tuple[int, ...]:
    """The open times of the week, where the rows show such a pattern; else ()."""
    if WEEK % step or step > DAY or len(time) < 2:
        return ()
    stamp = time.astype("datetime64[us]").astype(np.int64) - _MONDAY
    if slots := _weekly_pattern(stamp, step):
        return slots
    weekday = stamp // DAY % 7
    if step == DAY:
        skips = ((np.diff(stamp // DAY)[within] == 3) & (weekday[1:][within] == 0)).any()
        clock = np.unique(stamp % DAY)
        is_weekdays = weekday.max() < 5 and skips and len(clock) == 1
        return tuple(int(day * DAY + clock[0]) for day in range(5)) if is_weekdays else ()
    return _daily_pattern(stamp, weekday, step)


def _weekly_pattern(stamp: np.ndarray, step: int) -> tuple[int, ...]:
    """Times of the week that are open in most weeks, once there are enough weeks to tell. stamp: from a Monday."""
    slots, counts = np.unique(stamp % WEEK, return_counts=True)
    weeks = len(np.unique(stamp // WEEK))
    if weeks < _LEAST_WEEKS or len(slots) >= WEEK // step:
        return ()
    common = slots[counts >= counts.max() / 2]
    if counts[counts >= counts.max() / 2].sum() < 0.98 * counts.sum() or len(common) < 2:
        return ()
    return () if (np.diff(common) % step).any() else tuple(common.tolist())


def _daily_pattern(stamp: np.ndarray, weekday: np.ndarray, step: int) -> tuple[int, ...]:
    """Opening hours that repeat every day, from a few days; without rows on a weekend, Monday to Friday."""
    clock, counts = np.unique(stamp % DAY, return_counts=True)
    days = len(np.unique(stamp // DAY))
    if days < _LEAST_DAYS or len(clock) >= DAY // step or counts.min() < days / 2 or (np.diff(clock) % step).any():
        return ()
    open_weekdays = range(5 if weekday.max() < 5 else 7)
    return tuple(int(day * DAY + slot) for day in open_weekdays for slot in clock)


def _months_in_words(step: int) -> Text:
    names = {1: ("monthly", "每月"), 3: ("quarterly", "每季度"), 12: ("yearly", "每年")}
    return Text(*names.get(step, (f"every {step} months", f"每 {step} 个月")))


def zone_of(name: str) -> tzinfo:
    """`"+08:00"` or `"Europe/Rome"` as a time zone."""
    if name[0] in "+-":
        size = timedelta(hours=int(name[1:3]), minutes=int(name[4:6]))
        return timezone(-size if name[0] == "-" else size)
    return ZoneInfo(name)


def to_local(time: np.ndarray, time_zone: str | None) -> np.ndarray:
    """UTC to the wall clock of a zone; any shape."""
    return time if time_zone is None else time + _offset(time, time_zone)


def to_utc(local: np.ndarray, time_zone: str | None) -> np.ndarray:
    """The wall clock of a zone to UTC; an hour that the clock skips is read as the one after it."""
    if time_zone is None:
        return local
    near = local - _offset(local, time_zone)
    return local - _offset(near, time_zone)


def _offset(time: np.ndarray, time_zone: str) -> np.ndarray:
    """What the zone's clock is ahead of UTC at times in UTC."""
    zone = zone_of(time_zone)
    quarters, where = np.unique(time.astype("datetime64[us]").astype(np.int64) // _QUARTER_HOUR, return_inverse=True)
    if isinstance(zone, timezone):
        quarters = quarters[:1]
        where = np.zeros_like(where)
    sizes = [_offset_at(int(quarter), zone) for quarter in quarters]
    return np.array(sizes, np.int64)[where].reshape(time.shape).astype("timedelta64[us]")


@lru_cache(maxsize=1 << 16)  # training asks for the same hours at every step
def _offset_at(quarter: int, zone: tzinfo) -> int:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=quarter * (_QUARTER_HOUR // SECOND))
    offset = moment.astimezone(zone).utcoffset() or timedelta(0)
    return round(offset.total_seconds()) * SECOND


def _open_before(time: np.datetime64, is_open: Callable[[date], bool]) -> np.datetime64:
    """The same time on the last open day up to this one; `time` itself where a month has none."""
    days = (time - np.timedelta64(back, "D") for back in range(31))
    return next((day for day in days if is_open(day.astype("datetime64[D]").item())), time)


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
