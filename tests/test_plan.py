"""The plan of a fit: what follows from the shape of a table and a budget, before anything is trained."""

from __future__ import annotations

import numpy as np
import pytest

from gatecast.data import read
from gatecast.forecaster.plan import Wishes, make_plan
from gatecast.training.split import split


def test_every_second_patch_trains_where_there_are_many_but_every_single_step() -> None:
    panel = read(np.random.default_rng(0).normal(size=(50, 1200))).panel
    strides = {}
    for context in (20, 192):
        network = make_plan(panel, split(panel, 12), (), Wishes(12, context=context)).network
        strides[context] = network.patch > 1, network.stride
    assert strides == {20: (False, 1), 192: (True, 2)}


@pytest.mark.parametrize(
    ("series", "rows", "horizon", "seasons", "budget", "members"),
    [
        (414, 806, 48, (24, 168), 240, 7),  # as M4 Hourly
        (414, 806, 48, (24, 168), 60, 1),
        (359, 1022, 13, (), 120, 3),  # as M4 Weekly
        (414, 3000, 720, (24,), 120, 2),  # a long horizon costs more
        (1, 12_000, 96, (24,), 120, 5),
    ],
)
def test_a_budget_buys_as_many_members_as_it_can_teach(
    series: int, rows: int, horizon: int, seasons: tuple[int, ...], budget: float, members: int
) -> None:
    panel = read(np.random.default_rng(0).normal(size=(series, rows))).panel
    assert make_plan(panel, split(panel, horizon), seasons, Wishes(horizon, budget=budget)).members == members
