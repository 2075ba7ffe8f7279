"""`--watch`: a line after each round of a training, with the forecast as it is by then. Knows looks, no networks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gatecast.cli.console import on_stderr, say
from gatecast.cli.sparkline import sparkline
from gatecast.language import Text

if TYPE_CHECKING:
    from pathlib import Path

    from gatecast.forecaster.watching import Look
    from gatecast.panel import Panel

_CELLS = 24  # of the past, and of the future


class Watching:
    """Draws each look on stderr, and keeps it for the page."""

    def __init__(self) -> None:
        self.console = on_stderr()
        self.looks: list[Look] = []

    def __call__(self, look: Look) -> None:
        if not self.looks:
            say(self.console, _line(str(Text("what came", "实际")), look, look.actual))
        self.looks.append(look)
        error = f"{look.validation:.4f}" if math.isfinite(look.validation) else f"{look.loss:.4f}"
        say(self.console, _line(f"{Text('step', '第')} {look.step:>5}  {error}", look, look.point))

    def keep(self, folder: Path, panel: Panel) -> list[str]:
        """Write the animation into a folder; the names of the files: none where nothing was seen."""
        from gatecast.report.watch import write_watch

        if not self.looks:
            return []
        write_watch(folder / "watch.html", panel, self.looks)
        return ["watch.html"]


def _line(head: str, look: Look, future: np.ndarray) -> str:
    """The end of the past, a bar, and what follows, all on the scale of past and truth."""
    past = look.past[-_CELLS:]
    seen = np.concatenate([past, look.actual])
    span = (float(seen.min()), float(seen.max()))
    return f"{head:<20} {sparkline(past, _CELLS, span)}│{sparkline(future, _CELLS, span)}"
