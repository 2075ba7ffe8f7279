"""What the pretrained network has to say in a forecast: when it is asked, how much it counts, how it is kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import gatecast as gc
from gatecast.conformal import Correction
from gatecast.errors import ArtifactError
from gatecast.forecast import Origins, Prediction
from gatecast.forecaster.advice import Advice, Advisers
from gatecast.forecaster.gate import Gate, Known, naive_weights
from gatecast.forecaster.pretrained import pretrained_at, seasons_told
from gatecast.pretrained import MOST_READ, PROBABILITIES, pretrained_network
from gatecast.scaling import Scaler
from gatecast.windows import WindowReader

HORIZON = 6


def monthly(length: int = 96, seed: int = 0) -> np.ndarray:
    steps = np.arange(length)
    return 100 + 0.3 * steps + 12 * np.sin(2 * np.pi * steps / 12) + np.random.default_rng(seed).normal(size=length)


def fit(y: np.ndarray, **wishes) -> gc.Forecaster:
    return gc.Forecaster(**{"horizon": HORIZON, "season": 12, "steps": 5, "members": 1, **wishes}).fit(y)


def said_of(y: np.ndarray, probabilities, seasons=(12, 1)) -> Prediction:
    panel = gc.read(y).panel
    reader = WindowReader(panel, Scaler.fit(np.zeros((0, 0))), 10, HORIZON, torch.device("cpu"))
    return pretrained_at(pretrained_network(), reader, Origins.last(panel), seasons, probabilities)


def test_its_quantiles_are_those_asked_for():
    asked = (0.01, 0.025, 0.1, 0.5, 0.9, 0.975, 0.99)
    said = said_of(monthly(), asked)
    target = torch.tensor(monthly())[None]
    known = pretrained_network().forecast(target, torch.ones(1, 96), (12, 1), HORIZON)[0].numpy()
    places = [PROBABILITIES.index(p) for p in asked]
    np.testing.assert_allclose(said.point[0], known[:, places[3]])
    np.testing.assert_allclose(said.lower[0], known[:, places[2::-1]])
    np.testing.assert_allclose(said.upper[0], known[:, places[4:]])


def test_quantiles_between_and_beyond_rise():
    said = said_of(monthly(), (0.0005, 0.003, 0.07, 0.5, 0.93, 0.997, 0.9995))
    whole = np.concatenate([said.lower[0, :, ::-1], said.point[0, :, None], said.upper[0]], axis=1)
    assert (np.diff(whole, axis=1) > 0).all()
    at_ten = said_of(monthly(), (0.1, 0.5, 0.9))
    at_five = said_of(monthly(), (0.05, 0.5, 0.95))
    assert (at_five.lower < said.lower[..., [0]]).all() and (said.lower[..., [0]] < at_ten.lower).all()


@pytest.mark.parametrize(
    ("seasons", "told"),
    [((), (1, 1)), ((12,), (12, 1)), ((24, 168), (24, 168)), ((48, 336, 17520), (48, 336)), ((720,), (1, 1))],
)
def test_it_is_told_of_the_two_shortest_seasons_that_it_can_read(seasons, told):
    assert seasons_told(seasons) == told


@pytest.mark.parametrize(
    "wishes",
    [{"model": "lstm"}, {"distribution": "student-t"}, {"horizon": 101, "season": None}],
)
def test_it_is_not_asked_where_something_else_was_asked_for(wishes):
    model = fit(monthly(320), **wishes)
    assert model.plan.pretrained is None and model.fitted.advisers.pretrained is None
    assert model.fitted.pretrained_share == 0
    assert not any("synthetic" in words.english for words in model.describe())


def test_large_tables_do_not_ask_it(monkeypatch):
    from gatecast.forecaster import plan

    assert fit(monthly()).plan.pretrained == (12, 1)
    monkeypatch.setattr(plan, "_LARGE", 96)
    assert fit(monthly(), steps=2, context=24).plan.pretrained is None


def test_where_it_knows_more_than_a_table_can_teach_the_forecast_is_better_for_it():
    y = monthly(84 + HORIZON)
    with_it, without = fit(y[:84], steps=100), fit(y[:84], steps=100, model="lstm")
    errors = [np.abs(model.predict().point[0] - y[84:]).mean() for model in (with_it, without)]
    assert with_it.fitted.pretrained_share > 0.3
    assert errors[0] < errors[1]
    words = with_it.describe()
    assert any("trained on synthetic series" in one.english for one in words)
    assert any(
        f"says {with_it.fitted.pretrained_share:.0%}" in one.english and "预训练" in one.chinese for one in words
    )


def test_a_walk_is_left_to_its_last_value():
    walk = np.random.default_rng(4).normal(size=400).cumsum()
    model = fit(walk, season="none")
    np.testing.assert_allclose(model.predict().point[0], walk[-1])
    assert any("moves no forecast" in words.english for words in model.describe())


def test_a_forecast_is_the_sum_of_its_parts():
    model = fit(monthly())
    fitted = model.fitted
    said = said_of(monthly(), fitted.plan.network.quantiles)
    gate = Gate(fitted.networks[0].bases.count, 0.25)
    network = Prediction(said.point + 4, said.lower + 3, said.upper + 6)  # 1 narrower below, 2 wider above
    bases = Advice(pretrained=said).among(np.zeros((1, HORIZON, gate.base)), linear=False)
    moved = gate.apply(network, bases, said)
    np.testing.assert_allclose(moved.point, said.point + 1)
    np.testing.assert_allclose(moved.point[..., None] - moved.lower, said.point[..., None] - said.lower + 0.25)
    np.testing.assert_allclose(moved.upper - moved.point[..., None], said.upper - said.point[..., None] + 0.5)


def test_the_gate_knows_that_it_is_asked_and_where(monkeypatch):
    told, choose = [], Gate.fit.__func__

    def noted(kind, point, newest, **more):
        told.append((newest, more))
        return choose(kind, point, newest, **more)

    monkeypatch.setattr(Gate, "fit", classmethod(noted))
    fit(monthly())
    fit(monthly(), model="lstm")
    (with_it, more), (without, less) = told
    assert more["pretrained"] and not less["pretrained"]
    assert with_it.bases.shape[-1] == more["past"].bases.shape[-1] == without.bases.shape[-1] + 3
    assert not np.allclose(with_it.bases[..., -1], with_it.bases[..., -2])


def test_it_is_asked_about_no_more_than_takes_a_second(monkeypatch):
    asked, usual = [], pretrained_at

    def noted(network, reader, origins, *rest):
        asked.append(len(origins.series))
        return usual(network, reader, origins, *rest)

    monkeypatch.setattr("gatecast.forecaster.advice.pretrained_at", noted)
    monkeypatch.setattr("gatecast.forecaster.ensemble._MOST_PRETRAINED", 96 * 7)
    choose, told = Gate.fit.__func__, []
    monkeypatch.setattr(Gate, "fit", classmethod(lambda *gave, **more: told.append(more) or choose(*gave, **more)))
    fit(monthly())
    assert asked == [7, 7]  # held-out windows, and those of the past
    assert told[0]["past"].independent == 7  # of fewer windows no more can be independent


def test_its_word_stands_after_the_naive_ones_and_before_the_fitted_one():
    said = Prediction(np.full((1, 2), 7.0), np.zeros((1, 2, 1)), np.zeros((1, 2, 1)))
    bases = np.arange(3.0) * np.ones((1, 2, 1))
    drift, fitted = np.full((1, 2), 9.0), np.full((1, 2), 8.0)
    every = Advice(drift, fitted, said)
    assert every.among(bases, linear=True)[0, 0].tolist() == [0, 1, 9, 8, 7, 2]
    assert every.among(bases, linear=False)[0, 0].tolist() == [0, 1, 2, 9, 8, 7]
    assert Advice(drift, fitted).among(bases, linear=True)[0, 0].tolist() == [0, 1, 9, 8, 2]
    assert Advice(pretrained=said).among(bases, linear=True)[0, 0].tolist() == [0, 1, 7, 2]
    assert Advice().among(bases, linear=True)[0, 0].tolist() == [0, 1, 2]


def test_it_has_a_credit_that_a_naive_forecast_has_not():
    draws = np.random.default_rng(0)
    actual = draws.normal(size=(40, 3))
    bases = actual[..., None] + draws.normal(size=(40, 3, 3)) * [3.0, 1.0, 1.0]
    known = Known(bases, actual, np.ones(40), 40)
    plain, credited = naive_weights(known), naive_weights(known, pretrained=True)
    assert credited[2] > plain[2] and credited[1] < plain[1]
    np.testing.assert_allclose(credited[2] / credited[1], plain[2] / plain[1] * np.exp(1.5))


def test_a_saved_model_forecasts_the_same_bytes_and_brings_its_own_weights(tmp_path, monkeypatch):
    model = fit(monthly(500))
    model.save(tmp_path / "model")
    monkeypatch.setattr("gatecast.forecaster.ensemble.pretrained_network", lambda: 1 / 0)
    loaded = gc.load(tmp_path / "model")
    for part in ("point", "lower", "upper"):
        assert getattr(model.predict(), part).tobytes() == getattr(loaded.predict(), part).tobytes()
    assert loaded.describe() == model.describe()
    stored = model.to_artifact()
    moved = {**stored.tensors, "pretrained.head.bias": stored.tensors["pretrained.head.bias"] + 1}
    other = gc.Forecaster.from_artifact(stored._replace(tensors=moved), "cpu")
    assert not np.allclose(other.predict().upper, model.predict().upper)
    assert len(loaded._panel.time) >= MOST_READ  # it reads farther back than the networks do


def test_a_model_in_which_it_is_not_heard_does_not_carry_it(tmp_path):
    fit(monthly(), model="lstm").save(tmp_path / "small")
    fit(monthly()).save(tmp_path / "large")
    sizes = [(tmp_path / name / "weights.safetensors").stat().st_size for name in ("small", "large")]
    assert sizes[0] < 200_000 < 500_000 < sizes[1]


def test_where_the_networks_have_the_whole_say_it_is_not_kept(monkeypatch):
    monkeypatch.setattr(Gate, "fit", lambda *_, **__: Gate())
    model = fit(monthly(), steps=30)
    assert model.fitted.advisers == Advisers()
    assert not any("pretrained." in name for name in model.to_artifact().tensors)


def lies():
    yield "no weights", lambda tensors: {k: v for k, v in tensors.items() if not k.startswith("pretrained.")}
    yield (
        "another precision",
        lambda tensors: {k: v.float() if k.startswith("pretrained.") else v for k, v in tensors.items()},
    )
    yield (
        "one more",
        lambda tensors: {**tensors, "pretrained.more": torch.zeros(2, dtype=torch.float16)},
    )


@pytest.mark.parametrize("lie", [lie for _, lie in lies()], ids=[name for name, _ in lies()])
def test_weights_that_are_not_its_own_are_refused(lie):
    from gatecast.artifact import Artifact

    stored = fit(monthly()).to_artifact()
    with pytest.raises(ArtifactError, match="pretrained"):
        gc.Forecaster.from_artifact(Artifact(stored.description, lie(stored.tensors)), "cpu")


@pytest.mark.parametrize(("wishes", "heard"), [({}, True), ({"model": "lstm"}, False)])
def test_its_widths_are_trusted_and_not_stretched_for_what_unheard_networks_learnt(wishes, heard, monkeypatch):
    """With five steps the network has no say: its own widths count only where no other say how wide."""
    trusted, widths = [], []
    learn, keep = Correction.fit, Correction.kept_wide

    def fit_told(*given, **told):
        trusted.append(told["trusted"])
        return learn(*given, **told)

    def kept(self, before, after, scale):
        widths.extend(one.upper - one.lower for one in (before, after))
        return keep(self, before, after, scale)

    monkeypatch.setattr(Correction, "fit", fit_told)
    monkeypatch.setattr(Correction, "kept_wide", kept)
    model = fit(monthly(), **wishes)
    assert model.fitted.gate.share == 0
    assert trusted == [heard]
    assert np.allclose(*widths) == heard
