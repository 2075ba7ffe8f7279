"""Analogues: what followed the most similar windows of the past moves the forecast, as far as that is no chance."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import gatecast as gc
from gatecast.errors import ArtifactError
from gatecast.forecast import Origins, Prediction
from gatecast.forecaster import analogues as module
from gatecast.forecaster import ensemble
from gatecast.forecaster.analogues import Analogues, Said
from gatecast.forecaster.ensemble import Job, Members
from gatecast.forecaster.plan import Wishes, make_plan
from gatecast.frequency import Frequency
from gatecast.panel import Panel
from gatecast.scaling import Scaler
from gatecast.training.split import split
from gatecast.windows import WindowReader

HORIZON = 4
WINDOW = 4 * HORIZON


def panel_of(*series: np.ndarray) -> Panel:
    offsets = np.concatenate([[0], np.cumsum([len(y) for y in series])])
    ids = tuple(f"s{i}" for i in range(len(series)))
    time = np.concatenate([np.arange(len(y)) for y in series])
    return Panel(np.concatenate(series)[:, None], offsets, ids, time, Frequency("row"))


def walks(seed: int, *lengths: int) -> list[np.ndarray]:
    draws = np.random.default_rng(seed)
    return [draws.normal(size=length).cumsum() for length in lengths]


def said_at_the_end(*series: np.ndarray) -> Said:
    panel = panel_of(*series)
    return Analogues.of(panel, HORIZON).at(panel, Origins.last(panel))


def test_a_window_that_returns_in_another_unit_says_what_followed_it() -> None:
    before, newest = walks(0, 300, 60)
    newest[-WINDOW:] = 1000 + 7 * before[100 : 100 + WINDOW]
    said = said_at_the_end(before, newest)
    followed = 1000 + 7 * before[100 + WINDOW : 100 + WINDOW + HORIZON]
    assert said.distance[1] == pytest.approx(0.01) and said.distance[0] > 0.02
    np.testing.assert_allclose(said.point[1], followed, rtol=1e-3)


def test_the_nearest_are_found_wherever_the_past_is_cut(monkeypatch) -> None:
    series = walks(1, 200, 90, 21, 20, 130)
    whole = said_at_the_end(*series)
    monkeypatch.setattr(module, "_CHUNK", 7)
    monkeypatch.setattr(module, "_PART", 2)
    in_parts = said_at_the_end(*series)
    np.testing.assert_allclose(in_parts.distance, whole.distance, rtol=1e-4)
    np.testing.assert_allclose(in_parts.point, whole.point)


def test_the_distance_is_that_of_the_most_similar_window() -> None:
    y, newest = walks(2, 80, WINDOW)
    weight = 0.5 ** (np.arange(WINDOW)[::-1] / (HORIZON / 2))
    weight /= weight.sum()

    def shape(window: np.ndarray) -> np.ndarray:
        centred = window - weight @ window
        return np.sqrt(weight) * centred / np.sqrt(weight @ centred**2)

    windows = [y[start : start + WINDOW] for start in range(80 - WINDOW - HORIZON + 1)]
    nearest = min(np.linalg.norm(shape(newest) - shape(window)) for window in windows)
    assert said_at_the_end(y, newest).distance[1] == pytest.approx(nearest, rel=1e-4)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
@settings(max_examples=30, deadline=None)
def test_another_unit_of_the_data_is_another_unit_of_what_is_said(level: float, unit: float) -> None:
    series = walks(3, 120, 50)
    said, moved = said_at_the_end(*series), said_at_the_end(*(level + unit * y for y in series))
    np.testing.assert_allclose(moved.point, level + unit * said.point, rtol=1e-4, atol=1e-3 * unit)


def test_nothing_after_an_origin_is_read() -> None:
    series = walks(4, 150, 150)
    past, panel = panel_of(*(y[:120] for y in series)), panel_of(*series)
    other = panel_of(*(np.concatenate([y[:120], -9 * y[120:]]) for y in series))
    origins = Origins(np.array([0, 1]), np.array([120, 120]))
    found = Analogues.of(past, HORIZON)
    assert found.at(panel, origins).point.tobytes() == found.at(other, origins).point.tobytes()
    assert found.at(panel, origins).point.tobytes() == found.at(past, Origins.last(past)).point.tobytes()


def test_one_analogue_that_was_followed_by_a_jump_does_not_carry_the_others_along() -> None:
    wave = np.sin(np.arange(400) * 2 * np.pi / 8)
    calm = said_at_the_end(wave).point
    jumped = wave.copy()
    jumped[200:204] += 1e9  # every window before it is like the newest
    assert np.abs(said_at_the_end(jumped, wave[:-8]).point[1] - calm[0]).max() < 1e-2


def test_a_constant_window_is_left_as_it_is() -> None:
    said = said_at_the_end(np.full(100, 3.3), walks(5, 100)[0])
    moved = Analogues(np.zeros(0), np.zeros(1), HORIZON, 1.0, 0.2).apply(forecast(np.full((2, HORIZON), 3.3)), said)
    assert (moved.point[0] == 3.3).all() and (moved.point[1] != 3.3).any()
    assert np.isinf(said.distance[0]) and np.isfinite(said.distance[1])


@pytest.mark.parametrize("lengths", [(WINDOW + HORIZON - 1, 5), (WINDOW + HORIZON, 5), (3,)])
def test_series_too_short_for_a_window_are_forecast_with_what_there_is(lengths) -> None:
    said = said_at_the_end(*walks(6, *lengths))
    assert np.isfinite(said.point).all() and not np.isnan(said.distance).any()
    assert np.isinf(said.distance).all() == (max(lengths) < WINDOW + HORIZON)


@pytest.mark.parametrize("value", [1e-300, 1e290])
def test_values_at_the_ends_of_computing_spoil_nothing(value: float) -> None:
    y, other = walks(7, 100, 100)
    jumped = y.copy()
    jumped[50] = value
    said = said_at_the_end(value * y, other, jumped)
    assert np.isfinite(said.point).all() and not np.isnan(said.distance).any()


def test_a_jump_after_a_calm_window_is_no_infinity() -> None:
    calm, newest = walks(12, WINDOW + HORIZON, 50)
    calm = 1 + 1e-8 * calm
    calm[-HORIZON:] = 1e301  # in units of the window beyond the largest number
    said = said_at_the_end(calm, newest[:WINDOW])
    assert np.isfinite(said.point).all() and np.isfinite(said.distance[1])


def forecast(point: np.ndarray) -> Prediction:
    return Prediction(point, point[..., None] - 1, point[..., None] + 2)


def held_out(skill: float, windows: int = 600) -> tuple[Said, np.ndarray, np.ndarray, np.ndarray]:
    """What analogues say with errors of 1 / skill, forecasts with errors of 1, answers, units."""
    draws = np.random.default_rng(0)
    units = 10.0 ** draws.uniform(-2, 2, windows)
    actual, error, other = units[:, None] * draws.normal(size=(3, windows, HORIZON))
    return Said(np.full(windows, 0.05), actual + other / skill), actual + error, actual, units


def strength(skill: float, independent: int) -> float:
    said, point, actual, units = held_out(skill)
    return Analogues(np.zeros(0), np.zeros(1), HORIZON).learn(said, point, actual, units, independent).strength


def test_their_strength_is_learnt() -> None:
    assert strength(10, 600) > 0.9
    assert 0.4 < strength(1, 600) < 0.6
    assert strength(0.1, 600) == 0


def test_a_gain_that_may_be_chance_is_believed_in_part_or_not_at_all() -> None:
    believed = [strength(0.7, independent) for independent in (1, 4, 20, 600)]
    assert believed[0] == 0 and believed == sorted(believed) and believed[-1] > believed[1]


def test_far_analogues_are_told_from_near_ones() -> None:
    said, point, actual, units = held_out(10)
    far = np.arange(600) % 2 == 1
    said = Said(np.where(far, 0.2, 0.05), np.where(far[:, None], said.point + 3 * units[:, None], said.point))
    learnt = Analogues(np.zeros(0), np.zeros(1), HORIZON).learn(said, point, actual, units, 600)
    assert learnt.reach == 0.05 and learnt.strength > 0.8
    moved = learnt.apply(forecast(point), said)
    errors = np.abs(moved.point - actual).mean(1) / np.abs(point - actual).mean(1)
    assert np.median(errors[~far]) < 0.3 and np.median(errors[far]) < 1.2
    np.testing.assert_allclose(moved.upper - moved.lower, 3)


def wide_panel(rows: int, series: int = 10) -> Panel:
    return panel_of(*walks(8, *[rows // series] * series))


@pytest.mark.parametrize(
    ("rows", "wishes", "planned"),
    [
        (2000, {}, True),
        (1990, {}, False),
        (2000, {"model": "lstm"}, False),
        (5000, {"horizon": 101}, False),
        (2000, {"distribution": "normal"}, False),
        (600_000, {}, False),  # half a minute of comparing
    ],
)
def test_large_tables_plan_for_analogues(rows: int, wishes, planned: bool) -> None:
    wishes = {"horizon": HORIZON, **wishes}
    panel = wide_panel(rows)
    plan = make_plan(panel, split(panel, wishes["horizon"]), (), Wishes(**wishes))
    assert plan.analogues is planned
    assert ("analogues" in " ".join(reason.english for reason in plan.reasons)) is planned


@pytest.fixture(scope="module")
def fitted() -> gc.Forecaster:
    """Of a table whose every week is one of a few that nobody could guess."""
    draws = np.random.default_rng(9)
    weeks = draws.normal(size=(40, 30)).cumsum(axis=1)
    table = weeks[draws.integers(40, size=300)].reshape(10, -1)
    return gc.Forecaster(HORIZON, season=None, steps=60, members=1, network={"hidden": 4}).fit(table)


def test_a_table_whose_windows_return_is_forecast_by_analogues(fitted) -> None:
    assert fitted.fitted.analogues.strength > 0.5
    assert "make up" in fitted.describe()[-1].english and "占预测的" in fitted.describe()[-1].chinese
    without = replace(fitted.fitted, analogues=None)
    panel = fitted.reading.panel
    origins = Origins(np.arange(10), np.full(10, 800))
    actual = panel.y[origins.following(panel, HORIZON)]
    errors = [np.abs(one.predict_at(panel, origins).point - actual).mean() for one in (fitted.fitted, without)]
    assert errors[0] < 0.5 * errors[1]


def test_a_forecast_in_parts_searches_once_and_says_the_same(fitted, monkeypatch) -> None:
    whole, searched, plain = fitted.predict(), [], Analogues.at

    def at(self: Analogues, panel: Panel, origins: Origins) -> Said:
        searched.append(len(origins.series))
        return plain(self, panel, origins)

    monkeypatch.setattr(Analogues, "at", at)
    monkeypatch.setattr("gatecast.forecaster.fitting._PART", 3)
    np.testing.assert_allclose(fitted.predict().point, whole.point, rtol=1e-5)
    assert searched == [len(whole.ids)] and len(whole.ids) > 3


def test_what_they_are_worth_is_learnt_from_rows_before_the_held_out_ones(fitted, monkeypatch) -> None:
    pasts = []
    usual = Analogues.at
    monkeypatch.setattr(Analogues, "at", lambda self, panel, origins: pasts.append(self) or usual(self, panel, origins))
    again = gc.Forecaster(HORIZON, season=None, steps=60, members=1, network={"hidden": 4}).fit(fitted.reading.panel)
    train = split(fitted.reading.panel, HORIZON).train
    assert [list(np.diff(past.offsets)) for past in pasts] == [list(train)]
    assert len(again.fitted.analogues.values) == 9000 > train.sum()


def test_networks_that_nobody_hears_are_not_moved(fitted) -> None:
    short = gc.Forecaster(HORIZON, season=None, steps=5, members=1, network={"hidden": 4}).fit(fitted.reading.panel)
    assert short.plan.analogues and not short.fitted.gate.share and short.fitted.analogues is None


def test_how_long_the_search_takes_is_told_by_a_few_windows(monkeypatch) -> None:
    panel = panel_of(*walks(11, *[1500] * 4))
    shares, device = split(panel, HORIZON), torch.device("cpu")
    plan = make_plan(panel, shares, (), Wishes(HORIZON, budget=20.0))
    plan = replace(plan, scouts=1, analogues=True, pretrained=None)  # who would be asked about few windows
    reader = WindowReader(panel, Scaler.fit(np.zeros((0, 0))), plan.network.context, HORIZON, device)
    members, asked, clock = Members(panel, reader, shares, plan, Job(0, device)), [], iter(range(100))
    monkeypatch.setattr(ensemble, "predict", lambda *_: None)
    monkeypatch.setattr(Analogues, "at", lambda self, panel, origins: asked.append(len(origins.series)))
    monkeypatch.setattr(ensemble.time, "perf_counter", lambda: next(clock))
    members._foresee_judging()
    windows = len(members.judged().series)
    assert asked == [128] and members.searching == windows / 128 / 2 > 1


def test_a_table_of_noise_is_not() -> None:
    noise = np.random.default_rng(10).normal(size=(10, 900)).cumsum(axis=1)
    model = gc.Forecaster(HORIZON, season=None, steps=60, members=1, network={"hidden": 4}).fit(noise)
    assert model.plan.analogues and model.fitted.analogues is None
    assert "no gain" in model.describe()[-1].english


def test_they_are_saved_and_come_back(fitted, tmp_path) -> None:
    fitted.save(tmp_path / "model")
    loaded = gc.load(tmp_path / "model")
    assert loaded.predict().point.tobytes() == fitted.predict().point.tobytes()
    assert loaded.describe() == fitted.describe() and loaded.plan == fitted.plan
    loaded.save(tmp_path / "again")
    for name in ("model.json", "weights.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "model" / name).read_bytes()


@pytest.mark.parametrize(
    ("say", "tensors"),
    [
        (None, {}),
        ({"strength": 2.0, "reach": 0.1}, {}),
        ({"strength": 0.5, "reach": 0.0}, {}),
        ({"strength": 0.5, "reach": 0.1}, {"values": None}),
        ({"strength": 0.5, "reach": 0.1}, {"values": lambda values: values.float()}),
        ({"strength": 0.5, "reach": 0.1}, {"values": lambda values: values[:-1]}),
        ({"strength": 0.5, "reach": 0.1}, {"offsets": lambda offsets: offsets.flip(0)}),
        ({"strength": 0.5, "reach": 0.1}, {"offsets": lambda offsets: offsets[:1]}),
    ],
)
def test_a_saved_past_that_is_not_whole_is_refused(fitted, say, tensors) -> None:
    stored = fitted.to_artifact()
    description = json.loads(json.dumps(stored.description))
    description["fitted"]["analogues_say"] = say
    changed = dict(stored.tensors)
    for name, change in tensors.items():
        value = changed.pop(f"analogues.{name}")
        if change is not None:
            changed[f"analogues.{name}"] = change(value)
    with pytest.raises(ArtifactError, match="analogues"):
        gc.Forecaster.from_artifact(stored._replace(description=description, tensors=changed), "cpu")
