"""The report as a file: what stands in it, in which language, and what can never stand in it."""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from specimens import Run, run

from gatecast.data.reading import Note
from gatecast.errors import OutputError
from gatecast.explain import Brief
from gatecast.explain.memory import Memory
from gatecast.explain.parameters import Count
from gatecast.forecast import Prediction
from gatecast.language import Text
from gatecast.report import write_report
from gatecast.report.selection import MOST_SERIES
from gatecast.report.words import gain

SECTIONS = ["verdict", "forecast", "backtest", "comparison", "steps", "coverage", "training", "data", "model", "repeat"]
HOSTILE = "</script><script>alert(1)</script><b onclick=x>&\u2028"


class Page(HTMLParser):
    """Every tag with its attributes, and the text that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.data: dict[str, str] = {}
        self._script: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._script = (dict(attrs).get("id") or tag) if tag in ("script", "style") else None

    def handle_endtag(self, tag: str) -> None:
        self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is None:
            self.text += data
        else:
            self.data[self._script] = self.data.get(self._script, "") + data

    def figures(self) -> dict[str, list[Any]]:
        return json.loads(self.data["figures"], parse_constant=lambda token: pytest.fail(f"{token} in JSON"))

    def ids(self) -> list[str]:
        return [attrs["id"] or "" for tag, attrs in self.tags if tag == "section" and "id" in attrs]


def written(path: Path, given: Run) -> tuple[str, Page]:
    write_report(path / "report.html", **given.arguments())
    html = (path / "report.html").read_text("utf-8")
    return html, Page(html)


def test_every_part_is_there_and_the_verdict_comes_first(tmp_path: Path) -> None:
    _, page = written(tmp_path, run())
    assert page.ids() == SECTIONS
    for words in (
        "38 % below that of naive",
        "The rows were newest first.",
        "An LSTM reads the last 20 values.",
        "--horizon 5 --target close",
        "The intervals are a little narrow.",
        "200 rows, 1 series",
    ):
        assert words in page.text
    methods = [page.text.index(name) for name in ("lstm\n", "naive\n", "drift\n")]
    assert methods == sorted(methods)


def test_without_scores_and_history_the_report_says_so(tmp_path: Path) -> None:
    _, page = written(tmp_path, run().changed(scores=None, history=None, model_words=()))
    assert page.ids() == ["verdict", "forecast", "data", "model", "repeat"]
    assert "Not judged" in page.text
    assert set(page.figures()) == {"forecast"}


def test_no_external_address_stands_in_the_file(tmp_path: Path) -> None:
    html, page = written(tmp_path, run())
    assert "://" not in html
    assert not [value for _, attrs in page.tags for name, value in attrs.items() if name in ("src", "href", "action")]
    assert "url(" not in page.data["style"]
    assert "@import" not in page.data["style"]
    policy = next(attrs["content"] for _, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_the_library_unpacks_to_plotly(tmp_path: Path) -> None:
    _, page = written(tmp_path, run())
    packed = base64.b64decode(page.data["library"])
    assert b"plotly.js" in gzip.decompress(packed)[:200]
    assert packed[4:8] == bytes(4)  # gzip's clock: the same run gives the same bytes tomorrow


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    given = run(ids=(HOSTILE, "B"), target=HOSTILE).changed(title=HOSTILE, recipe={HOSTILE: HOSTILE})
    given = given.changed(model_words=(Text(HOSTILE, HOSTILE),))
    reading = replace(given.reading, summary=Text(HOSTILE, HOSTILE), notes=(Note("x", Text(HOSTILE, HOSTILE)),))
    _, tame = written(tmp_path, run(ids=("A", "B")).changed(recipe={"seed": "0"}))
    html, page = written(tmp_path, given.changed(reading=reading))
    assert "alert(1)</script>" not in html
    assert "<b onclick" not in html
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in tame.tags]
    assert page.text.count("</script><script>alert(1)") >= 6


def test_hostile_method_names_stay_text_in_charts(tmp_path: Path) -> None:
    given = run()
    assert given.scores is not None
    predictions = {HOSTILE: given.scores.predictions["lstm"], "naive": given.scores.predictions["naive"]}
    scores = replace(given.scores, methods=(HOSTILE, "naive"), predictions=predictions)
    html, page = written(tmp_path, given.changed(scores=scores))
    assert "alert(1)</script>" not in html
    names = [trace["name"] for figure in page.figures()["steps"] for trace in figure["data"]]
    assert not [name for name in names if "<" in name]


def test_the_report_speaks_chinese_throughout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    english, _ = written(tmp_path, run())
    monkeypatch.setenv("GATECAST_LANG", "zh")
    chinese, page = written(tmp_path, run())
    assert '<html lang="en">' in english
    assert '<html lang="zh-CN">' in chinese
    assert "LSTM 的误差比朴素法低 38%。" in page.text
    assert "The " not in page.text
    labels = [trace["name"] for several in page.figures().values() for figure in several for trace in figure["data"]]
    foreign = [label for label in labels if not re.search(r"[\u4e00-\u9fff]", label)]
    assert set(foreign) <= {"lstm"}


def test_the_english_report_holds_no_chinese(tmp_path: Path) -> None:
    _, page = written(tmp_path, run(ids=tuple("ABCDEFGHIJ")))
    assert not re.findall(r"[\u4e00-\u9fff]", page.text + page.data["figures"])


@pytest.mark.parametrize("series", [1, 3, 400])
def test_many_series_are_shown_by_a_few(tmp_path: Path, series: int) -> None:
    html, page = written(tmp_path, run(ids=tuple(f"S{i}" for i in range(series)), windows=3))
    figures = page.figures()
    assert len(figures["forecast"]) == min(series, MOST_SERIES)
    assert sum(len(figure["data"]) for several in figures.values() for figure in several) < 100
    assert len(html) - len(page.data["library"]) < 300_000
    assert [tag for tag, _ in page.tags].count("select") == (series > 1)


def test_long_series_and_horizons_stay_small(tmp_path: Path) -> None:
    hours = np.datetime64("2020-01-01", "us") + np.arange(20_000) * np.timedelta64(1, "h")
    html, page = written(tmp_path, run(ids=tuple("ABCDEFG"), rows=20_000, time=hours, horizon=720, windows=20))
    assert len(html) - len(page.data["library"]) < 2_500_000


def test_nothing_that_is_not_a_number_reaches_the_charts(tmp_path: Path) -> None:
    given = run()
    assert given.scores is not None
    assert given.history is not None
    point, lower, upper = given.scores.predictions["drift"]
    broken = {**given.scores.predictions, "drift": Prediction(point * np.nan, lower, upper * np.inf)}
    history = replace(given.history, loss=(float("nan"), *given.history.loss[1:]))
    _, page = written(tmp_path, given.changed(scores=replace(given.scores, predictions=broken), history=history))
    figures = page.figures()  # fails on NaN and Infinity
    assert figures["training"][0]["data"][0]["y"][0] is None
    assert not re.search(r"\b(nan|inf)\b", page.text)


def test_trap_23_the_coverage_of_every_step_is_shown(tmp_path: Path) -> None:
    given = run(horizon=4)
    assert given.scores is not None
    point, lower, upper = given.scores.predictions["lstm"]
    lower, upper = lower.copy(), upper.copy()
    lower[:, 2], upper[:, 2] = point[:, 2, None] + 50, point[:, 2, None] + 60  # step 3 never holds the truth
    lower[:, [0, 1, 3]], upper[:, [0, 1, 3]] = -1e6, 1e6
    scores = replace(given.scores, predictions={**given.scores.predictions, "lstm": Prediction(point, lower, upper)})
    _, page = written(tmp_path, given.changed(scores=scores))
    held = [trace for trace in page.figures()["coverage"][0]["data"] if trace["name"].endswith("held")]
    assert [trace["y"] for trace in held] == [[100, 100, 0, 100]] * 2
    assert "in the back-test they held 75 and 75" in page.text


def test_a_share_is_rounded_alike_in_the_caption_and_in_the_table(tmp_path: Path) -> None:
    given = run(ids=("A", "B", "C", "D", "E"))
    assert given.scores is not None
    point, lower, upper = given.scores.predictions["lstm"]
    lower, upper = np.full_like(lower, -1e6), np.full_like(upper, 1e6)
    lower[7, 3], upper[7, 3] = point[7, 3] + 50, point[7, 3] + 60  # one of 200: 99.5 %, and a mean of means just below
    scores = replace(given.scores, predictions={**given.scores.predictions, "lstm": Prediction(point, lower, upper)})
    _, page = written(tmp_path, given.changed(scores=scores))
    assert "in the back-test they held 100 and 100" in page.text
    assert page.text.count("100 %") >= 2


def test_trap_21_the_kept_step_is_marked(tmp_path: Path) -> None:
    _, page = written(tmp_path, run())
    mark = page.figures()["training"][0]["data"][-1]
    assert mark["mode"] == "markers"
    assert (mark["x"], mark["y"]) == ([90], [0.5])
    assert "weights of step 90" in page.text


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    first, _ = written(tmp_path, run())
    given = run()
    assert given.history is not None
    second, _ = written(tmp_path, given.changed(history=replace(given.history, seconds=99.0)))
    assert first == second


def test_a_report_that_cannot_be_written_is_our_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_report(tmp_path / "missing" / "report.html", **run().arguments())


def test_many_notes_of_one_kind_are_counted(tmp_path: Path) -> None:
    given = run()
    notes = tuple(Note("short", Text(f"series {i} is short", f"序列 {i} 过短")) for i in range(500))
    _, page = written(tmp_path, given.changed(reading=replace(given.reading, notes=notes)))
    assert "series 7 is short" in page.text
    assert "series 8 is short" not in page.text
    assert "and 492 more of the kind" in page.text


def test_importing_the_report_loads_neither_plotly_nor_jinja() -> None:
    heavy = "{'plotly', 'jinja2', 'torch', 'polars'}"
    program = (
        f"import sys, gatecast.report; sys.exit(str({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_memory_and_parameters_stand_in_the_report_where_they_are_known(tmp_path: Path) -> None:
    lag = np.arange(12)[::-1]
    counts = (Count("backbone.stack · 1", Text("input gate", "输入门"), "4 × (1 + 4 + 2)", 28),)
    said = (Text("Memory: seven steps.", "记忆：七步。"), Text("Parameters: 28.", "参数：28 个。"))
    inside = Brief(Memory(lag, 0.9**lag, 6.6), counts, said)
    write_report(tmp_path / "with.html", **run().arguments(), inside=inside)
    write_report(tmp_path / "without.html", **run().arguments())
    text = (tmp_path / "with.html").read_text("utf-8")
    assert "Memory: seven steps." in text and 'data-figure="memory"' in text and 'data-figure="parameters"' in text
    assert 'data-figure="memory"' not in (tmp_path / "without.html").read_text("utf-8")


def test_a_gain_of_nothing_has_no_minus() -> None:
    assert gain(-1e-5, -2e-4, 3e-4).english == "+0.0 % (95 % interval: +0.0 to +0.0 %)"
    assert gain(-0.0321, -0.05, 0.01).english == "-3.2 % (95 % interval: -5.0 to +1.0 %)"
