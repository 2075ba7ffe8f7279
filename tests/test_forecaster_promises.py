"""What a forecaster promises: the same bytes, no side effects, no peeking, no NaN, and intervals that hold."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import gatecast as gc
from gatecast.evaluation.backtest import rolling_origins
from gatecast.forecast import Origins, Prediction
from gatecast.forecaster import fitting
from gatecast.models.network import ForecastNetwork
from gatecast.training.history import Progress

HORIZON = 3


def wave(length: int = 80, *, seed: int = 0, noise: float = 0.3) -> np.ndarray:
    draws = np.random.default_rng(seed).normal(size=length)
    return 20 + 4 * np.sin(np.arange(length) * 2 * np.pi / 7) + noise * draws


def quick(horizon: int = HORIZON, **options: Any) -> gc.Forecaster:
    return gc.Forecaster(horizon, **{"steps": 3, "season": 7, "device": "cpu", **options})


def same(first: Prediction, second: Prediction) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def kept(model: gc.Forecaster, folder: Path) -> dict[str, bytes]:
    """The artifact's files."""
    model.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# same seed, same bytes; nothing of the caller's is touched


def test_trap_14_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    first = kept(quick(seed=5).fit(wave()), tmp_path / "first")
    np.random.seed(3)
    torch.manual_seed(3)
    random.seed(3)
    second = kept(quick(seed=5).fit(wave()), tmp_path / "second")
    third = kept(quick(seed=6).fit(wave()), tmp_path / "third")
    assert first == second
    assert {name for name in first if first[name] != third[name]} >= {name for name in first if "safetensors" in name}


def test_trap_14_two_processes_give_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys; import numpy as np; import gatecast as gc\n"
        "y = 20 + 4 * np.sin(np.arange(80) * 0.9)\n"
        "gc.Forecaster(3, steps=3, device='cpu').fit(y).save(sys.argv[1])"
    )
    ours = kept(quick(season="auto").fit(20 + 4 * np.sin(np.arange(80) * 0.9)), tmp_path / "ours")
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "theirs")], check=True, env=environment)
    assert ours == {path.name: path.read_bytes() for path in (tmp_path / "theirs").iterdir()}


def test_trap_14_the_callers_streams_and_threads_are_untouched(tmp_path: Path) -> None:
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    before = (random.getstate(), np.random.get_state()[1].tobytes(), torch.get_rng_state(), torch.get_num_threads())
    model = quick().fit(wave())
    model.predict()
    model.backtest(2)
    model.save(tmp_path / "model")
    gc.load(tmp_path / "model").predict()
    after = (random.getstate(), np.random.get_state()[1].tobytes(), torch.get_rng_state(), torch.get_num_threads())
    assert before[:2] == after[:2] and torch.equal(before[2], after[2]) and before[3] == after[3]


def test_trap_14_the_callers_data_and_grad_mode_are_untouched() -> None:
    data = wave()
    copy, mode = data.copy(), torch.is_grad_enabled()
    quick().fit(data).predict()
    assert np.array_equal(data, copy) and data.flags.writeable
    assert torch.is_grad_enabled() == mode and not torch.are_deterministic_algorithms_enabled()


def test_trap_15_nothing_is_written_or_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o500)
    try:
        model = quick().fit(wave())
        model.predict().to_frame()
        model.backtest(2)
    finally:
        tmp_path.chmod(0o700)
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")


def test_trap_05_no_device_is_kept(tmp_path: Path) -> None:
    kept(quick(device="auto").fit(wave()), tmp_path / "auto")
    kept(quick(device="cpu").fit(wave()), tmp_path / "cpu")
    stored = {name: (tmp_path / name / "model.json").read_text("utf-8") for name in ("auto", "cpu")}
    assert all("cuda" not in text and '"device"' not in text for text in stored.values())
    loaded = gc.load(tmp_path / "cpu", device="cpu")
    assert {value.device.type for network in networks_of(loaded) for value in network.state_dict().values()} == {"cpu"}


def networks_of(model: gc.Forecaster) -> list[ForecastNetwork]:
    fitted: Any = model.fitted
    return list(fitted.networks)


# the clock


def test_the_steps_of_a_budget_repeat_its_fit() -> None:
    first = quick(steps=None, budget=0.6, members=1) if takes_members() else quick(steps=None, budget=0.6)
    model = first.fit(wave())
    assert model.history.steps > 0
    plain = {"members": 1} if takes_members() else {}
    again = quick(steps=model.history.steps, **plain).fit(wave())
    assert same_forecast(model, again)


def takes_members() -> bool:
    return "members" in gc.Forecaster.__init__.__annotations__


def same_forecast(first: gc.Forecaster, second: gc.Forecaster) -> bool:
    one, other = first.predict(), second.predict()
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("point", "lower", "upper"))


@pytest.mark.parametrize("after", [0, 30])
def test_ctrl_c_keeps_a_model_that_forecasts(after: int, tmp_path: Path) -> None:
    looks: list[Progress] = []

    def press(progress: Progress) -> None:
        looks.append(progress)
        if progress.step >= after and len(looks) < 1000:
            looks.extend([progress] * 1000)
            raise KeyboardInterrupt

    model = quick(steps=3000).fit(wave(), on_progress=press)
    assert model.history.stopped == "interrupted" and model.history.steps < 3000
    assert np.isfinite(model.predict().point).all()
    assert max(look.step for look in looks) < 300, "training went on after Ctrl-C"
    model.save(tmp_path / "model")
    json.loads((tmp_path / "model" / "model.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert same_forecast(gc.load(tmp_path / "model", device="cpu"), model)


# no peeking


def test_trap_03_what_comes_after_the_cut_off_changes_nothing() -> None:
    plain = np.stack([wave(seed=seed) for seed in range(3)])
    model = quick().fit(plain)
    origins = rolling_origins(model.reading.panel, HORIZON, 4)
    cut = int(origins.ends.min())
    garbage = plain.copy()
    garbage[:, cut:] = np.random.default_rng(0).normal(1e6, 1e5, size=garbage[:, cut:].shape)
    clean, dirty = model.backtest(4), quick().backtest(4, garbage)
    first = origins.ends == cut
    assert first.sum() == 3
    for part, other in zip(clean.predictions["LSTM"], dirty.predictions["LSTM"], strict=True):
        assert part[first].tobytes() == other[first].tobytes()


def test_trap_03_a_forecast_reads_nothing_after_its_origin() -> None:
    panel = gc.read(np.stack([wave(seed=seed) for seed in range(2)])).panel
    model = quick().fit(panel)
    values = panel.values.copy()
    values[40:80] = 1e9
    corrupted = type(panel)(values, panel.offsets, panel.ids, panel.time, panel.frequency)
    origins = Origins(np.array([0, 1]), np.array([40, 80]))
    assert same(model.predict_at(panel, origins), model.predict_at(corrupted, origins))


# many windows, many series


def test_trap_25_a_batch_of_origins_equals_the_loop() -> None:
    model = quick().fit(np.stack([wave(), wave(seed=1)]))
    panel = model.reading.panel
    origins = Origins(np.repeat([0, 1], 70), np.tile(np.arange(10, 80), 2))
    together = model.predict_at(panel, origins)
    for k in (0, 1, 33, 70, 139):
        alone = model.predict_at(panel, Origins(*(part[k : k + 1] for part in origins)))
        for part, one in zip(together, alone, strict=True):
            np.testing.assert_allclose(part[k], one[0], rtol=1e-5)


def test_trap_16_a_forecast_is_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    model = quick().fit(np.stack([wave(seed=seed) for seed in range(50)]))
    passes: list[int] = []
    plain = ForecastNetwork.forward

    def forward(self: ForecastNetwork, batch: Any, **options: Any) -> Any:
        passes.append(len(batch.target))
        assert not torch.is_grad_enabled()
        return plain(self, batch, **options)

    monkeypatch.setattr(ForecastNetwork, "forward", forward)
    model.predict()
    assert passes == [50] * len(networks_of(model))


def test_many_series_go_through_in_parts_and_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """What all members and bases say of every series at once takes far more memory than the forecast."""
    model = quick().fit(np.stack([wave(seed=seed) for seed in range(10)]))
    whole, parts, plain = model.predict(), [], fitting.predict

    def predict(networks: Any, reader: Any, origins: Origins) -> Any:
        parts.append(len(origins.series))
        return plain(networks, reader, origins)

    monkeypatch.setattr(fitting, "predict", predict)
    monkeypatch.setattr(fitting, "_PART", 4)
    forecast = model.predict()
    assert parts == [4, 4, 2]
    for name in ("point", "lower", "upper"):
        np.testing.assert_allclose(getattr(forecast, name), getattr(whole, name), rtol=1e-5)


def test_trap_26_a_short_series_is_left_out_and_named_and_the_others_are_unchanged() -> None:
    long = pl.DataFrame({"id": ["a"] * 80 + ["b"] * 80, "t": [*range(80)] * 2, "y": [*wave(), *wave(seed=1)]})
    short = pl.DataFrame({"id": ["tiny"] * 2, "t": [0, 1], "y": [1.0, 5.0]})
    alone = quick().fit(long, target="y", id="id", time="t")
    model = quick().fit(pl.concat([long, short]), target="y", id="id", time="t")
    notes = [note.text for note in model.reading.notes if note.kind == "short"]
    assert notes and all("tiny" in note.english and "tiny" in note.chinese for note in notes)
    assert same_forecast(model, alone)


def test_trap_26_a_series_shorter_than_the_context_is_forecast() -> None:
    data = pl.DataFrame({"id": ["a"] * 80 + ["b"] * 6, "t": [*range(80), *range(6)], "y": [*wave(), *wave(6)]})
    model = quick(context=14).fit(data, target="y", id="id", time="t")
    forecast = model.predict()
    assert forecast.ids == ("a", "b") and np.isfinite(forecast.upper).all()


# sound numbers


@pytest.mark.parametrize("value", [0.0, 0.7, -1 / 3, 1e12 / 7])
def test_a_constant_series_is_forecast_as_constant(value: float) -> None:
    model = gc.Forecaster(HORIZON, device="cpu").fit(np.full(60, value))
    forecast = model.predict()
    for part in (forecast.point, forecast.lower, forecast.upper):
        np.testing.assert_allclose(part, value, rtol=1e-12)
    assert model.history.stopped == "nothing to learn"
    assert any("nothing to learn" in text.english for text in model.describe())
    scores = model.backtest(4)
    assert scores.verdict.kind == "constant"


def test_a_constant_series_among_others_stays_constant() -> None:
    model = quick().fit(np.stack([wave(), np.full(80, 5.5)]))
    forecast = model.predict()
    np.testing.assert_allclose(forecast.point[1], 5.5, rtol=1e-12)
    np.testing.assert_allclose(forecast.upper[1], 5.5, rtol=1e-12)
    assert (forecast.upper[0] > forecast.lower[0]).all()


STRANGE = st.one_of(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=12, max_size=30),
    st.lists(st.sampled_from([0.0, 1.0, -1.0, 1e-300, 1e30, 1e300, -1e300]), min_size=12, max_size=30),
    st.lists(st.integers(-3, 3).map(float), min_size=12, max_size=30),
)


@settings(deadline=None, max_examples=15, phases=[Phase.reuse, Phase.generate])  # a fit is too slow to shrink by
@given(STRANGE)
def test_trap_08_no_forecast_holds_nan(values: list[float]) -> None:
    try:
        forecast = gc.Forecaster(2, steps=2, season=None, device="cpu").fit(values).predict()
    except gc.errors.GatecastError:
        return
    for part in (forecast.point, forecast.lower, forecast.upper):
        assert np.isfinite(part).all()
    assert (forecast.lower <= forecast.point[:, :, None]).all() and (forecast.point[:, :, None] <= forecast.upper).all()


@settings(deadline=None, max_examples=30)
@given(STRANGE)
def test_trap_08_no_forecast_of_a_strange_history_holds_nan(values: list[float]) -> None:
    try:
        forecast = ordinary().predict(values)
    except gc.errors.GatecastError:
        return
    assert np.isfinite(np.concatenate([forecast.point[:, :, None], forecast.lower, forecast.upper], axis=2)).all()


_ORDINARY: list[gc.Forecaster] = []


def ordinary() -> gc.Forecaster:
    """A fitted forecaster, made once."""
    if not _ORDINARY:
        _ORDINARY.append(quick().fit(wave()))
    return _ORDINARY[0]


def test_trap_12_a_thousandfold_target_has_a_thousandfold_forecast() -> None:
    plain, scaled, shifted = (quick(steps=20).fit(data).predict() for data in (wave(), 1000 * wave(), wave() + 300))
    for name in ("point", "lower", "upper"):
        np.testing.assert_allclose(getattr(scaled, name), 1000 * getattr(plain, name), rtol=1e-3)
        np.testing.assert_allclose(getattr(shifted, name), getattr(plain, name) + 300, rtol=1e-3)


# honest


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_trap_02_a_random_walk_is_no_skill(seed: int) -> None:
    walk = 100 + np.random.default_rng(seed).normal(size=200).cumsum()
    scores = gc.Forecaster(HORIZON, steps=40, device="cpu").fit(walk).backtest(16)
    assert scores.verdict.kind != "skill"


@pytest.mark.slow
def test_trap_02_ten_random_walks_are_no_skill() -> None:
    kinds = []
    for seed in range(10):
        walk = 100 + np.random.default_rng(100 + seed).normal(size=200).cumsum()
        kinds.append(gc.Forecaster(HORIZON, steps=60, device="cpu").fit(walk).backtest(16).verdict.kind)
    assert kinds.count("skill") <= 1  # one in forty is chance


def autoregressive(seed: int, length: int) -> np.ndarray:
    draws = np.random.default_rng(seed).normal(size=length)
    values = np.zeros(length)
    for step in range(1, length):
        values[step] = 0.7 * values[step - 1] + draws[step]
    return values


def test_trap_23_intervals_cover_what_they_promise_on_windows_never_seen() -> None:
    past = np.stack([autoregressive(seed, 60) for seed in range(300)])
    future = np.stack([autoregressive(1000 + seed, 60) for seed in range(300)])
    model = gc.Forecaster(HORIZON, steps=60, season=None, device="cpu").fit(past)
    panel = gc.read(future).panel
    origins = Origins(np.repeat(np.arange(300), 3), np.tile([30, 40, 50], 300))
    prediction = model.predict_at(panel, origins)
    rows = (panel.offsets[origins.series] + origins.ends)[:, None] + np.arange(HORIZON)
    actual = panel.y[rows][:, :, None]
    coverage = ((prediction.lower <= actual) & (actual <= prediction.upper)).mean(axis=0)
    np.testing.assert_allclose(coverage, np.tile([0.80, 0.95], (HORIZON, 1)), atol=0.06)


def test_a_sine_is_learnt() -> None:
    scores = gc.Forecaster(7, steps=80, device="cpu").fit(wave(300, noise=0.5)).backtest(8)
    table = scores.table()
    mase = dict(zip(table["method"], table["MASE"], strict=True))
    assert mase["LSTM"] < 1.1 * min(mase.values())
