"""The sentence under the table: is the model better than the best naive forecast, and how sure is that?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from gatecast.language import Text


@dataclass(frozen=True)
class Verdict:
    """What a back-test says of the model, in one sentence and in figures.

    kind: "skill" (surely better than the best naive forecast), "copy" (the last value, shifted), "constant"
    (nothing to learn), else "no skill".
    best_baseline: the naive method with the least mean absolute scaled error.
    gain, low, high: the share by which the model's error is below that of the best baseline (0.12 = 12 % below,
    negative = above), and its 95 % interval. All are finite.
    p_value: two-sided, of the Diebold-Mariano test against the best baseline.
    """

    kind: Literal["skill", "no skill", "copy", "constant"]
    text: Text
    best_baseline: str
    gain: float
    low: float
    high: float
    p_value: float
