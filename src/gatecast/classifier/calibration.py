"""From what a network says to probabilities that may be believed, by windows that trained nothing. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatecast.evaluation.classes import log_losses

_TEMPERATURES = np.geomspace(0.2, 10.0, 79)
_LEAST = 1e-15
_SHARES = np.linspace(0.0, 1.0, 21)


@dataclass(frozen=True)
class Calibration:
    """temperature: what the network's logits are divided by (Guo et al., 2017); above 1 it was too sure of itself.

    share: how much its word counts beside the base rate; 0 = the base rate itself. base: (classes,) how often each
    class came in the data of the fit.
    """

    temperature: float
    share: float
    base: tuple[float, ...]

    @classmethod
    def fit(cls, logits: np.ndarray, actual: np.ndarray, base: np.ndarray, independent: int) -> Calibration:
        """Learn from held-out windows. logits: (windows, classes). actual: (windows,).

        independent: how many of the windows do not overlap. What was right in all of so few may be wrong in the next:
        the aims are that much short of certainty (Platt, 1999; Laplace's rule of succession). The best share is shrunk
        as its gain over the base rate is small beside its standard error, and is 0 where it is smaller (the positive
        part of James & Stein, 1961).
        """
        if not len(actual):
            return cls(1.0, 0.0, tuple(base.tolist()))
        surprise = len(base) / (independent + len(base))
        aims = (1 - surprise) * np.eye(len(base))[actual] + surprise * base
        losses = [_cross_entropy(aims, softmax(logits / t)).mean() for t in _TEMPERATURES]
        temperature = float(_TEMPERATURES[int(np.argmin(losses))])
        said = softmax(logits / temperature)
        by_share = [_cross_entropy(aims, share * said + (1 - share) * base).mean() for share in _SHARES]
        best = int(np.argmin(by_share))
        mixed = _SHARES[best] * said + (1 - _SHARES[best]) * base
        gains = log_losses(actual, np.tile(base, (len(actual), 1))) - log_losses(actual, mixed)
        gain, scatter = float(gains.mean()), float(gains.var()) / max(independent, 1)
        certain = max(0.0, 1 - scatter / gain**2) if gain > 0 else 0.0
        return cls(temperature, round(float(_SHARES[best]) * certain, 3), tuple(base.tolist()))

    def apply(self, logits: np.ndarray) -> np.ndarray:
        """(windows, classes) logits → probabilities, each row summing to 1."""
        return self.share * softmax(logits / self.temperature) + (1 - self.share) * np.array(self.base)


def _cross_entropy(aims: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """(windows,) −Σ aim · ln probability."""
    return -(aims * np.log(np.maximum(probability, _LEAST))).sum(axis=1)


def softmax(logits: np.ndarray) -> np.ndarray:
    """(windows, classes) → probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
