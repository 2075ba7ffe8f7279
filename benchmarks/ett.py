"""ETTh1 by its own protocol: mean squared error over 96, 192, 336 and 720 hours, beside a ridge and naive forecasts.

    python benchmarks/ett.py FOLDER [--horizons 96,192,336,720] [--budget SECONDS] [--seeds 1] [--rows train|both]

FOLDER holds `ETTh1.csv` (Zhou et al., 2021). Twelve months train, four validate, four test; all in z-scores of the
training part; every window of the test part counts, none is dropped with a last batch. The seven columns are seven
series. The ridge is one linear map from 336 hours about their mean to the horizon, for all columns, in closed form
from the same training rows. With `--rows both` the forecaster is also given the four months for validation.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import polars as pl
from record import write_record

import gatecast as gc
from gatecast.forecast import Origins

MONTH = 30 * 24
TRAIN, VALIDATION, TEST = 12 * MONTH, 4 * MONTH, 4 * MONTH
INPUTS = 336


def scaled_columns(path: Path) -> tuple[list[str], np.ndarray]:
    """Names, and values (rows, columns) in z-scores of the training part."""
    table = pl.read_csv(path).drop("date")
    values = table.to_numpy()[: TRAIN + VALIDATION + TEST]
    return table.columns, (values - values[:TRAIN].mean(0)) / values[:TRAIN].std(0)


def as_frame(names: list[str], values: np.ndarray) -> pl.DataFrame:
    """A long table with counted hours."""
    rows = len(values)
    return pl.DataFrame(
        {
            "unique_id": np.repeat(names, rows),
            "ds": np.tile(np.arange(rows), len(names)),
            "y": values.T.ravel(),
        }
    )


def windows(values: np.ndarray, start: int, stop: int, length: int) -> np.ndarray:
    """All stretches of `length` rows that begin in start … stop − length: (windows, columns, length)."""
    return np.lib.stride_tricks.sliding_window_view(values[start:stop], length, axis=0)


def ridge(values: np.ndarray, horizon: int) -> np.ndarray:
    """The map (inputs, horizon), fitted on all windows of all columns of the training part."""
    squares, products = np.zeros((INPUTS, INPUTS)), np.zeros((INPUTS, horizon))
    for column in range(values.shape[1]):
        both = windows(values[:, [column]], 0, TRAIN, INPUTS + horizon)[:, 0]
        both = both - both[:, :INPUTS].mean(1, keepdims=True)
        squares += both[:, :INPUTS].T @ both[:, :INPUTS]
        products += both[:, :INPUTS].T @ both[:, INPUTS:]
    return np.linalg.solve(squares + 1e-4 * np.trace(squares) / INPUTS * np.eye(INPUTS), products)


def run(names: list[str], values: np.ndarray, horizon: int, budget: float, seed: int, rows: int) -> dict:
    """Scores of one horizon."""
    start = TRAIN + VALIDATION
    last = len(values) - horizon
    origins = np.arange(start, last + 1)
    actual = windows(values, start, len(values), horizon)  # (windows, columns, horizon)
    inputs = windows(values, start - INPUTS, last, INPUTS)
    centre = inputs.mean(2, keepdims=True)
    linear = (inputs - centre) @ ridge(values, horizon) + centre
    day = np.resize(np.arange(24), horizon) - 24 + INPUTS
    began = time.perf_counter()
    model = gc.Forecaster(horizon=horizon, season=24, budget=budget, seed=seed).fit(as_frame(names, values[:rows]))
    seconds = time.perf_counter() - began
    panel = gc.read(as_frame(names, values)).panel
    point = np.stack(
        [model.predict_at(panel, Origins(np.full(len(origins), k), origins)).point for k in range(len(names))], axis=1
    )
    row = {
        "horizon": horizon,
        "seed": seed,
        "seconds": round(seconds, 1),
        "steps": model.history.steps,
        "mse": round(float(np.mean((actual - point) ** 2)), 4),
        "mae": round(float(np.mean(np.abs(actual - point))), 4),
        "ridge": round(float(np.mean((actual - linear) ** 2)), 4),
        "last_day": round(float(np.mean((actual - inputs[:, :, day]) ** 2)), 4),
        "last_value": round(float(np.mean((actual - inputs[:, :, -1:]) ** 2)), 4),
        "windows": len(origins) * len(names),
    }
    print(row, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--horizons", default="96,192,336,720")
    parser.add_argument("--budget", type=float, default=120)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rows", choices=("train", "both"), default="train")
    given = parser.parse_args()
    names, values = scaled_columns(given.folder / "ETTh1.csv")
    rows = TRAIN if given.rows == "train" else TRAIN + VALIDATION
    table = [
        run(names, values, int(horizon), given.budget, seed, rows)
        for horizon in given.horizons.split(",")
        for seed in range(given.seeds)
    ]
    print({"mean": round(float(np.mean([row["mse"] for row in table])), 4)})
    write_record("ett", table)


if __name__ == "__main__":
    main()
