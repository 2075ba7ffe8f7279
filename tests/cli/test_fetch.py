"""`gatecast fetch` without a network: the file, the words, the JSON, and mistakes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from working_folder import Outcome, left_behind


@pytest.fixture
def yahoo(monkeypatch: pytest.MonkeyPatch) -> None:
    """yfinance, without a network: three days of any symbol."""
    index = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04"], name="Date").tz_localize("America/New_York")
    prices = {name: [10.0, 11.5, 12.25] for name in ("Open", "High", "Low", "Close", "Adj Close")}

    def ticker(symbol: str) -> Any:
        return SimpleNamespace(history=lambda **_: pd.DataFrame(prices | {"Volume": [5, 6, 7]}, index=index))

    monkeypatch.setitem(sys.modules, "yfinance", SimpleNamespace(Ticker=ticker))


@pytest.mark.usefixtures("yahoo")
def test_prices_become_a_table_that_can_be_read(gatecast: Callable[..., Outcome], folder: Path) -> None:
    done = gatecast("fetch", "yahoo", "^GSPC", "--start", "2024-01-01", "--end", "2024-01-04")
    assert done.code == 0, done.err
    assert "^GSPC from yahoo: 3 days, 2024-01-02 to 2024-01-04; columns date, open" in " ".join(done.out.split())
    assert (folder / "GSPC.csv").read_text().splitlines() == [
        "date,open,high,low,close,adj_close,volume",
        "2024-01-02,10.0,10.0,10.0,10.0,10.0,5",
        "2024-01-03,11.5,11.5,11.5,11.5,11.5,6",
        "2024-01-04,12.25,12.25,12.25,12.25,12.25,7",
    ]
    assert gatecast("describe", "GSPC.csv", "--target", "adj_close").code == 0


@pytest.mark.usefixtures("yahoo")
def test_json_says_what_was_kept(gatecast: Callable[..., Outcome]) -> None:
    told = gatecast("fetch", "yahoo", "AAPL", "--out", "apple.csv", "--json").json()
    assert told["files"] == {"prices": "apple.csv"}
    assert (told["data"]["rows"], told["data"]["first"], told["data"]["last"]) == (3, "2024-01-02", "2024-01-04")


@pytest.mark.usefixtures("yahoo")
def test_an_earlier_file_is_kept_unless_forced(gatecast: Callable[..., Outcome], folder: Path) -> None:
    (folder / "AAPL.csv").write_text("mine")
    done = gatecast("fetch", "yahoo", "AAPL")
    assert (done.code, (folder / "AAPL.csv").read_text()) == (2, "mine")
    assert "AAPL.csv exists already" in done.err
    assert gatecast("fetch", "yahoo", "AAPL", "--force").code == 0
    assert (folder / "AAPL.csv").read_text().startswith("date,")


@pytest.mark.usefixtures("yahoo")
def test_a_symbol_never_leads_out_of_the_folder(gatecast: Callable[..., Outcome], folder: Path) -> None:
    assert gatecast("fetch", "yahoo", "../../etc/BRK.B").code == 0
    assert left_behind(folder) == {"prices.csv", "etc-BRK-B.csv"}
    assert "is no symbol" in gatecast("fetch", "yahoo", "../..").err


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_missing_library_is_one_message(
    gatecast: Callable[..., Outcome], folder: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setitem(sys.modules, "yfinance", None)
    done = gatecast("fetch", "yahoo", "AAPL", "--lang", language)
    assert done.code == 2 and "gatecast[yahoo]" in done.err
    assert left_behind(folder) == {"prices.csv"}


def test_an_unknown_source_is_one_message(gatecast: Callable[..., Outcome]) -> None:
    done = gatecast("fetch", "google", "AAPL")
    assert done.code == 2 and "unknown source 'google'" in done.err
