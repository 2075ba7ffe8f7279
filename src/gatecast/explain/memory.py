"""How long a network's memory lasts: how far its newest word depends on each past step. Knows gradients, no data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from gatecast.runtime import stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

_MOST_DIRECTIONS = 32  # in which the newest output is asked; wider ones are asked in random directions


@dataclass(frozen=True)
class Memory:
    """lag: (positions,) steps between each input and the newest one, oldest first.

    strength: (positions,) norm of the gradient of the newest output of the backbone with respect to the input at that
    lag (Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks", section 2), as a
    share of the largest. half_life: steps after which it has fallen to half of its largest for good; None where it
    never does within the window.
    """

    lag: np.ndarray
    strength: np.ndarray
    half_life: float | None


def memory(backbone: Callable[[Tensor], Tensor], x: Tensor, step: int) -> Memory:
    """The memory of a backbone over one window.

    backbone: x (1, positions, inputs) → (1, positions, width). step: observed steps between two positions.
    The norm of the whole Jacobian is exact where it is narrow, else estimated from random directions (Hutchinson 1989).
    """
    with torch.no_grad():
        width = backbone(x).shape[2]
    if width <= _MOST_DIRECTIONS:
        directions, share = torch.eye(width, dtype=x.dtype), 1.0
    else:
        signs = stream(0, "memory", width).choice([-1.0, 1.0], size=(_MOST_DIRECTIONS, width))
        directions, share = torch.as_tensor(signs, dtype=x.dtype), 1 / _MOST_DIRECTIONS
    many = x.detach().repeat(len(directions), 1, 1).requires_grad_()  # a copy for each direction: one walk back for all
    asked = (backbone(many)[:, -1] * directions).sum()
    (gradient,) = torch.autograd.grad(asked, many)  # (directions, positions, inputs)
    strength = (share * gradient.double().square().sum((0, 2))).sqrt().numpy()
    lag = step * np.arange(len(strength))[::-1]
    return Memory(lag, strength / (strength.max() or 1.0), half_life(lag, strength))


def half_life(lag: np.ndarray, strength: np.ndarray) -> float | None:
    """From where on no strength is half of the largest any more, read between the lags in logarithms.

    lag, strength: (positions,), oldest first.
    """
    lags, envelope = lag[::-1], np.maximum.accumulate(strength)[::-1]  # newest first; no later one is stronger
    start = envelope[0]
    below = np.flatnonzero(envelope <= 0.5 * start)
    if not start or not len(below):
        return None
    after = int(below[0])
    high, low = math.log(envelope[after - 1]), math.log(max(envelope[after], 1e-30 * start))
    share = (high - math.log(0.5 * start)) / (high - low) if high > low else 1.0
    return float(lags[after - 1] + share * (lags[after] - lags[after - 1]))


def influence(forecast: Tensor, target: Tensor) -> np.ndarray:
    """How far each step of the forecast moves when a past value does: |∂ forecast_h / ∂ y_t|.

    forecast: (1, horizon), computed from target (1, context), which requires gradients. → (horizon, context).
    """
    rows = [torch.autograd.grad(one, target, retain_graph=True)[0][0] for one in forecast[0]]
    return torch.stack(rows).abs().cpu().numpy()
