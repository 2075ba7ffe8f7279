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
def test_each_output_is_the_largest_of_its_newest_filters(width: int, pool: int) -> None:
    module, x = made(width, pool)
    y, _ = module(x)
    back = width + pool - 2
    padded = F.pad(x, (0, 0, back, 0))
    for step in range(x.shape[1]):
        seen = padded[:, step : step + back + 1]  # the inputs up to this step
        answers = [
            torch.einsum("bwi,fiw->bf", seen[:, k : k + width], module.filters.weight) + module.filters.bias
            for k in range(pool)
        ]
        torch.testing.assert_close(y[:, step], torch.stack(answers).amax(0))


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
