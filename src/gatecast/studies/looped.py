"""A closed loop under study: trained step by step, and after each step continued beyond what it was given.

Knows neither what the series are nor what shall be said of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gatecast.closed_loop import ClosedLoop
from gatecast.studies.textbook import parameters

if TYPE_CHECKING:
    from gatecast.studies.imagined import Imagined
    from gatecast.studies.tally import Tally


@dataclass(frozen=True)
class Looped:
    """What a training did, a row for each step.

    loss: (rows,) mean squared error one step ahead, of the series that train. within: (rows,) error of the free runs
    that choose the weights, over the second half of the series that are held out. beyond: (rows,) error of the free
    runs over as many points again, which chose nothing. All errors are roots of mean squares unless they are losses.
    held_out: (series,) which series were. curves: (rows, held_out, points, variables) the free runs beyond.
    truth: (held_out, points, variables) of both halves. parameters: how many weights.
    """

    loss: tuple[float, ...]
    within: tuple[float, ...]
    beyond: tuple[float, ...]
    kept_step: int
    held_out: np.ndarray
    curves: np.ndarray
    truth: np.ndarray
    given: int
    parameters: int
    seconds: float

    @property
    def steps(self) -> list[int]:
        return list(range(1, len(self.loss) + 1))

    @property
    def kept_error(self) -> float:
        """The error beyond what was given, at the step whose weights were kept."""
        return self.beyond[self.kept_step - 1]

    @property
    def naive_error(self) -> float:
        """The error of the last given value, repeated."""
        ahead, last = self.truth[:, self.given :], self.truth[:, self.given - 1 : self.given]
        return float(np.sqrt(np.mean((ahead - last) ** 2)))


def looped(model: ClosedLoop, data: Imagined, tally: Tally) -> Looped:
    """Fit the model to what is given, and judge every step by what follows.

    Raises: KeyboardInterrupt again, after the training has ended for it: a study is whole or it is not.
    """
    values = data.values if data.values.ndim == 3 else data.values[:, :, None]  # (series, points, variables)
    held_out, curves = model.held_out_of(values[:, : data.given]), []

    def after(step: int, now: ClosedLoop) -> None:
        del step
        ahead = now.continue_(values.shape[1] - data.given, values[held_out, : data.given])
        curves.append(ahead.reshape(len(held_out), -1, values.shape[2]))
        tally.step()

    history = model.fit(values[:, : data.given], on_step=after).history
    if history.stopped == "interrupted":
        raise KeyboardInterrupt
    errors = np.stack(curves) - values[held_out, data.given :]
    return Looped(
        history.loss,
        history.free_run,
        tuple(np.sqrt(np.mean(errors**2, axis=(1, 2, 3))).tolist()),
        history.kept_step,
        held_out,
        np.stack(curves),
        values[held_out],
        data.given,
        parameters(model.network),
        history.seconds,
    )
