"""The other commands: describe, fit, predict, backtest, models; the help, the version, the language."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_group
from working_folder import FAST, left_behind, prices

COMMANDS = ["forecast", "describe", "fit", "predict", "inspect", "find-rate", "backtest", "compare", "classify"]
COMMANDS += ["models", "demo", "fetch", "study"]


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], {"torch", "polars", "plotly", "numpy", "pydantic", "narwhals", "safetensors", "click"}),
        (["forecast", "--help"], {"torch", "polars", "plotly", "numpy", "narwhals", "safetensors", "click"}),
    ],
)
def test_trap_18_the_help_imports_nothing_heavy(arguments: list[str], heavy: set[str]) -> None:
    code = (
        "import sys, json\n"
        "from gatecast.cli import run\n"
        f"run({arguments})\n"
        "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(json.loads(done.stdout.splitlines()[-1])) & heavy


def test_no_command_is_left_out_here(gatecast) -> None:
    gatecast("--help")  # the app takes the language of its first call
    from gatecast.cli.app import app

    assert list(get_group(app).commands) == COMMANDS


def test_the_help_names_every_command_and_is_chinese_when_asked() -> None:
    arguments = [sys.executable, "-m", "gatecast", "--help"]
    english = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    assert all(re.search(rf"^\W*{command}  ", english, re.M) for command in COMMANDS)
    chinese = subprocess.run([*arguments, "--lang", "zh"], capture_output=True, text=True, check=True)
    assert "主要流程" in chinese.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_json_and_language(gatecast, command: str) -> None:
    outcome = gatecast(command, "--help")
    assert outcome.code == 0
    assert "--json" in outcome.out and "--lang" in outcome.out


def test_no_argument_shows_the_help(gatecast) -> None:
    outcome = gatecast()
    assert outcome.code == 0 and "forecast" in outcome.out


def test_version(gatecast) -> None:
    from gatecast.version import __version__

    assert gatecast("--version").out == f"gatecast {__version__}\n"


def test_an_unknown_language_or_command_is_a_mistake(gatecast) -> None:
    assert gatecast("models", "--lang", "fr").err == "Error: --lang must be en or zh, got 'fr'.\n"
    outcome = gatecast("forcast", "prices.csv")
    assert outcome.code == 2 and "forcast" in outcome.err


def test_the_language_of_a_call_does_not_stay(gatecast, monkeypatch) -> None:
    import os

    monkeypatch.setenv("GATECAST_LANG", "en")
    assert "无" in gatecast("describe", "prices.csv", "--lang=zh", "--season", "none").out
    assert os.environ["GATECAST_LANG"] == "en"


def test_describe_tells_columns_step_seasons_and_lengths(gatecast, folder: Path) -> None:
    lines = [f"{name},2024-01-{day:02d},{day % 7}" for name in ("a[red]", "b") for day in range(1, 29)]
    (folder / "two.csv").write_text("\n".join(["item,day,sold", *lines]))
    outcome = gatecast("describe", "two.csv")
    for word in ("item", "target", "every day", "a[red]", "28"):
        assert word in outcome.out, word
    document = gatecast("describe", "two.csv", "--json").json()
    assert document["lengths"] == {"a[red]": 28, "b": 28}
    assert document["seasons"] == [7]
    assert {c["name"]: c["role"] for c in document["columns"]} == {"item": "id", "day": "time", "sold": "target"}


def test_trap_15_looking_writes_nothing(gatecast, folder: Path) -> None:
    for arguments in (("describe", "prices.csv"), ("backtest", "prices.csv", *FAST), ("models",)):
        assert gatecast(*arguments).code == 0
    assert left_behind(folder) == {"prices.csv"}


def test_fit_then_predict_is_the_forecast_of_the_main_job(gatecast, folder: Path) -> None:
    assert gatecast("fit", "prices.csv", *FAST, "--out", "model").code == 0
    assert left_behind(folder) == {"prices.csv", "model"}
    assert gatecast("predict", "model", "--out", "next.csv", "--device", "cpu").code == 0
    assert gatecast("forecast", "prices.csv", *FAST).code == 0
    assert (folder / "next.csv").read_text() == (folder / "prices-forecast" / "forecast.csv").read_text()


def test_predict_goes_on_from_new_data(gatecast, folder: Path) -> None:
    gatecast("fit", "prices.csv", *FAST, "--out", "model")
    (folder / "later.csv").write_text(prices(70))
    document = gatecast("predict", "model", "later.csv", "--json").json()
    assert [row["day"] for row in document["forecast"]] == ["2024-03-15", "2024-03-16", "2024-03-17"]
    assert left_behind(folder) == {"prices.csv", "later.csv", "model"}


def test_predict_understands_new_data_as_fit_did(gatecast, folder: Path) -> None:
    header = "seen,noted,close"
    rows = [f"{1 + n % 28:02d}/{1 + n // 28:02d}/2024,{n},{n % 5}" for n in range(60)]
    (folder / "two-times.csv").write_text("\n".join([header, *rows]))
    assert gatecast("fit", "two-times.csv", *FAST, "--time", "seen", "--target", "close", "--out", "model").code == 0
    (folder / "new.csv").write_text("\n".join([header, *rows[:12]]))  # its dates alone would be ambiguous
    fit_again = ("fit", "two-times.csv", *FAST, "--time", "seen", "--target", "close", "--dayfirst")
    assert gatecast(*fit_again, "--out", "model", "--force").code == 0
    document = gatecast("predict", "model", "new.csv", "--json").json()
    assert [row["seen"] for row in document["forecast"]] == ["13/01/2024", "14/01/2024", "15/01/2024"]


def test_predict_keeps_an_existing_file_unless_forced(gatecast, folder: Path) -> None:
    gatecast("fit", "prices.csv", *FAST, "--out", "model")
    (folder / "next.csv").write_text("mine")
    assert gatecast("predict", "model", "--out", "next.csv").code == 2
    assert (folder / "next.csv").read_text() == "mine"
    assert gatecast("predict", "model", "--out", "next.csv", "--force").code == 0
    assert (folder / "next.csv").read_text().startswith("day,forecast")


def test_an_interrupted_fit_is_resumed_or_started_over(gatecast, folder: Path, monkeypatch) -> None:
    from gatecast.forecaster import Forecaster

    save = Forecaster.save

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Forecaster, "save", killed)
    assert gatecast("fit", "prices.csv", *FAST, "--out", "model").code == 130
    assert left_behind(folder) == {"prices.csv", "model.partial"}
    monkeypatch.setattr(Forecaster, "save", save)
    assert gatecast("fit", "prices.csv", *FAST, "--out", "model", "--resume").code == 0
    assert left_behind(folder) == {"prices.csv", "model"}
    again = gatecast("fit", "prices.csv", *FAST, "--out", "model", "--resume")
    assert again.code == 0 and "nothing to resume" in again.out
    assert gatecast("fit", "prices.csv", *FAST, "--out", "model").code == 2, "never overwritten without --force"
    (folder / "other.partial").mkdir()
    assert "is dropped" in gatecast("fit", "prices.csv", *FAST, "--out", "other").out
    assert not (folder / "other.partial").exists()


def test_every_command_answers_in_json(gatecast, folder: Path) -> None:
    assert gatecast("fit", "prices.csv", *FAST, "--out", "model", "--json").json()["training"]["steps"] == 2
    assert gatecast("fit", "prices.csv", *FAST, "--out", "model", "--resume", "--json").json()["files"]
    document = gatecast("backtest", "prices.csv", *FAST, "--windows", "3", "--json").json()
    assert document["scores"]["windows"] == 3
    assert {model["name"] for model in gatecast("models", "--json").json()["models"]} >= {"lstm", "gru", "rnn"}
