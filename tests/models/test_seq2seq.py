"""The decoder of seq2seq: it feeds on its own output, or on a teacher's where one was asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from random_windows import batch_of, network_of

import gatecast
from gatecast.errors import OptionError
from gatecast.nn.dropout import seed_dropout
from gatecast.runtime import private_torch_stream


def drawn(*shape: int) -> torch.Tensor:
    """The same numbers whatever ran before."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


def taught(probability: float, steps: int = 0) -> torch.Tensor:
    """Medians in training where the answers are what they are, minus those where all are 5 higher: (B, P, H)."""
    network = network_of("seq2seq", options={"hidden": 5, "teacher_forcing": probability}).train()
    network.steps_taken = steps
    batch = batch_of(network, 40)
    medians = []
    for shift in (0.0, 5.0):
        seed_dropout(network, 3)
        future = batch.answer.clone()
        future[:, network.config.context :] += shift
        medians.append(network(batch._replace(answer=future), newest_only=True).quantiles[..., 2])
    return (medians[1] - medians[0]).detach()[:, 0]


def test_a_teacher_is_heard_one_step_later() -> None:
    change = taught(1.0).abs()
    assert (change[:, 0] == 0).all()  # nothing came before the first step
    assert (change[:, 1:] > 1e-6).all()


def test_without_a_teacher_training_reads_its_own_output() -> None:
    assert (taught(0.0) == 0).all()


def test_the_teacher_speaks_half_as_often_after_200_steps() -> None:
    heard = [(taught(1.0, steps)[:, 1] != 0).float().mean().item() for steps in (0, 200, 2000)]
    assert heard[0] == 1.0
    assert 0.25 < heard[1] < 0.75
    assert heard[2] < 0.1


def test_forecasts_hear_no_teacher() -> None:
    network = network_of("seq2seq", options={"hidden": 5, "teacher_forcing": 1.0})
    batch = batch_of(network)
    alone = network(batch._replace(answer=batch.answer[:, :0])).quantiles
    assert torch.equal(network(batch).quantiles, alone)


@torch.no_grad()
def test_each_step_goes_on_from_the_output_before() -> None:
    """What is added to every output moves the first step by itself alone, the others through the cell too."""
    network = network_of("seq2seq")
    features, mixed = drawn(2, 1, network.feature_size()), drawn(2, 1, 4, 1)
    before = network.decode(features, mixed, None)[:, 0, :, 0]  # (2, H)
    network.head.bias[0] += 1.0
    change = network.decode(features, mixed, None)[:, 0, :, 0] - before - 1.0
    assert change[:, 0].abs().max() < 1e-6
    assert (change[:, 1:].abs() > 1e-4).all()


@torch.no_grad()
def test_each_step_reads_its_own_base_and_what_is_known_of_it() -> None:
    network = network_of("seq2seq", future=1)
    features, mixed = drawn(2, 1, network.feature_size()), drawn(2, 1, 4, 1)
    before = network.decode(features, mixed, None)[:, 0]
    moved = mixed.clone()
    moved[:, :, 2] += 1.0
    change = (network.decode(features, moved, None)[:, 0] - before).abs().sum(-1)
    assert (change[:, :2] == 0).all() and (change[:, 2:] > 1e-6).all()


def test_a_long_context_decodes_from_sixteen_positions_up_to_the_newest() -> None:
    network = network_of("seq2seq", context=100)
    places = range(100)[network.places(newest_only=False)]
    assert 8 <= len(places) <= 16 and places[-1] == 99
    batch = batch_of(network)
    scaled = network(batch)
    answers = network.answers(batch, scaled).double() * scaled.scale[:, :, None] + scaled.centre[:, :, None]
    followed = torch.stack([batch.answer[:, place + 1 : place + 5] for place in places], dim=1)
    torch.testing.assert_close(answers, followed, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("value", [-0.1, 1.1, "often", True])
def test_a_strange_teacher_is_refused(value: object) -> None:
    with pytest.raises(OptionError, match="teacher_forcing must be a probability"):
        gatecast.Forecaster(3, model="seq2seq", network={"teacher_forcing": value})


def test_it_fits_forecasts_and_is_kept(tmp_path) -> None:
    draws = np.random.default_rng(0)
    y = 10 + 3 * np.sin(np.arange(150) * 2 * np.pi / 7) + 0.1 * draws.normal(size=150)
    options = {"season": 7, "context": 14, "steps": 40, "members": 1, "device": "cpu"}
    model = gatecast.Forecaster(5, model="seq2seq", network={"hidden": 8, "teacher_forcing": 0.5}, **options).fit(y)
    forecast = model.predict()
    truth = 10 + 3 * np.sin(np.arange(150, 155) * 2 * np.pi / 7)
    assert np.abs(forecast.point[0] - truth).max() < 0.5
    assert "one after another" in model.plan.reasons[1].english
    model.save(tmp_path / "model")
    assert np.array_equal(gatecast.load(tmp_path / "model", device="cpu").predict().upper, forecast.upper)


def test_the_same_seed_gives_the_same_bytes_with_a_teacher_too() -> None:
    y = 5 + np.random.default_rng(1).normal(size=80).cumsum()
    options = {
        "context": 8,
        "steps": 10,
        "members": 1,
        "device": "cpu",
        "network": {"hidden": 4, "teacher_forcing": 0.7},
    }
    first, second = (gatecast.Forecaster(3, model="seq2seq", **options).fit(y).predict() for _ in range(2))
    assert np.array_equal(first.point, second.point)


@torch.no_grad()
def test_the_decoder_is_an_lstm_cell() -> None:
    network = network_of("seq2seq", future=2)
    with private_torch_stream(1, "features"):
        features, mixed = torch.randn(3, 2, network.feature_size()), torch.randn(3, 2, 4, 1)
    h, c = torch.tanh(network.opening(features)).flatten(0, 1).chunk(2, dim=-1)
    known = features[..., -8:].flatten(0, 1).view(6, 2, 4)  # (batch × positions, future, horizon)
    base = mixed.flatten(0, 1)
    previous = features[..., network.backbone.output_size].reshape(-1, 1)
    expected = []
    for step in range(4):
        h, c = network.cell(torch.cat([previous, base[:, step], known[..., step]], dim=1), (h, c))
        expected.append(network.head(h))
        previous = base[:, step] + expected[-1][:, :1]
    torch.testing.assert_close(network.decode(features, mixed, None), torch.stack(expected, 1).unflatten(0, (3, 2)))
