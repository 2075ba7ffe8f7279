"""What stands above the values: titles, several lines of names, units, dates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gatecast.data import Reading, ReadOptions, format_times, read
from gatecast.errors import ColumnError, DataError, ReadError, TimeError

DAYS = [f"2020-01-{day:02}" for day in range(1, 13)]
BODY = "".join(f"{day},{n}.5,{n}\n" for n, day in enumerate(DAYS))


def reading_of(folder: Path, text: str, **options: object) -> Reading:
    path = folder / "data.csv"
    path.write_text(text, encoding="utf-8")
    return read(path, ReadOptions(**options))  # type: ignore[arg-type]


def said(reading: Reading) -> list[str]:
    return [note.text.english for note in reading.notes if note.kind == "header"]


YAHOO = "Price,Close,Volume\nTicker,AAPL,AAPL\nDate,,\n"
TWO_TICKERS = "Price,Close,Close\nTicker,AAPL,MSFT\nDate,,\n"
BY_TICKER = "Ticker,AAPL,AAPL\nPrice,Close,Volume\nDate,,\n"


@pytest.mark.parametrize(
    ("top", "names"),
    [
        (YAHOO, ("Date", "Close", "Volume")),
        (TWO_TICKERS, ("Date", "AAPL", "MSFT")),  # what all columns are says nothing
        (BY_TICKER, ("Date", "Close", "Volume")),
        ("date,temperature,pressure\n,°C,hPa\n", ("date", "temperature °C", "pressure hPa")),
        ("日期,气温,气压\n,摄氏度,百帕\n", ("日期", "气温 摄氏度", "气压 百帕")),
    ],
)
def test_several_lines_of_names(tmp_path: Path, top: str, names: tuple[str, ...]) -> None:
    reading = reading_of(tmp_path, top + BODY, target=names[1])
    assert tuple(column.name for column in reading.columns) == names
    assert reading.panel.y.tolist() == [n + 0.5 for n in range(12)]
    assert (reading.panel.layout.time, reading.panel.target) == (names[0], names[1])
    (note,) = said(reading)
    assert note.startswith(f"{top.count(chr(10))} lines of names above the values; the columns are called {names[0]!r}")


def test_names_of_merged_cells_stand_over_several_columns(tmp_path: Path) -> None:
    text = "day,sales,,costs,\n,north,south,north,south\n" + "".join(f"{day},1,2,3,4\n" for day in DAYS)
    names = ["day", "sales north", "sales south", "costs north", "costs south"]
    assert [column.name for column in reading_of(tmp_path, text, target="costs south").columns] == names


@pytest.mark.parametrize("first", ["2020-01-01,,", "2020-01-01,-,NA", ",,", "-,n/a,-"])
def test_an_empty_first_row_is_no_line_of_names(tmp_path: Path, first: str) -> None:
    text = f"date,y,x\n{first}\n" + BODY.partition("\n")[2]
    if not first.startswith("2020") and first != ",,":
        with pytest.raises(TimeError, match="line 2"):
            reading_of(tmp_path, text, target="y")
        return
    reading = reading_of(tmp_path, text, target="y")
    assert (said(reading), reading.panel.y.tolist()) == ([], [n + 0.5 for n in range(1, 12)])


def test_words_among_the_values_are_named_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match="line 4: column 'y' holds 'closed'"):
        reading_of(tmp_path, "date,y,x\n2020-01-01,1,2\n2020-01-02,3,4\n2020-01-03,closed,6\n", target="y")
    with pytest.raises(ColumnError, match="line 6: column 'Close' holds 'closed'"):
        reading_of(tmp_path, YAHOO + "2020-01-01,1,2\n2020-01-02,3,4\n2020-01-03,closed,6\n", target="Close", id=None)


def test_a_table_of_words_alone_keeps_its_rows(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match="no column of numbers"):
        reading_of(tmp_path, "name,kind\na,b\nc,d\ne,f\n")


TITLES = {
    "https://www.example.com/prices": 1,
    "Category: All categories\n": 1,  # a blank line behind it
    "Report of sales,,\nPrinted 2024-01-05,,": 2,
    "# station 7, 52.5, 13.4, 12 m\n# units: °C": 2,
    '"Data Source"\n\n"Last Updated"\n': 2,
}


@pytest.mark.parametrize("title", TITLES)
def test_lines_above_the_table_are_left_out(tmp_path: Path, title: str) -> None:
    reading = reading_of(tmp_path, f"{title}\ndate,y,x\n{BODY}", target="y")
    assert reading.panel.y.tolist() == [n + 0.5 for n in range(12)]
    count = TITLES[title]
    assert said(reading) == [f"{count} line{'s' if count > 1 else ''} above the table left out."]


@pytest.mark.parametrize("end", ["Source: a bank\n", "\nSource: a bank\nprinted today,,\n", "数据来源：某所\n,,\n"])
def test_lines_below_the_table_are_left_out(tmp_path: Path, end: str) -> None:
    reading = reading_of(tmp_path, f"date,y,x\n{BODY}{end}", target="y")
    assert reading.panel.y.tolist() == [n + 0.5 for n in range(12)]
    count = 2 if "printed" in end else 1
    assert said(reading) == [f"{count} line{'s' if count > 1 else ''} below the table left out."]


def test_a_sum_below_the_table_is_no_remark(tmp_path: Path) -> None:
    with pytest.raises(TimeError, match="line 14: 'Total' in the time column"):
        reading_of(tmp_path, f"date,y,x\n{BODY}Total,66,66\n", target="y")


def test_days_to_come_and_empty_series_are_no_remarks(tmp_path: Path) -> None:
    ahead = reading_of(tmp_path, f"date,y,x\n{BODY}2020-01-13,,\n", target="y")
    assert [note.kind for note in ahead.notes] == ["trailing"]
    wide = reading_of(tmp_path, "id,d_1,d_2\na,1,2\nb,,\n", layout="rows")
    assert [note.kind for note in wide.notes] == ["left-out", "short"]


def test_lines_are_counted_from_the_top_of_the_file(tmp_path: Path) -> None:
    text = "https://www.example.com\n\ndate;y;x\n2020-01-01;1,5;2\n2020-01-02;oops;4\n2020-01-03;3,5;6\n"
    with pytest.raises(ColumnError, match="line 5: column 'y' holds 'oops'"):
        reading_of(tmp_path, text, target="y")


def test_comments_above_values_without_names(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, f"# day, mean, count, of 12\n{BODY}", target="column_2")
    assert reading.panel.y.tolist() == [n + 0.5 for n in range(12)]
    assert said(reading)[0] == "1 line above the table left out."


def test_names_behind_a_hash_are_names(tmp_path: Path) -> None:
    assert reading_of(tmp_path, f"#date,y,x\n{BODY}", target="y").panel.layout.time == "#date"


def test_a_short_header_is_no_title(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, '"x"\n"1",5\n"2",6\n"3",7\n', target="x")  # names of rows, and none for them
    assert said(reading) == []


def test_a_quoted_name_over_two_lines_is_no_title(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, '"date","sales\n(units)",x\n' + BODY, target="sales(units)")
    assert reading.panel.y[0] == 0.5


def test_a_row_with_too_many_cells_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="line 4: 5 cells, but the table has 3 columns"):
        reading_of(tmp_path, "a title\ndate,y,x\n2020-01-01,1,2\n2020-01-02,1,2,3,4\n2020-01-03,1,2\n")


WIDE_DAYS = ",".join(f"1/{day}/20" for day in range(22, 29))


def test_dates_as_header_make_each_row_a_series(tmp_path: Path) -> None:
    rows = "North,Utopia,1.5,7,1,2,3,4,5,6,7\n,Utopia,2.5,8,,,9,8,7,6,5\n"
    reading = reading_of(tmp_path, f"Province/State,Country/Region,Lat,Long,{WIDE_DAYS}\n{rows}")
    panel = reading.panel
    assert (panel.ids, panel.lengths.tolist()) == (("North · Utopia", "Utopia"), [7, 5])
    assert panel.time[:1] == np.datetime64("2020-01-22")
    assert format_times(panel.time[-1:], panel.layout.time_format) == ["1/28/20"]
    assert panel.frequency.describe().english == "every day"
    assert (panel.layout.id, panel.layout.time) == ("Province/State,Country/Region", "date")
    assert said(reading) == ["the header names dates, up to '1/28/20': each row is read as one series."]
    assert (reading.options.layout, reading.options.id) == ("rows", panel.layout.id)
    assert (read(tmp_path / "data.csv", reading.options).panel.time == panel.time).all()


def test_dates_below_dates_are_no_header(tmp_path: Path) -> None:
    rows = "".join(f"{name},{n},2020-01-0{n},2020-02-0{n}\n" for n, name in enumerate("abcde", 1))
    reading = reading_of(tmp_path, rows, target="column_2", time="column_3")
    assert (reading.panel.y.tolist(), said(reading)[0][:9]) == ([1, 2, 3, 4, 5], "no header")


def test_newest_dates_first(tmp_path: Path) -> None:
    text = "page,2020-01-03,2020-01-02,2020-01-01\na,3,2,1\nb,6,5,4\n"
    assert reading_of(tmp_path, text).panel.y.tolist() == [1, 2, 3, 4, 5, 6]


def test_day_and_month_of_a_header_cannot_be_guessed(tmp_path: Path) -> None:
    text = "page,1/2/20,1/3/20,1/4/20\na,3,2,1\n"
    with pytest.raises(TimeError, match="'1/2/20' in the header could be day-month or month-day"):
        reading_of(tmp_path, text)
    assert reading_of(tmp_path, text, day_first=False).panel.time[1] == np.datetime64("2020-01-03")


def test_years_as_header_are_times_where_rows_are_series(tmp_path: Path) -> None:
    years = ",".join(f'"{year}"' for year in range(1990, 2000))
    rows = "".join(
        f'"{name}","{code}",{",".join(map(str, range(10)))},\n' for name, code in (("Aruba", 1), ("Chad", 2))
    )
    text = f'"Data Source","Development",\n\n"Last Updated","2024-01-01",\n\n"Country","Code",{years},\n{rows}'
    panel = reading_of(tmp_path, text, layout="rows").panel
    assert panel.ids == ("Aruba", "Chad")
    assert (panel.time[0], panel.time[-1], panel.layout.time) == (1990, 1999, "year")
    with pytest.raises(ColumnError, match="could each be the target"):  # months by years would look the same
        reading_of(tmp_path, text)


def test_columns_of_words_before_the_values_name_the_series(tmp_path: Path) -> None:
    text = "item,dept,store,d_1,d_2,d_3\na,food,X,1,2,3\nb,food,X,4,5,6\na,food,Y,7,8,9\n"
    reading = reading_of(tmp_path, text, layout="rows")
    assert (reading.panel.ids, reading.panel.layout.id) == (("a · X", "b · X", "a · Y"), "item,store")
    assert reading.columns[1].name == "d_1 … d_3"
    one = reading_of(tmp_path, "store,item,d_1,d_2\nX,a,1,2\nX,b,3,4\nY,c,5,6\n", layout="rows").panel
    assert (one.ids, one.layout.id) == (("a", "b", "c"), "item")  # one column that names all does so alone
    assert reading_of(tmp_path, text, layout="rows", id="store,item").panel.ids == ("X · a", "X · b", "Y · a")
    with pytest.raises(DataError, match="line 3: the id 'X' stands twice"):
        reading_of(tmp_path, text, layout="rows", id="store")


def test_a_bad_cell_behind_the_first_value_is_named(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match="line 3: column 'd_1' holds 'x'"):
        reading_of(tmp_path, "item,d_1,d_2\na,1,2\nb,x,3\n", layout="rows")
