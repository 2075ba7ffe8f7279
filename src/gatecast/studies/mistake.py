"""`Mistake`: something that a study does wrong, with a figure that it changes. Knows none of them."""

from __future__ import annotations

from dataclasses import dataclass

from gatecast.language import Text


@dataclass(frozen=True)
class Mistake:
    """name: what is done wrong. figure: what both numbers measure. wrong, right: with the mistake, and without it.

    With None the mistake ends in an error instead of a number. why: what it leads to, and what is done instead.
    """

    name: Text
    figure: Text
    wrong: float | None
    right: float
    why: Text
