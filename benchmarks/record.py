"""Writes what a benchmark found as JSON, with the machine and its load, the versions, the commit and the date."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def write_record(name: str, rows: list[dict[str, Any]], key: Sequence[str] = (), device: str = "cpu") -> Path:
    """`benchmarks/results/NAME.json`, or `NAME-DEVICE.json` of what ran on a GPU.

    key: the fields that say what a row is about, of a benchmark that is long and may be run in parts. Its rows tell
    their own commit and processor, and those of earlier runs stay unless a new one is about the same.
    """
    name += "" if device == "cpu" else f"-{device}"
    path = RESULTS / f"{name}.json"
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    commit, processor = asked.stdout.strip(), _processor(device)
    if key:
        rows = _kept(path, rows, key) + [{**row, "commit": commit, "processor": processor} for row in rows]
    record = {
        "benchmark": name,
        "commit": commit,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {
            "processor": processor,
            "cores": os.cpu_count(),
            "system": platform.system(),
            "load": round(os.getloadavg()[1], 1) if hasattr(os, "getloadavg") else None,  # mean of the last 5 minutes
        },
        "versions": {"python": platform.python_version()} | {p: version(p) for p in ("torch", "numpy", "polars")},
        "rows": rows,
    }
    RESULTS.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    return path


def _kept(path: Path, rows: list[dict[str, Any]], key: Sequence[str]) -> list[dict[str, Any]]:
    """The earlier rows that none of the new ones replaces."""
    if not path.exists():
        return []
    earlier = json.loads(path.read_text())
    where = {"commit": earlier["commit"], "processor": earlier["machine"]["processor"]}
    new = {tuple(row[name] for name in key) for row in rows}
    return [
        {**row, **{k: row.get(k, where[k]) for k in where}}
        for row in earlier["rows"]
        if tuple(row[name] for name in key) not in new
    ]


def _processor(device: str) -> str:
    """What computes: the GPU where one does, which is named with the processor that feeds it."""
    if device != "cpu":
        import torch

        return f"{torch.cuda.get_device_name(device)} beside {_processor('cpu')}"
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
