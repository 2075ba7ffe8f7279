"""A saved ensemble forecasts what it did, each of its members alone too; what lies is refused."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import gatecast as gc
from gatecast import artifact
from gatecast.errors import ArtifactError, GatecastError, NotFittedError
from gatecast.forecast import Forecast
from gatecast.runtime import stream

CPU: dict[str, Any] = {"device": "cpu"}


def waves(series: int = 2, rows: int = 90) -> np.ndarray:
    time = np.arange(rows)
    return np.stack([10 + k + np.sin(time / 2 + k) + 0.1 * stream(k, "noise").normal(size=rows) for k in range(series)])


def ensemble(rule: str, contexts: tuple[int, ...] = (9, 12)) -> gc.Ensemble:
    """The second member reads more of the past than the first."""
    members = [
        gc.Forecaster(3, model=model, seed=k, context=context, steps=10, members=1, **CPU)
        for k, (model, context) in enumerate(zip(("mlp", "gru", "mlp"), contexts, strict=False))
    ]
    return gc.Ensemble(members, combine=rule)


def same(one: Forecast, two: Forecast) -> bool:
    return all(getattr(one, part).tobytes() == getattr(two, part).tobytes() for part in ("point", "lower", "upper"))


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> tuple[gc.Ensemble, Path]:
    folder = tmp_path_factory.mktemp("learnt") / "model"
    model = ensemble("stacking").fit(waves())
    model.save(folder)
    return model, folder


def test_a_saved_ensemble_forecasts_the_same_bytes(learnt: tuple[gc.Ensemble, Path], tmp_path: Path) -> None:
    model, folder = learnt
    again = gc.load(folder, **CPU)
    assert type(again) is gc.Ensemble and model.combination.correction is not None
    assert same(again.predict(), model.predict())
    later = waves(2, 60)
    assert same(again.predict(later), model.predict(later))
    assert again.describe() == model.describe()
    again.save(tmp_path / "copy")
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert len(files) == 6
    for name in files:
        assert (tmp_path / "copy" / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize("rule", ["median", "greedy"])
def test_every_rule_comes_back(rule: str, tmp_path: Path) -> None:
    model = ensemble(rule, (9, 12, 7)).fit(waves(1, 60))
    model.save(tmp_path / "model")
    again = gc.load(tmp_path / "model", **CPU)
    assert again.rule == rule and same(again.predict(), model.predict())


def test_intervals_count_in_the_scale_of_the_whole_past_which_is_not_kept(tmp_path: Path) -> None:
    values = np.concatenate([waves(1, 80)[0], np.full(10, 10.0)])  # the newest rows have no width of their own
    model = ensemble("stacking").fit(values)
    model.save(tmp_path / "model")
    again, forecast = gc.load(tmp_path / "model", **CPU), model.predict()
    assert (forecast.upper > forecast.lower).all() and same(again.predict(), forecast)
    assert same(model.predict(values), forecast)


def test_a_loaded_ensemble_can_be_judged_and_trained_again(learnt: tuple[gc.Ensemble, Path]) -> None:
    again = gc.load(learnt[1], **CPU)
    assert again.backtest(windows=2, data=waves()).methods[0] == "ensemble (stacking)"
    with pytest.raises(NotFittedError, match="pass data="):
        again.backtest()
    assert same(again.fit(waves()).predict(), learnt[0].predict())


def test_each_member_is_a_saved_forecaster(learnt: tuple[gc.Ensemble, Path]) -> None:
    model, folder = learnt
    for number, member in enumerate(model.members):
        assert same(gc.load(folder / f"member-{number}", **CPU).predict(), member.predict())


def test_what_is_not_fitted_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        ensemble("mean").save(tmp_path / "model")
    assert not any(tmp_path.iterdir())


STRANGE: tuple[Any, ...] = (
    None,
    -1,
    2,
    1e300,
    "median",
    "../evil",
    [],
    {},
    [0.5, 0.6],
    [-1, 2],
    [1.0],
    [0.2, 0.3, 0.5],
)


@pytest.mark.parametrize("field", ["rule", "weights", "correction"])
@pytest.mark.parametrize("value", STRANGE, ids=repr)
def test_a_description_that_lies_is_refused_or_harmless(
    learnt: tuple[gc.Ensemble, Path], field: str, value: Any, tmp_path: Path
) -> None:
    stored = artifact.load(learnt[1])
    told = copy.deepcopy(stored.description)
    told["ensemble"][field] = value
    artifact.save(tmp_path / "lie", told, stored.tensors, stored.members)
    if value is None and field != "rule":
        assert np.isfinite(gc.load(tmp_path / "lie", **CPU).predict().upper).all()  # as where nothing was learnt
        return
    with pytest.raises(ArtifactError, match="lie") as caught:
        gc.load(tmp_path / "lie", **CPU)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.text.chinese)


@pytest.mark.parametrize(
    "scale", [None, torch.ones(3), torch.zeros(2).double(), -torch.ones(2).double(), torch.ones(2, dtype=torch.int64)]
)
def test_scales_that_are_not_those_of_the_series_are_refused(
    learnt: tuple[gc.Ensemble, Path], scale: torch.Tensor | None, tmp_path: Path
) -> None:
    stored = artifact.load(learnt[1])
    artifact.save(tmp_path / "lie", stored.description, {} if scale is None else {"scale": scale}, stored.members)
    with pytest.raises(ArtifactError):
        gc.load(tmp_path / "lie", **CPU)


def test_members_that_are_not_of_one_kind_are_refused(learnt: tuple[gc.Ensemble, Path], tmp_path: Path) -> None:
    stored = artifact.load(learnt[1])
    alone = {"ensemble": {"rule": "mean", "weights": None, "correction": None}}
    others = {
        "horizon": gc.Forecaster(2, steps=2, members=1, context=9, **CPU).fit(waves()),
        "fewer series": gc.Forecaster(3, steps=2, members=1, context=9, **CPU).fit(waves(1)),
        "another end": gc.Forecaster(3, steps=2, members=1, context=9, **CPU).fit(waves(2, 70)),
    }
    for name, other in others.items():
        artifact.save(tmp_path / name, alone, {}, [stored.members[0], other.to_artifact()])
        with pytest.raises(ArtifactError):
            gc.load(tmp_path / name, **CPU)
    artifact.save(tmp_path / "none", alone, {}, [])
    artifact.save(tmp_path / "classes", alone, {}, [gc.Classifier(2, steps=1, **CPU).fit(waves(1)[0]).to_artifact()])
    for name in ("none", "classes"):
        with pytest.raises(ArtifactError):
            gc.load(tmp_path / name, **CPU)


@pytest.mark.parametrize(
    "name", ["model.json", "weights.safetensors", "member-1/model.json", "member-1/weights.safetensors"]
)
def test_a_folder_that_was_cut_off_or_changed_is_refused(
    learnt: tuple[gc.Ensemble, Path], name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(learnt[1], folder)
    whole = (folder / name).read_bytes()
    other = b"1" if whole[-9:-8] != b"1" else b"2"
    for content in (whole[: len(whole) // 2], whole[:-9] + other + whole[-8:], b""):
        (folder / name).write_bytes(content)
        with pytest.raises(ArtifactError):
            gc.load(folder, **CPU)
    (folder / name).unlink()
    with pytest.raises(GatecastError):
        gc.load(folder, **CPU)
