"""The adapters on recorded answers, and what is said where there is no library, network, token or such symbol."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

import pandas as pd
import pytest
import recorded

from gatecast.data import ReadOptions, read
from gatecast.errors import MissingExtraError, OptionError, SourceError
from gatecast.sources import SOURCES, fetch

COLUMNS = ["date", "open", "high", "low", "close", "volume"]
ADJUSTED = [*COLUMNS[:5], "adj_close", "volume"]


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TUSHARE_TOKEN", "0123456789abcdef")
    return "0123456789abcdef"


def install(monkeypatch: pytest.MonkeyPatch, name: str, made: tuple[Any, recorded.Asked]) -> recorded.Asked:
    module, asked = made
    monkeypatch.setitem(sys.modules, name, module)
    return asked


def test_yahoo_gives_days_of_the_exchange_and_the_adjusted_close(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = install(monkeypatch, "yfinance", recorded.yfinance(recorded.yahoo_frame()))
    found = fetch("yahoo", "AAPL", "2024-01-02", "2024-01-04")
    assert found.columns == ADJUSTED
    assert found["date"].to_list() == [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)]
    assert found.row(2)[1:] == (12.5, 13.0, 12.0, 12.25, 6.125, 1800)
    (call,) = asked
    assert (call["symbol"], call["start"], call["end"]) == ("AAPL", "2024-01-02", "2024-01-05")  # its end is excluded
    assert call["auto_adjust"] is False


def test_akshare_has_chinese_columns_and_volume_in_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = install(monkeypatch, "akshare", recorded.akshare())
    found = fetch("akshare", "600519", "2024-01-02", "2024-01-04")
    assert found.columns == ADJUSTED
    assert found.row(0) == (date(2024, 1, 2), 10, 11.5, 9.5, 11, 5.5, 100_000)
    assert [call["adjust"] for call in asked] == ["", "qfq"]
    assert (asked[0]["symbol"], asked[0]["start_date"], asked[0]["end_date"]) == ("600519", "20240102", "20240104")


def test_tushare_comes_newest_first_and_is_turned(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    asked = install(monkeypatch, "tushare", recorded.tushare(recorded.tushare_frame()))
    found = fetch("tushare", "600519.SH", "2024-01-01", "2024-01-31")
    assert found.columns == COLUMNS
    assert found.row(0) == (date(2024, 1, 2), 10, 11.5, 9.5, 11, 100_000)
    assert found["close"].to_list() == recorded.CLOSE
    wanted = {"token": token, "ts_code": "600519.SH", "start_date": "20240101", "end_date": "20240131"}
    assert asked == [wanted]


def test_tushare_is_asked_in_spans_that_one_answer_can_hold(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    asked = install(monkeypatch, "tushare", recorded.tushare(recorded.tushare_frame().head(0)))
    with pytest.raises(SourceError, match=r"no prices of '600519\.SH'"):
        fetch("tushare", "600519.SH", "1991-05-06", "2024-01-31")
    spans = [(call["start_date"], call["end_date"]) for call in asked]
    assert spans == [("19910506", "20101231"), ("20110101", "20240131")]


def test_days_without_a_close_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = recorded.yahoo_frame()
    frame.iloc[1, 0:5] = float("nan")
    install(monkeypatch, "yfinance", recorded.yfinance(frame))
    assert fetch("yahoo", "AAPL")["close"].to_list() == [11.0, 12.25]


def test_what_was_fetched_can_be_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "yfinance", recorded.yfinance(recorded.yahoo_frame()))
    panel = read(fetch("yahoo", "AAPL"), ReadOptions(target="close", indicators=("atr-2", "obv"))).panel
    assert panel.columns == ("close", "atr-2", "obv")
    assert panel.values[:, 2].tolist() == [1000, 3500, 5300]


# what goes wrong ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOURCES)
def test_a_missing_library_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, SOURCES[name].library, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'gatecast\[{name}\]'"):
        fetch(name, "X")


def test_an_unknown_source_lists_the_known() -> None:
    with pytest.raises(OptionError, match=r"unknown source 'yaho' \(did you mean 'yahoo'\?\); .*akshare, tushare"):
        fetch("yaho", "AAPL")


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("01/02/2024", None, "--start must be a day such as 2020-01-31, got '01/02/2024'"),
        (None, "2024-02-30", "--end must be a day"),
        ("2024-02-01", "2024-01-01", "--start 2024-02-01 lies after --end 2024-01-01"),
    ],
)
def test_days_that_cannot_be_are_refused_before_anybody_is_asked(start: str, end: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        fetch("yahoo", "AAPL", start, end)


@pytest.mark.parametrize("error", [ConnectionError("Name or service not known"), TimeoutError("timed out")])
def test_no_network(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    install(monkeypatch, "yfinance", recorded.yfinance(error))
    with pytest.raises(SourceError, match=r"yahoo did not answer; check the network, .*\((Name|timed)") as caught:
        fetch("yahoo", "AAPL")
    assert "请检查网络" in caught.value.text.chinese


@pytest.mark.parametrize("empty", [pd.DataFrame(), None], ids=["empty", "none"])
def test_an_empty_answer_names_symbol_and_days(monkeypatch: pytest.MonkeyPatch, empty: Any) -> None:
    install(monkeypatch, "yfinance", recorded.yfinance(empty))
    with pytest.raises(SourceError, match="no prices of 'NOPE' from 2024-01-01 to 2024-01-31; check the symbol"):
        fetch("yahoo", "NOPE", "2024-01-01", "2024-01-31")


def test_what_the_library_says_of_an_unknown_symbol_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "akshare", recorded.akshare(KeyError("data")))
    with pytest.raises(SourceError, match=r"akshare gave no prices of '1': 'data'; .*written as in '600519'"):
        fetch("akshare", "1")


def test_a_changed_answer_names_the_column(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "akshare", recorded.akshare(recorded.akshare_frame().rename(columns={"收盘": "收"})))
    with pytest.raises(SourceError, match="akshare has no column '收盘', only 日期, "):
        fetch("akshare", "600519")


def test_a_missing_token_says_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUSHARE_TOKEN", raising=False)
    asked = install(monkeypatch, "tushare", recorded.tushare(recorded.tushare_frame()))
    with pytest.raises(SourceError, match=r"tushare wants a token.*export TUSHARE_TOKEN"):
        fetch("tushare", "600519.SH")
    assert not asked


def test_a_refused_token_is_never_shown(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    install(monkeypatch, "tushare", recorded.tushare(Exception(f"您的token不对，请确认。 {token}")))
    with pytest.raises(SourceError, match=r"wants a token.*您的token不对") as caught:
        fetch("tushare", "600519.SH")
    assert token not in repr(caught.value) and token not in "".join(caught.value.text)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_ctrl_c_is_no_answer_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "yfinance", recorded.yfinance(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        fetch("yahoo", "AAPL")
