"""Judging: metrics, naive baselines, rolling back-tests, diagnostics. Works for any `Predictor`; knows no networks."""

from gatecast.evaluation.scores import Scores
from gatecast.evaluation.verdict import Verdict

__all__ = ["Scores", "Verdict"]
