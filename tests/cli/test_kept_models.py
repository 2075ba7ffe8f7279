"""`predict` and `inspect` on a kept model of any kind: they do what it can, or say what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from working_folder import prices

import gatecast as gc

CPU: dict[str, Any] = {"device": "cpu"}


@pytest.fixture
def kept(folder: Path) -> dict[str, Any]:
    """One model of each further kind, saved under its name."""
    members = [gc.Forecaster(3, model=name, steps=2, members=1, **CPU) for name in ("mlp", "gru")]
    models = {
        "ensemble": gc.Ensemble(members).fit("prices.csv"),
        "loop": gc.ClosedLoop(hidden=4, steps=1, horizon=3, **CPU).fit("prices.csv"),
        "classes": gc.Classifier(2, steps=2, **CPU).fit("prices.csv"),
    }
    for name, model in models.items():
        model.save(name)
    return models


def test_predict_goes_on_with_an_ensemble_and_with_a_closed_loop(gatecast, folder: Path, kept: dict[str, Any]) -> None:
    (folder / "later.csv").write_text(prices(70))
    for name in ("ensemble", "loop"):
        for history in ([], ["later.csv"]):
            document = gatecast("predict", name, *history, "--device", "cpu", "--json").json()
            point = kept[name].predict(history=history[0] if history else None).point[0]
            assert [row["forecast"] for row in document["forecast"]] == pytest.approx(point.tolist())
    assert gatecast("predict", "ensemble", "--out", "next.csv").code == 0 and (folder / "next.csv").exists()


def test_what_another_kind_cannot_do_is_said(gatecast, folder: Path, kept: dict[str, Any]) -> None:
    refused = {
        ("predict", "classes"): ("tells classes", "类别"),
        ("predict", "ensemble", "--samples", "5", "--out", "a.csv"): ("Leave it out", "请去掉"),
        ("predict", "loop", "--samples", "5", "--out", "a.csv"): ("ClosedLoop", "ClosedLoop"),
        ("inspect", "ensemble"): ("member-0", "member-0"),
        ("inspect", "classes"): ("only a Forecaster", "只能查看"),
    }
    for arguments, words in refused.items():
        for language, word in zip(("en", "zh"), words, strict=True):
            outcome = gatecast(*arguments, "--lang", language)
            assert outcome.code == 2 and word in " ".join(outcome.err.split()), outcome.err
    assert not (folder / "a.csv").exists()
    assert gatecast("inspect", str(Path("ensemble", "member-0"))).code == 0
