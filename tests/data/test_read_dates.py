"""Dates in every usual form, one form a column, refused where day and month cannot be told apart."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecast.data import ReadOptions, format_times, read
from gatecast.errors import TimeError
from gatecast.panel import Panel


def panel_of(folder: Path, dates: list[str], name: str = "date", **options: object) -> Panel:
    path = folder / "data.csv"
    path.write_text(f"{name}\ty\n" + "".join(f"{d}\t{n}\n" for n, d in enumerate(dates)), encoding="utf-8")
    return read(path, ReadOptions(**options)).panel  # type: ignore[arg-type]


def outgoing(panel: Panel) -> list[str]:
    return format_times(panel.time, panel.layout.time_format, panel.layout.time_zone)


FORMS = {  # spelling → (format, first date)
    "2020-01-05": ("%Y-%m-%d", "2020-01-05"),
    "2020/1/5": ("%Y/%-m/%-d", "2020-01-05"),
    "2020.01.05": ("%Y.%m.%d", "2020-01-05"),
    "20200105": ("%Y%m%d", "2020-01-05"),
    "2020-01": ("%Y-%m", "2020-01-01"),
    "2020/01": ("%Y/%m", "2020-01-01"),
    "202001": ("%Y%m", "2020-01-01"),
    "01/2020": ("%m/%Y", "2020-01-01"),
    "01/25/2020": ("%m/%d/%Y", "2020-01-25"),
    "1/25/20": ("%-m/%d/%y", "2020-01-25"),
    "25.01.2020": ("%d.%m.%Y", "2020-01-25"),
    "25-01-2020": ("%d-%m-%Y", "2020-01-25"),
    "Jan 2020": ("%b %Y", "2020-01-01"),
    "January 2020": ("%B %Y", "2020-01-01"),
    "5 Jan 2020": ("%-d %b %Y", "2020-01-05"),
    "05-Jan-20": ("%d-%b-%y", "2020-01-05"),
    "Jan 5, 2020": ("%b %-d, %Y", "2020-01-05"),
    "2020Q1": ("%YQ%q", "2020-01-01"),
    "2020-Q1": ("%Y-Q%q", "2020-01-01"),
    "Q1 2020": ("Q%q %Y", "2020-01-01"),
    "2020M01": ("%YM%m", "2020-01-01"),
    "2020-W02": ("%G-W%V", "2020-01-06"),
    "2020年1月5日": ("%Y年%-m月%-d日", "2020-01-05"),
    "2020年01月": ("%Y年%m月", "2020-01-01"),
    "2020-01-05 09:30": ("%Y-%m-%d %H:%M", "2020-01-05T09:30"),
    "2020-01-05T09:30:15": ("%Y-%m-%dT%H:%M:%S", "2020-01-05T09:30:15"),
    "2020-01-05 09:30:15.250": ("%Y-%m-%d %H:%M:%S.%3f", "2020-01-05T09:30:15.250"),
    "2020-01-05 09:30:15.000250": ("%Y-%m-%d %H:%M:%S.%f", "2020-01-05T09:30:15.000250"),
    "01/25/2020 9:30 PM": ("%m/%d/%Y %-I:%M %p", "2020-01-25T21:30"),
    "2020-01-05T09:30:00Z": ("%Y-%m-%dT%H:%M:%SZ", "2020-01-05T09:30"),
    "2020-01-05T09:30:00+08:00": ("%Y-%m-%dT%H:%M:%S%:z", "2020-01-05T01:30"),
    "2020-01-05 09:30:00-0530": ("%Y-%m-%d %H:%M:%S%z", "2020-01-05T15:00"),
}


@pytest.mark.parametrize("spelling", FORMS)
def test_form_is_read_and_written_back(tmp_path: Path, spelling: str) -> None:
    form, first = FORMS[spelling]
    years = [str(year) for year in range(2020, 2029)]
    dates = [spelling.replace("2020", y) if "2020" in spelling else spelling[:-2] + y[2:] for y in years]
    panel = panel_of(tmp_path, dates)
    assert panel.layout.time_format == form
    assert panel.time[0] == np.datetime64(first, "us")
    assert outgoing(panel) == dates


@pytest.mark.parametrize("separator", "/.-")
def test_trap_29_day_and_month_that_cannot_be_told_apart_are_refused(tmp_path: Path, separator: str) -> None:
    dates = [separator.join((f"0{a}", f"0{b}", "2020")) for a in (1, 2) for b in (3, 4)]
    with pytest.raises(TimeError, match=r"--dayfirst or --monthfirst"):
        panel_of(tmp_path, dates)
    by_day = panel_of(tmp_path, dates, day_first=True)
    by_month = panel_of(tmp_path, dates, day_first=False)
    assert by_day.time[0] == np.datetime64("2020-03-01", "us")
    assert by_month.time[0] == np.datetime64("2020-01-03", "us")
    assert sorted(outgoing(by_day)) == sorted(outgoing(by_month)) == sorted(dates)


def test_one_late_date_settles_the_order(tmp_path: Path) -> None:
    assert panel_of(tmp_path, ["01/02/2020", "02/02/2020", "13/02/2020"]).time[0] == np.datetime64("2020-02-01", "us")


def test_option_that_the_dates_contradict_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TimeError, match=r"line 3: '01/25/2020'"):
        panel_of(tmp_path, ["01/02/2020", "01/25/2020", "01/26/2020"], day_first=True)


def test_both_orders_in_one_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TimeError, match=r"line 4: '13/01/2020'"):
        panel_of(tmp_path, ["01/14/2020", "01/15/2020", "13/01/2020", "01/16/2020"])


MONTHS = [(1985 + n // 12, n % 12 + 1) for n in range(30)]


@pytest.mark.parametrize(
    ("dates", "form"),
    [
        ([f"{month}/1/{year}" for year, month in MONTHS], "%-m/%-d/%Y"),
        ([f"01.{month:02}.{year}" for year, month in MONTHS], "%d.%m.%Y"),
        ([f"{month:02}/05/{year % 100}" for year, month in MONTHS], "%m/%d/%y"),
        ([f"{month}/1/{year}" for year, month in MONTHS[::3]], "%-m/%-d/%Y"),  # quarters
        ([f"{month}/1/{year}" for year, month in MONTHS[::-1]], "%-m/%-d/%Y"),
    ],
)
def test_months_through_several_years_are_no_days(tmp_path: Path, dates: list[str], form: str) -> None:
    panel = panel_of(tmp_path, dates)
    assert (panel.layout.time_format, panel.frequency.unit) == (form, "month")


@pytest.mark.parametrize(
    "dates",
    [
        [f"{month}/1/2020" for month in range(1, 13)],  # within one year it may be January
        [f"{month}/1/{year}" for year, month in MONTHS if month != 5],
        [f"{month}/{month % 5 + 1}/{year}" for year, month in MONTHS],
    ],
)
def test_what_may_be_days_is_refused(tmp_path: Path, dates: list[str]) -> None:
    with pytest.raises(TimeError, match="--dayfirst or --monthfirst"):
        panel_of(tmp_path, dates)


def test_months_with_short_years(tmp_path: Path) -> None:
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    panel = panel_of(tmp_path, [f"{names[month - 1]}-{year % 100}" for year, month in MONTHS])
    assert (panel.time[0], panel.layout.time_format) == (np.datetime64("1985-01"), "%b-%y")
    weeks = ["Jan-05", "Jan-12", "Jan-19", "Jan-26", "Feb-02", "Feb-09"]  # days of one year
    with pytest.raises(TimeError, match="'Jan-05' in the time column"):
        panel_of(tmp_path, weeks)


@pytest.mark.parametrize("bad", ["2020-02-30", "soon", "2020/01/04", "2020-13-01", "2020-01-04 25:00", "0000-01-01"])
def test_date_that_does_not_fit_is_named_by_line(tmp_path: Path, bad: str) -> None:
    with pytest.raises(TimeError, match=rf"line 5: '{bad}'"):
        panel_of(tmp_path, ["2020-01-01", "2020-01-02", "2020-01-03", bad, "2020-01-05"])


def test_first_date_may_be_the_bad_one(tmp_path: Path) -> None:
    with pytest.raises(TimeError, match=r"line 2: 'soon'"):
        panel_of(tmp_path, ["soon", "2020-01-02", "2020-01-03"])


def test_empty_date_is_named_by_line(tmp_path: Path) -> None:
    with pytest.raises(TimeError, match=r"line 3: the time column 'date' is empty"):
        panel_of(tmp_path, ["2020-01-01", "", "2020-01-03"])


def test_midnight_may_be_written_without_a_clock(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, ["2020-01-01", "2020-01-01 12:00", "2020-01-02", "2020-01-02 12:00"])
    assert np.diff(panel.time).astype(int).tolist() == [12 * 3600 * 10**6] * 3


@pytest.mark.parametrize("name", ["year", "Year", "年", "date"])
def test_years_stay_whole_numbers(tmp_path: Path, name: str) -> None:
    panel = panel_of(tmp_path, [str(year) for year in range(1990, 2000)], name)
    assert panel.time.tolist() == list(range(1990, 2000))
    assert panel.frequency.unit == "row"
    assert panel.layout.time == name


@pytest.mark.parametrize(
    ("first", "step"),
    [("1600000000", 3600), ("1600000000000", 3_600_000), ("1600000000000000", 3_600_000_000), ("1600000000.0", 3600)],
)
@pytest.mark.parametrize("name", ["timestamp", "time", "unix"])
def test_unix_times_are_dates_and_go_out_as_they_came(tmp_path: Path, first: str, step: int, name: str) -> None:
    times = [f"{int(float(first)) + step * n}{'.0' if first.endswith('.0') else ''}" for n in range(9)]
    path = tmp_path / "data.csv"
    path.write_text(f"{name},y\n" + "".join(f"{time},{n}\n" for n, time in enumerate(times)))
    reading = read(path)
    panel = reading.panel
    assert (panel.time[0], panel.layout.time_zone) == (np.datetime64("2020-09-13T12:26:40"), "UTC")
    assert panel.frequency.describe().english == "every hour"
    written = format_times(panel.frequency.after(panel.last_time(), 1), panel.layout.time_format, "UTC")
    assert written == [str(int(float(first)) + 9 * step)]
    assert [note.kind for note in reading.notes if "Unix time" in note.text.english] == ["time-zone"]


@pytest.mark.parametrize(("name", "first"), [("y2", "1600000000"), ("time", "16000000")])
def test_other_large_numbers_are_no_unix_times(tmp_path: Path, name: str, first: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(f"{name},y\n" + "".join(f"{int(first) + 60 * n},{n}\n" for n in range(9)))
    assert read(path, ReadOptions(time=name)).panel.time[:2].tolist() == [int(first), int(first) + 60]


def test_epochs_stay_whole_numbers_exactly(tmp_path: Path) -> None:
    epochs = [1_600_000_000_000_000_001 + 60_000_000_000 * n for n in range(5)]
    assert panel_of(tmp_path, [str(e) for e in epochs], "timestamp").time.tolist() == epochs


def test_whole_numbers_that_are_no_dates_stay_numbers(tmp_path: Path) -> None:
    assert panel_of(tmp_path, ["10000001", "10000002", "10000003"], "t").time.tolist() == [10000001, 10000002, 10000003]


def test_one_offset_is_kept_and_given_back(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, [f"2020-01-0{d}T00:00:00+08:00" for d in range(1, 8)])
    assert panel.layout.time_zone == "+08:00"
    ahead = panel.frequency.after(panel.last_time(), 1)
    assert format_times(ahead, panel.layout.time_format, panel.layout.time_zone) == ["2020-01-08T00:00:00+08:00"]


def test_several_offsets_become_utc_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("date,y\n" + "".join(f"2020-0{m}-01T00:00:00+0{m % 2}:00,{m}\n" for m in range(1, 9)))
    reading = read(path)
    assert reading.panel.layout.time_zone == "UTC"
    assert reading.notes[0].kind == "time-zone"
    assert reading.panel.time[0] == np.datetime64("2019-12-31T23:00", "us")


def test_offset_that_some_dates_lack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TimeError, match="line 3"):
        panel_of(tmp_path, ["2020-01-01T00:00:00Z", "2020-01-02T00:00:00", "2020-01-03T00:00:00Z"])


@settings(deadline=None, max_examples=40)
@given(
    start=st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)),
    step=st.sampled_from(
        [timedelta(seconds=1), timedelta(minutes=5), timedelta(hours=7), timedelta(days=1), timedelta(days=91)]
    ),
    form=st.sampled_from(
        ["%Y-%m-%d %H:%M:%S", "%Y/%m/%dT%H:%M:%S", "%d %b %Y %H:%M:%S", "%Y年%m月%d日 %H:%M:%S", "%B %d, %Y %H:%M:%S"]
    ),
)
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, start: datetime, step: timedelta, form: str
) -> None:
    moments = np.array([start.replace(microsecond=0) + n * step for n in range(20)], "datetime64[us]")
    dates = format_times(moments, form)
    panel = panel_of(tmp_path_factory.mktemp("dates"), dates)
    assert (panel.time == moments).all()
    assert outgoing(panel) == dates
