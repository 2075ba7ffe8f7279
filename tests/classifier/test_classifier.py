"""The classifier finds what was planted, by margins that are stated, and says "No skill" where nothing was."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from planted import switching, table, waves

import gatecast as gc
from gatecast.errors import ColumnError, DataError, NotFittedError, OptionError, TooShortError
from gatecast.evaluation.class_scores import ClassScores

COLUMNS = {"id": "id", "target": "y", "time": "t"}
CPU = {"device": "cpu"}


def columns(scores: ClassScores) -> dict[str, dict[str, float]]:
    """Measure → method → value."""
    table = scores.table()
    return {name: dict(zip(scores.methods, table[name], strict=True)) for name in table if name != "method"}


def gains(scores: ClassScores) -> tuple[float, float, float]:
    """By what share the log-loss is below the base rate's, how far the accuracy is above it, the calibration error."""
    found = columns(scores)
    loss, accuracy = found["log-loss"], found["accuracy"]
    return (
        1 - loss["LSTM"] / loss["base rate"],
        accuracy["LSTM"] - accuracy["base rate"],
        found["calibration error"]["LSTM"],
    )


@pytest.mark.slow
def test_planted_directions_are_found() -> None:
    data = table(400, 60, drift=(-0.5, 0.5))
    scores = gc.Classifier(5, **CPU).backtest(data=data, **COLUMNS)
    log_loss, accuracy, miscalibrated = gains(scores)
    assert log_loss > 0.1 and accuracy > 0.12 and miscalibrated < 0.05
    assert scores.verdict.kind == "skill"


@pytest.mark.slow
def test_planted_liveliness_is_found() -> None:
    data = table(400, 60, noise=(1, 4))
    scores = gc.Classifier(5, task="regime", **CPU).backtest(data=data, **COLUMNS)
    log_loss, accuracy, miscalibrated = gains(scores)
    assert log_loss > 0.3 and accuracy > 0.25 and miscalibrated < 0.05
    assert scores.verdict.kind == "skill"


@pytest.mark.slow
def test_planted_states_are_found() -> None:
    data = table(400, 30, drift=(-0.5, 0.5))
    scores = gc.Classifier(3, task="regime", **CPU).backtest(data=data, label="state", **COLUMNS)
    assert scores.classes == ("0", "1")
    log_loss, accuracy, miscalibrated = gains(scores)
    assert log_loss > 0.4 and accuracy > 0.3 and miscalibrated < 0.05
    assert scores.verdict.kind == "skill"


def test_labels_of_series_are_found() -> None:
    model = gc.Classifier(task="label", steps=150, **CPU)
    scores = model.backtest(data=waves(60), label="kind", **COLUMNS)
    found = columns(scores)
    assert len(scores.actual) == 20
    assert scores.methods == ("LSTM", "base rate")
    assert found["accuracy"]["LSTM"] >= 0.9
    assert scores.verdict.kind == "skill"


@pytest.mark.parametrize("seed", range(3))
def test_a_random_walk_has_no_skill(seed: int) -> None:
    _, walk = switching(1500, seed)
    scores = gc.Classifier(5, **CPU).backtest(data=walk)
    assert scores.verdict.kind == "no skill"
    assert scores.verdict.text.english.startswith("No skill")
    found = columns(scores)["log-loss"]
    assert found["LSTM"] < 1.02 * found["base rate"]  # and it does not pretend


@pytest.fixture(scope="module")
def fitted() -> gc.Classifier:
    return gc.Classifier(4, task="regime", steps=20, **CPU).fit(table(120, 2), label="word", **COLUMNS)


def test_a_forecast_has_a_row_a_series(fitted: gc.Classifier) -> None:
    forecast = fitted.predict()
    frame = forecast.to_frame()
    assert frame.columns == ["id", "t", "class", "p-quiet", "p-wild"]
    assert frame["id"].to_list() == ["s0", "s1"]
    assert frame["t"].to_list() == [123, 123]
    np.testing.assert_allclose(forecast.probability.sum(axis=1), 1)
    assert frame["class"].to_list() == list(forecast.most_probable)


def test_a_forecast_comes_in_the_frame_of_the_user() -> None:
    pandas = pytest.importorskip("pandas")
    days = pandas.date_range("2024-01-01", periods=90, tz="Asia/Shanghai")
    data = pandas.DataFrame({"day": days, "price": switching(90, 0)[1]})
    frame = gc.Classifier(2, steps=5, **CPU).fit(data, target="price").predict().to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["day"][0] == days[-1] + pandas.Timedelta(days=2)


def test_a_longer_history_is_continued_from_its_end(fitted: gc.Classifier) -> None:
    again = fitted.predict(table(120, 2))
    np.testing.assert_array_equal(again.probability, fitted.predict().probability)
    assert fitted.predict(table(130, 2)).to_frame()["t"].to_list() == [133, 133]
    with pytest.raises(ColumnError, match="'strange' in column 'word' is a class that training did not have"):
        fitted.predict(table(120, 2).with_columns(word=pl.lit("strange")))


def test_a_series_without_a_label_can_be_asked_for() -> None:
    model = gc.Classifier(task="label", steps=5, **CPU).fit(waves(12), label="kind", **COLUMNS)
    frame = model.predict(waves(3, seed=5).drop("kind")).to_frame()
    assert frame.columns == ["id", "class", "p-fast", "p-slow"]
    assert len(frame) == 3


def test_the_same_seed_gives_the_same_probabilities(fitted: gc.Classifier) -> None:
    twin = gc.Classifier(4, task="regime", steps=20, **CPU).fit(table(120, 2), label="word", **COLUMNS)
    np.testing.assert_array_equal(twin.predict().probability, fitted.predict().probability)


def test_the_judge_never_sees_what_is_judged() -> None:
    data = table(200, 2, drift=(-0.5, 0.5))
    changed = data.with_columns(y=pl.when(pl.col("t") >= 185).then(pl.col("y") * 3).otherwise(pl.col("y")))
    model = gc.Classifier(5, steps=10, **CPU)
    one, two = (model.backtest(windows=40, data=one, **COLUMNS) for one in (data, changed))
    early = one.origins.ends <= 185  # they have read nothing of what was changed
    np.testing.assert_array_equal(one.probability["LSTM"][early], two.probability["LSTM"][early])
    assert early.any()
    assert not early.all()


def test_rare_classes_that_weigh_more_are_still_told_as_rare() -> None:
    draws = np.random.default_rng(0)
    data = pl.DataFrame({"t": range(600), "y": draws.normal(size=600), "s": (draws.random(600) < 0.1).astype(int)})
    model = gc.Classifier(1, task="regime", balanced=True, steps=40, **CPU).fit(data, label="s", target="y")
    assert model.predict().probability[0, 1] < 0.3


def test_covariates_known_ahead_are_read_over_the_horizon() -> None:
    draws = np.random.default_rng(0)
    sign = draws.integers(0, 2, 900)
    walk = np.where(sign == 1, 1.0, -1.0).cumsum()
    data = pl.DataFrame({"t": range(900), "y": [*walk[:-1], None], "sign": sign})
    model = gc.Classifier(1, steps=300, **CPU).fit(data, target="y", future="sign")
    assert model.predict().probability[0, int(sign[-1])] > 0.9
    with pytest.raises(ColumnError, match="known ahead"):
        model.predict(data[:-1])


def test_other_networks_serve_too() -> None:
    for name in ("gru", "rnn"):
        model = gc.Classifier(2, model=name, steps=2, context=8, **CPU).fit(switching(80, 0)[1])
        assert model.fitted.network.config.context == 8
        assert model.name == name
        assert len(model.describe()) == 3


def test_what_is_unknown_is_refused() -> None:
    with pytest.raises(OptionError, match="one of direction, regime, label"):
        gc.Classifier(task="colour")
    with pytest.raises(OptionError, match="at least 1, got 0"):
        gc.Classifier(0)
    with pytest.raises(OptionError, match="augment"):
        gc.Classifier(training={"augment": {"jitter": 0.1}})
    with pytest.raises(NotFittedError):
        gc.Classifier().predict()
    with pytest.raises(NotFittedError):
        gc.Classifier().backtest()


def test_a_label_goes_with_its_tasks() -> None:
    data = table(60, 2)
    with pytest.raises(OptionError, match="leave out label 'word'"):
        gc.Classifier(**CPU).fit(data, label="word", **COLUMNS)
    with pytest.raises(OptionError, match="needs the column"):
        gc.Classifier(task="label", **CPU).fit(data, **COLUMNS)
    with pytest.raises(OptionError, match="one target"):
        gc.Classifier(**CPU).fit(data, target=("y", "state"), id="id", time="t")


def test_labels_that_cannot_be_used_are_refused() -> None:
    data = table(60, 2)
    regime = gc.Classifier(task="regime", **CPU)
    for change, error, words in (
        ({"word": pl.lit("quiet")}, ColumnError, "one class only"),
        ({"word": pl.col("t").cast(pl.String)}, ColumnError, "60 classes, at most 20"),
        ({"word": pl.col("y")}, ColumnError, "holds fractions"),
        (
            {"word": pl.when((pl.col("t") == 7) & (pl.col("id") == "s1")).then(None).otherwise(pl.col("word"))},
            DataError,
            r"1 empty cell\(s\), the first at 7 of series 's1'",
        ),
    ):
        with pytest.raises(error, match=words):
            regime.fit(data.with_columns(**change), label="word", **COLUMNS)
    with pytest.raises(ColumnError, match=r"'wrod' is not a column.*did you mean 'word'"):
        regime.fit(data, label="wrod", **COLUMNS)
    with pytest.raises(ColumnError, match="column of a table"):
        regime.fit([1.0, 2.0, 3.0], label="word")
    with pytest.raises(DataError, match="series 's0' is labelled 'quiet' and 'wild'"):
        gc.Classifier(task="label", **CPU).fit(data, label="word", **COLUMNS)


def test_too_little_is_refused() -> None:
    with pytest.raises(TooShortError, match="at least 15"):
        gc.Classifier(5, **CPU).fit(np.arange(12.0) % 5)
    with pytest.raises(DataError, match="one class only"):
        gc.Classifier(2, **CPU).fit(np.arange(60.0))
    with pytest.raises(TooShortError, match="class 'fast' of 'kind' has 1 series"):
        gc.Classifier(task="label", **CPU).fit(waves(3), label="kind", **COLUMNS)
    with pytest.raises(TooShortError, match="fewer than 3 series"):
        gc.Classifier(task="label", **CPU).backtest(data=waves(5), label="kind", **COLUMNS)
