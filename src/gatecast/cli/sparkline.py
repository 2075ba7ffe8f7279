"""Numbers drawn in one line of text. Knows only numbers."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float] | np.ndarray, width: int = 60, span: tuple[float, float] | None = None) -> str:
    """At most `width` blocks, the lowest for the least value; a gap where there is no number.

    span: what the lowest and the highest block stand for; None = the least and the largest value.
    """
    found = np.asarray(values, float)
    if len(found) > width:  # each block is the mean of its share
        edges = np.linspace(0, len(found), width + 1).astype(int)
        found = np.array([found[a:b].mean() for a, b in pairwise(edges)])
    finite = np.isfinite(found)
    if not finite.any():
        return " " * len(found)
    low, high = span or (found[finite].min(), found[finite].max())
    height = np.full(len(found), 0.5) if high <= low else np.clip((found - low) / (high - low), 0, 1)
    rows = np.where(finite, np.nan_to_num(height) * (len(_BLOCKS) - 1), 0).round().astype(int)
    return "".join(_BLOCKS[row] if there else " " for row, there in zip(rows, finite, strict=True))
