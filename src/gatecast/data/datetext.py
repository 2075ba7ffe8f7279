"""Text cells to times: one format a column, refused where day and month cannot be told apart.

The parts of a date become whole numbers, and numpy makes dates of them: no locale and no parser's guess comes between.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from gatecast.data.dateforms import CLOCK, COMPACT_MONTH, MONTH_AND_SHORT_YEAR, Form, known_forms
from gatecast.data.timetext import MONTHS

_NAMES = {name.lower(): number for number, name in enumerate(MONTHS, 1)}
_MONTH_NUMBERS = {**_NAMES, **{name[:3]: number for name, number in _NAMES.items()}, "sept": 9}
_SAMPLE = 64
_FEWEST_MONTHS = 4
_FIRST_YEAR, _LAST_YEAR = 1000, 2999  # others are slips, or stand for "no date"


@dataclass(frozen=True)
class Dates:
    """time: (rows,) datetime64[us] in UTC where a zone was given, NaT where the cell is empty or wrong.

    form: strftime format (see timetext). zone: "UTC", "+08:00" or None; zones: how many offsets there were.
    wrong: rows whose cell does not fit the column's format. ambiguous: day and month cannot be told apart.
    """

    time: np.ndarray
    form: str | None
    zone: str | None
    zones: int
    wrong: np.ndarray
    ambiguous: bool = False

    @property
    def share(self) -> float:
        """Dates among the cells that are not empty."""
        good = int((~np.isnat(self.time)).sum())
        return good / max(1, good + len(self.wrong))


def read_dates(cells: pl.Series, day_first: bool | None, compact_months: bool = False) -> Dates | None:
    """Times of a text column, or None where no format fits any cell.

    day_first: decides where day and month could be swapped. compact_months: 202001 is a month.
    """
    text = cells.str.strip_chars()
    distinct = text.unique(maintain_order=True)
    if 4 * len(distinct) > len(text):
        return _read(text, day_first, compact_months)
    dates = _read(distinct, day_first, compact_months)  # many series share their dates
    if dates is None:
        return None
    codes = text.replace_strict(distinct, pl.Series(range(len(distinct))), return_dtype=pl.Int64).to_numpy()
    return replace(dates, time=dates.time[codes], wrong=np.flatnonzero(np.isin(codes, dates.wrong)))


def _read(text: pl.Series, day_first: bool | None, compact_months: bool) -> Dates | None:
    """`read_dates` of stripped cells."""
    form = _commonest_form(text, compact_months)
    if form is None:
        return None
    parts = text.str.extract_groups(f"^{form.pattern}{CLOCK}$").struct.unnest()
    fields = {name: parts[name] for name in parts.columns}
    swapped, ambiguous = _order(fields, day_first)
    if "a1" in fields:
        fields["d"], fields["m"] = (fields["a2"], fields["a1"]) if swapped else (fields["a1"], fields["a2"])
    number = {name: _whole(fields[name]) for name in ["Y", "y", "m", "d", "q", "V", "H", "M", "S"] if name in fields}
    time = _assemble(number, fields, len(text))
    if form.template == MONTH_AND_SHORT_YEAR and not _are_near(time):
        return None
    offset, zone, zones = _offsets(fields["z"], np.isnat(time))
    full = text.is_not_null().to_numpy() & (text != "").fill_null(False).to_numpy()
    wrong = np.flatnonzero(full & (np.isnat(time) | np.isnat(offset)))
    time = time - offset
    return Dates(time, _format(form, fields, swapped, zone, zones), zone, zones, wrong, ambiguous)


def _commonest_form(text: pl.Series, compact_months: bool) -> Form | None:
    full = text.filter(text.is_not_null() & (text != ""))
    sample = full.gather_every(max(1, len(full) // _SAMPLE)).to_list()
    forms = known_forms()
    if compact_months:
        forms = [*forms, (COMPACT_MONTH, re.compile(COMPACT_MONTH.pattern))]
    counts = [sum(pattern.fullmatch(cell) is not None for cell in sample) for _, pattern in forms]
    return forms[int(np.argmax(counts))][0] if sample and max(counts) else None


def _are_near(time: np.ndarray) -> bool:
    """Whether most months follow one another within a year: `Jan-10` may also be the tenth of January."""
    months = time[~np.isnat(time)].astype("datetime64[M]").astype(np.int64)
    return len(months) < 2 or bool(np.median(np.abs(np.diff(months))) < 12)


def _whole(cells: pl.Series) -> np.ndarray:
    """(rows,) the part as a number, -1 where it is missing."""
    return cells.cast(pl.Int64, strict=False).fill_null(-1).to_numpy()


def _order(fields: dict[str, pl.Series], day_first: bool | None) -> tuple[bool, bool]:
    """(month stands first, it cannot be told). 1/1/2020, 2/1/2020, … over a turn of the year are months, not days."""
    if "a1" not in fields:
        return False, False
    first, second = _whole(fields["a1"]), _whole(fields["a2"])
    if day_first is not None:
        return not day_first, False
    big_first, big_second = int((first > 12).sum()), int((second > 12).sum())
    if big_first or big_second or not (first != second).any():
        return big_second > big_first, False
    year = _whole(fields["Y"]) if "Y" in fields else _century(_whole(fields["y"]))
    by_month_first, by_day_first = (_are_months(year, *order) for order in ((first, second), (second, first)))
    return by_month_first, by_month_first == by_day_first


def _are_months(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> bool:
    """Whether the dates, so understood, are one day of months that follow one another evenly, through several years."""
    known = day > 0
    steps = np.diff(np.unique(12 * year[known] + month[known]))
    same_day, years = len(np.unique(day[known])) == 1, len(np.unique(year[known]))
    return same_day and years > 1 and len(steps) >= _FEWEST_MONTHS and bool((steps == steps[0]).all())


def month_numbers(names: pl.Series) -> np.ndarray:
    """(rows,) 1 to 12, -1 where it is no month."""
    lowered = names.str.to_lowercase()
    return lowered.replace_strict(_MONTH_NUMBERS, default=None, return_dtype=pl.Int64).fill_null(-1).to_numpy()


def _assemble(number: dict[str, np.ndarray], fields: dict[str, pl.Series], rows: int) -> np.ndarray:
    """Parts to datetime64[us]; NaT where a part is missing or out of its range."""
    one, zero = np.ones(rows, np.int64), np.zeros(rows, np.int64)
    year = number["Y"] if "Y" in number else _century(number["y"])
    month = month_numbers(fields["b"]) if "b" in fields else number.get("m", one)
    if "q" in number:
        month = np.where(number["q"] > 0, 3 * number["q"] - 2, -1)
    day = number.get("d", one)
    clock, clock_is_right = _clock(number, fields)
    good = (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1) & clock_is_right
    begin = np.where(good, 12 * (year - 1970) + month - 1, 0).astype("datetime64[M]")
    length = ((begin + np.timedelta64(1, "M")).astype("datetime64[D]") - begin.astype("datetime64[D]")).astype(np.int64)
    good &= day <= length
    date = begin.astype("datetime64[D]") + np.where(good, day - 1, 0).astype("timedelta64[D]")
    if "V" in number:
        date, good = _monday_of_week(year, number["V"], good)
    time = date.astype("datetime64[us]") + np.where(good, clock, zero).astype("timedelta64[us]")
    return np.where(good, time, np.datetime64("NaT", "us"))


def _century(two_digits: np.ndarray) -> np.ndarray:
    """POSIX: 69 to 99 are 19xx, 00 to 68 are 20xx."""
    return np.where(two_digits < 0, -1, two_digits + np.where(two_digits >= 69, 1900, 2000))


def _monday_of_week(year: np.ndarray, week: np.ndarray, good: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ISO 8601: week 1 holds 4 January."""
    first = (np.where(good, year, 1970) - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    fourth = first + 3  # days since 1 January 1970, a Thursday
    monday = fourth - (fourth + 3) % 7
    return (monday + 7 * (week - 1)).astype("datetime64[D]"), good & (week >= 1) & (week <= 53)


def _clock(number: dict[str, np.ndarray], fields: dict[str, pl.Series]) -> tuple[np.ndarray, np.ndarray]:
    """(microseconds since midnight, whether the parts are in range); a date without a clock is midnight."""
    hour, minute, second = (np.maximum(number[part], 0) for part in "HMS")
    half = fields["p"].str.to_lowercase()
    is_half, is_pm = half.is_not_null().to_numpy(), (half == "pm").fill_null(False).to_numpy()
    good = (hour <= 23) & (minute <= 59) & (second <= 59) & (~is_half | ((hour >= 1) & (hour <= 12)))
    hour = np.where(is_half, hour % 12 + 12 * is_pm, hour)
    fraction = fields["f"].fill_null("0").str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64).to_numpy()
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction, good


def _offsets(cells: pl.Series, blank: np.ndarray) -> tuple[np.ndarray, str | None, int]:
    """(what to subtract to come to UTC, the zone, how many offsets there are). NaT: no offset where others have one."""
    found = cells.to_list() if cells.null_count() < len(cells) else []
    minutes = {name: _minutes(name) for name in set(found) if name is not None}
    if not minutes:
        return np.zeros(len(cells), "timedelta64[us]"), None, 0
    each = [0 if name is None else minutes[name] for name in found]
    missing = np.array([name is None for name in found]) & ~blank
    offset = (np.array(each, np.int64) * 60_000_000).astype("timedelta64[us]")
    offset[missing] = np.timedelta64("NaT", "us")
    distinct = set(minutes.values())
    only = next(iter(distinct))
    zone = (
        "UTC"
        if len(distinct) > 1 or not only
        else f"{'+' if only > 0 else '-'}{abs(only) // 60:02}:{abs(only) % 60:02}"
    )
    return offset, zone, len(distinct)


def _minutes(zone: str) -> int:
    if zone.upper() in ("Z", "UTC", "GMT"):
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    size = int(digits[:2]) * 60 + int(digits[2:])
    return -size if zone[0] == "-" else size


def _format(form: Form, fields: dict[str, pl.Series], swapped: bool, zone: str | None, zones: int) -> str:
    """The strftime format that writes dates as they came in."""
    order = ("<m>", "<d>") if swapped else ("<d>", "<m>")
    text = form.template.replace("<1>", order[0]).replace("<2>", order[1])
    for part in "md":
        text = text.replace(f"<{part}>", f"%{part}" if part not in fields or _padded(fields[part]) else f"%-{part}")
    if "b" in fields:
        is_full = fields["b"].str.to_lowercase().is_in([name for name in _NAMES if len(name) > 3]).any()
        text = text.replace("<b>", "%B" if is_full else "%b")
    if fields["H"].null_count() == len(fields["H"]):
        return text
    return text + _clock_format(fields, zone, zones)


def _padded(cells: pl.Series) -> bool:
    return not cells.drop_nulls().str.len_chars().eq(1).any()


def _clock_format(fields: dict[str, pl.Series], zone: str | None, zones: int) -> str:
    def has(part: str) -> bool:
        return fields[part].null_count() < len(fields[part])

    hour = "I" if has("p") else "H"
    text = f"%{hour}:%M" if _padded(fields["H"]) else f"%-{hour}:%M"
    text = ("T" if has("T") else " ") + text
    if has("S"):
        text += ":%S"
    if has("f"):
        digits = fields["f"].drop_nulls().str.len_chars().max()
        text += ".%3f" if digits == 3 else ".%f"
    if has("p"):
        text += " %p"
    if zone is None:
        return text
    written = fields["z"].drop_nulls()[0]
    if written.upper() in ("Z", "UTC", "GMT") and zones == 1:
        return text + (written if written in "Zz" else f" {written}")
    return text + ("%:z" if ":" in written else "%z")
