"""Every registered model in the user's class: fitted, kept, loaded, judged; and lies about its shape are refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import gatecast
from gatecast import artifact
from gatecast.artifact import Artifact
from gatecast.errors import ArtifactError
from gatecast.models import get, names

EACH = pytest.mark.parametrize("name", names())
STRANGE = (None, -1, 0, 1.5, 10**9, 10**30, 1e300, True, "x", [], {}, [1, 2, 3], [1] * 2000)


def series(rows: int = 60) -> np.ndarray:
    return 10 + np.sin(np.arange(rows) / 2) + 0.01 * np.arange(rows)


def fitted(name: str) -> gatecast.Forecaster:
    options = {"model": name, "steps": 2, "members": 1, "device": "cpu", "network": {"hidden": 4}}
    return gatecast.Forecaster(3, **options).fit(series())


@EACH
def test_fits_forecasts_and_comes_back_the_same(name: str, tmp_path: Path) -> None:
    model = fitted(name)
    forecast = model.predict()
    assert np.isfinite(forecast.point).all() and (forecast.lower <= forecast.upper).all()
    model.save(tmp_path / "model")
    again = gatecast.load(tmp_path / "model", device="cpu")
    assert again.name == model.name
    stored, loaded = model.fitted.networks[0].state_dict(), again.fitted.networks[0].state_dict()
    assert all(torch.equal(stored[key], loaded[key]) for key in stored)
    for ours, theirs in ((forecast, again.predict()), (fitted(name).predict(), forecast)):  # and a second fit
        assert np.array_equal(ours.point, theirs.point) and np.array_equal(ours.upper, theirs.upper)


@EACH
def test_a_lie_about_its_shape_is_refused_or_harmless(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted(name).save(tmp_path / "model")
    sound = artifact.load(tmp_path / "model")
    refused = 0
    for option in [*vars(get(name).config()), "more"]:
        for value in STRANGE:
            description: Any = copy.deepcopy(sound.description)
            description["fitted"]["network"]["options"][option] = value
            lie = Artifact(description, sound.tensors)
            monkeypatch.setattr(artifact, "load", lambda _, lie=lie: lie)
            try:
                model = gatecast.load(tmp_path, device="cpu")
            except ArtifactError:
                refused += 1
                continue
            assert np.isfinite(model.predict().point).all(), (option, value)
    assert refused > 2 * len(STRANGE)
