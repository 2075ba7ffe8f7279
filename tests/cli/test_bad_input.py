"""Each mistake of a user ends with exit code 2, one message that says what to do, and nothing left behind."""

from __future__ import annotations

import errno
import gzip
import json
import unicodedata
from pathlib import Path

import pytest
from working_folder import FAST, left_behind, prices

WIDE = "day,close,volume,word,hole\n" + "".join(
    f"2024-01-{day:02d},{100 + day},{day},w{day},\n" for day in range(1, 29)
)
TWO_TIMES = "date,timestamp,close\n" + "".join(
    f"2024-01-{day:02d},2024-02-{day:02d},{100 + day}\n" for day in range(1, 29)
)
AMBIGUOUS = "date,close\n" + "".join(f"0{1 + n % 9}/0{1 + n // 9}/2024,{n}\n" for n in range(40))
TWICE = prices(40) + "2024-01-05,999\n"
PARQUET = b"PAR1" + bytes(200)


BAD_FILES = {
    "empty": (b"", "empty"),
    "header": (b"day,close\n", "row"),
    "one row": (prices(1).encode(), "at least"),
    "binary": (bytes(range(256)) * 20, ""),
    "cut gzip": (gzip.compress(prices(500).encode())[:-40], "cut"),
    "cut parquet": (PARQUET, ""),
    "two times": (TWO_TIMES.encode(), "--time"),
    "ambiguous": (AMBIGUOUS.encode(), "--dayfirst"),
    "twice": (TWICE.encode(), "2024-01-05"),
    "infinite": (prices(40).replace("103", "inf", 1).encode(), "line"),
    "too short": (prices(6).encode(), ""),
}


@pytest.mark.parametrize(("content", "words"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_refused_with_one_message(gatecast, folder: Path, content: bytes, words: str) -> None:
    (folder / "bad.csv").write_bytes(content)
    before = left_behind(folder)
    for language in ("en", "zh"):
        outcome = gatecast("forecast", "bad.csv", *FAST, "--lang", language)
        assert outcome.code == 2
        assert outcome.err.count("\n") == 1 and "Traceback" not in outcome.err
        assert language == "zh" or words in outcome.err
        assert any(unicodedata.name(c, "").startswith("CJK") for c in outcome.err) == (language == "zh")
    assert left_behind(folder) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("missing.csv", *FAST), "missing.csv"),
        ((".", *FAST), "folder"),
        (("wide.csv", "--target", "clsoe", *FAST), "did you mean 'close'"),
        (("wide.csv", "--target", "word", *FAST), "line 2"),
        (("wide.csv", "--target", "hole", *FAST), "hole"),
        (("prices.csv",), "--horizon"),
        (("prices.csv", "--horizon", "0"), "horizon"),
        (("prices.csv", "--horizon", "five"), "--horizon must be a whole number, got 'five'"),
        (("prices.csv", "--horizon", "1000"), "1000"),
        (("prices.csv", *FAST, "--levels", "80,195"), "levels"),
        (("prices.csv", *FAST, "--levels", "much"), "--levels"),
        (("prices.csv", *FAST, "--season", "weekly"), "--season"),
        (("prices.csv", *FAST, "--model", "lstn"), "lstm"),
        (("prices.csv", *FAST, "--seed", "-1"), "seed"),
        (("prices.csv", *FAST, "--budget", "nan"), "--budget"),
        (("prices.csv", *FAST, "--calendar", "MOON"), "MOON"),
        (("prices.csv", *FAST, "--layout", "long"), "table or rows"),
        (("prices.csv", *FAST, "--dayfirst", "--monthfirst"), "not both"),
        (("prices.csv", *FAST, "--out", "nowhere/out"), "nowhere"),
        (("prices.csv", *FAST, "--out", "prices.csv"), "prices.csv"),
        (("prices.csv", "--horizon", "3", "--device", "cuda:99"), "--device auto"),
        (("prices.csv", "--horizen", "3"), "--horizon"),
        ((), "DATA"),
    ],
)
def test_a_wrong_option_is_refused_with_one_message(gatecast, folder: Path, arguments, words: str) -> None:
    (folder / "wide.csv").write_text(WIDE)
    before = left_behind(folder)
    outcome = gatecast("forecast", *arguments)
    assert outcome.code == 2
    assert words in outcome.err
    assert outcome.err.count("\n") == 1
    assert left_behind(folder) == before
    answer = gatecast("forecast", *arguments, "--json")
    assert answer.code == 2
    assert answer.json()["error"]["message"] in outcome.err
    assert answer.err == ""


def test_an_output_folder_that_exists_is_kept_and_nothing_is_trained(gatecast, folder: Path, monkeypatch) -> None:
    from gatecast.forecaster import Forecaster

    monkeypatch.setattr(Forecaster, "fit", lambda *_, **__: pytest.fail("trained before the folder was checked"))
    (folder / "prices-forecast").mkdir()
    (folder / "prices-forecast" / "letter.txt").write_text("mine")
    outcome = gatecast("forecast", "prices.csv", *FAST)
    assert outcome.code == 2 and "--force" in outcome.err
    assert gatecast("forecast", "prices.csv", *FAST, "--force").code == 2, "a folder of something else is never deleted"
    assert (folder / "prices-forecast" / "letter.txt").read_text() == "mine"


@pytest.mark.parametrize("full", ["forecast.csv", "run.toml"])
def test_a_full_disk_leaves_nothing_behind(gatecast, folder: Path, monkeypatch, full: str) -> None:
    def write(self: Path, *_: object, **__: object) -> int:
        if self.name == full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return 0

    monkeypatch.setattr(Path, "write_bytes", write)
    monkeypatch.setattr(Path, "write_text", write)
    outcome = gatecast("forecast", "prices.csv", *FAST)
    assert outcome.code == 2 and "disk is full" in outcome.err
    assert left_behind(folder) == {"prices.csv"}


def test_an_artifact_of_a_newer_version_is_refused(gatecast, folder: Path) -> None:
    assert gatecast("fit", "prices.csv", *FAST, "--out", "model").code == 0
    description = folder / "model" / "model.json"
    document = json.loads(description.read_text())
    document["schema_version"] += 1
    description.write_text(json.dumps(document))
    outcome = gatecast("predict", "model", "--out", "next.csv")
    assert outcome.code == 2 and "newer" in outcome.err
    assert left_behind(folder) == {"prices.csv", "model"}


def test_a_failed_fit_leaves_no_checkpoint(gatecast, folder: Path) -> None:
    (folder / "short.csv").write_text(prices(6))
    assert gatecast("fit", "short.csv", *FAST, "--out", "model").code == 2
    assert gatecast("fit", "prices.csv", *FAST).code == 2, "fit needs --out"
    assert left_behind(folder) == {"prices.csv", "short.csv"}


def test_a_second_interrupt_ends_with_130_and_leaves_nothing(gatecast, folder: Path, monkeypatch) -> None:
    from gatecast.forecaster import Forecaster

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Forecaster, "backtest", interrupted)
    assert gatecast("forecast", "prices.csv", *FAST).code == 130
    assert left_behind(folder) == {"prices.csv"}
