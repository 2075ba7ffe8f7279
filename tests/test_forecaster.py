"""`Forecaster` as a user meets it: what goes in, what comes back, and what is said where it cannot go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import gatecast as gc
from gatecast.errors import (
    ArtifactError,
    ColumnError,
    DataError,
    DeviceError,
    NotFittedError,
    OptionError,
    TooShortError,
)
from gatecast.forecast import Origins, Predictor
from gatecast.training.history import Progress

HORIZON = 3
COLUMNS = ["forecast", "lo-80", "hi-80", "lo-95", "hi-95"]


def wave(length: int = 80, *, seed: int = 0, season: int = 7) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=length)
    return 20 + 4 * np.sin(np.arange(length) * 2 * np.pi / season) + 0.3 * noise


def quick(horizon: int = HORIZON, **options: Any) -> gc.Forecaster:
    return gc.Forecaster(horizon, **{"steps": 3, "season": 7, "device": "cpu", **options})


def table(length: int = 80, *, names: tuple[str, ...] = ("Milan", "Rome")) -> pl.DataFrame:
    """A long table of dated series."""
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 1) + pl.duration(days=length - 1), eager=True)
    parts = [
        pl.DataFrame({"city": [name] * length, "day": days, "sold": wave(length, seed=seed) * (seed + 1)})
        for seed, name in enumerate(names)
    ]
    return pl.concat(parts)


@pytest.fixture(scope="module")
def fitted() -> gc.Forecaster:
    return quick().fit(wave())


@pytest.fixture(scope="module")
def fitted_cities() -> gc.Forecaster:
    return quick().fit(table(), target="sold")


# what goes in and what comes back


def test_the_three_lines(tmp_path: Path) -> None:
    table(names=("Rome",)).select("day", "sold").write_csv(tmp_path / "prices.csv")
    model = quick(5).fit(tmp_path / "prices.csv", target="sold")
    frame = model.predict().to_frame()
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == ["day", *COLUMNS] and len(frame) == 5
    model.save(tmp_path / "prices.gatecast")
    again = gc.load(tmp_path / "prices.gatecast", device="cpu").predict().to_frame()
    assert again.equals(frame)


@pytest.mark.parametrize("as_text", [True, False])
def test_a_path_may_be_text(tmp_path: Path, as_text: bool) -> None:
    path = tmp_path / "sales.csv"
    table().write_csv(path)
    frame = quick().fit(str(path) if as_text else path, target="sold").predict().to_frame()
    assert frame.columns == ["city", "day", *COLUMNS]


def test_a_frame_of_pandas_comes_back_as_one() -> None:
    frame = quick().fit(table().to_pandas(), target="sold").predict().to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == ["city", "day", *COLUMNS]
    assert frame["city"].tolist() == ["Milan"] * 3 + ["Rome"] * 3


def test_a_frame_of_polars_comes_back_as_one(fitted_cities: gc.Forecaster) -> None:
    frame = fitted_cities.predict().to_frame()
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == ["city", "day", *COLUMNS]


def test_one_axis_is_time(fitted: gc.Forecaster) -> None:
    forecast = fitted.predict()
    assert forecast.point.shape == (1, HORIZON) and forecast.lower.shape == (1, HORIZON, 2)
    assert forecast.to_frame().columns == ["step", *COLUMNS]
    assert forecast.time.tolist() == [[80, 81, 82]]


def test_two_axes_are_series_and_time() -> None:
    forecast = quick().fit(np.stack([wave(), 100 * wave(seed=1)])).predict()
    assert forecast.to_frame()["series"].to_list() == [0, 0, 0, 1, 1, 1]
    assert forecast.point.shape == (2, HORIZON)
    assert 10 < forecast.point[0].mean() < 30 and 1000 < forecast.point[1].mean() < 3000


def test_trap_11_exactly_horizon_rows_dated_after_the_last_input_row(fitted_cities: gc.Forecaster) -> None:
    data = table()
    frame = fitted_cities.predict().to_frame()
    assert frame["city"].value_counts()["count"].to_list() == [HORIZON, HORIZON]
    last = data["day"].max()
    for (_,), rows in frame.group_by(["city"]):
        assert [(day - last).days for day in rows["day"].cast(pl.Date)] == [1, 2, 3]


def test_integer_time_stays_integer() -> None:
    data = pl.DataFrame({"year": range(1900, 1980), "y": wave()})
    frame = quick().fit(data, target="y", time="year").predict().to_frame()
    assert frame["year"].dtype == pl.Int64 and frame["year"].to_list() == [1980, 1981, 1982]


def test_levels_name_the_columns() -> None:
    frame = quick(levels=(99, 50, 97.5)).fit(wave()).predict().to_frame()
    assert frame.columns == ["step", "forecast", "lo-50", "hi-50", "lo-97.5", "hi-97.5", "lo-99", "hi-99"]
    nested = ["lo-99", "lo-97.5", "lo-50", "forecast", "hi-50", "hi-97.5", "hi-99"]
    values = frame.select(nested).to_numpy()
    assert (np.diff(values, axis=1) >= 0).all()


@pytest.mark.parametrize("model", ["gru", "lstm", "rnn"])
def test_every_registered_model_forecasts(model: str) -> None:
    fitted = quick(model=model).fit(wave())
    assert np.isfinite(fitted.predict().point).all()
    assert fitted.name == model


def test_predict_goes_on_from_another_history(fitted_cities: gc.Forecaster) -> None:
    later = table(95)
    frame = fitted_cities.predict(later).to_frame()
    assert [str(day)[:10] for day in frame["day"][:3]] == ["2024-04-05", "2024-04-06", "2024-04-07"]
    cut = later.filter(pl.col("day") < pl.date(2024, 3, 21))
    assert fitted_cities.predict(cut).to_frame().equals(fitted_cities.predict().to_frame())


def test_a_history_may_be_of_another_kind_and_of_other_series(fitted_cities: gc.Forecaster) -> None:
    strange = table(names=("Oslo", "Bergen", "Tromsø")).to_pandas()
    frame = fitted_cities.predict(strange).to_frame()
    assert isinstance(frame, pd.DataFrame) and list(frame["city"].unique()) == ["Oslo", "Bergen", "Tromsø"]


def test_a_history_shorter_than_the_context_is_enough(fitted: gc.Forecaster) -> None:
    assert np.isfinite(fitted.predict([1.0, 2.0]).point).all()


def test_a_fit_may_be_repeated_on_other_data() -> None:
    model = quick().fit(wave())
    model.fit(np.stack([wave(), wave(seed=1)]))
    assert len(model.predict()) == 2 and len(model.reading.panel) == 2


def test_what_a_fit_found_can_be_asked(fitted: gc.Forecaster) -> None:
    assert fitted.seasons == (7,)
    assert fitted.history.steps == 3 and fitted.history.stopped == "steps"
    assert fitted.plan.network.horizon == HORIZON
    assert fitted.reading.panel.lengths.tolist() == [80]
    words = fitted.describe()
    assert all(text.english and text.chinese for text in words)


def test_it_is_a_predictor(fitted: gc.Forecaster) -> None:
    predictor: Predictor = quick()
    panel = fitted.reading.panel
    prediction = predictor.fit(panel).predict_at(panel, Origins(np.array([0, 0]), np.array([50, 60])))
    assert isinstance(predictor.name, str)
    assert prediction.point.shape == (2, HORIZON) and prediction.upper.shape == (2, HORIZON, 2)


def test_progress_is_told(fitted: gc.Forecaster) -> None:
    seen: list[Progress] = []
    model = quick().fit(wave(), on_progress=seen.append)
    assert seen and {progress.stage for progress in seen} == {"fit"}
    seen.clear()
    model.backtest(2, on_progress=seen.append)
    assert seen and {progress.stage for progress in seen} == {"judge"}


# judging


def test_a_backtest_compares_with_naive_forecasts(fitted: gc.Forecaster) -> None:
    scores = fitted.backtest(windows=4)
    assert scores.methods[0] == fitted.name == "LSTM" and len(scores.methods) >= 4
    assert scores.actual.shape == (4, HORIZON)
    np.testing.assert_array_equal(scores.actual.ravel(), wave()[-4 * HORIZON :])


@pytest.mark.parametrize("length", [4, 5, 7, 12])
def test_what_can_be_fitted_can_be_judged(length: int) -> None:
    scores = quick(1, season=None).fit(wave(length)).backtest(8)
    assert np.isfinite(scores.predictions["LSTM"].point).all()


def test_a_loaded_model_is_judged_on_data_that_it_is_given(tmp_path: Path, fitted: gc.Forecaster) -> None:
    fitted.save(tmp_path / "model")
    loaded = gc.load(tmp_path / "model", device="cpu")
    with pytest.raises(NotFittedError, match="does not hold its training data"):
        loaded.backtest()
    there, here = loaded.backtest(2, wave()), fitted.backtest(2)
    np.testing.assert_array_equal(there.predictions["LSTM"].point, here.predictions["LSTM"].point)


# keeping


def test_a_saved_model_forecasts_the_same(tmp_path: Path, fitted_cities: gc.Forecaster) -> None:
    fitted_cities.save(tmp_path / "model")
    loaded = gc.load(tmp_path / "model", device="cpu")
    for history in (None, table(95)):
        mine, theirs = fitted_cities.predict(history), loaded.predict(history)
        for name in ("point", "lower", "upper", "time"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))
    assert loaded.history.steps == 3 and loaded.seasons == (7,)
    loaded.save(tmp_path / "again")
    files = [path.name for path in sorted((tmp_path / "model").iterdir())]
    assert all((tmp_path / "model" / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in files)


def test_a_model_with_covariates_comes_back_with_them(tmp_path: Path) -> None:
    model = quick().fit(with_covariates(), target="y", past=["wind"], future=["holiday"])
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(gc.load(tmp_path / "model").predict().point, model.predict().point)


def test_an_existing_folder_is_not_overwritten(tmp_path: Path, fitted: gc.Forecaster) -> None:
    fitted.save(tmp_path / "model")
    with pytest.raises(gc.errors.OutputError):
        fitted.save(tmp_path / "model")
    fitted.save(tmp_path / "model", force=True)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        gc.load(tmp_path)


# covariates


def with_covariates(length: int = 80, ahead: int = HORIZON) -> pl.DataFrame:
    holiday = (np.arange(length + ahead) % 5 == 0).astype(float)
    y = [*(wave(length) + 10 * holiday[:length]), *[None] * ahead]
    return pl.DataFrame({"y": y, "wind": [*wave(length, seed=3), *[None] * ahead], "holiday": holiday})


def test_trap_13_roles_are_declared_once() -> None:
    model = quick().fit(with_covariates(), target="y", past=["wind"], future="holiday")
    assert model.reading.panel.columns == ("y", "wind", "holiday")
    assert np.isfinite(model.predict().point).all()
    later = model.predict(with_covariates(90))
    assert later.time.tolist() == [[90, 91, 92]]


@pytest.mark.parametrize("ahead", [0, 2])
def test_trap_13_a_covariate_that_is_not_known_far_enough_is_named(ahead: int) -> None:
    data = with_covariates(ahead=ahead)
    model = quick().fit(data, target="y", future=["holiday"])
    with pytest.raises(ColumnError, match=f"'holiday'.*only {ahead} of the 3 steps") as caught:
        model.predict()
    assert "holiday" in caught.value.text.chinese
    assert len(model.backtest(2).actual) == 2  # the past alone is enough to judge


def test_trap_13_no_series_lends_its_covariates_to_another() -> None:
    long = pl.concat([with_covariates(ahead=0).with_columns(id=pl.lit(name)) for name in ("a", "b")])
    with pytest.raises(ColumnError, match="'holiday'"):
        quick().fit(long, target="y", id="id", future=["holiday"]).predict()


def test_a_history_must_have_the_columns_of_the_fit() -> None:
    model = quick().fit(with_covariates(), target="y", future=["holiday"])
    with pytest.raises((ColumnError, OptionError), match="holiday"):
        model.predict(with_covariates().drop("holiday"))
    with pytest.raises(DataError):
        model.predict(with_covariates().drop("y"))


def test_a_history_must_have_the_kind_of_time_of_the_fit(fitted: gc.Forecaster, fitted_cities: gc.Forecaster) -> None:
    with pytest.raises(gc.errors.GatecastError):
        fitted_cities.predict(wave())
    with pytest.raises(gc.errors.GatecastError):
        fitted.predict(table())


# what cannot be used


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"horizon": 0}, "horizon must be a whole number of at least 1, got 0"),
        ({"horizon": -2}, "horizon"),
        ({"horizon": 2.5}, "horizon"),
        ({"horizon": "5"}, "horizon"),
        ({"horizon": True}, "horizon"),
        ({"horizon": None}, "horizon"),
        ({"context": 1}, "context must be a whole number of at least 2"),
        ({"context": 7.5}, "context"),
        ({"steps": 0}, "steps"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"seed": 1.5}, "seed"),
        ({"seed": None}, "seed"),
        ({"levels": ()}, "levels"),
        ({"levels": (0,)}, "levels"),
        ({"levels": (80, 100)}, "levels must be percentages between 0 and 100"),
        ({"levels": "80"}, "levels"),
        ({"levels": None}, "levels"),
        ({"levels": (float("nan"),)}, "levels"),
        ({"budget": 0}, "budget must be a positive number"),
        ({"budget": -5}, "budget"),
        ({"budget": float("nan")}, "budget"),
        ({"budget": float("inf")}, "budget"),
        ({"budget": "5"}, "budget"),
        ({"model": "lstmm"}, "did you mean 'lstm'"),
        ({"model": 3}, "no model is named"),
        ({"model": "os.path"}, "no model is named"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_at_once(options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words) as caught:
        gc.Forecaster(**{"horizon": 3, **options})
    assert caught.value.text.chinese and caught.value.text.chinese != caught.value.text.english


@pytest.mark.parametrize("season", [0, 1, -3, "weekly", 1.5, (12, "a"), (), True, (7, 7)])
def test_a_season_that_cannot_be_used_is_refused(season: Any) -> None:
    with pytest.raises(OptionError, match="season"):
        quick(season=season).fit(wave())


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(DeviceError, match="not available"):
        gc.Forecaster(3, device="tpu")


@pytest.mark.parametrize("windows", [0, -1, 1.5, "8", None])
def test_a_number_of_windows_that_cannot_be_used_is_refused(fitted: gc.Forecaster, windows: Any) -> None:
    with pytest.raises(OptionError, match="windows"):
        fitted.backtest(windows)


def test_an_unknown_option_of_fit_is_named_with_the_nearest() -> None:
    with pytest.raises(OptionError, match="did you mean 'target'"):
        quick().fit(table(), targett="sold")


def test_a_horizon_beyond_the_data_is_refused_with_the_most_that_goes() -> None:
    with pytest.raises(OptionError, match="at most 36") as caught:
        quick(100).fit(wave())
    assert "36" in caught.value.text.chinese
    assert quick(36).fit(wave()).predict().point.shape == (1, 36)


def test_a_series_that_is_too_short_is_refused_with_its_length_and_the_minimum() -> None:
    with pytest.raises(TooShortError, match="3 rows, at least 4"):
        quick(1).fit([1.0, 2.0, 4.0])


def test_without_a_fit_there_is_no_forecast(tmp_path: Path) -> None:
    model = quick()
    for ask in (model.predict, model.backtest, model.describe, lambda: model.save(tmp_path / "model")):
        with pytest.raises(NotFittedError, match="fit"):
            ask()
    for name in ("reading", "history", "plan", "seasons", "fitted"):
        with pytest.raises(NotFittedError, match="fit"):
            getattr(model, name)
    assert not list(tmp_path.iterdir())


def test_a_loaded_model_says_that_it_has_no_reading(tmp_path: Path, fitted: gc.Forecaster) -> None:
    fitted.save(tmp_path / "model")
    with pytest.raises(NotFittedError, match="training data"):
        _ = gc.load(tmp_path / "model").reading
