"""What trained networks say of windows: their mean, and their bases alone. Trains nothing and repairs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from gatecast.forecast import Prediction
from gatecast.models.network import in_units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.forecast import Origins
    from gatecast.models.network import ForecastNetwork, Scaled
    from gatecast.windows import WindowReader

_BATCH = 1024


@torch.no_grad()
def predict(
    networks: Sequence[ForecastNetwork], reader: WindowReader, origins: Origins
) -> tuple[Prediction, np.ndarray, np.ndarray]:
    """The members' mean in the unit of the data; the first's scale of each window (origins,), and its bases' forecasts.

    Quantiles are averaged one by one (Vincent, 1912): they cannot cross. Bases: (origins, horizon, bases).
    """
    levels = len(networks[0].config.levels)
    readers = {network.config.context: reader.within(network.config.context) for network in networks}
    quantiles, scales, bases = [], [], []
    for part in origins.parts(_BATCH):
        batches = {context: one.read(part, answers=False) for context, one in readers.items()}
        outputs = [network(batches[network.config.context], newest_only=True) for network in networks]
        quantiles.append(torch.stack([_unscaled(one.quantiles, one) for one in outputs]).mean(0).cpu().numpy())
        bases.append(_unscaled(outputs[0].bases, outputs[0]).cpu().numpy())
        scales.append(outputs[0].scale[:, 0].cpu().numpy())
    joined = np.concatenate(quantiles)  # (n, horizon, quantiles), rising
    lower, point, upper = joined[..., :levels][..., ::-1], joined[..., levels], joined[..., levels + 1 :]
    return Prediction(point, lower.copy(), upper.copy()), np.concatenate(scales), np.concatenate(bases)


@torch.no_grad()
def bases_at(network: ForecastNetwork, reader: WindowReader, origins: Origins) -> tuple[np.ndarray, np.ndarray]:
    """What the bases alone forecast, in the unit of the data, and what an error of each window is measured in.

    (origins, horizon, bases), and (origins,) as when networks train, 0 where the context is constant.
    """
    bases, units = [], []
    for part in origins.parts(_BATCH):
        batch = reader.read(part, answers=False)
        centre, scale = network.unit(batch)
        newest = network.places(newest_only=True)
        own = network.bases(in_units(batch.target, centre, scale), newest)[:, 0].double()
        bases.append((own * scale[:, :, None] + centre[:, :, None]).cpu().numpy())
        units.append((scale / network.weight(batch, centre, scale).clamp(min=1e-9))[:, 0].cpu().numpy())
    return np.concatenate(bases), np.concatenate(units)


def _unscaled(values: torch.Tensor, scaled: Scaled) -> torch.Tensor:
    """From the newest position, in the unit of the data: (batch, 1, horizon, …) → (batch, horizon, …) float64."""
    return values[:, 0].double() * scaled.scale[:, :, None] + scaled.centre[:, :, None]
