"""What each series' own held-out windows say of network and base: who was better there weighs more there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gatecast as gc
from gatecast.forecast import Origins, Prediction
from gatecast.forecaster.gate import Gate, Known
from gatecast.forecaster.odds import Odds
from gatecast.frequency import Frequency
from gatecast.panel import Panel

SERIES, HORIZON = 300, 4
HALVES = Gate(0, 0.5)


def panel_of(series: int = SERIES, rows: int = 20) -> Panel:
    ids = tuple(f"s{k}" for k in range(series))
    return Panel(
        np.zeros((series * rows, 1)),
        np.arange(series + 1) * rows,
        ids,
        np.tile(np.arange(rows), series),
        Frequency("row"),
    )


def held_out(seed: int, windows: int = 4) -> tuple[Prediction, Known, Origins]:
    """In the first half of the series the network errs by 1 and the base by 3, in the others the reverse."""
    draws = np.random.default_rng(seed)
    series = np.arange(SERIES).repeat(windows)
    actual = draws.normal(size=(len(series), HORIZON))
    first = (series < SERIES // 2)[:, None]
    point = actual + np.where(first, 1.0, 3.0) * draws.normal(size=actual.shape)
    base = actual + np.where(first, 3.0, 1.0) * draws.normal(size=actual.shape)
    interval = (point[..., None] - 1, point[..., None] + 1)
    known = Known(base[..., None], actual, np.ones(len(series)), 2 * SERIES)
    return Prediction(point, *interval), known, Origins(series, np.full(len(series), 10))


def learnt(gate: Gate = HALVES, seed: int = 0, **changes) -> tuple[Odds | None, Gate]:
    prediction, known, origins = held_out(seed)
    return Odds.learn(gate, prediction, known._replace(**changes), panel_of(), origins)


def test_the_odds_are_the_inverse_squares_of_the_errors():
    odds, _ = learnt()
    assert odds is not None
    times = np.array(list(odds.by_series.values()))
    assert np.median(times[: SERIES // 2]) == pytest.approx(9, rel=0.2)
    assert np.median(times[SERIES // 2 :]) == pytest.approx(1 / 9, rel=0.2)


def test_new_windows_are_forecast_better_than_with_one_share_for_all():
    odds, gate = learnt(seed=0)
    assert odds is not None
    prediction, known, origins = held_out(seed=1)
    alike = Gate(0, 0.5).apply(prediction, known.bases)
    told = gate.apply(prediction, known.bases, odds=odds.of(panel_of(), origins))
    assert known.errors(told.point).mean() < 0.75 * known.errors(alike.point).mean()
    np.testing.assert_allclose(told.upper - told.lower, 2)  # intervals move along and keep their width


def test_the_share_is_half_way_to_what_is_best_with_them():
    odds, gate = learnt(Gate(0, 0.9))
    _, other = learnt(Gate(0, 0.1))
    assert odds is not None and gate.share - other.share == pytest.approx(0.4, abs=0.01)
    assert 0.25 < other.share < gate.share < 0.75  # both kinds of series are as many: 0.5 is best


@pytest.mark.parametrize("changes", [{"independent": 499}, {}])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_few_windows_or_one_voice_leave_the_gate_as_it_was(changes, share):
    odds, gate = learnt(Gate(0, share), **changes)
    assert (odds is None) == (bool(changes) or share in (0, 1))
    assert odds is not None or gate == Gate(0, share)


def test_series_that_are_not_named_have_the_share_of_all():
    odds, gate = learnt()
    assert odds is not None
    prediction, known, _ = held_out(seed=2)
    stranger = Origins(np.zeros(len(prediction.point), dtype=np.int64), np.full(len(prediction.point), 10))
    unknown = replace(panel_of(1), ids=("stranger",))
    assert (odds.of(unknown, stranger) == 1).all()
    told = gate.apply(prediction, known.bases, odds=odds.of(unknown, stranger))
    np.testing.assert_array_equal(told.point, gate.apply(prediction, known.bases).point)


def test_one_lucky_window_is_not_believed_without_end():
    prediction, known, origins = held_out(0)
    sure = Prediction(known.actual.copy(), prediction.lower, prediction.upper)
    odds, _ = Odds.learn(Gate(0, 0.5), sure, known, panel_of(), origins)
    assert odds is not None and max(odds.by_series.values()) <= 100


def table(rows: int) -> np.ndarray:
    draws = np.random.default_rng(0)
    y = np.zeros((SERIES, rows))
    for t in range(1, rows):
        y[:, t] = 0.8 * y[:, t - 1] + draws.normal(size=SERIES)
    return y


def test_a_table_of_hundreds_of_series_has_them_and_keeps_them(tmp_path):
    model = gc.Forecaster(horizon=HORIZON, season="none", steps=30, members=1).fit(table(40))
    fitted = model.fitted
    assert fitted.odds is not None and len(fitted.odds.by_series) == SERIES
    assert any("own held-out windows" in words.english for words in model.describe())
    model.save(tmp_path / "model")
    restored = gc.load(tmp_path / "model")
    np.testing.assert_array_equal(restored.predict().point, model.predict().point)
    alike = replace(fitted, odds=None)
    origins = Origins.last(model.reading.panel)
    moved = fitted.predict_at(model.reading.panel, origins).point - alike.predict_at(model.reading.panel, origins).point
    assert np.abs(moved).max() > 0
