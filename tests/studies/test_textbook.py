"""The textbook's windows, network and loop, against slices, torch.nn and a bare PyTorch loop."""

from __future__ import annotations

from itertools import chain, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gatecast.errors import TooShortError
from gatecast.studies.from_gates import GateLSTM
from gatecast.studies.textbook import (
    ManyToOne,
    Windows,
    network_of,
    one_column,
    predict,
    train,
    unit_interval,
    windows_of,
)


def wave(rows: int = 60) -> np.ndarray:
    return np.sin(np.arange(rows) / 3)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 9), st.integers(1, 3), st.data())
def test_windows_are_slices_whose_targets_are_all_known(context, horizon, more, variables, data):
    rows = context + horizon + more
    target = data.draw(st.integers(0, variables - 1))
    values = np.arange(rows * variables, dtype=float).reshape(rows, variables)
    inputs, targets = windows_of(values, target, context=context, horizon=horizon)
    assert len(inputs) == len(targets) == more + 1
    for k in range(more + 1):
        np.testing.assert_array_equal(inputs[k], values[k : k + context])
        np.testing.assert_array_equal(targets[k], values[k + context : k + context + horizon, target])


def test_too_few_rows_are_told_with_the_least():
    with pytest.raises(TooShortError, match="at least 9 rows"):
        windows_of(np.zeros(8), context=7, horizon=2)


def test_one_window_needs_no_batch_axis():
    network = network_of("lstm", 3, 2, seed=0, hidden=4)
    window = np.random.default_rng(0).normal(size=(5, 3))
    assert predict(network, window).shape == (2,)
    np.testing.assert_array_equal(predict(network, window), predict(network, window[None])[0])


def test_what_says_the_change_starts_from_the_newest_value():
    network = network_of("rnn", 2, seed=0, change_of=1, hidden=4)
    nn.init.zeros_(network.head.weight)
    nn.init.zeros_(network.head.bias)
    windows = np.random.default_rng(0).normal(size=(6, 3, 2)).astype(np.float32)
    np.testing.assert_array_equal(predict(network, windows)[:, 0], windows[:, -1, 1])


def test_the_same_seed_gives_the_same_bytes_and_leaves_the_users_stream_alone():
    lesson = windows_of(wave(), context=5)
    found = []
    for other in (1, 2):
        torch.manual_seed(other)
        before = torch.get_rng_state()
        network = network_of("gru", 1, seed=3, hidden=4)
        train(network, lesson, epochs=3, rate=0.01, batch=16, seed=3)
        found.append(predict(network, lesson.inputs).tobytes())
        assert torch.equal(before, torch.get_rng_state())
    assert found[0] == found[1]
    assert found[0] != predict(network_of("gru", 1, seed=4, hidden=4), lesson.inputs).tobytes()


def test_full_batch_training_is_the_bare_loop():
    lesson = windows_of(wave(), context=5)
    network = network_of("lstm", 1, seed=0, hidden=4)
    theirs, head = nn.LSTM(1, 4, batch_first=True), nn.Linear(4, 1)
    state = {name.rpartition(".")[2]: value for name, value in network.body.state_dict().items()}
    theirs.load_state_dict(state)
    head.load_state_dict(network.head.state_dict())
    optimiser = torch.optim.Adam([*theirs.parameters(), *head.parameters()], lr=0.01)
    inputs, targets = map(torch.from_numpy, lesson)
    losses = []
    for _ in range(20):
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(head(theirs(inputs)[0][:, -1]), targets)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    marks = train(network, lesson, epochs=20, rate=0.01, every=1)
    np.testing.assert_allclose([mark.loss for mark in marks], losses, rtol=1e-4)
    assert [mark.epoch for mark in marks] == list(range(1, 21))
    assert all(a.seconds <= b.seconds for a, b in pairwise(marks))


class Recorder(ManyToOne):
    """Remembers the first input of every window that it saw."""

    def __init__(self) -> None:
        super().__init__(GateLSTM(1, 2), 1)
        self.seen: list[list[float]] = []

    def forward(self, x):
        if self.training:
            self.seen.append(x[:, 0, 0].tolist())
        return super().forward(x)


def test_an_epoch_in_batches_sees_every_window_once_in_an_order_of_its_own():
    lesson = windows_of(np.arange(23.0), context=3)
    network = Recorder()
    train(network, lesson, epochs=2, rate=1e-3, batch=8)
    assert [len(batch) for batch in network.seen] == [8, 8, 4, 8, 8, 4]
    first, second = (list(chain(*epoch)) for epoch in (network.seen[:3], network.seen[3:]))
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second


def test_validation_windows_are_told_and_train_nothing():
    lesson = windows_of(wave(), context=5)
    seen, held_out = lesson.between(0, 40), lesson.between(40, 55)
    networks = [network_of("lstm", 1, seed=0, hidden=4) for _ in range(2)]
    other = Windows(held_out.inputs, held_out.targets + 1)
    marks = [
        train(network, seen, epochs=4, rate=0.01, every=4, validation=validation)[-1]
        for network, validation in zip(networks, (held_out, other), strict=True)
    ]
    error = (predict(networks[0], held_out.inputs) - held_out.targets) ** 2
    assert marks[0].validation == pytest.approx(error.mean())
    assert marks[0].loss == marks[1].loss
    assert marks[0].validation != marks[1].validation


def test_the_one_predicted_column_is_inverted_by_its_own_range():
    values = np.random.default_rng(0).normal(size=(40, 5)) * [1, 10, 100, 1000, 1e6]
    scaler = unit_interval(values)
    scaled = scaler.apply(values)
    np.testing.assert_allclose([scaled.min(0), scaled.max(0)], [[0] * 5, [1] * 5], atol=1e-12)
    for column in range(5):
        np.testing.assert_allclose(one_column(scaler, column).invert(scaled[:, [column]]), values[:, [column]])


def test_the_layer_from_its_gates_is_torchs():
    torch_rng = torch.Generator().manual_seed(0)
    theirs, ours = nn.LSTM(3, 4, batch_first=True), GateLSTM(3, 4)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(5, 7, 3, generator=torch_rng)
    y, (h, c) = ours(x)
    wanted, (their_h, their_c) = theirs(x)
    torch.testing.assert_close((y, h, c), (wanted, their_h[0], their_c[0]))
    start = (torch.ones(5, 4), torch.ones(5, 4))
    torch.testing.assert_close(ours(x, start)[0], theirs(x, tuple(part[None] for part in start))[0])


def test_deaf_gates_forget_everything_but_their_own_cells():
    layer = GateLSTM(1, 4, hears=False)
    assert not torch.equal(layer(torch.ones(1, 3, 1))[0], layer(torch.zeros(1, 3, 1))[0])
    h, c = torch.randn(2, 1, 4)
    torch.testing.assert_close(layer(torch.ones(1, 3, 1), (h, c))[0], layer(torch.ones(1, 3, 1), (-h, c))[0])
