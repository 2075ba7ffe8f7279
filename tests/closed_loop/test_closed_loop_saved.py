"""A saved closed loop goes on as it did; what lies is refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import gatecast as gc
from gatecast import artifact
from gatecast.artifact import Artifact
from gatecast.errors import ArtifactError, NotFittedError, OptionError

CPU: dict[str, Any] = {"device": "cpu"}


def waves(series: int = 12, time: int = 60, variables: int = 1) -> np.ndarray:
    phase = np.arange(series)[:, None, None] * 3 + np.arange(variables) * 7
    return np.sin((np.arange(time)[:, None] + phase) / 8)


def fitted(data: Any = None, **options: Any) -> gc.ClosedLoop:
    options = {"hidden": (6, 4), "steps": 2, "horizon": 3} | CPU | options
    return gc.ClosedLoop(**options).fit(waves() if data is None else data)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[gc.ClosedLoop, Path]:
    folder = tmp_path_factory.mktemp("saved") / "model"
    model = fitted()
    model.save(folder)
    return model, folder


@pytest.mark.parametrize(
    "options",
    [{}, {"scaling": "series"}, {"scaling": False, "optimiser": "adam", "sampling": 0.2, "training": {"batch": 4}}],
)
@pytest.mark.parametrize("variables", [1, 2])
def test_a_saved_closed_loop_goes_on_with_the_same_bytes(
    options: dict[str, Any], variables: int, tmp_path: Path
) -> None:
    model = fitted(waves(variables=variables), **options)
    model.save(tmp_path / "model")
    again = gc.load(tmp_path / "model", **CPU)
    assert type(again) is gc.ClosedLoop
    later = waves(3, 30, variables)
    for history in (None, later):
        assert again.continue_(9, history).tobytes() == model.continue_(9, history).tobytes()
        one, two = again.predict(history=history), model.predict(history=history)
        assert all(getattr(one, part).tobytes() == getattr(two, part).tobytes() for part in ("point", "lower", "upper"))
    assert again.error_growth.tobytes() == model.error_growth.tobytes()
    for name in ("step", "loss", "free_run", "kept_step", "stopped"):
        assert getattr(again.history, name) == getattr(model.history, name)
    assert again.history.growth.tobytes() == model.history.growth.tobytes()
    assert (again.training, again.held_out, again.scaling) == (model.training, model.held_out, model.scaling)
    again.save(tmp_path / "copy")
    for name in ("model.json", "weights.safetensors"):
        assert (tmp_path / "copy" / name).read_bytes() == (tmp_path / "model" / name).read_bytes()
    trained = again.fit(waves(variables=variables))
    assert trained.continue_(4).tobytes() == model.continue_(4).tobytes()


def test_a_free_run_that_left_all_bounds_is_told_again(saved: tuple[gc.ClosedLoop, Path], tmp_path: Path) -> None:
    stored = artifact.load(saved[1])
    lost = {"history.free_run": torch.tensor([0.5, -1.0], dtype=torch.float64)}  # as an infinite error is kept
    artifact.save(tmp_path / "lost", stored.description, stored.tensors | lost)
    again = gc.load(tmp_path / "lost", **CPU)
    assert again.history.free_run == (0.5, np.inf)
    again.save(tmp_path / "again")
    for name in ("model.json", "weights.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "lost" / name).read_bytes()


def test_a_table_is_read_as_that_of_the_fit_and_no_joined_file_is_opened_unasked(tmp_path: Path) -> None:
    days = [f"2024-{1 + k // 28:02}-{1 + k % 28:02}" for k in range(84)]
    for name, columns in {"prices.csv": ("open", "close"), "rates.csv": ("rate",)}.items():
        rows = "".join(f"{day}{f',{3 + k % 7}' * len(columns)}\n" for k, day in enumerate(days))
        (tmp_path / name).write_text(f"day,{','.join(columns)}\n{rows}")
    prices, rates = str(tmp_path / "prices.csv"), str(tmp_path / "rates.csv")
    model = gc.ClosedLoop(hidden=4, steps=1, **CPU).fit(prices, target="close", join=rates)
    model.save(tmp_path / "model")
    assert str(tmp_path) not in (tmp_path / "model" / "model.json").read_text()
    again = gc.load(tmp_path / "model", **CPU)
    with pytest.raises(OptionError, match=r"rates\.csv; give the table again"):
        again.predict(history=prices)
    for panel in (again.predict(2, prices, join=[rates]), again.predict(2)):
        assert panel.point.tobytes() == model.predict(2, prices).point.tobytes()


def test_what_is_not_fitted_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        gc.ClosedLoop(**CPU).save(tmp_path / "model")
    assert not any(tmp_path.iterdir())


STRANGE: tuple[Any, ...] = (None, -1, 0, 1.5, 10**9, 10**30, 1e300, True, "x", "../evil", [], {}, [1, 2, 3])


def fields(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every field; of a list the first entry alone."""
    inside = value.items() if isinstance(value, dict) else list(enumerate(value))[:1] if isinstance(value, list) else ()
    for key, inner in inside:
        yield (*path, key)
        yield from fields(inner, (*path, key))


def is_refused(lie: Artifact, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether it is; what loads must go on with finite numbers."""
    monkeypatch.setattr(artifact, "load", lambda _: lie)  # hundreds of cases: without the disk
    try:
        again = gc.load("lie", **CPU)
    except ArtifactError:
        return True
    forecast = again.predict(2)
    forecast.to_frame()
    assert np.isfinite(forecast.lower).all()
    return False


@pytest.mark.parametrize("value", STRANGE, ids=repr)
def test_a_strange_value_in_any_field_is_refused_or_harmless(
    saved: tuple[gc.ClosedLoop, Path], value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = artifact.load(saved[1])
    refused = 0
    places = list(fields(stored.description))
    for place in places:
        told = copy.deepcopy(stored.description)
        inside = told
        for key in place[:-1]:
            inside = inside[key]
        inside[place[-1]] = value
        refused += is_refused(Artifact(told, stored.tensors), monkeypatch)
    assert refused > len(places) // 3


def test_a_missing_field_or_tensor_is_refused(
    saved: tuple[gc.ClosedLoop, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = artifact.load(saved[1])
    for name in stored.description:
        told = {key: value for key, value in stored.description.items() if key != name}
        assert is_refused(Artifact(told, stored.tensors), monkeypatch), name
    for name in stored.tensors:
        tensors = {key: value for key, value in stored.tensors.items() if key != name}
        assert is_refused(Artifact(stored.description, tensors), monkeypatch), name


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t[None], lambda t: t.to(torch.int16)])
def test_a_strange_tensor_is_refused(
    saved: tuple[gc.ClosedLoop, Path], change: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = artifact.load(saved[1])
    for name, tensor in stored.tensors.items():
        if tensor.numel() and name != "growth":  # whose steps may be any number
            assert is_refused(Artifact(stored.description, stored.tensors | {name: change(tensor)}), monkeypatch), name


def test_a_folder_that_was_cut_off_is_refused(saved: tuple[gc.ClosedLoop, Path], tmp_path: Path) -> None:
    saved[0].save(tmp_path / "model")
    weights = tmp_path / "model" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(ArtifactError, match="checksum differs"):
        gc.load(tmp_path / "model", **CPU)
