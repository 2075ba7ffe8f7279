"""Both paths of every stack against torch.nn in float64: outputs, states, and all gradients, for every option."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gatecast.nn.recurrent import GRU, LSTM, RNN

BATCH, TIME, INPUTS, HIDDEN = 3, 6, 4, 5
OURS = {"LSTM": LSTM, "GRU": GRU, "RNN": RNN}
EXTRAS: list[tuple[str, dict[str, Any]]] = [
    ("LSTM", {}),
    ("LSTM", {"proj_size": 2}),
    ("GRU", {}),
    ("RNN", {"nonlinearity": "tanh"}),
    ("RNN", {"nonlinearity": "relu"}),
]
TOLERANCE = {"rtol": 0, "atol": 1e-12}


@pytest.fixture(autouse=True)
def _own_stream():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        yield


def pair(kind: str, fused: bool, layers: int, **options: Any) -> tuple[nn.Module, nn.RNNBase]:
    """Ours and torch's with the same weights."""
    theirs = getattr(nn, kind)(INPUTS, HIDDEN, layers, **options).double()
    ours = OURS[kind](INPUTS, HIDDEN, layers, fused=fused, **options).double()
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def tensors(tree: Any) -> list[torch.Tensor]:
    return [tree] if isinstance(tree, torch.Tensor) else [tensor for branch in tree for tensor in tensors(branch)]


def initial_state(theirs: nn.RNNBase, batched: bool) -> Any:
    rows = theirs.num_layers * (2 if theirs.bidirectional else 1)
    between = (BATCH,) if batched else ()
    h = torch.randn(rows, *between, theirs.proj_size or theirs.hidden_size, dtype=torch.float64)
    c = torch.randn(rows, *between, theirs.hidden_size, dtype=torch.float64)
    return (h, c) if isinstance(theirs, nn.LSTM) else h


def everything(module: nn.Module, x: torch.Tensor, state: Any, coefficients: list[torch.Tensor]) -> list[torch.Tensor]:
    """Output and state, then the gradients of a random combination of them to x, the initial state and all weights."""
    x = x.clone().requires_grad_()
    given = [] if state is None else [part.clone().requires_grad_() for part in tensors(state)]
    start = None if state is None else tuple(given) if isinstance(state, tuple) else given[0]
    results = tensors(module(x, start))
    if not coefficients:
        coefficients.extend(torch.randn_like(result) for result in results)
    loss = torch.stack([(a * b).sum() for a, b in zip(results, coefficients, strict=True)]).sum()
    weights = [weight for _, weight in sorted(module.named_parameters())]
    return results + list(torch.autograd.grad(loss, [x, *given, *weights]))


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "textbook"])
@pytest.mark.parametrize(
    ("kind", "extra"), EXTRAS, ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values()))
)
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
def test_outputs_and_gradients_equal_torchs(kind, extra, fused, layers, bidirectional):
    for bias, batch_first, batched, given in product([True, False], repeat=4):
        options = {**extra, "bias": bias, "batch_first": batch_first, "bidirectional": bidirectional}
        ours, theirs = pair(kind, fused, layers, **options)
        shape = (TIME,) if not batched else (BATCH, TIME) if batch_first else (TIME, BATCH)
        x = torch.randn(*shape, INPUTS, dtype=torch.float64)
        state = initial_state(theirs, batched) if given else None
        coefficients: list[torch.Tensor] = []
        expected = everything(theirs, x, state, coefficients)
        got = everything(ours, x, state, coefficients)
        message = f"{options}, batched={batched}, given={given}"
        for a, b in zip(got, expected, strict=True):
            torch.testing.assert_close(a, b, **TOLERANCE, msg=lambda m, message=message: f"{message}\n{m}")


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "textbook"])
@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
def test_dropout_draws_torchs_masks(kind, bidirectional, fused):
    ours, theirs = pair(kind, fused, 3, dropout=0.4, bidirectional=bidirectional)
    x = torch.randn(TIME, BATCH, INPUTS, dtype=torch.float64)
    for training in (True, False):
        ours.train(training)
        theirs.train(training)
        coefficients: list[torch.Tensor] = []
        torch.manual_seed(3)
        expected = everything(theirs, x, None, coefficients)
        torch.manual_seed(3)
        got = everything(ours, x, None, coefficients)
        for a, b in zip(got, expected, strict=True):
            torch.testing.assert_close(a, b, **TOLERANCE)


def test_dropout_thins_out_between_layers_only_in_training():
    ours = LSTM(INPUTS, HIDDEN, 2, dropout=1.0, fused=False)
    x = torch.randn(TIME, BATCH, INPUTS)
    other = torch.randn(TIME, BATCH, INPUTS)
    assert torch.equal(ours(x)[0], ours(other)[0])  # the second layer hears nothing of the first
    ours.eval()
    assert not torch.equal(ours(x)[0], ours(other)[0])


@pytest.mark.parametrize(("kind", "extra"), EXTRAS, ids=str)
def test_first_weights_are_torchs_for_the_same_seed(kind, extra):
    options = {**extra, "bidirectional": True}
    torch.manual_seed(4)
    theirs = getattr(nn, kind)(INPUTS, HIDDEN, 2, **options)
    torch.manual_seed(4)
    ours = OURS[kind](INPUTS, HIDDEN, 2, **options)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for name, weight in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], weight), name
    theirs.load_state_dict(ours.state_dict())  # and they go back
    for name in ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional", "mode"):
        assert getattr(ours, name) == getattr(theirs, name), name


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "textbook"])
@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("ordered", [False, True])
def test_packed_sequences_of_different_lengths(kind, fused, ordered):
    lengths = [6, 4, 4, 1] if ordered else [4, 1, 6, 4]
    for bidirectional, given in product([True, False], repeat=2):
        ours, theirs = pair(kind, fused, 2, bidirectional=bidirectional)
        x = pack_padded_sequence(torch.randn(6, 4, INPUTS).double(), torch.tensor(lengths), enforce_sorted=ordered)
        sizes = (4 if bidirectional else 2, 4, HIDDEN)
        h, c = torch.randn(*sizes).double(), torch.randn(*sizes).double()
        state = None if not given else (h, c) if kind == "LSTM" else h
        (y, end), (their_y, their_end) = ours(x, state), theirs(x, state)
        torch.testing.assert_close(y.data, their_y.data, **TOLERANCE)
        assert torch.equal(y.batch_sizes, their_y.batch_sizes)
        torch.testing.assert_close(pad_packed_sequence(y), pad_packed_sequence(their_y), **TOLERANCE)
        torch.testing.assert_close(end, their_end, **TOLERANCE)
        for result in (y, their_y):
            result.data.square().sum().backward()
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(a.grad, b.grad, **TOLERANCE)


def test_all_weights_are_torchs():
    ours: Any
    ours, theirs = pair("LSTM", True, 2, proj_size=2, bidirectional=True)
    for own, other in zip(ours.all_weights, theirs.all_weights, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(own, other, strict=True)) and len(own) == len(other)


@pytest.mark.parametrize("kind", OURS)
def test_float32_kernels_agree_with_the_textbook(kind):
    """The CPU's own float32 kernel (oneDNN) is another one than float64's."""
    fused = OURS[kind](INPUTS, 16, 2, batch_first=True)
    textbook = OURS[kind](INPUTS, 16, 2, batch_first=True, fused=False)
    textbook.load_state_dict(fused.state_dict())
    x = torch.randn(BATCH, 50, INPUTS)
    coefficients: list[torch.Tensor] = []
    for a, b in zip(everything(fused, x, None, coefficients), everything(textbook, x, None, coefficients), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
