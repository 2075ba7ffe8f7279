"""Make the golden models of the present schema: `python tests/golden/make.py`. Once a schema, then kept for ever.

A folder `schema-N/KIND/` holds a small saved model, and `expected.json` with what it forecast on the day it was saved.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import gatecast
from gatecast.artifact import schema_version

HERE = Path(__file__).parent
CPU: dict[str, Any] = {"device": "cpu"}
STEPS = np.arange(120)
SERIES = np.stack(
    [10 + 3 * np.sin(STEPS * 2 * np.pi / 12) + 0.05 * STEPS, 200 + 5 * np.cos(STEPS * 2 * np.pi / 12)]
)  # (2, 120)


def forecaster() -> gatecast.Forecaster:
    return gatecast.Forecaster(horizon=3, season=12, context=24, steps=10, **CPU).fit(SERIES)


def ensemble() -> gatecast.Ensemble:
    members = [
        gatecast.Forecaster(horizon=3, model=model, context=context, steps=10, **CPU)
        for model, context in (("lstm", 24), ("mlp", 12))
    ]
    return gatecast.Ensemble(members, combine="stacking").fit(SERIES)


def closed_loop() -> gatecast.ClosedLoop:
    return gatecast.ClosedLoop(hidden=(6, 4), steps=2, horizon=3, **CPU).fit(SERIES)


def classifier() -> gatecast.Classifier:
    return gatecast.Classifier(horizon=2, context=24, steps=200, **CPU).fit(SERIES)


KINDS: dict[str, Callable[[], Any]] = {
    "forecaster": forecaster,
    "ensemble": ensemble,
    "closed-loop": closed_loop,
    "classifier": classifier,
}


def numbers(forecast: Any) -> dict[str, list[Any]]:
    """What is compared: every array that the forecast holds."""
    return {name: value.tolist() for name, value in vars(forecast).items() if isinstance(value, np.ndarray)}


def main() -> None:
    for kind, make in KINDS.items():
        place = HERE / f"schema-{schema_version()}" / kind
        place.mkdir(parents=True)  # refuses to make a golden model anew
        model = make()
        model.save(place / "model")
        expected = json.dumps(numbers(model.predict()), indent=1)
        (place / "expected.json").write_text(expected + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
