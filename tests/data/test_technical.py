"""Indicators as past covariates of a table: which columns they find, several series, notes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gatecast.data import Reading, ReadOptions, read
from gatecast.data.technical import find_technical
from gatecast.errors import ColumnError, DataError, OptionError
from gatecast.features.indicators import parse

ROWS = 40


def market(rows: int = ROWS, seed: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    close = 50 + np.cumsum(random.normal(0, 1, rows))
    days = np.datetime64("2020-01-01") + np.arange(rows).astype("timedelta64[D]")
    columns = {"Date": days, "High": close + 1, "Low": close - 1, "Close": close, "Volume": 100.0 + np.arange(rows)}
    return pl.DataFrame(columns)


def of(source: object, *indicators: str, **options: object) -> Reading:
    return read(source, ReadOptions(indicators=indicators, **options))  # type: ignore[arg-type]


def test_indicators_follow_the_past_covariates_and_their_inputs_go() -> None:
    reading = of(market(), "rsi", "atr-5", "macd", target="Close", past=("Volume",))
    panel, prices = reading.panel, market()
    assert panel.past == ("Volume", "rsi-14", "atr-5", "macd-12-26-9", "macd-12-26-9-signal", "macd-12-26-9-histogram")
    close, high, low = (prices[name].to_numpy() for name in ("Close", "High", "Low"))
    assert (panel.values[:, 2:3] == parse("rsi").of({"price": close})).all()
    assert (panel.values[:, 3:4] == parse("atr-5").of({"high": high, "low": low, "close": close})).all()
    roles = {column.name: column.role for column in reading.columns}
    assert (roles["High"], roles["Low"], roles["Volume"], roles["atr-5"]) == ("input", "input", "past", "past")


def test_the_note_says_what_was_computed_from_what() -> None:
    (note,) = [note for note in of(market(), "rsi", "obv", target="Close").notes if note.kind == "indicators"]
    assert note.text.english == (
        "2 past covariates computed from 'Close', 'Volume': 'rsi-14', 'obv'. Each value knows its own past alone; "
        "where a window of up to 14 rows is not full yet, it is that of the rows so far."
    )


def test_an_adjusted_price_beside_raw_ranges_is_warned_of() -> None:
    frame = market().with_columns((pl.col("Close") / 2).alias("Adj Close"))
    notes = of(frame, "rsi", "atr", target="Adj Close").notes
    assert any("'High', 'Low', 'Close' may not be adjusted as 'Adj Close' is" in note.text.english for note in notes)
    assert not any("may not be adjusted" in note.text.english for note in of(frame, "rsi", target="Adj Close").notes)


def test_every_series_is_computed_from_its_own_rows() -> None:
    a, b = market(), market(25, seed=1)
    both = pl.concat([a.with_columns(Ticker=pl.lit("a")), b.with_columns(Ticker=pl.lit("b"))])
    shuffled = both.sample(fraction=1, shuffle=True, seed=0)
    options = {"target": "Close", "id": "Ticker", "time": "Date"}
    panel = of(shuffled, "rsi", "obv", **options).panel
    alone = {name: of(one, "rsi", "obv", target="Close").panel.values for name, one in (("a", a), ("b", b))}
    for i, name in enumerate(panel.ids):
        assert (panel.values[panel.offsets[i] : panel.offsets[i + 1]] == alone[name]).all()


def test_later_rows_of_a_table_never_change_earlier_values() -> None:
    names = ("sma", "ema", "rsi", "macd", "bollinger", "atr", "obv", "returns", "log-returns", "volatility")
    whole = of(market(), *names, target="Close").panel.values
    assert (of(market().head(23), *names, target="Close").panel.values == whole[:23]).all()


def test_chinese_columns_and_units_are_found() -> None:
    chinese = market().rename(
        {"Date": "日期", "High": "最高", "Low": "最低价", "Close": "收盘", "Volume": "成交量(手)"}
    )
    panel = of(chinese, "atr", "obv", target="收盘").panel
    assert panel.past == ("atr-14", "obv")
    assert (panel.values == of(market(), "atr", "obv", target="Close").panel.values).all()


@pytest.mark.parametrize(
    ("names", "target", "price"),
    [
        (["Open", "CLOSE", "Adj Close"], "Open", "CLOSE"),
        (["Close", "Adj Close"], "Adj Close", "Adj Close"),
        (["Price", "Vol."], "Vol.", "Price"),
        (["sales"], "sales", "sales"),
        (["开盘价", "收盘价", "前复权收盘"], "前复权收盘", "前复权收盘"),
        ([], "y", "y"),
    ],
)
def test_the_price_is_an_adjusted_target_the_close_or_the_target(names: list[str], target: str, price: str) -> None:
    assert find_technical(("rsi",), "data", names, (target,)).columns["price"] == price


def test_arrays_have_a_price_too() -> None:
    panel = of(np.arange(1.0, 21.0).reshape(2, 10), "sma-3").panel
    assert panel.values[:, 1].tolist() == [1, 1.5, *range(2, 10), 11, 11.5, *range(12, 20)]


def test_several_targets_share_the_indicators() -> None:
    panel = of(market(), "rsi", "atr", target=("Close", "Volume")).panel
    assert panel.past == ("Close", "Volume", "rsi-14", "atr-14")
    assert (panel.values[:ROWS, 3:] == panel.values[ROWS:, 3:]).all()


def test_an_empty_cell_of_an_input_is_filled_and_told() -> None:
    gap = market().with_columns(High=pl.when(pl.int_range(ROWS) == 7).then(None).otherwise("High"))
    reading = of(gap, "atr", target="Close")
    assert any("column 'High': 1 empty cell filled" in note.text.english for note in reading.notes)
    assert np.isfinite(reading.panel.values).all()


def test_covariates_known_ahead_stay_last() -> None:
    frame = market().with_columns(
        Close=pl.when(pl.int_range(ROWS) < 35).then("Close"), promo=(pl.int_range(ROWS) % 2).cast(pl.Float64)
    )
    panel = of(frame, "atr", target="Close", future=("promo",)).panel
    assert panel.columns == ("Close", "atr-14", "promo")
    assert panel.ahead.tolist() == [[[1], [0], [1], [0], [1]]]


def test_a_missing_column_is_named_with_the_nearest() -> None:
    frame = market().rename({"High": "Hihg"})
    with pytest.raises(ColumnError, match=r"'atr-14' needs a column called 'high' or '最高', .*did you mean 'Hihg'"):
        of(frame, "atr", target="Close")
    with pytest.raises(ColumnError, match=r"the data: the indicator 'obv' needs a column called 'close'"):
        of(np.arange(20.0), "obv")


def test_an_unknown_indicator_is_refused_before_anything_else() -> None:
    with pytest.raises(OptionError, match="unknown indicator 'rsii'"):
        of(market(), "rsii", target="Close")


def test_logarithms_need_values_above_zero(tmp_path: Path) -> None:
    path = tmp_path / "zero.csv"
    path.write_text("date,y\n" + "\n".join(f"2020-01-{day:02},{5 - day}" for day in range(1, 9)))
    with pytest.raises(DataError, match=r"'log-returns-1' needs .* 'y' is 0 at 2020-01-05 \(line 6\); use 'returns'"):
        of(path, "log-returns")
    assert of(path, "returns").panel.past == ("returns-1",)


def test_a_column_of_the_same_name_is_refused() -> None:
    frame = market().with_columns(pl.Series("rsi-14", np.zeros(ROWS)))
    with pytest.raises(OptionError, match="'rsi-14' is a column of the table and an indicator"):
        of(frame, "rsi", target="Close", past=("rsi-14",))


def test_an_input_that_holds_words_is_refused() -> None:
    with pytest.raises(ColumnError, match="column 'High'"):
        of(market().with_columns(High=pl.lit("high")), "atr", target="Close")


def test_options_remember_the_indicators() -> None:
    reading = of(market(), "rsi", "rsi-14", "sma-5", target="Close")
    assert reading.options.indicators == ("rsi", "rsi-14", "sma-5")
    assert reading.panel.past == ("rsi-14", "sma-5")  # the same one once
    assert read(market(30), reading.options).panel.past == reading.panel.past
