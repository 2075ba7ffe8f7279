"""Wishes about training and network reach the fit, by Python and by TOML, and mistakes in them are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gatecast as gc
from gatecast.cli.settings import resolve, write_toml

SINE = np.sin(np.arange(120) / 5)


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd", "lbfgs"])
def test_every_optimiser_can_be_wished_for(optimiser: str) -> None:
    model = gc.Forecaster(3, steps=4, members=1, device="cpu", training={"optimiser": optimiser, "l1": 1e-6}).fit(SINE)
    assert model.plan.training.optimiser == optimiser
    assert model.plan.training.l1 == 1e-6
    assert np.isfinite(model.predict().point).all()


def test_lbfgs_learns_a_sine_in_few_steps() -> None:
    model = gc.Forecaster(3, steps=15, members=1, device="cpu", training={"optimiser": "lbfgs"}).fit(SINE)
    assert min(model.history.validation) < 0.05 * model.history.loss[0]


def test_widths_a_layer_and_dropout_reach_the_network(tmp_path: Path) -> None:
    model = gc.Forecaster(3, steps=2, members=1, device="cpu", network={"hidden": (16, 8), "dropout": 0.1}).fit(SINE)
    assert model.fitted.networks[0].backbone.output_size == 8
    model.save(tmp_path / "model")
    again = gc.load(tmp_path / "model", device="cpu")
    assert (again.predict().point == model.predict().point).all()


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ({"training": {"optimizer": "adam"}}, "optimiser"),
        ({"training": {"optimiser": "adamax"}}, "lbfgs"),
        ({"training": {"rate": 0}}, "rate"),
        ({"training": {"batch": 1.5}}, "batch"),
        ({"training": {"average": 2}}, "average"),
        ({"training": {"steps": 5}}, "steps"),
        ({"training": {"schedule": "one-cycle"}, "budget": 5}, "budget"),
        ({"training": {"positions": "last"}}, "newest"),
        ({"training": {"augment": {"noise": 1}}}, "jitter"),
        ({"network": {"hiden": 3}}, "hidden"),
        ({"network": {"hidden": 0}}, "hidden"),
    ],
)
def test_a_mistake_is_named(wish: dict[str, Any], word: str) -> None:
    with pytest.raises(gc.errors.OptionError, match=word):
        gc.Forecaster(3, device="cpu", **wish)


WAYS = {"schedule": "one-cycle", "positions": "newest", "recency": 0.5, "augment": {"jitter": 0.1, "mixup": 0.2}}


def test_ways_to_train_are_kept_with_the_model(tmp_path: Path) -> None:
    model = gc.Forecaster(3, steps=3, members=1, device="cpu", training=WAYS).fit(SINE)
    assert model.plan.training.augment.jitter == 0.1
    model.save(tmp_path / "model")
    again = gc.load(tmp_path / "model", device="cpu")
    assert again.plan.training == model.plan.training
    assert again.wishes == model.wishes


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle", "plateau"])
def test_every_schedule_carries_a_fit_to_its_end(schedule: str) -> None:
    model = gc.Forecaster(3, steps=6, members=1, device="cpu", training={"schedule": schedule}).fit(SINE)
    assert np.isfinite(model.predict().point).all()


def test_toml_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text(
        '[forecast]\nhorizon = 3\n[training]\noptimiser = "sgd"\nl2 = 1e-3\nrecency = 1\naugment = {jitter = 0.5}\n'
        "[network]\nhidden = [16, 8]\n"
    )
    settings = resolve({"config": str(file)})
    options = settings.forecaster_options()
    assert options["training"] == {"optimiser": "sgd", "l2": 1e-3, "recency": 1, "augment": {"jitter": 0.5}}
    assert options["network"] == {"hidden": [16, 8]}
    file.write_text(write_toml(settings, []))
    assert resolve({"config": str(file)}) == settings
