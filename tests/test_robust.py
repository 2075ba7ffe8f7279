"""The default on difficult tables: never much worse than naive, sensible intervals, and no series spoils another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gatecast as gc
from gatecast.forecast import Origins
from gatecast.forecaster import autoregression, predicting, pretrained
from gatecast.forecaster.gate import Gate
from gatecast.panel import Panel

pl = pytest.importorskip("polars")


def table(**series: np.ndarray):
    """A long frame, monthly."""
    parts = []
    for name, y in series.items():
        months = np.datetime64("1990-01", "M") + np.arange(len(y)) * np.timedelta64(1, "M")
        parts.append(
            pl.DataFrame({"id": [name] * len(y), "time": months.astype("datetime64[us]"), "y": y.astype(float)})
        )
    return pl.concat(parts)


def seasonal(draws: np.random.Generator, n: int, level: float = 100.0) -> np.ndarray:
    shape = np.array([0, 2, 5, 9, 12, 14, 15, 12, 8, 4, 1, -2]) / 100
    return level * (1 + shape[np.arange(n) % 12] + draws.normal(0, 0.005, n))


def forecast_of(frame, horizon: int = 6, **wishes):
    return gc.Forecaster(horizon=horizon, **{"steps": 5, "members": 1, **wishes}).fit(frame).predict()


def faults(forecast) -> list[str]:
    """What is not sensible: all is finite, and every interval holds its point and those of lower levels."""
    point, lower, upper = forecast.point, forecast.lower, forecast.upper
    sensible = {
        "finite": all(np.isfinite(part).all() for part in (point, lower, upper)),
        "lower bounds in order": (lower[..., 1] <= lower[..., 0]).all(),
        "points within": ((lower[..., 0] <= point) & (point <= upper[..., 0])).all(),
        "upper bounds in order": (upper[..., 0] <= upper[..., 1]).all(),
    }
    return [name for name, holds in sensible.items() if not holds]


def test_a_budget_too_small_for_one_round_gives_a_naive_base_and_says_so(tmp_path):
    y = np.cumsum(np.random.default_rng(0).normal(size=150))
    model = gc.Forecaster(horizon=5, season="none", budget=1e-3).fit(y)
    network_alone = predicting.predict(model.fitted.networks, reader_of(model), Origins.last(model.reading.panel))
    gate = model.fitted.gate
    base = network_alone[2][0] @ gate.weights if gate.weights else network_alone[2][0, :, gate.base]
    np.testing.assert_allclose(model.predict().point[0], base, rtol=1e-9)
    assert "budget" in model.describe()[-1].english and "预算" in model.describe()[-1].chinese
    model.save(tmp_path / "model")
    assert gc.load(tmp_path / "model").describe()[-1] == model.describe()[-1]


def test_a_network_that_finished_a_round_has_its_say():
    model = gc.Forecaster(horizon=3, season="none", steps=2, members=1).fit(np.sin(np.arange(60.0)))
    ended = replace(model.history, stopped="budget")
    assert model.plan.too_short(replace(ended, steps=model.plan.training.round - 1))
    assert not model.plan.too_short(replace(ended, steps=model.plan.training.round))
    assert model.plan.too_short(model.history)  # two steps: what the clock ended is repeated by its steps, to the byte


def reader_of(model: gc.Forecaster):
    from gatecast.windows import WindowReader

    config, fitted = model.plan.network, model.fitted
    return WindowReader(model.reading.panel, fitted.scaler, config.context, config.horizon, fitted.device)


@pytest.mark.parametrize(
    "y",
    [
        pytest.param(np.full(60, 3.0), id="constant"),
        pytest.param(np.zeros(60), id="zero"),
        pytest.param(np.where(np.arange(80) % 9 == 4, 5.0, 0.0), id="mostly zero"),
        pytest.param(2.0 ** np.arange(60), id="doubling"),
        pytest.param(np.r_[np.zeros(50), 1.0, np.zeros(30)], id="one event"),
        pytest.param(np.r_[np.full(60, 5.0), np.full(30, 1e6)], id="one shift"),
        pytest.param(1e12 + np.arange(60.0), id="far from zero"),
        pytest.param(np.arange(20.0) ** 2, id="twenty points"),
    ],
)
def test_difficult_series_get_sensible_forecasts(y):
    assert faults(forecast_of(table(a=y))) == []


def test_constant_series_stay_constant_beside_others():
    draws = np.random.default_rng(1)
    forecast = forecast_of(table(a=seasonal(draws, 120), b=np.full(100, 7.0), c=np.zeros(30), d=np.full(9, 2.0)))
    assert faults(forecast) == []
    for k, level in ((1, 7.0), (2, 0.0), (3, 2.0)):
        np.testing.assert_array_equal(forecast.point[k], level)


def test_series_shorter_than_the_context_or_a_season_are_forecast_near_themselves():
    draws = np.random.default_rng(2)
    short = 1000 + draws.normal(0, 1, 8)
    forecast = forecast_of(table(long=seasonal(draws, 240), short=short, shortest=np.array([5.0, 6.0, 5.0, 6.0])))
    assert faults(forecast) == []
    assert (np.abs(forecast.point[1] - 1000) < 10).all()
    assert (np.abs(forecast.point[2] - 5.5) < 3).all()


def test_level_and_length_of_one_series_do_not_spoil_the_others():
    """The same seasonal series a million times as large, beside tiny, wild and constant ones: forecasts scale along."""
    draws = np.random.default_rng(3)
    y, wild = seasonal(draws, 120), draws.normal(size=400) * np.exp(draws.normal(size=400) * 3)
    forecast = forecast_of(table(a=y, b=y * 1e6, c=y[-50:] * 1e-6, wild=wild, flat=np.full(50, 1.0)), horizon=12)
    assert faults(forecast) == []
    np.testing.assert_allclose(forecast.point[1], forecast.point[0] * 1e6, rtol=1e-4)
    alone = seasonal(np.random.default_rng(4), 12)
    for k, unit in ((0, 1.0), (2, 1e-6)):
        assert np.abs(forecast.point[k] / unit - np.roll(alone, -len(y) % 12)).mean() < 10


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_the_default_on_a_random_walk_is_nearly_the_naive_forecast(seed):
    y = 100 + np.cumsum(np.random.default_rng(seed).normal(size=400))
    scores = gc.Forecaster(horizon=5, season="none", members=1).backtest(data=y).table()
    mase = dict(zip(scores["method"], scores["MASE"], strict=True))
    assert mase["LSTM"] <= 1.05 * mase["naive"]


def test_few_rows_are_trained_quickly():
    """AirPassengers' size: all members together take few and cheap steps."""
    draws = np.random.default_rng(5)
    model = gc.Forecaster(horizon=12, steps=None, members=1, training={"rate": 1e-3}).fit(table(a=seasonal(draws, 60)))
    training = model.plan.training
    assert training.steps <= 100 and training.batch <= 32


def heard_by_all(bases: int) -> Gate:
    """A gate that lets everybody say something."""
    return Gate(0, 0.5, (1 / bases,) * bases)


def test_many_series_are_forecast_in_batches_that_bound_memory(monkeypatch):
    """What a forecast of thousands of series holds at once is one batch of windows, and no window is read twice."""
    draws = np.random.default_rng(6)
    monkeypatch.setattr(Gate, "fit", lambda _, newest, **__: heard_by_all(newest.bases.shape[-1]))
    model = gc.Forecaster(horizon=3, season="none", steps=30, members=1).fit(draws.normal(size=(300, 40)))
    from gatecast.windows import WindowReader

    sizes, read = [], WindowReader.read

    def counted(self, origins, *, answers):
        sizes.append(len(origins.series))
        return read(self, origins, answers=answers)

    monkeypatch.setattr(WindowReader, "read", counted)
    monkeypatch.setattr(predicting, "_BATCH", 128)
    monkeypatch.setattr(pretrained, "_BATCH", 100)
    monkeypatch.setattr(autoregression, "_BATCH", 90)
    panel: Panel = model.reading.panel
    model.predict_at(panel, Origins.last(panel))
    assert sizes == [128, 128, 44, 90, 90, 90, 30, 100, 100, 100]
