"""Which column is the time, the id and the target, and what is said where that is not clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatecast.data import ReadOptions, read
from gatecast.errors import ColumnError, OptionError, TimeError
from gatecast.panel import Panel

DAYS = [f"2020-01-{day:02}" for day in range(1, 9)]


def panel_of(folder: Path, header: str, rows: list[str], **options: object) -> Panel:
    path = folder / "data.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return read(path, ReadOptions(**options)).panel  # type: ignore[arg-type]


def daily(cells: str) -> list[str]:
    return [f"{day},{cells.format(n=n)}" for n, day in enumerate(DAYS)]


@pytest.mark.parametrize("header", ["unique_id,ds,y", "item_id,timestamp,target"])
def test_known_tables_are_recognised(tmp_path: Path, header: str) -> None:
    rows = [f"{name},{day},{n}" for name in ("000001", "600000") for n, day in enumerate(DAYS)]
    panel = panel_of(tmp_path, header, rows)
    assert (panel.layout.id, panel.layout.time, panel.target) == tuple(header.split(","))
    assert panel.ids == ("000001", "600000")
    assert panel.lengths.tolist() == [8, 8]


def test_known_names_win_over_other_numbers(tmp_path: Path) -> None:
    assert panel_of(tmp_path, "ds,price,y", daily("{n}5,{n}")).target == "y"


def test_the_only_column_of_numbers_is_the_target(tmp_path: Path) -> None:
    assert panel_of(tmp_path, "date,remark,sales", daily("x,{n}")).target == "sales"


@pytest.mark.parametrize(
    ("header", "offered"),
    [
        ("date,open,high,low,close,volume", "close"),
        ("日期,开盘,最高,最低,收盘,成交量", "收盘"),
        ("date,a,b,c,d,OT", "OT"),
    ],
)
def test_several_columns_of_numbers_need_a_choice(tmp_path: Path, header: str, offered: str) -> None:
    with pytest.raises(ColumnError, match=f"--target '{offered}'") as caught:
        panel_of(tmp_path, header, daily("1,2,3,{n},5"))
    assert all(name in str(caught.value.text.english) for name in header.split(",")[1:])
    assert panel_of(tmp_path, header, daily("1,2,3,{n},5"), target=offered).target == offered


@pytest.mark.parametrize("name", ["count", "len", "index", "literal", "value", "values", "name", "", "row", "NA"])
@pytest.mark.parametrize("place", ["date,{},sales", "date,remark,{}", "date,sales,{}", "{},remark,sales"])
def test_a_column_may_have_any_name(tmp_path: Path, name: str, place: str) -> None:
    """Also one that a library uses for a column of its own, where cells hold words that stand for empty ones."""
    target = place.format(name or "column_3").split(",")[-1]
    rows = [f"{day},{'NA' if n == 3 else 'x'},{'NA' if n == 3 else n}" for n, day in enumerate(DAYS)]
    if "sales,{" in place:
        rows, target = [f"{day},{n},{'NA' if n % 2 else n}" for n, day in enumerate(DAYS)], "sales"
    panel = panel_of(tmp_path, place.format(name), rows, target=target)
    assert panel.target == target
    assert panel.y[[0, 1, 7]].tolist() == [0, 1, 7]


@pytest.mark.parametrize("options", [{}, {"target": "sales"}])
def test_a_column_of_years_is_the_time_whether_the_target_is_named_or_not(tmp_path: Path, options: dict) -> None:
    panel = panel_of(tmp_path, "year,sales", [f"{1990 + n},{n}" for n in range(8)], **options)
    assert (panel.layout.time, panel.target) == ("year", "sales")


def test_a_single_column_is_the_target_whatever_its_name(tmp_path: Path) -> None:
    assert panel_of(tmp_path, "year", [f"{n}" for n in range(8)]).target == "year"


def test_target_that_is_not_there_gets_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match="did you mean 'close'"):
        panel_of(tmp_path, "date,close", daily("{n}"), target="Clsoe")


def test_first_cell_that_is_no_number_is_named_by_line(tmp_path: Path) -> None:
    rows = daily("{n}")
    rows[4] = "2020-01-05,twelve"
    with pytest.raises(ColumnError, match=r"line 6: column 'y' holds 'twelve'"):
        panel_of(tmp_path, "date,y", rows)


@pytest.mark.parametrize("target", ["remark", "date", "flag"])
def test_target_of_text_dates_or_flags_is_refused(tmp_path: Path, target: str) -> None:
    with pytest.raises(ColumnError, match=f"{target!r}"):
        panel_of(tmp_path, "date,y,remark,flag", daily("{n},x,true"), target=target)


def test_empty_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match="'y' is empty"):
        panel_of(tmp_path, "date,y,x", daily(",{n}"), target="y")


def test_no_numbers_at_all(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match="no column of numbers"):
        panel_of(tmp_path, "date,a", daily("x"))


def test_two_columns_of_dates_need_a_choice(tmp_path: Path) -> None:
    rows = [f"{day},{day},{n}" for n, day in enumerate(DAYS)]
    with pytest.raises(
        ColumnError, match="'opened', 'closed' could each be the time; choose one, as with --time 'opened'"
    ):
        panel_of(tmp_path, "opened,closed,y", rows)
    assert panel_of(tmp_path, "opened,closed,y", rows, time="closed").layout.time == "closed"


def test_two_whole_numbers_that_could_be_the_time_need_a_choice(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match="--time"):
        panel_of(tmp_path, "month,day,sales", [f"{m},{m},{m * m}" for m in range(1, 13)])


@pytest.mark.parametrize("name", ["date", "Date", "ds", "Month", "交易日期", "日期", "whatever"])
def test_time_is_found_by_its_content(tmp_path: Path, name: str) -> None:
    assert panel_of(tmp_path, f"{name},y", daily("{n}")).layout.time == name


def test_without_times_the_rows_are_counted(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, "y,remark", [f"{n},x" for n in range(5)])
    assert panel.time.tolist() == [0, 1, 2, 3, 4]
    assert panel.layout.time is None


def test_without_times_each_series_is_counted_by_itself(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, "unique_id,y", ["a,1", "b,10", "a,2", "b,20", "a,3"])
    assert panel.time.tolist() == [0, 1, 2, 0, 1]
    assert panel.y.tolist() == [1, 2, 3, 10, 20]


def test_text_that_tells_repeated_times_apart_is_the_id(tmp_path: Path) -> None:
    rows = [f"{day},{city},fine,{n}" for n, day in enumerate(DAYS) for city in ("Roma", "Oslo")]
    panel = panel_of(tmp_path, "date,city,sky,y", rows)
    assert (panel.layout.id, panel.ids) == ("city", ("Roma", "Oslo"))


@pytest.mark.parametrize("name", ["symbol", "股票代码", "store", "code"])
def test_ids_of_digits_stay_text(tmp_path: Path, name: str) -> None:
    rows = [f"{day},00{stock},{n}" for n, day in enumerate(DAYS) for stock in (2, 1)]
    panel = panel_of(tmp_path, f"date,{name},y", rows)
    assert panel.ids == ("002", "001")  # in order of first appearance
    assert panel.layout.id == name


def test_a_single_stock_keeps_its_code(tmp_path: Path) -> None:
    assert panel_of(tmp_path, "日期,代码,收盘", daily("000001,{n}")).ids == ("000001",)


def test_a_counter_of_rows_is_no_id_and_no_target(tmp_path: Path) -> None:
    rows = [f"{n},{day},{n * n}" for n, day in enumerate(DAYS)]
    for name in ("id", "", "Unnamed: 0"):
        panel = panel_of(tmp_path, f"{name},date,sales", rows)
        assert (panel.layout.id, panel.target) == (None, "sales")


def test_same_time_twice_without_id_says_so(tmp_path: Path) -> None:
    rows = [f"{day},{n}" for day in DAYS for n in (1, 2)]
    with pytest.raises(TimeError, match=r"2020-01-01 stands twice with different values \(lines 2 and 3\).*--id"):
        panel_of(tmp_path, "date,y", rows)


def test_missing_id_is_named_by_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"line 3: the id column 'unique_id' is empty"):
        panel_of(tmp_path, "unique_id,ds,y", ["a,2020-01-01,1", ",2020-01-02,2", "a,2020-01-03,2"])


def test_names_that_stand_twice_are_refused_only_where_used(tmp_path: Path) -> None:
    rows = daily("{n},a,b")
    assert panel_of(tmp_path, "date,y,remark,remark", rows).target == "y"
    with pytest.raises(ColumnError, match="2 columns are called 'y'"):
        panel_of(tmp_path, "date,y,y", daily("{n},{n}"))
    with pytest.raises(ColumnError, match="2 columns are called 'x'"):
        panel_of(tmp_path, "date,y,x,x", daily("{n},1,2"), past=("x",))


def test_one_column_cannot_have_two_roles(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="'y' is given two roles"):
        panel_of(tmp_path, "date,y,x", daily("{n},1"), target="y", past=("y",))


def test_unknown_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--layout"):
        panel_of(tmp_path, "date,y", daily("{n}"), layout="wide")


def test_wide_table_points_to_its_layout(tmp_path: Path) -> None:
    header = ",".join(f"V{n}" for n in range(1, 40))
    with pytest.raises(ColumnError, match="--layout rows"):
        panel_of(tmp_path, header, [f"W{n}," + ",".join(["1.5"] * 38) for n in range(4)])


def test_covariates_are_in_the_order_of_roles(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, "date,promo,y,heat", daily("1,{n},2{n}"), target="y", past=("heat",), future=("promo",))
    assert panel.columns == ("y", "heat", "promo")
    assert panel.values[3].tolist() == [3, 23, 1]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["103.5K", "1.2M", "980", "-2B"], [103_500, 1_200_000, 980, -2e9]),
        (["3.2万", "1.5亿", "5千", "2万亿"], [32_000, 1.5e8, 5_000, 2e12]),
        (["1,203.5K", "2K", "3 K", "4k"], [1_203_500, 2_000, 3_000, 4_000]),
    ],
)
def test_letters_and_words_for_thousands(tmp_path: Path, cells: list[str], values: list[float]) -> None:
    rows = [f'{day},"{cell}"' for day, cell in zip(DAYS, cells, strict=False)]
    assert panel_of(tmp_path, "date,volume", rows).y.tolist() == pytest.approx(values, rel=1e-12)


def test_other_letters_are_no_thousands(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match="line 3: column 'y' holds '5X'"):
        panel_of(tmp_path, "date,y", ["2020-01-01,1", "2020-01-02,5X", "2020-01-03,3"])
