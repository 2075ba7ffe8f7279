"""The page of benchmarks says what the recorded results say; a record may be made in parts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """benchmarks/record.py, writing into a folder of its own."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import record

    monkeypatch.setattr(record, "RESULTS", tmp_path)
    return record


def test_the_page_holds_the_recorded_results() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "benchmarks" / "table.py"), "--check"], check=False)
    assert done.returncode == 0, "run benchmarks/table.py"


def test_a_part_that_is_measured_anew_takes_the_place_of_its_rows_alone(record: Any) -> None:
    record.write_record("m4", [{"group": group, "seed": 0, "owa": 1.0} for group in ("hourly", "weekly")])
    path = record.write_record("m4", [{"group": "weekly", "seed": 0, "owa": 0.5}], key=("group", "seed"))
    rows = json.loads(path.read_text())["rows"]
    assert [(row["group"], row["owa"]) for row in rows] == [("hourly", 1.0), ("weekly", 0.5)]
    assert all(row["commit"] and row["processor"] for row in rows)


def test_without_a_key_a_record_is_whole(record: Any) -> None:
    record.write_record("steps", [{"case": "small"}, {"case": "wide"}])
    path = record.write_record("steps", [{"case": "small"}])
    assert json.loads(path.read_text())["rows"] == [{"case": "small"}]
