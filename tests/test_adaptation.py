"""Adaptive intervals: after the fit they follow how well those before them have held, and look at nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gatecast as gc
from gatecast.forecast import Origins, Prediction
from gatecast.forecaster.adaptation import adapted, rows_seen
from gatecast.frequency import Frequency
from gatecast.panel import Panel

HORIZON, LEVELS = 4, (80, 95)
SEEN, MISSED = 20, np.exp(0.5 * np.array([0.8, 0.95]))  # how many times as wide a wholly missed window makes each level


def panel_of(*series: np.ndarray, start: int = 0) -> Panel:
    offsets = np.concatenate([[0], np.cumsum([len(y) for y in series])])
    ids = tuple(f"s{i}" for i in range(len(series)))
    time = np.concatenate([np.arange(start, start + len(y)) for y in series])
    return Panel(np.concatenate(series)[:, None], offsets, ids, time, Frequency("row"))


class Teller:
    """Says 0 with intervals of one and two units to both sides; remembers where it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def __call__(self, origins: Origins) -> Prediction:
        self.asked += zip(origins.series.tolist(), origins.ends.tolist(), strict=True)
        reach = np.tile([1.0, 2.0], (len(origins.series), HORIZON, 1))
        return Prediction(np.zeros(reach.shape[:2]), -reach, reach)


def widths(panel: Panel, *places: tuple[int, int], seen: int = SEEN, teller: Teller | None = None) -> np.ndarray:
    """Half of each interval's width: (origins, levels)."""
    origins = Origins(*np.array(places).T)
    told = adapted(teller or Teller(), panel, origins, np.full(len(panel), seen), HORIZON, LEVELS)
    np.testing.assert_array_equal(told.point, 0)
    np.testing.assert_array_equal(told.upper, -told.lower)
    return told.upper[:, -1]


def test_intervals_that_missed_all_become_wider_and_those_that_held_all_narrower() -> None:
    missed, held = np.full(24, 9.0), np.zeros(24)
    np.testing.assert_allclose(widths(panel_of(missed), (0, 24)), [MISSED * [1, 2]])
    np.testing.assert_allclose(widths(panel_of(held), (0, 24)), [np.exp(-0.5 * np.array([0.2, 0.05])) * [1, 2]])


def test_a_window_is_judged_by_the_intervals_that_the_ones_before_it_led_to() -> None:
    y = np.concatenate([np.zeros(SEEN), np.full(4, 9.0), np.full(4, 1.4)])  # outside ±1, inside ±1.49
    first = np.exp(0.5 * (np.array([0.8, 0.95]) - [0.2, 0.05]))
    np.testing.assert_allclose(widths(panel_of(y), (0, 28)), [first * [1, 2]])


def test_only_whole_windows_after_the_fit_and_before_the_origin_are_asked() -> None:
    y, teller = np.full(60, 9.0), Teller()
    widths(panel_of(y), (0, 34), (0, 23), teller=teller)
    assert sorted(teller.asked) == [(0, end) for end in (22, 23, 26, 30, 34)]
    later = y.copy()
    later[34:] = -7.0
    np.testing.assert_array_equal(widths(panel_of(later), (0, 34)), widths(panel_of(y), (0, 34)))


def test_at_most_four_windows_are_looked_back_at() -> None:
    teller = Teller()
    widths(panel_of(np.zeros(100)), (0, 90), teller=teller)
    assert min(teller.asked) == (0, 90 - 4 * HORIZON)


def test_each_series_goes_by_itself() -> None:
    calm, wild = np.zeros(28), np.full(28, 9.0)
    together = widths(panel_of(calm, wild), (0, 28), (1, 28))
    np.testing.assert_array_equal(together[0], widths(panel_of(calm), (0, 28))[0])
    np.testing.assert_array_equal(together[1], widths(panel_of(wild), (0, 28))[0])


def test_without_fresh_windows_nothing_is_asked_again() -> None:
    teller = Teller()
    np.testing.assert_array_equal(widths(panel_of(np.full(40, 9.0)), (0, 40), seen=37, teller=teller), [[1, 2]])
    assert teller.asked == [(0, 40)]


def test_a_higher_level_still_holds_the_lower_one() -> None:
    """Both windows lie outside of the one and inside of the other, which would end up narrower."""
    np.testing.assert_allclose(widths(panel_of(np.full(28, 1.9)), (0, 28)), [[np.exp(0.8)] * 2])


def test_rows_seen_are_counted_by_time() -> None:
    fit = panel_of(np.zeros(30), np.zeros(10))
    np.testing.assert_array_equal(rows_seen(fit, panel_of(np.zeros(42), np.zeros(42), np.zeros(7))), [30, 10, 7])
    np.testing.assert_array_equal(rows_seen(fit, panel_of(np.zeros(42), start=25)), [5])
    np.testing.assert_array_equal(rows_seen(fit, panel_of(np.zeros(8), start=3)), [8])


@pytest.fixture(scope="module")
def stormy() -> tuple[gc.Forecaster, np.ndarray]:
    """A season, whose noise becomes five times as large after the fit; the unit of a window hardly shows it."""
    draws = np.random.default_rng(5)
    noise = draws.normal(size=400) * np.where(np.arange(400) < 200, 0.3, 1.5)
    y = 4 * np.sin(np.arange(400) * np.pi / 2) + noise
    return gc.Forecaster(horizon=HORIZON, model="lstm", season=4, steps=50, members=1).fit(y[:200]), y


def test_a_kept_model_meets_wilder_times_with_wider_intervals(
    stormy: tuple[gc.Forecaster, np.ndarray], tmp_path: Path
) -> None:
    model, y = stormy
    model.save(tmp_path / "kept")
    panel = model.panel_to_continue(y)
    origins = Origins(np.zeros(42, int), np.arange(232, 400, HORIZON))
    actual = panel.y[origins.following(panel, HORIZON)][:, :, None]
    static, told = model.fitted.predict_at(panel, origins), model.predict_at(panel, origins)
    inside = [((one.lower <= actual) & (actual <= one.upper)).mean((0, 1)) for one in (static, told)]
    assert (inside[0] < [0.5, 0.75]).all()
    assert (inside[1] > inside[0] + [0.15, 0.08]).all()
    np.testing.assert_allclose(told.point, static.point)
    loaded = gc.load(tmp_path / "kept").predict(y)
    now = model.predict(y)
    np.testing.assert_array_equal(loaded.upper, now.upper)
    assert (now.upper - now.lower).mean() > 2 * (model.predict().upper - model.predict().lower).mean()


def test_a_fresh_forecast_is_that_of_the_fit(stormy: tuple[gc.Forecaster, np.ndarray]) -> None:
    model, _ = stormy
    panel = model.panel_to_continue()
    np.testing.assert_array_equal(model.predict().upper, model.fitted.predict_at(panel, Origins.last(panel)).upper)
