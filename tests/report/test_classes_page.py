"""The page of a classifier: whole without scripts, drawn by a browser, and safe from what users wrote."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from headless import look
from specimens import run

from gatecast.classifier.forecast import ClassForecast
from gatecast.evaluation.class_scores import score_classes
from gatecast.forecast import Origins
from gatecast.language import Text
from gatecast.report.classes import class_comparison, write_classes

HOSTILE = "</script><script>console.error('broken out')</script><img src=x onerror=console.error(1)>"


def write(path: Path, classes: tuple[str, ...] = ("down", "up"), windows: int = 300) -> None:
    """A page of made-up probabilities: as good as they say they are."""
    draws = np.random.default_rng(0)
    said = draws.dirichlet(np.ones(len(classes)), windows)
    actual = np.array([draws.choice(len(classes), p=row) for row in said])
    base = np.full_like(said, 1 / len(classes))
    reading = run(ids=("A", classes[0])).reading
    origins = Origins(np.zeros(windows, int), np.arange(windows))
    told = {"LSTM": said, "base rate": base, "last state": base}
    scores = score_classes(classes, reading.panel.ids, origins, np.arange(windows), actual, told, 1)
    time = reading.panel.frequency.after(reading.panel.last_time(), 5)[:, -1]
    layout = reading.panel.layout
    forecast = ClassForecast(reading.panel.ids, classes, said[:2], time, layout)
    history = run().history
    assert history is not None
    words = (Text("An LSTM.", "一个 LSTM。"),)
    write_classes(path, reading=reading, forecast=forecast, scores=scores, history=history, model_words=words)


def test_verdict_and_tables_need_no_script(tmp_path: Path) -> None:
    write(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text("utf-8").partition('<script type="application/json"')[0]
    for word in ("log-loss is", "p-up", "base rate", "last state", "calibration error", "came ↓"):
        assert word in text


def test_the_best_of_each_column_is_marked() -> None:
    actual = np.array([0, 1, 1, 0] * 30)
    good = np.where(np.eye(2)[actual] > 0, 0.8, 0.2)
    told = {"LSTM": good, "base rate": np.full_like(good, 0.5)}
    origins = Origins(np.zeros(120, int), np.arange(120))
    rows = class_comparison(score_classes(("a", "b"), ("A",), origins, np.arange(120), actual, told, 1)).rows
    assert [cell.best for cell in rows[0][1]] == [True, True, True, True, False]  # right more often than it said
    assert [cell.best for cell in rows[1][1]] == [False, False, False, False, True]


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
@pytest.mark.parametrize("classes", [("down", "up"), (HOSTILE, "b", "c")])
def test_every_chart_is_drawn_and_nothing_runs(tmp_path: Path, classes: tuple[str, ...]) -> None:
    write(tmp_path / "page.html", classes)
    seen = look(tmp_path / "page.html", width=390, height=844)
    assert seen.faults() == []
    assert set(seen.charts) == {"roc", "reliability", "training"}
    assert seen.charts["roc"] == (2 if len(classes) == 2 else 6)  # a line each, and one in the legend
    assert "<img" not in seen.dom
