"""Every model that was ever saved still loads, and forecasts what it forecast then.

`tests/golden/make.py` makes the golden models of a new schema.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import gatecast
from gatecast import loading
from gatecast.artifact import schema_version

GOLDEN = Path(__file__).parent / "golden"
MODELS = sorted(folder.parent for folder in GOLDEN.glob("schema-*/*/model"))


def test_every_schema_has_a_golden_model_of_every_kind() -> None:
    found = [(folder.parent.name, type(gatecast.load(folder / "model")).__name__) for folder in MODELS]
    wanted = [(f"schema-{n}", name) for n in range(1, schema_version() + 1) for _, name in loading._KINDS.values()]
    assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize("folder", MODELS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_trap_06_saved_models_load_for_ever(folder: Path) -> None:
    forecast = gatecast.load(folder / "model", device="cpu").predict()
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert expected
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(forecast, name), value, rtol=1e-5)  # processors round differently
