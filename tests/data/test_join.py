"""Tables joined by date: the newest value known by then, and nothing after it, whatever comes later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecast.data import Reading, ReadOptions, read
from gatecast.errors import ColumnError, GatecastError, OptionError, ReadError, TimeError
from gatecast.panel import Panel

DAYS = [f"2020-01-{day:02}" for day in range(1, 13)]


def write(folder: Path, name: str, header: str, rows: list[str]) -> str:
    path = folder / name
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return str(path)


def sales(folder: Path, header: str = "date,y") -> str:
    return write(folder, "sales.csv", header, [f"{day},{n * n % 7}" for n, day in enumerate(DAYS)])


def joined(folder: Path, rows: list[str], header: str = "date,cpi", **options: object) -> Reading:
    macro = write(folder, "macro.csv", header, rows)
    return read(sales(folder), ReadOptions(target="y", join=(macro,), **options))  # type: ignore[arg-type]


def cpi(reading: Reading) -> list[float]:
    return reading.panel.values[:, 1].tolist()


def notes(reading: Reading) -> dict[str, str]:
    return {note.kind: note.text.english for note in reading.notes}


def test_each_row_has_the_newest_value_dated_no_later(tmp_path: Path) -> None:
    reading = joined(tmp_path, ["2019-12-15,1", "2020-01-04,2", "2020-01-09,3", "2020-01-30,4"])
    assert reading.panel.columns == ("y", "cpi")
    assert cpi(reading) == [1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3]
    assert notes(reading)["join"] == (
        "macro.csv joined by date: 'cpi'. Each row has the newest value dated no later than itself; "
        "the newest that is used is of 2020-01-09."
    )
    assert [(c.name, c.role) for c in reading.columns] == [("date", "time"), ("y", "target"), ("cpi", "past")]


def test_what_is_published_late_is_known_late(tmp_path: Path) -> None:
    rows = ["2019-12-15,1", "2020-01-04,2", "2020-01-09,3"]
    assert cpi(joined(tmp_path, rows, join_lag="3d")) == [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3]
    assert cpi(joined(tmp_path, rows, join_lag="72h")) == cpi(joined(tmp_path, rows, join_lag="3d"))


def test_order_of_the_joined_table_does_not_matter(tmp_path: Path) -> None:
    assert cpi(joined(tmp_path, ["2020-01-09,3", "2019-12-15,1", "2020-01-04,2"]))[:9] == [1, 1, 1, 2, 2, 2, 2, 2, 3]


def test_an_empty_cell_leaves_the_value_before_it(tmp_path: Path) -> None:
    reading = joined(tmp_path, ["2020-01-01,1,7", "2020-01-04,,8", "2020-01-09,3,"], "date,cpi,rate")
    assert cpi(reading) == [1] * 8 + [3] * 4
    assert reading.panel.values[:, 2].tolist() == [7, 7, 7] + [8] * 9


def test_what_was_repaired_in_a_joined_table_is_told_of_it(tmp_path: Path) -> None:
    reading = joined(tmp_path, ["2020-01-01,1", "2020-01-04,n/a", "2020-01-09,3"])
    assert cpi(reading) == [1] * 8 + [3] * 4
    assert notes(reading)["text-cells"] == "macro.csv: column 'cpi': 'n/a' × 1 taken as empty."


def test_days_and_clock_of_a_joined_table_are_one_time(tmp_path: Path) -> None:
    hours = [f"2020-01-01 {hour:02}:00,{hour % 5}" for hour in range(8, 24)]
    table = write(tmp_path, "hours.csv", "ds,y", hours)
    macro = write(tmp_path, "macro.csv", "date,time,cpi", ["2020-01-01,08:00,1", "2020-01-01,11:30,2"])
    assert cpi(read(table, ReadOptions(target="y", join=(macro,)))) == [1] * 4 + [2] * 12


def test_rows_before_the_first_value_take_it_and_are_counted(tmp_path: Path) -> None:
    reading = joined(tmp_path, ["2020-01-05,1", "2020-01-09,3"])
    assert cpi(reading) == [1] * 8 + [3] * 4
    assert notes(reading)["empty"] == "column 'cpi': 4 empty cells at the beginning filled with the first value."


def test_every_series_takes_the_same_values(tmp_path: Path) -> None:
    rows = [f"{name},{day},{n}" for name in "ab" for n, day in enumerate(DAYS)]
    macro = write(tmp_path, "macro.csv", "date,cpi", ["2020-01-01,1", "2020-01-04,2"])
    panel = read(write(tmp_path, "two.csv", "id,date,y", rows), ReadOptions(target="y", join=(macro,))).panel
    assert panel.ids == ("a", "b")
    assert panel.values[:, 1].tolist() == [1, 1, 1, *[2] * 9] * 2


def test_covariates_known_ahead_stay_beside_it(tmp_path: Path) -> None:
    rows = [f"{day},{n if n < 10 else ''},{n % 2}" for n, day in enumerate(DAYS)]
    table = write(tmp_path, "promo.csv", "date,y,promo", rows)
    macro = write(tmp_path, "macro.csv", "date,cpi", ["2020-01-01,1", "2020-01-04,2"])
    panel = read(table, ReadOptions(target="y", future=("promo",), join=(macro,))).panel
    assert panel.columns == ("y", "cpi", "promo")
    assert panel.ahead.tolist() == [[[0], [1]]]
    assert panel.values[:, 1].tolist() == [1, 1, 1, *[2] * 7]


def test_two_tables_and_names_that_are_taken(tmp_path: Path) -> None:
    first = write(tmp_path, "world.csv", "date,y,cpi", ["2020-01-01,8,1"])
    second = write(tmp_path, "europe.csv", "date,cpi", ["2020-01-01,2"])
    panel = read(sales(tmp_path), ReadOptions(target="y", join=(first, second))).panel
    assert panel.past == ("world.y", "cpi", "europe.cpi")
    assert panel.values[0, 1:].tolist() == [8, 1, 2]


def test_steps_are_joined_to_steps(tmp_path: Path) -> None:
    table = write(tmp_path, "steps.csv", "step,y", [f"{n},{n % 3}" for n in range(10, 20)])
    macro = write(tmp_path, "macro.csv", "step,cpi", ["5,1", "14,2"])
    options = ReadOptions(target="y", time="step", join=(macro,))
    assert read(table, options).panel.values[:, 1].tolist() == [1] * 4 + [2] * 6
    lagged = ReadOptions(target="y", time="step", join=(macro,), join_lag="3")
    assert read(table, lagged).panel.values[:, 1].tolist() == [1] * 7 + [2] * 3


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["2020-01-01 00:00", "2020-01-01 10:00"], 10),  # by the clock of the sales, +08:00
        (["2020-01-01T00:00Z", "2020-01-01T02:00Z"], 10),
    ],
    ids=["wall clock", "UTC"],
)
def test_zones_are_respected(tmp_path: Path, dates: list[str], expected: int) -> None:
    hours = [f"2020-01-01T{hour:02}:00+08:00,{hour % 5}" for hour in range(8, 24)]
    macro = write(tmp_path, "macro.csv", "date,cpi", [f"{dates[0]},1", f"{dates[1]},2"])
    panel = read(write(tmp_path, "hours.csv", "date,y", hours), ReadOptions(target="y", join=(macro,))).panel
    assert panel.values[:, 1].tolist() == [1] * (expected - 8) + [2] * (24 - expected)


@settings(deadline=None, max_examples=50)
@given(
    days=st.lists(st.integers(-20, 40), min_size=1, max_size=12, unique=True),
    lag=st.integers(0, 10),
    row=st.integers(0, 11),
)
def test_nothing_after_a_rows_date_is_ever_read(
    tmp_path_factory: pytest.TempPathFactory, days: list[int], lag: int, row: int
) -> None:
    """Later rows of the joined table are spoilt; the rows that already knew a value keep it."""
    folder = tmp_path_factory.mktemp("late")
    start = np.datetime64("2020-01-01")
    known = [day for day in days if day + lag <= row]

    def values(spoilt: bool) -> list[float]:
        rows = [
            f"{start + np.timedelta64(day, 'D')},{99999 if spoilt and day + lag > row else day + 1000}" for day in days
        ]
        return cpi(joined(folder, rows, join_lag=f"{lag}d"))

    try:
        honest = values(spoilt=False)
    except TimeError:
        assert min(days) + lag > 11
        return
    if known:
        assert honest[row] == max(known) + 1000
        first = max(0, min(known) + lag)
        assert values(spoilt=True)[first : row + 1] == honest[first : row + 1]


@pytest.mark.parametrize(
    ("header", "rows", "options", "kind", "words"),
    [
        (
            "date,cpi",
            ["2020-01-01,1", "2020-01-02,2", "2020-01-01,3"],
            {},
            TimeError,
            r"2020-01-01 .*line 2 and line 4",
        ),
        ("date,cpi", ["2020-02-01,1"], {}, TimeError, r"known from 2020-02-01 on, .*sales.csv is of 2020-01-12"),
        ("date,cpi", ["2020-01-01,1"], {"join_lag": "60d"}, TimeError, r"known from 2020-03-01 on"),
        ("step,cpi", ["1,1", "2,2"], {}, TimeError, r"one has dates and the other has counted rows"),
        ("a,b", ["x,1", "y,2"], {}, ColumnError, r"macro.csv: no column of dates among 'a', 'b'"),
        ("date,b", ["2020-01-01,x", "2020-01-02,y"], {}, ColumnError, r"no column of numbers among 'date', 'b'"),
        (
            "date,cpi",
            ["2020-01-01,1", "2020-01-02,x", "2020-01-03,3"],
            {},
            ColumnError,
            r"line 3: column 'cpi' holds 'x'",
        ),
        (
            "date,cpi",
            ["2020-01-01,1"],
            {"join_lag": "soon"},
            OptionError,
            r"--join-lag must be 30d, 12h, .* got 'soon'",
        ),
        ("date,cpi", ["2020-01-01,1"], {"join_lag": "30"}, OptionError, r"--join-lag must be 30d"),
        ("date,cpi", [], {}, GatecastError, r"macro.csv"),
    ],
)
def test_what_cannot_be_joined_is_refused(
    tmp_path: Path, header: str, rows: list[str], options: dict[str, str], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        joined(tmp_path, rows, header, **options)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"there is no file .*macro\.csv"):
        read(sales(tmp_path), ReadOptions(target="y", join=(str(tmp_path / "macro.csv"),)))


def test_counted_rows_have_no_dates_to_join_by(tmp_path: Path) -> None:
    macro = write(tmp_path, "macro.csv", "date,cpi", ["2020-01-01,1"])
    with pytest.raises(TimeError, match=r"macro.csv cannot be joined to the data"):
        read(np.arange(20.0), ReadOptions(join=(macro,)))


def test_a_panel_has_its_columns_already(tmp_path: Path) -> None:
    panel: Panel = read(sales(tmp_path)).panel
    with pytest.raises(OptionError, match="a Panel has its columns already"):
        read(panel, ReadOptions(join=("macro.csv",)))
