"""A training step of ours beside a plain PyTorch loop that trains the same network on the same windows.

    python benchmarks/steps.py [--runs 5] [--cases small,long,wide] [--device cuda]

Each side runs in processes of its own, in turn: the plain loop as a user would write it, in a process without any
setting; ours through `gatecast.training.loop.train`, which keeps freed memory while it runs and multiplies in bfloat16
where a step is large and the processor can; and ours in full precision. Counts page faults too, and what part of our
step the gathering of a batch takes. `--device cuda` does the same on a GPU, for a record of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from measure import child, in_turn, ratio, show
from record import write_record


@dataclass(frozen=True)
class Case:
    """One size of step. most: the ratio to the plain loop that we want at most. steps: how many are timed."""

    name: str
    batch: int
    context: int
    hidden: int
    most: float
    steps: int
    horizon: int = 3


CASES = {
    case.name: case
    for case in (
        Case("small", batch=32, context=7, hidden=64, most=1.1, steps=400),
        Case("long", batch=256, context=168, hidden=128, most=0.6, steps=12),
        Case("wide", batch=1024, context=24, hidden=64, most=0.6, steps=40),
    )
}
ROWS = 6000  # of one random walk
MANY = 400  # steps that are timed on a GPU


def network_of(case: Case, device: str) -> Any:
    """The same network with the same first weights on either side."""
    import torch

    from gatecast.models.network import ForecastNetwork, NetworkConfig

    torch.manual_seed(0)
    options = {"hidden": case.hidden, "layers": 2}
    return ForecastNetwork(NetworkConfig("lstm", options, case.horizon, case.context, 1, (), (80, 95))).to(device)


def walk() -> np.ndarray:
    return 100 + np.random.default_rng(0).normal(size=ROWS).cumsum()


def plain(case: Case, device: str) -> dict[str, float]:
    """The loop that everybody writes: all windows as one tensor, shuffled minibatches, Adam."""
    import torch

    from gatecast.windows import Batch

    network = network_of(case, device).train()
    optimiser = torch.optim.Adam(network.parameters())
    windows = torch.from_numpy(walk()).unfold(0, case.context + case.horizon, 1).contiguous()  # (N, context + horizon)
    nothing = torch.zeros(case.batch, case.context, 0)
    known = torch.zeros(case.batch, case.context + case.horizon, 0)
    ones, phase = torch.ones(case.batch, case.context), torch.zeros(case.batch, dtype=torch.int64)
    windows, nothing, known, ones, phase = (part.to(device) for part in (windows, nothing, known, ones, phase))

    def steps(count: int) -> None:
        taken = 0
        while True:
            for chosen in torch.randperm(len(windows)).split(case.batch)[: len(windows) // case.batch]:
                answer = windows[chosen]
                optimiser.zero_grad()
                total, weight = network.loss(Batch(answer[:, : case.context], ones, nothing, known, answer, phase))
                loss = total / weight
                loss.backward()
                optimiser.step()
                loss.item()  # for the user's running mean
                taken += 1
                if taken == count:
                    return

    return timed(steps, case)


def ours(case: Case, device: str) -> dict[str, float]:
    """`training.loop.train` on the same windows."""
    import torch

    from gatecast.frequency import Frequency
    from gatecast.panel import Panel
    from gatecast.runtime import keeping_memory
    from gatecast.scaling import Scaler
    from gatecast.training.config import TrainingConfig
    from gatecast.training.loop import Run, train
    from gatecast.windows import WindowReader, Windows

    y = walk()
    panel = Panel(y[:, None], np.array([0, ROWS]), ("walk",), np.arange(ROWS), Frequency("row"))
    reader = WindowReader(panel, Scaler.fit(panel.values[:, 1:]), case.context, case.horizon, torch.device(device))
    windows = Windows.between(np.array([case.context]), np.array([ROWS - case.horizon]))
    network = network_of(case, device)

    marks: list[Mark] = []
    run = Run(
        reader,
        windows,
        None,
        TrainingConfig(steps=warm_up(case) + case.steps, batch=case.batch),
        seed=0,
        stage="fit",
        on_progress=lambda progress: marks.append(mark(progress.step)),
    )
    train(network, run)

    def gather(count: int) -> None:
        draws = np.random.default_rng(0)
        for _ in range(count):
            batch = reader.read(windows.origins(draws.integers(len(windows), size=case.batch)), answers=True)
            batch.phase.sum().item()  # waits for the device

    with keeping_memory():
        gathering = timed(gather, case)
    warm = next(one for one in marks if one.step >= warm_up(case))
    return {**between(warm, marks[-1]), "gather_ms": gathering["ms"]}


class Mark(NamedTuple):
    """A moment of a run. seconds: of wall time; kernel: of the kernel's time."""

    step: int
    seconds: float
    kernel: float
    faults: int


def mark(step: int) -> Mark:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Mark(step, time.perf_counter(), used.ru_stime, used.ru_minflt)


def between(start: Mark, end: Mark) -> dict[str, float]:
    """Milliseconds of wall time, of the kernel's time, and page faults, all a step."""
    steps = end.step - start.step
    return {
        "ms": 1000 * (end.seconds - start.seconds) / steps,
        "kernel_ms": 1000 * (end.kernel - start.kernel) / steps,
        "faults": (end.faults - start.faults) / steps,
    }


def warm_up(case: Case) -> int:
    """Steps before the clock starts."""
    return max(3, case.steps // 10)


def timed(steps: Callable[[int], None], case: Case) -> dict[str, float]:
    """What one of these steps costs, after a warm-up."""
    steps(warm_up(case))
    start = mark(0)
    steps(case.steps)
    return between(start, mark(case.steps))


SIDES = {"plain": plain, "full": ours, "ours": ours}


def measured(side: str, case: Case, device: str, more: dict[str, str]) -> dict[str, float]:
    """One side in a process of its own, with more in its environment."""
    environment = os.environ | more
    return child(__file__, "--side", side, "--cases", case.name, "--device", device, environment=environment)


def compare(case: Case, device: str, runs: int) -> dict[str, Any]:
    """One row: both sides in turn, and the median of the ratios of neighbours."""
    full = {"GATECAST_HALF_PRECISION": "0"} if device == "cpu" else {}
    settings = {"plain": {}, "ours": {}} | ({"full": full} if full else {})
    found = in_turn({side: partial(measured, side, case, device, more) for side, more in settings.items()}, runs)
    middle = {side: {key: median(run[key] for run in rows) for key in rows[0]} for side, rows in found.items()}
    took = {side: [run["ms"] for run in rows] for side, rows in found.items()}
    return {
        "case": case.name,
        "batch": case.batch,
        "context": case.context,
        "hidden": case.hidden,
        "plain_ms": round(middle["plain"]["ms"], 3),
        "ours_ms": round(middle["ours"]["ms"], 3),
        "ratio": round(ratio(took["ours"], took["plain"]), 3),
        "at_most": case.most,
        "full_ms": round(middle["full"]["ms"], 3) if full else None,
        "full_ratio": round(ratio(took["full"], took["plain"]), 3) if full else None,
        "plain_faults": round(middle["plain"]["faults"]),
        "ours_faults": round(middle["ours"]["faults"]),
        "plain_kernel_ms": round(middle["plain"]["kernel_ms"], 2),
        "ours_kernel_ms": round(middle["ours"]["kernel_ms"], 2),
        "gather_share": round(median(run["gather_ms"] / run["ms"] for run in found["ours"]), 4),
        "runs": runs,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    cases = [CASES[name] for name in given.cases.split(",")]
    if given.device == "cuda":  # a step is short there
        cases = [replace(case, steps=MANY) for case in cases]
    if given.side:
        print(json.dumps(SIDES[given.side](cases[0], given.device)))
        return
    rows = [compare(case, given.device, given.runs) for case in cases]
    show(rows)
    write_record("steps", rows, device=given.device)


if __name__ == "__main__":
    main()
