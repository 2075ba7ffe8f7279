"""Times that stand in several columns of numbers: years, months, days and hours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gatecast.data import Reading, ReadOptions, format_times, read
from gatecast.errors import ColumnError

HOURS = np.datetime64("2010-02-27T00", "us") + np.arange(72).astype("timedelta64[h]")


def reading_of(folder: Path, header: str, rows: list[str], **options: object) -> Reading:
    path = folder / "data.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return read(path, ReadOptions(**options))  # type: ignore[arg-type]


def split(stamp: np.datetime64) -> tuple[int, int, int, int]:
    moment = stamp.astype("datetime64[us]").item()
    return moment.year, moment.month, moment.day, moment.hour


def test_year_month_day_and_hour(tmp_path: Path) -> None:
    rows = [f"{n + 1},{','.join(map(str, split(stamp)))},{n}" for n, stamp in enumerate(HOURS)]
    reading = reading_of(tmp_path, "No,year,month,day,hour,pm2.5", rows)
    panel = reading.panel
    assert (panel.time == HOURS).all()
    assert (panel.target, panel.layout.time, reading.options.time) == ("pm2.5", "datetime", "datetime")
    assert format_times(panel.time[-1:], panel.layout.time_format) == ["2010-03-01 23:00"]
    (note,) = [note for note in reading.notes if note.kind == "clock"]
    assert note.text.english == (
        "the columns 'year', 'month', 'day', 'hour' are taken together as the time, and written as 'datetime'."
    )
    assert [column.name for column in reading.columns] == ["No", "pm2.5", "datetime"]
    assert (read(tmp_path / "data.csv", reading.options).panel.time == HOURS).all()


MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October"]


@pytest.mark.parametrize(
    ("header", "rows", "last", "step"),
    [
        ("year,month,y", [f"1949,{name},{n}" for n, name in enumerate(MONTHS)], "1949-10", "monthly"),
        ("年,月,y", [f"1949,{n + 1},{n}" for n in range(10)], "1949-10", "monthly"),
        ("Year,Qtr,y", [f"{1950 + n // 4}.0,{n % 4 + 1}.0,{n}" for n in range(10)], "1952Q2", "quarterly"),
        ("year,week,y", [f"2021,{n + 1},{n}" for n in range(10)], "2021-W10", "every week"),
        ("yr,mo,dy,y", [f"2021,2,{n + 1},{n}" for n in range(10)], "2021-02-10", "every day"),
        ("year,month,day,hour,minute,y", [f"2021,2,1,0,{6 * n},{n}" for n in range(10)], "2021-02-01 00:54", ""),
        ("dteday,hr,y", [f"2021-02-0{1 + n // 24},{n % 24},{n}" for n in range(30)], "2021-02-02 05:00", "every hour"),
        (
            "Date,HE,y",
            [f"02/2{n // 24}/2021,{n % 24 + 1},{n}" for n in range(30)],
            "02/21/2021 05:00",
            "every hour",
        ),
        ("date,hour,y", [f"2021020{1 + n // 24},{n % 24},{n}" for n in range(30)], "20210202 05:00", "every hour"),
        ("Date;Time;y", [f"2{n // 24}/02/2021;{n % 24:02}.00.00;{n}" for n in range(30)], "21/02/2021 05:00:00", ""),
    ],
)
def test_parts_of_many_kinds(tmp_path: Path, header: str, rows: list[str], last: str, step: str) -> None:
    panel = reading_of(tmp_path, header, rows).panel
    assert format_times(panel.time[-1:], panel.layout.time_format) == [last]
    assert panel.y.tolist() == list(range(len(rows)))
    assert step in panel.frequency.describe().english


def test_days_in_parts_and_a_clock(tmp_path: Path) -> None:
    rows = [f"2021,2,{1 + n // 24},{n % 24}:30,{n}" for n in range(48)]
    reading = reading_of(tmp_path, "year,month,day,time,y", rows)
    assert (reading.panel.time[-1], reading.panel.layout.time) == (np.datetime64("2021-02-02T23:30"), "date")
    assert (read(tmp_path / "data.csv", reading.options).panel.time == reading.panel.time).all()


def test_a_joined_table_may_have_its_time_in_parts(tmp_path: Path) -> None:
    months = [f"{2020 + n // 12},{n % 12 + 1},{n}" for n in range(24)]
    (tmp_path / "macro.csv").write_text("\n".join(["year,month,cpi", *months]))
    days = [f"2021-03-{n + 1:02},{n}" for n in range(20)]
    panel = reading_of(tmp_path, "date,y", days, join=(str(tmp_path / "macro.csv"),)).panel
    assert (panel.past, panel.values[:, 1].tolist()) == (("cpi",), [14] * 20)


def test_hours_that_end_are_told(tmp_path: Path) -> None:
    rows = [f"2021-02-0{1 + n // 24},{n % 24 + 1},{n}" for n in range(48)]
    (note,) = reading_of(tmp_path, "date,hour,y", rows).notes
    assert note.text.english.endswith("written as 'datetime'; hours 1 to 24 begin at 00:00.")


def test_frames_and_series(tmp_path: Path) -> None:
    days = pl.Series([np.datetime64("2021-02-01", "us").item()] * 24)
    frame = pl.DataFrame({"id": ["a"] * 24 + ["b"] * 24, "date": pl.concat([days, days]), "hour": [*range(24)] * 2})
    panel = read(frame.with_columns(y=pl.Series(range(48)))).panel
    assert (panel.ids, panel.lengths.tolist()) == (("a", "b"), [24, 24])
    assert panel.time[23] == np.datetime64("2021-02-01T23")


def test_parts_that_have_a_role_stay(tmp_path: Path) -> None:
    rows = [f"2021-02-0{1 + n // 24},{n % 24},{n}" for n in range(48)]
    panel = reading_of(tmp_path, "date,hour,y", rows, future=("hour",), time="date").panel
    assert (panel.future, panel.layout.time) == (("hour",), "datetime")
    assert panel.values[5].tolist() == [5, 5]


@pytest.mark.parametrize(
    ("header", "rows", "time"),
    [
        ("date,year,month,y", [f"2021-0{n + 1}-01,2021,{n + 1},{n}" for n in range(9)], "date"),  # dates are there
        ("date,hour,y", [f"2021-02-0{n + 1},{n},{n}" for n in range(9)], "date"),  # one hour a day: a covariate
        ("year,month,y", [f"{2000 + n},{n + 20},{n}" for n in range(9)], "year"),  # no months
        ("date,hour,y", [f"2021-02-01 {n:02}:30,{n},{n}" for n in range(9)], "date"),  # the days have a clock
    ],
)
def test_what_is_no_part_is_left_alone(tmp_path: Path, header: str, rows: list[str], time: str) -> None:
    names = {name for name in ("month", "year", "hour") if name in header and name != time}
    options = {"time": time} if time == "year" else {}
    reading = reading_of(tmp_path, header, rows, target="y", **options)
    assert reading.panel.layout.time == time
    assert names <= {column.name for column in reading.columns}


def test_a_named_time_is_the_time(tmp_path: Path) -> None:
    rows = [f"{2000 + n},{n % 12 + 1},{n}" for n in range(9)]
    assert reading_of(tmp_path, "year,month,y", rows, time="year", target="y").panel.time.tolist() == [
        *range(2000, 2009)
    ]


def test_a_day_that_does_not_exist_is_named(tmp_path: Path) -> None:
    rows = [f"2021,2,{n + 21},{n}" for n in range(9)]
    with pytest.raises(ValueError, match="line 10: '2021-02-29' in the time column 'date' is not a date"):
        reading_of(tmp_path, "year,month,day,y", rows)


def test_two_columns_of_one_part_are_no_choice_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match="could each be the time"):
        reading_of(tmp_path, "year,yr,month,y", [f"{2000 + n},{2000 + n},{n + 1},{n}" for n in range(9)], target="y")
