"""What `--json` says: the same findings as the terminal, as plain dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.cli.tables import forecast_rows
from gatecast.data import format_times

if TYPE_CHECKING:
    from gatecast.classifier import Classifier
    from gatecast.data import Reading
    from gatecast.evaluation import Scores
    from gatecast.forecast import Forecast
    from gatecast.forecaster import Forecaster


def of_reading(reading: Reading) -> dict[str, Any]:
    """What was read, and what was noticed."""
    panel, layout = reading.panel, reading.panel.layout
    ends = np.array([panel.time.min(), panel.time.max()])
    if ends.dtype.kind == "M":
        first, last = format_times(ends, layout.time_format, layout.time_zone)
    else:
        first, last = ends.tolist()
    return {
        "source": layout.source,
        "summary": reading.summary,
        "rows": len(panel.time),
        "series": len(panel),
        "target": panel.target,
        "targets": list(dict.fromkeys(part.target for part in panel.parts)) or [panel.target],
        "past": panel.past,
        "future": panel.future,
        "frequency": panel.frequency.describe(),
        "first": first,
        "last": last,
        "notes": [{"kind": note.kind, "text": note.text} for note in reading.notes],
    }


def of_diagnosis(reading: Reading, seasons: tuple[int, ...]) -> dict[str, Any]:
    """All that `gatecast describe` knows."""
    panel = reading.panel
    columns = [vars(column) for column in reading.columns]
    lengths = dict(zip(panel.ids, panel.lengths.tolist(), strict=True))
    return {**of_reading(reading), "seasons": seasons, "columns": columns, "lengths": lengths}


def of_training(model: Forecaster | Classifier) -> dict[str, Any]:
    """How the training went, without the clock: the same run gives the same document."""
    history = model.history
    return {
        "model": model.describe(),
        "steps": history.steps,
        "best_step": history.best_step,
        "stopped": history.stopped,
    }


def of_scores(scores: Scores) -> dict[str, Any]:
    """The table, the error of every step, and the verdict."""
    table = scores.table()
    verdict = scores.verdict
    return {
        "windows": len(scores.actual),
        "methods": [{name: column[row] for name, column in table.items()} for row in range(len(scores.methods))],
        "mae_of_steps": scores.steps(),
        "verdict": {
            "kind": verdict.kind,
            "text": verdict.text,
            "best_baseline": verdict.best_baseline,
            "gain": verdict.gain,
            "low": verdict.low,
            "high": verdict.high,
            "p_value": verdict.p_value,
        },
        "notes": scores.notes,
    }


def of_forecast(forecast: Forecast) -> list[dict[str, Any]]:
    """A dictionary a row, as in forecast.csv."""
    return forecast_rows(forecast)
