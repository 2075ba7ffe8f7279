"""The page of a comparison: what stands in it, in which language; nothing that a user wrote can break out of it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from headless import look
from specimens import run

from gatecast.comparison import Comparison, Method
from gatecast.evaluation import baselines
from gatecast.evaluation.scale import naive_scale
from gatecast.forecast import Prediction
from gatecast.report.comparison import write_comparison
from gatecast.training.history import History

HOSTILE = "</script><script>console.error('broken out')</script><img src=x onerror=console.error(1)>"
CHARTS = {"errors", "gains", "curves", "steps"}


def made(*, networks: int = 3, seeds: int = 3, target: str = "close", ids: tuple[str, ...] = ("A", "B")) -> Comparison:
    """Made of plain arrays: networks that miss by more and more, an ensemble, the naive methods."""
    scores = run(ids=ids, target=target)
    assert scores.scores is not None
    panel, origins, actual = scores.reading.panel, scores.scores.origins, scores.scores.actual
    rng = np.random.default_rng(3)
    curve = History((25, 50, 75), (0.5, 0.3, 0.25), (0.6, 0.4, float("nan")), 50, 75, "steps")

    def forecasts(miss: float) -> tuple[Prediction, ...]:
        points = [actual + rng.normal(0, miss, actual.shape) for _ in range(seeds)]
        return tuple(Prediction(p, p[..., None] - [1.0, 2.0], p[..., None] + [1.0, 2.0]) for p in points)

    trained = [
        Method(f"net-{k}", "network", forecasts(0.5 + 0.2 * k), 1.5 + k, 1000 * (k + 1), (curve,) * seeds)
        for k in range(networks)
    ]
    trained.append(Method("ensemble (mean)", "ensemble", forecasts(0.4), 9.0, 6000))
    naive = [
        Method(one.name, "naive", (one.fit(panel).predict_at(panel, origins),)) for one in baselines(5, (80, 95), ())
    ]
    scale, asked = naive_scale(panel, origins), networks * seeds
    return Comparison(scores.reading, (*trained, *naive), origins, actual, scale, (80, 95), seeds, asked)


def written(tmp_path: Path, comparison: Comparison) -> str:
    write_comparison(tmp_path / "report.html", comparison)
    return (tmp_path / "report.html").read_text("utf-8")


def figures_of(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'id="figures">(.*?)</script>', page)
    return json.loads(text, parse_constant=lambda token: pytest.fail(f"{token} in JSON"))


def test_sentences_table_and_charts_stand_in_it(tmp_path: Path) -> None:
    comparison = made()
    page = written(tmp_path, comparison)
    figures = figures_of(page)
    assert set(figures) == CHARTS
    for method in comparison.methods:
        assert method.name in page
    for sentence in comparison.describe():
        assert str(sentence).split("(")[0] in page
    assert "verdict sentences skill" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    (errors,) = figures["errors"]
    ranked = [one["method"] for one in sorted(comparison.to_frame().to_dicts(), key=lambda row: row["MASE"])]
    assert errors["layout"]["yaxis"]["categoryarray"] == ranked[::-1]
    (curves,) = figures["curves"]
    assert [trace["name"] for trace in curves["data"] if trace["showlegend"]] == ["net-0", "net-1", "net-2"]
    assert curves["data"][0]["y"][2] is None  # not a number, and the JSON holds
    assert written(tmp_path, made()) == page  # the same bytes


def test_nothing_better_than_naive_is_told_at_the_top(tmp_path: Path) -> None:
    comparison = made()
    naive = comparison.best_naive.predictions
    alike = [Method(one.name, one.kind, naive, 1.0, 9, one.histories) for one in comparison.trained]
    methods = (*alike, *comparison.methods[len(alike) :])
    page = written(tmp_path, Comparison(**{**vars_of(comparison), "methods": methods, "seeds": 1}))
    assert "verdict sentences no-skill" in page and "No skill: none of them" in page


def vars_of(comparison: Comparison) -> dict[str, Any]:
    return {name: getattr(comparison, name) for name in Comparison.__dataclass_fields__}


def test_chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATECAST_LANG", "zh")
    page = written(tmp_path, made())
    assert "网络比较" in page and "集成（mean）" in page and "移动平均法" in page and 'lang="zh-CN"' in page


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
@pytest.mark.parametrize("seeds", [1, 3])
def test_every_chart_is_drawn_and_hostile_names_run_nothing(tmp_path: Path, seeds: int) -> None:
    written(tmp_path, made(networks=8, seeds=seeds, target=HOSTILE, ids=(HOSTILE, "B")))
    seen = look(tmp_path / "report.html", width=500)
    assert seen.faults() == []
    assert set(seen.charts) == CHARTS
    assert "<img" not in seen.dom
