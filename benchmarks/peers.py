"""Other libraries on the same data and the same cores: time, sMAPE, MASE, and on M4 the OWA.

    python benchmarks/peers.py --install ENVIRONMENT
    python benchmarks/peers.py FOLDER --environment ENVIRONMENT [--groups airpassengers,weekly,hourly] [--series N]
                               [--peers gatecast,auto-ets,…] [--budget SECONDS] [--limit SECONDS]

The first makes a virtual environment with the versions of benchmarks/peers-requirements.txt; where a build of torch
for the processor alone comes from is a setting of pip's. FOLDER holds `AirPassengers.csv`, `m4_weekly_train.csv` and
`m4_hourly_train.csv`, as far as they are asked for; each series' last horizon is held out and forecast. `--series`
takes the first N series. Each forecaster (benchmarks/peer.py) runs in a process of its own, in turn, reads one CSV and
gives its forecasts back as CSV; all are scored here. A peer that is not installed, fails, or takes longer than
`--limit` has a row that says so.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from m4 import GROUPS, Group, as_frame, measures, naive2, read_rows
from measure import show
from peer import PEERS
from record import write_record

HERE = Path(__file__).parent
OF_OUR_PYTHON = ("gatecast", "seasonal-naive")
FREQUENCIES = {"airpassengers": "MS", "weekly": "W", "hourly": "h"}
FILES = {
    "airpassengers": "AirPassengers.csv",
    "weekly": "m4_weekly_train.csv",
    "hourly": "m4_hourly_train.csv",
}
AIR_PASSENGERS = Group("airpassengers", 12, 12, "auto", None)


@dataclass(frozen=True)
class Held:
    """Series, and the last horizon of each, which no forecaster sees."""

    group: Group
    pasts: list[np.ndarray]
    actual: np.ndarray  # (series, horizon)
    frame: pl.DataFrame  # what is handed over: unique_id, ds, y

    @property
    def ids(self) -> list[str]:
        return self.frame["unique_id"].unique(maintain_order=True).to_list()

    def scores(self, point: np.ndarray | None) -> dict[str, float | None]:
        """sMAPE in percent, MASE, and on M4 the OWA; None without a forecast."""
        if point is None:
            return {"smape": None, "mase": None, "owa": None}
        horizon, period = self.group.horizon, self.group.period
        smape, mase = measures(self.pasts, self.actual, point, period)
        found: dict[str, float | None] = {"smape": round(smape, 3), "mase": round(mase, 3), "owa": None}
        if self.group is not AIR_PASSENGERS:
            naive = np.array([naive2(y, horizon, period) for y in self.pasts])
            base = measures(self.pasts, self.actual, naive, period)
            found["owa"] = round((smape / base[0] + mase / base[1]) / 2, 4)
        return found


def held_out(name: str, folder: Path, most: int | None) -> Held:
    """The group's first `most` series. The airline passengers have dates; M4's series count their steps."""
    if name == "airpassengers":
        table = pl.read_csv(folder / FILES[name], new_columns=["ds", "y"])
        group, ids, series = AIR_PASSENGERS, [name], [table["y"].to_numpy().astype(float)]
        times = pl.concat_str(table["ds"], pl.lit("-01")).head(len(series[0]) - group.horizon)
    else:
        group = GROUPS[name]
        ids, series = (part[:most] for part in read_rows(folder / FILES[name]))
        times = None
    pasts = [y[: -group.horizon] for y in series]
    frame = as_frame(ids, pasts)
    if times is not None:
        frame = frame.with_columns(ds=times)
    return Held(group, pasts, np.array([y[-group.horizon :] for y in series]), frame)


def hand_over(held: Held, folder: Path, budget: float | None) -> None:
    """Write what benchmarks/peer.py reads."""
    group = held.group
    task = {
        "horizon": group.horizon,
        "period": group.period,
        "frequency": FREQUENCIES[group.name],
        "dated": held.frame["ds"].dtype == pl.String,
        "season": group.season,
        "budget": budget or group.budget,
        "seed": 0,
    }
    (folder / "task.json").write_text(json.dumps(task))
    held.frame.write_csv(folder / "history.csv")


def consult(command: Sequence[str], folder: Path, limit: float) -> dict[str, Any]:
    """Run one forecaster on the folder; its answer, with the processor's seconds for all of it, on all cores."""
    if not Path(command[0]).exists():
        return {"state": "not installed: no such environment"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(
        [*command, str(folder)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            _, told = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            told = None
        finally:
            if process.poll() is None:  # too slow, or we were interrupted: its workers go with it
                os.killpg(process.pid, signal.SIGKILL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = {"processor_seconds": after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime}
    if told is None:
        return answer | {"state": f"over {limit:.0f} s"}
    if process.returncode:
        return answer | {"state": f"failed: {last_line(told)}"}
    return answer | json.loads((folder / "answer.json").read_text())


def last_line(told: str) -> str:
    lines = [line for line in told.splitlines() if line.strip()]
    return lines[-1].replace("|", "/")[:100] if lines else "it said nothing"


def forecast_of(held: Held, folder: Path) -> np.ndarray | None:
    """`(series, horizon)`, or None where a value is missing or not finite."""
    table = pl.read_csv(folder / "forecast.csv", schema_overrides={"unique_id": pl.String, "y": pl.Float64})
    point = np.full(held.actual.shape, np.nan)
    row = {name: k for k, name in enumerate(held.ids)}
    for name, step, y in table.iter_rows():
        if name in row and 1 <= step <= held.group.horizon:
            point[row[name], step - 1] = np.nan if y is None else y
    return point if np.isfinite(point).all() else None


def compared(held: Held, commands: Mapping[str, Sequence[str]], limit: float, budget: float | None) -> list[dict]:
    """One row a forecaster."""
    rows = []
    for name, command in commands.items():
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            hand_over(held, folder, budget)
            answer = consult(command, folder, limit)
            point = forecast_of(held, folder) if answer["state"] == "done" else None
        if answer["state"] == "done" and point is None:
            answer["state"] = "incomplete forecast"
        row = {"data": held.group.name, "series": len(held.pasts), "peer": name, "library": answer.get("library")}
        row |= {key: rounded(answer.get(key)) for key in ("import_seconds", "seconds", "processor_seconds")}
        row |= held.scores(point) | {"state": answer["state"]}
        print(row, flush=True)
        rows.append(row)
    return rows


def rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def python_of(environment: Path | None) -> str:
    """The environment's Python; without one ours, in which the other libraries are found if they are installed."""
    if environment is None:
        return sys.executable
    inside = environment.absolute() / ("Scripts" if os.name == "nt" else "bin")
    return str(inside / "python")


def install(environment: Path) -> None:
    """Make the environment, with the versions that were compared."""
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    pip = [python_of(environment), "-m", "pip", "install", "--requirement", str(HERE / "peers-requirements.txt")]
    sys.exit(subprocess.run(pip, check=False).returncode)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--install", type=Path, metavar="ENVIRONMENT")
    parser.add_argument("--environment", type=Path)
    parser.add_argument("--groups", default=",".join(FREQUENCIES))
    parser.add_argument("--series", type=int)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--budget", type=float, help="seconds for ours; without it, each group's")
    parser.add_argument("--limit", type=float, default=3600, help="most seconds for each")
    given = parser.parse_args()
    if given.install:
        install(given.install)
    groups, peers = given.groups.split(","), given.peers.split(",")
    unknown = [*sorted({*groups} - {*FREQUENCIES}), *sorted({*peers} - {*PEERS})]
    if unknown or given.folder is None:
        parser.error(f"unknown: {', '.join(unknown)}" if unknown else "FOLDER is missing")
    absent = [name for name in groups if not (given.folder / FILES[name]).exists()]
    if absent:
        parser.error(f"{given.folder} has no {', '.join(FILES[name] for name in absent)}; leave out with --groups")
    theirs = python_of(given.environment)
    commands = {
        name: [sys.executable if name in OF_OUR_PYTHON else theirs, str(HERE / "peer.py"), name] for name in peers
    }
    rows = [
        row
        for name in groups
        for row in compared(held_out(name, given.folder, given.series), commands, given.limit, given.budget)
    ]
    show(rows)
    write_record("peers", rows, key=("data", "series", "peer"))


if __name__ == "__main__":
    main()
