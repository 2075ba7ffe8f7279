"""`gatecast forecast`: what it prints, what it keeps, and that it can be repeated to the byte."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from working_folder import FAST, left_behind

from gatecast.cli.tables import forecast_columns
from gatecast.errors import TrainingError

KEPT = {"forecast.csv", "scores.csv", "report.html", "model", "run.toml"}


def _hashes(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_it_keeps_the_five_things_and_tells_where(gatecast, folder: Path) -> None:
    outcome = gatecast("forecast", "prices.csv", *FAST)
    assert (outcome.code, outcome.err) == (0, "")
    assert left_behind(folder) == {"prices.csv", "prices-forecast"}
    assert left_behind(folder / "prices-forecast") == KEPT
    assert outcome.out.startswith("prices.csv: 60 rows")
    for name in (*KEPT, "MASE", "R²", "direction", "seasonal naive", "moving average"):
        assert name in outcome.out
    assert "\x1b" not in outcome.out, "no colour without a terminal"


def test_trap_11_exactly_horizon_rows_dated_after_the_last_input_row(gatecast, folder: Path) -> None:
    gatecast("forecast", "prices.csv", *FAST)
    rows = _rows(folder / "prices-forecast" / "forecast.csv")
    assert list(rows[0]) == ["day", "forecast", "lo-80", "hi-80", "lo-95", "hi-95"]
    assert [row["day"] for row in rows] == ["2024-03-05", "2024-03-06", "2024-03-07"]


def test_many_series_keep_their_own_column_names_and_ids(gatecast, folder: Path) -> None:
    lines = [f"{n:06d},{2000 + t},{n + t % 5}" for n in (1, 2) for t in range(50)]
    (folder / "many.csv").write_text("\n".join(["code,year,sales", *lines]))
    arguments = ("--id", "code", "--time", "year", "--target", "sales", *FAST)
    assert gatecast("forecast", "many.csv", *arguments).code == 0
    rows = _rows(folder / "many-forecast" / "forecast.csv")
    assert [(row["code"], row["year"]) for row in rows] == [
        (code, str(year)) for code in ("000001", "000002") for year in (2050, 2051, 2052)
    ]


def test_scores_csv_holds_the_table_and_the_error_of_every_step(gatecast, folder: Path) -> None:
    gatecast("forecast", "prices.csv", *FAST)
    rows = _rows(folder / "prices-forecast" / "scores.csv")
    assert [row["method"] for row in rows][:2] == ["LSTM", "naive"]
    assert {"MASE", "RMSE", "coverage-80", "direction", "mae-1", "mae-2", "mae-3"} <= set(rows[0])
    naive = next(row for row in rows if row["method"] == "naive")
    assert naive["direction"] == "", "what is not defined is an empty cell"


def test_run_toml_repeats_the_run_to_the_byte(gatecast, folder: Path) -> None:
    first = gatecast("forecast", "prices.csv", *FAST, "--levels", "50,90", "--seed", "7", "--windows", "4")
    toml = str(folder / "prices-forecast" / "run.toml")
    again = gatecast("forecast", "prices.csv", "--config", toml, "--out", "again")
    assert (first.code, again.code) == (0, 0)
    assert _hashes(folder / "again") == _hashes(folder / "prices-forecast")


def test_what_a_budget_ended_is_repeated_by_its_steps(gatecast, folder: Path) -> None:
    arguments = ("--horizon", "3", "--device", "cpu", "--budget", "0.3")
    assert gatecast("forecast", "prices.csv", *arguments).code == 0
    assert "budget" not in (folder / "prices-forecast" / "run.toml").read_text()
    assert gatecast("forecast", "prices.csv", "--config", "prices-forecast/run.toml", "--out", "again").code == 0
    first, again = _hashes(folder / "prices-forecast"), _hashes(folder / "again")
    assert first["forecast.csv"] == again["forecast.csv"]
    assert first["scores.csv"] == again["scores.csv"]


def test_force_replaces_an_earlier_forecast(gatecast, folder: Path) -> None:
    gatecast("forecast", "prices.csv", *FAST)
    (folder / "prices-forecast" / "forecast.csv").write_text("old")
    assert gatecast("forecast", "prices.csv", *FAST).code == 2
    assert (folder / "prices-forecast" / "forecast.csv").read_text() == "old"
    assert gatecast("forecast", "prices.csv", *FAST, "--force").code == 0
    assert left_behind(folder) == {"prices.csv", "prices-forecast"}
    assert len(_rows(folder / "prices-forecast" / "forecast.csv")) == 3


def test_json_is_one_document_with_all_findings(gatecast, folder: Path) -> None:
    outcome = gatecast("forecast", "prices.csv", *FAST, "--json")
    document = outcome.json()
    assert outcome.err == ""
    assert {"data", "training", "scores", "forecast", "recipe", "files"} == set(document)
    assert len(document["forecast"]) == 3
    assert document["scores"]["methods"][0]["method"] == "LSTM"
    assert document["scores"]["methods"][1]["direction"] is None, "no NaN token"
    assert all((folder / path).exists() for path in document["files"].values())


def test_chinese_from_the_first_word_to_the_last(gatecast, folder: Path) -> None:
    outcome = gatecast("forecast", "prices.csv", *FAST, "--lang", "zh")
    assert outcome.code == 0
    for word in ("60 行", "窗口", "朴素", "预测 close", "已保存"):
        assert word in outcome.out
    for word in ("Judged", "Kept", "Forecast", "method"):
        assert word not in outcome.out
    assert "zh-CN" in (folder / "prices-forecast" / "report.html").read_text("utf-8")[:300]


def test_the_tables_fit_into_eighty_columns(gatecast, folder: Path) -> None:
    lines = [f"{2000 + t},{1e8 + 1e6 * (t % 7)}" for t in range(60)]
    (folder / "large.csv").write_text("\n".join(["year,sales", *lines]))
    outcome = gatecast("forecast", "large.csv", "--horizon", "12", "--steps", "2", "--device", "cpu")
    tables = [line for line in outcome.out.splitlines() if line.startswith(" ")]
    assert tables and max(len(line.rstrip()) for line in tables) <= 80
    assert "…" not in "".join(tables).replace("… ", ""), "no number is cut"


def test_a_value_that_is_not_finite_never_leaves(gatecast, folder: Path) -> None:
    from gatecast.forecaster import Forecaster

    forecast = Forecaster(3, steps=2, device="cpu").fit("prices.csv").predict()
    broken = replace(forecast, point=np.full_like(forecast.point, np.nan))
    with pytest.raises(TrainingError, match="not finite"):
        forecast_columns(broken)


def test_the_bundled_ashare_file_is_read_as_it_is(gatecast) -> None:
    from gatecast import datasets

    data = str(datasets.path("ashare-synthetic"))
    document = gatecast("describe", data, "--target", "收盘", "--json").json()
    roles = {column["name"]: column["role"] for column in document["columns"]}
    assert (roles["日期"], roles["收盘"]) == ("time", "target")
    assert {"encoding", "sorted"} <= {note["kind"] for note in document["notes"]}
    assert document["last"] == "2023-12-29"


@pytest.mark.slow
def test_the_demo_ends_with_a_report(gatecast, folder: Path) -> None:
    assert gatecast("demo").code == 0
    assert left_behind(folder / "demo-forecast") == KEPT
    assert len(_rows(folder / "demo-forecast" / "forecast.csv")) == 25
