"""What a forecast rests on: integrated gradients of one window, permutation of inputs over many.

Knows a network's forecast as a function of its batch; knows no recurrence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from gatecast.models.network import window_scale
from gatecast.runtime import stream
from gatecast.windows import Batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.models.network import ForecastNetwork

_NODES = 40
_REPEATS = 5


@dataclass(frozen=True)
class Attribution:
    """How each input moved the forecast away from what the baseline gives (Sundararajan, Taly & Yan 2017, eq. 1).

    The baseline is a past that stood at its mean, with every covariate at its own mean. In the unit of the data:
    steps: (horizon, context) by past value of the target. covariates: by name, (horizon,) over all their steps.
    forecast, baseline: (horizon,); steps and covariates sum to forecast − baseline.
    """

    steps: np.ndarray
    covariates: Mapping[str, np.ndarray]
    forecast: np.ndarray
    baseline: np.ndarray


@dataclass(frozen=True)
class Permutation:
    """How much worse the forecast becomes when an input comes from another window (Breiman 2001, section 10).

    loss: by name, the rise of the mean absolute error as a share of it; windows: how many were forecast.
    error: the mean absolute error itself, in units of each window's scale.
    """

    loss: Mapping[str, float]
    error: float
    windows: int


def point_forecast(network: ForecastNetwork, batch: Batch) -> torch.Tensor:
    """The median of the newest position in the unit of the data: (batch, horizon) float64, with its gradient."""
    output = network(batch, newest_only=True)
    median = output.quantiles[:, 0, :, len(network.config.levels)].double()  # (batch, horizon)
    return median * output.scale + output.centre


def attribute(network: ForecastNetwork, batch: Batch, past: Sequence[str], future: Sequence[str]) -> Attribution:
    """Integrated gradients of the one window in `batch`, along the straight line from its baseline."""
    mean = window_scale(batch.target, batch.observed)[0]
    start = batch._replace(
        target=mean.expand_as(batch.target),
        covariates=torch.zeros_like(batch.covariates),
        known=torch.zeros_like(batch.known),
    )
    nodes, weights = (torch.as_tensor(part) for part in np.polynomial.legendre.leggauss(_NODES))
    along = _between(start, batch, (nodes + 1) / 2)
    inputs = [part.requires_grad_() for part in (along.target, along.covariates, along.known)]
    values = point_forecast(network, along)  # (nodes, horizon)
    pieces = []
    for step in range(values.shape[1]):
        found = torch.autograd.grad(values[:, step].sum(), inputs, retain_graph=True, allow_unused=True)
        pieces.append([_integral(g, part, weights) for g, part in zip(found, inputs, strict=True)])
    target, covariates, known = (torch.stack(parts) for parts in zip(*pieces, strict=True))
    target = target * (batch.target - start.target)[0]  # (horizon, context)
    covariates = (covariates * batch.covariates[0]).sum(1)  # (horizon, past + future)
    known = (known * batch.known[0]).sum(1)  # (horizon, future)
    names = {name: covariates[:, k] for k, name in enumerate(past)}
    names |= {name: covariates[:, len(past) + k] + known[:, k] for k, name in enumerate(future)}
    with torch.no_grad():
        reached, left = (point_forecast(network, one)[0].cpu().numpy() for one in (batch, start))
    steps = _onto_observed(target.cpu().numpy(), batch.observed[0].cpu().numpy())
    return Attribution(steps, {name: one.cpu().numpy() for name, one in names.items()}, reached, left)


def _integral(gradient: torch.Tensor | None, part: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The mean of a gradient along the line, by Gauss and Legendre; zero where nothing depends on the input."""
    if gradient is None:
        return torch.zeros(part.shape[1:], dtype=torch.float64, device=part.device)
    share = (weights / 2).to(part.device).view(-1, *[1] * (part.dim() - 1))
    return (gradient.double() * share).sum(0)


def _between(start: Batch, end: Batch, share: torch.Tensor) -> Batch:
    """The windows on the line from one to another, one for each share. share: (shares,)."""

    def line(low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
        part = share.to(high).view(-1, *[1] * (high.dim() - 1))
        return (low + part * (high - low)).detach()

    return Batch(
        target=line(start.target, end.target),
        observed=end.observed.expand(len(share), -1),
        covariates=line(start.covariates, end.covariates),
        known=line(start.known, end.known),
        answer=end.answer.expand(len(share), -1),
        phase=end.phase.expand(len(share)),
    )


def _onto_observed(steps: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Steps before a series began repeat its first value: what they did, it did."""
    first = int(observed.argmax())
    moved = steps.copy()
    moved[:, first] += steps[:, :first].sum(1)
    moved[:, :first] = 0
    return moved


@torch.no_grad()
def permute(network: ForecastNetwork, batch: Batch, names: Sequence[str]) -> Permutation:
    """The rise of the error when each input is exchanged among the windows of the batch.

    names: of the target, the past covariates and those known ahead. The target is exchanged in units of each window.
    """
    horizon = network.config.horizon
    actual = batch.answer[:, -horizon:]
    centre, scale = window_scale(batch.target, batch.observed)
    moving = scale[:, 0] > 0
    unit = torch.where(scale > 0, scale, 1.0)

    def error(varied: Batch) -> float:
        return float(((point_forecast(network, varied) - actual).abs() / unit)[moving].mean())

    plain = error(batch)
    rise = {}
    for column, name in enumerate(names):
        draws = stream(0, "permutation", column)
        orders = [torch.as_tensor(draws.permutation(len(actual)), device=actual.device) for _ in range(_REPEATS)]
        if column == 0:
            own_units = (batch.target - centre) / unit
            varied = [batch._replace(target=own_units[o] * unit + centre, observed=batch.observed[o]) for o in orders]
        else:
            varied = [_exchanged(batch, column - 1, order) for order in orders]
        rise[name] = (float(np.mean([error(one) for one in varied])) - plain) / max(plain, 1e-12)
    return Permutation(rise, plain, int(moving.sum()))


def _exchanged(batch: Batch, column: int, order: torch.Tensor) -> Batch:
    """One covariate of every window taken from another, over its past and what is known ahead."""
    covariates, known = batch.covariates.clone(), batch.known.clone()
    covariates[:, :, column] = batch.covariates[order, :, column]
    ahead = column - (batch.covariates.shape[2] - batch.known.shape[2])
    if ahead >= 0:
        known[:, :, ahead] = batch.known[order, :, ahead]
    return batch._replace(covariates=covariates, known=known)
