"""Are two methods different, or is it chance? Tested over windows and seeds, many pairs at once. Knows no networks."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gatecast.evaluation.diagnostics import StandardError, diebold_mariano, holm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gatecast.forecast import Origins

SURE = 0.05  # below it, a p-value that counts all pairs is called sure
_LOWEST = -1000.0  # a gain is bounded, so that it can be printed
_NO_ERROR = 1e-9


class Difference(NamedTuple):
    """How much less error `first` makes than `second`, as a share of the latter's (0.12 = 12 % less, negative = more).

    low, high: its interval, of this pair alone (95 %; 99 % for three windows or fewer). p_value: two-sided, raised by
    Holm's method for the number of pairs that answer the same question.
    """

    first: str
    second: str
    gain: float
    low: float
    high: float
    p_value: float

    @property
    def sure(self) -> bool:
        return self.p_value < SURE

    def turned(self) -> Difference:
        """The same, said of the other one."""
        gain, low, high = (_bounded(-one / max(1 - one, _NO_ERROR)) for one in (self.gain, self.high, self.low))
        return Difference(self.second, self.first, gain, low, high, self.p_value)


def differences(losses: Mapping[str, np.ndarray], naive: str, origins: Origins, horizon: int) -> tuple[Difference, ...]:
    """Every method beside the naive one, then every pair of the others, in their order: two questions, two corrections.

    losses: method → (seeds, windows) mean absolute scaled errors. The windows' scatter is that of the Diebold-Mariano
    test on losses averaged over the seeds; the scatter between the seeds of each method is added to it. With one seed
    it is not known, and left out.
    """
    others = [name for name in losses if name != naive]
    beside = _tested([(name, naive) for name in others], losses, origins, horizon)
    return (*beside, *_tested(list(combinations(others, 2)), losses, origins, horizon))


def _tested(
    pairs: Sequence[tuple[str, str]], losses: Mapping[str, np.ndarray], origins: Origins, horizon: int
) -> Iterator[Difference]:
    tests = [
        diebold_mariano(
            losses[second].mean(0) - losses[first].mean(0),
            origins,
            horizon,
            [_between_seeds(losses[name]) for name in (first, second) if len(losses[name]) > 1],
        )
        for first, second in pairs
    ]
    for (first, second), test, p_value in zip(pairs, tests, holm([test.p_value for test in tests]), strict=True):
        size = float(losses[second].mean())
        middle, half = (test.mean / size, test.half / size) if size > _NO_ERROR else (0.0, 0.0)
        low, high = _bounded(middle - half), _bounded(middle + half)
        yield Difference(first, second, _bounded(middle), low, high, p_value)


def _between_seeds(losses: np.ndarray) -> StandardError:
    """How far the mean over the seeds may be off."""
    means = losses.mean(1)
    return StandardError(float(means.std(ddof=1)) / len(means) ** 0.5, len(means) - 1)


def _bounded(share: float) -> float:
    return float(np.clip(share, _LOWEST, 1.0))
