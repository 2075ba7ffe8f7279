"""The linear base: it finds a linear law, and sees no row that it may not."""

from __future__ import annotations

import numpy as np
import torch
from small_runs import CPU, HORIZON, panel_of

from gatecast.forecast import Origins
from gatecast.forecaster.plan import Wishes, make_plan
from gatecast.models.network import NetworkConfig, new_network
from gatecast.runtime import private_torch_stream
from gatecast.scaling import Scaler
from gatecast.training.ridge import fit_ridge
from gatecast.training.split import split
from gatecast.windows import WindowReader

CONTEXT, LENGTH = 12, 8


def second_order(length: int, *, seed: int = 0, noise: float = 0.0) -> np.ndarray:
    """A wave about 50 that follows y[t] = 2·cos(w)·y[t−1] − y[t−2] exactly, and noise."""
    t = np.arange(length)
    draws = np.random.default_rng(seed).normal(size=length)
    return 50 + np.sin(0.7 * t + seed) + 0.5 * np.sin(0.7 * t * 1.9) + noise * draws


def fitted(panel):
    shares = split(panel, HORIZON)
    with private_torch_stream(0, "weights"):
        network = new_network(
            NetworkConfig("lstm", {"hidden": 3}, HORIZON, CONTEXT, 1, (), (80, 95), ridge=LENGTH)
        ).eval()
    reader = WindowReader(panel, Scaler.fit(panel.values[:, 1:]), CONTEXT, HORIZON, CPU)
    network.bases.ridge.copy_(fit_ridge(network, reader, shares.training(), 0))
    return network, reader


def base_at(network, reader, origins: Origins) -> np.ndarray:
    """The linear base's forecast in the unit of the data: (origins, horizon)."""
    with torch.no_grad():
        scaled = network(reader.read(origins, answers=False), newest_only=True)
    return (scaled.bases[:, 0, :, -1].double() * scaled.scale + scaled.centre).numpy()


def test_a_linear_law_is_found():
    panel = panel_of(*(second_order(300, seed=k) for k in range(3)))
    network, reader = fitted(panel)
    ends = np.array([250, 270, 290])
    found = base_at(network, reader, Origins(np.arange(3), ends))
    actual = np.array(
        [panel.y[panel.offsets[k] + end : panel.offsets[k] + end + HORIZON] for k, end in enumerate(ends)]
    )
    np.testing.assert_allclose(found, actual, atol=0.3)  # of a wave of 3 between its extremes: the penalty's share


def test_no_row_of_the_held_out_tail_shapes_the_map():
    series = second_order(300, noise=0.3)
    tail = split(panel_of(series), HORIZON).train[0]
    other = series.copy()
    other[tail:] = other[tail:][::-1] * 1.5
    maps = []
    for values in (series, other):
        network, reader = fitted(panel_of(values))
        shares = split(panel_of(values), HORIZON)
        maps.append(fit_ridge(network, reader, shares.training(), 0))
    torch.testing.assert_close(maps[0], maps[1], rtol=0, atol=0)


def test_a_plan_takes_the_linear_base_for_long_series_alone():
    wishes = Wishes(horizon=2, context=20)
    long, short = panel_of(second_order(2000)), panel_of(*(second_order(90, seed=k) for k in range(20)))
    assert make_plan(long, split(long, 2), (), wishes).network.ridge == 20
    assert make_plan(short, split(short, 2), (), wishes).network.ridge == 0
    few = panel_of(second_order(400))
    assert make_plan(few, split(few, 2), (), wishes).network.ridge == 0


def test_windows_without_enough_rows_before_them_are_left_out():
    """Their inputs would be the first value repeated: a series of few rows must not bend the map."""
    regular = [second_order(300, seed=k) for k in range(2)]
    with_short, _ = fitted(panel_of(*regular, np.array([50.0, 90, 50, 90, 50, 90, 50, 90])))
    without, _ = fitted(panel_of(*regular))
    torch.testing.assert_close(with_short.bases.ridge, without.bases.ridge, rtol=1e-3, atol=1e-4)
