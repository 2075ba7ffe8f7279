"""Windows: numbered, gathered in one go, and blind to what follows an origin."""

from __future__ import annotations

import tracemalloc
import weakref
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

import gatecast
from gatecast.forecast import Origins
from gatecast.frequency import Frequency
from gatecast.panel import Panel
from gatecast.scaling import Scaler
from gatecast.windows import Batch, WindowReader, Windows

CPU = torch.device("cpu")
PAST, FUTURE = ("wind", "rain"), ("holiday",)


def panel_of(lengths: list[int], *, seed: int = 0, ahead: int = 4, covariates: bool = True) -> Panel:
    """Series of these lengths with two past covariates and one that is known ahead."""
    draws = np.random.default_rng(seed)
    past, future = (PAST, FUTURE) if covariates else ((), ())
    return Panel(
        values=draws.normal(5, 3, size=(sum(lengths), 1 + len(past) + len(future))),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        ids=tuple(str(i) for i in range(len(lengths))),
        time=np.concatenate([np.arange(n) for n in lengths]),
        frequency=Frequency("row"),
        past=past,
        future=future,
        ahead=draws.normal(size=(len(lengths), ahead, len(future))),
    )


def reader_of(panel: Panel, context: int = 5, horizon: int = 3) -> WindowReader:
    return WindowReader(panel, Scaler.fit(panel.values[:, 1:]), context, horizon, CPU)


def every_origin(panel: Panel, last: np.ndarray) -> Origins:
    windows = Windows.between(np.ones(len(panel), dtype=np.int64), last)
    return windows.origins(np.arange(len(windows)))


# numbering


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-3, 12)), min_size=1, max_size=8))
def test_every_origin_has_one_number(bounds: list[tuple[int, int]]) -> None:
    first, last = (np.array(part) for part in zip(*bounds, strict=True))
    windows = Windows.between(first, last)
    plain = [(series, end) for series, (start, stop) in enumerate(bounds) for end in range(start, stop + 1)]
    assert len(windows) == len(plain)
    found = windows.origins(np.arange(len(plain)))
    assert list(zip(found.series.tolist(), found.ends.tolist(), strict=True)) == plain


def test_numbers_may_come_in_any_order_and_more_than_once() -> None:
    windows = Windows.between(np.array([2, 5, 1]), np.array([3, 4, 2]))
    found = windows.origins(np.array([3, 0, 3, 1]))
    assert found.series.tolist() == [2, 0, 2, 0]
    assert found.ends.tolist() == [2, 2, 2, 3]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=6).filter(any), st.sampled_from([0.0, 0.5, 1.0, 3.0]))
def test_what_is_drawn_is_a_window_and_each_series_has_its_share(counts: list[int], recency: float) -> None:
    windows = Windows.between(np.zeros(len(counts), dtype=np.int64), np.array(counts) - 1)
    drawn = windows.draw(np.random.default_rng(1), (100, 50), recency)
    assert drawn.shape == (100, 50) and drawn.min() >= 0 and drawn.max() < len(windows)
    share = np.bincount(windows.origins(drawn.ravel()).series, minlength=len(counts)) / drawn.size
    np.testing.assert_allclose(share, np.array(counts) / sum(counts), atol=0.04)
    shorter = windows.draw(np.random.default_rng(1), (7, 50), recency)
    assert (shorter == drawn[:7]).all()


@pytest.mark.parametrize("recency", [0.5, 1.0, 3.0])
def test_with_recency_the_chance_of_a_window_rises_along_its_series(recency: float) -> None:
    windows = Windows.between(np.array([5, 0]), np.array([1004, 9]))
    drawn = windows.origins(windows.draw(np.random.default_rng(0), (40_000,), recency))
    ends = drawn.ends[drawn.series == 0]
    share = np.array([(ends < 5 + 1000 * p).mean() for p in (0.25, 0.5, 0.75)])
    np.testing.assert_allclose(share, np.array([0.25, 0.5, 0.75]) ** (1 + recency), atol=0.01)


class HighestDraws(np.random.Generator):
    """Every number between 0 and 1 is the largest there is."""

    def random(self, size=None, dtype=np.float64, out=None):
        return np.full(size, np.nextafter(1.0, 0.0))


def test_the_highest_draw_is_the_newest_window() -> None:
    windows = Windows.between(np.array([2, 5]), np.array([0, 8]))
    numbers = windows.draw(HighestDraws(np.random.PCG64(0)), (3,), recency=3.0)
    assert windows.origins(numbers).ends.tolist() == [8] * 3


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(1, 50))
def test_spread_takes_some_evenly_and_each_once(counts: list[int], most: int) -> None:
    first = np.zeros(len(counts), dtype=np.int64)
    windows = Windows.between(first, np.array(counts) - 1)
    spread = windows.spread(most)
    chosen = list(zip(spread.series.tolist(), spread.ends.tolist(), strict=True))
    assert len(chosen) == len(set(chosen)) == min(most, len(windows))
    plain = [(series, end) for series, count in enumerate(counts) for end in range(count)]
    places = [plain.index(one) for one in chosen]
    assert places == sorted(places)
    if len(places) > 1:
        assert (places[0], places[-1]) == (0, len(plain) - 1)
        gaps = np.diff(places)
        assert gaps.max() - gaps.min() <= 1


# gathering


def sliced(panel: Panel, scaler: Scaler, series: int, end: int, context: int, horizon: int) -> dict[str, np.ndarray]:
    """One window by plain slicing: what a gather must equal."""
    rows = panel.values[panel.offsets[series] : panel.offsets[series + 1]]
    back = [max(step, 0) for step in range(end - context, end)]
    span = [max(step, 0) for step in range(end - context, end + horizon)]
    scaled = scaler.apply(rows[:, 1:])
    ahead = (panel.ahead[series] - scaler.centre[len(panel.past) :]) / scaler.scale[len(panel.past) :]
    known = np.concatenate([scaled[:, len(panel.past) :], ahead])
    return {
        "target": rows[back, 0],
        "observed": np.array([step >= 0 for step in range(end - context, end)]),
        "covariates": scaled[back],
        "known": known[span],
        "answer": np.array([rows[step, 0] for step in span if step < len(rows)]),
        "phase": np.array(end),
    }


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(4, 12), min_size=1, max_size=4), st.integers(1, 7), st.integers(1, 3), st.integers(0, 99))
def test_a_gather_equals_plain_slicing(lengths: list[int], context: int, horizon: int, seed: int) -> None:
    panel = panel_of(lengths, seed=seed)
    scaler = Scaler.fit(panel.values[:, 1:])
    reader = WindowReader(panel, scaler, context, horizon, CPU)
    origins = every_origin(panel, panel.lengths - horizon)
    batch = reader.read(origins, answers=True)
    for k, (series, end) in enumerate(zip(*origins, strict=True)):
        plain = sliced(panel, scaler, series, end, context, horizon)
        for name in Batch._fields:
            np.testing.assert_allclose(getattr(batch, name)[k], plain[name], rtol=1e-6, atol=1e-6, err_msg=name)
        np.testing.assert_array_equal(batch.target[k], plain["target"])
        np.testing.assert_array_equal(batch.answer[k], plain["answer"])


def test_a_forecast_reads_what_is_known_beyond_the_end() -> None:
    panel = panel_of([6, 9])
    scaler = Scaler.fit(panel.values[:, 1:])
    batch = reader_of(panel).read(Origins.last(panel), answers=False)
    for series in range(2):
        expected = (panel.ahead[series, :3] - scaler.centre[2:]) / scaler.scale[2:]
        np.testing.assert_allclose(batch.known[series, -3:], expected, rtol=1e-5)


def test_before_the_beginning_the_first_value_stands_and_is_marked() -> None:
    panel = panel_of([8, 8])
    batch = reader_of(panel).read(Origins(np.array([1]), np.array([2])), answers=False)
    first, second = panel.series(1)[:2]
    assert batch.target[0].tolist() == [first, first, first, first, second]
    assert batch.observed[0].tolist() == [0, 0, 0, 1, 1]


def test_the_shapes_are_those_that_are_told() -> None:
    panel = panel_of([20, 20])
    batch = reader_of(panel, context=6, horizon=4).read(every_origin(panel, panel.lengths - 4), answers=True)
    shapes = {name: tuple(part.shape[1:]) for name, part in zip(Batch._fields, batch, strict=True)}
    expected = {"target": (6,), "observed": (6,), "covariates": (6, 3), "known": (10, 1), "answer": (10,), "phase": ()}
    assert shapes == expected and batch.phase.dtype == torch.int64
    assert batch.target.dtype == batch.answer.dtype == torch.float64
    assert batch.observed.dtype == batch.covariates.dtype == batch.known.dtype == torch.float32


def test_without_covariates_there_are_none() -> None:
    panel = panel_of([9], covariates=False)
    batch = reader_of(panel).read(Origins.last(panel), answers=False)
    assert batch.covariates.shape == (1, 5, 0) and batch.known.shape == (1, 8, 0) and batch.answer.shape == (1, 0)


# nothing after an origin


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(4, 12), min_size=1, max_size=4), st.integers(1, 7), st.data())
def test_trap_03_nothing_after_an_origin_is_read(lengths: list[int], context: int, data: st.DataObject) -> None:
    panel = panel_of(lengths)
    series = data.draw(st.integers(0, len(lengths) - 1))
    end = data.draw(st.integers(1, lengths[series]))
    later = slice(panel.offsets[series] + end, None)  # what follows in the series, and all series after it
    values = panel.values.copy()
    values[later, : 1 + len(panel.past)] = 1e9
    values[: panel.offsets[series]] = -1e9  # and all series before it
    corrupted = replace(panel, values=values)
    scaler = Scaler.fit(panel.values[:, 1:])
    origin = Origins(np.array([series]), np.array([end]))
    clean, dirty = (
        WindowReader(one, scaler, context, 3, CPU).read(origin, answers=False) for one in (panel, corrupted)
    )
    assert torch.equal(clean.target, dirty.target)
    assert torch.equal(clean.observed, dirty.observed)
    assert torch.equal(clean.covariates, dirty.covariates)
    assert torch.equal(clean.known[:, :context], dirty.known[:, :context])
    assert not clean.answer.numel() and not dirty.answer.numel()


# what it costs


class Counting(TorchDispatchMode):
    """Counts the operations of torch."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.calls[str(func)] += 1
        return func(*args, **(kwargs or {}))


def test_trap_04_a_batch_is_a_few_gathers_however_many_windows() -> None:
    panel = panel_of([30] * 50)
    reader = reader_of(panel)
    origins = every_origin(panel, panel.lengths - 3)
    counts = []
    for size in (1, len(origins.ends)):
        with Counting() as counting:
            reader.read(Origins(*(part[:size] for part in origins)), answers=True)
        counts.append(counting.calls)
    assert counts[0] == counts[1]
    assert sum(counts[0].values()) < 40


def test_trap_04_numbering_takes_no_python_for_each_window() -> None:
    windows = Windows.between(np.full(2000, 10), np.full(2000, 10_009))
    assert len(windows) == 20_000_000
    tracemalloc.start()
    origins = windows.origins(np.array([0, 19_999_999]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert origins.series.tolist() == [0, 1999] and origins.ends.tolist() == [10, 10_009]
    assert peak < 200_000


def test_trap_17_windows_are_never_all_in_memory() -> None:
    series, context, horizon = 2000, 32, 4
    peak_of_a_fit(2, 50, context, horizon)  # what is loaded once
    lengths = (100, 200)  # both searched for analogues
    peaks = {length: peak_of_a_fit(series, length, context, horizon) for length in lengths}
    constant, more = 60e6, series * 100 * 8
    for ours, torchs in peaks.values():
        assert ours < constant
        assert torchs < constant
    assert peaks[200][0] - peaks[100][0] < 1.5 * more
    assert peaks[200][1] - peaks[100][1] < 1.5 * more  # partly the same memory: torch's view of numpy's
    assert constant + 2 * 2 * more < series * (200 - context - horizon) * (context + horizon) * 8, (
        "all windows would fit"
    )


def peak_of_a_fit(series: int, length: int, context: int, horizon: int) -> tuple[int, int]:
    """The most bytes that Python and numpy hold during a fit, and the most that torch does."""
    steps = np.arange(length)
    reading = gatecast.read(np.sin(steps / 5 + np.arange(series)[:, None]) + 0.1 * np.cos(steps * steps))
    model = gatecast.Forecaster(horizon, season=None, context=context, steps=2, device="cpu")
    tracemalloc.start()
    with Storages() as storages:
        model.fit(reading)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, storages.most


class Storages(TorchDispatchMode):
    """Follows the bytes that torch holds: every storage from its making to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else (made,):
            if not isinstance(tensor, torch.Tensor):
                continue
            storage = tensor.untyped_storage()
            if storage._cdata in self.known:
                continue
            self.known.add(storage._cdata)
            size = storage.nbytes()
            self.now += size
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self._gone, storage._cdata, size)
        return made

    def _gone(self, key: int, size: int) -> None:
        self.known.discard(key)
        self.now -= size


def test_a_covariate_beyond_computing_stays_finite_and_leaves_the_others_as_they_are() -> None:
    panel = panel_of([12])
    values, ahead = panel.values.copy(), panel.ahead.copy()
    values[11, 1], ahead[0, 0, 0] = 1e299, -1e299
    scaler = Scaler.fit(panel.values[:11, 1:])
    wild = replace(panel, values=values, ahead=ahead)
    origin = Origins(np.array([0]), np.array([12]))
    plain, odd = (WindowReader(p, scaler, 5, 3, CPU).read(origin, answers=False) for p in (panel, wild))
    assert torch.isfinite(odd.covariates).all() and torch.isfinite(odd.known).all()
    assert odd.covariates[0, -1, 0] > 1000 and odd.known[0, 5, 0] < -1000
    assert torch.equal(odd.covariates[..., 1:], plain.covariates[..., 1:])
    assert torch.equal(odd.known[:, 6:], plain.known[:, 6:])


def test_windows_after_some_rows_are_those_that_have_so_many_before_them() -> None:
    windows = Windows(np.array([2, 5, 2]), np.array([10, 3, 4]))
    later = windows.after(6)
    assert later.first.tolist() == [6, 6, 6] and later.counts.tolist() == [6, 2, 0]
    assert windows.after(2).first.tolist() == [2, 5, 2] and len(windows.after(2)) == len(windows)
