"""The training loop: steps, validations, the best weights. Knows no files of users and no reports.

A run is a row of rounds. Everything random in a round follows from the seed and the round's number, and the state is
complete between rounds: so a run that is killed and resumed ends in the very bytes of a run that was not.
"""

from __future__ import annotations

import copy
import math
import time
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gatecast.errors import TrainingError
from gatecast.nn.dropout import seed_dropout
from gatecast.nn.precision import half_precision
from gatecast.runtime import LARGE, at_most_threads, keeping_memory, quickest_threads, stream, torch_seed
from gatecast.training.annealing import anneal
from gatecast.training.augmentation import augmented
from gatecast.training.history import History, Progress
from gatecast.training.optimisers import Average, halvings, make_optimiser, penalty, rate_at
from gatecast.training.resuming import load_run, save_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gatecast.forecast import Origins
    from gatecast.models.network import ForecastNetwork
    from gatecast.training.config import TrainingConfig
    from gatecast.training.history import StopReason
    from gatecast.windows import Batch, WindowReader, Windows

    OnRound = Callable[[ForecastNetwork, int, float, float], None]

_MOST_RECOVERIES = 5
_CHECKPOINT_SECONDS = 2.0
_PROGRESS_SECONDS = 0.1
_VALIDATION_BATCH = 512


@dataclass
class Record:
    """The numbers of a run so far; with the tensors, all that a resumed run needs."""

    step: int = 0
    recoveries: int = 0
    best: float = math.inf
    best_step: int = 0
    bad_rounds: int = 0
    seconds: float = 0.0
    stopped: StopReason | None = None
    curve: list[tuple[int, float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """What one training is given: fixed from its first step to its last.

    windows: the origins that may train. stopping: the held-out origins that decide which weights are kept; None =
    the last weights are kept. budget: seconds of wall time, or None. on_round: called after each validation with the
    network that was judged, the step, the loss and the validation error. identity: what a checkpoint must match.
    threads: each round of large steps takes so many or one, whichever is quicker then, so that the last digits hang on
    other programs; None = torch's own number.
    """

    reader: WindowReader
    windows: Windows
    stopping: Origins | None
    config: TrainingConfig
    seed: int
    stage: str
    budget: float | None = None
    on_progress: Callable[[Progress], None] | None = None
    on_round: OnRound | None = None
    checkpoint: Path | None = None
    identity: str = ""
    threads: int | None = None


def train(network: ForecastNetwork, run: Run, *, resume: bool = False) -> History:
    """Train in place; the network ends with the best weights that a validation saw. Ctrl-C ends it early.

    Raises: TrainingError if the loss is not finite at any learning rate.
    """
    large = _operations(network, run) >= LARGE
    compared = run.config.optimiser in ("lbfgs", "annealing")  # losses, to their last digits
    halved = half_precision(network) if large and not compared else nullcontext()
    with keeping_memory(), at_most_threads(torch.get_num_threads() if large else 1), halved:
        if run.config.optimiser == "annealing":
            return anneal(network, run, validation_error)
        trainer = Trainer(network, run if large else replace(run, threads=None))
        if resume:
            trainer.resume()
        try:
            trainer.run_rounds()
        except KeyboardInterrupt:
            trainer.interrupt()
        return trainer.finish()


class Trainer:
    """The state of a run: weights, their average, the best so far, the optimiser, and the record."""

    def __init__(self, network: ForecastNetwork, run: Run) -> None:
        self.network, self.run, self.config = network, run, run.config
        self.averaged = copy.deepcopy(network).eval()
        self.parameters = list(network.parameters())
        self.optimiser = make_optimiser(run.config, self.parameters)
        self.average = Average(network, self.averaged, run.config.average)
        self.record = Record()
        self.losses: list[torch.Tensor] = []
        self.best = self._weights(self.averaged)
        self.good = self._snapshot()
        self.started = time.perf_counter()
        self.saved = self.shown = self.started
        self.fixed_batch = self._fixed_batch()

    def run_rounds(self) -> None:
        """Train until patience, steps or budget end it."""
        record = self.record
        while record.stopped is None:
            loss = self._round()
            if math.isfinite(loss) and self._finite():
                self._validate(loss)
            else:
                self._recover()
            self._checkpoint()

    def _round(self) -> float:
        """Steps up to the next validation; the mean loss over them."""
        record, config = self.record, self.config
        threads = repeat(None) if self.run.threads is None else quickest_threads(self.run.threads)
        seed_dropout(self.network, torch_seed(self.run.seed, "dropout", record.step, record.recoveries))
        draws = stream(self.run.seed, "batch", record.step, record.recoveries)
        steps = min(config.round, config.steps - record.step)
        numbers = self.run.windows.draw(draws, (steps, config.batch), config.recency)
        halved = record.recoveries + halvings(config, (validation for *_, validation in record.curve))
        self.network.train()
        self.network.steps_taken = record.step
        self.losses = []
        for batch_numbers, _ in zip(numbers, threads, strict=False):
            self.losses.append(self._step(batch_numbers, halved))
            self._show()
            if self._out_of_time():
                record.stopped = "budget"
                break
        if record.step >= config.steps:
            record.stopped = "steps"
        return self._loss()

    def _loss(self) -> float:
        """The mean loss over the steps of this round."""
        return torch.stack(self.losses).mean().item()

    def _step(self, numbers: np.ndarray, halved: int) -> torch.Tensor:
        """One step of the optimiser on the windows with these numbers, its rate halved so often."""
        batch = self.fixed_batch or self._read(numbers)
        self.record.step += 1
        rate = rate_at(self.config, self.record.step) * 0.5**halved
        for group in self.optimiser.param_groups:
            group["lr"] = rate

        def closure() -> torch.Tensor:
            if self.fixed_batch:  # L-BFGS compares losses, so that each closure of a step drops the same elements
                seed_dropout(self.network, torch_seed(self.run.seed, "dropout", self.record.step))
            self.optimiser.zero_grad(set_to_none=True)
            total, weight = self.network.loss(batch, newest_only=self.config.positions == "newest")
            loss = total / weight.clamp(min=1e-9)
            (loss + penalty(self.config, self.parameters)).backward()
            if self.config.clip:
                torch.nn.utils.clip_grad_norm_(self.parameters, self.config.clip)
            return loss.detach()

        step: Any = self.optimiser.step  # typed for closures of floats; a tensor spares the wait for the device
        loss = step(closure)
        self.average.update(self.record.step)
        return loss

    def _read(self, numbers: np.ndarray) -> Batch:
        """The windows with these numbers, varied where that is asked for."""
        batch = self.run.reader.read(self.run.windows.origins(numbers), answers=True)
        if not self.config.augment:
            return batch
        draws = stream(self.run.seed, "augment", self.record.step, self.record.recoveries)
        return augmented(batch, self.config.augment, draws)

    def _fixed_batch(self) -> Batch | None:
        """L-BFGS compares losses from step to step, so that it sees the same windows at each."""
        if self.config.optimiser != "lbfgs":
            return None
        return self.run.reader.read(self.run.windows.spread(self.config.batch), answers=True)

    def _validate(self, loss: float) -> None:
        """Score the averaged weights on the stopping windows; keep them if they are the best so far."""
        record, run = self.record, self.run
        self.average.take_statistics()
        validation = math.nan if run.stopping is None else validation_error(self.averaged, run.reader, run.stopping)
        record.curve.append((record.step, loss, validation))
        if run.stopping is None or validation < record.best:
            record.best, record.best_step, record.bad_rounds = validation, record.step, 0
            self.best = self._weights(self.averaged)
        else:
            record.bad_rounds += 1
            if self.config.patience and record.bad_rounds >= self.config.patience and record.stopped is None:
                record.stopped = "converged"
        self.good = self._snapshot()
        self._show(now=True)
        if run.on_round is not None:
            run.on_round(self.averaged, record.step, loss, validation)

    def _finite(self) -> bool:
        return all(bool(torch.isfinite(p).all()) for p in self.parameters)

    def _recover(self) -> None:
        """Back to the weights of the last validation, at half the rate."""
        record = self.record
        if record.recoveries >= _MOST_RECOVERIES:
            rate = rate_at(self.config, record.step) * 0.5**record.recoveries
            raise TrainingError(
                f"the loss is not finite even at rate {rate:.1e}; check the data for extreme values.",
                f"即使学习率降到 {rate:.1e}，损失仍不是有限值；请检查数据中的极端值。",
            )
        weights, averaged, optimiser, step = self.good
        self.network.load_state_dict(weights)
        self.averaged.load_state_dict(averaged)
        self.optimiser.load_state_dict(copy.deepcopy(optimiser))
        record.step, record.recoveries = step, record.recoveries + 1
        record.stopped = None if not self._out_of_time() else "budget"

    def interrupt(self) -> None:
        """After Ctrl-C: stop with the best weights so far, or with the newest where no validation was reached."""
        self.record.stopped = "interrupted"
        if not self.record.curve and self.losses and math.isfinite(self._loss()) and self._finite():
            self._validate(self._loss())

    def finish(self) -> History:
        """Give the network its best weights, and tell what happened."""
        self.network.load_state_dict(self.best)
        self.network.eval()
        record = self.record
        step, loss, validation = zip(*record.curve, strict=True) if record.curve else ((), (), ())
        validation = () if self.run.stopping is None else validation
        if record.stopped != "interrupted":  # else the last whole round stays, from which the run can be resumed
            self._checkpoint(now=True)
        return History(step, loss, validation, record.best_step, record.step, record.stopped or "steps", self.seconds())

    # the clock

    def seconds(self) -> float:
        """Wall time of the run, that before a resumption included."""
        return self.record.seconds + time.perf_counter() - self.started

    def _out_of_time(self) -> bool:
        return self.run.budget is not None and self.seconds() >= self.run.budget

    def _show(self, *, now: bool = False) -> None:
        clock = time.perf_counter()
        if self.run.on_progress is None or (not now and clock - self.shown < _PROGRESS_SECONDS):
            return
        self.shown = clock
        loss, validation = self.record.curve[-1][1:] if self.record.curve else (None, None)
        validation = validation if self.run.stopping is not None else None
        steps = self.config.steps if self.run.budget is None else None
        self.run.on_progress(
            Progress(self.run.stage, self.record.step, steps, loss, validation, self.seconds(), self.run.budget)
        )

    # what is kept

    @staticmethod
    def _weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
        return {name: value.detach().clone() for name, value in network.state_dict().items()}

    def _snapshot(self) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor], dict[str, Any], int]:
        optimiser = copy.deepcopy(self.optimiser.state_dict())
        return self._weights(self.network), self._weights(self.averaged), optimiser, self.record.step

    def _checkpoint(self, *, now: bool = False) -> None:
        if self.run.checkpoint is None:
            return
        if not now and self.record.stopped is None and time.perf_counter() - self.saved < _CHECKPOINT_SECONDS:
            return
        self.saved = time.perf_counter()
        save_run(self.run.checkpoint, self, self.run.identity)

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one of this very run."""
        if self.run.checkpoint is not None and load_run(self.run.checkpoint, self, self.run.identity):
            self.good = self._snapshot()


def _operations(network: ForecastNetwork, run: Run) -> int:
    """Of the matrix products of one step: each weight multiplies and adds, forward once and backward twice."""
    shape = network.config
    weights = sum(p.numel() for p in network.backbone.parameters())
    return 6 * weights * run.config.batch * shape.context // shape.patch


@torch.no_grad()
def validation_error(network: ForecastNetwork, reader: WindowReader, origins: Origins) -> float:
    """Mean pinball loss of the newest position over the origins, weighted as in training; independent of batches."""
    total = weight = 0.0
    for part in origins.parts(_VALIDATION_BATCH):
        value, mass = network.loss(reader.read(part, answers=True), newest_only=True)
        total, weight = total + value.item(), weight + mass.item()
    return total / max(weight, 1e-9)
