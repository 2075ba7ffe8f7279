"""Stacked cells: equal to a loop over torch.nn.LSTMCell, and their forget gates start open."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gatecast.errors import OptionError
from gatecast.models import build, get

BATCH, TIME, INPUTS = 3, 9, 2


def cells_of(backbone: nn.Module, widths: tuple[int, ...], bias: bool) -> list[nn.LSTMCell]:
    """torch's cells with the backbone's weights."""
    stack, cells = backbone.cells, []
    for layer, (inputs, width) in enumerate(zip((INPUTS, *widths), widths, strict=False)):
        cell = nn.LSTMCell(inputs, width, bias=bias).double()
        for name, parameter in cell.named_parameters():
            parameter.data.copy_(getattr(stack, f"{name}_l{layer}"))
        cells.append(cell)
    return cells


def python_loop(cells: list[nn.LSTMCell], x: torch.Tensor) -> torch.Tensor:
    """The study's own forward: step by step, cell by cell."""
    states = [tuple(torch.zeros(len(x), cell.hidden_size, dtype=x.dtype) for _ in "hc") for cell in cells]
    outputs = []
    for x_t in x.unbind(1):
        for k, cell in enumerate(cells):
            states[k] = cell(x_t, states[k])
            x_t = states[k][0]
        outputs.append(x_t)
    return torch.stack(outputs, 1)


@pytest.mark.parametrize("widths", [(5, 5), (7, 4), (3, 8, 2)])
@pytest.mark.parametrize("bias", [True, False])
def test_equals_a_loop_over_torchs_cells_values_and_gradients(widths: tuple[int, ...], bias: bool) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        backbone = build("lstm-cell", INPUTS, {"hidden": widths, "bias": bias}).double()  # type: ignore[attr-defined]
        x = torch.randn(BATCH, TIME, INPUTS, dtype=torch.float64)
    cells = cells_of(backbone, widths, bias)
    ours, _ = backbone(x)
    theirs = python_loop(cells, x)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    ours.square().sum().backward()
    theirs.square().sum().backward()
    for layer, cell in enumerate(cells):
        for name, parameter in cell.named_parameters():
            gradient = getattr(backbone.cells, f"{name}_l{layer}").grad
            torch.testing.assert_close(gradient, parameter.grad, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("value", [0.0, 1.0, -2.5])
def test_the_forget_gate_of_every_cell_starts_where_asked(value: float) -> None:
    backbone = build("lstm-cell", INPUTS, {"hidden": (4, 3), "forget_bias": value})
    for layer, width in enumerate((4, 3)):
        bias = getattr(backbone.cells, f"bias_hh_l{layer}")  # type: ignore[attr-defined]
        assert (bias[width : 2 * width] == value).all()
        assert (bias[:width] != value).all() and (bias[2 * width :] != value).all()


def test_dropout_acts_between_the_cells_in_training_alone() -> None:
    backbone = build("lstm-cell", INPUTS, {"hidden": (16, 8), "dropout": 0.5})
    assert isinstance(backbone, nn.Module)
    x = torch.ones(BATCH, TIME, INPUTS)
    assert not torch.equal(backbone.train()(x)[0], backbone(x)[0])
    assert torch.equal(backbone.eval()(x)[0], backbone(x)[0])


@pytest.mark.parametrize("value", [True, "1", None, 1e6, float("nan")])
def test_a_forget_bias_that_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(OptionError, match="forget_bias"):
        get("lstm-cell").configure({"forget_bias": value})
