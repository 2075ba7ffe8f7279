"""Mutated files through the whole job: each must end in a finite forecast or in one of our errors.

    python benchmarks/fuzz.py [--files 2000] [--first 0] [--steps 2]

Files with even numbers are those of tests/data with bytes flipped, cut, doubled or spliced in: most of them can no
longer be read. Files with odd numbers are sound tables with extreme values, holes, repeats and jumps: most of them must
be forecast. `--first n --files 1` repeats file n and prints where it failed. Warnings count as failures.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from measure import show
from record import write_record

import gatecast as gc
from gatecast.data import ReadOptions

sys.path.append(str(Path(__file__).parent.parent / "tests" / "data"))
from test_read_fuzz import _mutate, _tables

HORIZON = 2
TABLES = _tables()
EMPTY = ("", "NA")
ODD = (*EMPTY, "0", "-0.0", "1", "1e15", "-1e15", "1e150", "1e300", "-1e300", "1e-300", "5e-324", "123456789.123456789")


class BrokenForecastError(Exception):
    """A forecast that should never have left the program."""


def mutant(number: int) -> tuple[bytes, ReadOptions]:
    """A file and how it is read."""
    random = np.random.default_rng(number)
    if number % 2:
        return extreme(random), ReadOptions(target="y", past=("volume",), future=("promo",))
    content, options = TABLES[number // 2 % len(TABLES)]
    if options.future and random.random() < 0.5:
        options = replace(options, future=(), past=options.future)
    return _mutate(content, random), options


def extreme(random: np.random.Generator) -> bytes:
    """One to three series of 3 to 80 days with a past covariate and one known ahead; parts of columns spoilt."""
    lines = ["id,day,y,volume,promo"]
    for name in "ABC"[: random.integers(1, 4)]:
        rows = int(random.integers(3, 81))
        table = random.normal(size=(rows + HORIZON, 3)).cumsum(0)
        cells = [[repr(float(value)) for value in row] for row in table]
        for _ in range(random.integers(1, 5)):
            spoil(cells[:rows], int(random.integers(0, 3)), random)
        for row in cells[rows:]:
            row[:2] = "", ""  # the days ahead
        days = (date(2020, 1, 1) + timedelta(row) for row in range(rows + HORIZON))
        lines += [",".join([name, day.isoformat(), *row]) for day, row in zip(days, cells, strict=True)]
    return "\n".join(lines).encode()


def spoil(cells: list[list[str]], column: int, random: np.random.Generator) -> None:
    """Give a stretch of a column, or single cells of it, something that data hold and networks dislike."""
    start, stop = sorted(int(row) for row in random.integers(0, len(cells) + 1, 2))
    rows = range(start, stop) if random.random() < 0.5 else [int(random.integers(0, len(cells)))]
    factor, value = 10.0 ** int(random.integers(-300, 300)), str(random.choice(ODD))
    scaled = random.random() < 0.3
    for row in rows:
        old = cells[row][column]
        cells[row][column] = f"{float(old) * factor:.17g}" if scaled and old not in EMPTY else value


def forecast(path: Path, options: ReadOptions, steps: int) -> str:
    """Fit and predict; "forecast", or the name of our error."""
    try:
        model = gc.Forecaster(HORIZON, steps=steps, members=1, device="cpu").fit(path, **asdict(options))
        found = model.predict()
        found.to_frame()
    except gc.errors.GatecastError as error:
        if not (error.text.english and error.text.chinese):
            raise BrokenForecastError("an error without words") from error
        return type(error).__name__
    if not all(np.isfinite(part).all() for part in (found.point, found.lower, found.upper)):
        raise BrokenForecastError("not finite")
    if (found.lower > found.point[..., None]).any() or (found.upper < found.point[..., None]).any():
        raise BrokenForecastError("a forecast outside its interval")
    return "forecast"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--steps", type=int, default=2)
    given = parser.parse_args()
    warnings.simplefilter("error")
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant.csv"
        for number in range(given.first, given.first + given.files):
            content, options = mutant(number)
            path.write_bytes(content)
            try:
                outcomes[forecast(path, options, given.steps)] += 1
            except Exception:  # whatever it is, it is what we are looking for
                outcomes["FAILED"] += 1
                print(f"file {number}:\n{traceback.format_exc()}", flush=True)
    rows = [{"outcome": outcome, "files": count} for outcome, count in outcomes.most_common()]
    show(rows)
    if given.files >= 1000:
        write_record("fuzz", rows)
    sys.exit(outcomes["FAILED"] > 0)


if __name__ == "__main__":
    main()
