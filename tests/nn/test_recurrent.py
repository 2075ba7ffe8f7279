"""What torch.nn does not have: layers of different width; and the border: state in and out, errors that name axes."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gatecast.errors import DataError, OptionError
from gatecast.nn.recurrent import GRU, LSTM, RNN
from gatecast.nn.stack import Stack

KINDS = {"LSTM": LSTM, "GRU": GRU, "RNN": RNN}
PATHS = pytest.mark.parametrize("fused", [True, False], ids=["fused", "textbook"])
EACH_KIND = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def _own_stream():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        yield


def tensors(tree: Any) -> list[torch.Tensor]:
    return [tree] if isinstance(tree, torch.Tensor) else [tensor for branch in tree for tensor in tensors(branch)]


def assert_same(a: Any, b: Any) -> None:
    for one, other in zip(tensors(a), tensors(b), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@PATHS
@EACH_KIND
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
def test_layers_of_different_width_are_torchs_layers_in_a_row(kind, fused, bidirectional):
    widths, directions = (7, 5, 2), 2 if bidirectional else 1
    ours = KINDS[kind](3, widths, bidirectional=bidirectional, fused=fused).double()
    assert (ours.hidden_size, ours.num_layers, ours.output_size) == (widths, 3, 2 * directions)
    x = torch.randn(6, 4, 3, dtype=torch.float64)
    expected, states, inputs = x, [], 3
    for k, width in enumerate(widths):
        layer = getattr(nn, kind)(inputs, width, bidirectional=bidirectional).double()
        own = {name: weight for name, weight in ours.state_dict().items() if f"_l{k}" in name}
        layer.load_state_dict({name.replace(f"_l{k}", "_l0"): weight for name, weight in own.items()})
        largest = max(weight.abs().max() for weight in own.values())
        assert 0.8 * width**-0.5 < largest <= width**-0.5
        expected, state = layer(expected)
        states.append(state)
        inputs = width * directions
    y, state = ours(x)
    assert_same(y, expected)
    assert isinstance(state, tuple) and len(state) == 3
    assert_same(state, states)


@EACH_KIND
def test_both_paths_agree_on_layers_of_different_width_with_dropout(kind):
    extra = {"proj_size": 2} if kind == "LSTM" else {}
    fused = KINDS[kind](3, [6, 4], dropout=0.5, **extra).double()
    textbook = KINDS[kind](3, [6, 4], dropout=0.5, fused=False, **extra).double()
    textbook.load_state_dict(fused.state_dict())
    x = torch.randn(9, 4, 3, dtype=torch.float64)
    results = []
    for module in (fused, textbook):
        torch.manual_seed(6)
        y, state = module(x)
        results.append((y, state, torch.autograd.grad(y.square().sum(), list(module.parameters()))))
    assert_same(*results)


def test_one_width_a_layer_that_is_the_same_is_a_plain_stack():
    assert LSTM(3, [8, 8]).hidden_size == 8
    assert LSTM(3, (8, 8)).state_dict().keys() == nn.LSTM(3, 8, 2).state_dict().keys()
    assert LSTM(3, [8]).num_layers == LSTM(3, 8).num_layers == 1


@settings(deadline=None, max_examples=40)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    fused=st.booleans(),
    hidden=st.one_of(st.integers(1, 6), st.lists(st.integers(1, 6), min_size=1, max_size=3)),
    batch_first=st.booleans(),
    cut=st.integers(1, 7),
    one=st.integers(0, 3),
    seed=st.integers(0, 99),
)
def test_chunks_singles_and_the_future(kind, fused, hidden, batch_first, cut, one, seed):
    """The whole equals its chunks with the state handed on; a batch equals its members; the future changes no past."""
    torch.manual_seed(seed)
    module = KINDS[kind](2, hidden, batch_first=batch_first, fused=fused).double()
    x = torch.randn(8, 4, 2, dtype=torch.float64)

    def run(part: torch.Tensor, state: Any = None) -> tuple[torch.Tensor, Any]:
        y, state = module(part.transpose(0, 1) if batch_first and part.dim() == 3 else part, state)
        return (y.transpose(0, 1) if batch_first and y.dim() == 3 else y), state

    whole, end = run(x)
    first, state = run(x[:cut])
    second, chunked_end = run(x[cut:], state)
    assert_same((whole, end), (torch.cat([first, second]), chunked_end))

    alone, _ = run(x[:, one])  # unbatched
    assert_same(whole[:, one], alone)

    changed = x.clone()
    changed[cut:] += 1
    assert torch.equal(run(changed)[0][:cut], whole[:cut])


@EACH_KIND
def test_backwards_walk_reads_the_future(kind):
    module = KINDS[kind](2, 3, bidirectional=True)
    x = torch.randn(8, 1, 2)
    changed = x.clone()
    changed[-1] += 1
    y, y_changed = module(x)[0], module(changed)[0]
    assert not torch.equal(y[0], y_changed[0])
    torch.testing.assert_close(y[:-1, :, :3], y_changed[:-1, :, :3])  # the forward half does not


@PATHS
def test_the_path_may_change_at_any_time(fused):
    module = LSTM(3, 4, 2, fused=fused).double()
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    y, state = module(x)
    module.fused = not fused
    assert_same((y, state), module(x))


@pytest.mark.parametrize("hidden", [4, (4, 3)], ids=["equal", "different"])
def test_state_is_never_kept_nor_changed(hidden):
    module = LSTM(3, hidden, 2)
    x = torch.randn(6, 2, 3)
    y, state = module(x)
    before = [part.clone() for part in tensors(state)]
    module(x, state)
    assert all(torch.equal(a, b) for a, b in zip(before, tensors(state), strict=True))
    assert torch.equal(module(x)[0], y)


def test_copies_and_reloads_give_equal_bytes():
    module = LSTM(3, (4, 3))
    x = torch.randn(6, 2, 3)
    twin = copy.deepcopy(module)
    other = LSTM(3, (4, 3))
    other.load_state_dict(module.state_dict())
    assert torch.equal(module(x)[0], twin(x)[0])
    assert torch.equal(module(x)[0], other(x)[0])
    assert module.weight_ih_l0.data_ptr() != twin.weight_ih_l0.data_ptr()


def test_other_weights_can_be_called_in():
    """Averaged weights and the like are tried with functional_call: nothing may hold on to the old ones."""
    module = GRU(3, 4, 2)
    zeros = {name: torch.zeros_like(weight) for name, weight in module.named_parameters()}
    y, _ = torch.func.functional_call(module, zeros, (torch.randn(6, 2, 3),))
    assert torch.equal(y, torch.zeros(6, 2, 4))


@EACH_KIND
@pytest.mark.parametrize(("dropout", "layers"), [(0.0, [2]), (0.5, [1, 1])])
def test_the_kernel_is_called_as_the_weights_lie_whether_it_trains_or_not(kind, dropout, layers, monkeypatch):
    """cuDNN packs weights anew at every call that finds them in another block."""
    module, called = KINDS[kind](3, 4, 2, dropout=dropout), []
    kernel = module._kernel
    monkeypatch.setattr(module, "_kernel", lambda *given: called.append(given[-1]) or kernel(*given))
    for mode in (True, False):
        module.train(mode)(torch.randn(6, 2, 3))
    assert called == layers * 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@EACH_KIND
@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("hidden", [4, (5, 4)], ids=["equal", "different"])
def test_a_gpu_gives_the_same_and_finds_its_weights_in_one_block(kind, hidden, dropout):
    """cuDNN warns about scattered weights, and warnings are errors here."""
    module = KINDS[kind](3, hidden, None if isinstance(hidden, tuple) else 2, dropout=dropout).double().eval()
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    expected = module(x)
    moved = copy.deepcopy(module).to("cuda")
    for on_gpu in (moved, copy.deepcopy(moved)):
        y, state = on_gpu(x.to("cuda"))
        assert_same(tensors(expected), [part.cpu() for part in tensors((y, state))])
        on_gpu.train()(x.to("cuda"))[0].sum().backward()
    assert_same(expected, moved.to("cpu").eval()(x))


# Trap 30: users never reshape; errors name the axes and both sizes.


def refused(module: Stack, x: Any, state: Any = None) -> str:
    with pytest.raises(DataError) as caught:
        module(x, state)
    assert caught.value.text.chinese != caught.value.text.english
    return caught.value.text.english


def test_trap_30_wrong_input_names_axes_and_both_sizes():
    first, last = LSTM(3, 4, batch_first=True), LSTM(3, 4)
    message = refused(first, torch.zeros(2, 7, 5))
    assert "inputs axis of x must be 3" in message and "got 5" in message and "(batch, time, inputs)" in message
    assert "(2, 7, 5)" in message
    assert "(time, batch, inputs)" in refused(last, torch.zeros(7, 2, 5))
    assert "(time, inputs) is (7, 5)" in refused(last, torch.zeros(7, 5))
    assert "got 1 axes: (7,)" in refused(first, torch.zeros(7))
    assert "got 4 axes" in refused(first, torch.zeros(1, 2, 7, 3))
    assert "time axis of x must be at least 1" in refused(first, torch.zeros(2, 0, 3))
    assert "time axis" in refused(last, torch.zeros(0, 2, 3))
    assert "torch tensor" in refused(first, np.zeros((2, 7, 3)))
    assert "torch.float64" in refused(first, torch.zeros(2, 7, 3).double())


@pytest.mark.parametrize("fused", [True, False])
def test_trap_30_wrong_state_names_axes_and_both_sizes(fused):
    lstm, gru, x = LSTM(3, 4, 2, fused=fused), GRU(3, 4, 2, fused=fused), torch.zeros(7, 5, 3)
    good = torch.zeros(2, 5, 4)
    message = refused(gru, x, torch.zeros(2, 6, 4))
    assert "(layers · directions, batch, width) = (2, 5, 4)" in message and "got (2, 6, 4)" in message
    assert "state c must be" in refused(lstm, x, (good, torch.zeros(1, 5, 4)))
    assert "(layers · directions, width) = (2, 4)" in refused(gru, x[:, 0], good)
    assert "(h, c)" in refused(lstm, x, good)
    assert "(h, c)" in refused(lstm, x, (good,))
    assert "tensors" in refused(lstm, x, (good, None))
    assert "torch.float64" in refused(gru, x, good.double())
    uneven = LSTM(3, (4, 2), fused=fused)
    assert "a tuple of 2 layers, each (h, c)" in refused(uneven, x, (good, good, good))
    wrong = [(torch.zeros(1, 5, 4), torch.zeros(1, 5, 4)), (torch.zeros(1, 5, 2), torch.zeros(1, 5, 4))]
    assert "state c of layer 1 must be" in refused(uneven, x, tuple(wrong))


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"input_size": 0}, "input_size must be a whole number of at least 1, got 0"),
        ({"hidden_size": 2.5}, "hidden_size must be"),
        ({"hidden_size": True}, "hidden_size must be"),
        ({"hidden_size": "8"}, "hidden_size must be"),
        ({"hidden_size": [4, 0]}, "hidden_size[1] must be"),
        ({"hidden_size": []}, "got 0 widths"),
        ({"hidden_size": [4, 3], "num_layers": 3}, "got 2 widths with num_layers=3"),
        ({"num_layers": 0}, "num_layers must be"),
        ({"dropout": 1.5}, "dropout must be a probability"),
        ({"dropout": float("nan")}, "dropout must be a probability"),
        ({"bias": 1}, "bias must be True or False"),
        ({"proj_size": 4}, "proj_size must be smaller"),
        ({"proj_size": -1}, "proj_size must be"),
        ({"hidden_size": [9, 3], "proj_size": 3}, "narrowest layer's width, 3"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options, part):
    with pytest.raises(OptionError) as caught:
        LSTM(**{"input_size": 3, "hidden_size": 4, **options})
    assert part in caught.value.text.english


def test_an_unknown_nonlinearity_offers_the_nearest():
    with pytest.raises(OptionError) as caught:
        RNN(3, 4, nonlinearity="tan")  # type: ignore[arg-type]
    assert "did you mean 'tanh'" in caught.value.text.english
