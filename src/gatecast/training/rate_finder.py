"""Which learning rate suits: the range test. Knows no files; trains a network that nobody keeps.

Smith 2017, "Cyclical learning rates for training neural networks", section 3.3: the rate rises with every step, and
the loss says where learning sets in and where it breaks.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from gatecast.errors import OptionError, TrainingError
from gatecast.nn.dropout import seed_dropout
from gatecast.runtime import stream, torch_seed
from gatecast.training.history import Progress
from gatecast.training.optimisers import make_optimiser, penalty

if TYPE_CHECKING:
    from gatecast.models.network import ForecastNetwork
    from gatecast.training.loop import Run

_LOWEST, _HIGHEST = 1e-5, 10.0
_STEPS = 120
_BROKEN = 3.0  # times the lowest loss: from there on nothing is learnt
_SMOOTHING = 4.0  # steps; width of the bell that the losses are smoothed with
_FEWEST = 8  # steps; fewer say nothing


@dataclass(frozen=True)
class RateCurve:
    """What the losses were while the rate rose.

    rate, loss, smooth: (steps,) the rates, rising; the loss at each before its step; the same, smoothed.
    suggestion: the rate at which the smoothed loss fell fastest. breaks: where it rose again above what it was at its
    lowest by half of what had been won; None where it never did.
    """

    rate: np.ndarray
    loss: np.ndarray
    smooth: np.ndarray
    suggestion: float
    breaks: float | None


def find_rate(network: ForecastNetwork, run: Run) -> RateCurve:
    """The range test on a copy of the network; the network itself stays as it is.

    Raises: OptionError for an optimiser without steps of a rate; TrainingError where even the lowest rate breaks.
    """
    if run.config.optimiser in ("lbfgs", "annealing"):
        raise OptionError(
            f"there is no rate to be found for {run.config.optimiser!r}; ask for adam, adamw or sgd.",
            f"{run.config.optimiser!r} 没有可寻找的学习率；请使用 adam、adamw 或 sgd。",
        )
    rates = np.geomspace(_LOWEST, _HIGHEST, _STEPS)
    losses = _losses(copy.deepcopy(network), run, rates)
    if len(losses) < _FEWEST:
        raise TrainingError(
            f"the loss breaks even at rate {_LOWEST:g}; check the data for extreme values.",
            f"即使学习率为 {_LOWEST:g}，损失也会发散；请检查数据中的极端值。",
        )
    return _curve(rates[: len(losses)], np.array(losses))


def _losses(network: ForecastNetwork, run: Run, rates: np.ndarray) -> list[float]:
    """The loss at each rate, up to where it breaks."""
    parameters = list(network.train().parameters())
    optimiser = make_optimiser(run.config, parameters)
    started = time.perf_counter()
    losses: list[float] = []
    seed_dropout(network, torch_seed(run.seed, "rate finder"))
    for step, rate in enumerate(rates):
        for group in optimiser.param_groups:
            group["lr"] = float(rate)
        draws = stream(run.seed, "rate finder", step)
        numbers = run.windows.draw(draws, (run.config.batch,), run.config.recency)
        batch = run.reader.read(run.windows.origins(numbers), answers=True)
        optimiser.zero_grad(set_to_none=True)
        total, weight = network.loss(batch, newest_only=run.config.positions == "newest")
        loss = total / weight.clamp(min=1e-9)
        if not math.isfinite(loss.item()):
            break
        losses.append(loss.item())
        (loss + penalty(run.config, parameters)).backward()
        if run.config.clip:
            torch.nn.utils.clip_grad_norm_(parameters, run.config.clip)
        optimiser.step()
        if run.on_progress is not None:
            seconds = time.perf_counter() - started
            run.on_progress(Progress(run.stage, step + 1, len(rates), losses[-1], None, seconds, None))
        if step >= _FEWEST and np.mean(losses[-3:]) > _BROKEN * min(losses):
            break
    return losses


def _curve(rate: np.ndarray, loss: np.ndarray) -> RateCurve:
    step = np.arange(len(loss))
    bell = np.exp(-0.5 * ((step[:, None] - step) / _SMOOTHING) ** 2)
    smooth = bell @ loss / bell.sum(1)
    lowest = int(smooth.argmin())
    slope = np.gradient(smooth)[: max(lowest, 1)]
    suggestion = float(rate[int(slope.argmin())])
    won = smooth[:lowest].max(initial=smooth[lowest]) - smooth[lowest]
    broken = np.flatnonzero(smooth[lowest:] > smooth[lowest] + 0.5 * won) if won > 0 else np.zeros(0, int)
    breaks = float(rate[lowest + int(broken[0])]) if len(broken) else None
    return RateCurve(rate, loss, smooth, float(f"{suggestion:.2g}"), breaks)
