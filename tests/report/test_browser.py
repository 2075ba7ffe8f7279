"""What only a browser can tell: the charts are drawn and nothing is complained of."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from headless import look
from specimens import run

from gatecast.report import write_report

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
CHARTS = {"forecast", "backtest", "steps", "coverage", "training"}
HOSTILE = "</script><script>console.error('broken out')</script><img src=x onerror=console.error(1)>"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_chart_is_drawn_and_the_console_stays_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv("GATECAST_LANG", language)
    write_report(tmp_path / "report.html", **run(ids=tuple("ABCDEFGH")).arguments())
    seen = look(tmp_path / "report.html")
    assert seen.faults() == []
    assert set(seen.charts) == CHARTS
    assert seen.charts["forecast"] >= 4  # two bands, the past, the forecast
    assert ("实际值" if language == "zh" else "observed") in seen.dom


def test_hostile_names_run_nothing_on_a_phone(tmp_path: Path) -> None:
    hostile = run(ids=(HOSTILE, "B"), target=HOSTILE).changed(title=HOSTILE, recipe={HOSTILE: HOSTILE})
    write_report(tmp_path / "report.html", **hostile.arguments())
    seen = look(tmp_path / "report.html", width=390, height=844)
    assert seen.faults() == []
    assert "<img" not in seen.dom


def test_the_look_sees_console_errors_and_missing_charts(tmp_path: Path) -> None:
    page = tmp_path / "broken.html"
    page.write_text('<div data-figure="forecast"></div><script>console.error("out of order")</script>', "utf-8")
    faults = " ".join(look(page).faults())
    assert "out of order" in faults
    assert "'forecast' is empty" in faults
    assert "did not finish" in faults


def test_the_selector_shows_another_series(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    write_report(page, **run(ids=("A", "B")).arguments())
    choose_second = """<script>const wait = setInterval(() => {
        if (!document.documentElement.dataset.drawn) return;
        clearInterval(wait);
        const line = () => document.querySelector("[data-figure=forecast] .js-line").getAttribute("d");
        const before = line(), selector = document.getElementById("series");
        selector.value = "1";
        selector.dispatchEvent(new Event("change"));
        const tables = [...document.querySelectorAll("[data-series]")].map((table) => table.hidden);
        document.title = `moved ${before !== line()} hidden ${tables}`;
    }, 20);</script>"""
    page.write_text(page.read_text("utf-8").replace("</body>", choose_second + "</body>"), "utf-8")
    assert "<title>moved true hidden true,false</title>" in look(page).dom
