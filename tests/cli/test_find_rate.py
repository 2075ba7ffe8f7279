"""`gatecast find-rate`: words, one JSON document, a page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gatecast.cli import run
from gatecast.cli.sparkline import sparkline


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("wave.csv").write_text("y\n" + "\n".join(str(v) for v in np.sin(np.arange(90) / 4)), "utf-8")
    return "wave.csv"


def test_words_and_page(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["find-rate", table, "--horizon", "3", "--device", "cpu", "--out", "rate.html"]) == 0
    printed = capsys.readouterr().out
    assert "Suggested rate: " in printed and "[training] rate = " in printed
    page = Path("rate.html").read_text("utf-8")
    assert "Loss while the rate rises" in page and 'data-figure="rate"' in page
    assert run(["find-rate", table, "--horizon", "3", "--device", "cpu", "--out", "rate.html"]) == 2


def test_json_and_chinese(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["find-rate", table, "--horizon", "3", "--device", "cpu", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rate"] == sorted(document["rate"]) and len(document["rate"]) == len(document["loss"])
    assert run(["find-rate", table, "--horizon", "3", "--device", "cpu", "--lang", "zh"]) == 0
    assert f"建议的学习率：{document['suggestion']:g}" in capsys.readouterr().out


def test_a_sparkline_rises_where_numbers_rise() -> None:
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8]) == "▁▂▃▄▅▆▇█"
    assert sparkline([0, float("nan"), 1]) == "▁ █"
    assert sparkline([2, 2]) == "▅▅"
    assert len(sparkline(np.arange(1000), width=40)) == 40
    assert sparkline([0, 5, 10], span=(0, 5)) == "▁██"
