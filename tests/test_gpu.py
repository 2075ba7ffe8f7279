"""The product on a GPU: every model trains there, its artifact knows nothing of it, and a CPU forecasts the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import gatecast as gc
from gatecast.explain.inspection import examine
from gatecast.models import names

GPU = "cuda"
HORIZON, ROWS = 3, 90
CLOSE: dict[str, Any] = {"rtol": 5e-3, "atol": 5e-3}  # cuDNN multiplies with the ten binary digits of TF32

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def table() -> pl.DataFrame:
    """Two series of different level, with a covariate known ahead and one that is not."""
    steps = np.arange(ROWS + HORIZON)
    promo, noise = (steps % 7 == 3).astype(float), np.random.default_rng(0).normal(size=len(steps))
    parts = []
    for name, level in (("low", 10.0), ("high", 500.0)):
        y = level + np.sin(steps / 2) + promo + 0.01 * noise
        parts.append(pl.DataFrame({"id": name, "time": steps, "y": y, "promo": promo, "noise": noise}))
    known = pl.col("time") < ROWS
    return pl.concat(parts).with_columns(pl.when(known).then(pl.col("y", "noise")))


def fitted(name: str = "lstm", device: str = GPU, **more: Any) -> gc.Forecaster:
    options = {"steps": 4, "members": 1, "network": {"hidden": 4}, **more}
    model = gc.Forecaster(HORIZON, model=name, device=device, **options)
    return model.fit(table(), target="y", future=["promo"], past=["noise"], id="id", time="time")


def devices(model: gc.Forecaster) -> set[str]:
    return {value.device.type for network in model.fitted.networks for value in network.state_dict().values()}


def assert_close(ours: gc.Forecast, theirs: gc.Forecast) -> None:
    for part in ("point", "lower", "upper"):
        np.testing.assert_allclose(getattr(ours, part), getattr(theirs, part), **CLOSE)


@pytest.mark.parametrize("name", names())
def test_trap_05_a_model_from_a_gpu_forecasts_the_same_on_a_cpu_and_back(name: str, tmp_path: Path) -> None:
    model = fitted(name)
    assert devices(model) == {GPU}
    model.save(tmp_path / "model")
    assert all(b"cuda" not in part.read_bytes() for part in (tmp_path / "model").iterdir())
    for device in ("cpu", GPU):
        again = gc.load(tmp_path / "model", device=device)
        assert devices(again) == {device}
        assert_close(again.predict(), model.predict())


@pytest.mark.parametrize("name", names())
def test_a_step_on_a_gpu_is_the_step_on_a_cpu(name: str) -> None:
    """With plain descent: Adam divides gradients by their size, rounding included."""
    steps: dict[str, Any] = {"steps": 2, "training": {"optimiser": "sgd", "rate": 1e-3}}
    ours, theirs = (fitted(name, device, **steps).fitted.networks[0].state_dict() for device in (GPU, "cpu"))
    for key, value in theirs.items():
        torch.testing.assert_close(ours[key].cpu(), value, **CLOSE)


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd", "lbfgs"])
def test_every_optimiser_trains_there(optimiser: str) -> None:
    ways = {"training": {"optimiser": optimiser, "l1": 1e-6}, "network": {"hidden": 4, "dropout": 0.1}}
    assert np.isfinite(fitted(**ways).predict().point).all()


def test_auto_takes_it_and_the_global_stream_stays_the_users() -> None:
    torch.cuda.manual_seed(7)
    before = torch.cuda.get_rng_state()
    assert devices(fitted(device="auto")) == {GPU}
    assert torch.equal(before, torch.cuda.get_rng_state())


def test_the_default_forecasts_judges_and_explains_there() -> None:
    model = gc.Forecaster(HORIZON, steps=6, members=2, device=GPU).fit(table(), target="y", id="id", time="time")
    assert np.isfinite(model.predict(samples=8).samples).all()
    assert np.isfinite(model.backtest(2).table()["MASE"]).all()
    assert examine(model).permutation is not None


def test_the_pretrained_network_is_heard_there_and_comes_back_on_a_cpu(tmp_path: Path) -> None:
    months = np.arange(120)
    y = (100 + months) * np.exp(0.3 * np.sin(2 * np.pi * months / 12)) + np.random.default_rng(0).normal(size=120)
    model = gc.Forecaster(12, season=12, steps=20, members=1, device=GPU).fit(pl.DataFrame({"y": y}), target="y")
    assert model.fitted.advisers.pretrained is not None and model.fitted.pretrained_share > 0.3
    assert {value.device.type for value in model.fitted.advisers.pretrained.state_dict().values()} == {GPU}
    model.save(tmp_path / "model")
    assert_close(gc.load(tmp_path / "model", device="cpu").predict(), model.predict())


def test_paths_of_deepar_are_those_of_a_cpu(tmp_path: Path) -> None:
    fitted("deepar").save(tmp_path / "model")
    ours, theirs = (gc.load(tmp_path / "model", device=device).predict(samples=16) for device in (GPU, "cpu"))
    np.testing.assert_allclose(ours.samples, theirs.samples, **CLOSE)


def test_an_interrupted_run_goes_on_there(tmp_path: Path) -> None:
    def press(progress: Any) -> None:
        if progress.step >= 5:
            raise KeyboardInterrupt

    model = gc.Forecaster(HORIZON, context=12, steps=20, members=1, device=GPU, training={"round": 2})
    data = table().filter(pl.col("time") < ROWS).select("id", "time", "y")
    options: dict[str, Any] = {"target": "y", "id": "id", "time": "time", "checkpoint": tmp_path / "checkpoint"}
    assert model.fit(data, on_progress=press, **options).history.stopped == "interrupted"
    assert model.fit(data, resume=True, **options).history.steps == 20
    assert np.isfinite(model.predict().point).all()


def test_a_closed_loop_comes_back_on_a_cpu(tmp_path: Path) -> None:
    waves = np.stack([np.sin(np.arange(120) / 3 + k) for k in range(4)])
    loop = gc.ClosedLoop("lstm-cell", 6, steps=2, device=GPU).fit(waves)
    loop.save(tmp_path / "loop")
    again = gc.load(tmp_path / "loop", device="cpu")
    np.testing.assert_allclose(again.continue_(5), loop.continue_(5), **CLOSE)


def test_a_classifier_comes_back_on_a_cpu(tmp_path: Path) -> None:
    model = gc.Classifier(2, steps=3, device=GPU).fit(table().drop_nulls(), target="y", id="id", time="time")
    model.save(tmp_path / "model")
    again = gc.load(tmp_path / "model", device="cpu")
    np.testing.assert_allclose(again.predict().probability, model.predict().probability, **CLOSE)
