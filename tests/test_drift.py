"""The drift of a series: what it is, what must not move it, and how it comes to have a say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import gatecast as gc
from gatecast.evaluation.baselines import Drift
from gatecast.forecast import Origins
from gatecast.forecaster.advice import Advisers
from gatecast.forecaster.gate import Gate
from gatecast.frequency import Frequency
from gatecast.panel import Panel
from gatecast.scaling import Scaler
from gatecast.windows import WindowReader

HORIZON = 6


def panel_of(*series: np.ndarray) -> Panel:
    lengths = np.array([len(y) for y in series])
    return Panel(
        np.concatenate(series).reshape(-1, 1).astype(float),
        np.concatenate([[0], lengths.cumsum()]),
        tuple(f"s{k}" for k in range(len(series))),
        np.concatenate([np.arange(length) for length in lengths]),
        Frequency("row"),
    )


def said_of(*series: np.ndarray, ends=None) -> np.ndarray:
    """What an adviser says of them, from the end of each."""
    panel = panel_of(*series)
    reader = WindowReader(panel, Scaler.fit(np.zeros((0, 0))), 5, HORIZON, torch.device("cpu"))
    origins = Origins(np.arange(len(series)), panel.lengths if ends is None else np.array(ends))
    drift = Advisers(drift=True).at(reader, origins).drift
    assert drift is not None
    return drift


def walk(length: int, drift: float = 0.5, seed: int = 0) -> np.ndarray:
    return 100 + np.cumsum(np.random.default_rng(seed).normal(drift, 1, length))


def test_it_is_the_naive_drift_of_every_series_that_it_can_read_whole():
    series = [walk(length, seed=length) for length in (1, 2, 40, 1000)]
    panel = panel_of(*series)
    origins = Origins(np.arange(4), panel.lengths)
    naive = Drift(HORIZON, (80,)).point(panel, origins)
    np.testing.assert_allclose(said_of(*series), naive, rtol=1e-12)


def test_of_a_longer_series_it_reads_the_newest_values():
    y = walk(1000 + 500)
    np.testing.assert_array_equal(said_of(y), said_of(y[500:]))


def test_nothing_after_an_origin_counts():
    y = walk(90)
    changed = np.concatenate([y[:50], -7 * y[50:]])
    np.testing.assert_array_equal(said_of(y, ends=[50]), said_of(changed, ends=[50]))


def test_values_as_large_as_can_be_do_no_harm():
    assert np.isfinite(said_of(np.array([-9e301, 9e301]))).all()


def test_it_has_a_say_where_series_drift_and_none_where_they_only_season(tmp_path):
    drifting = gc.Forecaster(horizon=HORIZON, season="none", steps=2, members=1).fit(walk(300))
    assert drifting.fitted.drift_share > 0.05
    assert any("The drift of each series says" in words.english for words in drifting.describe())
    season = 10 * np.sin(np.arange(300) * np.pi / 6) + np.random.default_rng(0).normal(size=300)
    seasonal = gc.Forecaster(horizon=HORIZON, season=12, steps=2, members=1).fit(season)
    assert not seasonal.fitted.advisers.drift and seasonal.fitted.drift_share == 0
    assert not any("The drift of each series says" in words.english for words in seasonal.describe())
    for k, model in enumerate((drifting, seasonal)):
        model.save(tmp_path / str(k))
        restored = gc.load(tmp_path / str(k))
        np.testing.assert_array_equal(restored.predict().point, model.predict().point)
        assert restored.describe() == model.describe()


def test_each_say_is_its_own_whoever_else_is_heard(monkeypatch):
    """The first base, the drift, the autoregression and the pretrained network, and of these any that are heard."""

    def fit(*weights: float) -> tuple[float, float, float]:
        def chosen(point, newest, **more) -> Gate:
            naive = newest.bases.shape[-1] - 3
            said = (1 - sum(weights), *[0.0] * (naive - 1), *weights)
            return Gate(int(np.argmax(said)), 0.2, said)

        monkeypatch.setattr(Gate, "fit", chosen)
        fitted = gc.Forecaster(horizon=4, season="none", steps=30, members=1).fit(walk(200)).fitted
        assert len(fitted.gate.weights) == fitted.networks[0].bases.count + 1 + sum(w > 0 for w in weights[:2])
        assert fitted.gate.base == max(range(len(fitted.gate.weights)), key=fitted.gate.weights.__getitem__)
        return fitted.drift_share, fitted.autoregression_share, fitted.pretrained_share

    for weights in [(0.3, 0.2, 0.1), (0.6, 0.0, 0.1), (0.0, 0.6, 0.1), (0.0, 0.0, 0.9)]:
        assert fit(*weights) == pytest.approx([0.8 * weight for weight in weights])


def test_a_saved_model_keeps_what_it_reads(monkeypatch, tmp_path):
    def chosen(point, newest, **more) -> Gate:
        return Gate(newest.bases.shape[-1] - 3, 0.0)

    monkeypatch.setattr(Gate, "fit", chosen)
    y = walk(1500)
    model = gc.Forecaster(horizon=HORIZON, season="none", steps=2, members=1).fit(y)
    assert model.fitted.drift_share == 1 and model.fitted.advisers.autoregression is None
    np.testing.assert_allclose(model.predict().point, said_of(y))
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(gc.load(tmp_path / "model").predict().point, model.predict().point)


def test_only_the_whole_of_gatecast_asks_it():
    assert not gc.Forecaster(horizon=4, model="lstm", steps=2, members=1).fit(walk(300)).fitted.advisers.drift
