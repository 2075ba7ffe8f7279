"""The figures of studies 2 and 4 on every bundled stock: the network beside "tomorrow is today".

python benchmarks/studies.py [--studies 2,4] [--seed 0]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from measure import show
from record import write_record

from gatecast.studies import material, study2, study4


def of_study_2(ticker: str, seed: int) -> dict[str, Any]:
    """RMSE and R² on the test part, in the unit of the price."""
    found = study2.of_stock(ticker, study2.EPOCHS, seed=seed)
    table = found.judged.table
    return {
        "stock": ticker,
        "test_days": len(found.actual),
        "rmse": round(table["RMSE"][0], 3),
        "naive_rmse": round(table["RMSE"][1], 3),
        "r2": round(table["R2"][0], 4),
        "naive_r2": round(table["R2"][1], 4),
        "verdict": found.judged.verdict.kind,
        "seconds": round(found.marks[-1].seconds, 1),
    }


def of_study_4(ticker: str, seed: int) -> dict[str, Any]:
    """Training loss in units of the range beside that of tomorrow is today; then out of sample."""
    stock = study4.of_stock(ticker, study4.ITERATIONS, seed=seed)
    judged = stock.judged(study4.LSTM, study4.RNN)
    ratios = {
        "lstm": study4.LSTM,
        "rnn": study4.RNN,
        "range_only": study4.PUBLISHED,
        "lstm_says_change": study4.CHANGES,
    }
    return {
        "stock": ticker,
        "lstm_loss": f"{stock.trained[study4.LSTM].marks[-1].loss:.6f}",
        "naive_loss": f"{stock.trained[study4.LSTM].naive_loss:.6f}",
        **{f"{name}_ratio": round(stock.trained[case].ratio, 3) for name, case in ratios.items()},
        "at_most": 1.05,
        "lstm_seconds": round(stock.trained[study4.LSTM].marks[-1].seconds, 1),
        "rnn_seconds": round(stock.trained[study4.RNN].marks[-1].seconds, 1),
        "test_rmse": round(judged.table["RMSE"][0], 3),
        "naive_test_rmse": round(judged.table["RMSE"][-1], 3),
        "verdict": judged.verdict.kind,
    }


STUDIES: dict[str, Callable[[str, int], dict[str, Any]]] = {"2": of_study_2, "4": of_study_4}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", default=",".join(STUDIES))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for number in given.studies.split(","):
        rows = [STUDIES[number](ticker, given.seed) for ticker in material.STOCKS]
        show(rows)
        write_record(f"study-{number}", rows)


if __name__ == "__main__":
    main()
