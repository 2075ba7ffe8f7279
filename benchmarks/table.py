"""Writes the results of benchmarks/results/*.json into docs/benchmarks.md, between its two marks.

    python benchmarks/table.py [--check]

With `--check` nothing is written, and the exit code tells whether the page holds what the results say.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from record import RESULTS

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
START, END = "<!-- results: written by benchmarks/table.py -->", "<!-- end of results -->"
ORDER = ("startup", "demo", "steps", "models", "kill", "fuzz")  # then the others by name


def rendered() -> str:
    """All results as Markdown."""
    records = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    records.sort(key=lambda record: (*(record["benchmark"] != name for name in ORDER), record["benchmark"]))
    return "\n\n".join(section(record) for record in records)


def section(record: dict[str, Any]) -> str:
    """One benchmark: its name, its table, and where it was measured."""
    machine = record["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    where = (
        f"{record['date']}, commit {record['commit']}; {machine['processor']}, {machine['cores']} cores, "
        f"{machine['system']}, load {machine['load']}; {versions}."
    )
    keys = list(record["rows"][0])
    lines = [keys, ["---"] * len(keys), *([words(row[key]) for key in keys] for row in record["rows"])]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"### {record['benchmark']}\n\n{table}\n\n{where}"


def words(value: Any) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    wanted = f"{before}{START}\n\n{rendered()}\n\n{END}{after}"
    if check:
        sys.exit(page != wanted)
    PAGE.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
