"""What the benchmarks share: sides measured in turn, medians, child processes, a printed table."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, TypeVar

Found = TypeVar("Found")


def in_turn(sides: Mapping[str, Callable[[], Found]], runs: int) -> dict[str, list[Found]]:
    """Measure A B A B …, so that a busy moment of the machine meets every side alike."""
    found: dict[str, list[Found]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, measure in sides.items():
            found[name].append(measure())
    return found


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of neighbouring runs."""
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def child(*arguments: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run a benchmark's own file in a fresh process; what it printed last, read as JSON."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def show(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows with the same keys as a table."""
    cells = [list(rows[0]), *([_words(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[k]) for line in cells) for k in range(len(cells[0]))]
    for line in cells:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))


def _words(value: Any) -> str:
    return "–" if value is None else f"{value:,.4g}" if isinstance(value, float) else str(value)
