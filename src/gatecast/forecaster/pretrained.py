"""What the pretrained network says of a table's windows, in the unit of the data. Trains nothing."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import torch

from gatecast.forecast import Prediction
from gatecast.pretrained import MOST_READ, PROBABILITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.forecast import Origins
    from gatecast.pretrained import PretrainedNetwork
    from gatecast.windows import WindowReader

_BATCH = 256


@torch.no_grad()
def pretrained_at(
    network: PretrainedNetwork,
    reader: WindowReader,
    origins: Origins,
    seasons: tuple[int, int],
    probabilities: Sequence[float],
) -> Prediction:
    """Its forecasts from these origins. seasons: that it is told of, see `seasons_told`.

    probabilities: of the quantiles, rising, the median in the middle; between those that it learnt, and beyond them, by
    lines through their normal scores.
    """
    reader, weights = reader.within(MOST_READ), _between(probabilities)
    parts = []
    for part in origins.parts(_BATCH):
        batch = reader.read(part, answers=False)
        quantiles = network.forecast(batch.target, batch.observed, seasons, reader.horizon)
        parts.append(quantiles.cpu().numpy() @ weights)
    joined, levels = np.concatenate(parts), len(probabilities) // 2
    return Prediction(joined[..., levels], joined[..., :levels][..., ::-1].copy(), joined[..., levels + 1 :].copy())


def seasons_told(seasons: Sequence[int]) -> tuple[int, int]:
    """The two shortest of a table's seasons, 1 where there is none; of those that it can read."""
    first, second, *_ = [*(season for season in seasons if season < MOST_READ), 1, 1]
    return first, second


def _between(probabilities: Sequence[float]) -> np.ndarray:
    """(PROBABILITIES, probabilities): what each learnt quantile adds to each of those asked for."""
    known, asked = (np.array([NormalDist().inv_cdf(p) for p in some]) for some in (PROBABILITIES, probabilities))
    first = np.clip(np.searchsorted(known, asked) - 1, 0, len(known) - 2)
    share = (asked - known[first]) / (known[first + 1] - known[first])
    weights, columns = np.zeros((len(known), len(asked))), np.arange(len(asked))
    weights[first, columns], weights[first + 1, columns] = 1 - share, share
    return weights
