"""Kill `gatecast fit` at random moments, resume it, and compare the model with that of a run left alone.

    python benchmarks/kill.py [--kills 100] [--seed 0]

Each run is killed once (SIGKILL) at a moment drawn evenly over the time that the fastest of three whole runs took, and
resumed to its end. The model must have the same bytes, and nothing may be left beside it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from measure import show
from record import write_record

GATECAST = str(Path(sys.executable).parent / "gatecast")
ALONE = {**os.environ, "OMP_NUM_THREADS": "1"}  # small networks; and the same bytes need the same number of threads
STEPS = 60  # for each network


def command(folder: Path) -> list[str]:
    options = [
        "--target",
        "y",
        "--horizon",
        "3",
        "--context",
        "64",
        "--steps",
        str(STEPS),
        "--out",
        str(folder / "model"),
    ]
    return [GATECAST, "fit", str(folder / "data.csv"), *options]


def write_data(folder: Path) -> None:
    """300 rows of a noisy season."""
    noise = np.random.default_rng(0).normal(size=300)
    y = 50 + 10 * np.sin(np.arange(300) * 2 * np.pi / 7) + noise
    (folder / "data.csv").write_text("y\n" + "".join(f"{value:.6f}\n" for value in y))


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def finish(folder: Path, *options: str) -> float:
    """Run to the end; the seconds that took."""
    start = time.perf_counter()
    subprocess.run([*command(folder), *options], check=True, capture_output=True, env=ALONE)
    return time.perf_counter() - start


def kill(folder: Path, after: float) -> str:
    """Start a run and kill it; where it stood then."""
    running = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ALONE)
    try:
        running.wait(after)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
    if (folder / "model").exists():
        return "at its end"
    partial = folder / "model.partial"
    return "with a checkpoint" if partial.is_dir() and any(partial.iterdir()) else "before a checkpoint"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    draws = np.random.default_rng(given.seed)
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        write_data(Path(name))
        seconds = min(finish(Path(name), *options) for options in ((), ("--force",), ("--force",)))
        expected = content(Path(name))

    def killed_and_resumed(after: float) -> tuple[str, bool]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_data(folder)
            where = kill(folder, after)
            finish(folder, "--resume")
            return where, content(folder) == expected

    moments = [float(moment) for moment in draws.uniform(0, seconds, given.kills)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each run has one thread
        for after, (where, same) in zip(moments, pool.map(killed_and_resumed, moments), strict=True):
            found[f"killed {where}"] += 1
            found["same bytes"] += same
            if not same:
                print(f"seed {given.seed}, killed after {after:.3f} s, {where}: other bytes", flush=True)
    rows = [
        {
            "kills": given.kills,
            "same_bytes": found["same bytes"],
            "before_a_checkpoint": found["killed before a checkpoint"],
            "with_a_checkpoint": found["killed with a checkpoint"],
            "at_its_end": found["killed at its end"],
            "seconds_of_a_run": round(seconds, 1),
        }
    ]
    show(rows)
    write_record("kill", rows)
    sys.exit(found["same bytes"] < given.kills)


if __name__ == "__main__":
    main()
