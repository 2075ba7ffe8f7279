"""M4 Hourly and Weekly: sMAPE, MASE, OWA and MSIS of the default forecaster, seed by seed.

    python benchmarks/m4.py FOLDER [--groups hourly,weekly] [--seeds 5] [--budget SECONDS] [--test FOLDER]
                                   [--device cuda]

FOLDER holds `m4_hourly_train.csv` and `m4_weekly_train.csv` (one series a row, its id first). Without `--test` the
last horizon of the training part is held out and forecast, and Naive2 is computed on it; with it, the held-out parts
`m4_hourly_test.csv` and `m4_weekly_test.csv` are forecast, for a record of their own. With `--budget` nothing is
recorded, but of a GPU: `--device cuda` trains there, for a record of its own. Metrics and Naive2 as in Makridakis et
al., 2020.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from record import write_record

import gatecast as gc


@dataclass(frozen=True)
class Group:
    """One frequency of the M4 competition, with what its forecaster is told."""

    name: str
    horizon: int
    period: int
    season: tuple[int, ...] | str
    budget: float | None


GROUPS = {
    "hourly": Group("hourly", 48, 24, (24, 168), 240),
    "weekly": Group("weekly", 13, 1, "auto", 120),
}


def read_rows(path: Path) -> tuple[list[str], list[np.ndarray]]:
    """Ids and series of a file with one series a row."""
    lines = path.read_text().replace('"', "").splitlines()[1:]
    rows = [line.split(",") for line in lines]
    return [row[0] for row in rows], [
        np.array([float(cell) for cell in row[1:] if cell not in ("", "NA")]) for row in rows
    ]


def naive2(y: np.ndarray, horizon: int, period: int) -> np.ndarray:
    """The last value, of the series adjusted by classical multiplicative indices where it is seasonal."""
    if period == 1 or not is_seasonal(y, period):
        return np.full(horizon, y[-1])
    kernel = np.ones(period + 1) / period
    kernel[[0, -1]] /= 2
    trend = np.convolve(y, kernel, "valid")
    ratio = np.full(len(y), np.nan)
    ratio[period // 2 : period // 2 + len(trend)] = y[period // 2 : period // 2 + len(trend)] / trend
    phase = np.arange(len(y)) % period
    index = np.array([np.nanmean(ratio[phase == p]) for p in range(period)])
    index *= period / index.sum()
    ahead = (len(y) + np.arange(horizon)) % period
    return y[-1] / index[phase[-1]] * index[ahead]


def is_seasonal(y: np.ndarray, period: int) -> bool:
    """M4's test: is the autocorrelation at the period outside its 90 % limits?"""
    if len(y) < 3 * period:
        return False
    x = y - y.mean()
    acf = np.array([1.0] + [x[k:] @ x[:-k] for k in range(1, period + 1)])
    acf[1:] /= x @ x
    limit = 1.645 * np.sqrt((1 + 2 * np.sum(acf[1:period] ** 2)) / len(y))
    return abs(acf[period]) > limit


def measures(pasts: list[np.ndarray], actual: np.ndarray, point: np.ndarray, period: int) -> tuple[float, float]:
    """M4's sMAPE (percent) and MASE, means over the series."""
    smape = np.mean(200 * np.abs(actual - point) / (np.abs(actual) + np.abs(point)))
    scale = np.array([np.mean(np.abs(y[period:] - y[:-period])) for y in pasts])
    return float(smape), float(np.mean(np.abs(actual - point).mean(1) / scale))


def msis(pasts: list[np.ndarray], actual: np.ndarray, lower: np.ndarray, upper: np.ndarray, period: int) -> float:
    """Mean scaled interval score of the 95 % interval."""
    scale = np.array([np.mean(np.abs(y[period:] - y[:-period])) for y in pasts])
    miss = 40 * (np.maximum(lower - actual, 0) + np.maximum(actual - upper, 0))
    return float(np.mean((upper - lower + miss).mean(1) / scale))


def judged(
    group: Group, pasts: list[np.ndarray], actual: np.ndarray, base: tuple[float, float], forecast: gc.Forecast
) -> dict[str, float]:
    """All measures of a forecast. base: those of Naive2."""
    smape, mase = measures(pasts, actual, forecast.point, group.period)
    lower, upper = forecast.lower, forecast.upper
    inside = np.mean((actual[..., None] >= lower) & (actual[..., None] <= upper), axis=(0, 1)).tolist()
    return {
        "smape": smape,
        "mase": mase,
        "owa": (smape / base[0] + mase / base[1]) / 2,
        "msis": msis(pasts, actual, lower[..., -1], upper[..., -1], group.period),
        "inside80": inside[0],
        "inside95": inside[1],
    }


def as_frame(ids: list[str], series: list[np.ndarray]):
    """A long table with counted steps."""
    import polars as pl

    return pl.DataFrame(
        {
            "unique_id": np.repeat(ids, [len(y) for y in series]),
            "ds": np.concatenate([np.arange(len(y)) for y in series]),
            "y": np.concatenate(series),
        }
    )


def run(
    group: Group, folder: Path, test: Path | None, seeds: int, budget: float | None, device: str
) -> list[dict[str, Any]]:
    """One row a seed."""
    ids, series = read_rows(folder / f"m4_{group.name}_train.csv")
    if test:
        pasts, actual = series, np.array([y[: group.horizon] for y in read_rows(test / f"m4_{group.name}_test.csv")[1]])
    else:
        pasts = [y[: -group.horizon] for y in series]
        actual = np.array([y[-group.horizon :] for y in series])
    base = measures(pasts, actual, np.array([naive2(y, group.horizon, group.period) for y in pasts]), group.period)
    frame = as_frame(ids, pasts)
    rows = []
    for seed in range(seeds):
        start = time.perf_counter()
        wishes = {"horizon": group.horizon, "season": group.season, "budget": budget or group.budget}
        model = gc.Forecaster(**wishes, seed=seed, device=device)
        forecast = model.fit(frame).predict()
        seconds = time.perf_counter() - start
        digits = {"owa": 4, "msis": 2}
        found = judged(group, pasts, actual, base, forecast)
        row = {
            "group": group.name,
            "seed": seed,
            "budget": wishes["budget"],
            "seconds": round(seconds, 1),
            "steps": model.history.steps,
            **{name: round(value, digits.get(name, 3)) for name, value in found.items()},
        }
        print(row, flush=True)
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--groups", default="hourly,weekly")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--budget", type=float)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    given = parser.parse_args()
    rows = [
        row
        for name in given.groups.split(",")
        for row in run(GROUPS[name], given.folder, given.test, given.seeds, given.budget, given.device)
    ]
    if given.budget is None or given.device != "cpu":  # another budget says nothing of the default, whose rows stay
        write_record("m4-test" if given.test else "m4", rows, ("group", "seed"), given.device)


if __name__ == "__main__":
    main()
