"""Tables for the command line's tests, what a call came to, and what lies in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

FAST = ("--horizon", "3", "--steps", "2", "--device", "cpu")


class Outcome(NamedTuple):
    """The exit code and what was printed."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        def refuse(token: str) -> None:
            raise AssertionError(f"{token} is no JSON")

        return json.loads(self.out, parse_constant=refuse)


def prices(rows: int, header: str = "day,close") -> str:
    """Daily prices that rise and fall."""
    lines = [f"2024-{1 + row // 28:02d}-{1 + row % 28:02d},{100 + row % 7 + 0.5 * (row % 3)}" for row in range(rows)]
    return "\n".join([header, *lines, ""])


def left_behind(folder: Path) -> set[str]:
    """What lies in the folder now, hidden files too."""
    return {file.name for file in folder.iterdir()}
