"""The page of a study: all that was found stands in it, in the reader's language, and nothing of it runs."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from headless import look

from gatecast.language import Text
from gatecast.report import charts
from gatecast.report.study import write_study
from gatecast.studies.result import Chart, Line, Section, StudyResult

HOSTILE = "</script><script>console.error('out')</script>"


def a_line(name: str, count: int = 3, dotted: bool = False) -> Line:
    return Line(Text(name, name), list(range(count)), [float(k) for k in range(count)], dotted)


def a_chart(*lines: Line) -> Chart:
    return Chart(Text("Loss", "损失"), Text("step", "步"), Text("error", "误差"), lines)


def a_study() -> StudyResult:
    table = {"method": [Text("ours", "我们的"), HOSTILE], "loss": [0.000123456, None], "iteration": [1000, 2.0]}
    return StudyResult(
        4,
        Text("A study", "一项研究"),
        (
            Section(
                Text("First", "其一"), (Text("Some words.", "几句话。"),), table, a_chart(a_line("a"), a_line("b"))
            ),
            Section(Text("Second", "其二"), (), None, a_chart(a_line("c", 3000), a_line("d", 3000, dotted=True))),
        ),
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_found_stands_in_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setenv("GATECAST_LANG", language)
    write_study(tmp_path / "report.html", a_study())
    page = (tmp_path / "report.html").read_text("utf-8")
    for english, chinese in [
        ("A study", "一项研究"),
        ("Second", "其二"),
        ("Some words.", "几句话。"),
        ("ours", "我们的"),
    ]:
        assert (english, chinese)[language == "zh"] in page
    assert re.findall(r"<td[^>]*>(.*?)</td>", page) == ["0.0001235", "1,000", "–", "2"]
    assert HOSTILE not in page
    assert "://" not in re.sub(r'<script type="text/plain".*?</script>', "", page, flags=re.DOTALL)
    figures = json.loads(re.search(r'id="figures">(.*?)</script>', page, re.DOTALL)[1])
    assert [len(one[0]["data"]) for one in figures.values()] == [2, 2]


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_study(tmp_path / name, a_study())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_data_stand_apart_from_what_was_said_and_pairs_share_a_colour() -> None:
    data = charts.of_study(a_chart(a_line("real"), a_line("in", dotted=True), a_line("out", dotted=True)))["data"]
    assert [trace["line"]["dash"] for trace in data] == ["solid", "dot", "dot"]
    assert data[0]["line"]["color"] == "actual"
    assert len({trace["line"]["color"] for trace in data}) == 3
    pairs = charts.of_study(a_chart(*(a_line(f"{k}{d}", dotted=d) for d in (False, True) for k in range(3))))["data"]
    colours = [trace["line"]["color"] for trace in pairs]
    assert colours[:3] == colours[3:]
    assert len(set(colours)) == 3


def test_long_lines_are_thinned_from_end_to_end() -> None:
    (trace,) = charts.of_study(a_chart(a_line("long", 5000)))["data"]
    assert len(trace["x"]) == charts.MOST_POINTS_OF_A_STUDY
    assert (trace["x"][0], trace["x"][-1]) == (0, 4999)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
@pytest.mark.parametrize("width", [1200, 390])
def test_a_browser_draws_every_chart(tmp_path: Path, width: int) -> None:
    write_study(tmp_path / "report.html", a_study())
    seen = look(tmp_path / "report.html", width=width)
    assert seen.faults() == []
    assert list(seen.charts) == ["chart-0", "chart-1"]
    assert all(drawn >= 2 for drawn in seen.charts.values())
