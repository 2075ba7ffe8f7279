"""Measures of class probabilities: what was said beside what came. Numpy only; knows no classifier and no panel.

Shapes everywhere: `probability` is (windows, classes), each row summing to 1; `actual` (windows,) the class that came,
counted from 0. Nothing here warns; what is not defined (the ROC of a class that never came) is NaN or empty.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_LEAST = 1e-15  # a probability of 0 for what came costs 34.5, not infinity
_MOST_BINS, _LEAST_IN_BIN = 10, 50


class Roc(NamedTuple):
    """A receiver operating characteristic: one point a threshold, from (0, 0) to (1, 1).

    false, true: (points,) share of the other windows, and of the class's own, that are called the class.
    area: under the curve; 0.5 is chance, 1 perfect; NaN where the class came always or never.
    """

    false: np.ndarray
    true: np.ndarray
    area: float


class Reliability(NamedTuple):
    """What was said beside what came, in bins of about equal size, rising.

    said, came: (bins,) mean probability, and share of windows in which the class came. count: (bins,) windows.
    """

    said: np.ndarray
    came: np.ndarray
    count: np.ndarray


def frequencies(actual: np.ndarray, classes: int) -> np.ndarray:
    """(classes,) how often each class came: the base rate. One window of each is added (Laplace's rule of succession),

    so that a class that did not come yet is rare, not impossible.
    """
    counts = np.bincount(actual, minlength=classes) + 1.0
    return counts / counts.sum()


def log_losses(actual: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """(windows,) −ln of the probability of what came (Good, 1952), in nats."""
    return -np.log(np.maximum(probability[np.arange(len(actual)), actual], _LEAST))


def brier_scores(actual: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """(windows,) squared distance from certainty of what came, over all classes, 0 to 2 (Brier, 1950)."""
    came = np.eye(probability.shape[1])[actual]
    return ((probability - came) ** 2).sum(axis=1)


def accuracy(actual: np.ndarray, probability: np.ndarray) -> float:
    """Share of windows whose most probable class came; of equally probable ones the first counts."""
    return float((probability.argmax(axis=1) == actual).mean())


def confusion(actual: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """(classes, classes) windows: row = the class that came, column = the class that was most probable."""
    classes = probability.shape[1]
    pairs = actual * classes + probability.argmax(axis=1)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def roc(actual: np.ndarray, probability: np.ndarray, which: int) -> Roc:
    """The curve of one class against the rest (Fawcett, 2006); windows of equal probability are one point."""
    score, positive = probability[:, which], actual == which
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)  # of each run of equal probabilities
    true = np.concatenate([[0], np.cumsum(positive[order])[last]])
    false = np.concatenate([[0], np.cumsum(~positive[order])[last]])
    if not true[-1] or not false[-1]:
        return Roc(np.zeros(0), np.zeros(0), float("nan"))
    true, false = true / true[-1], false / false[-1]
    return Roc(false, true, float(((true[1:] + true[:-1]) / 2 * np.diff(false)).sum()))


def mean_area(actual: np.ndarray, probability: np.ndarray) -> float:
    """Area under the ROC curve, averaged over the classes that came; of two classes it is the same for both."""
    areas = np.array([roc(actual, probability, which).area for which in range(probability.shape[1])])
    known = areas[np.isfinite(areas)]
    return float(known.mean()) if len(known) else float("nan")


def reliability(actual: np.ndarray, probability: np.ndarray, which: int) -> Reliability:
    """How often a class came where it was called so probable. At most ten bins, each of 50 windows or more.

    Bins of equal size say more than bins of equal width, most of which are empty (Nguyen & O'Connor, 2015).
    """
    score = probability[:, which]
    bins = int(np.clip(len(score) // _LEAST_IN_BIN, 1, _MOST_BINS))
    rank = np.searchsorted(np.sort(score), score)  # equal probabilities have one rank, and so one bin
    _, place = np.unique(rank * bins // max(len(score), 1), return_inverse=True)
    count = np.bincount(place)
    return Reliability(np.bincount(place, score) / count, np.bincount(place, actual == which) / count, count)


def calibration_error(actual: np.ndarray, probability: np.ndarray) -> float:
    """Mean distance between what was said and what came, over bins and classes, 0 to 1 (Kull et al., 2019, eq. 3).

    Of two classes it is the expected calibration error of one of them (Naeini et al., 2015). Chance alone makes it
    positive: about 0.06 for bins of 50 windows.
    """
    errors = []
    for which in range(probability.shape[1]):
        said, came, count = reliability(actual, probability, which)
        errors.append(float(np.average(np.abs(said - came), weights=count)))
    return float(np.mean(errors))
