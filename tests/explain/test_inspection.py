"""An inspection from end to end: it adds up, finds what was planted, and is kept as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import gatecast as gc
from gatecast.cli import run
from gatecast.explain import Inspection, brief, examine

HORIZON = 4


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A wave with a planted effect of `promo`; `noise` does nothing."""
    rows, draws = 244, np.random.default_rng(0)
    promo, noise = (draws.random(rows) < 0.2).astype(float), draws.normal(size=rows)
    y = 20 + 3 * np.sin(np.arange(rows) / 2) + 6 * promo + 0.1 * draws.normal(size=rows)
    path = tmp_path_factory.mktemp("inspection") / "sales.csv"
    known = [*y[:-HORIZON], *[None] * HORIZON]
    pl.DataFrame({"y": known, "promo": promo, "noise": noise}).write_csv(path)
    return str(path)


@pytest.fixture(scope="module")
def model(table: str) -> gc.Forecaster:
    training = {"rate": 0.02, "batch": 16, "warm_up": 5}
    options: dict[str, Any] = {"context": 16, "members": 2, "network": {"hidden": 8}, "training": training}
    return gc.Forecaster(HORIZON, device="cpu", steps=60, **options).fit(table, target="y", future=["promo", "noise"])


@pytest.fixture(scope="module")
def found(model: gc.Forecaster) -> Inspection:
    return examine(model)


def test_attributions_sum_to_the_difference_from_the_baseline(found: Inspection) -> None:
    given = found.attribution
    assert given is not None
    total = given.steps.sum(1) + sum(given.covariates.values())
    np.testing.assert_allclose(total, given.forecast - given.baseline, atol=1e-4)
    np.testing.assert_allclose(given.forecast, found.point, atol=1e-9)
    np.testing.assert_allclose(given.baseline, found.past.mean(), rtol=0.2)
    assert given.steps.shape == (HORIZON, 16) and set(given.covariates) == {"promo", "noise"}


def test_what_matters_is_found_and_what_does_not_is_told_apart(found: Inspection) -> None:
    assert found.permutation is not None
    assert found.permutation.loss["promo"] > 0.5
    assert abs(found.permutation.loss["noise"]) < 0.1 < found.permutation.loss["y"]


def test_gates_memory_and_influence_have_their_shapes(found: Inspection) -> None:
    (layer,) = found.layers
    positions = 16 // found.patch
    assert {name: part.shape for name, part in layer.parts.items()} == dict.fromkeys(layer.parts, (positions, 8))
    assert found.memory.strength.shape == (positions,) and found.memory.strength.max() == 1
    assert found.influence is not None and found.influence.shape == (HORIZON, 16)
    assert found.attention is None


def test_influence_is_the_slope_that_a_small_change_shows(model: gc.Forecaster, found: Inspection) -> None:
    panel = model.panel_to_continue()
    moved = panel.values.copy()
    moved[-1, 0] += 1e-3
    changed = examine(
        model,
        gc.Panel(
            moved,
            panel.offsets.copy(),
            panel.ids,
            panel.time.copy(),
            panel.frequency,
            panel.target,
            panel.past,
            panel.future,
            panel.ahead.copy(),
            panel.layout,
        ),
    )
    assert found.influence is not None
    np.testing.assert_allclose(np.abs(changed.point - found.point) / 1e-3, found.influence[:, -1], rtol=0.05, atol=5e-3)


def test_looking_changes_nothing(model: gc.Forecaster, tmp_path: Path) -> None:
    before = model.predict().point
    first, again = examine(model, member=1), examine(model, member=1)
    assert first.memory.strength.tobytes() == again.memory.strength.tobytes()
    assert first.permutation == again.permutation
    assert (model.predict().point == before).all()


def test_every_part_is_counted(found: Inspection, model: gc.Forecaster) -> None:
    weights = sum(p.numel() for p in model.fitted.networks[0].parameters())
    assert sum(row.count for row in found.parameters) == weights
    assert brief(model).parameters == found.parameters
    assert brief(model).memory.half_life == found.memory.half_life


@pytest.mark.parametrize("name", ["gru", "rnn", "mlp", "attention-lstm", "bilstm", "deepar", "seq2seq"])
def test_every_kind_of_model_can_be_looked_into(name: str, tmp_path: Path) -> None:
    wave = np.sin(np.arange(90) / 3)
    model = gc.Forecaster(3, model=name, device="cpu", steps=2, members=1, context=12).fit(wave)
    seen = gc.inspect(model)
    assert np.isfinite(seen.point).all() and np.isfinite(seen.memory.strength).all()
    assert bool(seen.layers) == (name != "mlp")
    if name == "attention-lstm":
        assert seen.attention is not None
        np.testing.assert_allclose(seen.attention.sum(1), 1, rtol=1e-5)
        assert np.triu(seen.attention, 1).max() == 0
    seen.report(tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size > 1e6


def test_a_series_younger_than_the_context_blames_no_step_before_it() -> None:
    draws = np.random.default_rng(0).normal(size=(2, 80)).cumsum(1)
    table = pl.DataFrame({"id": ["a"] * 80 + ["b"] * 9, "y": [*draws[0], *draws[1, :9]]})
    model = gc.Forecaster(2, device="cpu", steps=5, members=1, context=16).fit(table, id="id", target="y")
    seen = gc.inspect(model, series="b")
    assert seen.attribution is not None
    assert (seen.attribution.steps[:, :7] == 0).all() and (seen.attribution.steps[:, 7] != 0).all()
    np.testing.assert_allclose(
        seen.attribution.steps.sum(1), seen.attribution.forecast - seen.attribution.baseline, atol=1e-4
    )


@pytest.mark.parametrize(("wish", "word"), [({"series": "nobody"}, "nobody"), ({"member": 7}, "2")])
def test_a_mistake_is_named(model: gc.Forecaster, wish: dict[str, Any], word: str) -> None:
    with pytest.raises(gc.errors.OptionError, match=word):
        gc.inspect(model, **wish)


# the command


@pytest.fixture(scope="module")
def saved(model: gc.Forecaster, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("saved") / "model"
    model.save(path)
    return str(path)


def test_the_command_shows_gates_and_counts(saved: str, table: str, tmp_path: Path, capsys: Any) -> None:
    page = tmp_path / "inspect.html"
    assert run(["inspect", saved, table, "--out", str(page)]) == 0
    printed = capsys.readouterr().out
    for words in ("Memory: ", "LSTM 1 forget", "input gate", "promo", "Kept"):
        assert words in printed, words
    text = page.read_text("utf-8")
    for words in (
        "How long the memory lasts",
        "Forget gate f",
        'data-figure="layer-0-c"',
        "What the forecast rests on",
    ):
        assert words in text, words
    assert "://" not in text.split('id="library"')[0]
    assert run(["inspect", saved, "--out", str(page)]) == 2


def test_a_loaded_model_that_keeps_one_context_has_too_few_windows_to_permute(table: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"context": 16, "members": 1, "network": {"hidden": 4}, "model": "lstm"}
    gc.Forecaster(HORIZON, device="cpu", steps=2, **options).fit(table, target="y").save(tmp_path / "model")
    assert examine(gc.load(tmp_path / "model")).permutation is None


def test_the_command_says_the_same_as_json_and_in_chinese(saved: str, capsys: Any) -> None:
    assert run(["inspect", saved, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["layers"][0]["means"]["forget"] and document["attribution"]["covariates"]["promo"]
    assert document["permutation"]["loss"]["promo"] > 0.5  # the rows that the pretrained network reads tell as much
    assert run(["inspect", saved, "--lang", "zh"]) == 0
    assert "记忆：" in capsys.readouterr().out
