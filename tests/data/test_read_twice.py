"""Times that stand twice: an hour that a clock put back repeats, series that several columns name, contradictions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gatecast.data import Reading, ReadOptions, read
from gatecast.errors import OptionError, TimeError


def reading_of(folder: Path, header: str, rows: list[str], **options: object) -> Reading:
    path = folder / "data.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return read(path, ReadOptions(**options))  # type: ignore[arg-type]


def on_the_wall(zone: str, begin: str, steps: int, minutes: int = 60) -> list[str]:
    """Times as a clock on the wall shows them, one after another."""
    first = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    moments = [first + timedelta(minutes=minutes * n) for n in range(steps)]
    return [f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" for moment in moments]


@pytest.mark.parametrize(
    ("zone", "begin", "steps", "minutes", "first"),
    [
        ("America/New_York", "2015-10-01", 24 * 800, 60, "2015-11-01 01:00 and 2 more"),
        ("Europe/Berlin", "2020-10-20", 24 * 10, 60, "2020-10-25 02:00"),
        ("Europe/London", "2020-10-20", 48 * 10, 30, "2020-10-25 01:00 and 1 more"),
        ("Australia/Sydney", "2020-04-01", 24 * 10, 60, "2020-04-05 02:00"),
        ("America/Santiago", "2020-04-01", 24 * 10, 60, "2020-04-04 23:00"),
        ("Asia/Shanghai", "1990-09-10", 24 * 10, 60, "1990-09-16 01:00"),
    ],
)
def test_an_hour_that_a_clock_put_back_repeats(
    tmp_path: Path, zone: str, begin: str, steps: int, minutes: int, first: str
) -> None:
    times = on_the_wall(zone, begin, steps, minutes)
    reading = reading_of(tmp_path, "time,y", [f"{time},{n}" for n, time in enumerate(times)])
    kept = [n for n, time in enumerate(times) if time not in times[max(0, n - 4) : n]]
    assert len(kept) < steps
    assert sorted(reading.panel.y.tolist()) == kept
    assert (np.diff(reading.panel.time) > np.timedelta64(0)).all()
    (note,) = [note for note in reading.notes if note.kind == "duplicates"]
    assert note.text.english.startswith(f"{first} stood twice with different values, as where clocks are put back")


def test_in_each_of_several_series_and_newest_first(tmp_path: Path) -> None:
    times = on_the_wall("Europe/Berlin", "2020-10-20", 24 * 10)
    rows = [f"{time},{name},{n}" for n, time in enumerate(times) for name in "ab"]
    panel = reading_of(tmp_path, "time,id,y", rows[::-1]).panel
    assert panel.lengths.tolist() == [239, 239]


@pytest.mark.parametrize(
    "times",
    [
        ["2020-10-25 02:00"] * 3,  # three times
        ["2020-10-25 05:00"] * 2,  # too late in the morning
        ["2020-10-26 02:00"] * 2,  # a Monday
        ["2020-10-25 02:00", "2020-10-25 02:00", "2020-11-01 02:00", "2020-11-01 02:00"],  # twice in a week
        ["2020-10-25 01:00", "2020-10-25 01:00", "2020-10-25 02:00", "2020-10-25 02:00"],  # two hours
    ],
)
def test_other_repetitions_are_refused(tmp_path: Path, times: list[str]) -> None:
    others = [f"{time:%Y-%m-%d %H:%M}" for n in range(24 * 14) if (time := datetime(2020, 10, 20) + timedelta(hours=n))]
    every = sorted([*times, *(time for time in others if time not in times)])
    with pytest.raises(TimeError, match=f"{times[0]} stands twice with different values .lines"):
        reading_of(tmp_path, "time,y", [f"{time},{n}" for n, time in enumerate(every)])


def test_days_know_no_clock(tmp_path: Path) -> None:
    days = [f"2020-10-{day}" for day in (23, 24, 25, 25, 26, 27)]  # the 25th is a Sunday
    with pytest.raises(TimeError, match="2020-10-25 stands twice"):
        reading_of(tmp_path, "time,y", [f"{day},{n}" for n, day in enumerate(days)])


def test_one_time_alone(tmp_path: Path) -> None:
    with pytest.raises(TimeError, match="2020-10-25 02:00 stands twice"):
        reading_of(tmp_path, "time,y", ["2020-10-25 02:00,1", "2020-10-25 02:00,2"])


def test_contradictions_are_counted(tmp_path: Path) -> None:
    rows = [f"2020-01-{day:02},{n}" for day in range(1, 9) for n in (1, 2)]
    with pytest.raises(TimeError, match=r"\(lines 2 and 3\), one of 8 such times; keep one of each, .*--id store,item"):
        reading_of(tmp_path, "date,y", rows)


DAYS = [f"2020-01-{day:02}" for day in range(1, 9)]
STORES = [f"{day},{store},{item},{n}" for n, (store, item) in enumerate(["1x", "1y", "2x", "2y"]) for day in DAYS]


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        (None, ("1 · x", "1 · y", "2 · x", "2 · y")),
        ("store,item", ("1 · x", "1 · y", "2 · x", "2 · y")),
        (("item", "store"), ("x · 1", "y · 1", "x · 2", "y · 2")),
    ],
)
def test_columns_that_name_a_series_together(tmp_path: Path, given: object, ids: tuple[str, ...]) -> None:
    reading = reading_of(tmp_path, "date,store,item,sales", STORES, target="sales", id=given)
    assert (reading.panel.ids, reading.panel.lengths.tolist()) == (ids, [8] * 4)
    name = "item,store" if isinstance(given, tuple) else "store,item"
    assert (reading.panel.layout.id, reading.options.id) == (name, name)
    assert read(tmp_path / "data.csv", reading.options).panel.ids == ids
    assert [column.role for column in reading.columns] == ["time", "id", "id", "target"]


def test_names_that_are_usual_only_where_dates_repeat(tmp_path: Path) -> None:
    repeated = [f"{day},{region},{n}" for region in (1, 2) for n, day in enumerate(DAYS)]
    assert reading_of(tmp_path, "date,region,y", repeated).panel.ids == ("1", "2")
    once = [f"{day},{n % 2},{n}" for n, day in enumerate(DAYS)]
    assert reading_of(tmp_path, "date,region,y", once).panel.ids == ("0",)


QUARTERS = [f"{1998 + n // 4} Q{n % 4 + 1}" for n in range(12)]
PLACES = [("Adelaide", "South"), ("Barossa", "South"), ("Sydney", "New South Wales")]


def test_words_name_series_where_each_has_most_dates(tmp_path: Path) -> None:
    purposes = ["Business", "Holiday"]
    told = [(place, state, purpose) for place, state in PLACES for purpose in purposes]
    rows = [f"{quarter},{','.join(told[k])},{n + k}" for k in range(6) for n, quarter in enumerate(QUARTERS)]
    panel = reading_of(tmp_path, "Quarter,Region,State,Purpose,Trips", rows).panel
    assert (panel.layout.id, panel.ids[0], len(panel)) == ("Region,Purpose", "Adelaide · Business", 6)


@pytest.mark.parametrize("few", [2, 8])
def test_remarks_name_no_series(tmp_path: Path, few: int) -> None:
    """An hour with two kinds of weather stands twice, with one number."""
    hours = [f"2020-01-{1 + n // 24:02} {n % 24:02}:00" for n in range(240)]
    kinds = ["Clouds,few clouds", "Rain,light rain", "Rain,heavy rain", *(f"Mist,mist {n}" for n in range(5))]
    twice = [f"{hour},{kinds[n % few]},{n}" for n, hour in enumerate(hours)]
    twice += [f"{hours[n]},{kinds[(n + 1) % few]},{n}" for n in range(0, 240, 9)]
    reading = reading_of(tmp_path, "time,weather_main,weather_description,traffic", twice, target="traffic")
    assert (len(reading.panel), reading.panel.y.tolist()) == (1, list(range(240)))


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("date,region,y", [f"{day},{name}{n},{n}{k}" for n, day in enumerate(DAYS) for k, name in enumerate("ab")]),
        ("date,remark,y", [f"{DAYS[n % 8]},{'abcd'[n % 4]}{n % 3},{n}" for n in range(9)] + ["2020-01-01,e,5"]),
        ("date,event,y", [f"2020-01-{n % 28 + 1:02},e{n % 13},{n}" for n in range(28)] + ["2020-01-01,x,1"]),
    ],
)
def test_words_that_leave_a_series_little_name_none(tmp_path: Path, header: str, rows: list[str]) -> None:
    with pytest.raises(TimeError, match="stands twice with different values"):
        reading_of(tmp_path, header, rows)


def test_a_sure_name_that_does_not_tell_apart_goes_with_another(tmp_path: Path) -> None:
    rows = [f"{item},{store},{day},{n}" for item in "ab" for store in "xy" for n, day in enumerate(DAYS)]
    assert reading_of(tmp_path, "item_id,store_id,date,y", rows).panel.layout.id == "item_id,store_id"


def test_one_name_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="'store' is named twice"):
        reading_of(tmp_path, "date,store,item,sales", STORES, target="sales", id="store,store")
