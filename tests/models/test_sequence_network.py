"""The next value at every step, with every backbone that streams."""

from __future__ import annotations

import pytest
import torch

from gatecast.errors import OptionError
from gatecast.models import get, names
from gatecast.models.sequence_network import SequenceNetwork

STREAMING = [name for name in names() if get(name).streams]
OTHERS = [name for name in names() if not get(name).streams]


@pytest.mark.parametrize("name", STREAMING)
@pytest.mark.parametrize("variables", [1, 3])
def test_whole_series_equals_step_by_step(name: str, variables: int) -> None:
    network = SequenceNetwork(name, {}, variables).double().eval()
    x = torch.linspace(-1, 1, 2 * 7 * variables, dtype=torch.float64).sin().reshape(2, 7, variables)
    whole, _ = network(x)
    state, steps = None, []
    for x_t in x.split(1, dim=1):
        y, state = network(x_t, state)
        steps.append(y)
    assert whole.shape == x.shape
    torch.testing.assert_close(torch.cat(steps, 1), whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", OTHERS)
def test_a_model_that_does_not_stream_is_refused_and_others_are_named(name: str) -> None:
    with pytest.raises(OptionError, match="lstm-cell"):
        SequenceNetwork(name, {})


def test_no_variables_are_refused() -> None:
    with pytest.raises(OptionError, match="variables"):
        SequenceNetwork("lstm-cell", {}, 0)
