"""`write_report`: one HTML file that holds everything it shows and contacts no address.

The page is a Jinja template; `template` fills it. All that users wrote (names, ids, columns) is escaped. The same input
gives the same bytes: nothing of the clock is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.atomic import write_file
from gatecast.evaluation import method_name, metrics
from gatecast.report import charts, inspection_charts, inspection_words, tables, template, words
from gatecast.report.selection import choose, notes_shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gatecast.data import Reading
    from gatecast.evaluation import Scores
    from gatecast.explain import Brief
    from gatecast.forecast import Forecast
    from gatecast.language import Text
    from gatecast.report.figures import Figure
    from gatecast.report.selection import Shown
    from gatecast.training.history import History

_VISIBLE_ROWS = 7  # a longer forecast table starts folded


def write_report(
    path: Path,
    *,
    reading: Reading,
    scores: Scores | None,
    history: History | None,
    forecast: Forecast,
    model_words: Sequence[Text],
    title: str,
    recipe: Mapping[str, str],
    inside: Brief | None = None,
) -> None:
    """Write the report in the language of `gatecast.language`.

    scores, history: None where nothing was judged or trained; the page says so. model_words: the model described,
    a sentence each. recipe: the options that repeat the run, name → value. inside: memory and parameters of a network.
    Raises: OutputError where the file cannot be written.
    """
    shown = choose(reading.panel, forecast, scores)
    page = {
        "title": title,
        "summary": reading.summary,
        "words": words,
        **template.surroundings(),
        "figures": _figures(reading, scores, history, forecast, shown) | _inside(inside),
        "verdict": _verdict(scores),
        "tiles": _tiles(scores, forecast),
        "about": _captions(scores, history, forecast, shown),
        "choices": [(series.id, series.why) for series in shown] if len(forecast) > 1 else [],
        "forecasts": [tables.forecast_rows(forecast, series) for series in shown],
        "folded": forecast.horizon > _VISIBLE_ROWS,
        "comparison": tables.comparison(scores) if scores else None,
        "diagnostics": scores.notes if scores else (),
        "reading": reading,
        "notes": notes_shown(reading.notes),
        "model_words": model_words,
        "recipe": recipe,
        "inside": inspection_words,
        "inside_words": inside.words if inside is not None else (),
    }
    write_file(path, template.rendered("page.html", page))


def _figures(
    reading: Reading, scores: Scores | None, history: History | None, forecast: Forecast, shown: Sequence[Shown]
) -> dict[str, list[Figure | None]]:
    """Name of a chart → one figure for each series on view, or a single one for all."""
    figures: dict[str, list[Figure | None]] = {
        "forecast": [charts.forecast_fan(reading.panel, forecast, series) for series in shown]
    }
    if scores is not None:
        figures["backtest"] = [
            charts.past_windows(reading.panel, scores, series) if len(series.windows) else None for series in shown
        ]
        figures["steps"] = [charts.error_of_steps(scores)]
        figures["coverage"] = [charts.coverage_of_steps(scores)]
    if history is not None and history.step:
        figures["training"] = [charts.training_curve(history)]
    return figures


def _inside(inside: Brief | None) -> dict[str, list[Figure | None]]:
    if inside is None:
        return {}
    return {
        "memory": [inspection_charts.of_memory(inside.memory)],
        "parameters": [inspection_charts.of_parameters(inside.parameters)],
    }


def _captions(
    scores: Scores | None, history: History | None, forecast: Forecast, shown: Sequence[Shown]
) -> dict[str, Text]:
    """Name of a chart → the sentence under its heading."""
    horizon = forecast.horizon
    about = {"forecast": words.about_forecast(forecast.levels, [])}
    if len(shown) < len(forecast):
        about["choice"] = words.about_choice(len(shown), len(forecast))
    if history is not None:
        about["training"] = words.about_training(history)
    if scores is None:
        return about
    if scores.levels == forecast.levels:
        _, lower, upper = scores.predictions[scores.methods[0]]
        shares = metrics.coverage(scores.actual, lower, upper)  # the table's own, so that both round alike
        about["forecast"] = words.about_forecast(forecast.levels, shares.tolist())
    most = max((len(series.windows) for series in shown), default=0)
    drawn = max((len(charts.windows_drawn(scores, series)) for series in shown), default=0)
    about["backtest"] = words.about_backtest(most, drawn, method_name(scores.verdict.best_baseline))
    about["steps"] = words.about_steps(horizon)
    windows = len(scores.actual)
    wanted = min(scores.levels, default=0.0) / 100
    about["coverage"] = words.about_coverage(windows, 1.96 * float(np.sqrt(wanted * (1 - wanted) / max(1, windows))))
    return about


def _verdict(scores: Scores | None) -> dict[str, Any]:
    """The verdict's kind and words, and where the gain and its interval lie on a line from worse to better."""
    if scores is None:
        return {"kind": "not judged", "text": words.NOT_JUDGED}
    verdict = scores.verdict
    card: dict[str, Any] = {"kind": verdict.kind, "text": verdict.text}
    if np.isfinite([verdict.gain, verdict.low, verdict.high]).all():
        reach = 1.15 * max(abs(verdict.gain), abs(verdict.low), abs(verdict.high), 0.05)
        card["gain"] = [50 + 50 * value / reach for value in (verdict.gain, verdict.low, verdict.high)]
        card["numbers"] = words.gain(verdict.gain, verdict.low, verdict.high)
    return card


def _tiles(scores: Scores | None, forecast: Forecast) -> list[tuple[Text, str, str]]:
    """Name, value and small print of the figures at the top."""
    tiles = [(words.SERIES, f"{len(forecast):,}", ""), (words.HORIZON, f"{forecast.horizon:,}", "")]
    if scores is None:
        return tiles
    tiles.append((words.WINDOWS, f"{len(scores.actual):,}", ""))
    mase = dict(zip(scores.methods, scores.table()["MASE"], strict=True))
    if np.isfinite(mase[scores.methods[0]]):
        best = tables.number(mase.get(scores.verdict.best_baseline, np.nan), 3)
        beside = str(words.MASE_BESIDE).format(value=best)
        tiles.append((words.MASE_TILE, tables.number(mase[scores.methods[0]], 3), beside))
    return tiles
