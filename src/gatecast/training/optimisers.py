"""Optimisers by name, the rate schedule and the averaging of weights. One closure serves every optimiser."""

from __future__ import annotations

import math
from functools import cache
from inspect import unwrap
from typing import TYPE_CHECKING

import torch
from torch.optim.swa_utils import get_ema_multi_avg_fn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gatecast.training.config import TrainingConfig
    from gatecast.training.history import History

_PLATEAU = 3  # rounds without gain before the rate is halved
_LEAST_FINISH = 0.03  # of the full rate


def make_optimiser(config: TrainingConfig, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The optimiser that the config names, over these parameters."""
    if config.optimiser == "adam":
        return eager(torch.optim.Adam)(parameters, lr=config.rate, fused=True)
    if config.optimiser == "adamw":
        return eager(torch.optim.AdamW)(parameters, lr=config.rate, weight_decay=config.l2, fused=True)
    if config.optimiser == "sgd":
        return eager(torch.optim.SGD)(parameters, lr=config.rate, momentum=0.9)
    return eager(torch.optim.LBFGS)(parameters, lr=config.rate, max_iter=20, history_size=20)


@cache
def eager(kind: type[torch.optim.Optimizer]) -> Callable[..., torch.optim.Optimizer]:
    """The same optimiser, which leaves torch's compiler alone.

    Torch's own import it at their first call, to tell it to keep away: seconds of a process that compiles nothing.
    What they would call is the same.
    """
    called = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    methods = {name: unwrap(getattr(kind, name)) for name in called}
    return type(kind.__name__, (kind,), {**methods, "step": torch.no_grad()(unwrap(kind.step))})


def rate_at(config: TrainingConfig, step: int) -> float:
    """The learning rate of a step, counted from 1."""
    rise = min(1.0, step / config.warm_up) if config.warm_up else 1.0
    if config.schedule == "inverse-sqrt":
        # a hundred steps at full rate for each step of warm-up, then falling: needs no end, so that a budget, a
        # Ctrl-C or a resumed run meets the same rates
        fall = max(1.0, step / (10 * max(config.warm_up, 1))) ** -0.5
    elif config.schedule == "cosine":
        fall = 0.5 * (1 + torch.cos(torch.tensor(min(1.0, step / config.steps) * torch.pi)).item())
    elif config.schedule == "one-cycle":
        fall = _one_cycle(min(1.0, step / config.steps))
    else:
        fall = 1.0
    return config.rate * rise * fall


def _one_cycle(done: float) -> float:
    """Up to the full rate over the first three tenths of the steps, then down far below the start, along cosines.

    Smith & Topin 2018, "Super-convergence", section 3. done: share of the steps taken.
    """
    start, end, peak = 1 / 25, 1e-4, 0.3
    low, way = (start, done / peak) if done < peak else (end, 1 - (done - peak) / (1 - peak))
    return low + (1 - low) * 0.5 * (1 - math.cos(math.pi * way))


def halvings(config: TrainingConfig, validations: Iterable[float]) -> int:
    """How often "plateau" has halved the rate: once for every few rounds in a row without a better validation.

    It follows from the curve alone, so that a resumed run meets the same rates.
    """
    if config.schedule != "plateau":
        return 0
    best, bad, count = math.inf, 0, 0
    for validation in validations:
        bad = 0 if validation < best else bad + 1
        best = min(best, validation)
        count += bad > 0 and bad % _PLATEAU == 0
    return count


def finishing_rate(config: TrainingConfig, history: History) -> float:
    """From where a training goes on after its best weights: the rate that they had, but never next to nothing."""
    before = history.validation[: history.step.index(history.best_step)] if history.best_step in history.step else ()
    rate = rate_at(config, history.best_step) * 0.5 ** halvings(config, before)
    return max(rate, _LEAST_FINISH * config.rate)


def penalty(config: TrainingConfig, parameters: Iterable[torch.nn.Parameter]) -> torch.Tensor | float:
    """L1 and L2 penalties on the weights (not on biases); AdamW decays its weights by itself."""
    l2 = 0.0 if config.optimiser == "adamw" else config.l2
    if not (config.l1 or l2):
        return 0.0
    weights = [p for p in parameters if p.dim() > 1]
    return sum(config.l1 * w.abs().sum() + l2 * w.square().sum() for w in weights)


class Average:
    """Running average of the weights over the last `share` of the steps taken (Karras et al., 2024, section 3.1).

    With share 0 the average is the newest weights themselves. What is no weight (the running statistics of batch
    normalisation) is an average already, and is taken as it is.
    """

    def __init__(self, network: torch.nn.Module, averaged: torch.nn.Module, share: float) -> None:
        self._from = [p.detach() for p in network.parameters()]
        self._into = [p.detach() for p in averaged.parameters()]
        self._share = share
        weights, into = dict(network.named_parameters()), averaged.state_dict()
        self._statistics = [(into[name], value) for name, value in network.state_dict().items() if name not in weights]

    def update(self, step: int) -> None:
        """Take in the weights of a step, counted from 1."""
        weight = 1.0 if not self._share else min(1.0, 1 / (self._share * step))
        get_ema_multi_avg_fn(1 - weight)(self._into, self._from, 0)  # all tensors in one call

    def take_statistics(self) -> None:
        """Take what is no weight from the network, as it is now; enough before the averaged network is used."""
        for into, newest in self._statistics:
            into.copy_(newest)
