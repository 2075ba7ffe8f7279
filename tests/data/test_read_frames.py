"""Frames of several libraries, and what of their kind must come out again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gatecast.data import ReadOptions, read
from gatecast.errors import ColumnError, DataError

DAYS = np.arange("2020-01-01", "2020-01-13", dtype="datetime64[D]")
VALUES = [100 + 0.25 * day for day in range(12)]
COLUMNS: dict[str, Any] = {"date": DAYS.astype("datetime64[us]"), "y": np.array(VALUES)}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table])
def test_any_frame(make: Any) -> None:
    panel = read(make(COLUMNS)).panel
    assert panel.y.tolist() == VALUES
    assert (panel.time == DAYS).all()
    assert panel.time.dtype == np.dtype("datetime64[us]")
    assert (
        panel.layout.backend
        == {"pandas": "pandas", "polars": "polars", "pyarrow": "pyarrow"}[make.__module__.split(".")[0]]
    )
    assert panel.layout.time_format is None


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_dates_of_every_unit(unit: str) -> None:
    frame = pd.DataFrame({"date": DAYS.astype(f"datetime64[{unit}]"), "y": VALUES})
    assert (read(frame).panel.time == DAYS).all()


def test_index_of_dates_becomes_the_time() -> None:
    for name in (None, "when"):
        frame = pd.DataFrame({"y": VALUES}, index=pd.DatetimeIndex(DAYS, name=name))
        panel = read(frame).panel
        assert (panel.time == DAYS).all()
        assert panel.layout.time == (name or "time")


def test_index_of_periods_becomes_the_time() -> None:
    frame = pd.DataFrame({"y": VALUES}, index=pd.period_range("2020-01", periods=12, freq="M"))
    panel = read(frame).panel
    assert panel.frequency.unit == "month"
    assert panel.time[1] == np.datetime64("2020-02-01", "us")


def test_index_of_two_levels_becomes_id_and_time() -> None:
    index = pd.MultiIndex.from_product([["b", "a"], pd.DatetimeIndex(DAYS)], names=["symbol", None])
    panel = read(pd.DataFrame({"y": VALUES * 2}, index=index)).panel
    assert panel.ids == ("b", "a")
    assert panel.layout.id == "symbol"
    assert (panel.time[:12] == DAYS).all()


def test_index_of_left_over_numbers_is_nothing() -> None:
    frame = pd.DataFrame(COLUMNS)
    frame = frame[frame.index % 2 == 0]
    assert read(frame).panel.y.tolist() == VALUES[::2]


def test_pandas_series() -> None:
    panel = read(pd.Series(VALUES, index=pd.DatetimeIndex(DAYS), name="price")).panel
    assert (panel.target, panel.layout.time) == ("price", "time")
    assert read(pd.Series(VALUES)).panel.time.tolist() == list(range(12))
    assert read(pl.Series("price", VALUES)).panel.y.tolist() == VALUES


@pytest.mark.parametrize("zone", ["Europe/Rome", "Asia/Shanghai", "UTC", "+05:30"])
def test_time_zones_are_kept_and_times_stored_in_utc(zone: str) -> None:
    local = pd.DatetimeIndex(DAYS).tz_localize(zone)
    panel = read(pd.DataFrame({"date": local, "y": VALUES})).panel
    assert (panel.time == local.tz_convert("UTC").tz_localize(None).to_numpy()).all()
    assert panel.layout.time_zone == zone


def test_days_in_a_zone_keep_their_midnight_when_the_clocks_change() -> None:
    local = pd.date_range("2020-03-20", "2020-03-27", tz="Europe/Rome")
    panel = read(
        pl.DataFrame({"date": pl.Series(local.to_list()).dt.convert_time_zone("Europe/Rome"), "y": VALUES[:8]})
    ).panel
    ahead = panel.frequency.after(panel.last_time(), 4)[0]
    expected = pd.date_range("2020-03-28", periods=4, tz="Europe/Rome")
    assert (ahead == expected.tz_convert("UTC").tz_localize(None).to_numpy()).all()


NUMBERS = {
    "int8": np.arange(12, dtype=np.int8),
    "uint64": np.arange(12, dtype=np.uint64),
    "float32": np.arange(12, dtype=np.float32),
    "nullable": pd.array([1, None, *range(2, 12)], dtype="Int64"),
    "decimal": [Decimal(n) / 4 for n in range(12)],
    "text": [str(n) for n in range(12)],
    "arrow": pd.array(list(range(12)), dtype="int64[pyarrow]"),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_kinds_of_numbers(kind: str) -> None:
    panel = read(pd.DataFrame({"date": DAYS.astype("datetime64[us]"), "y": NUMBERS[kind]})).panel
    expected = {"nullable": [1, 1, *range(2, 12)], "decimal": [n / 4 for n in range(12)]}.get(kind, list(range(12)))
    assert panel.y.tolist() == expected


def test_decimals_of_polars_and_arrow() -> None:
    values = [Decimal("1.25"), Decimal("2.50"), None, Decimal("3.75")]
    assert read(pl.DataFrame({"y": values})).panel.y.tolist() == [1.25, 2.5, 2.5, 3.75]
    assert read(pa.table({"y": pa.array(values, pa.decimal128(10, 2))})).panel.y.tolist() == [1.25, 2.5, 2.5, 3.75]


def test_categories_and_integers_as_ids() -> None:
    frame = pd.DataFrame({"unique_id": pd.Categorical(["b"] * 6 + ["a"] * 6), "y": VALUES})
    assert read(frame).panel.ids == ("b", "a")
    panel = read(pd.DataFrame({"unique_id": [7] * 6 + [3] * 6, "y": VALUES})).panel
    assert panel.ids == ("7", "3")
    assert panel.layout.id_is_integer


def test_flags_are_no_target() -> None:
    with pytest.raises(ColumnError, match="true or false"):
        read(pd.DataFrame({"date": DAYS.astype("datetime64[us]"), "y": [True, False] * 6}), ReadOptions(target="y"))


def test_missing_values_of_pandas() -> None:
    frame = pd.DataFrame({"date": DAYS.astype("datetime64[us]"), "y": [1.0, None, float("nan"), *range(9)]})
    assert read(frame).panel.y.tolist()[:4] == [1, 1, 1, 0]


def test_infinite_value_names_the_row() -> None:
    with pytest.raises(DataError, match=r"column 'y' is infinite at 2020-01-03 .*\(row 2\)"):
        read(pd.DataFrame({"date": DAYS.astype("datetime64[us]"), "y": [1, 2, np.inf, *range(9)]}))


def test_empty_frames_are_refused() -> None:
    for frame in (pd.DataFrame(), pl.DataFrame({"y": []}), pa.table({"y": pa.array([], pa.float64())})):
        with pytest.raises(DataError, match="empty"):
            read(frame)


def test_columns_of_tuples_and_numbers_get_names() -> None:
    frame = pd.DataFrame(
        np.arange(12.0), columns=pd.MultiIndex.from_tuples([("Close", "AAPL")]), index=pd.DatetimeIndex(DAYS)
    )
    assert read(frame).panel.target == "Close"  # a level that says the same of all columns says nothing
    both = pd.concat([frame, frame.rename(columns={"AAPL": "MSFT"})], axis=1)
    assert read(both, ReadOptions(target="MSFT")).panel.target == "MSFT"
    assert read(pd.DataFrame(np.arange(12.0))).panel.target == "0"


def test_the_callers_frame_is_untouched() -> None:
    frame = pd.DataFrame({"date": DAYS[::-1].astype("datetime64[us]"), "y": VALUES})
    before = frame.copy(deep=True)
    panel = read(frame).panel
    pd.testing.assert_frame_equal(frame, before)
    frame.loc[0, "y"] = -1
    assert -1 not in panel.y


def test_dates_as_text_and_as_objects() -> None:
    assert (read(pl.DataFrame({"date": DAYS.astype(str), "y": VALUES})).panel.time == DAYS).all()
    objects = [datetime(2020, 1, day) for day in range(1, 13)]
    assert (read(pd.DataFrame({"date": pd.Series(objects, dtype=object), "y": VALUES})).panel.time == DAYS).all()


def test_one_series_a_row_of_a_frame() -> None:
    frame = pl.DataFrame({"id": ["A", "B"], "a": [1.0, 2.0], "b": [3.0, None], "c": [5, 6]})
    panel = read(frame, ReadOptions(layout="rows")).panel
    assert panel.y.tolist() == [1, 3, 5, 2, 2, 6]


def test_forecast_goes_out_in_the_kind_that_came_in() -> None:
    from gatecast.forecast import Forecast, Origins, Prediction

    for make, kind in ((pd.DataFrame, pd.DataFrame), (pl.DataFrame, pl.DataFrame), (pa.table, pa.Table)):
        panel = read(make(COLUMNS)).panel
        zeros = np.zeros((len(Origins.last(panel).ends), 3))
        forecast = Forecast.from_prediction(panel, Prediction(zeros, zeros[..., None], zeros[..., None]), (80,))
        assert isinstance(forecast.to_frame(), kind)


@pytest.mark.parametrize("zone", ["Europe/Rome", "+08:00", "+05:30"])
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_times_of_a_forecast_are_in_the_zone_that_came_in(zone: str, library: str) -> None:
    from gatecast.forecast import Forecast, Prediction

    frame: Any = pd.DataFrame({"date": pd.DatetimeIndex(DAYS).tz_localize(zone), "y": VALUES})
    panel = read(frame).panel
    panel = replace(panel, layout=replace(panel.layout, backend=library))
    zeros = np.zeros((1, 2))
    out = Forecast.from_prediction(panel, Prediction(zeros, zeros[..., None], zeros[..., None]), (80,)).to_frame()
    assert out["date"].to_list()[0] == pd.Timestamp("2020-01-13", tz=zone)
