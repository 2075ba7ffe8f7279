"""Who feeds the next input: the data, the network, or a coin."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from gatecast.models import get, names
from gatecast.models.sequence_network import SequenceNetwork
from gatecast.rollout import Trial, error_growth, free_run, mixed_inputs, teacher_forced

STREAMING = [name for name in names() if get(name).streams]


def waves(series: int = 3, time: int = 12, variables: int = 2) -> Tensor:
    steps = torch.arange(series * time * variables, dtype=torch.float64)
    return steps.mul(0.7).sin().reshape(series, time, variables)


def network_of(name: str = "lstm-cell", variables: int = 2) -> SequenceNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return SequenceNetwork(name, {}, variables).double().eval()


def count_on(x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
    """A network whose next value is one more, and whose state is how many inputs it has read."""
    return x + 1, (state or 0) + x.shape[1]


@pytest.mark.parametrize("name", STREAMING)
def test_a_free_run_reads_its_own_output(name: str) -> None:
    """Appending what it said to what was known, and reading all of it again, gives the same next value."""
    network, known = network_of(name), waves()
    ran = free_run(network, known, 4).values
    for step in range(4):
        read_again, _ = network(torch.cat([known, ran[:, :step]], 1))
        torch.testing.assert_close(ran[:, step], read_again[:, -1], rtol=0, atol=1e-11)


def test_a_free_run_can_go_on() -> None:
    network, known = network_of(), waves()
    whole = free_run(network, known, 7).values
    first, state = free_run(network, known, 3)
    second, _ = free_run(network, first[:, -1:], 4, state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=0, atol=1e-12)


def test_a_free_run_counts_and_keeps_no_graph() -> None:
    known = torch.zeros(2, 5, 1)
    values, state = free_run(count_on, known, 3)
    assert values[:, :, 0].tolist() == [[1, 2, 3]] * 2
    assert state == 5 + 2  # the last value was said, and not read
    assert not free_run(network_of(), waves(), 2).values.requires_grad


def test_teacher_forcing_forecasts_every_value_but_the_first() -> None:
    said, _ = teacher_forced(count_on, waves())
    assert torch.equal(said, waves()[:, :-1] + 1)


def test_without_coins_the_inputs_are_the_data_and_with_all_of_them_the_own_output() -> None:
    network, values = network_of(), waves()
    generator = torch.Generator().manual_seed(1)
    assert torch.equal(mixed_inputs(network, values, 0.0, generator), values)
    own = mixed_inputs(network, values, 1.0, generator)
    free = free_run(network, values[:, :1], values.shape[1] - 1).values
    torch.testing.assert_close(own[:, 1:], free, rtol=0, atol=1e-12)
    assert torch.equal(own[:, 0], values[:, 0])


def test_coins_fall_for_every_series_and_step_and_only_own_outputs_stand_in() -> None:
    network, values = network_of(), waves(20, 50)
    mixed = mixed_inputs(network, values, 0.3, torch.Generator().manual_seed(2))
    replaced = (mixed != values).any(-1)[:, 1:]
    assert 0.24 < replaced.double().mean() < 0.36
    assert replaced.any(0).sum() > 40 and replaced.any(1).all()
    said, _ = network(mixed)  # one pass over the mixed inputs is the walk itself
    torch.testing.assert_close(mixed[:, 1:][replaced], said[:, :-1][replaced], rtol=0, atol=1e-12)


def test_the_growth_is_the_error_of_each_step_over_series_of_any_length() -> None:
    long, short = (
        Trial(torch.zeros(1, 4, 1), torch.tensor([[[1.0], [4.0], [3.0]]])),
        Trial(torch.zeros(2, 2, 1), torch.tensor([[[0.0]], [[2.0]]])),
    )
    growth = error_growth(count_on, [long, short])  # counts 1, 2, 3
    torch.testing.assert_close(growth[:, 0], torch.tensor([(2 / 3) ** 0.5, 2.0, 0.0], dtype=torch.float64))


def test_a_run_that_leaves_all_bounds_counts_as_infinitely_wrong() -> None:
    def explode(x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        return x * 1e30, state

    growth = error_growth(explode, [Trial(torch.ones(1, 1, 1), torch.ones(1, 4, 1))])
    assert growth[-1].item() == torch.inf and not growth.isnan().any()
