"""Scaling of covariates: fitted once, inverted exactly."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gatecast.scaling import Scaler

TABLES = arrays(
    np.float64,
    st.tuples(st.integers(1, 20), st.integers(1, 4)),
    elements=st.floats(-1e12, 1e12, allow_subnormal=False),
)


@settings(deadline=None, max_examples=50)
@given(TABLES)
def test_scaled_columns_are_centred_and_of_unit_size_and_come_back(values: np.ndarray) -> None:
    scaler = Scaler.fit(values)
    scaled = scaler.apply(values)
    assert np.isfinite(scaled).all() and (scaler.scale > 0).all()
    size = np.abs(values).max(axis=0) + 1e-300
    np.testing.assert_allclose(scaler.invert(scaled) / size, values / size, atol=1e-12)
    varied = values.std(axis=0) > 1e-6 * size
    np.testing.assert_allclose(scaled.mean(axis=0)[varied], 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0)[varied], 1, atol=1e-6)


def test_a_constant_column_becomes_zero() -> None:
    scaler = Scaler.fit(np.array([[3.0, 1.0], [3.0, 2.0]]))
    assert scaler.apply(np.array([[3.0, 1.5]])).tolist() == [[0.0, 0.0]]


def test_without_columns_nothing_happens() -> None:
    scaler = Scaler.fit(np.zeros((5, 0)))
    assert scaler.apply(np.zeros((5, 0))).shape == (5, 0)
    assert scaler.invert(np.zeros((5, 0))).shape == (5, 0)


@settings(deadline=None, max_examples=50)
@given(TABLES)
def test_it_survives_json_to_the_last_bit(values: np.ndarray) -> None:
    scaler = Scaler.fit(values)
    again = Scaler.from_dict(json.loads(json.dumps(scaler.to_dict())))
    assert np.array_equal(again.centre, scaler.centre) and np.array_equal(again.scale, scaler.scale)


def test_numbers_whose_squares_are_beyond_computing_are_scaled() -> None:
    values = np.array([[1e300, 5e-324], [-1e300, 0.0], [0.0, 5e-324]])
    scaler = Scaler.fit(values)
    assert np.isfinite(scaler.centre).all() and np.isfinite(scaler.scale).all() and (scaler.scale > 0).all()
    np.testing.assert_allclose(scaler.apply(values)[:, 0], [1.5**0.5, -(1.5**0.5), 0])
    assert np.isposinf(Scaler(np.array([-1e308]), np.array([1.0])).apply(np.array([[1.7e308]]))).all()
