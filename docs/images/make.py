"""Makes the pictures of the README from the bundled data: `python docs/images/make.py`. Needs Chromium.

The terminal shows what the command really prints, the report what it really writes.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from gatecast import datasets

HERE = Path(__file__).parent
SUFFIXES = {"en": "", "zh": ".zh-CN"}
COLUMNS = 80
REPORT = (1200, 1500)  # width and height of the part that is shown
BROWSER = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=8000")
THEME = TerminalTheme(
    (24, 27, 33),
    (214, 219, 227),
    [
        *((72, 79, 92), (239, 107, 107), (126, 200, 120), (229, 184, 92)),
        *((110, 168, 254), (198, 140, 230), (96, 196, 203), (214, 219, 227)),
    ],
)
TERMINAL = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: {background}; color: {foreground}; }}
pre {{ margin: 22px 26px; font: 15px/21px 'DejaVu Sans Mono', Menlo, Consolas, monospace; }}
.wide {{ display: inline-block; width: 1.204em; font-family: 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif; }}
.wide {{ line-height: 1; }}
</style><pre>{code}</pre>"""
TERMINAL_WIDTH, LINE, MARGIN = 780, 21, 44  # in pixels
WIDE = re.compile("[\u3000-\u9fff\uff00-\uffef]")


def gatecast(folder: Path, language: str, *arguments: str) -> str:
    """What the command prints to a terminal of 80 columns, colours included."""
    surroundings = {**os.environ, "GATECAST_LANG": language, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
    command = [sys.executable, "-m", "gatecast", *arguments]
    done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, check=True, encoding="utf-8")
    return done.stdout


def photograph(page: Path, picture: Path, width: int, height: int) -> None:
    profile = page.parent / "profile"
    size = (f"--user-data-dir={profile}", f"--window-size={width},{height}", f"--screenshot={picture}")
    subprocess.run([*BROWSER, *size, page.resolve().as_uri()], check=True, capture_output=True)


def photograph_terminal(folder: Path, language: str) -> None:
    command = ("forecast", "prices.csv", "--target", "close", "--horizon", "5")
    printed = gatecast(folder, language, *command, "--force").rstrip()
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text(f"$ gatecast {' '.join(command)}\n", style="bold"))
    console.print(Text.from_ansi(printed))
    page = folder / "terminal.html"
    drawn = console.export_html(theme=THEME, code_format=TERMINAL, inline_styles=True)
    page.write_text(WIDE.sub(r'<span class="wide">\g<0></span>', drawn), "utf-8")
    lines = drawn.count("\n") - TERMINAL.count("\n")
    photograph(page, HERE / f"terminal{SUFFIXES[language]}.png", TERMINAL_WIDTH, lines * LINE + MARGIN)


def photograph_report(folder: Path, language: str) -> None:
    gatecast(folder, language, "forecast", "sunspots.csv", "--horizon", "8", "--force")
    page = folder / "sunspots-forecast" / "report.html"
    photograph(page, HERE / f"report{SUFFIXES[language]}.png", *REPORT)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(datasets.path("sunspots"), folder)
        prices = pl.read_csv(datasets.path("stocks")).filter(pl.col("Ticker") == "IBM")
        prices.select(date="Date", close="Close").write_csv(folder / "prices.csv")
        for language in SUFFIXES:
            photograph_terminal(folder, language)
            photograph_report(folder, language)


if __name__ == "__main__":
    main()
