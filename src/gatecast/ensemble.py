"""Several forecasts as one: mean, median, trimmed mean, votes, and weights learnt from held-out windows. Numpy only.

Knows predictions and what came; knows nothing of who forecast. Quantiles are combined one by one (Vincent 1912): every
rule here keeps their order, so that intervals never cross.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from gatecast.errors import OptionError, nearest
from gatecast.forecast import Prediction

if TYPE_CHECKING:
    from collections.abc import Sequence

Rule = Literal["mean", "median", "trimmed", "greedy", "stacking"]

RULES: tuple[Rule, ...] = get_args(Rule)
LEARNT = ("greedy", "stacking")  # need held-out windows
_TRIMMED = 5  # of so many members the lowest and the highest are left out
_ROUNDS = 100  # of greedy selection
_DESCENTS = 5000
_CONVERGED = 1e-12


def check_rule(name: str) -> Rule:
    """Raises: OptionError unless it is one of the rules: lists them and offers the nearest."""
    for rule in RULES:
        if rule == name:
            return rule
    hint, listed = nearest(str(name), RULES), ", ".join(RULES)
    raise OptionError(
        f"no way to combine forecasts is named {name!r}{hint.english}; known: {listed}.",
        f"没有名为 {name!r} 的组合方法{hint.chinese}；可用：{listed}。",
    )


def combine(rule: Rule, predictions: Sequence[Prediction], weights: np.ndarray | None = None) -> Prediction:
    """One prediction from several for the same origins.

    "trimmed" leaves out the lowest and the highest of every five members at each place, one of each for three or four.
    weights: (members,) of the rules that learn them, non-negative, of sum one; None = equal.

    Raises: OptionError where the predictions are not of the same origins, horizon and levels.
    """
    shapes = {tuple(part.shape for part in prediction) for prediction in predictions}
    if len(shapes) != 1:
        raise OptionError(
            "forecasts can be combined only where all have the same horizon and levels, and there is at least one.",
            "只有步数与区间水平全部相同、且至少有一个预测时，才能组合。",
        )
    return Prediction(*(_combined(rule, np.stack(parts), weights) for parts in zip(*predictions, strict=True)))


def _combined(rule: Rule, members: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """members: (members, …)."""
    if rule == "median":
        return np.median(members, axis=0)
    if rule == "trimmed":
        count = len(members)
        cut = max(count // _TRIMMED, int(count > 2))
        return np.sort(members, axis=0)[cut : count - cut].mean(0)
    return members.mean(0) if weights is None else np.tensordot(weights, members, axes=1)


def votes(probabilities: Sequence[np.ndarray]) -> np.ndarray:
    """The share of the members that hold each class for the most probable: (n, classes), rows sum to one.

    probabilities: of every member (n, classes). Where a member holds two for equally probable, the first counts.
    """
    stacked = np.stack(probabilities)  # (members, n, classes)
    chosen = stacked.argmax(axis=2)
    return (chosen[:, :, None] == np.arange(stacked.shape[2])).mean(axis=0)


def learn_weights(rule: Rule, points: np.ndarray, actual: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(members,) weights of a rule that learns them, from windows that trained nothing; equal for the other rules.

    points: (members, windows, horizon). actual: (windows, horizon). scale: (windows,), positive: series of different
    size count alike.
    """
    count = len(points)
    errors = ((points - actual) / scale[:, None]).reshape(count, -1)  # (members, windows · horizon)
    if rule == "greedy":
        return _greedy(errors)
    return _stacked(errors) if rule == "stacking" else np.full(count, 1 / count)


def _greedy(errors: np.ndarray) -> np.ndarray:
    """Forward selection with replacement (Caruana et al. 2004): add what lowers the mean absolute error of the mean.

    Members may be added again; the best of all rounds is kept, the first of equals.
    """
    chosen = np.zeros(len(errors))
    best, kept = np.inf, chosen
    total = np.zeros(errors.shape[1])
    for size in range(1, _ROUNDS + 1):
        losses = np.abs(total + errors).mean(1) / size
        member = int(losses.argmin())
        total += errors[member]
        chosen[member] += 1
        if losses[member] < best * (1 - _CONVERGED):
            best, kept = float(losses[member]), chosen / size
    return kept if kept.any() else np.full(len(errors), 1 / len(errors))


def _stacked(errors: np.ndarray) -> np.ndarray:
    """Least squares with weights that are non-negative and sum to one (Breiman 1996).

    As the weights sum to one, the squared error of the mixture is wᵀ G w with G the products of the members' errors:
    a convex problem, solved by accelerated projected gradients (Beck & Teboulle 2009).
    """
    size = float(np.abs(errors).max())
    if size == 0:
        return np.full(len(errors), 1 / len(errors))
    errors = errors / size
    products = errors @ errors.T
    rate = 1 / np.linalg.eigvalsh(products)[-1]
    weights = ahead = np.full(len(errors), 1 / len(errors))
    pace = 1.0
    for _ in range(_DESCENTS):
        following = _on_simplex(ahead - rate * (products @ ahead))
        faster = (1 + (1 + 4 * pace**2) ** 0.5) / 2
        ahead = following + (pace - 1) / faster * (following - weights)
        weights, pace = following, faster
        still = _on_simplex(weights - rate * (products @ weights))  # without momentum, which may hold at a corner
        if np.abs(still - weights).max() < _CONVERGED:
            break
    return weights


def _on_simplex(point: np.ndarray) -> np.ndarray:
    """The nearest weights that are non-negative and sum to one (Duchi et al. 2008, fig. 1)."""
    falling = np.sort(point)[::-1]
    excess = (np.cumsum(falling) - 1) / np.arange(1, len(point) + 1)
    return np.maximum(point - excess[falling > excess][-1], 0.0)
