"""Watching a training: a look after each round, the same bytes as unwatched, lines on the terminal, an animation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gatecast as gc
from gatecast.cli import run
from gatecast.forecaster.watching import Look
from gatecast.forecaster.watching import watcher as real_watcher

WAVE = np.sin(np.arange(120) / 5) + 3
SMALL: dict[str, Any] = {"members": 2, "device": "cpu", "network": {"hidden": 4}, "training": {"round": 5}}


def fitted(*, looks: list[Look] | None = None, **options: Any) -> gc.Forecaster:
    model = gc.Forecaster(4, **{**SMALL, "steps": 20, **options})
    return model.fit(WAVE, on_epoch=None if looks is None else looks.append)


def test_there_is_a_look_after_each_round_of_the_first_member() -> None:
    looks: list[Look] = []
    model = fitted(looks=looks)
    assert [one.step for one in looks] == [5, 10, 15, 20] == list(model.history.step)
    assert tuple(one.validation for one in looks) == model.history.validation
    for one in looks:
        assert one.end == 116 and (one.actual == WAVE[116:]).all()
        assert (one.past == WAVE[116 - len(one.past) : 116]).all()
        assert one.point.shape == (4,) and one.lower.shape == one.upper.shape == (4, 2)
        assert (one.lower <= one.point[:, None]).all() and (one.point[:, None] <= one.upper).all()
    assert not np.array_equal(looks[0].point, looks[-1].point)


def test_a_watched_training_ends_in_the_same_bytes(tmp_path: Path) -> None:
    fitted(looks=[]).save(tmp_path / "watched")
    fitted().save(tmp_path / "alone")
    files = ("model.json", "weights.safetensors")
    assert all((tmp_path / "watched" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes() for name in files)


def test_unwatched_nothing_is_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []

    def spied(*given: Any) -> Any:
        found.append(real_watcher(*given))
        return found[-1]

    monkeypatch.setattr("gatecast.forecaster.ensemble.watcher", spied)
    fitted()
    assert found == [None]


@pytest.mark.parametrize("optimiser", ["lbfgs", "annealing"])
def test_every_optimiser_can_be_watched(optimiser: str) -> None:
    if optimiser == "annealing":
        pytest.importorskip("scipy")
    looks: list[Look] = []
    fitted(looks=looks, steps=2, training={"optimiser": optimiser, "round": 1, "batch": 8}, network={"hidden": 2})
    assert [one.step for one in looks] == [1, 2]


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("wave.csv").write_text("y\n" + "\n".join(str(v) for v in WAVE), "utf-8")
    return "wave.csv"


OPTIONS = ["--horizon", "4", "--steps", "50", "--members", "1", "--device", "cpu", "--watch"]


def test_fit_draws_lines_and_keeps_the_animation_beside_the_model(
    table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fit", table, *OPTIONS, "--out", "model"]) == 0
    printed = capsys.readouterr()
    assert len(re.findall(r"^(what came|step +\d+ ).*[▁-█]│[▁-█]", printed.err, re.MULTILINE)) == 3
    assert "watch.html" in printed.out
    assert gc.load("model").predict().point.shape == (1, 4)
    page = Path("model/watch.html").read_text("utf-8")
    figures = json.loads(re.findall(r'id="figures">(.*?)</script>', page, re.DOTALL)[0])
    assert len(figures["look"]) == len(figures["curve"]) == 2
    assert json.loads(re.findall(r'id="captions">(.*?)</script>', page, re.DOTALL)[0])[0].startswith("Step 25 · ")
    assert figures["look"][0]["layout"]["yaxis"] == figures["look"][1]["layout"]["yaxis"]
    assert "://" not in page.split('id="library"')[0]


def test_the_main_job_keeps_it_in_the_report_folder_and_json_stays_one_document(
    table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["forecast", table, *OPTIONS, "--out", "found", "--json", "--lang", "zh"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["files"]["watch.html"] == str(Path("found/watch.html"))
    assert "实际" in printed.err
    assert "▶ 播放" in Path("found/watch.html").read_text("utf-8")
