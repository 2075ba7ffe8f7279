"""`write_watch`: a training as an animation, round by round, in one HTML file. Knows looks, trains nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.atomic import write_file
from gatecast.report import charts, template, words
from gatecast.report.figures import spread

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gatecast.forecaster.watching import Look
    from gatecast.panel import Panel

_MOST_ROUNDS = 60  # on the page


def write_watch(path: Path, panel: Panel, looks: Sequence[Look]) -> None:
    """Write the page in the language of `gatecast.language`. looks: at least one, in the order of the rounds.

    Raises: OutputError where the file cannot be written.
    """
    shown = [looks[row] for row in spread(len(looks), _MOST_ROUNDS)]
    span = _span(shown)
    figures: dict[str, list[Any]] = {"look": [charts.look(panel, one, span) for one in shown]}
    if np.isfinite([one.validation for one in shown]).all() and len(shown) > 1:
        figures["curve"] = [charts.curve_so_far(shown, one.step) for one in shown]
    page = {
        "title": words.watch_title(panel.target, panel.layout.source),
        "words": words,
        "summary": words.about_watch(shown[0].series if len(panel) > 1 else None, len(looks)),
        "captions": [str(words.round_caption(one.step, one.validation)) for one in shown],
        "figures": figures,
        **template.surroundings(),
    }
    write_file(path, template.rendered("watch.html", page))


def _span(looks: Sequence[Look]) -> tuple[float, float]:
    """One y axis for all rounds: past, truth, and the forecasts but the wildest tenth."""
    last = looks[-1]
    points = np.quantile(np.concatenate([one.point for one in looks]), [0.05, 0.95])
    seen = np.concatenate([last.past, last.actual, points, last.lower.ravel(), last.upper.ravel()])
    room = 0.06 * (seen.max() - seen.min()) or 1.0
    return float(seen.min() - room), float(seen.max() + room)
