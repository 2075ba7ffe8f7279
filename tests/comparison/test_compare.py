"""`gatecast.compare`: the same windows for all, each network as a back-test would train it, naive forecasts beside."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from gatecast.comparison import Comparison, compare
from gatecast.comparison.result import Method
from gatecast.data import read
from gatecast.errors import GatecastError, OptionError
from gatecast.forecaster import Forecaster
from gatecast.runtime import stream
from gatecast.training.history import History, Progress

SMALL: dict[str, Any] = {"steps": 20, "device": "cpu", "network": {"hidden": 4}}


def waves(series: int = 2, rows: int = 80) -> np.ndarray:
    noise = 0.1 * stream(0, "noise").normal(size=(series, rows))
    return 10 + np.sin(np.arange(rows) / 2 + np.arange(series)[:, None]) + noise


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(waves(), ["mlp", "gru"], horizon=3, seeds=2, windows=4, ensemble=["mean", "greedy"], **SMALL)


def method(comparison: Comparison, name: str) -> Method:
    return next(one for one in comparison.methods if one.name == name)


def test_every_network_ensemble_and_naive_method_has_a_row(comparison: Comparison) -> None:
    names = [one.name for one in comparison.methods]
    assert names[:4] == ["mlp", "gru", "ensemble (mean)", "ensemble (greedy)"] and "naive" in names[4:]
    assert {one.kind for one in comparison.methods[4:]} == {"naive"}
    table = comparison.table()
    assert list(table)[:5] == ["method", "MASE", "MASE-spread", "RMSE", "MAE"]
    assert list(table)[5:] == ["coverage-80", "coverage-95", "seconds", "parameters"]
    assert np.isfinite(table["MASE"]).all() and (table["seconds"][:4] > 0).all()
    assert np.isnan(table["MASE-spread"]).tolist() == [one.kind == "naive" for one in comparison.methods]
    assert table["parameters"][2] == table["parameters"][0] + table["parameters"][1]


@pytest.mark.parametrize(("name", "seed"), [("mlp", 0), ("gru", 1)])
def test_a_network_forecasts_as_its_own_back_test_does(comparison: Comparison, name: str, seed: int) -> None:
    model = Forecaster(3, model=name, seed=seed, members=1, **SMALL)
    scores = model.backtest(windows=4, data=waves())
    for ours, wanted in zip(method(comparison, name).predictions[seed], scores.predictions[name], strict=True):
        assert np.array_equal(ours, wanted)
    for naive in scores.methods[1:]:
        assert np.array_equal(method(comparison, naive).predictions[0].point, scores.predictions[naive].point)
    rows = {row["method"]: row for row in comparison.to_frame().to_dicts()}
    wanted = scores.table()
    assert rows["naive"]["MASE"] == pytest.approx(wanted["MASE"][list(scores.methods).index("naive")])
    assert rows["naive"]["MASE-spread"] is None


def test_the_mean_is_that_of_the_networks_of_one_seed(comparison: Comparison) -> None:
    for seed in range(2):
        parts = [method(comparison, name).predictions[seed].point for name in ("mlp", "gru")]
        assert method(comparison, "ensemble (mean)").predictions[seed].point == pytest.approx(np.mean(parts, axis=0))


def test_weights_of_an_ensemble_are_learnt_before_the_windows_that_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []
    fit = Forecaster.fit

    def watched(self: Forecaster, data: Any, **options: Any) -> Forecaster:
        rows.append(len(data.time))
        return fit(self, data, **options)

    monkeypatch.setattr(Forecaster, "fit", watched)
    found = compare(waves(), ["mlp", "rnn"], horizon=3, seeds=1, windows=4, ensemble="stacking", **SMALL)
    judged = int(found.origins.ends.min()) * 2
    assert rows[::2] == [judged] * 2 and max(rows[1::2]) < judged


def test_it_says_what_it_found_in_both_languages(comparison: Comparison) -> None:
    sentences = comparison.describe()
    assert "best naive forecast" in sentences[0].english and "朴素预测" in sentences[0].chinese
    assert comparison.leader.name in sentences[1].english
    assert "8 windows of 2 series and 2 seeds" in sentences[2].english
    assert len(comparison.differences) == 4 + 6


def test_the_same_seed_gives_the_same_figures(comparison: Comparison) -> None:
    told: list[Progress] = []
    again = compare(
        waves(), ["mlp", "gru"], horizon=3, seeds=2, windows=4, ensemble=["mean", "greedy"], on_progress=told.append,
        **SMALL,
    )  # fmt: skip
    for ours, before in zip(again.methods, comparison.methods, strict=True):
        assert all(np.array_equal(a.upper, b.upper) for a, b in zip(ours.predictions, before.predictions, strict=True))
    shares = [one.step / one.steps for one in told if one.steps]
    assert shares == sorted(shares) and shares[-1] > 0.95


def test_frames_options_and_columns_are_those_of_fit() -> None:
    frame = pl.DataFrame({"day": range(80), "sold": waves(1)[0], "heat": np.cos(np.arange(80))})
    found = compare(
        frame, "rnn", horizon=3, seeds=1, windows=2, target="sold", time="day", past=["heat"], levels=(50,), **SMALL
    )
    assert found.reading.panel.past == ("heat",) and "coverage-50" in found.table()
    assert "With one seed" in found.describe()[-1].english


def test_ctrl_c_keeps_what_was_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[Forecaster] = []
    fit = Forecaster.fit

    def interrupted(self: Forecaster, *args: Any, **options: Any) -> Forecaster:
        fits.append(self)
        return fit(self, *args, **options)

    def history(self: Forecaster) -> History:
        return History((), (), (), 1, 1, "interrupted" if self is fits[last - 1 :][0] else "steps")

    monkeypatch.setattr(Forecaster, "fit", interrupted)
    monkeypatch.setattr(Forecaster, "history", property(lambda self: history(self) if len(fits) >= last else STEPS))
    last = 4
    found = compare(waves(), ["mlp", "rnn"], horizon=3, seeds=3, windows=2, ensemble="mean", **SMALL)
    assert [len(one.predictions) for one in found.methods[:3]] == [2, 1, 1]  # the second rnn was broken off
    assert "3 of 6 trainings" in found.describe()[-1].english
    fits.clear()
    last = 1
    with pytest.raises(KeyboardInterrupt):
        compare(waves(), ["mlp", "rnn"], horizon=3, windows=2, **SMALL)


STEPS = History((), (), (), 1, 1, "steps")


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        ({"models": []}, "at least one network"),
        ({"models": ["lstn"]}, "did you mean 'lstm'"),
        ({"models": ["lstm"], "ensemble": ["mean"]}, "only 'lstm' was named"),
        ({"ensemble": ["medain"]}, "did you mean 'median'"),
        ({"seeds": 0}, "seeds must be"),
        ({"windows": 0}, "windows must be"),
        ({"horizon": 60}, "horizon 60 is beyond"),
        ({"tagret": "y"}, "unknown option 'tagret'"),
        ({"model": "lstm"}, "unknown option 'model'"),
        ({"network": {"hiden": 3}}, "did you mean 'hidden'"),
    ],
)
def test_mistakes_say_what_to_do(wrong: dict[str, Any], part: str) -> None:
    with pytest.raises(GatecastError) as caught:
        compare(waves(), **({"models": ["mlp", "gru"], "horizon": 3} | wrong))
    assert part in caught.value.text.english
    assert isinstance(caught.value, OptionError)


def test_a_reading_is_taken_as_it_is() -> None:
    reading = read(waves(1))
    assert compare(reading, ["rnn"], horizon=3, seeds=1, windows=2, **SMALL).reading is reading


def test_constant_series_have_no_winner() -> None:
    found = compare(np.full(60, 3.0), ["rnn", "mlp"], horizon=3, seeds=2, windows=3, **SMALL)
    assert (found.table()["MASE"] == 0).all()
    assert not any(one.sure for one in found.differences)
    assert found.describe()[0].english.startswith("No skill")
