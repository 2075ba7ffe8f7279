"""The networks of one fit, trained one after another, and their mean. Knows training; not files, not intervals' repair.

Scouts train on the rows before the held-out tail; there they are judged and calibrated. Then they are finished on all
rows, so that the forecast knows the newest ones too, and the other members train on all rows from the start.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from gatecast.forecast import Prediction
from gatecast.forecaster.watching import watcher
from gatecast.models.network import ForecastNetwork, in_units, new_network
from gatecast.runtime import private_torch_stream, torch_seed
from gatecast.training.history import History
from gatecast.training.loop import Run, train
from gatecast.training.optimisers import finishing_rate
from gatecast.training.ridge import fit_ridge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gatecast.forecast import Origins
    from gatecast.forecaster.plan import Plan
    from gatecast.forecaster.watching import Look
    from gatecast.panel import Panel
    from gatecast.training.config import TrainingConfig
    from gatecast.training.history import Progress
    from gatecast.training.split import Split
    from gatecast.windows import WindowReader, Windows

_MOST_STOPPING = 512
_TRAINING_SHARE = 0.95  # of a budget; the rest is for reading, judging and calibrating
_LATE = 1.01  # a fit may end so much later than its budget
_PREDICTION_BATCH = 1024


@dataclass(frozen=True)
class Job:
    """How a fit is run, apart from what is fitted. See `Forecaster.fit` and `training.loop.Run`."""

    seed: int
    device: torch.device
    stage: str = "fit"
    on_progress: Callable[[Progress], None] | None = None
    on_epoch: Callable[[Look], None] | None = None
    checkpoint: Path | None = None
    resume: bool = False


class Members:
    """Trains the members of a plan: the scouts on the past of the held-out rows, then all to the end."""

    def __init__(self, panel: Panel, reader: WindowReader, shares: Split, plan: Plan, job: Job) -> None:
        self.panel, self.reader, self.shares, self.plan, self.job = panel, reader, shares, plan, job
        self.networks: list[ForecastNetwork] = []
        self.histories: list[History] = []
        self.started = time.perf_counter()

    def train(self) -> None:
        """The scouts on the training windows; each keeps the weights that are best on the stopping windows.

        Ctrl-C and a budget that runs out leave fewer of them.
        """
        windows = _teaching(self.shares.training(self.plan.network.context), self.panel)
        stopping = self.shares.held_out(_MOST_STOPPING)
        if len(windows) and not len(stopping.series):  # nothing could be held out: the training windows must do
            stopping = windows.spread(_MOST_STOPPING)
        while (member := len(self.networks)) < self.plan.scouts and self._may_go_on(
            1 + (member + 1) * self.plan.finish
        ):
            self.networks.append(self._new(member))
            if not member:
                self._fit_ridge(windows)
            if len(windows):
                self.histories.append(self._train(member, windows, stopping))
            else:
                self.histories.append(History((), (), (), 0, 0, "nothing to learn", 0.0))

    def _new(self, member: int) -> ForecastNetwork:
        """Fresh weights, and the linear base of the first member: members differ by what they draw."""
        with private_torch_stream(self.job.seed, "weights", member):
            network = new_network(self.plan.network).to(self.job.device).eval()
        if self.networks:
            network.bases.set_ridge(self.networks[0].bases.ridge)
        return network

    def _fit_ridge(self, windows: Windows) -> None:
        if len(windows) and self.networks and self.plan.network.ridge:
            fitted = fit_ridge(self.networks[0], self.reader, windows, self.job.seed)
            for network in self.networks:
                network.bases.set_ridge(fitted)

    def _may_go_on(self, trainings: float) -> bool:
        """Whether nobody has ended the fit, and there is time for so many times the first training."""
        if not self.histories:
            return True
        if self.histories[-1].stopped in ("interrupted", "nothing to learn"):
            return False
        budget = self.plan.budget
        return budget is None or self._seconds() + trainings * self.histories[0].seconds <= _LATE * budget

    def _train(self, member: int, windows: Windows, stopping: Origins) -> History:
        """The first member may take its share of the budget; the others take as many steps as it took."""
        config, budget = self.plan.training, None
        if self.plan.budget is not None and member == 0:
            budget = _TRAINING_SHARE * self.plan.budget / self.plan.trainings
        elif self.plan.budget is not None:
            config = replace(config, steps=max(1, self.histories[0].steps), patience=0)
        run = replace(self._run("train", member, windows, config), stopping=stopping, budget=budget)
        if member == 0:
            levels = self.plan.network.levels
            run = replace(run, on_round=watcher(self.panel, self.reader, self.shares, levels, self.job, predict))
        return train(self.networks[member], run, resume=self.job.resume)

    def finish(self) -> None:
        """All members on all rows: the scouts go on, the others begin and take the steps that were best for the scouts.

        A scout goes on from the rate that its training ended with down to nothing.
        """
        windows = _teaching(self.shares.everything(self.plan.network.context), self.panel)
        self._fit_ridge(windows)
        for member, (network, history) in enumerate(zip(self.networks, self.histories, strict=True)):
            steps = round(self.plan.finish * history.best_step)
            if history.stopped == "interrupted" or not steps:  # nothing was learnt that could be gone on with
                continue
            rate = finishing_rate(self.plan.training, history)
            config = replace(
                self.plan.training, steps=steps, patience=0, rate=rate, schedule="cosine", warm_up=min(10, steps)
            )
            finished = train(network, self._run("finish", member, windows, config), resume=self.job.resume)
            if finished.stopped == "interrupted":
                return
        self._complete(windows)

    def _complete(self, windows: Windows) -> None:
        """The members that are no scouts. One that Ctrl-C ends has learnt too little to have a voice."""
        steps = round(np.mean([history.best_step for history in self.histories]))
        if not steps:
            return
        config, trainings = replace(self.plan.training, steps=steps, patience=0), steps / self.histories[0].steps
        while (member := len(self.networks)) < self.plan.members and self._may_go_on(trainings):
            network = self._new(member)
            history = train(network, self._run("whole", member, windows, config), resume=self.job.resume)
            if history.stopped == "interrupted":
                return
            self.networks.append(network)
            self.histories.append(history)

    def untrained(self) -> tuple[ForecastNetwork, Run]:
        """The first member before its first step, and what its training would be given."""
        windows = _teaching(self.shares.training(self.plan.network.context), self.panel)
        return self._new(0), self._run("train", 0, windows, self.plan.training)

    def _run(self, phase: str, member: int, windows: Windows, config: TrainingConfig) -> Run:
        """What both phases have in common."""
        path = self.job.checkpoint
        return Run(
            reader=self.reader,
            windows=windows,
            stopping=None,
            config=config,
            seed=torch_seed(self.job.seed, phase, member),
            stage=self.job.stage,
            on_progress=self._teller(phase, member),
            checkpoint=None if path is None else path.with_name(f"{path.name}-{phase}-{member}"),
            identity="" if path is None else self._identity(phase, member),
        )

    def _identity(self, phase: str, member: int) -> str:
        """What a checkpoint must match: the data, the plan, the seed, and the place in the run."""
        place = [self._data, self.plan.to_dict(), self.job.seed, self.job.stage, member, phase]
        return hashlib.sha256(json.dumps(place, sort_keys=True).encode()).hexdigest()

    @cached_property
    def _data(self) -> str:
        return self.panel.fingerprint()

    def _teller(self, phase: str, member: int) -> Callable[[Progress], None] | None:
        """Turns the progress of one training into that of the whole fit."""
        tell, plan = self.job.on_progress, self.plan
        if tell is None:
            return None
        each = plan.training.steps
        before = {
            "train": member,
            "finish": plan.scouts + member * plan.finish,
            "whole": plan.scouts * plan.finish + member,
        }[phase]
        steps = None if plan.budget is not None else round(plan.trainings * each)

        def told(progress: Progress) -> None:
            step = round(before * each) + progress.step if steps else progress.step
            tell(replace(progress, step=step, steps=steps, seconds=self._seconds(), budget=plan.budget))

        return told

    def _seconds(self) -> float:
        return time.perf_counter() - self.started


def _teaching(windows: Windows, panel: Panel) -> Windows:
    """Without the series that never change: they teach nothing, and are forecast as constant."""
    smallest = np.minimum.reduceat(panel.y, panel.offsets[:-1])
    largest = np.maximum.reduceat(panel.y, panel.offsets[:-1])
    return replace(windows, counts=np.where(largest > smallest, windows.counts, 0))


@torch.no_grad()
def predict(
    networks: Sequence[ForecastNetwork], reader: WindowReader, origins: Origins
) -> tuple[Prediction, np.ndarray, np.ndarray]:
    """The members' mean in the unit of the data, each window's scale (origins,), and the naive bases' forecasts.

    Quantiles are averaged one by one (Vincent, 1912): they cannot cross. Bases: (origins, horizon, bases).
    """
    levels = len(networks[0].config.levels)
    quantiles, scales, bases = [], [], []
    for part in origins.parts(_PREDICTION_BATCH):
        batch = reader.read(part, answers=False)
        outputs = [network(batch, newest_only=True) for network in networks]
        centre, scale = outputs[0].centre[:, :, None], outputs[0].scale[:, :, None]
        mean = torch.stack([one.quantiles[:, 0] for one in outputs]).double().mean(0)
        quantiles.append((mean * scale + centre).cpu().numpy())
        bases.append((outputs[0].bases[:, 0].double() * scale + centre).cpu().numpy())
        scales.append(scale[:, 0, 0].cpu().numpy())
    joined = np.concatenate(quantiles)  # (n, horizon, quantiles), rising
    lower, point, upper = joined[..., :levels][..., ::-1], joined[..., levels], joined[..., levels + 1 :]
    return Prediction(point, lower.copy(), upper.copy()), np.concatenate(scales), np.concatenate(bases)


@torch.no_grad()
def bases_at(network: ForecastNetwork, reader: WindowReader, origins: Origins) -> tuple[np.ndarray, np.ndarray]:
    """What the bases alone forecast, in the unit of the data, and what an error of each window is measured in.

    (origins, horizon, bases), and (origins,) as when networks train, 0 where the context is constant.
    """
    bases, units = [], []
    for part in origins.parts(_PREDICTION_BATCH):
        batch = reader.read(part, answers=False)
        centre, scale = network.unit(batch)
        own = network.bases(in_units(batch.target, centre, scale))[:, -1].double()
        bases.append((own * scale[:, :, None] + centre[:, :, None]).cpu().numpy())
        units.append((scale / network.weight(batch, centre, scale).clamp(min=1e-9))[:, 0].cpu().numpy())
    return np.concatenate(bases), np.concatenate(units)
