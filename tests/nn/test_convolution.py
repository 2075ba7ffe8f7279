"""The causal convolution: torch's own, padded on the left, and its state."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from gatecast.errors import DataError, OptionError
from gatecast.nn.convolution import CausalConvolution
from gatecast.runtime import private_torch_stream


def made(width: int = 3, pool: int = 1) -> tuple[CausalConvolution, torch.Tensor]:
    with private_torch_stream(0, "convolution"):
        return CausalConvolution(2, 5, width, pool).double(), torch.randn(4, 9, 2, dtype=torch.float64)


@pytest.mark.parametrize(("width", "pool"), [(1, 1), (3, 1), (3, 2), (12, 3)])
def test_it_is_the_convolution_of_torch_with_zeros_before_the_start(width: int, pool: int) -> None:
    module, x = made(width, pool)
    weight = module.filters.weight.unflatten(1, (2, width))  # (filters, inputs, width)
    padded = F.pad(x.transpose(1, 2), (width + pool - 2, 0))
    wanted = F.max_pool1d(F.conv1d(padded, weight, module.filters.bias), pool, stride=1)
    torch.testing.assert_close(module(x)[0], wanted.transpose(1, 2))


def test_the_state_is_the_newest_inputs() -> None:
    module, x = made(3, 2)
    _, state = module(x[:, :1])
    assert torch.equal(state, F.pad(x[:, :1], (0, 0, 2, 0)))
    _, state = module(x[:, 1:], state)
    assert torch.equal(state, x[:, -3:])


@pytest.mark.parametrize("state", [torch.zeros(4, 1, 2), torch.zeros(3, 2, 2), torch.zeros(4, 2, 3), (1, 2), 0])
def test_a_state_of_another_form_is_refused(state: object) -> None:
    module, x = made()
    with pytest.raises(DataError) as caught:
        module(x, state)
    assert "(4, 2, 2)" in caught.value.text.english and "None" in caught.value.text.chinese


@pytest.mark.parametrize("wrong", [{"filters": 0}, {"width": 0}, {"width": 2.5}, {"pool": 0}])
def test_sizes_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(OptionError) as caught:
        CausalConvolution(**({"inputs": 2, "filters": 5, "width": 3} | wrong))  # type: ignore[arg-type]
    assert next(iter(wrong)) in caught.value.text.english
