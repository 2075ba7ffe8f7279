"""The share of the machine's own matrix products that a training step of the default network reaches.

    python benchmarks/arithmetic.py [--runs 5]

The network is the one that the plan makes for tables of the size of M4 Hourly and M4 Weekly, on random walks;
operations are those of the matrix products of LSTM and heads, forward and backward. The machine's rate is that of a
product of two float32 matrices of 1024 × 1024 on as many threads, also where the step multiplies in bfloat16 as
training does (`half`; `full` is without). What the LSTM alone takes stands beside: the rest of a step is the bases,
the quantiles, the loss and the optimiser. Products and steps are timed in turn, and the share is the median of those
of neighbours: other programs on the machine slow both.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import nullcontext
from itertools import product
from statistics import median
from typing import Any

import numpy as np
import torch
from measure import ratio, show
from record import write_record

from gatecast.forecaster.plan import Wishes, make_plan
from gatecast.frequency import Frequency
from gatecast.models.network import ForecastNetwork, new_network
from gatecast.nn.dropout import seed_dropout
from gatecast.nn.precision import half_precision
from gatecast.panel import Panel
from gatecast.runtime import keeping_memory, private_torch_stream
from gatecast.scaling import Scaler
from gatecast.training.optimisers import make_optimiser
from gatecast.training.split import split
from gatecast.windows import WindowReader

SHAPES = {"hourly": (414, 850, 48, (24, 168)), "weekly": (359, 1020, 13, ())}  # series, rows, horizon, seasons
SIDE = 1024


def walks(series: int, rows: int) -> Panel:
    """Random walks in one table."""
    y = np.random.default_rng(0).normal(size=(series, rows)).cumsum(1)
    offsets = np.arange(series + 1) * rows
    ids = tuple(f"s{k}" for k in range(series))
    return Panel(y.reshape(-1, 1), offsets, ids, np.tile(np.arange(rows), series), Frequency("row"))


def operations(network: ForecastNetwork, batch: int) -> float:
    """Of the matrix products of a step: each weight multiplies and adds, forward once and backward twice.

    The backbone reads every patch; head and mixture answer from those of the newer half alone.
    """
    positions = network.config.context // network.config.patch
    answering = len(range(positions)[network.places(newest_only=False)])
    read = sum(p.numel() for p in network.backbone.parameters() if p.dim() == 2)
    said = sum(p.numel() for p in network.parameters() if p.dim() == 2) - read
    return 6.0 * batch * (read * positions + said * answering)


def milliseconds(work: Callable[[], Any], runs: int) -> float:
    """The median of so many runs, after a warm-up."""
    for _ in range(3):
        work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return median(times)


def measure(name: str, threads: int, precision: str, runs: int) -> dict[str, Any]:
    """One row."""
    series, rows, horizon, seasons = SHAPES[name]
    torch.set_num_threads(threads)
    panel = walks(series, rows)
    shares = split(panel, horizon)
    plan = make_plan(panel, shares, seasons, Wishes(horizon))
    reader = WindowReader(panel, Scaler.fit(panel.values[:, 1:]), plan.network.context, horizon, torch.device("cpu"))
    with private_torch_stream(0, "weights"):
        network = new_network(plan.network).train()
    seed_dropout(network, 0)
    optimiser = make_optimiser(plan.training, list(network.parameters()))
    batch = reader.read(shares.training(plan.network.context).spread(plan.training.batch), answers=True)
    inputs = torch.randn(plan.training.batch, plan.network.context // plan.network.patch, network.input_size())
    left, right = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)

    def step() -> None:
        optimiser.zero_grad()
        total, weight = network.loss(batch)
        (total / weight).backward()
        optimiser.step()

    with keeping_memory(), half_precision(network) if precision == "half" else nullcontext():
        sides = (lambda: left @ right, step, lambda: network.backbone(inputs)[0].sum().backward())
        matrices, whole, recurrent = zip(*([milliseconds(side, 8) for side in sides] for _ in range(runs)), strict=True)
    work, one = operations(network, plan.training.batch), 2 * SIDE**3  # of a step, of a product
    return {
        "network": name,
        "threads": threads,
        "precision": precision,
        "step_ms": round(median(whole), 1),
        "backbone_ms": round(median(recurrent), 1),
        "gflops": round(work / median(whole) / 1e6, 1),
        "machine_gflops": round(one / median(matrices) / 1e6, 1),
        "share": round(work / one * ratio(matrices, whole), 3),
        "at_least": 0.5 if name == "hourly" else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    most = torch.get_num_threads()
    sides = product(SHAPES, sorted({1, most}), ("full", "half"))
    rows = [measure(*side, runs) for side in sides]
    show(rows)
    write_record("arithmetic", rows)


if __name__ == "__main__":
    main()
