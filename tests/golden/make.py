"""Make the golden model of the present schema: `python tests/golden/make.py`. Once a schema, then kept for ever.

A folder `schema-N/` holds a small saved model, and `expected.json` with what it forecast on the day it was saved.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import gatecast
from gatecast.artifact import schema_version

HERE = Path(__file__).parent


def main() -> None:
    steps = np.arange(120)
    series = np.stack(
        [10 + 3 * np.sin(steps * 2 * np.pi / 12) + 0.05 * steps, 200 + 5 * np.cos(steps * 2 * np.pi / 12)]
    )
    model = gatecast.Forecaster(horizon=3, season=12, context=24, steps=10, device="cpu").fit(series)
    forecast = model.predict()
    place = HERE / f"schema-{schema_version()}"
    place.mkdir()  # refuses to make a golden model anew
    model.save(place / "model")
    numbers = {"point": forecast.point, "lower": forecast.lower, "upper": forecast.upper, "time": forecast.time}
    expected = {name: value.tolist() for name, value in numbers.items()}
    (place / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
