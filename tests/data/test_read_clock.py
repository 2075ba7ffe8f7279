"""Days in one column and the clock in another: taken together, told, and written under the days' name."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gatecast.data import Reading, ReadOptions, format_times, read

CLOCKS = ["09:30", "10:30", "13:00", "14:00"]
DAYS = ["2024-01-02", "2024-01-03", "2024-01-04"]
STAMPS = [np.datetime64(f"{day}T{clock}") for day in DAYS for clock in CLOCKS]


def reading_of(folder: Path, header: str, rows: list[str], **options: object) -> Reading:
    path = folder / "bars.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return read(path, ReadOptions(**options))  # type: ignore[arg-type]


def bars(days: list[str] = DAYS, clocks: list[str] = CLOCKS) -> list[str]:
    return [f"{day},{clock},{n}" for n, (day, clock) in enumerate((d, c) for d in days for c in clocks)]


@pytest.mark.parametrize("time", [None, "date", "time"])
def test_days_and_clock_are_one_time(tmp_path: Path, time: str | None) -> None:
    reading = reading_of(tmp_path, "date,time,close", bars(), time=time)
    panel = reading.panel
    assert panel.time.tolist() == [stamp.astype("datetime64[us]").item() for stamp in STAMPS]
    assert (panel.target, panel.layout.time, reading.options.time) == ("close", "date", "date")
    (note,) = [note for note in reading.notes if note.kind == "clock"]
    assert note.text.english == "the columns 'date' and 'time' are taken together as the time, and written as 'date'."
    assert format_times(panel.time[:1], panel.layout.time_format) == ["2024-01-02 09:30"]


@pytest.mark.parametrize(
    ("days", "clocks"),
    [
        (["20240102", "20240103", "20240104"], ["9:30:00", "10:30:00", "13:00:00", "14:00:00"]),
        (["02.01.2024", "03.01.2024", "14.01.2024"], CLOCKS),
        (["20240102", "20240103", "20240104"], ["093000", "103000", "130000", "140000"]),
        (["02/01/2024", "03/01/2024", "14/01/2024"], ["9.30.00", "10.30.00", "13.00.00", "14.00.00"]),
        (["2024/1/2", "2024/1/3", "2024/1/4"], ["9:30 AM", "10:30 AM", "1:00 PM", "2:00 PM"]),
    ],
)
def test_other_forms(tmp_path: Path, days: list[str], clocks: list[str]) -> None:
    panel = reading_of(tmp_path, "日期,时间,收盘", bars(days, clocks)).panel
    assert panel.time[:8].tolist() == [stamp.astype("datetime64[us]").item() for stamp in STAMPS[:8]]


def test_names_in_angle_brackets(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, "<DATE>,<TIME>,<CLOSE>", bars(clocks=["093000", "103000", "130000", "140000"]))
    assert (reading.panel.layout.time, reading.panel.target) == ("<DATE>", "<CLOSE>")
    daily = [f"20240{m}{d:02},000000,{d}" for m in (1, 2) for d in range(1, 29)]
    panel = reading_of(tmp_path, "<DATE>,<TIME>,<CLOSE>", daily, target="<CLOSE>").panel
    assert (panel.layout.time, panel.time[0]) == ("<DATE>", np.datetime64("2024-01-01"))


def test_series_keep_their_own_times(tmp_path: Path) -> None:
    rows = [f"{name},{row}" for name in "ab" for row in bars()]
    panel = reading_of(tmp_path, "ticker,date,time,close", rows).panel
    assert (panel.ids, panel.lengths.tolist()) == (("a", "b"), [12, 12])


def test_typed_columns_of_a_frame() -> None:
    days = pl.Series([np.datetime64(day, "us").item() for day in DAYS for _ in CLOCKS])
    clocks = pl.Series([time.fromisoformat(clock) for _ in DAYS for clock in CLOCKS])
    frame = pl.DataFrame({"date": days, "time": clocks, "close": np.arange(12.0)})
    assert read(frame).panel.time.tolist() == [stamp.astype("datetime64[us]").item() for stamp in STAMPS]


def test_what_was_read_can_be_read_again_with_its_options(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, "date,time,close", bars())
    again = read(tmp_path / "bars.csv", reading.options)
    assert (again.panel.time == reading.panel.time).all()


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("date,time,close", [f"{day},15:00,{n}" for n, day in enumerate(DAYS)]),  # always the same clock
        ("date,time,close", [f"{day},{n},{n}" for n, day in enumerate(DAYS)]),  # no clock at all
        ("date,note,close", [f"{day},0{n}:30,{n}" for n, day in enumerate(DAYS)]),  # called otherwise
        ("date,time,close", [f"{day} 09:00,0{n}:30,{n}" for n, day in enumerate(DAYS)]),  # the days have a clock
    ],
)
def test_other_columns_are_left_alone(tmp_path: Path, header: str, rows: list[str]) -> None:
    reading = reading_of(tmp_path, header, rows, target="close")
    assert "clock" not in {note.kind for note in reading.notes}
    assert len(np.unique(reading.panel.time.astype("datetime64[D]"))) == 3
