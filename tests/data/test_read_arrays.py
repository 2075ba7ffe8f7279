"""Arrays and lists: (time,) or (series, time), never to be reshaped by the user."""

from __future__ import annotations

import numpy as np
import pytest

from gatecast.data import read
from gatecast.errors import DataError
from gatecast.panel import Panel


def test_trap_30_one_axis_is_time() -> None:
    panel = read(np.arange(5)).panel
    assert panel.y.tolist() == [0, 1, 2, 3, 4]
    assert panel.ids == ("0",)
    assert panel.layout.id is None


def test_trap_30_two_axes_are_series_and_time() -> None:
    panel = read(np.arange(6.0).reshape(2, 3)).panel
    assert panel.ids == ("0", "1")
    assert panel.offsets.tolist() == [0, 3, 6]
    assert panel.time.tolist() == [0, 1, 2, 0, 1, 2]
    assert panel.layout.id_is_integer


@pytest.mark.parametrize("shape", [(), (2, 3, 4), (1, 2, 3, 4)])
def test_trap_30_other_shapes_name_the_axes(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"\(time,\) or \(series, time\), got \d axes"):
        read(np.zeros(shape))


def test_trap_30_a_column_is_told_how_to_turn() -> None:
    with pytest.raises(DataError, match=r"array\.T"):
        read(np.arange(9.0)[:, None])


def test_lists_and_tuples() -> None:
    assert read([1, 2.5, None, 4]).panel.y.tolist() == [1, 2.5, 2.5, 4]
    assert read(((1, 2), (3, 4))).panel.lengths.tolist() == [2, 2]


@pytest.mark.parametrize("source", [[[1, 2], [3]], ["a", "b"], [True, False], [1, "2"], [1j, 2j], [[]], []])
def test_lists_that_are_no_series_are_refused(source: list[object]) -> None:
    with pytest.raises(DataError):
        read(source)


@pytest.mark.parametrize("source", [np.array([1, "x"], object), np.array(["1"]), np.array([True]), np.array([], float)])
def test_arrays_without_numbers_are_refused(source: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"dtype|empty"):
        read(source)


@pytest.mark.parametrize("source", [None, 5, {"y": [1, 2]}, object()])
def test_other_things_are_refused(source: object) -> None:
    with pytest.raises(DataError, match="path, a frame, or an array"):
        read(source)


def test_nan_is_an_empty_cell() -> None:
    nan = np.nan
    panel = read(np.array([[nan, 1, nan, 3, nan], [4, 5, 6, 7, 8]])).panel
    assert panel.series(0).tolist() == [1, 1, 3]
    assert panel.series(1).tolist() == [4, 5, 6, 7, 8]


def test_trap_08_infinite_value_names_series_and_row() -> None:
    with pytest.raises(DataError, match=r"infinite at series '1', row 2"):
        read(np.array([[1.0, 2, 3], [4, 5, np.inf]]))


def test_all_nan_is_refused() -> None:
    with pytest.raises(DataError, match="no value"):
        read(np.full(5, np.nan))


def test_the_callers_array_is_untouched() -> None:
    array = np.arange(5.0)
    panel = read(array).panel
    array[0] = -1
    assert array.flags.writeable
    assert panel.y[0] == 0


def test_masked_cells_are_empty() -> None:
    assert read(np.ma.masked_array([1, 2, 3], [False, True, False])).panel.y.tolist() == [1, 1, 3]


def test_panel_passes_through() -> None:
    panel = read(np.arange(5)).panel
    reading = read(panel)
    assert reading.panel is panel
    assert isinstance(reading.panel, Panel)
    assert reading.summary.english == "the data: 5 rows, 1 series, 1 column, index step 1, 0 to 4."
