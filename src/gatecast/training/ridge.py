"""The ridge among a network's bases: one linear map from the newest values to the horizon, in closed form.

One map serves all series (Hoerl & Kennard 1970). It costs a second, and on long horizons it is as good as many a large
network, so that no network should have to find it by itself. Knows windows and the network's own scaling; no files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from gatecast.runtime import stream

if TYPE_CHECKING:
    from gatecast.forecast import Origins
    from gatecast.models.network import ForecastNetwork
    from gatecast.windows import WindowReader, Windows

_PENALTY = 0.1  # in units of the inputs' mean square
_MOST_WINDOWS = 60_000
_BATCH = 1000
_FARTHEST = 20.0  # scales of a window: an answer beyond would bend the map for all others


@torch.no_grad()
def fit_ridge(network: ForecastNetwork, reader: WindowReader, windows: Windows, seed: int) -> torch.Tensor:
    """The map: (length, horizon) float32.

    windows: the origins that may train; those with fewer rows before them than the map reads are left out.
    """
    length, horizon = network.config.ridge, network.config.horizon
    windows = windows.after(length)
    number = min(_MOST_WINDOWS, len(windows))
    squares = torch.zeros(length, length, dtype=torch.float64, device=reader.device)
    products = torch.zeros(length, horizon, dtype=torch.float64, device=reader.device)
    numbers = stream(seed, "ridge").choice(len(windows), number, replace=False)
    for start in range(0, number, _BATCH):
        x, y, weight = _newest(network, reader, windows.origins(numbers[start : start + _BATCH]))
        squares += (x * weight).T @ x
        products += (x * weight).T @ y
    size = (squares.trace() / length).clamp(min=1e-9)  # windows that never move make no map
    identity = torch.eye(length, dtype=torch.float64, device=reader.device)
    return torch.linalg.solve(squares + _PENALTY * size * identity, products).float()


def _newest(
    network: ForecastNetwork, reader: WindowReader, origins: Origins
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs (n, length) and answers (n, horizon) about the inputs' mean, in the window's scale; weights (n, 1)."""
    batch = reader.read(origins, answers=True)
    centre, scale = network.unit(batch)
    unit = torch.where(scale > 0, scale, torch.inf)
    x = ((batch.target - centre) / unit)[:, -network.config.ridge :]
    y = (batch.answer[:, -network.config.horizon :] - centre) / unit
    mean = x.mean(1, keepdim=True)
    x, y = x - mean, y - mean
    usual = y.abs().amax(1, keepdim=True) < _FARTHEST
    return torch.where(usual, x, 0), torch.where(usual, y, 0), network.weight(batch, centre, scale).double() * usual
