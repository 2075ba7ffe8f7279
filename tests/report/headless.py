"""Opens a report in headless Chromium and tells what a reader would not: console messages and empty charts.

    python tests/report/headless.py REPORT.html

ends with 0 if the page is without fault, else says what is wrong and ends with 1.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


@dataclass(frozen=True)
class Look:
    """What was seen. console: every message. charts: name of each chart → how many lines and areas it has drawn."""

    console: tuple[str, ...]
    charts: dict[str, int]
    finished: bool
    dom: str

    def faults(self) -> list[str]:
        """Nothing, if the page is as it should be."""
        empty = [f"chart {name!r} is empty" for name, drawn in self.charts.items() if not drawn]
        unfinished = [] if self.finished and self.charts else ["the page did not finish drawing"]
        return [*self.console, *empty, *unfinished]


class _Charts(HTMLParser):
    """Counts what stands inside `<g class="trace …">` or `<g class="…fills">` of each chart."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: dict[str, int] = {}
        self._chart = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "data-figure" in given:
            self._chart = given["data-figure"]
            self.drawn[self._chart] = 0
        elif tag == "section":
            self._chart = ""
        drawn = given.get("class") in ("js-line", "js-fill", "point") and len(given.get("d", "")) > 4
        if tag == "path" and drawn and self._chart:
            self.drawn[self._chart] += 1


def look(page: Path, *, width: int = 1200, height: int = 2000) -> Look:
    """Open a page of this computer and wait until its charts stand."""
    with tempfile.TemporaryDirectory() as profile:
        command = ["chromium", *_QUIET, f"--user-data-dir={profile}", f"--window-size={width},{height}"]
        command += ["--virtual-time-budget=8000", "--enable-logging=stderr", "--v=0", "--dump-dom"]
        done = subprocess.run(
            [*command, page.resolve().as_uri()], capture_output=True, timeout=110, check=True, encoding="utf-8"
        )
    console = tuple(re.findall(r":CONSOLE[^\]]*\] (.*)", done.stderr))
    charts = _Charts()
    charts.feed(done.stdout)
    return Look(console, charts.drawn, 'data-drawn="true"' in done.stdout, done.stdout)


if __name__ == "__main__":
    found = look(Path(sys.argv[1])).faults()
    sys.stdout.writelines(f"{fault}\n" for fault in found)
    sys.exit(1 if found else 0)
