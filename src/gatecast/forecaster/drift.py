"""The drift of a series since it began, which a network that reads its newest values alone knows less well.

Knows windows, no networks, and learns nothing of a table: all of its past may judge it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from gatecast.forecast import Origins
    from gatecast.windows import WindowReader

MOST_DRIFTED = 1000  # newest values of a window
_BATCH = 256


@torch.no_grad()
def drift_at(reader: WindowReader, origins: Origins) -> np.ndarray:
    """The line through a window's first and newest value, continued, in the unit of the data: (origins, horizon).

    Hyndman & Athanasopoulos (2021, section 5.2). Reads nothing after an origin.
    """
    reader, parts = reader.within(MOST_DRIFTED), []
    ahead = torch.arange(1, reader.horizon + 1, device=reader.device)
    for part in origins.parts(_BATCH):
        batch = reader.read(part, answers=False)
        first, newest = batch.target[:, :1], batch.target[:, -1:]
        steps = (batch.observed.sum(1, keepdim=True) - 1).clamp(min=1)
        parts.append((newest + (newest - first) / steps * ahead).cpu().numpy())
    return np.concatenate(parts)
