"""A training that was stopped anywhere goes on as if it had not been."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecast.errors import OutputError
from gatecast.training.checkpoint import flatten_optimizer, load_checkpoint, restore_optimizer, save_checkpoint

OPTIMISERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
    "lbfgs": lambda p: torch.optim.LBFGS(p, max_iter=3, history_size=4),
    "lbfgs-wolfe": lambda p: torch.optim.LBFGS(p, max_iter=3, line_search_fn="strong_wolfe"),
}


def network(dtype: torch.dtype = torch.float32) -> torch.nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)).to(dtype)


def train(net: torch.nn.Module, optimiser: torch.optim.Optimizer, steps: int, first: int = 0) -> None:
    """Optimiser steps numbered from `first`; the batch of a step depends on its number alone."""
    for step in range(first, first + steps):
        draws = torch.Generator().manual_seed(step)
        x = torch.randn(16, 4, generator=draws).to(next(net.parameters()).dtype)

        def closure(x: torch.Tensor = x) -> float:
            optimiser.zero_grad()
            loss = ((net(x)[:, 0] - x.prod(1).sin()) ** 2).mean()
            loss.backward()
            return float(loss.detach())

        optimiser.step(closure)


def as_bytes(net: torch.nn.Module) -> bytes:
    return b"".join(p.detach().numpy().tobytes() for p in net.parameters())


@pytest.mark.parametrize("stop", [0, 1, 2, 7])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_resumed_training_gives_the_bytes_of_the_uninterrupted_one(tmp_path: Path, name: str, stop: int) -> None:
    whole = network()
    train(whole, OPTIMISERS[name](whole.parameters()), 12)

    first = network()
    optimiser = OPTIMISERS[name](first.parameters())
    train(first, optimiser, stop)
    tensors, state = flatten_optimizer(optimiser)
    save_checkpoint(tmp_path / "c", {**tensors, **first.state_dict()}, {**state, "step": stop})

    second = network()
    kept = load_checkpoint(tmp_path / "c")
    assert kept is not None
    second.load_state_dict({key: kept[0][key] for key in second.state_dict()})
    optimiser = OPTIMISERS[name](second.parameters())
    restore_optimizer(optimiser, *kept)
    train(second, optimiser, 12 - stop, kept[1]["step"])

    assert as_bytes(second) == as_bytes(whole)
    assert as_bytes(whole) != as_bytes(network())


@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_piece_of_the_state_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    net = network(torch.float64)
    optimiser = OPTIMISERS[name](net.parameters())
    train(net, optimiser, 6)
    save_checkpoint(tmp_path / "c", *flatten_optimizer(optimiser))
    again = OPTIMISERS[name](network(torch.float64).parameters())
    kept = load_checkpoint(tmp_path / "c")
    assert kept is not None
    restore_optimizer(again, *kept)
    assert_same(again.state_dict(), optimiser.state_dict())


def assert_same(left: Any, right: Any) -> None:
    assert type(left) is type(right)
    if isinstance(left, torch.Tensor):
        assert left.dtype == right.dtype
        assert torch.equal(left, right)
    elif isinstance(left, dict):
        assert list(left) == list(right)
        for key, value in left.items():
            assert_same(value, right[key])
    elif isinstance(left, list | tuple):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_same(one, other)
    else:
        assert left == right


def test_restoring_twice_from_one_checkpoint_gives_two_independent_optimisers(tmp_path: Path) -> None:
    net = network()
    optimiser = OPTIMISERS["adam"](net.parameters())
    train(net, optimiser, 3)
    tensors, state = flatten_optimizer(optimiser)
    before = {name: tensor.clone() for name, tensor in tensors.items()}
    other = network()
    resumed = OPTIMISERS["adam"](other.parameters())
    restore_optimizer(resumed, tensors, state)
    train(other, resumed, 3)
    assert all(torch.equal(before[name], tensor) for name, tensor in tensors.items())


@settings(deadline=None, max_examples=50)
@given(number=st.floats(), whole=st.integers(), text=st.text(st.characters(exclude_categories=["Cs"])))
def test_numbers_and_text_come_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, number: float, whole: int, text: str
) -> None:
    path = tmp_path_factory.mktemp("c") / "c"
    save_checkpoint(path, {"t": torch.tensor(number)}, {"number": number, "rest": [whole, text, None, True]})
    kept = load_checkpoint(path)
    assert kept is not None
    back = kept[1]["number"]
    assert struct.pack("d", back) == struct.pack("d", number) or (math.isnan(back) and math.isnan(number))
    assert kept[1]["rest"] == [whole, text, None, True]


def test_random_streams_come_back(tmp_path: Path) -> None:
    draws = torch.Generator().manual_seed(5)
    torch.rand(3, generator=draws)
    save_checkpoint(tmp_path / "c", {"stream": draws.get_state()}, {})
    expected = torch.rand(3, generator=draws)
    kept = load_checkpoint(tmp_path / "c")
    assert kept is not None
    again = torch.Generator()
    again.set_state(kept[0]["stream"])
    assert torch.equal(torch.rand(3, generator=again), expected)


def test_no_file_is_no_checkpoint(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "nothing") is None
    assert load_checkpoint(tmp_path) is None
    (tmp_path / "empty").touch()
    assert load_checkpoint(tmp_path / "empty") is None


def test_a_cut_off_or_changed_file_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "c"
    save_checkpoint(path, {"a": torch.arange(4.0), "b": torch.tensor([True])}, {"step": 4})
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert load_checkpoint(path) is None
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        kept = load_checkpoint(path)
        assert kept is None or (torch.equal(kept[0]["a"], torch.arange(4.0)) and kept[1] == {"step": 4})


def test_a_failed_save_keeps_the_checkpoint_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(tmp_path / "c", {}, {"step": 1})

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match="full"):
        save_checkpoint(tmp_path / "c", {}, {"step": 2})
    kept = load_checkpoint(tmp_path / "c")
    assert kept is not None
    assert kept[1] == {"step": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["c"]
