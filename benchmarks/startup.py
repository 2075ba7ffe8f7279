"""What starting costs: `gatecast --help` and `import gatecast`, beside an empty Python and `import torch`.

    python benchmarks/startup.py [--runs 11]

Wall time of whole processes, in turn; what an import itself takes is told over the empty Python of the same turn.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from measure import child, in_turn, show
from record import write_record

PYTHON, GATECAST = sys.executable, str(Path(sys.executable).parent / "gatecast")
COMMANDS = {
    "python -c pass": [PYTHON, "-c", "pass"],
    "import gatecast": [PYTHON, "-c", "import gatecast"],
    "gatecast --help": [GATECAST, "--help"],
    "import torch": [PYTHON, "-c", "import torch"],
}
AT_MOST = {"import gatecast": 0.15, "gatecast --help": 0.25}
HEAVY = ("torch", "polars", "plotly", "narwhals", "pydantic", "pandas")
STARTED = {"import gatecast": "import gatecast", "gatecast --help": "import gatecast.cli; gatecast.cli.run(['--help'])"}


def clocked(command: list[str]) -> Callable[[], tuple[float, float]]:
    """Runs the command: seconds of wall time, and of the processor."""

    def run() -> tuple[float, float]:
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        return seconds, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    return run


def loaded(name: str) -> str | None:
    """Which heavy packages the process has imported; "none" where it has none, None where it was not asked."""
    if name not in STARTED:
        return None
    ask = f"import json, sys; {STARTED[name]}; print(json.dumps({{'found': [m for m in {HEAVY} if m in sys.modules]}}))"
    return ", ".join(child("-c", ask)["found"]) or "none"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=11)
    runs = parser.parse_args().runs
    found = in_turn({name: clocked(command) for name, command in COMMANDS.items()}, runs)
    empty = found["python -c pass"]
    rows: list[dict[str, Any]] = [
        {
            "command": name,
            "seconds": round(median(wall for wall, _ in clocks), 3),
            "over_empty_python": round(median(a - b for (a, _), (b, _) in zip(clocks, empty, strict=True)), 3),
            "processor_seconds": round(median(used for _, used in clocks), 3),
            "at_most": AT_MOST.get(name),
            "heavy_imports": loaded(name),
            "runs": runs,
        }
        for name, clocks in found.items()
    ]
    show(rows)
    write_record("startup", rows)


if __name__ == "__main__":
    main()
