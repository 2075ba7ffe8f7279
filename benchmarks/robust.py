"""The default forecaster beside the best naive forecast, on many kinds of series.

    python benchmarks/robust.py [FOLDER] [--only WORDS] [--seed N]

The best naive forecast is chosen with hindsight, on the very windows that are judged: of naive, seasonal naive, drift
and moving average, the one with the least mean MASE. FOLDER may hold AirPassengers.csv, ausbeer.csv, us_gasoline.csv
and monthly-sunspots.csv.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from measure import show
from record import write_record
from robust_sets import Kind, bundled, made, of_folder

import gatecast as gc
from gatecast.data import read
from gatecast.data.reading import ReadOptions
from gatecast.evaluation import Scores
from gatecast.evaluation.backtest import past_of, rolling_origins, score
from gatecast.evaluation.baselines import baselines

LEVELS = (80, 95)
AT_MOST = 1.02


def scores_of(kind: Kind, table: pl.DataFrame, seed: int) -> tuple[Scores, float]:
    """The default and the naive forecasts on one table, and the processor's seconds that the default took."""
    panel = read(table, ReadOptions(target="y", time="time", id="id")).panel
    origins = rolling_origins(panel, kind.horizon, kind.windows)
    past = past_of(panel, origins)
    start = time.process_time()
    model = gc.Forecaster(horizon=kind.horizon, seed=seed, steps=kind.steps).fit(past)
    predictions = {"default": model.predict_at(panel, origins)}
    seconds = time.process_time() - start
    for naive in baselines(kind.horizon, LEVELS, kind.seasons):
        predictions[naive.name] = naive.fit(past).predict_at(panel, origins)
    return score(list(predictions), predictions, panel, origins, LEVELS, kind.seasons), seconds


def judge(kind: Kind, seed: int) -> dict[str, Any]:
    """The mean errors over the tables of one kind."""
    errors, inside, seconds = defaultdict(list), [], 0.0
    for table in kind.tables:
        scores, took = scores_of(kind, table, seed)
        found, seconds = scores.table(), seconds + took
        for name, value in zip(found["method"], found["MASE"], strict=True):
            errors[name].append(float(value))
        inside.append([float(found[f"coverage-{level}"][0]) for level in LEVELS])
    means = {name: float(np.mean(values)) for name, values in errors.items()}
    ours = means.pop("default")
    best = min(means, key=lambda name: means[name])
    cover = np.mean(inside, axis=0)
    return {
        "series": kind.name,
        "tables": len(kind.tables),
        "mase": round(ours, 3),
        "best_naive": best,
        "naive_mase": round(means[best], 3),
        "ratio": round(ours / means[best], 3),
        "at_most": AT_MOST,
        "inside80": round(float(cover[0]), 3),
        "inside95": round(float(cover[1]), 3),
        "processor_seconds": round(seconds / len(kind.tables), 1),
    }


def judge_all(kinds: Iterable[Kind], only: str, seed: int) -> list[dict[str, Any]]:
    """A row for each kind whose name holds one of the words between |; prints them."""
    rows = []
    for kind in kinds:
        if any(word in kind.name for word in only.split("|")):
            rows.append(judge(kind, seed))
            print(rows[-1], flush=True)
    show(rows)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--only", default="", help="kinds whose name holds one of these words, between |")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    kinds = chain(made(), bundled(), of_folder(given.folder) if given.folder else ())
    rows = judge_all(kinds, given.only, given.seed)
    if not given.only:
        write_record("robust", rows)


if __name__ == "__main__":
    main()
