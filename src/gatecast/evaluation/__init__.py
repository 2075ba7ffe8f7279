"""Judging: metrics, naive baselines, rolling back-tests, diagnostics. Works for any `Predictor`; knows no networks."""

from gatecast.evaluation.backtest import backtest, past_of, rolling_origins, score, shortest
from gatecast.evaluation.baselines import Drift, MovingAverage, Naive, SeasonalNaive, baselines, method_name
from gatecast.evaluation.scale import naive_scale
from gatecast.evaluation.scores import Scores
from gatecast.evaluation.verdict import Verdict

__all__ = [
    "Drift",
    "MovingAverage",
    "Naive",
    "Scores",
    "SeasonalNaive",
    "Verdict",
    "backtest",
    "baselines",
    "method_name",
    "naive_scale",
    "past_of",
    "rolling_origins",
    "score",
    "shortest",
]
