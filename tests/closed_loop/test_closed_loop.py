"""ClosedLoop: built from the data's shape, judged by free runs, in the unit that came in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gatecast as gc
from gatecast.closed_loop import ClosedLoop
from gatecast.closed_loop.division import Division
from gatecast.closed_loop.series import panel_of
from gatecast.errors import DataError, NotFittedError, OptionError, TooShortError
from gatecast.evaluation.backtest import backtest
from gatecast.evaluation.baselines import baselines
from gatecast.forecast import Origins


def waves(series: int = 24, time: int = 90) -> np.ndarray:
    phase = np.random.default_rng(0).integers(-40, 40, size=(series, 1))
    return np.sin((np.arange(time) + phase) / 8)


def small(**options: Any) -> ClosedLoop:
    return ClosedLoop(hidden=(12, 8), device="cpu", **{"steps": 3} | options)


@pytest.fixture(scope="module")
def fitted() -> ClosedLoop:
    return small(steps=5, horizon=5).fit(waves())


# forecasts


def test_it_continues_waves_that_it_never_saw(fitted: ClosedLoop) -> None:
    later = np.sin((np.arange(160) + np.array([[3], [17]])) / 8)
    ahead = fitted.continue_(40, later[:, :100])
    assert ahead.shape == (2, 40)
    assert np.sqrt(np.mean((ahead - later[:, 100:140]) ** 2)) < 0.35


def test_forecasts_go_on_from_one_another_and_do_not_depend_on_the_batch(fitted: ClosedLoop) -> None:
    panel = panel_of(waves(), {})
    together = fitted.predict_at(panel, Origins(np.array([0, 3, 3]), np.array([50, 50, 70])))
    for row, (series, end) in enumerate([(0, 50), (3, 50), (3, 70)]):
        alone = fitted.predict_at(panel, Origins(np.array([series]), np.array([end])))
        np.testing.assert_allclose(alone.point[0], together.point[row], atol=1e-5)
    np.testing.assert_allclose(fitted.continue_(9)[:, :4], fitted.continue_(4), atol=1e-5)
    np.testing.assert_allclose(fitted.predict(4).point, fitted.continue_(4), atol=1e-12)


def test_nothing_after_an_origin_is_read(fitted: ClosedLoop) -> None:
    values, origins = waves(), Origins(np.arange(24), np.full(24, 60))
    spoilt = values.copy()
    spoilt[:, 60:] = 1e6
    plain, other = (fitted.predict_at(panel_of(v, {}), origins) for v in (values, spoilt))
    for one, two in zip(plain, other, strict=True):
        np.testing.assert_array_equal(one, two)


def test_intervals_hold_the_point_widen_with_the_level_and_go_beyond_what_was_tried(fitted: ClosedLoop) -> None:
    forecast = fitted.predict(200)
    assert forecast.point.shape == (24, 200) and forecast.lower.shape == (24, 200, 2)
    assert (forecast.lower[..., 1] <= forecast.lower[..., 0]).all()
    assert (forecast.lower[..., 0] <= forecast.point).all() and (forecast.point <= forecast.upper[..., 0]).all()
    width = forecast.upper[0, :, 1] - forecast.lower[0, :, 1]
    assert (np.diff(width) >= -1e-9).all() and width[199] > width[30] > 0


@pytest.mark.parametrize("scaling", [True, "series"])
def test_trap_12_the_unit_of_the_data_goes_through(scaling: Any) -> None:
    plain = small(scaling=scaling).fit(waves())
    there = small(scaling=scaling).fit(waves() * 1000 + 5e5)
    np.testing.assert_allclose((there.continue_(5) - 5e5) / 1000, plain.continue_(5), atol=1e-3)
    np.testing.assert_allclose(there.error_growth / 1000, plain.error_growth, atol=1e-3)
    square = 1e6 if scaling is True else 1.0  # series of their own scales have no unit in common
    assert np.array(there.history.loss) == pytest.approx(np.array(plain.history.loss) * square, rel=1e-2)


def test_without_scaling_the_loss_is_in_the_unit_of_the_data() -> None:
    assert small(scaling=False, steps=1).fit(waves() + 30).history.loss[0] > 5


# judged


def test_a_back_test_judges_it_beside_naive_forecasts() -> None:
    model = small(steps=6, horizon=6)
    scores = backtest(
        [model, *baselines(6, (80, 95), ())], panel_of(waves(3, 160), {}), horizon=6, levels=(80, 95), windows=4
    )
    assert scores.verdict.kind == "skill"
    assert scores.methods[0] == "closed-loop lstm-cell"


def test_the_growth_is_the_error_of_what_was_held_out(fitted: ClosedLoop) -> None:
    panel = panel_of(waves(), {})
    tried = Division.of(panel, 0.05).tried
    ends = [panel.series(series)[end:] for series, end in zip(*tried, strict=True)]
    starts = [panel.series(series)[:end] for series, end in zip(*tried, strict=True)]
    errors = [fitted.continue_(len(t), s[None])[0] - t for s, t in zip(starts, ends, strict=True)]
    np.testing.assert_allclose(fitted.error_growth, np.sqrt(np.mean(np.square(errors), axis=0)), atol=1e-5)


@pytest.mark.parametrize(("series", "held_out", "whole"), [(24, 0.05, 1), (100, 3, 3), (5, 0.05, 0), (1, 0.5, 0)])
def test_what_is_tried_never_trained(series: int, held_out: Any, whole: int) -> None:
    division = Division.of(panel_of(waves(series, 50), {}), held_out)
    apart = set(division.tried.series) - set(division.train)
    assert len(apart) == whole
    if whole:
        assert set(division.tried.series) == apart and len(division.train) == series - whole
    else:
        assert (division.tried.ends == division.ends).all() and (division.ends == 40).all()


# the shape of the data


def test_it_builds_itself_from_the_shape_of_the_data() -> None:
    both = np.stack([waves(), np.cos(waves() * 2) + 40], axis=2)
    model = small().fit(both)
    assert model.network.variables == 2
    assert model.continue_(7).shape == (24, 7, 2) and model.error_growth.shape == (45, 2)
    assert model.continue_(7)[:, :, 1].mean() > 30
    assert model.predict(7).point.shape == (24, 7) and model.predict(7).target == "y1"


def test_series_of_unequal_length_and_tables_are_taken_as_by_the_forecaster() -> None:
    import polars as pl

    rows = [(name, t, float(np.sin(t / 8 + k))) for k, name in enumerate("abc") for t in range(40 + 10 * k)]
    table = pl.DataFrame(rows, schema=["id", "t", "y"], orient="row")
    forecast = small(steps=2).fit(table, id="id", time="t", target="y").predict(3)
    assert forecast.to_frame().columns[:3] == ["id", "t", "forecast"]
    assert forecast.time[:, 0].tolist() == [40, 50, 60]


@pytest.mark.parametrize("model", ["gru", "rnn"])
def test_any_model_that_streams(model: str) -> None:
    assert np.isfinite(ClosedLoop(model, hidden=8, steps=1, device="cpu").fit(waves()).continue_(3)).all()


def test_same_seed_same_bytes() -> None:
    first, second, other = (small(seed=seed, steps=2).fit(waves()).continue_(5) for seed in (0, 0, 1))
    assert first.tobytes() == second.tobytes() != other.tobytes()


def test_each_step_can_be_watched() -> None:
    seen: dict[int, np.ndarray] = {}
    model = small().fit(waves(), on_step=lambda step, now: seen.update({step: now.continue_(4)}))
    assert list(seen) == [1, 2, 3]
    np.testing.assert_array_equal(seen[model.history.kept_step], model.continue_(4))


# refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "bilstm"}, "own output"),
        ({"model": "lstn"}, "lstm"),
        ({"scaling": "pooled"}, "scaling"),
        ({"held_out": 0}, "held_out"),
        ({"held_out": 0.9}, "held_out"),
        ({"levels": (0,)}, "levels"),
        ({"levels": "80"}, "levels"),
        ({"horizon": 0}, "horizon"),
        ({"training": {"patience": 3}}, "patience"),
        ({"network": {"widths": 3}}, "widths"),
    ],
    ids=str,
)
def test_options_that_cannot_be_used_are_refused_before_data_are_read(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        ClosedLoop(**{"device": "cpu"} | options)


def test_data_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(TooShortError, match="2 rows"):
        small().fit(np.zeros((4, 2)))
    with pytest.raises(DataError, match="series, time, variables"):
        small().fit(np.zeros((3, 0, 2)))
    with pytest.raises(OptionError, match="none would train"):
        small(held_out=4).fit(waves(4))
    with pytest.raises(OptionError, match="did you mean 'target'"):
        small().fit(waves(), tagret="y")
    with pytest.raises(NotFittedError):
        small().continue_(3)
    with pytest.raises(OptionError, match="2 variables"):
        small(steps=1).fit(np.stack([waves(), waves()], 2)).continue_(3, waves())


def test_it_is_public() -> None:
    assert gc.ClosedLoop is ClosedLoop
