"""What every registered backbone promises. A new model is tested by being defined; the last test alone names some."""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, fields, is_dataclass
from typing import Any

import pytest
import torch
from safetensors.torch import load, save

from gatecast.models import build, get, names
from gatecast.nn.stack import Stack

BATCH, TIME, INPUTS = 4, 12, 3
EACH = pytest.mark.parametrize("name", names())
STREAMING = pytest.mark.parametrize("name", [name for name in names() if get(name).streams])
CAUSAL = pytest.mark.parametrize("name", [name for name in names() if get(name).causal])


@pytest.fixture(autouse=True)
def _own_stream():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        yield


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(BATCH, TIME, INPUTS, dtype=torch.float64)


def make(name: str, **options: Any) -> torch.nn.Module:
    module = build(name, INPUTS, options)
    assert isinstance(module, torch.nn.Module)
    return module.double().eval()


def assert_same(a: Any, b: Any) -> None:
    """Nested states, equal up to float64's rounding."""
    torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


@EACH
def test_config_is_frozen_hashable_documented_and_has_defaults(name):
    config = get(name).config
    assert is_dataclass(config)
    assert all(field.default is not MISSING for field in fields(config))
    hash(config())
    with pytest.raises(FrozenInstanceError):
        setattr(config(), fields(config)[0].name, 1)
    for field in fields(config):
        assert f"\n    {field.name}: " in (config.__doc__ or ""), f"{config.__name__} does not document {field.name}"


@EACH
def test_file_name_class_and_docstring(name):
    model = get(name)
    stem = name.replace("+", "_plus_").replace("-", "_")
    assert model.backbone.__module__ == f"gatecast.models.{stem}"
    assert model.backbone.__doc__ and model.name == name


@EACH
def test_output_has_the_axes_of_the_contract(name, x):
    module = make(name)
    y, _ = module(x)
    assert y.shape == (BATCH, TIME, module.output_size)
    assert y.dtype == x.dtype


@EACH
def test_what_a_user_of_torch_knows_is_there(name):
    """Trap: a network that is no `nn.Module`, or a recurrent one that hides what `torch.nn.LSTM` shows."""
    module = make(name, hidden=6)
    assert module.eval() is module and module.to(torch.float32) is module and not module.training
    assert {parameter.dtype for parameter in module.parameters()} == {torch.float32}
    assert set(module.state_dict()) >= {parameter_name for parameter_name, _ in module.named_parameters()}
    for stack in (one for one in module.modules() if isinstance(one, Stack)):
        like = torch.nn.LSTM(stack.input_size, 6, stack.num_layers, batch_first=stack.batch_first)
        for attribute in ("hidden_size", "num_layers", "bias", "batch_first", "dropout", "proj_size"):
            assert getattr(stack, attribute) == getattr(like, attribute), attribute
        stack.flatten_parameters()
        stack.reset_parameters()
        assert stack.weight_hh_l0.shape[1] == 6


@EACH
def test_batch_equals_singles(name, x):
    module = make(name)
    together, _ = module(x)
    singly = torch.cat([module(x[k : k + 1])[0] for k in range(BATCH)])
    assert_same(together, singly)


@CAUSAL
@pytest.mark.parametrize("cut", [1, 5, TIME - 1])
def test_future_inputs_never_change_past_outputs(name, cut, x):
    module = make(name)
    before, _ = module(x)
    x[:, cut:] = torch.randn_like(x[:, cut:])
    after, _ = module(x)
    assert torch.equal(before[:, :cut], after[:, :cut])
    assert not torch.equal(before[:, cut:], after[:, cut:])


@EACH
def test_the_newest_input_counts(name, x):
    """Trap 10 begins here: the last output has a gradient from the last input."""
    x.requires_grad_()
    y, _ = make(name)(x)
    (gradient,) = torch.autograd.grad((y[:, -1] * torch.randn(y.shape[-1])).sum(), x)  # a norm's plain sum is fixed
    assert (gradient[:, -1] != 0).any(dim=-1).all()


@STREAMING
@pytest.mark.parametrize("chunks", [(5, 7), (1, 10, 1), (1,) * TIME], ids=["two", "three", "step by step"])
def test_whole_equals_chunks_with_state(name, chunks, x):
    module = make(name)
    whole, end = module(x)
    state, outputs = None, []
    for chunk in x.split(chunks, dim=1):
        y, state = module(chunk, state)
        outputs.append(y)
    assert_same(whole, torch.cat(outputs, dim=1))
    assert_same(end, state)


@EACH
def test_state_stays_outside(name, x):
    module = make(name)
    first, _ = module(x)
    second, _ = module(x)
    assert torch.equal(first, second)


@EACH
def test_gradients_reach_every_parameter(name, x):
    module = make(name).train()
    y, _ = module(x)
    y.square().sum().backward()
    for parameter_name, parameter in module.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, parameter_name


@EACH
def test_saved_and_loaded_weights_give_equal_bytes(name, x):
    module, other = make(name), make(name)
    assert not torch.equal(module(x)[0], other(x)[0])
    other.load_state_dict(load(save(module.state_dict())))
    assert torch.equal(module(x)[0], other(x)[0])


@EACH
def test_same_seed_same_weights_and_no_own_seeding(name):
    torch.manual_seed(8)
    first = make(name).state_dict()
    after = torch.get_rng_state()
    torch.manual_seed(8)
    second = make(name).state_dict()
    assert torch.equal(torch.get_rng_state(), after)
    assert all(torch.equal(first[key], second[key]) for key in first)
    torch.manual_seed(9)
    assert any(not torch.equal(first[key], value) for key, value in make(name).state_dict().items())


@EACH
def test_overfits_a_sine(name):
    """Each step says the next value of waves of several phases; 2 % of their variance may remain."""
    wave = torch.sin(torch.arange(25) / 3 + torch.arange(4)[:, None])[..., None]  # (4, 25, 1)
    module = build(name, 1, {"hidden": 16})
    assert isinstance(module, torch.nn.Module)
    head = torch.nn.Linear(module.output_size, 1)
    optimiser = torch.optim.Adam([*module.parameters(), *head.parameters()], lr=0.01)
    told = slice(None) if get(name).causal else slice(-1, None)  # else the answers can be read
    for _ in range(300):
        loss = (head(module(wave[:, :-1])[0]) - wave[:, 1:])[:, told].square().mean()
        if loss < 0.01:
            return
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    pytest.fail(f"loss {loss.item():.3f} after 300 steps")


@pytest.mark.parametrize("name", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("hidden", [6, (6, 4)], ids=["equal", "different"])
def test_options_shape_the_stack(name, hidden, x):
    extra = {"projection": 2} if name == "lstm" else {}
    module = make(name, hidden=hidden, layers=2, dropout=0.5, bias=False, **extra)
    y, _ = module(x)
    width = extra.get("projection") or (hidden if isinstance(hidden, int) else hidden[-1])
    assert y.shape[-1] == module.output_size == width
    assert module.stack.num_layers == 2 and not module.stack.bias
    assert torch.equal(module(x)[0], y)
    assert not torch.equal(module.train()(x)[0], y)
