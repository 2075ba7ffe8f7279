"""What is repaired with a note, and what is refused: order, duplicates, empty cells, gaps, covariates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecast.data import Reading, ReadOptions, read
from gatecast.errors import ColumnError, DataError, TimeError, TooShortError

DAYS = [f"2020-01-{day:02}" for day in range(1, 13)]


def reading_of(folder: Path, header: str, rows: list[str], **options: object) -> Reading:
    path = folder / "data.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return read(path, ReadOptions(**options))  # type: ignore[arg-type]


def daily(cells: list[str]) -> list[str]:
    return [f"{day},{cell}" for day, cell in zip(DAYS, cells, strict=False)]


def notes(reading: Reading) -> dict[str, str]:
    return {note.kind: note.text.english for note in reading.notes}


def test_newest_first_is_sorted_with_a_note(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, "date,y", daily([str(n) for n in range(12)])[::-1])
    assert reading.panel.y.tolist() == list(range(12))
    assert notes(reading) == {"sorted": "the newest rows came first; sorted by time."}


def test_interleaved_series_are_grouped_without_a_note(tmp_path: Path) -> None:
    rows = [f"{day},{name},{n}" for n, day in enumerate(DAYS) for name in "ba"]
    reading = reading_of(tmp_path, "date,id,y", rows)
    assert reading.panel.ids == ("b", "a")
    assert reading.panel.y.tolist() == [*range(12), *range(12)]
    assert notes(reading) == {}


@settings(deadline=None, max_examples=30)
@given(order=st.permutations(range(24)))
def test_order_of_rows_does_not_matter(tmp_path_factory: pytest.TempPathFactory, order: list[int]) -> None:
    rows = [f"{day},{name},{n}" for name in "ab" for n, day in enumerate(DAYS)]
    panel = reading_of(tmp_path_factory.mktemp("order"), "date,id,y", [rows[i] for i in order]).panel
    assert panel.y.tolist() == [*range(12), *range(12)]
    assert (np.diff(panel.time)[:11].astype(int) > 0).all()


def test_same_row_twice_is_kept_once(tmp_path: Path) -> None:
    rows = daily([str(n) for n in range(12)])
    reading = reading_of(tmp_path, "date,y", [*rows, rows[3], rows[3], rows[7]])
    assert reading.panel.y.tolist() == list(range(12))
    assert notes(reading)["duplicates"] == "3 rows stood twice; kept once."


def test_same_row_twice_may_have_empty_cells(tmp_path: Path) -> None:
    rows = daily([str(n) if n != 5 else "" for n in range(12)])
    assert reading_of(tmp_path, "date,y", [*rows, rows[5]]).panel.y.tolist()[4:7] == [4, 4, 6]


def test_same_time_with_different_values_names_series_time_and_lines(tmp_path: Path) -> None:
    rows = [f"{name},{day},{n}" for name in "ab" for n, day in enumerate(DAYS)]
    with pytest.raises(TimeError, match=r"2020-01-04 of series 'b' stands twice .*\(lines 17 and 26\)"):
        reading_of(tmp_path, "id,date,y", [*rows, "b,2020-01-04,99"])


def test_empty_cells_at_the_ends_are_dropped_and_inner_ones_carried(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, "date,y", daily(["", "", "2", "3", "", "", "6", "7", "8", "9", "10", ""]))
    assert reading.panel.y.tolist() == [2, 3, 3, 3, 6, 7, 8, 9, 10]
    texts = [note.text.english for note in reading.notes]
    assert texts[0] == "2 rows before the first value dropped."
    assert texts[1] == "1 row after the last value dropped: the forecast starts after the last value."
    assert texts[2] == "column 'y': 2 empty cells filled with the value before."


@settings(deadline=None, max_examples=30)
@given(cells=st.lists(st.one_of(st.none(), st.integers(-5, 5)), min_size=12, max_size=12), cut=st.integers(3, 11))
def test_no_value_moves_back_in_time(
    tmp_path_factory: pytest.TempPathFactory, cells: list[int | None], cut: int
) -> None:
    """What was read of the first rows does not change when later rows come in."""
    folder = tmp_path_factory.mktemp("causal")
    text = ["" if cell is None else str(cell) for cell in cells]
    try:
        early = reading_of(folder, "date,y", daily(text[:cut])).panel
        late = reading_of(folder, "date,y", daily(text)).panel
    except DataError:
        return
    assert late.y[: len(early.y)].tolist() == early.y.tolist()
    assert (late.time[: len(early.time)] == early.time).all()


def test_series_without_any_value_is_left_out(tmp_path: Path) -> None:
    rows = [f"{name},{day},{'' if name == 'b' else n}" for name in "abc" for n, day in enumerate(DAYS)]
    reading = reading_of(tmp_path, "id,date,y", rows)
    assert reading.panel.ids == ("a", "c")
    assert reading.panel.offsets.tolist() == [0, 12, 24]
    assert notes(reading)["left-out"] == "'b' has no value of 'y'; left out."


def test_trap_26_short_series_does_not_hurt_the_others(tmp_path: Path) -> None:
    rows = [f"a,{day},{n}" for n, day in enumerate(DAYS)] + ["b,2020-01-01,5"]
    reading = reading_of(tmp_path, "id,date,y", rows)
    assert reading.panel.lengths.tolist() == [12, 1]
    assert reading.panel.series(0).tolist() == list(range(12))
    assert notes(reading)["short"] == "1 series has fewer than 10 rows: 'b'."


def test_single_value_is_too_short(tmp_path: Path) -> None:
    with pytest.raises(TooShortError, match=r"1 value of 'y'; at least 2"):
        reading_of(tmp_path, "date,y", daily(["", "3", "", ""]))


@pytest.mark.parametrize("infinite", ["inf", "-Infinity", "1e999"])
def test_trap_08_infinite_value_names_column_series_and_line(tmp_path: Path, infinite: str) -> None:
    rows = [f"{name},{day},{infinite if (name, n) == ('b', 4) else n}" for name in "ab" for n, day in enumerate(DAYS)]
    with pytest.raises(DataError, match=r"column 'y' is infinite at series 'b', 2020-01-05 \(line 18\)"):
        reading_of(tmp_path, "id,date,y", rows)


def test_trap_01_holiday_gaps_keep_their_rows(tmp_path: Path) -> None:
    weekdays = np.arange("2020-01-06", "2020-06-01", dtype="datetime64[D]")
    weekdays = weekdays[np.is_busday(weekdays)]
    open_days = np.delete(weekdays, [10, 11, 40])
    reading = reading_of(tmp_path, "date,close", [f"{day},{n}" for n, day in enumerate(open_days)])
    panel = reading.panel
    assert (panel.time == open_days).all()
    assert panel.y.tolist() == list(range(len(open_days)))
    assert set(notes(reading)) == {"gaps"}
    assert "2 gaps, the longest of 5 days from 2020-01-17 to 2020-01-22" in notes(reading)["gaps"]
    ahead = panel.frequency.after(panel.last_time(), 10)[0]
    assert np.is_busday(ahead.astype("datetime64[D]")).all()


def test_trap_01_no_forecast_falls_on_a_closed_day(tmp_path: Path) -> None:
    weekdays = np.arange("2025-10-01", "2025-12-24", dtype="datetime64[D]")
    weekdays = weekdays[np.is_busday(weekdays) & (weekdays != np.datetime64("2025-11-27"))]
    reading = reading_of(tmp_path, "date,close", [f"{d},{n}" for n, d in enumerate(weekdays)], calendar="XNYS")
    assert "gaps" not in notes(reading)  # Thanksgiving is no gap
    ahead = reading.panel.frequency.after(reading.panel.last_time(), 5)[0].astype("datetime64[D]")
    assert ahead.astype(str).tolist() == ["2025-12-24", "2025-12-26", "2025-12-29", "2025-12-30", "2025-12-31"]


def test_uneven_steps_are_said(tmp_path: Path) -> None:
    days = np.datetime64("2020-01-01") + np.cumsum([1, 5, 2, 9, 1, 4, 7, 3, 1, 6, 1, 8]).astype("timedelta64[D]")
    reading = reading_of(tmp_path, "date,y", [f"{d},{n}" for n, d in enumerate(days)])
    assert "uneven" in notes(reading)["irregular"]
    assert len(reading.panel.y) == 12


def test_constant_series_has_nothing_to_teach(tmp_path: Path) -> None:
    assert "nothing to learn" in notes(reading_of(tmp_path, "date,y", daily(["5"] * 12)))["constant"]


def test_jump_like_a_split_is_noticed_once(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    price = 100 * np.exp(np.cumsum(random.normal(0, 0.01, 200)))
    price[120:] /= 2
    days = np.arange("2020-01-01", "2020-07-19", dtype="datetime64[D]")
    rows = [f"{d},{p:.4f},{p:.4f}" for d, p in zip(days, price, strict=True)]
    text = notes(reading_of(tmp_path, "date,close,adj_close", rows, target="close"))["jump"]
    assert "2020-04-30" in text and "looks like an unadjusted split" in text
    assert "jump" not in notes(reading_of(tmp_path, "date,close,adj_close", rows, target="adj_close"))
    assert "jump" not in notes(reading_of(tmp_path, "date,sales,x", rows, target="sales"))


# covariates -----------------------------------------------------------------------------------------------------------


def test_past_covariates_are_filled_from_their_own_past(tmp_path: Path) -> None:
    heat = ["", "", "3", "", "5", "", "7", "8", "9", "10", "11", ""]
    reading = reading_of(
        tmp_path, "date,y,heat", daily([f"{n},{h}" for n, h in enumerate(heat)]), target="y", past=("heat",)
    )
    assert reading.panel.values[:, 1].tolist() == [3, 3, 3, 3, 5, 5, 7, 8, 9, 10, 11, 11]
    assert notes(reading)["empty"].startswith(
        "column 'heat': 3 empty cells filled with the value before, 2 empty cells"
    )


def test_past_covariate_without_a_value_in_a_series_is_refused(tmp_path: Path) -> None:
    rows = [f"{name},{day},{n},{n if name == 'a' else ''}" for name in "ab" for n, day in enumerate(DAYS)]
    with pytest.raises(ColumnError, match="'heat' holds no value in series 'b'"):
        reading_of(tmp_path, "id,date,y,heat", rows, target="y", past=("heat",))


def test_rows_known_ahead_become_the_future(tmp_path: Path) -> None:
    rows = [f"{name},{day},{n if n < 9 else ''},{n % 2}" for name in "ab" for n, day in enumerate(DAYS)]
    reading = reading_of(tmp_path, "id,date,y,promo", rows, target="y", future=("promo",))
    assert reading.panel.lengths.tolist() == [9, 9]
    assert reading.panel.ahead.tolist() == [[[1], [0], [1]]] * 2
    assert notes(reading)["ahead"] == "6 rows after the last value of 'y' (in 2 series): covariates known ahead."


def test_steps_that_every_series_knows_ahead_are_kept(tmp_path: Path) -> None:
    rows = [f"{name},{day},{n if n < 9 else ''},{n}" for name in "ab" for n, day in enumerate(DAYS)][:-1]
    reading = reading_of(tmp_path, "id,date,y,promo", rows, target="y", future=("promo",))
    assert reading.panel.ahead.tolist() == [[[9], [10]]] * 2


def test_trap_13_missing_cells_of_future_covariates_are_named(tmp_path: Path) -> None:
    rows = daily([f"{n if n < 9 else ''},{'' if n == 10 else n % 2}" for n in range(12)])
    with pytest.raises(
        ColumnError, match=r"'promo', declared as known ahead, has 1 empty cell: 2020-01-11 \(line 12\)"
    ):
        reading_of(tmp_path, "date,y,promo", rows, target="y", future=("promo",))


def test_trap_13_missing_row_of_the_future_is_named(tmp_path: Path) -> None:
    rows = daily([f"{n if n < 9 else ''},{n % 2}" for n in range(12)])
    with pytest.raises(TimeError, match=r"2020-01-10 is missing, 2020-01-11 \(line 11\) stands in its place"):
        reading_of(tmp_path, "date,y,promo", [*rows[:9], *rows[10:]], target="y", future=("promo",))


def test_flags_may_be_covariates(tmp_path: Path) -> None:
    import polars as pl

    frame = pl.DataFrame({"y": [1.0, 2.0, 3.0], "promo": [True, False, None]})
    assert read(frame, ReadOptions(target="y", past=("promo",))).panel.values[:, 1].tolist() == [1, 0, 0]


@pytest.mark.parametrize("code", ["-200", "-99.9", "9999", "999.9"])
def test_a_code_for_nothing_is_told(tmp_path: Path, code: str) -> None:
    values = [f"{12 + 3 * np.sin(n):.2f}" for n in range(60)]
    values[7] = values[30] = values[31] = code
    told = notes(reading_of(tmp_path, "step,y", [f"{n},{value}" for n, value in enumerate(values)]))
    assert told["code"].startswith(f"{code} stands 3 times in 'y', far from all others (9 to 15)")


@pytest.mark.parametrize(
    "values",
    [
        ["0", "12", "13", "0", "12.5", "13"],  # closed on Sundays
        ["-200", "12", "13", "12.5", "13", "12"],  # once
        ["9990", "12", "13", "9990", "12.5", "13"],
        ["-2", "1", "2", "-2", "3", "5"],  # near the others
        ["-9", "5", "5", "-9", "5", "5"],  # the others do not move
    ],
)
def test_other_values_are_no_codes(tmp_path: Path, values: list[str]) -> None:
    assert "code" not in notes(reading_of(tmp_path, "step,y", [f"{n},{value}" for n, value in enumerate(values)]))
