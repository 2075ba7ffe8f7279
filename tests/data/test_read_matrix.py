"""A year a row with its months side by side, a day a row with its hours: one observation a row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatecast.data import Reading, ReadOptions, read
from gatecast.errors import ColumnError

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def reading_of(folder: Path, header: list[str], rows: list[list[object]], **options: object) -> Reading:
    path = folder / "data.csv"
    path.write_text("\n".join(",".join(map(str, row)) for row in [header, *rows]), encoding="utf-8")
    return read(path, ReadOptions(**options))  # type: ignore[arg-type]


YEARS: list[list[object]] = [[1990 + n, *range(12 * n, 12 * n + 12)] for n in range(3)]


@pytest.mark.parametrize(
    "header",
    [
        ["Year", *MONTHS],
        ["YEAR", *map(str.upper, MONTHS)],
        ["年份", *(f"{month}月" for month in range(1, 13))],
        ["year", *map(str, range(1, 13))],
    ],
)
def test_a_year_a_row(tmp_path: Path, header: list[str]) -> None:
    reading = reading_of(tmp_path, header, YEARS)
    panel = reading.panel
    assert panel.y.tolist() == list(range(36))
    assert (panel.time == np.datetime64("1990-01") + np.arange(36)).all()
    assert (panel.frequency.describe().english, panel.target, panel.layout.time) == ("monthly", "y", "date")
    (note,) = reading.notes
    assert note.text.english == (
        f"each row is a year: the columns {header[1]!r} to {header[12]!r} are read one after another as 'y', their "
        f"times as 'date'."
    )
    assert (read(tmp_path / "data.csv", reading.options).panel.y == panel.y).all()


def test_what_stands_beside_the_months(tmp_path: Path) -> None:
    header = ["station", "year", *MONTHS, "mean"]
    rows: list[list[object]] = [[name, *row, 5.5] for name in ("a", "b") for row in YEARS]
    rows[2][-2:] = ["***", "***"]
    reading = reading_of(tmp_path, header, rows)
    assert (reading.panel.ids, reading.panel.lengths.tolist()) == (("a", "b"), [35, 36])
    assert [column.name for column in reading.columns] == ["station", "date", "y"]


def test_a_bad_cell_is_named_with_its_line(tmp_path: Path) -> None:
    rows = [list(row) for row in YEARS]
    rows[1][4] = "oops"
    with pytest.raises(ColumnError, match="line 3: column 'y' holds 'oops'"):
        reading_of(tmp_path, ["year", *MONTHS], rows)


@pytest.mark.parametrize(
    "names",
    [
        [f"{hour:02}:00" for hour in range(24)],
        [str(hour) for hour in range(24)],
        [f"H{hour}" for hour in range(1, 25)],
        [f"HE{hour:02}" for hour in range(1, 25)],
        [f"Hour {hour}" for hour in range(1, 25)],
    ],
)
def test_a_day_a_row(tmp_path: Path, names: list[str]) -> None:
    rows: list[list[object]] = [[f"2021-03-{14 + n}", *range(24 * n, 24 * n + 24)] for n in range(4)]
    panel = reading_of(tmp_path, ["Date", *names], rows).panel
    assert panel.y.tolist() == list(range(96))
    assert panel.time[-1] == np.datetime64("2021-03-17T23:00")
    assert panel.layout.time == "datetime"


def test_frames_too() -> None:
    frame = pd.DataFrame([row[1:] for row in YEARS], columns=MONTHS, dtype=float)
    frame.insert(0, "year", [1990, 1991, 1992])
    assert read(frame).panel.y.tolist() == list(range(36))


@pytest.mark.parametrize(
    ("header", "rows", "options"),
    [
        (["when", *MONTHS], [[f"2020-01-0{n}", *range(12)] for n in range(1, 6)], {"target": "Feb"}),  # no years
        (["year", *MONTHS[:11], "Total"], YEARS, {"target": "Feb"}),  # eleven months
        (["year", *MONTHS], YEARS, {"target": "Feb"}),  # one month is asked for
    ],
)
def test_other_tables_stay(
    tmp_path: Path, header: list[str], rows: list[list[object]], options: dict[str, object]
) -> None:
    panel = reading_of(tmp_path, header, rows, **options).panel
    assert (panel.target, len(panel.y)) == ("Feb", len(rows))


def test_typed_days_and_years(tmp_path: Path) -> None:
    hours = {str(hour): [float(hour), 24.0 + hour] for hour in range(24)}
    days = pd.DataFrame({"date": pd.to_datetime(["2021-03-14", "2021-03-15"]), **hours})
    panel = read(days).panel
    assert (panel.y.tolist(), panel.time[-1]) == (list(range(48)), np.datetime64("2021-03-15T23:00"))
    years = pd.DataFrame({"year": [1990.0, 1991.0], **{month: [1.0, 2.0] for month in MONTHS}})
    assert read(years).panel.time[-1] == np.datetime64("1991-12")
