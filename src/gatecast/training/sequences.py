"""Stateful training over whole series: one pass reads each from its first value to its last, and carries the state.

After every step the network runs freely, on its own output, over series that train nothing; the weights whose free
runs err least are kept, so that "go back to an earlier step" happens by itself. Truncated back-propagation cuts the
gradient between chunks while the state goes on (Williams & Peng 1990). Knows no files and no reports.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gatecast.errors import OptionError, TrainingError
from gatecast.models.sequence_network import SequenceNetwork
from gatecast.nn.dropout import seed_dropout
from gatecast.rollout import Trial, error_growth, mixed_inputs
from gatecast.runtime import LARGE, at_most_threads, keeping_memory, stream, torch_seed
from gatecast.training.history import Progress, StopReason
from gatecast.training.optimisers import eager, make_optimiser, penalty
from gatecast.training.sequence_config import SequenceConfig

_MOST_RECOVERIES = 5
_PROGRESS_SECONDS = 0.1


@dataclass(frozen=True)
class SequenceHistory:
    """What happened, a row for each step. Errors are in units of the values that the network was given.

    step: (rows,) L-BFGS steps or passes taken. loss: (rows,) mean squared error one step ahead over the series that
    train, with the weights after the step. free_run: (rows,) root of the mean squared error of the free runs, NaN
    where there was nothing to try them on. growth: (rows, steps) the same at each step of the free runs. kept_step:
    whose weights the network has, 0 = its first. stopped: why training ended.
    """

    step: tuple[int, ...]
    loss: tuple[float, ...]
    free_run: tuple[float, ...]
    growth: np.ndarray
    kept_step: int
    stopped: StopReason
    seconds: float

    def times(self, scale: float) -> SequenceHistory:
        """The same, of values that are `scale` times as large."""
        loss = tuple(value * scale**2 for value in self.loss)
        free_run = tuple(value * scale for value in self.free_run)
        return replace(self, loss=loss, free_run=free_run, growth=self.growth * scale)


@dataclass(frozen=True)
class SequenceRun:
    """What one training is given: fixed from its first step to its last.

    values: (series, time, variables), each series from its first value; what follows its end is not read.
    lengths: (series,) steps of time of each. trials: where the free runs are tried; none of it trains.
    on_step: called after each step, with its number and the network as it then is.
    """

    values: Tensor
    lengths: Tensor
    trials: Sequence[Trial]
    config: SequenceConfig
    seed: int
    on_progress: Callable[[Progress], None] | None = None
    on_step: Callable[[int, SequenceNetwork], None] | None = None


def train_sequences(network: SequenceNetwork, run: SequenceRun) -> SequenceHistory:
    """Train in place; the network ends with the weights that were to be kept. Ctrl-C ends it early and keeps the best.

    Raises: TrainingError if the loss is not finite at any rate; OptionError if free runs shall choose and there is
    nothing to try them on.
    """
    if run.config.keep == "free-run" and not run.trials:
        raise OptionError(
            'keep="free-run" needs values that do not train, to try the free runs on; hold some out, or take '
            'keep="training".',
            'keep="free-run" 需要不参与训练的数据来检验自由运行；请留出一部分，或使用 keep="training"。',
        )
    operations = 6 * sum(p.numel() for p in network.parameters()) * run.values.shape[0] * run.values.shape[1]
    threads = torch.get_num_threads() if operations >= LARGE else 1
    with keeping_memory(), at_most_threads(threads):
        trainer = _Trainer(network, run)
        try:
            trainer.take_steps()
        except KeyboardInterrupt:
            trainer.stopped = "interrupted"
        return trainer.finish()


class _Trainer:
    """The state of a run: weights, the best so far, the optimiser, and what happened."""

    def __init__(self, network: SequenceNetwork, run: SequenceRun) -> None:
        self.network, self.run, self.config = network, run, run.config
        self.parameters = list(network.parameters())
        self.wanted = run.config.of_optimiser()
        self.optimiser = self._fresh_optimiser()
        self.step = self.recoveries = self.kept_step = 0
        self.best = math.inf
        self.kept = self.good = copy.deepcopy(network.state_dict())
        self.rows: list[tuple[int, float, float, np.ndarray]] = []
        self.latest: float | None = None
        self.stopped: StopReason = "steps"
        self.started = self.shown = time.perf_counter()

    def take_steps(self) -> None:
        """Steps until there are enough; a step whose outcome is not finite is taken again, at half the rate."""
        while self.step < self.config.steps:
            self.step += 1
            self.network.train()
            if self.config.optimiser == "lbfgs":
                self._step_of_all()
            else:
                self._pass_of_batches()
            loss = self._loss()
            if math.isfinite(loss) and all(bool(torch.isfinite(p).all()) for p in self.parameters):
                self._judge(loss)
            else:
                self._recover()

    def _step_of_all(self) -> None:
        """One step of L-BFGS: every closure is a pass over all series, and drops the same elements."""
        count = self._count()

        def closure() -> float:
            self._seed_dropout()
            self.optimiser.zero_grad()
            loss = 0.0
            for total, _ in self._walk(self.run.values, self.run.lengths):
                (total / count).backward()
                loss += total.item() / count
            cost = penalty(self.wanted, self.parameters)
            if isinstance(cost, Tensor):
                cost.backward()
            self._show(loss)
            return loss + float(cost)

        self.optimiser.step(closure)

    def _pass_of_batches(self) -> None:
        """One pass over all series, a few at a time, with a step of the optimiser after each chunk."""
        self._seed_dropout()
        values, lengths = self.run.values, self.run.lengths
        order = stream(self.run.seed, "series", self.step, self.recoveries).permutation(len(values))
        coins = torch.Generator(values.device)
        coins.manual_seed(torch_seed(self.run.seed, "coins", self.step, self.recoveries))
        for start in range(0, len(order), self.config.batch):
            chosen = torch.from_numpy(order[start : start + self.config.batch]).to(values.device)
            for total, weight in self._walk(values[chosen], lengths[chosen], coins):
                loss = total / weight.clamp(min=1)
                self.optimiser.zero_grad()
                (loss + penalty(self.wanted, self.parameters)).backward()
                if self.config.clip:
                    torch.nn.utils.clip_grad_norm_(self.parameters, self.config.clip)
                self.optimiser.step()
                self._show(loss.item())

    def _walk(
        self, values: Tensor, lengths: Tensor, coins: torch.Generator | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """From chunk to chunk, the state going on without its gradient.

        Of each: the sum of the squared errors one step ahead, and how many values that are. What follows the end of a
        series does not count.
        """
        state, last = None, int(lengths.max()) - 1
        size = self.config.chunk or last
        for start in range(0, last, size):
            stop = min(start + size, last)
            x = values[:, start:stop]
            if coins is not None and self.config.sampling:
                self.network.eval()
                x = mixed_inputs(self.network, x, self.config.sampling, coins, state)
                self.network.train()
            said, after = self.network(x, state)
            known = torch.arange(start + 1, stop + 1, device=values.device) < lengths[:, None]  # (series, steps)
            errors = (said - values[:, start + 1 : stop + 1]).square() * known[:, :, None]
            yield errors.sum(), known.sum() * values.shape[2]
            state = _detached(after)

    @torch.no_grad()
    def _loss(self) -> float:
        """Mean squared error one step ahead with the weights as they are, nothing dropped."""
        self.network.eval()
        return sum(total.item() for total, _ in self._walk(self.run.values, self.run.lengths)) / self._count()

    def _judge(self, loss: float) -> None:
        """Let the network run freely; keep its weights if they are the best so far."""
        growth = np.zeros((0, self.network.variables))
        if self.run.trials:
            growth = error_growth(self.network, self.run.trials).numpy()  # (steps, variables)
        error = float(np.sqrt(np.mean(growth**2))) if growth.size else math.nan
        self.rows.append((self.step, loss, error, np.sqrt(np.mean(growth**2, axis=1))))
        score = {"free-run": error, "training": loss, "last": -math.inf}[self.config.keep]
        self.good = copy.deepcopy(self.network.state_dict())
        if score < self.best or self.kept_step == 0 or self.config.keep == "last":
            self.best, self.kept_step, self.kept = score, self.step, self.good
        self._show(loss, now=True)
        if self.run.on_step is not None:
            self.run.on_step(self.step, self.network)

    def _recover(self) -> None:
        """Back to the weights of the last sound step, with a fresh optimiser at half the rate."""
        rate = self.wanted.rate * 0.5**self.recoveries
        if self.recoveries >= _MOST_RECOVERIES:
            raise TrainingError(
                f"the loss is not finite even at rate {rate:.1e}; check the data for extreme values, or scale them.",
                f"即使学习率降到 {rate:.1e}，损失仍不是有限值；请检查数据中的极端值，或进行缩放。",
            )
        self.step, self.recoveries = self.step - 1, self.recoveries + 1
        self.network.load_state_dict(self.good)
        self.optimiser = self._fresh_optimiser()
        for group in self.optimiser.param_groups:
            group["lr"] = rate / 2

    def _fresh_optimiser(self) -> torch.optim.Optimizer:
        if self.config.optimiser == "lbfgs":  # it remembers more than where windows are drawn anew: as study 3 has it
            return eager(torch.optim.LBFGS)(self.parameters, lr=self.wanted.rate, max_iter=20, history_size=100)
        return make_optimiser(self.wanted, self.parameters)

    def finish(self) -> SequenceHistory:
        """Give the network the weights that were to be kept, and tell what happened."""
        self.network.load_state_dict(self.kept)
        self.network.eval()
        self.network.zero_grad()
        step, loss, free_run, growth = zip(*self.rows, strict=True) if self.rows else ((), (), (), ())
        seconds = time.perf_counter() - self.started
        return SequenceHistory(step, loss, free_run, np.array(growth), self.kept_step, self.stopped, seconds)

    def _seed_dropout(self) -> None:
        seed_dropout(self.network, torch_seed(self.run.seed, "dropout", self.step, self.recoveries))

    def _count(self) -> int:
        """Values to be forecast one step ahead, over all series."""
        return int((self.run.lengths - 1).sum()) * self.network.variables

    def _show(self, loss: float, *, now: bool = False) -> None:
        clock = time.perf_counter()
        if self.run.on_progress is None or (not now and clock - self.shown < _PROGRESS_SECONDS):
            return
        self.shown = clock
        error = self.rows[-1][2] if self.rows else math.nan
        seen = error if math.isfinite(error) else None
        done = self.step if now else self.step - 1
        self.run.on_progress(Progress("fit", done, self.config.steps, loss, seen, clock - self.started, None))


def _detached(state: Any) -> Any:
    """A state of any shape, cut off from the graph that made it."""
    if isinstance(state, Tensor):
        return state.detach()
    if not isinstance(state, tuple | list):
        return state
    parts = [_detached(part) for part in state]
    return type(state)(*parts) if hasattr(state, "_fields") else type(state)(parts)  # named tuples take them one by one
