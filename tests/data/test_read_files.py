"""Files as they come: separators, quotes, decimal marks, headers, encodings, compression, Parquet."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gatecast.data import Reading, ReadOptions, format_times, read

DAYS = [f"2020-01-{day:02}" for day in range(1, 13)]
VALUES = [100 + 0.25 * day for day in range(12)]


def written(folder: Path, text: str, encoding: str = "utf-8", name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def table(separator: str = ",", header: str = "date,y", cells: list[str] | None = None, end: str = "\n") -> str:
    rows = [f"{day}{separator}{cell}" for day, cell in zip(DAYS, cells or map(str, VALUES), strict=True)]
    return end.join([header.replace(",", separator), *rows, ""])


def kinds(reading: Reading) -> list[str]:
    return [note.kind for note in reading.notes]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(tmp_path: Path, separator: str, end: str) -> None:
    reading = read(written(tmp_path, table(separator, end=end)))
    assert reading.panel.y.tolist() == VALUES
    assert reading.panel.layout.time == "date"
    assert kinds(reading) == []


def test_path_may_be_text(tmp_path: Path) -> None:
    assert read(str(written(tmp_path, table()))).panel.y.tolist() == VALUES


def test_quoted_cells_with_separators_and_line_ends_inside(tmp_path: Path) -> None:
    text = 'date,"y","remark"\n' + "".join(
        f'"{d}","{v}","one, ""two""\nthree"\n' for d, v in zip(DAYS, VALUES, strict=True)
    )
    assert read(written(tmp_path, text)).panel.y.tolist() == VALUES


def test_single_quotes(tmp_path: Path) -> None:
    text = "'date','y'\n" + "".join(f"'{d}','{v}'\n" for d, v in zip(DAYS, VALUES, strict=True))
    assert read(written(tmp_path, text)).panel.y.tolist() == VALUES


def test_line_numbers_count_blank_lines_and_lines_inside_quotes(tmp_path: Path) -> None:
    text = '\n\ndate,y,remark\n2020-01-01,1,"a\nb"\n\n2020-01-02,2,c\n2020-01-03,oops,d\n2020-01-04,4,e\n'
    with pytest.raises(ValueError, match=r"line 8: column 'y' holds 'oops'"):
        read(written(tmp_path, text))
    with pytest.raises(ValueError, match=r"line 4: column 'y' holds 'oops'"):
        read(written(tmp_path, text.replace("oops", "3").replace("01,1,", "01,oops,")))


@pytest.mark.parametrize(
    ("separator", "spelling"),
    [
        (";", "{:,.2f}|swap"),  # 1.234,50
        (",", '"{:,.2f}"'),  # "1,234.50"
        ("\t", "{:,.2f}|swap"),
        (";", "{:,.2f}"),
        ("\t", "{:,.2f} €|space"),  # 1 234,50 €
        (",", "${:.2f}"),
        (",", "{:.2f}%"),
    ],
)
def test_marks_of_decimals_and_thousands(tmp_path: Path, separator: str, spelling: str) -> None:
    values = [1000.5 + 1111.25 * n for n in range(12)]
    form, _, way = spelling.partition("|")
    cells = [form.format(value) for value in values]
    if way:
        thousands = "\u202f" if way == "space" else "."
        cells = [cell.replace(",", "_").replace(".", ",").replace("_", thousands) for cell in cells]
    reading = read(written(tmp_path, table(separator, cells=cells)))
    assert reading.panel.y.tolist() == [round(value, 2) for value in values]


def test_commas_before_three_digits_part_thousands(tmp_path: Path) -> None:
    cells = [f'"{n},{n}00"' for n in range(1, 10)]
    assert read(written(tmp_path, table(cells=[*cells, "1", "2", "3"]))).panel.y.tolist()[:2] == [1100, 2200]


def test_decimal_comma_of_one_column_settles_the_others(tmp_path: Path) -> None:
    cells = [f"1.234;0,{n}" for n in range(12)]  # 1.234 alone could be a decimal
    reading = read(written(tmp_path, table(";", "date,y,other", cells)))
    assert reading.panel.y.tolist() == [1234.0] * 12


def test_numbers_are_read_exactly(tmp_path: Path) -> None:
    cells = [
        "0.1",
        "1e-7",
        "9007199254740991",
        "-3.14159265358979",
        "+5",
        ".5",
        "5.",
        "1E3",
        "1234567.875",
        "0",
        "-0.1",
        "2",
    ]
    assert read(written(tmp_path, table(cells=cells))).panel.y.tolist() == [float(cell) for cell in cells]


def test_without_header(tmp_path: Path) -> None:
    reading = read(written(tmp_path, table().split("\n", 1)[1]))
    assert reading.panel.y.tolist() == VALUES
    assert reading.panel.columns == ("column_2",)
    assert kinds(reading) == ["header"]


def test_one_number_a_line(tmp_path: Path) -> None:
    reading = read(written(tmp_path, "\n".join(map(str, VALUES))))
    assert reading.panel.y.tolist() == VALUES
    assert reading.panel.time.tolist() == list(range(12))
    assert reading.panel.layout.time is None


def test_trailing_separators_and_blank_lines_are_nothing(tmp_path: Path) -> None:
    text = table().replace("\n", ",,\n").replace("2020-01-05", "\n  \n,,\n2020-01-05")
    reading = read(written(tmp_path, text))
    assert reading.panel.y.tolist() == VALUES
    assert len(reading.columns) == 2


def test_names_are_stripped(tmp_path: Path) -> None:
    reading = read(written(tmp_path, table(header=" date , y ")))
    assert (reading.panel.layout.time, reading.panel.target) == ("date", "y")


CHINESE = "日期,股票代码,收盘\n" + "".join(f"{d},000001,{v}\n" for d, v in zip(DAYS, VALUES, strict=True))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "gbk"])
def test_trap_29_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    reading = read(written(tmp_path, CHINESE, encoding))
    assert reading.panel.target == "收盘"
    assert reading.panel.layout.time == "日期"
    assert reading.panel.ids == ("000001",)
    assert ("encoding" in kinds(reading)) == (not encoding.startswith("utf-8"))


def test_latin_letters_of_old_files(tmp_path: Path) -> None:
    reading = read(written(tmp_path, table(header="date,Température"), "latin-1"))
    assert reading.panel.target == "Température"
    assert kinds(reading) == ["encoding"]


def test_gzip_whatever_the_name(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(gzip.compress(table().encode()))
    assert read(path).panel.y.tolist() == VALUES


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [7] * 12, "date": pl.Series(DAYS).str.to_date(), "y": VALUES})
    frame.write_parquet(tmp_path / "data.parquet")
    panel = read(tmp_path / "data.parquet").panel
    assert panel.y.tolist() == VALUES
    assert panel.ids == ("7",)
    assert panel.layout.id_is_integer
    assert panel.layout.source == "data.parquet"


WORDS = ["-", "N/A", "NaN", "null", "停牌", "--", "None", "#N/A", ""]


@pytest.mark.parametrize("word", WORDS)
def test_words_for_nothing_are_empty_cells(tmp_path: Path, word: str) -> None:
    cells = [str(value) for value in VALUES]
    cells[5] = word
    reading = read(written(tmp_path, table(cells=cells)))
    assert reading.panel.y.tolist() == [*VALUES[:5], VALUES[4], *VALUES[6:]]
    assert kinds(reading) == (["text-cells", "empty"] if word else ["empty"])
    if word:
        assert f"{word!r} × 1" in reading.notes[0].text.english


def test_one_series_a_row(tmp_path: Path) -> None:
    text = '"V1","V2","V3","V4","V5"\n"W1","1","2","3","4"\n"W2","5.5","6",,\n"W3","7","","9",\n'
    reading = read(written(tmp_path, text), ReadOptions(layout="rows"))
    panel = reading.panel
    assert panel.ids == ("W1", "W2", "W3")
    assert panel.lengths.tolist() == [4, 2, 3]
    assert panel.series(1).tolist() == [5.5, 6]
    assert panel.series(2).tolist() == [7, 7, 9]
    assert panel.time.tolist() == [0, 1, 2, 3, 0, 1, 0, 1, 2]
    assert panel.layout.id == "V1"
    assert kinds(reading) == ["empty", "short"]  # ends of unequal length are no fault


@pytest.mark.parametrize("header", ["", "store,2018,2019,2020,2021\n", "id,1,2,3,4\n"])
def test_one_series_a_row_with_numbers_as_header_or_none(tmp_path: Path, header: str) -> None:
    text = header + "A,100,7,300,4\nB,5,600,7,800\n"
    panel = read(written(tmp_path, text), ReadOptions(layout="rows")).panel
    assert panel.ids == ("A", "B")
    assert panel.series(1).tolist() == [5, 600, 7, 800]


def test_decimal_commas_one_series_a_row(tmp_path: Path) -> None:
    text = "id;a;b;c\nA;1,5;2,5;3,5\nB;4,5;5,5;6,25\n"
    panel = read(written(tmp_path, text), ReadOptions(layout="rows")).panel
    assert panel.y.tolist() == [1.5, 2.5, 3.5, 4.5, 5.5, 6.25]


def test_summary_says_what_was_read(tmp_path: Path) -> None:
    summary = read(written(tmp_path, table())).summary
    assert summary.english == "data.csv: 12 rows, 1 series, 2 columns, every day, 2020-01-01 to 2020-01-12."
    assert summary.chinese == "data.csv：12 行，1 个序列，2 列，每天，2020-01-01 至 2020-01-12。"


def test_dates_go_out_as_they_came_in(tmp_path: Path) -> None:
    text = "Week,Gas\n" + "".join(f"0{m}/{d}/2021,{m * d}\n" for m in (3, 4) for d in (2, 9, 16, 23, 30))
    panel = read(written(tmp_path, text)).panel
    assert format_times(panel.time[:2], panel.layout.time_format) == ["03/2/2021", "03/9/2021"]


def test_panel_arrays_are_read_only_and_finite(tmp_path: Path) -> None:
    panel = read(written(tmp_path, table())).panel
    assert not panel.values.flags.writeable
    assert np.isfinite(panel.values).all()


def test_columns_are_described(tmp_path: Path) -> None:
    cells = [f"{value},x" for value in VALUES]
    cells[3] = "-,x"
    reading = read(written(tmp_path, table(header="date,y,remark", cells=cells)))
    assert [(c.name, c.role, c.kind, c.empty) for c in reading.columns] == [
        ("date", "time", "date", 0),
        ("y", "target", "number", 1),
        ("remark", "unused", "text", 0),
    ]
    assert (reading.columns[0].minimum, reading.columns[0].maximum) == ("2020-01-01", "2020-01-12")
    assert (reading.columns[1].minimum, reading.columns[1].maximum) == ("100", "102.75")
    assert reading.columns[2].examples == ("x", "x", "x")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("".join(f" 1749  {n + 1:02}  {n / 12:8.3f} {v:7.2f}  -1\n" for n, v in enumerate(VALUES)), "column_4"),
        ("#YY MM hour y\n" + "".join(f"2020 01   {n}  {v}\n" for n, v in enumerate(VALUES)), "y"),
        ("date y\n" + "".join(f"{day}   {v}\n" for day, v in zip(DAYS, VALUES, strict=True)), "y"),
        ("date time y\n" + "".join(f"{day} 9:30 {v}\n" for day, v in zip(DAYS, VALUES, strict=True)), "y"),
    ],
)
def test_blanks_between_numbers(tmp_path: Path, text: str, column: str) -> None:
    assert read(written(tmp_path, text), ReadOptions(target=column)).panel.y.tolist() == VALUES


@pytest.mark.parametrize(
    "cells",
    [["1 200", "1 300", "1 400"], ["2020-01-01 00:00", "2020-01-02 00:00", "2020-01-03 00:00"], ["a b", "c d", "e f"]],
)
def test_blanks_inside_cells_stay(tmp_path: Path, cells: list[str]) -> None:
    text = "y,x\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells))
    reading = read(written(tmp_path, text), ReadOptions(target="y"))
    assert [column.name for column in reading.columns] == ["y", "x"]
    one = "long name\n" + "".join(f"{cell}\n" for cell in ["a b", "c d", "e f"])
    with pytest.raises(ValueError, match="no column of numbers to forecast among 'long name'"):
        read(written(tmp_path, one))
