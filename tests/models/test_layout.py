"""How a network's numbers lie: a saved head's rows keep their order, and what is walked through lies in order."""

from __future__ import annotations

import pytest
import torch
from random_windows import batch_of, network_of

from gatecast.models import names
from gatecast.models.network import ForecastNetwork, network_class

DIRECT = [name for name in names() if not network_class(name).sampled]


@pytest.mark.parametrize("name", [name for name in DIRECT if network_class(name).decode is ForecastNetwork.decode])
def test_the_rows_of_a_saved_head_go_by_step_the_move_of_the_location_first(name: str) -> None:
    network = network_of(name, seasons=(4,))
    features = torch.randn(2, 3, network.feature_size(), generator=torch.Generator().manual_seed(0))
    expected = network.head(features).unflatten(2, (network.slots, -1))
    said = network.decode(features, features, None)
    torch.testing.assert_close(said, expected)
    torch.testing.assert_close(torch.cat(network.parts(said), dim=-1), expected)
    ordered = network.in_order(said, batch_of(network, 2))
    assert said.stride(-2) == ordered.stride(-2) == 1  # the steps of each number lie side by side


@pytest.mark.parametrize("name", DIRECT)
def test_the_steps_of_a_quantile_and_of_a_base_lie_side_by_side(name: str) -> None:
    """Whatever goes through all steps of one of them walks through memory in order."""
    network = network_of(name, seasons=(4,))
    scaled = network(batch_of(network))
    assert scaled.bases.stride(-2) == scaled.distribution.values.stride(-2) == 1
