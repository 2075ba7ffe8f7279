"""Technical indicators: hand-worked values, recorded values of TA-Lib, TA-Lib itself where it is, and causality."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecast.errors import OptionError
from gatecast.features.indicators import KINDS, parse

EVERY = [*KINDS, "sma-3", "ema-5", "rsi-2", "macd-3-6-4", "bollinger-4", "atr-1", "atr-3", "returns-5", "volatility-4"]
NEEDS_TALIB = pytest.mark.skipif(importlib.util.find_spec("talib") is None, reason="TA-Lib is not installed")


def market(rows: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Prices that wander, as a table of a market has them."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, rows)))
    high, low = close * (1 + random.uniform(0, 0.03, rows)), close * (1 - random.uniform(0, 0.03, rows))
    volume = random.integers(1, 10**6, rows).astype(float)
    return {"price": close, "close": close, "high": high, "low": low, "volume": volume}


def of(name: str, **columns: list[float]) -> list[list[float]]:
    """The columns of an indicator, each as a list."""
    prices = {key: np.array(values, float) for key, values in columns.items()}
    return parse(name).of(prices).T.tolist()


# by hand --------------------------------------------------------------------------------------------------------------


def test_simple_average_takes_what_there_is_until_its_window_is_full() -> None:
    assert of("sma-3", price=[3, 5, 10, 12, 2]) == [[3, 4, 6, 9, 8]]


def test_exponential_average_starts_with_the_mean_of_its_first_window() -> None:
    # mean(2, 4, 6) = 4, then each new value counts 2 / (3 + 1)
    assert of("ema-3", price=[2, 4, 6, 8, 4]) == [[2, 3, 4, 6, 5]]


def test_relative_strength_by_wilder() -> None:
    # movements +2, -1, +4, -2: means of two 1, 0.5; then (1 + 4) / 2, 0.5 / 2; then 2.5 / 2, (0.25 + 2) / 2
    ((start, first, *later),) = of("rsi-2", price=[10, 12, 11, 15, 13])
    assert (start, first) == (50, 100)
    assert later == pytest.approx([100 * 1 / 1.5, 100 * 2.5 / 2.75, 100 * 1.25 / 2.375])


def test_relative_strength_of_what_never_moves_is_that_of_talib() -> None:
    assert of("rsi-2", price=[5, 5, 5, 5]) == [[50, 0, 0, 0]]


def test_bands_are_two_deviations_wide() -> None:
    upper, middle, lower = of("bollinger-2", price=[4, 8, 8, 2])
    assert (upper, middle, lower) == ([4, 10, 8, 11], [4, 6, 8, 5], [4, 2, 8, -1])


def test_true_range_reaches_to_the_close_before() -> None:
    # ranges: 4 (span alone), 20 - 10 (gap up), 21 - 19, 21 - 5 (gap down); the first is no part of the average
    found = of("atr-2", high=[12, 20, 21, 6], low=[8, 18, 19, 5], close=[10, 19, 21, 5])
    assert found == [[4, 10, 6, 11]]


def test_volume_is_added_with_the_sign_of_the_movement() -> None:
    assert of("obv", close=[5, 6, 6, 4, 9], volume=[10, 20, 30, 40, 50]) == [[10, 30, 30, -10, 40]]


def test_returns_and_their_logarithms() -> None:
    assert of("returns", price=[100, 110, 99, 0, 5]) == [pytest.approx([0, 0.1, -0.1, -1, 0])]
    assert of("returns-2", price=[100, 110, 99, 132]) == [pytest.approx([0, 0.1, -0.01, 0.2])]
    assert of("log-returns", price=[1, np.e, np.e**3]) == [pytest.approx([0, 1, 2])]


def test_volatility_is_the_deviation_of_the_newest_returns() -> None:
    # returns +0.1, -0.1, +0.1
    assert of("volatility-2", price=[100, 110, 99, 108.9]) == [pytest.approx([0, 0, 0.1, 0.1])]


# TA-Lib ---------------------------------------------------------------------------------------------------------------


RECORDED = {  # TA-Lib 0.8.2 (its C library 0.7), last row of market(80)
    "sma-20": [113.45959178306093],
    "ema-12": [115.79853892491843],
    "rsi-14": [65.2215996160818],
    "macd": [2.896691735751432, 2.7337600069775982, 0.16293172877383366],
    "bollinger": [120.9757725996934, 113.45959178306093, 105.94341096642846],
    "atr-14": [4.315155473716431],
    "obv": [2246661.0],
    "returns": [0.04086057992074526],
    "volatility": [0.022649198846037426],
}


@pytest.mark.parametrize("name", RECORDED)
def test_values_are_those_that_talib_gave(name: str) -> None:
    found = parse(name).of(market(80))[-1]
    assert found.tolist() == pytest.approx(RECORDED[name], rel=1e-10, abs=1e-10)


def by_talib(name: str, prices: dict[str, np.ndarray]) -> list[np.ndarray]:
    import talib  # type: ignore[import-not-found]

    price, high, low, close, volume = (prices[key] for key in ("price", "high", "low", "close", "volume"))
    numbers = parse(name).numbers
    answers = {
        "sma": lambda: [talib.SMA(price, *numbers)],
        "ema": lambda: [talib.EMA(price, *numbers)],
        "rsi": lambda: [talib.RSI(price, *numbers)],
        "macd": lambda: talib.MACD(price, *numbers),
        "bollinger": lambda: talib.BBANDS(price, numbers[0], 2, 2),
        "atr": lambda: [talib.ATR(high, low, close, *numbers)],
        "obv": lambda: [talib.OBV(close, volume)],
        "returns": lambda: [talib.ROCP(price, *numbers)],
        "log-returns": lambda: [np.log1p(talib.ROCP(price, *numbers))],
        "volatility": lambda: [talib.STDDEV(talib.ROCP(price, 1), numbers[0], 1)],
    }
    return list(answers[name.rstrip("-0123456789")]())


@NEEDS_TALIB
@pytest.mark.parametrize("rows", [3, 40, 1000])
@pytest.mark.parametrize("name", EVERY)
def test_wherever_talib_has_a_value_ours_is_the_same(name: str, rows: int) -> None:
    prices = market(rows, seed=rows)
    theirs = np.column_stack(by_talib(name, prices))
    known = np.isfinite(theirs)
    assert known.any() or rows < 1000
    ours = parse(name).of(prices)
    scale = 1e6 if name == "obv" else 1
    assert np.abs((ours - theirs)[known]).max(initial=0) <= 1e-8 * scale


# whatever the prices --------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=50)
@given(name=st.sampled_from(EVERY), rows=st.integers(1, 90), cut=st.integers(1, 90), seed=st.integers(0, 99))
def test_later_rows_never_change_earlier_values(name: str, rows: int, cut: int, seed: int) -> None:
    prices, others = market(rows, seed), market(rows, seed + 1)
    changed = {key: np.concatenate([prices[key][:cut], 3 * others[key][cut:]]) for key in prices}
    indicator = parse(name)
    whole = indicator.of(prices)
    assert whole.shape == (rows, len(indicator.columns))
    assert np.isfinite(whole).all()
    assert (indicator.of(changed)[:cut] == whole[:cut]).all()
    assert (indicator.of({key: values[:cut] for key, values in prices.items()}) == whole[:cut]).all()


@pytest.mark.parametrize("name", EVERY)
def test_one_row_is_enough(name: str) -> None:
    assert np.isfinite(parse(name).of(market(1))).all()


def test_a_huge_value_long_ago_leaves_no_trace() -> None:
    price = np.concatenate([np.full(10, 1e10), market(60)["price"]])
    recent = price[-20:]
    upper, middle, _ = parse("bollinger-20").of({"price": price})[-1]
    assert middle == pytest.approx(recent.mean(), rel=1e-12)
    assert upper == pytest.approx(recent.mean() + 2 * recent.std(), rel=1e-12)


# names ----------------------------------------------------------------------------------------------------------------


def test_names_carry_their_periods() -> None:
    assert parse("RSI").columns == ("rsi-14",)
    assert parse(" sma-50 ").columns == ("sma-50",)
    assert parse("log-returns-5").columns == ("log-returns-5",)
    assert parse("macd").columns == ("macd-12-26-9", "macd-12-26-9-signal", "macd-12-26-9-histogram")
    assert parse("obv").columns == ("obv",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rsii", r"unknown indicator 'rsii' \(did you mean 'rsi'\?\); there are sma, ema, rsi, macd"),
        ("", "unknown indicator ''"),
        ("sma_20", "unknown indicator 'sma_20'"),
        ("14", "unknown indicator '14'"),
        ("sma-1", r"'sma-1': write it as 'sma-20', each period from 2"),
        ("sma-99999999999", r"each period from 2 to 100,000 rows"),
        ("sma-20-3", r"write it as 'sma-20'"),
        ("obv-3", r"write it as 'obv'"),
        ("macd-26-12-9", r"write it as 'macd-12-26-9', .* the first shorter than the second"),
    ],
)
def test_what_is_no_indicator_is_refused(text: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        parse(text)
