"""The hand-over of benchmarks/peers.py and its scores, with forecasters that are made up here."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
# Reads what it is handed, and repeats the last value of each series; then what the test adds.
FAKE = """
import csv, json, sys
from pathlib import Path
folder = Path(sys.argv[1])
task = json.loads((folder / "task.json").read_text())
last = {row["unique_id"]: row["y"] for row in csv.DictReader((folder / "history.csv").open())}
rows = [(name, step, y) for name, y in last.items() for step in range(task["horizon"], 0, -1)][::-1]
CHANGE
with (folder / "forecast.csv").open("w", newline="") as file:
    csv.writer(file).writerows([("unique_id", "step", "y"), *rows])
answer = {"state": "done", "library": "fake 1.0", "import_seconds": 0.5, "seconds": 1.25}
(folder / "answer.json").write_text(json.dumps(answer))
"""


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import peers

    return peers


@pytest.fixture
def weekly(peers: Any, tmp_path: Path) -> Any:
    """Three series of different lengths, as M4 writes them: `"M4's row","1.0",…`, ends left empty."""
    random = np.random.default_rng(0)
    series = [100 * (k + 1) + np.cumsum(random.normal(size=length)) for k, length in enumerate((60, 80, 70))]
    lines = ['"V1","V2"', *(f'"W{k}",' + ",".join(f'"{y}"' for y in values) for k, values in enumerate(series, 1))]
    (tmp_path / "m4_weekly_train.csv").write_text("\n".join(lines) + ",,\n")
    return peers.held_out("weekly", tmp_path, 2)


def row_of(peers: Any, held: Any, tmp_path: Path, change: str = "", limit: float = 30) -> dict[str, Any]:
    program = tmp_path / "fake.py"
    program.write_text(FAKE.replace("CHANGE", change))
    (row,) = peers.compared(held, {"fake": [sys.executable, str(program)]}, limit, None)
    return row


def test_a_forecast_comes_back_to_its_series_and_is_scored(peers: Any, weekly: Any, tmp_path: Path) -> None:
    row = row_of(peers, weekly, tmp_path)
    assert row["state"] == "done"
    assert (row["data"], row["series"], row["library"]) == ("weekly", 2, "fake 1.0")
    assert (row["import_seconds"], row["seconds"]) == (0.5, 1.25)
    errors = [np.abs(y - past[-1]).mean() for y, past in zip(weekly.actual, weekly.pasts, strict=True)]
    steps = [np.abs(np.diff(past)).mean() for past in weekly.pasts]
    assert row["mase"] == pytest.approx(np.mean(np.divide(errors, steps)), abs=1e-3)
    assert row["owa"] == 1  # the last value is what Naive2 says of weeks


def test_the_held_out_values_are_not_handed_over(peers: Any, weekly: Any, tmp_path: Path) -> None:
    peers.hand_over(weekly, tmp_path, None)
    handed = (tmp_path / "history.csv").read_text().splitlines()
    assert [len(y) for y in weekly.pasts] == [47, 67]
    assert len(handed) == 1 + 47 + 67
    assert not any(str(y) in "\n".join(handed) for y in weekly.actual.ravel())
    assert json.loads((tmp_path / "task.json").read_text())["horizon"] == 13


def test_months_are_handed_over_with_their_dates(peers: Any, tmp_path: Path) -> None:
    months = [f"{year}-{month:02}" for year in range(1949, 1952) for month in range(1, 13)]
    table = ["Month,#Passengers", *(f"{month},{k}" for k, month in enumerate(months, 100))]
    (tmp_path / "AirPassengers.csv").write_text("\n".join(table))
    held = peers.held_out("airpassengers", tmp_path, None)
    assert held.frame["ds"].to_list()[-1] == "1950-12-01"
    row = row_of(peers, held, tmp_path, "rows = [(name, step, float(y) + step) for name, step, y in rows]")
    assert row["mase"] == 0  # one passenger more every month
    assert row["owa"] is None


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ("rows = rows[1:]", "incomplete forecast"),
        ("rows[3] = (*rows[3][:2], 'nan')", "incomplete forecast"),
        ("raise ValueError('no | good')", "failed: ValueError: no / good"),
        ("import time; time.sleep(60)", "over 1 s"),
    ],
)
def test_a_peer_that_does_not_answer_has_a_row_without_scores(
    peers: Any, weekly: Any, tmp_path: Path, change: str, state: str
) -> None:
    row = row_of(peers, weekly, tmp_path, change, limit=1 if "sleep" in change else 30)
    assert row["state"] == state
    assert row["smape"] is row["mase"] is row["owa"] is None


def test_a_peer_that_is_not_installed_says_so(
    peers: Any, weekly: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that is missing, an environment that was never made; the next peer has its turn."""
    missing = "No module named 'neuralforecast'"
    (tmp_path / "neuralforecast.py").write_text(f"raise ModuleNotFoundError({missing!r})")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pythons = {
        "neuralforecast-lstm": sys.executable,
        "auto-ets": peers.python_of(tmp_path / "nowhere"),
        "seasonal-naive": sys.executable,
    }
    commands = {name: [python, str(BENCHMARKS / "peer.py"), name] for name, python in pythons.items()}
    rows = peers.compared(weekly, commands, 30, None)
    assert rows[0]["state"] == f"not installed: {missing}"
    assert rows[1]["state"] == "not installed: no such environment"
    assert (rows[2]["state"], rows[2]["owa"]) == ("done", 1)
