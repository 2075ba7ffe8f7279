"""Ten thousand series: how long reading, a short training and the forecast of all take, and the memory of the whole.

    python benchmarks/scale.py [--series N] [--rows N] [--runs N]

Each run is a process of its own, which gets the table as a frame. Memory is the most that the process ever held,
imports included; `at_most` there is twice the frame plus 600 MB.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl
from measure import child, show
from record import write_record

HORIZON = 28
MEGABYTE = 2**20


def make(path: Path, series: int, rows: int) -> None:
    """Daily series with a week, levels from 1 to 1,000, as a Parquet file."""
    draws = np.random.default_rng(0)
    level = 10.0 ** draws.uniform(0, 3, (series, 1))
    week = 1 + 0.3 * draws.normal(size=(series, 7))[:, np.arange(rows) % 7]
    values = level * (week + 0.1 * draws.normal(size=(series, rows)))
    days = np.datetime64("2023-01-01", "us") + np.arange(rows) * np.timedelta64(1, "D")
    ids = pl.Series("id", [f"item {k}" for k in range(series)])
    frame = pl.DataFrame({"id": ids.gather(np.repeat(np.arange(series), rows)), "time": np.tile(days, series)})
    frame.with_columns(y=pl.Series(values.ravel())).write_parquet(path)


def measure(path: Path) -> None:
    """In the child: seconds of every part, and the most memory."""
    import gatecast as gc
    import gatecast.data

    seconds = {}

    def timed(name, work):
        wall, processor = time.perf_counter(), time.process_time()
        found = work()
        seconds[name] = (time.perf_counter() - wall, time.process_time() - processor)
        return found

    frame = pl.read_parquet(path)
    reading = timed("read", lambda: gc.read(frame, gc.data.ReadOptions(target="y", time="time", id="id")))
    model = timed("train 5 steps", lambda: gc.Forecaster(horizon=HORIZON, steps=5).fit(reading))
    forecast = timed("forecast", model.predict)
    timed("to_frame", forecast.to_frame)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "memory": most, "frame": frame.estimated_size() / MEGABYTE}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        make(path, given.series, given.rows)
        found = [child(__file__, "--measure", str(path)) for _ in range(given.runs)]
    rows = summary(found)
    show(rows)
    write_record("scale", rows)


def summary(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Medians over the runs: a row a part, then the memory."""
    limits = {"forecast": 5.0}
    rows = []
    for part in found[0]["seconds"]:
        wall, processor = (round(median(one["seconds"][part][k] for one in found), 2) for k in (0, 1))
        rows.append({"part": part, "found": wall, "processor": processor, "unit": "s", "at_most": limits.get(part)})
    frame = round(found[0]["frame"])
    most = round(median(one["memory"] for one in found))
    rows.append({"part": "the frame", "found": frame, "processor": None, "unit": "MB", "at_most": None})
    rows.append({"part": "most memory", "found": most, "processor": None, "unit": "MB", "at_most": 2 * frame + 600})
    return rows


if __name__ == "__main__":
    main()
