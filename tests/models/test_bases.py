"""The naive forecasts among a network's own: each is what its name says, from every position that forecasts."""

from __future__ import annotations

import pytest
import torch

from gatecast.models.bases import Bases
from gatecast.models.network import NetworkConfig

CONFIG = NetworkConfig("lstm", {"hidden": 4}, horizon=5, context=12, patch=2, seasons=(3,), levels=(80,), ridge=2)
EVERY = slice(0, 6)


def forecasts(x: list[float], places: slice = EVERY) -> list[torch.Tensor]:
    """Each base's forecast of one window: (places, horizon)."""
    bases = Bases(CONFIG)
    bases.get_buffer("ridge")[-1] = 1.0  # the newest value again
    return list(bases(torch.tensor([x], dtype=torch.float32), places)[0].unbind(-1))


def test_each_base_continues_the_window_as_it_is_said_to() -> None:
    last, level, drift, repeated, shifted, usual, linear = forecasts([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 16])
    assert last[-1].tolist() == linear[-1].tolist() == [16.0] * 5
    assert level[-1].tolist() == [14.0] * 5  # of the newest patch
    assert drift[-1].tolist() == [16 + 15 / 12 * step for step in range(1, 6)]
    assert repeated[-1].tolist() == [11.0, 12.0, 16.0, 11.0, 12.0]
    assert shifted[-1].tolist() == [16.5, 17.5, 21.5, 16.5, 17.5]  # the level was 8.5 three steps ago, and is 14
    assert usual[-1].tolist() == pytest.approx([22 / 3, 25 / 3, 31 / 3, 22 / 3, 25 / 3])  # 4, 7, 11; 5, 8, 12; …


def test_the_mean_of_seasons_is_of_as_many_as_there_are_before_a_place() -> None:
    usual = forecasts([float(step**2) for step in range(12)])[5]
    assert usual[3].tolist()[:2] == [(4 + 25) / 2, (9 + 36) / 2]  # 8 values: two seasons
    assert usual[1].tolist()[:3] == [1.0, 4.0, 9.0]  # 4 values: one
    assert usual[4].tolist()[0] == pytest.approx((1 + 16 + 49) / 3)


def test_places_that_are_asked_for_are_those_of_all() -> None:
    x = [3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]
    for some, every in zip(forecasts(x, slice(2, 6, 3)), forecasts(x), strict=True):
        torch.testing.assert_close(some, every[[2, 5]])
