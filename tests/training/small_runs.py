"""Small trainings that end in a blink, for the tests of the loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from gatecast.frequency import Frequency
from gatecast.models.network import ForecastNetwork, NetworkConfig
from gatecast.panel import Panel
from gatecast.runtime import private_torch_stream
from gatecast.scaling import Scaler
from gatecast.training.config import TrainingConfig
from gatecast.training.loop import Run
from gatecast.training.split import split
from gatecast.windows import WindowReader

CONTEXT, HORIZON = 12, 3
CPU = torch.device("cpu")


def panel_of(*series: Any) -> Panel:
    """Series of any lengths, indexed by row number."""
    arrays = [np.asarray(one, dtype=float) for one in series]
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in arrays])]).astype(np.int64)
    time = np.concatenate([np.arange(len(one)) for one in arrays])
    ids = tuple(f"s{i}" for i in range(len(arrays)))
    return Panel(np.concatenate(arrays)[:, None], offsets, ids, time, Frequency("row"))


def sine(seed: int = 0, length: int = 150, noise: float = 0.1) -> np.ndarray:
    draws = np.random.default_rng(seed).normal(size=length)
    return 10 + 3 * np.sin(np.arange(length) * 2 * np.pi / 7) + noise * draws


def new_network(*, seed: int = 0, **options: Any) -> ForecastNetwork:
    """A network of few weights; options go to the backbone."""
    shape = {"hidden": 6, "layers": 1, **options}
    with private_torch_stream(seed, "weights"):
        return ForecastNetwork(NetworkConfig("lstm", shape, HORIZON, CONTEXT, 1, (), (80, 95)))


def run_of(panel: Panel | None = None, *, seed: int = 0, **fields: Any) -> Run:
    """A training of the sine; fields are of `Run`, or of `TrainingConfig` where that has one of the name."""
    panel = panel_of(sine()) if panel is None else panel
    shares = split(panel, HORIZON)
    training = {name: fields.pop(name) for name in list(fields) if name in TrainingConfig.__dataclass_fields__}
    config = TrainingConfig(**{"steps": 40, "round": 5, "batch": 16, "warm_up": 5, "patience": 0, **training})
    return Run(
        reader=WindowReader(panel, Scaler.fit(panel.values[:, 1:]), CONTEXT, HORIZON, CPU),
        windows=shares.training(),
        stopping=shares.held_out(100),
        config=config,
        seed=seed,
        stage="fit",
        **fields,
    )


def weights_of(network: torch.nn.Module) -> bytes:
    """Every weight, as bytes."""
    return b"".join(value.numpy().tobytes() for _, value in sorted(network.state_dict().items()))
