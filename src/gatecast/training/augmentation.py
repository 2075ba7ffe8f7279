"""Windows varied for training: noise, factors, smooth curves, a warped or stretched time, mixtures of two windows.

A window stays one thing: whatever moves or stretches it does so to its context, to what followed and to its
covariates together, about the origin of the forecast, so that no past step ever takes a value from the future. Knows
no network; validation never comes here. The transformations are those of Um et al. 2017 ("Data augmentation of
wearable sensor data", section 3), window slicing of Le Guennec et al. 2016, mix-up of Zhang et al. 2018.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from gatecast.models.network import window_scale
from gatecast.runtime import on_device

if TYPE_CHECKING:
    from gatecast.training.config import Augment
    from gatecast.windows import Batch

_KNOTS = 4  # between which a smooth curve swings


class _Window(NamedTuple):
    """A batch while it is varied, the target in units of each window's scale.

    full: (batch, context + horizon) target with what followed. observed: (batch, context).
    past: (batch, context, past) covariates. known: (batch, context + horizon, future).
    """

    full: torch.Tensor
    observed: torch.Tensor
    past: torch.Tensor
    known: torch.Tensor

    @property
    def context(self) -> int:
        return self.observed.shape[1]


def augmented(batch: Batch, augment: Augment, draws: np.random.Generator) -> Batch:
    """The batch varied as asked; every draw comes from `draws`. batch: read with answers."""
    centre, scale = window_scale(batch.target, batch.observed)
    unit = torch.where(scale > 0, scale, 1.0)
    context, future = batch.target.shape[1], batch.known.shape[2]
    past = batch.covariates.shape[2] - future
    full = torch.where(scale > 0, (batch.answer - centre) / unit, 0.0)
    window = _Window(full, batch.observed, batch.covariates[:, :, :past], batch.known)
    if augment.time_warp or augment.slice:
        window = _retimed(window, augment, draws)
    if augment.mixup:
        window = _mixed(window, augment.mixup, draws)
    if augment.magnitude_warp:
        window = _bent(window, augment.magnitude_warp, draws)
    if augment.scaling:
        window = _resized(window, augment.scaling, draws)
    full = window.full * unit + centre
    full = torch.where(scale > 0, full, batch.answer)  # a constant context teaches nothing, and stays what it is
    target, covariates = full[:, :context], torch.cat([window.past, window.known[:, :context]], dim=2)
    if augment.jitter:
        target, covariates = _shaken(target, scale, covariates, past, augment.jitter, draws)
    return batch._replace(
        target=target, observed=window.observed, covariates=covariates, known=window.known, answer=full
    )


def _retimed(window: _Window, augment: Augment, draws: np.random.Generator) -> _Window:
    """Every step takes the values of another time, read between the steps. The newest observation stays in place."""
    count, steps = window.full.shape
    origin = window.context - 1
    speed = torch.exp(augment.time_warp * _smooth(draws, count, steps, window.full))  # (batch, steps), positive
    time = speed.cumsum(1)
    time = time - time[:, origin : origin + 1]  # 0 at the origin, rising
    reach = torch.maximum(-time[:, :1] / max(origin, 1), time[:, -1:] / (steps - 1 - origin))
    kept = 1 - augment.slice * _uniform(draws, (count, 1), window.full)
    time = origin + time * kept / reach.clamp(min=1e-9)  # inside the window on both sides
    below = time.floor().long().clamp(0, steps - 2)  # (batch, steps)
    share = (time - below).clamp(0, 1)
    past, known = (_between(part, below, share) for part in (window.past, window.known))
    before = below[:, : window.context].clamp(max=origin)
    return _Window(
        torch.lerp(window.full.gather(1, below), window.full.gather(1, below + 1), share),
        window.observed.gather(1, before),
        past,
        known,
    )


def _between(values: torch.Tensor, below: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """(batch, time, columns) read between the steps `below` and those after."""
    if not values.shape[2]:
        return values
    last = values.shape[1] - 1
    below, share = below[:, : last + 1], share[:, : last + 1].to(values.dtype)
    index = below.clamp(max=last)[:, :, None].expand(-1, -1, values.shape[2])
    after = (below + 1).clamp(max=last)[:, :, None].expand(-1, -1, values.shape[2])
    return torch.lerp(values.gather(1, index), values.gather(1, after), share[:, :, None])


def _mixed(window: _Window, evenness: float, draws: np.random.Generator) -> _Window:
    """Each window mixed with another of the batch, in their own units; the larger part is its own."""
    count = len(window.full)
    weight = draws.beta(evenness, evenness, size=count)
    share = on_device(np.minimum(weight, 1 - weight), window.full.device)
    other = on_device(draws.permutation(count), window.full.device)

    def mix(part: torch.Tensor) -> torch.Tensor:
        return torch.lerp(part, part[other], share.to(part.dtype).view(-1, *[1] * (part.dim() - 1)))

    observed = torch.minimum(window.observed, window.observed[other])  # what either has not seen, the mixture has not
    observed = torch.where(share[:, None] > 0, observed, window.observed)
    return _Window(mix(window.full), observed, mix(window.past), mix(window.known))


def _bent(window: _Window, strength: float, draws: np.random.Generator) -> _Window:
    """Deviations from the centre multiplied by a smooth curve about 1, one for target and past covariates alike."""
    count, steps = window.full.shape
    curve = 1 + strength * _smooth(draws, count, steps, window.full)
    return window._replace(
        full=window.full * curve, past=window.past * curve[:, : window.context, None].to(window.past.dtype)
    )


def _resized(window: _Window, strength: float, draws: np.random.Generator) -> _Window:
    """The target by one factor a window, each past covariate by its own."""
    count, columns = len(window.full), window.past.shape[2]
    factors = 1 + strength * _normal(draws, (count, 1 + columns), window.full)
    return window._replace(
        full=window.full * factors[:, :1], past=window.past * factors[:, None, 1:].to(window.past.dtype)
    )


def _shaken(
    target: torch.Tensor,
    scale: torch.Tensor,
    covariates: torch.Tensor,
    past: int,
    strength: float,
    draws: np.random.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise on what the network reads; what it shall say stays as it was (Bishop 1995)."""
    target = target + strength * scale * _normal(draws, tuple(target.shape), target)
    noise = strength * _normal(draws, (*covariates.shape[:2], past), covariates)
    return target, torch.cat([covariates[:, :, :past] + noise, covariates[:, :, past:]], dim=2)


def _smooth(draws: np.random.Generator, count: int, steps: int, like: torch.Tensor) -> torch.Tensor:
    """(count, steps) curves of deviation about 1, swinging smoothly between a few random heights."""
    heights = draws.normal(size=(count, _KNOTS))
    at = np.linspace(0, _KNOTS - 1, steps)
    below = np.minimum(at.astype(int), _KNOTS - 2)
    way = 0.5 * (1 - np.cos(np.pi * (at - below)))  # level at every knot
    curve = heights[:, below] * (1 - way) + heights[:, below + 1] * way
    return on_device(curve, like.device)


def _normal(draws: np.random.Generator, shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
    return on_device(draws.normal(size=shape), like.device, like.dtype)


def _uniform(draws: np.random.Generator, shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
    return on_device(draws.uniform(size=shape), like.device, like.dtype)
