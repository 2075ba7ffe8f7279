"""What is shown of a gate is what the network computed; counts add up; attention rows are shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gatecast.explain.gates import LayerTrace, stacks_of, trace
from gatecast.explain.parameters import count
from gatecast.models.network import NetworkConfig, new_network
from gatecast.nn.recurrent import GRU, LSTM, RNN
from gatecast.nn.stack import Stack
from gatecast.runtime import private_torch_stream

GATES = {
    "LSTM": ["input", "forget", "cell", "output", "c", "h"],
    "GRU": ["reset", "update", "new", "h"],
    "RNN": ["h"],
}


def traced(kind: type[Stack], **options: Any) -> tuple[list[LayerTrace], torch.Tensor, torch.Tensor]:
    """The traces, what the fused path gives for the same input, and the input."""
    with private_torch_stream(0, "stack"):
        stack = kind(3, **{"hidden_size": 5, "num_layers": 2, "batch_first": True, **options})
        x = torch.randn(1, 9, 3)
    assert stack.fused
    return trace("stack", stack, x), stack(x)[0].detach()[0], x


@pytest.mark.parametrize("kind", [LSTM, GRU, RNN])
@pytest.mark.parametrize(
    "options",
    [{}, {"hidden_size": (6, 4), "num_layers": None}, {"bidirectional": True}, {"bias": False}],
    ids=["equal", "widths", "both-ways", "no-bias"],
)
def test_the_walk_gives_the_hidden_states_of_the_fused_path(kind: Any, options: dict[str, Any]) -> None:
    layers, fused, _ = traced(kind, **options)
    last = [one for one in layers if one.layer == 2]
    shown = np.concatenate([one.parts["h"] for one in last], axis=1)
    np.testing.assert_allclose(shown, fused.numpy(), rtol=1e-4, atol=1e-6)
    assert all(list(one.parts) == GATES[one.kind] for one in layers)
    assert [one.backwards for one in last] == ([False, True] if options.get("bidirectional") else [False])


@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_a_projection_and_relu_are_followed_too() -> None:
    layers, fused, _ = traced(LSTM, proj_size=2)
    np.testing.assert_allclose(layers[-1].parts["h"], fused.numpy(), rtol=1e-4, atol=1e-6)
    assert layers[-1].parts["c"].shape == (9, 5) and layers[-1].parts["h"].shape == (9, 2)
    layers, fused, _ = traced(RNN, nonlinearity="relu")
    np.testing.assert_allclose(layers[-1].parts["h"], fused.numpy(), rtol=1e-4, atol=1e-6)


def test_the_cell_state_is_what_gates_make_of_it() -> None:
    first = traced(LSTM)[0][0].parts
    for t in range(1, 9):  # equations 9 and 11 of `lstm_step`
        expected = first["forget"][t] * first["c"][t - 1] + first["input"][t] * first["cell"][t]
        np.testing.assert_allclose(first["c"][t], expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(first["h"], first["output"] * np.tanh(first["c"]), rtol=1e-5, atol=1e-7)
    assert all(((first[gate] > 0) & (first[gate] < 1)).all() for gate in ("input", "forget", "output"))


def test_time_first_stacks_are_read_along_time() -> None:
    with private_torch_stream(0, "stack"):
        stack, x = GRU(3, 5), torch.randn(7, 1, 3)
    np.testing.assert_allclose(trace("s", stack, x)[0].parts["h"], stack(x)[0].detach()[:, 0].numpy(), atol=1e-6)


MODELS = ["lstm", "gru", "rnn", "mlp", "bilstm", "cnn-lstm", "attention-lstm"]


@pytest.mark.parametrize("model", MODELS)
def test_every_parameter_is_counted_once(model: str) -> None:
    config = NetworkConfig(model, {"hidden": 6}, 3, 12, 1, (), (80, 95), past=1, future=1)
    with private_torch_stream(0, "weights"):
        network = new_network(config)
    rows = count(network)
    assert sum(row.count for row in rows) == sum(p.numel() for p in network.parameters())
    assert len({(row.place, row.what) for row in rows}) == len(rows)
    assert bool(stacks_of(network)) == (model != "mlp")


def test_an_lstm_is_counted_gate_by_gate() -> None:
    with private_torch_stream(0, "weights"):
        rows = count(LSTM(3, 5, 2, proj_size=2))
    assert [row.what.english for row in rows[:5]] == [
        "input gate",
        "forget gate",
        "cell gate (candidate)",
        "output gate",
        "projection of h",
    ]
    assert [row.count for row in rows] == [5 * (3 + 2 + 2)] * 4 + [10] + [5 * (2 + 2 + 2)] * 4 + [10]
    assert rows[0].how == "5 × (3 + 2 + 2)"
