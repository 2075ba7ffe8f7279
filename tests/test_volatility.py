"""Long-run volatility: intervals drawn towards what a series has been like in all of its past, where that is a gain."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import gatecast as gc
from gatecast.errors import ArtifactError
from gatecast.forecast import Origins, Prediction
from gatecast.forecaster import fitting
from gatecast.forecaster import volatility as module
from gatecast.forecaster.reasons import say_of_volatility
from gatecast.forecaster.volatility import Volatility, long_run_changes
from gatecast.frequency import Frequency
from gatecast.panel import Panel
from gatecast.training.split import split

HORIZON, LEVELS = 4, (80, 95)


def panel_of(*series: np.ndarray) -> Panel:
    offsets = np.concatenate([[0], np.cumsum([len(y) for y in series])])
    ids = tuple(f"s{i}" for i in range(len(series)))
    time = np.concatenate([np.arange(len(y)) for y in series])
    return Panel(np.concatenate(series)[:, None], offsets, ids, time, Frequency("row"))


def intervals(half: np.ndarray, point: float = 10.0) -> Prediction:
    """95 % intervals that reach `half` to both sides, 80 % ones two thirds of it. half: (windows,)."""
    middle = np.full((len(half), HORIZON), point)
    reach = half[:, None, None] * np.array([2 / 3, 1.0])
    return Prediction(middle, middle[:, :, None] - reach, middle[:, :, None] + reach)


def moving(step: float, length: int = 60) -> np.ndarray:
    """A series that goes up and down by one step for ever."""
    return step * (np.arange(length) % 2).astype(float)


def changes_of(panel: Panel, period: int) -> np.ndarray:
    return long_run_changes(panel, panel.lengths, period)


def test_changes_are_those_of_a_whole_period() -> None:
    season = np.tile([0.0, 5.0, 1.0], 20) + np.repeat(np.arange(20.0) * 3, 3)
    panel = panel_of(season, moving(7.0))
    np.testing.assert_allclose(changes_of(panel, 3)[0], 3.0)
    np.testing.assert_allclose(changes_of(panel, 1)[1], 7.0)


def test_few_changes_say_nothing_and_no_series_speaks_for_another() -> None:
    panel = panel_of(moving(1.0, 30), moving(2.0, 31), np.full(50, 3.0), moving(4.0))
    assert changes_of(panel, 1).tolist() == [0.0, 2.0, 0.0, 4.0]


def test_squares_of_huge_values_can_be_counted() -> None:
    assert changes_of(panel_of(moving(1e200)), 1) == pytest.approx(1e200)


def test_intervals_are_drawn_by_the_fifth_root_of_the_ratio_about_the_point() -> None:
    panel, half = panel_of(*[moving(1.0)] * 4), np.array([1.0, 1.0, 1.0, 1.0])
    volatility = Volatility({"s0": 1.5**5, "s1": 1.5**-5, "s2": 1.0}, 1, 0.5)  # the widths are 2
    drawn = volatility.apply(intervals(half), panel, Origins(np.arange(4), np.full(4, 60)))
    np.testing.assert_array_equal(drawn.point, intervals(half).point)
    np.testing.assert_allclose(drawn.upper[:, 0, 1] - 10, [1.5, 1 / 1.5, 1.0, 1.0])
    np.testing.assert_allclose(10 - drawn.lower[:, 0, 0], np.array([1.5, 1 / 1.5, 1.0, 1.0]) * 2 / 3)


def test_a_series_that_changed_its_nature_is_drawn_no_farther_than_so_far() -> None:
    volatility = Volatility({"s0": 1e9}, 1, 0.5)
    drawn = volatility.apply(intervals(np.ones(1)), panel_of(moving(1.0)), Origins(np.zeros(1, int), np.array([60])))
    np.testing.assert_allclose(drawn.upper[0, 0, 1] - 10, 20**0.2)


def learnt(volatile: np.ndarray, half: np.ndarray, independent: int = 500) -> Volatility | None:
    """From windows whose values are normal with deviations `volatile`, and 95 % intervals of `half` deviations."""
    past, draws = panel_of(*(moving(step) for step in np.repeat([1.0, 4.0], 150))), np.random.default_rng(0)
    origins = Origins(np.arange(300), np.full(300, 60))
    actual = 10 + draws.normal(size=(300, HORIZON)) * volatile[:, None]
    volatility = Volatility.of(past, past.lengths, 1)
    return volatility.learn(intervals(1.96 * half), past, origins, actual, LEVELS, independent)


def test_calm_that_does_not_last_is_widened_and_storms_are_narrowed() -> None:
    usual = np.repeat([1.0, 4.0], 150)
    found = learnt(volatile=usual, half=np.full(300, 2.0))  # as if all were alike
    assert found is not None and found.changes["s0"] == 1.0 and found.changes["s299"] == 4.0
    assert found.typical == pytest.approx(np.median(usual) / (2 * 1.96 * 2))


def test_volatility_that_lasts_is_left_as_it_is() -> None:
    draws = np.random.default_rng(1).uniform(0.2, 5, size=300)
    assert learnt(volatile=draws, half=draws) is None


def test_few_windows_say_nothing() -> None:
    usual = np.repeat([1.0, 4.0], 150)
    assert learnt(volatile=usual, half=np.full(300, 2.0), independent=499) is None


@pytest.fixture(scope="module")
def fitted() -> gc.Forecaster:
    """Series that each move in their own way, and four times as much for a third of the time."""
    draws = np.random.default_rng(2)
    usual = np.exp(draws.normal(size=(260, 1)))
    bursts = np.where((np.arange(160) + draws.integers(60, size=(260, 1))) // 20 % 3, 1.0, 4.0)
    series = (draws.normal(size=(260, 160)) * usual * bursts).cumsum(axis=1)
    return gc.Forecaster(
        HORIZON, season=None, context=20, steps=60, members=1, model="lstm", network={"hidden": 4}
    ).fit(series)


def test_a_forecaster_learns_it_from_the_rows_before_the_held_out_ones(fitted, monkeypatch) -> None:
    seen, usual = [], module.long_run_changes
    monkeypatch.setattr(module, "long_run_changes", lambda *asked: seen.append(asked[1].tolist()) or usual(*asked))
    panel = fitted.reading.panel
    again = gc.Forecaster(
        HORIZON, season=None, context=20, steps=60, members=1, model="lstm", network={"hidden": 4}
    ).fit(panel)
    assert seen == [split(panel, HORIZON).train.tolist(), panel.lengths.tolist()]
    changes = again.fitted.volatility.changes
    assert list(changes.values()) == changes_of(panel, 1).tolist() and list(changes) == list(panel.ids)


def test_what_is_corrected_and_what_is_forecast_are_the_drawn_intervals(fitted, monkeypatch) -> None:
    drawn, corrected, draw, correct = [], [], Volatility.apply, fitting.Correction.fit

    def noted(prediction: Prediction, *rest, **named):
        corrected.append(prediction)
        return correct(prediction, *rest, **named)

    monkeypatch.setattr(Volatility, "apply", lambda *asked: drawn.append(draw(*asked)) or drawn[-1])
    monkeypatch.setattr(fitting.Correction, "fit", noted)
    panel = fitted.reading.panel
    again = gc.Forecaster(
        HORIZON, season=None, context=20, steps=60, members=1, model="lstm", network={"hidden": 4}
    ).fit(panel)
    assert corrected[0] is drawn[-1]
    of_all = replace(again.fitted, correction=None)
    as_they_were = replace(of_all, volatility=None).predict_at(panel, Origins.last(panel))
    expected = draw(again.fitted.volatility, as_they_were, panel, Origins.last(panel))
    forecast = of_all.predict_at(panel, Origins.last(panel))
    np.testing.assert_array_equal(forecast.upper, expected.upper)
    assert (np.abs(forecast.upper / as_they_were.upper - 1) > 1e-3).mean() > 0.5


def test_it_is_told_saved_and_comes_back(fitted, tmp_path) -> None:
    assert fitted.fitted.volatility is not None and say_of_volatility() in fitted.describe()
    fitted.save(tmp_path / "model")
    loaded = gc.load(tmp_path / "model")
    assert loaded.fitted.volatility == fitted.fitted.volatility and loaded.describe() == fitted.describe()
    for name in ("lower", "upper"):
        assert getattr(loaded.predict(), name).tobytes() == getattr(fitted.predict(), name).tobytes()


def test_a_model_saved_before_there_was_any_still_loads(fitted) -> None:
    stored = fitted.to_artifact()
    description = json.loads(json.dumps(stored.description))
    del description["fitted"]["volatility"]
    assert gc.Forecaster.from_artifact(stored._replace(description=description), "cpu").fitted.volatility is None


@pytest.mark.parametrize(
    "lie",
    [{"typical": 0.0}, {"typical": np.inf}, {"typical": np.nan}, {"period": 0}]
    + [{"changes": {"0": 1.0, "1": change}} for change in (-1.0, np.inf, np.nan)],
)
def test_volatility_that_cannot_be_is_refused(fitted, lie) -> None:
    stored = fitted.to_artifact()
    description = json.loads(json.dumps(stored.description))
    description["fitted"]["volatility"] |= lie
    with pytest.raises(ArtifactError, match="volatility"):
        gc.Forecaster.from_artifact(stored._replace(description=description), "cpu")
