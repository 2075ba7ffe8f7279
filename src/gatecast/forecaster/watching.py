"""Watching a training: after each round, what the network says of one window that it does not train on.

Knows the panel and the reader of a fit; draws nothing. Off, it is not there at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gatecast.forecast import Origins
from gatecast.forecaster.predicting import predict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gatecast.forecaster.ensemble import Job
    from gatecast.models.network import ForecastNetwork
    from gatecast.panel import Panel
    from gatecast.training.split import Split
    from gatecast.windows import WindowReader


@dataclass(frozen=True)
class Look:
    """The first member after a round of its training, before gate and correction, in the unit of the data.

    step: optimiser steps taken. loss, validation: of the round, scaled; validation is NaN where nothing is held out.
    series, end: the window: it has seen the first `end` rows of this series. past: (context,) what it reads, fewer
    where the series began later. actual, point: (horizon,). levels: in percent. lower, upper: (horizon, levels).
    """

    step: int
    loss: float
    validation: float
    series: str
    end: int
    past: np.ndarray
    actual: np.ndarray
    point: np.ndarray
    levels: tuple[int | float, ...]
    lower: np.ndarray
    upper: np.ndarray


def watcher(
    panel: Panel, reader: WindowReader, shares: Split, levels: Sequence[float], job: Job
) -> Callable[[ForecastNetwork, int, float, float], None] | None:
    """Tells `job.on_epoch` of the newest held-out window of the first series that has one; None where nobody looks.

    A network that is watched is trained in the same bytes as one that is not.
    """
    tell = job.on_epoch
    able = np.flatnonzero(shares.lengths > shares.train)
    if tell is None:
        return None
    series = int(able[0]) if len(able) else int(shares.lengths.argmax())
    end = int(shares.lengths[series]) - shares.horizon
    origin = Origins(np.array([series]), np.array([end]))
    values = panel.series(series)

    def look(network: ForecastNetwork, step: int, loss: float, validation: float) -> None:
        (point, lower, upper), _, _ = predict([network], reader, origin)
        tell(
            Look(
                step=step,
                loss=loss,
                validation=validation,
                series=panel.ids[series],
                end=end,
                past=values[max(0, end - reader.context) : end],
                actual=values[end:],
                point=point[0],
                levels=tuple(levels),
                lower=lower[0],
                upper=upper[0],
            )
        )

    return look
