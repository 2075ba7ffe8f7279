"""What a report shows of much: a handful of series that stands for all, the first notes of a kind. Knows no charts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gatecast.report import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.data import Note
    from gatecast.evaluation import Scores
    from gatecast.forecast import Forecast
    from gatecast.language import Text
    from gatecast.panel import Panel

MOST_SERIES = 6
_MOST_NOTES = 8  # of one kind


@dataclass(frozen=True)
class Shown:
    """One series on view. in_panel, in_forecast: its positions there. windows: (n,) its rows in the scores, in time.

    why: what it stands for ("best", "typical"); None where every series is shown.
    """

    id: str
    in_panel: int
    in_forecast: int
    windows: np.ndarray
    why: Text | None


def choose(panel: Panel, forecast: Forecast, scores: Scores | None) -> tuple[Shown, ...]:
    """At most six series of the forecast: the first, then from the best to the worst by the model's MASE."""
    where = {name: i for i, name in enumerate(panel.ids)}
    windows = _windows_of(scores)
    if len(forecast) <= MOST_SERIES:
        picked: dict[int, Text | None] = dict.fromkeys(range(len(forecast)))
    else:
        picked = _spread(np.array([_error(scores, windows.get(name)) for name in forecast.ids]))
    nothing = np.zeros(0, np.int64)
    return tuple(
        Shown(name, where[name], i, windows.get(name, nothing), why)
        for i, why in picked.items()
        if (name := forecast.ids[i]) in where
    )


def notes_shown(notes: Sequence[Note]) -> list[Text]:
    """The notes in their order; of each kind only the first ones, then how many more."""
    seen: Counter[str] = Counter()
    kept: dict[str, list[Text]] = {}
    for note in notes:
        seen[note.kind] += 1
        if seen[note.kind] <= _MOST_NOTES:
            kept.setdefault(note.kind, []).append(note.text)
    for kind, count in seen.items():
        if count > _MOST_NOTES:
            kept[kind].append(words.more_notes(count - _MOST_NOTES))
    return [text for texts in kept.values() for text in texts]


def _windows_of(scores: Scores | None) -> dict[str, np.ndarray]:
    """Series id → its windows, oldest first."""
    if scores is None:
        return {}
    order = np.argsort(scores.origins.ends, kind="stable")
    windows: dict[str, list[int]] = {}
    for row in order.tolist():
        windows.setdefault(scores.ids[scores.origins.series[row]], []).append(row)
    return {name: np.array(rows) for name, rows in windows.items()}


def _error(scores: Scores | None, windows: np.ndarray | None) -> float:
    """MASE of the model on one series; NaN where it is not known."""
    if scores is None or windows is None:
        return np.nan
    misses = np.abs(scores.predictions[scores.methods[0]].point[windows] - scores.actual[windows]).mean(axis=1)
    scaled = misses[scores.scale[windows] > 0] / scores.scale[windows][scores.scale[windows] > 0]
    return float(scaled.mean()) if len(scaled) else np.nan


def _spread(errors: np.ndarray) -> dict[int, Text | None]:
    """The first series, and five from the best to the worst; without errors, the first and five spread evenly."""
    ranked = np.argsort(errors, kind="stable")[: np.isfinite(errors).sum()]
    if len(ranked) < MOST_SERIES:
        return dict.fromkeys(np.linspace(0, len(errors) - 1, MOST_SERIES).astype(int).tolist())
    quarters = np.linspace(0, len(ranked) - 1, 5).round().astype(int)
    reasons = (words.BEST, words.GOOD, words.TYPICAL, words.POOR, words.WORST)
    spread = dict(zip(ranked[quarters].tolist(), reasons, strict=True))
    return {0: spread.pop(0, words.FIRST), **spread}
