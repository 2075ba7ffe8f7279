"""`gatecast demo` from the shell to its report: wall time, and where it goes.

python benchmarks/demo.py [--runs 3]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from measure import child, in_turn, show
from record import write_record

AT_MOST = 20.0
PARTS = ("read_table", "train", "judge", "write_results")  # of gatecast.cli.job


def whole() -> dict[str, float]:
    """Seconds of the command in a process of its own: by the wall's clock, and of all cores together."""
    gatecast = Path(sys.executable).parent / "gatecast"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run([str(gatecast), "demo"], check=True, capture_output=True, cwd=folder)
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {"whole": seconds, "whole, processor time": used}


def parts() -> dict[str, float]:
    """Seconds of each part of the same job; imports count to the part that needs them first."""
    from gatecast.cli import job, run

    seconds: dict[str, float] = {}

    def clocked(name: str, part: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            start = time.perf_counter()
            result = part(*arguments, **options)
            seconds[name] = time.perf_counter() - start
            return result

        return timed

    for name in PARTS:
        setattr(job, name, clocked(name, getattr(job, name)))
    with tempfile.TemporaryDirectory() as folder:
        run(["demo", "--out", str(Path(folder) / "demo")])
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--parts", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.parts:
        print(json.dumps(parts()))
        return
    found = in_turn({"whole": whole, "parts": lambda: child(__file__, "--parts")}, given.runs)
    names = {"whole": ["whole", "whole, processor time"], "parts": list(PARTS)}
    rows = [
        {
            "part": part,
            "seconds": round(median(run[part] for run in runs), 2),
            "at_most": AT_MOST if part == "whole" else None,
            "runs": given.runs,
        }
        for side, runs in found.items()
        for part in names[side]
    ]
    show(rows)
    write_record("demo", rows)


if __name__ == "__main__":
    main()
