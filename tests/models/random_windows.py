"""Networks with random weights and windows of random walks, for tests of networks that decode in their own way."""

from __future__ import annotations

from typing import Any

import torch

from gatecast.models.network import ForecastNetwork, NetworkConfig, new_network
from gatecast.runtime import private_torch_stream
from gatecast.windows import Batch


def network_of(name: str, *, shake: float = 0.3, **fields: Any) -> ForecastNetwork:
    """A small network, its weights moved from their first values. fields: of `NetworkConfig`."""
    shape: dict[str, Any] = {"horizon": 4, "context": 10, "patch": 1, "seasons": (), "levels": (80, 95), **fields}
    config = NetworkConfig(model=name, **{"options": {"hidden": 5}, **shape})
    with private_torch_stream(0, "weights"), torch.no_grad():
        network = new_network(config).eval()
        for parameter in network.parameters():
            parameter += shake * torch.randn_like(parameter)
    return network


def batch_of(network: ForecastNetwork, size: int = 3, *, counts: bool = False) -> Batch:
    """Windows with their answers; counts: whole numbers of at least 0."""
    config = network.config
    with private_torch_stream(0, "batch"):
        answer = 20 + torch.randn(size, config.context + config.horizon, dtype=torch.float64).cumsum(1)
        covariates = torch.randn(size, config.context, config.past + config.future)
        known = torch.randn(size, config.context + config.horizon, config.future)
    answer = answer.round().clamp(min=0) if counts else answer
    phase = torch.arange(size)
    return Batch(answer[:, : config.context], torch.ones(size, config.context), covariates, known, answer, phase)


def single(batch: Batch, k: int) -> Batch:
    """One window of a batch."""
    return Batch(*(part[k : k + 1] for part in batch))
