"""A saved classifier tells the same classes; what lies or is another thing is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted import table, waves

import gatecast as gc
from gatecast import artifact
from gatecast.errors import ArtifactError, NotFittedError, OptionError

COLUMNS: dict[str, Any] = {"id": "id", "target": "y", "time": "t"}
CPU: dict[str, Any] = {"device": "cpu"}


@pytest.mark.parametrize("task", ["direction", "regime", "label"])
def test_a_saved_classifier_tells_the_same(tmp_path: Path, task: str) -> None:
    data = waves(12) if task == "label" else table(120, 2)
    label = {"direction": None, "regime": "word", "label": "kind"}[task]
    model = gc.Classifier(3, task=task, steps=10, **CPU).fit(data, label=label, **COLUMNS)
    model.save(tmp_path / "model")
    again = gc.Classifier.load(tmp_path / "model", **CPU)
    for history in (None, data):
        assert again.predict(history).to_frame().equals(model.predict(history).to_frame())
    assert again.classes == model.classes
    assert again.backtest(windows=20, data=data, label=label, **COLUMNS).verdict.kind
    with pytest.raises(NotFittedError, match="pass data="):
        again.backtest()
    again.save(tmp_path / "copy")
    for name in ("model.json", "weights.safetensors"):
        assert (tmp_path / "copy" / name).read_bytes() == (tmp_path / "model" / name).read_bytes()


def test_an_unfitted_classifier_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        gc.Classifier().save(tmp_path / "model")


def test_load_knows_which_kind_of_model_it_is_and_a_classifier_refuses_another(tmp_path: Path) -> None:
    y = np.arange(60.0) % 7
    model = gc.Classifier(2, steps=2, **CPU).fit(y)
    model.save(tmp_path / "classes")
    gc.Forecaster(2, steps=2, members=1, **CPU).fit(y).save(tmp_path / "numbers")
    again = gc.load(tmp_path / "classes", **CPU)
    assert type(again) is gc.Classifier
    np.testing.assert_array_equal(again.predict().probability, model.predict().probability)
    with pytest.raises(ArtifactError, match="no saved classifier"):
        gc.Classifier.load(tmp_path / "numbers")


def test_a_loaded_classifier_opens_no_file_that_its_folder_names(tmp_path: Path) -> None:
    days = [f"2024-{1 + k // 28:02}-{1 + k % 28:02}" for k in range(84)]
    for name, column in {"prices.csv": "close", "rates.csv": "rate"}.items():
        rows = "".join(f"{day},{3 + k % 7}\n" for k, day in enumerate(days))
        (tmp_path / name).write_text(f"day,{column}\n{rows}")
    prices, rates = str(tmp_path / "prices.csv"), str(tmp_path / "rates.csv")
    model = gc.Classifier(2, steps=2, **CPU).fit(prices, target="close", join=[rates])
    model.save(tmp_path / "model")
    assert str(tmp_path) not in (tmp_path / "model" / "model.json").read_text()
    again = gc.Classifier.load(tmp_path / "model", **CPU)
    with pytest.raises(OptionError, match=r"rates\.csv; give the table again"):
        again.predict(prices)
    said = again.predict(prices, join=[rates]).probability
    np.testing.assert_array_equal(said, model.predict(prices).probability)


def put(*keys: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """A change of one field of a description."""

    def change(told: dict[str, Any]) -> None:
        for key in keys[:-1]:
            told = told[key]
        told[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    "lie",
    [
        put("network", "context", value=10**9),
        put("network", "classes", value=3),
        put("network", "model", value="../evil"),
        put("question", "task", value="label"),
        put("question", "classes", value=["one", "two"]),
        put("question", "horizon", value=9),
        put("question", "label", value="nowhere"),
        put("calibration", "base", value=[0.5, 0.6]),
        put("calibration", "share", value=2.0),
        put("scaler", "scale", value=[1.0]),
        put("seed", value="many"),
        put("panel", "past", value=["more"]),
    ],
)
def test_a_description_that_lies_is_refused(tmp_path: Path, lie: Callable[[dict[str, Any]], None]) -> None:
    gc.Classifier(2, steps=1, context=8, **CPU).fit(np.arange(60.0) % 7).save(tmp_path / "model")
    told, tensors, _ = artifact.load(tmp_path / "model")
    lie(told)
    artifact.save(tmp_path / "model", told, tensors, force=True)
    with pytest.raises(ArtifactError):
        gc.Classifier.load(tmp_path / "model")
