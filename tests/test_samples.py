"""Joint sample paths: their marginals are the intervals, their steps go together as the errors did."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gatecast
from gatecast.cli import run
from gatecast.errors import OptionError
from gatecast.forecast import Prediction
from gatecast.forecaster.sampling import Dependence, normal_scores, through_quantiles

LEVELS = (50, 80, 95)
PROBABILITIES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


def autoregressive(phi: float, size: int, length: int, seed: int = 0) -> np.ndarray:
    draws = np.random.default_rng(seed).normal(size=(size, length))
    for k in range(1, length):
        draws[:, k] += phi * draws[:, k - 1]
    return draws


def prediction_of(seed: int, horizon: int = 4) -> Prediction:
    """Intervals of any widths, skewed too, around any point."""
    draws = np.random.default_rng(seed)
    point = draws.normal(size=(2, horizon)) * 10
    below, above = draws.exponential(size=(2, 2, horizon, len(LEVELS))).cumsum(-1)
    return Prediction(point, point[..., None] - below, point[..., None] + above)


# the pieces


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000))
def test_quantiles_of_paths_are_those_of_the_prediction(seed: int) -> None:
    prediction, keys = prediction_of(seed), ("a", "b")
    paths = [Dependence((0.9, 0.5, -0.3)).draw(400, np.random.default_rng(seed)) for _ in keys]
    samples = through_quantiles(prediction, LEVELS, paths, keys, seed)
    wanted = np.concatenate([prediction.lower[..., ::-1], prediction.point[..., None], prediction.upper], -1)
    below = (samples[..., None] <= wanted[:, None]).mean(1)  # (series, horizon, probabilities)
    np.testing.assert_allclose(below, np.broadcast_to(PROBABILITIES, below.shape), atol=1.01 / 400)


def test_even_one_path_is_any_path() -> None:
    """A single draw is no median: it lies outside the inner half as often as it should."""
    prediction = prediction_of(3)
    ones = [
        through_quantiles(prediction, LEVELS, [np.zeros((1, 4))] * 2, ("a", "b"), seed)[:, 0] for seed in range(300)
    ]
    inside = (prediction.lower[..., 0] <= ones) & (ones <= prediction.upper[..., 0])
    assert inside.mean() == pytest.approx(0.5, abs=0.05)


def test_scores_are_normal_and_keep_the_order() -> None:
    values = np.random.default_rng(0).exponential(size=(500, 2))
    scores = normal_scores(values, np.random.default_rng(1))
    assert (np.argsort(values, axis=0) == np.argsort(scores, axis=0)).all()
    assert scores.mean() == pytest.approx(0, abs=0.02) and scores.std() == pytest.approx(1, abs=0.03)


def test_equal_values_are_ranked_by_lot() -> None:
    """Else a column of equal values would go together with every other such column."""
    scores = normal_scores(np.zeros((4000, 2)), np.random.default_rng(2))
    assert abs(np.corrcoef(scores.T)[0, 1]) < 0.06


@pytest.mark.parametrize("phi", [-0.6, 0.0, 0.5, 0.9])
def test_the_dependence_of_the_errors_is_found_and_drawn_again(phi: float) -> None:
    errors = autoregressive(phi, 5000, 6)
    dependence = Dependence.fit(errors, independent=5000)
    np.testing.assert_allclose(
        np.corrcoef(errors.T), np.corrcoef(dependence.draw(5000, np.random.default_rng(1)).T), atol=0.06
    )


def test_without_held_out_windows_errors_are_those_of_a_random_walk() -> None:
    drawn = Dependence.of_random_walk(5).draw(20_000, np.random.default_rng(0))
    walk = np.random.default_rng(1).normal(size=(20_000, 5)).cumsum(1)
    np.testing.assert_allclose(np.corrcoef(drawn.T), np.corrcoef(walk.T), atol=0.03)


def test_few_windows_borrow_from_all_steps() -> None:
    errors = np.array([[1.0, 1.0, -1.0], [2.0, 2.0, -2.0], [3.0, 3.0, -3.0], [4.0, 4.0, -4.0]])
    together = Dependence.fit(errors, independent=1).neighbours
    apart = Dependence.fit(errors, independent=1000).neighbours
    assert abs(together[0] - together[1]) < abs(apart[0] - apart[1])


# through Forecaster


@pytest.fixture(scope="module")
def model() -> gatecast.Forecaster:
    y = 50 + autoregressive(0.8, 20, 121)
    options = {"season": None, "context": 8, "steps": 20, "members": 1, "device": "cpu", "network": {"hidden": 4}}
    return gatecast.Forecaster(6, levels=LEVELS, **options).fit(y)


def test_paths_of_autoregressive_data_are_autocorrelated_as_their_errors_are(model: gatecast.Forecaster) -> None:
    """corr(e₁, e₂) = φ / √(1 + φ²) for a forecast that knows the process; one that does not errs more alike."""
    samples = model.predict(samples=800).samples
    assert samples is not None
    centred = samples - samples.mean(1, keepdims=True)
    found = [np.corrcoef(centred[:, :, step].ravel(), centred[:, :, step + 1].ravel())[0, 1] for step in range(5)]
    variance = np.cumsum(0.8 ** (2 * np.arange(6)))  # of a perfect forecast's errors, of steps 1 … 6
    perfect = 0.8 * np.sqrt(variance[:-1] / variance[1:])
    np.testing.assert_allclose(found, perfect, atol=0.15)
    far = np.corrcoef(centred[:, :, 0].ravel(), centred[:, :, 5].ravel())[0, 1]
    assert far == pytest.approx(np.prod(found), abs=0.05)


def test_paths_and_intervals_agree(model: gatecast.Forecaster) -> None:
    forecast = model.predict(samples=400)
    assert forecast.samples is not None
    for k, level in enumerate(LEVELS):
        held = (forecast.lower[:, None, :, k] <= forecast.samples) & (forecast.samples <= forecast.upper[:, None, :, k])
        assert held.mean(1) == pytest.approx(np.full((20, 6), level / 100), abs=0.006)


def test_the_same_seed_gives_the_same_paths_and_series_have_their_own(model: gatecast.Forecaster) -> None:
    first, second = (model.predict(samples=300).samples for _ in range(2))
    assert first is not None and second is not None and np.array_equal(first, second)
    ranks = np.argsort(np.argsort(first[:, :, 0], axis=1), axis=1)
    apart = np.abs(np.asarray(np.corrcoef(ranks))[np.triu_indices(20, 1)])
    assert apart.max() < 0.3 and apart.mean() < 0.1


def test_the_frame_has_a_row_for_each_step_of_each_path(model: gatecast.Forecaster) -> None:
    forecast = model.predict(samples=3)
    assert forecast.samples is not None
    frame = forecast.samples_frame()
    series, time = frame.columns[0], forecast.layout.time or "step"
    assert frame.columns == [series, "sample", time, "forecast"]
    assert frame.height == 20 * 3 * 6
    path = frame.filter((frame["sample"] == 2) & (frame[series] == frame[series][-1]))
    assert path["forecast"].to_list() == forecast.samples[-1, 1].tolist()
    assert path[time].to_list() == forecast.time[-1].tolist()


def test_what_was_not_asked_for_is_not_there(model: gatecast.Forecaster) -> None:
    with pytest.raises(OptionError, match="predict\\(samples=100\\)"):
        model.predict().samples_frame()
    for count in (0, -1, 2.5, True, "many"):
        with pytest.raises(OptionError, match="samples must be a whole number"):
            model.predict(samples=count)  # type: ignore[arg-type]


# on the command line


def test_predict_writes_paths_beside_the_forecast(model: gatecast.Forecaster, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    model.save("model")
    assert run(["predict", "model", "--samples", "5", "--out", "next.csv"]) == 0
    lines = (tmp_path / "next-samples.csv").read_text().splitlines()
    assert len(lines) == 1 + 20 * 5 * 6 and lines[0].split(",")[-1] == "forecast"
    assert len((tmp_path / "next.csv").read_text().splitlines()) == 1 + 20 * 6
    capsys.readouterr()
    assert run(["predict", "model", "--samples", "5", "--out", "next.csv"]) == 2  # exists
    mistakes = {"--out FILE.csv": ["--samples", "5"], "--samples must": ["--samples", "x", "--out", "b.csv"]}
    for said, wrong in mistakes.items():
        assert run(["predict", "model", *wrong]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "b.csv").exists()
