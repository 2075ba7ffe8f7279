"""Every model that was ever saved still loads, and forecasts what it forecast then.

`tests/golden/make.py` makes the golden model of a new schema.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import gatecast
from gatecast.artifact import schema_version

GOLDEN = Path(__file__).parent / "golden"
SCHEMAS = sorted(folder.name for folder in GOLDEN.glob("schema-*"))


def test_every_schema_has_a_golden_model() -> None:
    assert {f"schema-{n}" for n in range(1, schema_version() + 1)} == set(SCHEMAS)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_trap_06_saved_models_load_for_ever(schema: str) -> None:
    forecast = gatecast.load(GOLDEN / schema / "model", device="cpu").predict()
    expected = json.loads((GOLDEN / schema / "expected.json").read_text(encoding="utf-8"))
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(forecast, name), value, rtol=1e-5)  # processors round differently
