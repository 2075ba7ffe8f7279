"""The public names, and what `import gatecast` costs."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from importlib.metadata import version

import pytest

import gatecast

NAMES = [
    "Classifier",
    "ClosedLoop",
    "Comparison",
    "Ensemble",
    "Forecast",
    "Forecaster",
    "Panel",
    "Scores",
    "__version__",
    "compare",
    "datasets",
    "errors",
    "inspect",
    "load",
    "read",
]
HEAVY = {"torch", "polars", "plotly", "numpy", "narwhals", "pydantic", "pandas", "safetensors", "typer", "rich"}


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after the statement."""
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_public_names_are_these() -> None:
    assert gatecast.__all__ == NAMES
    assert dir(gatecast) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(gatecast, name) is not None


def test_a_name_is_the_thing_of_its_own_module() -> None:
    assert gatecast.Panel is importlib.import_module("gatecast.panel").Panel
    assert gatecast.Forecaster is importlib.import_module("gatecast.forecaster").Forecaster
    assert gatecast.errors is importlib.import_module("gatecast.errors")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'forecats'"):
        _ = gatecast.forecats  # type: ignore[attr-defined]


def test_the_version_is_the_installed_one() -> None:
    assert gatecast.__version__ == version("gatecast")


def test_trap_18_import_is_light() -> None:
    assert not modules_after("import gatecast") & HEAVY
    assert not modules_after("import gatecast; dir(gatecast); gatecast.errors") & HEAVY


def test_reading_names_of_the_panel_brings_no_torch() -> None:
    assert "torch" not in modules_after("import gatecast; gatecast.Panel; gatecast.Forecast")
