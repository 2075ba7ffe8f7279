"""What each part of the default is worth: the same fit without it, on the same data.

    python benchmarks/ablation.py [FOLDER] [--tables small,weekly,hourly] [--only WORDS] [--seeds N]

FOLDER holds `m4_hourly_train.csv` and `m4_weekly_train.csv`, whose last horizon is held out as `m4.py` does; there
`error` is OWA. `small` are the kinds of `robust.py` below 2000 rows, at most three tables of each, those of FOLDER
among them; there it is mean MASE over that of the best naive forecast with hindsight, the geometric mean of the kinds.
Steps and members are fixed, so that nothing hangs on the clock. It may be run in parts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import m4
import numpy as np
from ablation_parts import JUDGING, LEARNING, Part, UnaffectedError, training_once
from measure import show
from record import write_record
from robust import LEVELS, scores_of
from robust_sets import Kind, bundled, made, of_folder

import gatecast as gc
from gatecast.evaluation.metrics import msis
from gatecast.forecaster.plan import SMALL

SIZES = {"weekly": (700, 3), "hourly": (500, 4)}  # steps of the scout; members, one of each kind
MOST_TABLES = 3


class Score(NamedTuple):
    """error: what the table is judged by. interval: MSIS of the 95 % interval. inside: shares of 80 and 95 %."""

    error: float
    interval: float
    inside80: float
    inside95: float


def of_competition(name: str, folder: Path) -> Callable[[int], Score]:
    """Fits one of M4's tables without its last horizon, and judges it there."""
    group = m4.GROUPS[name]
    ids, series = m4.read_rows(folder / f"m4_{name}_train.csv")
    pasts, actual = [y[: -group.horizon] for y in series], np.array([y[-group.horizon :] for y in series])
    naive = np.array([m4.naive2(y, group.horizon, group.period) for y in pasts])
    base, frame = m4.measures(pasts, actual, naive, group.period), m4.as_frame(ids, pasts)

    def fitted(seed: int) -> Score:
        steps, members = SIZES[name]
        wishes = {"horizon": group.horizon, "season": group.season, "steps": steps, "members": members}
        forecast = gc.Forecaster(**wishes, seed=seed).fit(frame).predict()
        found = m4.judged(group, pasts, actual, base, forecast)
        return Score(found["owa"], found["msis"], found["inside80"], found["inside95"])

    return fitted


def of_kinds(kinds: list[Kind]) -> Callable[[int], Score]:
    """Fits tables of these kinds, and judges them as `robust.py` does."""

    def fitted(seed: int) -> Score:
        found = np.array([judged(kind, seed) for kind in kinds])
        error, interval = np.exp(np.log(found[:, :2]).mean(0))
        return Score(float(error), float(interval), *found[:, 2:].mean(0).tolist())

    return fitted


def judged(kind: Kind, seed: int) -> Score:
    """Means over the tables of one kind; the error is over that of its best naive forecast."""
    ours, theirs = [], []
    for table in kind.tables[:MOST_TABLES]:
        scores, _ = scores_of(kind, table, seed)
        found, own = scores.table(), scores.predictions["default"]
        interval = msis(scores.actual, own.lower, own.upper, LEVELS, scores.scale)[-1]
        ours.append([found["MASE"][0], interval, *(found[f"coverage-{level}"][0] for level in LEVELS)])
        theirs.append(found["MASE"][1:])
    error, *others = np.mean(ours, axis=0).tolist()
    return Score(error / float(np.mean(theirs, axis=0).min()), *others)


def ablated(table: str, fitted: Callable[[int], Score], only: str, seeds: int) -> list[dict[str, Any]]:
    """A row for all parts together, and one for each that changes anything where it is left out; prints them."""
    stores = [{} for _ in range(seeds)]
    whole = without(nullcontext, fitted, stores)
    rows = [row(table, "nothing", whole, whole)]
    for name, part in (JUDGING | LEARNING).items():
        if any(word in name for word in only.split("|")):
            found = without(part, fitted, stores if name in JUDGING else [{} for _ in range(seeds)])
            if found and found != whole:
                rows.append(row(table, name, found, whole))
                print(rows[-1], flush=True)
    return rows


def without(part: Part, fitted: Callable[[int], Score], stores: list[dict[Any, Any]]) -> list[Score]:
    """The scores without it, by seed; none where the plan has no such part. stores: what is learnt, by seed."""
    found = []
    try:
        for seed, store in enumerate(stores):
            with part(), training_once(store):
                found.append(fitted(seed))
    except UnaffectedError:
        return []
    return found


def row(table: str, name: str, found: list[Score], whole: list[Score]) -> dict[str, Any]:
    """found, whole: the scores without this part and with all of them, by seed."""
    ours, theirs = (Score(*np.mean(scores, axis=0)) for scores in (found, whole))
    return {
        "table": table,
        "without": name,
        "error": round(ours.error, 4),
        "more_error": None if found is whole else f"{ours.error / theirs.error - 1:+.1%}",
        "by_seed": ", ".join(f"{one.error:.4f}" for one in found),
        "msis": round(ours.interval, 2),
        "more_msis": None if found is whole else f"{ours.interval / theirs.interval - 1:+.1%}",
        "inside80": round(ours.inside80, 3),
        "inside95": round(ours.inside95, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--tables", help="some of small, weekly and hourly; as a rule all that the folder has")
    parser.add_argument("--only", default="", help="parts whose name holds one of these words, between |")
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    names = (given.tables or ("small,weekly,hourly" if given.folder else "small")).split(",")
    rows = []
    for name in names:
        if name == "small":
            kinds = chain(made(), bundled(), of_folder(given.folder) if given.folder else ())
            fitted = of_kinds([kind for kind in kinds if len(kind.tables[0]) < SMALL])
        else:
            fitted = of_competition(name, given.folder)
        rows += ablated(name, fitted, given.only, given.seeds)
    show(rows)
    write_record("ablation", rows, key=("table", "without"))


if __name__ == "__main__":
    main()
