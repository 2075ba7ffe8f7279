"""Which rows train, and which are held out."""

from __future__ import annotations

import numpy as np
from small_runs import panel_of

from gatecast.training.split import least_context, split

HORIZON = 4


def lengths_held_out(*lengths: int) -> list[int]:
    shares = split(panel_of(*(np.arange(length) for length in lengths)), HORIZON)
    return (shares.lengths - shares.train).tolist()


def test_many_series_hold_out_two_horizons_each() -> None:
    assert lengths_held_out(*[100] * 200) == [2 * HORIZON] * 200


def test_few_series_hold_out_as_many_as_make_120_windows_but_never_over_a_quarter() -> None:
    assert lengths_held_out(*[1000] * 20) == [6 * HORIZON] * 20
    assert lengths_held_out(1000) == [48 * HORIZON]
    assert lengths_held_out(100) == [25]


def test_a_series_too_short_to_hold_anything_out_trains_on_all_its_rows() -> None:
    shortest = 2 * HORIZON + least_context(HORIZON)
    assert lengths_held_out(shortest - 1, shortest) == [0, HORIZON]


def test_training_windows_begin_after_a_quarter_of_the_context() -> None:
    shares = split(panel_of(np.arange(400), np.arange(40)), HORIZON)
    windows = shares.training(context=100)
    assert windows.first.tolist() == [25, 6]  # of the short series: of what can be read of it
    assert (windows.first + windows.counts - 1 + HORIZON == shares.train).all()


def test_no_target_of_a_training_window_is_held_out() -> None:
    shares = split(panel_of(np.arange(400), np.arange(90)), HORIZON)
    windows = shares.training(context=20)
    origins = windows.origins(np.arange(len(windows)))
    assert (origins.ends + HORIZON <= shares.train[origins.series]).all()
    held = shares.held_out(10_000)
    assert (held.ends >= shares.train[held.series]).all() and (held.ends + HORIZON <= shares.lengths[held.series]).all()
