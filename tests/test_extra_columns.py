"""Indicators and joined tables through a whole forecast: fitted, saved, loaded, continued on new data; CLI and TOML."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gatecast import load
from gatecast.cli import run
from gatecast.errors import OptionError
from gatecast.forecaster import Forecaster

ROWS = 90


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with prices.csv, newer.csv (twenty rows more) and macro.csv."""
    monkeypatch.setenv("GATECAST_LANG", "en")
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    close = 50 + np.cumsum(random.normal(0, 1, ROWS + 20))
    days = np.datetime64("2020-01-01") + np.arange(len(close)).astype("timedelta64[D]")
    prices = pl.DataFrame({"date": days, "high": close + 1, "low": close - 1, "close": close})
    prices.head(ROWS).write_csv("prices.csv")
    prices.write_csv("newer.csv")
    pl.DataFrame({"date": days[::15], "rate": np.arange(len(days[::15])) / 7}).write_csv("macro.csv")
    return tmp_path


def small() -> Forecaster:
    return Forecaster(horizon=3, steps=3, members=1, device="cpu", network={"hidden": 4})


EXTRA = {"target": "close", "indicators": ["rsi-5", "atr-5"], "join": "macro.csv", "join_lag": "10d"}


def test_a_saved_model_computes_its_covariates_from_the_new_rows(tables: Path) -> None:
    model = small().fit("prices.csv", **EXTRA)
    assert model.fitted.plan.network.past == 3
    model.save("model")
    again = load("model", device="cpu")
    assert (again.predict().point == model.predict().point).all()
    expected = model.predict("newer.csv").point
    assert not (expected == model.predict().point).any()
    assert (again.predict("newer.csv", join=["macro.csv"]).point == expected).all()


def test_a_loaded_model_opens_no_file_on_its_own(tables: Path) -> None:
    small().fit("prices.csv", **(EXTRA | {"join": [tables / "macro.csv"]})).save("model")
    assert str(tables) not in (tables / "model" / "model.json").read_text()
    with pytest.raises(OptionError, match=r"trained with columns of macro\.csv; give the table again.*--join FILE"):
        load("model").predict("newer.csv")


def test_a_loaded_model_wants_the_same_columns(tables: Path) -> None:
    small().fit("prices.csv", **EXTRA).save("model")
    pl.read_csv("macro.csv").rename({"rate": "other"}).write_csv("other.csv")
    with pytest.raises(OptionError, match=r"trained with the columns close, rate, rsi-5, atr-5; got close, other"):
        load("model").predict("newer.csv", join=["other.csv"])


def test_the_judge_sees_the_same_columns(tables: Path) -> None:
    scores = small().fit("prices.csv", **EXTRA).backtest(windows=2)
    assert "LSTM" in scores.methods


def test_the_command_line_and_its_file_say_the_same(tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--horizon", "3", "--steps", "2", "--members", "1", "--windows", "2", "--device", "cpu"]
    extra = ["--indicators", "rsi-5,macd-2-4-3", "--join", "macro.csv", "--join-lag", "10d"]
    assert run(["forecast", "prices.csv", "--target", "close", *extra, *options, "--out", "first"]) == 0
    toml = (tables / "first" / "run.toml").read_text()
    assert 'indicators = ["rsi-5", "macd-2-4-3"]\njoin = ["macro.csv"]\njoin_lag = "10d"' in toml
    assert run(["forecast", "prices.csv", "--config", "first/run.toml", "--out", "again"]) == 0
    first, again = ((tables / folder / "forecast.csv").read_bytes() for folder in ("first", "again"))
    assert first == again
    assert run(["predict", "first/model", "newer.csv", "--join", "macro.csv", "--out", "next.csv"]) == 0
    assert len((tables / "next.csv").read_text().splitlines()) == 4
    capsys.readouterr()
    assert run(["predict", "first/model", "newer.csv"]) == 2
    assert "--join FILE" in capsys.readouterr().err


def test_two_tables_are_joined_by_two_options(tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pl.read_csv("macro.csv").rename({"rate": "other"}).write_csv("other.csv")
    assert run(["describe", "prices.csv", "--target", "close", "--join", "macro.csv", "--join", "other.csv"]) == 0
    shown = capsys.readouterr().out
    assert "macro.csv joined by date: 'rate'" in shown and "other.csv joined by date: 'other'" in shown
    assert run(["describe", "prices.csv", "--target", "close", "--join", "macro.csv", "--join-lag", "soon"]) == 2
    assert "--join-lag must be 30d" in capsys.readouterr().err
