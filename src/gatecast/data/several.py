"""Several target columns as one panel: a series for each, one after another. Knows rows, not tables and not models.

One network learns from all of them, each window in its own unit; and all of them are past covariates of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gatecast.data.repair import Clean
from gatecast.data.rows import Rows
from gatecast.panel import Part


def together(cleans: Sequence[Clean]) -> tuple[Clean, tuple[Part, ...]]:
    """The histories of one target each as one history, and which series is of which target: () where there is one.

    What is noted of every target in the same words is told once.
    """
    if len(cleans) == 1:
        return cleans[0], ()
    parts = tuple(Part(clean.history.target, name) for clean in cleans for name in clean.history.ids)
    notes = list(dict.fromkeys(note for clean in cleans for note in clean.notes))
    history = _joined([clean.history for clean in cleans], parts)
    return Clean(history, _joined([clean.ahead for clean in cleans], parts), notes), parts


def _joined(each: Sequence[Rows], parts: tuple[Part, ...]) -> Rows:
    first = each[0]
    before = np.cumsum([0, *(len(rows.ids) for rows in each)])
    return replace(
        first,
        ids=tuple(part.target if first.layout.id is None else f"{part.id} · {part.target}" for part in parts),
        series=np.concatenate([rows.series + start for rows, start in zip(each, before[:-1], strict=True)]),
        time=np.concatenate([rows.time for rows in each]),
        values=np.concatenate([rows.values for rows in each]),
        place=np.concatenate([rows.place for rows in each]),
        target=", ".join(rows.target for rows in each),
    )
