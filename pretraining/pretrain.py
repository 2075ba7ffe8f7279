"""Trains the network that comes with Gatecast on synthetic series, and writes its weights.

    python pretraining/pretrain.py WEIGHTS [--seconds N] [--device cuda] [--seed N] [--from WEIGHTS]

WEIGHTS: a safetensors file, in half precision, written on the way too. Minutes of a GPU are enough. How those in
`src/gatecast/pretrained` were made: docs/reference.md.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file, save_file
from series import Series, make
from torch import Tensor, nn

from gatecast.pretrained.bases import Season
from gatecast.pretrained.network import MOST_READ, PROBABILITIES, PretrainedNetwork
from gatecast.pretrained.past import Past
from gatecast.training.optimisers import Average

_LONGEST, _SHORTEST, _HORIZON = MOST_READ, 12, 96  # steps of the past; and ahead
_BANK, _REPLACED = 16, 6  # batches of series to cut batches from; how often each is used before new ones are made
_PLACES = 8  # steps ahead that are asked of each window
_WARM_UP = 300
_AVERAGED = 0.1  # of the steps so far, whose weights are averaged
_TOLD = 500  # steps between two lines, and between two files
_FARTHEST = 100.0  # units; an answer beyond counts as no farther


class Cut(NamedTuple):
    """Windows and what followed. target, observed: (batch, context); seasons: (batch, 2); ahead, answer: (batch, n)."""

    target: Tensor
    observed: Tensor
    seasons: Tensor
    ahead: Tensor
    answer: Tensor


def cuts(batch: int, generator: torch.Generator) -> Iterator[Cut]:
    """Windows of every length, without end."""
    device, used = generator.device, 0
    lengths = torch.Generator().manual_seed(generator.initial_seed())
    bank: Series = make(_BANK * batch, _LONGEST + _HORIZON, generator)
    while True:
        if used == _REPLACED * _BANK:
            bank, used = make(_BANK * batch, _LONGEST + _HORIZON, generator), 0
        share = torch.rand(1, generator=lengths).item() ** 0.7
        context = int(_SHORTEST * (_LONGEST / _SHORTEST) ** share)
        chosen = torch.randint(len(bank.values), (batch,), generator=generator, device=device)
        begin = torch.randint(_LONGEST - context + 1, (batch, 1), generator=generator, device=device)
        span = torch.arange(context + _HORIZON, device=device)
        values = bank.values[chosen].gather(1, begin + span).double()
        count = (context * (0.5 + 0.5 * torch.rand(batch, 1, generator=generator, device=device))).long().clamp(min=4)
        observed = (span[:context] >= context - count).float()
        target = torch.where(observed > 0, values[:, :context], values.gather(1, context - count))
        farthest = (2 * count).clamp(max=_HORIZON)
        drawn = torch.rand(batch, _PLACES, generator=generator, device=device)
        ahead = ((farthest + 1.0).log() * drawn).exp().long().clamp(1, _HORIZON)
        used += 1
        yield Cut(target, observed, bank.seasons[chosen], ahead, values.gather(1, context + ahead - 1))


def loss_of(network: PretrainedNetwork, cut: Cut) -> Tensor:
    """The mean pinball loss, in units of the smaller of two naive errors; constant windows weigh nothing."""
    quantiles, past = network(cut.target, cut.observed, cut.seasons, cut.ahead)
    moves = past.scale > 0
    answer = ((cut.answer - past.centre) / torch.where(moves, past.scale, torch.inf)).float()
    error = answer.clamp(-_FARTHEST, _FARTHEST)[..., None] - quantiles
    probabilities = quantiles.new_tensor(PROBABILITIES)
    pinball = torch.maximum(probabilities * error, (probabilities - 1) * error).mean(-1)
    return (pinball / naive_error(past, cut.seasons).clamp(0.05, 3.0) * moves).mean()


def naive_error(past: Past, seasons: Tensor) -> Tensor:
    """Mean change from step to step, or over the season where that is less: (batch, 1)."""
    season = Season.of(seasons[:, :1], past.count)
    change = past.mean_change(1)
    return torch.where(season.there, torch.minimum(change, past.mean_change(season.period, season.there)), change)


def rate_at(step: int, share: float, rate: float) -> float:
    """Rises over the first steps, counted from 1, and falls like a cosine with the share of the time that is gone."""
    return rate * min(1.0, step / _WARM_UP) * max(0.002, (1 + math.cos(math.pi * share)) / 2)


def train(
    network: PretrainedNetwork, path: Path, seconds: float, batch: int, rate: float, generator: torch.Generator
) -> None:
    """Leaves the average of the weights on the way in the file."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
    averaged = copy.deepcopy(network)
    average, stream = Average(network, averaged, _AVERAGED), cuts(batch, generator)
    start, step, losses = time.perf_counter(), 0, deque(maxlen=_TOLD)
    while (share := (time.perf_counter() - start) / seconds) < 1:
        step += 1
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, share, rate)
        loss = loss_of(network, next(stream))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        average.update(step)
        losses.append(loss.detach())
        if step % _TOLD == 0:
            print(f"step {step}: loss {torch.stack(tuple(losses)).mean():.4f}, {share:.0%} of the time", flush=True)
            save(averaged, path)
    save(averaged, path)


def save(network: PretrainedNetwork, path: Path) -> None:
    save_file({name: value.half().cpu().contiguous() for name, value in network.state_dict().items()}, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--seconds", type=float, default=720)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--rate", type=float, default=0.002)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--from", dest="begin", type=Path, help="weights to go on from")
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    network = PretrainedNetwork() if given.begin is None else PretrainedNetwork.of(load_file(given.begin))
    network = network.to(given.device).train().requires_grad_()
    generator = torch.Generator(given.device).manual_seed(given.seed)
    train(network, given.weights, given.seconds, given.batch, given.rate, generator)


if __name__ == "__main__":
    main()
