"""Study 3a: a perceptron of time, 1 → 13 tanh → 1. It has no memory, so that it is a function of the game's number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from gatecast.runtime import at_most_threads, private_torch_stream
from gatecast.training.optimisers import eager

_HIDDEN, _RATE = 13, 1e-3


@dataclass(frozen=True)
class Fit:
    """What became of the perceptron. games, minutes: (games,). held_out: indices of the games that did not train.

    epochs: (marks,) where was looked. training, validation: (marks,) mean squared errors. as_published: the same
    validation with the inputs in the place of the targets, which is the study's mistake. line: (games,) what it says.
    """

    games: np.ndarray
    minutes: np.ndarray
    held_out: np.ndarray
    epochs: tuple[int, ...]
    training: tuple[float, ...]
    validation: tuple[float, ...]
    as_published: tuple[float, ...]
    line: np.ndarray


def fit_minutes(games: np.ndarray, minutes: np.ndarray, held_out: np.ndarray, epochs: int, seed: int) -> Fit:
    """Plain descent, rate 1e-3, all training games at each step."""
    with private_torch_stream(seed, "perceptron"), at_most_threads(1):
        network = nn.Sequential(nn.Linear(1, _HIDDEN), nn.Tanh(), nn.Linear(_HIDDEN, 1))
        optimiser = eager(torch.optim.SGD)(network.parameters(), lr=_RATE)
        x, y = (torch.tensor(values, dtype=torch.float32)[:, None] for values in (games, minutes))
        train = torch.from_numpy(np.setdiff1d(np.arange(len(games)), held_out))
        held = torch.from_numpy(held_out)
        every, marks = max(1, epochs // 10), []
        for epoch in range(1, epochs + 1):
            optimiser.zero_grad()
            loss = (network(x[train]) - y[train]).square().mean()
            loss.backward()
            optimiser.step()
            if epoch % every == 0 or epoch == 1:
                with torch.no_grad():
                    said = network(x[held])
                    errors = [(said - target[held]).square().mean().item() for target in (y, x)]
                marks.append((epoch, loss.item(), *errors))
        with torch.no_grad():
            line = network(x)[:, 0].double().numpy()
    looked, training, validation, as_published = zip(*marks, strict=True)
    return Fit(games, minutes, held_out, looked, training, validation, as_published, line)
