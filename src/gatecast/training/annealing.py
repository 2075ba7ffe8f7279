"""Weights found without a gradient: generalised simulated annealing, for small networks. Knows no checkpoints.

Dual annealing as SciPy has it (Tsallis & Stariolo 1996; Xiang et al. 1997), without its local search: it tries
weights, compares losses, and now and then takes worse ones to get out of a valley. A step is one try. A search is
over before a checkpoint would pay: one that was killed begins again, and ends in the same bytes.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector

from gatecast.errors import MissingExtraError, OptionError
from gatecast.runtime import stream
from gatecast.training.history import History, Progress
from gatecast.training.optimisers import penalty

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gatecast.forecast import Origins
    from gatecast.models.network import ForecastNetwork
    from gatecast.training.history import StopReason
    from gatecast.training.loop import Run
    from gatecast.windows import WindowReader

    Judge = Callable[[ForecastNetwork, WindowReader, Origins], float]

_MOST_PARAMETERS = 5000
_START = 0.01  # temperature: losses are near 1, and a colder search finds better weights in as many tries
_PROGRESS_SECONDS = 0.1


class _EnoughError(Exception):
    """Ends a search from within: SciPy's own limits count otherwise."""


def anneal(network: ForecastNetwork, run: Run, judge: Judge) -> History:
    """Search in place; the network ends with the best weights that `judge` saw on the stopping windows.

    Raises: OptionError for a network that is too large; MissingExtraError without SciPy.
    """
    count = sum(p.numel() for p in network.parameters())
    if count > _MOST_PARAMETERS:
        raise OptionError(
            f"annealing searches at most {_MOST_PARAMETERS:,} parameters, and this network has {count:,}; ask for a "
            "smaller one, as network={'hidden': 4}, or for another optimiser.",
            f"annealing 最多搜索 {_MOST_PARAMETERS:,} 个参数，而该网络有 {count:,} 个；"
            "请缩小网络，例如 network={'hidden': 4}，或换用其他优化器。",
        )
    search = _Search(network, run, judge)
    search.go(_dual_annealing())
    return search.finish()


class _Search:
    """The state of a search: the best weights by the training loss, and those that are kept by validation."""

    def __init__(self, network: ForecastNetwork, run: Run, judge: Judge) -> None:
        self.network, self.run, self.judge = network.eval(), run, judge
        self.batch = run.reader.read(run.windows.spread(run.config.batch), answers=True)
        self.start = parameters_to_vector(network.parameters()).detach().clone()
        self.best = self.kept = self.start
        self.loss, self.validation = math.inf, math.inf
        self.step = self.kept_step = 0
        self.curve: list[tuple[int, float, float]] = []
        self.stopped: StopReason = "steps"
        self.started = self.shown = time.perf_counter()
        self.waited = 0

    def go(self, dual_annealing: Any) -> None:
        """Try weights until steps, budget, patience or Ctrl-C end it."""
        reach = self.run.config.rate
        bounds = [(float(w) - reach, float(w) + reach) for w in self.start]
        try:
            dual_annealing(
                self.energy,
                bounds,
                maxiter=2**31 - 1,
                maxfun=2**31 - 1,
                initial_temp=_START,
                no_local_search=True,
                x0=self.start.double().cpu().numpy(),
                rng=stream(self.run.seed, "annealing"),
            )
        except _EnoughError:
            pass
        except KeyboardInterrupt:
            self.stopped = "interrupted"

    @torch.no_grad()
    def energy(self, weights: np.ndarray) -> float:
        """The training loss with these weights."""
        config = self.run.config
        tried = torch.as_tensor(weights, dtype=self.start.dtype, device=self.start.device)
        self._put(tried)
        total, mass = self.network.loss(self.batch, newest_only=config.positions == "newest")
        loss = float(total / mass.clamp(min=1e-9)) + float(penalty(config, self.network.parameters()))
        self.step += 1
        if loss < self.loss:
            self.best, self.loss = tried, loss
        if self.step % config.round == 0 or self.step >= config.steps:
            self._validate()
        self._show()
        if self.step >= config.steps:
            raise _EnoughError
        if self.run.budget is not None and time.perf_counter() - self.started >= self.run.budget:
            self.stopped = "budget"
            raise _EnoughError
        return loss if math.isfinite(loss) else 1e30

    def _validate(self) -> None:
        """Keep the best weights so far where they are the best on the stopping windows too."""
        run = self.run
        self._put(self.best)
        validation = math.nan if run.stopping is None else self.judge(self.network, run.reader, run.stopping)
        self.curve.append((self.step, self.loss, validation))
        if run.on_round is not None:
            run.on_round(self.network, self.step, self.loss, validation)
        if run.stopping is None or validation < self.validation:
            self.kept, self.validation, self.kept_step, self.waited = self.best, validation, self.step, 0
            return
        self.waited += 1
        if run.config.patience and self.waited >= run.config.patience:
            self.stopped = "converged"
            raise _EnoughError

    @torch.no_grad()
    def _put(self, weights: torch.Tensor) -> None:
        """Copied, since parameters that are views of one vector could not be saved."""
        first = 0
        for parameter in self.network.parameters():
            parameter.copy_(weights[first : first + parameter.numel()].view_as(parameter))
            first += parameter.numel()

    def finish(self) -> History:
        """Give the network the weights that are kept, and tell what happened."""
        if not self.curve or self.stopped in ("interrupted", "budget"):
            self._last_look()
        self._put(self.kept)
        step, loss, validation = zip(*self.curve, strict=True) if self.curve else ((), (), ())
        seconds = time.perf_counter() - self.started
        return History(step, loss, validation, self.kept_step, self.step, self.stopped, seconds)

    def _last_look(self) -> None:
        """What was found since the last validation counts too."""
        if math.isfinite(self.loss) and (not self.curve or self.curve[-1][0] < self.step):
            stopped = self.stopped
            try:
                self._validate()
            except _EnoughError:
                self.stopped = stopped

    def _show(self) -> None:
        clock, run = time.perf_counter(), self.run
        if run.on_progress is None or clock - self.shown < _PROGRESS_SECONDS:
            return
        self.shown = clock
        validation = self.curve[-1][2] if self.curve and run.stopping is not None else None
        steps = run.config.steps if run.budget is None else None
        seconds = clock - self.started
        run.on_progress(Progress(run.stage, self.step, steps, self.loss, validation, seconds, run.budget))


def _dual_annealing() -> Any:
    try:
        from scipy.optimize import dual_annealing
    except ImportError as error:
        raise MissingExtraError(
            "annealing needs SciPy: pip install 'gatecast[annealing]'.",
            "annealing 需要 SciPy：pip install 'gatecast[annealing]'。",
        ) from error
    return dual_annealing
