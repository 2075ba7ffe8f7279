"""`gatecast classify`: what is printed, said as JSON and kept; mistakes end with code 2 and nothing written."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from working_folder import left_behind

QUICK = ("--steps", "2", "--device", "cpu")


@pytest.fixture
def waves(folder: Path) -> Path:
    """Two series of eight weeks; `mood` changes over time, `kind` does not; `note` has a hole."""
    lines = ["id,day,price,mood,kind,note,same"]
    for one in ("A", "B", "C", "D", "E", "F"):
        kind = "slow" if one < "D" else "fast"
        for k in range(56):
            value = 10 + np.sin(k / (2 if kind == "fast" else 5))
            mood = "up" if k // 7 % 2 else "down"
            note = "" if k == 3 else "x" if k % 2 else "y"
            lines.append(f"{one},2024-{1 + k // 28:02d}-{1 + k % 28:02d},{value},{mood},{kind},{note},one")
    (folder / "waves.csv").write_text("\n".join([*lines, ""]))
    return folder


COLUMNS = ("--target", "price", "--id", "id")


def rows(file: Path) -> list[dict[str, str]]:
    with file.open() as opened:
        return list(csv.DictReader(opened))


def test_the_direction_is_told_judged_and_kept(gatecast, waves: Path) -> None:
    outcome = gatecast("classify", "waves.csv", *COLUMNS, "--horizon", "3", *QUICK, "--out", "kept")
    assert outcome.code == 0
    for word in ("log-loss", "base rate", "last state", "came ↓ said →", "p-up", "kept/report.html"):
        assert word in outcome.out
    assert left_behind(waves / "kept") == {"classes.csv", "scores.csv", "report.html", "classes.json"}
    table = rows(waves / "kept" / "classes.csv")
    assert list(table[0]) == ["id", "day", "class", "p-down", "p-up"]
    assert [row["id"] for row in table] == list("ABCDEF")
    assert table[0]["day"] == "2024-03-02"  # the third day after 28 February
    assert all(float(row["p-down"]) + float(row["p-up"]) == pytest.approx(1) for row in table)
    assert [row["method"] for row in rows(waves / "kept" / "scores.csv")] == ["LSTM", "base rate", "last state"]


def test_regimes_and_labels_come_from_a_column(gatecast, waves: Path) -> None:
    regime = gatecast(
        "classify", "waves.csv", *COLUMNS, "--horizon", "7", "--task", "regime", "--label", "mood", *QUICK, "--json"
    ).json()
    assert regime["scores"]["classes"] == ["down", "up"]
    assert np.array(regime["scores"]["confusion"]).sum() == regime["scores"]["windows"]
    label = gatecast("classify", "waves.csv", *COLUMNS, "--task", "label", "--label", "kind", *QUICK, "--json").json()
    assert label["scores"]["windows"] == 2
    assert set(label["forecast"][0]) == {"id", "class", "p-fast", "p-slow"}
    assert label["files"] == {}
    assert left_behind(waves) == {"prices.csv", "waves.csv"}, "without --out nothing is written"


def test_without_a_label_regimes_are_calm_and_lively(gatecast, waves: Path) -> None:
    document = gatecast(
        "classify", "prices.csv", "--task", "regime", "--horizon", "2", "--windows", "5", *QUICK, "--json"
    ).json()
    assert document["scores"]["classes"] == ["calm", "lively"]
    assert document["scores"]["windows"] == 5
    assert document["training"]["steps"] == 2
    assert "seconds" not in document["training"]


def test_the_same_call_gives_the_same_bytes(gatecast, waves: Path) -> None:
    for out in ("one", "two"):
        assert gatecast("classify", "waves.csv", *COLUMNS, "--horizon", "3", *QUICK, "--out", out).code == 0
    for name in ("classes.csv", "scores.csv", "report.html"):
        assert (waves / "one" / name).read_bytes() == (waves / "two" / name).read_bytes()


def test_it_speaks_chinese(gatecast, waves: Path) -> None:
    outcome = gatecast("classify", "waves.csv", *COLUMNS, "--horizon", "3", *QUICK, "--lang", "zh", "--out", "kept")
    assert "基准频率" in outcome.out
    assert "概率是否可信" in (waves / "kept" / "report.html").read_text("utf-8")
    assert "没有用处" not in outcome.out
    wrong = gatecast("classify", "waves.csv", *COLUMNS, "--task", "label", "--lang", "zh")
    assert "label 任务" in wrong.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--horizon", "3", "--task", "colour"), "one of direction, regime, label"),
        (("--task", "regime", "--label", "mood"), "say how many steps ahead"),
        (("--horizon", "3", "--label", "mood"), "leave out label 'mood'"),
        (("--task", "label"), "needs the column"),
        (("--task", "label", "--label", "knd"), "(did you mean 'kind'?)"),
        (("--task", "label", "--label", "mood"), "is labelled"),
        (("--task", "label", "--label", "same"), "one class only"),
        (("--task", "label", "--label", "day"), "56 classes, at most 20"),
        (("--horizon", "3", "--task", "regime", "--label", "note"), "the first at 2024-01-04 of series 'A'"),
        (("--horizon", "60"), "Bring more history, or ask for a smaller horizon"),
        (("--horizon", "3", "--target", "price,mood"), "'mood'"),
        (("--horizon", "0"), "at least 1"),
        (("--horizon", "3", "--windows", "many"), "--windows must be a whole number"),
    ],
)
def test_mistakes_end_with_one_message_and_nothing_written(
    gatecast, waves: Path, arguments: tuple[str, ...], words: str
) -> None:
    outcome = gatecast("classify", "waves.csv", *COLUMNS, *arguments, *QUICK, "--out", "kept")
    assert outcome.code == 2
    assert words in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err
    assert left_behind(waves) == {"prices.csv", "waves.csv"}


def test_more_classes_than_can_be_told_apart_are_refused(gatecast, waves: Path) -> None:
    lines = ["t,y,state", *(f"{k},{k % 5},c{k}" for k in range(40)), ""]
    (waves / "many.csv").write_text("\n".join(lines))
    outcome = gatecast(
        "classify", "many.csv", "--target", "y", "--horizon", "2", "--task", "regime", "--label", "state"
    )
    assert outcome.code == 2
    assert "40 classes, at most 20" in " ".join(outcome.err.split())


def test_a_result_that_is_there_is_kept(gatecast, waves: Path) -> None:
    arguments = ("classify", "waves.csv", *COLUMNS, "--horizon", "3", *QUICK, "--out", "kept")
    assert gatecast(*arguments).code == 0
    assert gatecast(*arguments).code == 2
    assert gatecast(*arguments, "--force").code == 0
