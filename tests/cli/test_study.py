"""`gatecast study`: what it prints, keeps and refuses."""

from __future__ import annotations

import csv
from pathlib import Path

from working_folder import left_behind


def test_a_study_is_printed_and_nothing_is_left_behind(gatecast, folder: Path) -> None:
    before = left_behind(folder)
    done = gatecast("study", "mistakes")
    assert done.code == 0
    assert "The mistakes that these tutorials make" in done.out
    assert "A scaler of five columns inverts one" in done.out
    assert left_behind(folder) == before


def test_out_keeps_the_page_the_figures_and_every_table(gatecast, folder: Path) -> None:
    done = gatecast("study", "1", "--quick", "--out", "kept")
    assert done.code == 0
    kept = left_behind(folder / "kept")
    assert kept == {"report.html", "study.json", *(f"table-{k}.csv" for k in range(1, 5))}
    assert all(name in done.out for name in kept)
    with (folder / "kept" / "table-2.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["date"] for row in rows] == [f"2016-01-0{day}" for day in range(1, 8)]
    assert all(float(row["forecast"]) for row in rows)


def test_an_earlier_study_is_replaced_only_with_force(gatecast, folder: Path) -> None:
    assert gatecast("study", "mistakes", "--out", "kept").code == 0
    refused = gatecast("study", "mistakes", "--out", "kept")
    assert refused.code == 2
    assert "--force" in refused.err
    assert gatecast("study", "mistakes", "--out", "kept", "--force").code == 0


def test_json_is_one_document(gatecast) -> None:
    document = gatecast("study", "mistakes", "--json").json()
    assert document["study"] == "mistakes"
    assert document["files"] == {}
    assert [len(section["table"]["mistake"]) for section in document["sections"]] == [2, 6, 1, 3, 3]


def test_it_speaks_chinese(gatecast) -> None:
    done = gatecast("study", "mistakes", "--lang", "zh")
    assert "这些教程所犯的错误" in done.out
    assert "What was put right" not in done.out


def test_mistakes_are_told_in_one_line(gatecast, folder: Path) -> None:
    for arguments, told in [
        (("6",), "there is no study '6'"),
        (("mistake",), "did you mean 'mistakes'"),
        (("1", "--seed", "few"), "--seed must be a whole number"),
        (("1", "--seed", "-1"), "--seed must be a whole number"),
        (("mistakes", "--out", "no/such/place"), "does not exist"),
    ]:
        done = gatecast("study", *arguments)
        assert done.code == 2
        assert told in done.err
        assert "Traceback" not in done.err
    assert gatecast("study").code == 2
