"""The networks of one fit, trained one after another, and their mean. Knows training; not files, not intervals' repair.

Scouts train on the rows before the held-out tail; there they are judged and calibrated. Then they go on with all rows,
so that the forecast knows the newest ones too, or leave the forecast to members that learn from all rows at once.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from gatecast.forecaster.advice import Advisers
from gatecast.forecaster.analogues import MOST_LEARNT, Analogues
from gatecast.forecaster.autoregression import MOST_FITTED
from gatecast.forecaster.predicting import predict
from gatecast.forecaster.watching import watcher
from gatecast.models.network import ForecastNetwork, network_class, new_network
from gatecast.pretrained import MOST_READ, pretrained_network
from gatecast.runtime import private_torch_stream, take_quickest_threads, torch_seed
from gatecast.training.history import History
from gatecast.training.loop import Run, train
from gatecast.training.optimisers import finishing_rate
from gatecast.training.ridge import fit_ridge

if TYPE_CHECKING:
    from collections.abc import Callable
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
_TRAINING_SHARE = 0.87  # of a budget, less reading and judging; the rest is for a machine that slows down
_MOST_JUDGED = 8192  # windows; and values, since long horizons would take more of a budget than is left
_MOST_VALUES = 1_000_000
_MOST_SAMPLED = 256  # of a network whose every forecast costs a hundred paths
_MOST_PRETRAINED = 100_000  # values in all windows that the pretrained network is asked about: half a second
_MOST_FITTED = 1_000_000  # values in all windows that have autoregressions: some seconds
_TRIED = 128  # windows that say how long judging will take
_JUDGING = 2  # times as long as one network's forecast of the judged windows: it, and what is made of it
_STILL_LEARNING = 0.5  # of its steps: a scout whose best ones came so late would have gained by more
_MOST_MEMBERS = 8  # that a budget may have time for
_LATE = 1.03  # a fit may end so much later than its budget
_TOO_LATE = 1.05  # and so much where a machine slows down: then a member that is not done is left out


@dataclass(frozen=True)
class Job:
    """How a fit is run, apart from what is fitted. See `Forecaster.fit` and `training.loop.Run`.

    started: when, by `time.perf_counter`; a budget is counted from there. threads: that torch may use.
    """

    seed: int
    device: torch.device
    stage: str = "fit"
    on_progress: Callable[[Progress], None] | None = None
    on_epoch: Callable[[Look], None] | None = None
    checkpoint: Path | None = None
    resume: bool = False
    started: float = field(default_factory=time.perf_counter)
    threads: int = field(default_factory=torch.get_num_threads)


class Members:
    """Trains the members of a plan: the scouts on the past of the held-out rows, then all to the end."""

    def __init__(self, panel: Panel, reader: WindowReader, shares: Split, plan: Plan, job: Job) -> None:
        self.panel, self.reader, self.shares, self.plan, self.job = panel, reader, shares, plan, job
        self.networks: list[ForecastNetwork] = []
        self.histories: list[History] = []
        self.ridges: dict[int, torch.Tensor] = {}  # by context, of the windows that train now
        self.judging = self.searching = 0.0  # seconds that they will still take, as far as is known

    def train(self) -> None:
        """The scouts on the training windows; each keeps the weights that are best on the stopping windows.

        Ctrl-C and a budget that runs out leave fewer of them.
        """
        self.hurry()
        windows = self._windows(self.shares.training, 0)
        stopping = self.shares.held_out(_MOST_STOPPING)
        if len(windows) and not len(stopping.series):  # nothing could be held out: the training windows must do
            stopping = windows.spread(_MOST_STOPPING)
        while (member := len(self.networks)) < self.plan.scouts and (
            not member or self._may_go_on((1 + (member + 1) * self.plan.finish) * self._one())
        ):
            self.networks.append(self._new(member, windows))
            if member == 0 and self.plan.budget is not None:
                self._foresee_judging()
            if len(windows):
                self.histories.append(self._train(member, windows, stopping))
                if member and self.histories[-1].stopped == "budget":
                    del self.networks[member:], self.histories[member:]
                    return
            else:
                self.histories.append(History((), (), (), 0, 0, "nothing to learn", 0.0))

    def hurry(self) -> None:
        """Where a budget must be kept, as many threads as are quickest now; else a forecast would hang on the load."""
        if self.plan.budget is not None:
            take_quickest_threads(self.job.threads)

    def judged(self) -> Origins:
        """The held-out windows that say how far to trust, and how wide intervals must be."""
        config = self.plan.network
        sampled = network_class(config.model).sampled
        most = _MOST_SAMPLED if sampled else min(_MOST_JUDGED, _MOST_VALUES // config.horizon + 1)
        if self.plan.analogues:
            most = min(most, MOST_LEARNT)
        return self.shares.held_out(min(most, self.most_advised))

    @property
    def most_advised(self) -> int:
        """Windows that the advisers should be asked about; as many as are ever judged where there are none."""
        plan, longest, most = self.plan, int(self.shares.lengths.max()), _MOST_JUDGED
        if plan.pretrained:
            most = min(most, _MOST_PRETRAINED // min(MOST_READ, longest))
        if plan.autoregression is not None:
            most = min(most, _MOST_FITTED // min(MOST_FITTED, longest))
        return most

    def _foresee_judging(self) -> None:
        """Its seconds, about: the scout's forecast and what is made of it, then that of all members; and the search."""
        origins = self.judged()
        few = next(origins.parts(_TRIED), None)
        if few is None:
            return
        for _ in range(2):  # the first pays for what is made ready once
            start = time.perf_counter()
            predict(self.networks[:1], self.reader, few)
            took = time.perf_counter() - start
        more = len(origins.series) / len(few.series)
        self.judging = took * more * (_JUDGING + self.plan.members)
        start = time.perf_counter()
        self.advisers.at(self.reader, few)
        self.judging += _JUDGING * (time.perf_counter() - start) * more
        if self.plan.analogues:
            past, start = self.past, time.perf_counter()
            past.at(self.panel, few)
            self.searching = (time.perf_counter() - start) * max(1.0, more / 2)  # half of so small a search is fixed

    @cached_property
    def advisers(self) -> Advisers:
        """Who has a say before anything is learnt."""
        return Advisers.of(self.plan, pretrained_network().to(self.job.device) if self.plan.pretrained else None)

    @cached_property
    def past(self) -> Analogues:
        """The analogues that a forecast of held-out windows may know."""
        return Analogues.of(self.panel.until(self.shares.train), self.plan.network.horizon)

    def _windows(self, share: Callable[[int], Windows], member: int) -> Windows:
        """Those of a share that teach something: series that never change do not, and are forecast as constant."""
        windows, y, starts = share(self.plan.config_of(member).context), self.panel.y, self.panel.offsets[:-1]
        changes = np.maximum.reduceat(y, starts) > np.minimum.reduceat(y, starts)
        return replace(windows, counts=np.where(changes, windows.counts, 0))

    def _new(self, member: int, windows: Windows) -> ForecastNetwork:
        with private_torch_stream(self.job.seed, "weights", member):
            network = new_network(self.plan.config_of(member)).to(self.job.device).eval()
        self._set_ridge(network, windows)
        return network

    def _set_ridge(self, network: ForecastNetwork, windows: Windows) -> None:
        """Members that read alike have one linear base: they differ by what they draw."""
        context = network.config.context
        if network.config.ridge and len(windows):
            if context not in self.ridges:
                self.ridges[context] = fit_ridge(network, self.reader.within(context), windows, self.job.seed)
            network.bases.get_buffer("ridge").copy_(self.ridges[context])

    def _may_go_on(self, seconds: float) -> bool:
        """Whether nobody has ended the fit, and there is time for so many seconds more."""
        if self.histories and self.histories[-1].stopped in ("interrupted", "nothing to learn"):
            return False
        return self.plan.budget is None or self._spoken_for() + seconds <= _LATE * self.plan.budget

    def _at_most(self) -> float | None:
        """Seconds after which a member that is not the first is left out."""
        return None if self.plan.budget is None else max(0.0, _TOO_LATE * self.plan.budget - self._spoken_for())

    def _one(self) -> float:
        """Seconds that the first training took."""
        return self.histories[0].seconds if self.histories else 0.0

    def _train(self, member: int, windows: Windows, stopping: Origins) -> History:
        """The first member may take its share of the budget; the others take as many steps as it took."""
        config, budget = self.plan.training, None
        if self.plan.budget is not None and member == 0:
            left = _TRAINING_SHARE * self.plan.budget - self._spoken_for()
            budget = max(0.0, left) / self.plan.trainings
        elif self.plan.budget is not None:
            config, budget = replace(config, steps=max(1, self.histories[0].steps), patience=0), self._at_most()
        run = replace(self._run("train", member, windows, config), stopping=stopping, budget=budget)
        if member == 0:
            levels = self.plan.network.levels
            run = replace(run, on_round=watcher(self.panel, self.reader, self.shares, levels, self.job))
        return train(self.networks[member], run, resume=self.job.resume)

    def finish(self) -> None:
        """All members on all rows: they go on from what the scouts learnt, or begin anew where the plan says so.

        A scout knows the newest rows from its last steps alone; a network that saw them from its first step is better.
        With time for less than two of these, the scout goes on.
        """
        self.ridges, self.searching = {}, 0.0  # what the analogues are worth is known by now
        steps = self._steps_anew() if self.plan.anew else 0
        two = (1 + self.plan.cost_of(1)) * steps / max(1, self.histories[0].steps)
        if steps and self._may_go_on(two * self._one()):
            self._begin_anew(steps)
        else:
            self._go_on()

    def _go_on(self) -> None:
        """From the rate that each training ended with, down to nothing."""
        for member, (network, history) in enumerate(zip(self.networks, self.histories, strict=True)):
            steps = round(self.plan.finish * history.best_step)
            if history.stopped == "interrupted" or not steps:  # nothing was learnt that could be gone on with
                continue
            rate = finishing_rate(self.plan.training, history)
            config = replace(
                self.plan.training, steps=steps, patience=0, rate=rate, schedule="cosine", warm_up=min(10, steps)
            )
            windows = self._windows(self.shares.everything, member)
            self._set_ridge(network, windows)
            finished = train(network, self._run("finish", member, windows, config), resume=self.job.resume)
            if finished.stopped == "interrupted":
                return

    def _steps_anew(self) -> int:
        """More than a scout took where it was still learning, else as many as were best for it.

        A few hundred steps more cost little where networks are held back; too few cost much (docs/LOG.md).
        """
        scout = self.histories[0]
        learning = scout.stopped != "converged" and scout.best_step >= _STILL_LEARNING * scout.steps
        return round(self.plan.after * scout.steps) if learning else scout.best_step

    def _begin_anew(self, steps: int) -> None:
        """The first takes the place of the scout, whose history stays. One that is ended has learnt too little."""
        config, took = replace(self.plan.training, steps=steps, patience=0), []
        kinds = len(self.plan.kinds)
        for member in range(_MOST_MEMBERS if self.plan.more else self.plan.members):
            if member > 1:
                seconds = took[-kinds] if member >= kinds else self.plan.cost_of(member) * took[0]
                if not self._may_go_on(seconds):
                    return
            windows = self._windows(self.shares.everything, member)
            network = self._new(member, windows)
            run = replace(self._run("whole", member, windows, config), budget=self._at_most() if member else None)
            history = train(network, run, resume=self.job.resume)
            if history.stopped in ("interrupted", "budget"):
                return
            took.append(history.seconds)
            self.networks[member : member + 1] = [network]
            if member:
                self.histories.append(history)

    def untrained(self) -> tuple[ForecastNetwork, Run]:
        """The first member before its first step, and what its training would be given."""
        windows = self._windows(self.shares.training, 0)
        return self._new(0, windows), self._run("train", 0, windows, self.plan.training)

    def _run(self, phase: str, member: int, windows: Windows, config: TrainingConfig) -> Run:
        """What both phases have in common."""
        path = self.job.checkpoint
        return Run(
            reader=self.reader.within(self.plan.config_of(member).context),
            windows=windows,
            stopping=None,
            config=config,
            seed=torch_seed(self.job.seed, phase, member),
            stage=self.job.stage,
            on_progress=self._teller(phase, member),
            checkpoint=None if path is None else path.with_name(f"{path.name}-{phase}-{member}"),
            identity="" if path is None else self._identity(phase, member),
            threads=None if self.plan.budget is None else self.job.threads,
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
        before = member if phase == "train" else plan.scouts + member * plan.after
        steps = None if plan.budget is not None else round((plan.scouts + plan.members * plan.after) * each)

        def told(progress: Progress) -> None:
            step = round(before * each) + progress.step if steps else progress.step
            tell(replace(progress, step=step, steps=steps, seconds=self._seconds(), budget=plan.budget))

        return told

    def _spoken_for(self) -> float:
        """Seconds of a budget that are gone, or that judging and the search for analogues will take."""
        return self._seconds() + self.judging + self.searching

    def _seconds(self) -> float:
        return time.perf_counter() - self.job.started
