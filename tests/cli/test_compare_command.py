"""`gatecast compare`: the table and its words, one JSON document, a folder with page and table."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from working_folder import FAST, Outcome, left_behind

Gatecast = Callable[..., Outcome]
TWO = ("compare", "prices.csv", "--models", "mlp,rnn", "--seeds", "2", "--windows", "3", *FAST)


def test_a_row_a_method_and_what_it_means(gatecast: Gatecast, folder: Path) -> None:
    done = gatecast(*TWO, "--ensemble", "mean")
    assert done.code == 0 and left_behind(folder) == {"prices.csv"}
    for word in ("mlp", "rnn", "ensemble", "naive", "drift", "±", "parameters", "best naive forecast", "2 seeds"):
        assert word in done.out
    assert all(len(line) <= 80 for line in done.out.splitlines() if "  " in line.strip())
    assert "误差最小" in gatecast(*TWO, "--lang", "zh").out


def test_json_and_folder(gatecast: Gatecast, folder: Path) -> None:
    document = gatecast(*TWO, "--json", "--out", "found").json()
    assert [one["method"] for one in document["methods"]][:2] == ["mlp", "rnn"]
    assert document["methods"][-1]["kind"] == "naive" and document["methods"][-1]["MASE-spread"] is None
    assert {"first", "second", "gain", "low", "high", "p_value", "sure"} == set(document["differences"][0])
    assert left_behind(folder / "found") == {"comparison.csv", "comparison.json", "report.html"}
    with (folder / "found" / "comparison.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["method"] for row in rows] == [one["method"] for one in document["methods"]]
    assert float(rows[0]["MASE"]) == document["methods"][0]["MASE"]
    again = gatecast(*TWO, "--out", "found")
    assert again.code == 2 and "exists already" in again.err
    assert gatecast(*TWO, "--out", "found", "--force").code == 0


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--models", ""), "name at least one network"),
        (("--models", "mlp,lstn"), "did you mean 'lstm'"),
        (("--seeds", "many"), "--seeds must be a whole number"),
        (("--seeds", "0"), "seeds must be"),
        (("--ensemble", "medain"), "did you mean 'median'"),
        (("--models", "mlp", "--ensemble", "mean"), "only 'mlp' was named"),
    ],
)
def test_mistakes_leave_nothing_behind(gatecast: Gatecast, folder: Path, arguments: tuple[str, ...], part: str) -> None:
    done = gatecast(*TWO, "--out", "found", *arguments)
    assert done.code == 2 and part in done.err and left_behind(folder) == {"prices.csv"}


def test_options_of_a_file_count(gatecast: Gatecast, folder: Path) -> None:
    (folder / "run.toml").write_text('[forecast]\nmodel = "gru"\nhorizon = 3\nlevels = [50]\n[network]\nhidden = 4\n')
    document = gatecast(
        "compare", "prices.csv", "--models", "mlp", "--seeds", "1", "--steps", "2", "--config", "run.toml", "--json"
    ).json()
    assert "coverage-50" in document["methods"][0] and document["methods"][0]["method"] == "mlp"
