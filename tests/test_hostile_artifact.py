"""A description that is signed and lies is refused when it is loaded, or forecasts: nothing else can happen."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import gatecast
from gatecast import artifact
from gatecast.artifact import Artifact
from gatecast.errors import ArtifactError, GatecastError

STRANGE = (None, -1, 0, 1, 1.5, 10**9, 10**30, 1e300, True, "x", [], {}, [1, 2, 3])
STRANGE_TENSORS = {
    "no rows": lambda tensor: tensor[:0],
    "a row less": lambda tensor: tensor[:-1],
    "another axis": lambda tensor: tensor[None],
    "another type": lambda tensor: tensor.to(torch.int16),
    "negative": lambda tensor: -1 - tensor,
    "huge": lambda tensor: torch.full_like(tensor, 10**18),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """A tiny ensemble on dated series with covariates of both kinds, as it was saved."""
    folder = tmp_path_factory.mktemp("sound") / "model"
    rows = 40
    days = np.datetime64("2024-01-01") + np.arange(rows + 2).astype("timedelta64[D]")
    one = {"day": days, "heat": np.sin(np.arange(rows + 2)), "open": np.arange(rows + 2) % 7 < 5}
    table: dict[str, Any] = {name: np.tile(values, 2) for name, values in one.items()}
    table["shop"] = np.repeat(["a", "b"], rows + 2)
    table["sold"] = [None if k % (rows + 2) >= rows else 5 + k % 7 + k % 3 for k in range(2 * (rows + 2))]
    table["open"] = table["open"].astype(float)
    import polars as pl

    model = gatecast.Forecaster(2, season=7, context=14, steps=2, members=2, device="cpu")
    model.fit(pl.DataFrame(table), target="sold", time="day", id="shop", past=["heat"], future=["open"]).save(folder)
    return artifact.load(folder)


def fields(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every field; of a list the first entry alone."""
    inside = value.items() if isinstance(value, dict) else list(enumerate(value))[:1] if isinstance(value, list) else ()
    for key, inner in inside:
        yield (*path, key)
        yield from fields(inner, (*path, key))


def changed(description: Any, path: tuple[Any, ...], value: Any) -> Any:
    description = copy.deepcopy(description)
    place = description
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return description


def is_refused_or_forecasts(description: Any, tensors: dict[str, torch.Tensor], folder: Path) -> bool:
    """Whether it is refused, signed as it is. What loads must forecast finite numbers, in a frame."""
    artifact.save(folder / "model", description, tensors, force=True)
    return meets_its_end(folder / "model")


def meets_its_end(folder: Path) -> bool:
    try:
        model = gatecast.load(folder, device="cpu")
    except ArtifactError:
        return True
    forecast = model.predict()
    forecast.to_frame()
    assert all(np.isfinite(part).all() for part in (forecast.point, forecast.lower, forecast.upper))
    return False


def test_what_was_saved_is_sound(sound: Artifact, tmp_path: Path) -> None:
    assert not is_refused_or_forecasts(sound.description, sound.tensors, tmp_path)


@pytest.mark.parametrize("value", STRANGE, ids=repr)
def test_a_strange_value_in_any_field_is_refused_or_harmless(
    sound: Artifact, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = 0
    for path in fields(sound.description):
        lie = Artifact(changed(sound.description, path, value), sound.tensors)
        monkeypatch.setattr(artifact, "load", lambda _, lie=lie: lie)  # hundreds of cases: without the disk
        try:
            refused += meets_its_end(Path("nowhere"))
        except Exception as error:
            raise AssertionError(f"{'.'.join(map(str, path))} = {value!r}") from error
    assert refused > 20


def test_a_missing_field_is_refused_or_harmless(sound: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = 0
    for *way, last in fields(sound.description):
        description = copy.deepcopy(sound.description)
        place: Any = description
        for key in way:
            place = place[key]
        del place[last]
        lie = Artifact(description, sound.tensors)
        monkeypatch.setattr(artifact, "load", lambda _, lie=lie: lie)
        refused += meets_its_end(Path("nowhere"))
    assert refused > 50


@pytest.mark.parametrize("kind", STRANGE_TENSORS)
def test_a_strange_tensor_is_refused_or_harmless(sound: Artifact, kind: str, tmp_path: Path) -> None:
    for name in [name for name in sound.tensors if name.startswith(("panel.", "member.0"))]:
        tensors = {**sound.tensors, name: STRANGE_TENSORS[kind](sound.tensors[name])}
        try:
            is_refused_or_forecasts(sound.description, tensors, tmp_path)
        except GatecastError as error:
            # numbers that no forecast follows from; a model that waits for a history with its covariates ahead
            assert kind == "huge" or name == "panel.ahead", (name, error)
        except Exception as error:
            raise AssertionError(name) from error


def test_a_tensor_less_or_more_is_refused(sound: Artifact, tmp_path: Path) -> None:
    for name in sound.tensors:
        rest = {other: tensor for other, tensor in sound.tensors.items() if other != name}
        assert is_refused_or_forecasts(sound.description, rest, tmp_path), name
    assert is_refused_or_forecasts(sound.description, {**sound.tensors, "more": torch.zeros(1)}, tmp_path)


LIES = {
    "a context that takes terabytes": {"fitted.network.context": 14 * 10**11, "wishes.context": 14 * 10**11},
    "a horizon that takes terabytes": {"fitted.network.horizon": 10**12, "wishes.horizon": 10**12},
    "a width that takes terabytes": {"fitted.network.options": {"hidden": 10**7, "layers": 1}},
    "layers without end": {"fitted.network.options": {"hidden": 1, "layers": 10**9}},
    "a list of layers without end": {"fitted.network.options": {"hidden": [1] * 100_000}},
    "networks without end": {"fitted.members": 10**9},
    "steps that close every day": {"panel.frequency.calendar": "XNYS", "panel.frequency.step": 1},
    "steps beyond the calendar": {"panel.frequency.step": 86_400_000_000 * 365 * 8000},
    "a zone that is a folder": {"panel.frequency.time_zone": "America"},
    "a zone outside": {"panel.layout.time_zone": "../../../etc/passwd"},
    "a patch that does not divide": {"fitted.network.patch": 5},
    "levels that fall": {"fitted.network.levels": [95, 80]},
    "wishes of another network": {"wishes.horizon": 3},
    "a base that is not there": {"fitted.gate": {"base": 8, "share": 0.5}},
    "weights of more bases than there are": {"fitted.gate": {"base": 0, "share": 0.5, "weights": [0.1] * 10}},
    "weights beyond all": {"fitted.gate": {"base": 0, "share": 0.5, "weights": [2.0, -1.0]}},
    "two series of one name": {"panel.ids": ["a", "a"]},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_refused_at_once(sound: Artifact, lie: str, tmp_path: Path) -> None:
    description: Any = sound.description
    for path, value in LIES[lie].items():
        description = changed(description, tuple(path.split(".")), value)
    assert is_refused_or_forecasts(description, sound.tensors, tmp_path)
