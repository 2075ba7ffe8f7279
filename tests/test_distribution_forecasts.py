"""Forecasts as distributions, through `Forecaster`: the parameters are found, the intervals hold, mistakes are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

import gatecast
from gatecast.data import read
from gatecast.errors import ArtifactError, DataError, OptionError
from gatecast.forecast import Origins, Prediction
from gatecast.forecaster.predicting import predict
from gatecast.nn.distributions import DISTRIBUTIONS
from gatecast.windows import WindowReader

LAWS: dict[str, Any] = {
    "normal": stats.norm(10, 2),
    "student-t": stats.t(4, 10, 2),
    "log-normal": stats.lognorm(0.7, 0, 5),
    "negative-binomial": stats.nbinom(3, 3 / 11),
}
LEVELS = (50, 80, 95)
CONTEXT, HORIZON = 20, 2


def fitted(name: str, y: np.ndarray, *, steps: int = 100, **options: Any) -> gatecast.Forecaster:
    shape = {"season": None, "context": CONTEXT, "members": 1, "device": "cpu", "network": {"hidden": 6}}
    return gatecast.Forecaster(HORIZON, distribution=name, steps=steps, levels=LEVELS, **{**shape, **options}).fit(y)


@pytest.mark.parametrize("model", ["lstm", "deepar"])
@pytest.mark.parametrize("name", LAWS)
def test_the_law_is_found_and_intervals_hold_to_five_points(name: str, model: str) -> None:
    draws = np.random.default_rng(3)
    past = LAWS[name].rvs((120, 100), random_state=draws).astype(float)
    forecaster = fitted(name, past, steps=300, model=model, network={"hidden": 4}, training={"rate": 0.01, "batch": 32})
    new = LAWS[name].rvs((600, CONTEXT + HORIZON), random_state=draws).astype(float)
    panel, origins = read(new).panel, Origins(np.arange(600), np.full(600, CONTEXT))
    reader = WindowReader(panel, forecaster.fitted.scaler, CONTEXT, HORIZON, torch.device("cpu"))
    raw = predict(forecaster.fitted.networks, reader, origins)[0]  # before gate and correction
    final = forecaster.predict_at(panel, origins)
    counts = name == "negative-binomial"

    def coverage(one: Prediction) -> np.ndarray:
        """Share inside; a count on the very end is half inside."""
        y = new[:, CONTEXT:, None]
        return (((one.lower <= y) & (y <= one.upper)) / 2 + ((one.lower < y) & (y < one.upper)) / 2).mean((0, 1))

    np.testing.assert_allclose(
        coverage(raw), np.array(LEVELS) / 100, atol=0.08
    )  # a network is too sure: hence the correction
    np.testing.assert_allclose(coverage(final), np.array(LEVELS) / 100, atol=0.1 if counts else 0.05)
    found = [np.median(part) for part in (raw.lower[..., 1], raw.point, raw.upper[..., 1])]
    wanted = LAWS[name].ppf([0.1, 0.5, 0.9])
    np.testing.assert_allclose(found, wanted, atol=(0.25 if counts else 0.1) * (wanted[2] - wanted[0]))


def test_the_mean_alone_gets_its_intervals_from_held_out_errors() -> None:
    draws = np.random.default_rng(3)
    forecaster = fitted("point", draws.normal(10, 2, (40, 100)), steps=40)
    new = draws.normal(10, 2, (600, CONTEXT + HORIZON))
    one = forecaster.predict_at(read(new).panel, Origins(np.arange(600), np.full(600, CONTEXT)))
    y = new[:, CONTEXT:, None]
    inside = ((one.lower <= y) & (y <= one.upper)).mean((0, 1))
    np.testing.assert_allclose(inside, np.array(LEVELS) / 100, atol=0.05)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_each_is_fitted_forecasts_and_is_kept(name: str, tmp_path: Path) -> None:
    y = LAWS["negative-binomial"].rvs((2, 60), random_state=np.random.default_rng(0)) + (name == "log-normal")
    model = fitted(name, y.astype(float), steps=6)
    forecast = model.predict(samples=20)
    assert forecast.samples is not None and np.isfinite(forecast.samples).all()
    assert (forecast.lower <= forecast.point[..., None]).all() and (forecast.point[..., None] <= forecast.upper).all()
    if DISTRIBUTIONS[name].support != "any":
        assert forecast.lower.min() >= 0 and forecast.samples.min() >= 0
    if name == "negative-binomial":
        assert (forecast.samples == forecast.samples.round()).all()
    assert any(name in reason.english for reason in model.plan.reasons) == (name != "quantile")
    model.save(tmp_path / "model")
    again = gatecast.load(tmp_path / "model", device="cpu")
    assert again.plan.network.distribution == again.wishes.distribution == name
    later = again.predict(samples=20)
    assert later.samples is not None and np.array_equal(later.samples, forecast.samples)
    assert np.array_equal(later.upper, forecast.upper)


def test_quantile_is_the_usual_one_and_the_same_by_either_name() -> None:
    y = np.random.default_rng(0).normal(size=60).cumsum()
    usual, named = fitted("auto", y, steps=4), fitted("quantile", y, steps=4)
    assert usual.plan.network == named.plan.network
    assert np.array_equal(usual.predict().upper, named.predict().upper)
    assert fitted("auto", y, steps=4, model="deepar").plan.network.distribution == "student-t"


@pytest.mark.parametrize(
    ("name", "value", "needed"),
    [
        ("negative-binomial", -1.0, "needs counts"),
        ("negative-binomial", 2.5, "needs counts"),
        ("log-normal", 0.0, "needs values above 0"),
        ("log-normal", -3.0, "needs values above 0"),
    ],
)
def test_values_that_it_does_not_know_are_told_of(name: str, value: float, needed: str) -> None:
    y = np.arange(1.0, 121.0).reshape(2, 60) % 7 + 1
    model = fitted(name, y, steps=2)
    bad = y.copy()
    bad[1, 30] = value
    for attempt in (lambda: fitted(name, bad, steps=2), lambda: model.predict(bad)):
        with pytest.raises(DataError, match=needed) as caught:
            attempt()
        assert f"has {value:g}" in str(caught.value) and "student-t" in str(caught.value)


def test_a_name_that_is_none_is_answered_with_the_nearest() -> None:
    with pytest.raises(OptionError, match="did you mean 'normal'"):
        gatecast.Forecaster(3, distribution="norml")


def test_zeros_without_end_are_no_certainty_where_counts_are_rare() -> None:
    y = np.random.default_rng(1).poisson(0.07, (40, 80)).astype(float)
    forecast = fitted("negative-binomial", y, steps=40).predict()
    quiet = y[:, -CONTEXT:].sum(1) == 0
    assert quiet.any() and (forecast.upper[quiet][..., -1] > 0.25).all()


def test_a_back_test_judges_it_as_any_other() -> None:
    y = LAWS["negative-binomial"].rvs(90, random_state=np.random.default_rng(0)).astype(float)
    scores = fitted("negative-binomial", y, steps=4).backtest(3)
    assert np.isfinite(scores.table()["MASE"]).all()


def test_a_lie_about_the_distribution_is_refused(tmp_path: Path) -> None:
    from gatecast import artifact

    fitted("normal", np.random.default_rng(0).normal(size=60), steps=2).save(tmp_path / "model")
    stored = artifact.load(tmp_path / "model")
    for told, wished in (
        ("quantile", "quantile"),
        ("cauchy", "cauchy"),
        ("normal", "student-t"),
        ("student-t", "auto"),
    ):
        stored.description["fitted"]["network"]["distribution"] = told
        stored.description["wishes"]["distribution"] = wished
        artifact.save(tmp_path / "lie", stored.description, stored.tensors, force=True)
        with pytest.raises(ArtifactError):
            gatecast.load(tmp_path / "lie", device="cpu")
