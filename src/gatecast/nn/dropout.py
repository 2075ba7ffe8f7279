"""Dropout that draws from a stream of its own network: two networks may train side by side and neither hears the other.

Knows nothing of what it thins out. torch's own dropout draws from one stream for the whole process, so that what a
training draws would depend on whatever else runs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Zeroes elements with `probability` in training and scales up the others (Srivastava et al. 2014).

    shared_axis: an axis along which one mask serves all places, as variational dropout has one mask for all times
    (Gal & Ghahramani 2016); None = every element for itself. generator: the stream, see `seed_dropout`; None = torch's
    global one, as in torch.nn.
    """

    def __init__(self, probability: float, shared_axis: int | None = None) -> None:
        super().__init__()
        self.probability, self.shared_axis = probability, shared_axis
        self.generator: torch.Generator | None = None

    @property
    def active(self) -> bool:
        """Whether anything is zeroed now."""
        return self.training and self.probability > 0

    def forward(self, x: Tensor) -> Tensor:
        if not self.active:
            return x
        like = x if self.shared_axis is None else x.narrow(self.shared_axis, 0, 1)
        kept = self._kept(like).to(x.dtype)
        return x * kept.div_(max(1 - self.probability, 1e-9))  # where nothing is kept, 0 stays 0

    def _kept(self, like: Tensor) -> Tensor:
        """Which elements are kept, as 1 or 0 or as truth values."""
        if self.generator is None:
            return torch.empty_like(like).bernoulli_(1 - self.probability)  # the very mask of torch.nn
        # Sixteen bits of the stream decide on an element: `bernoulli_` takes six times as long, a tenth of a step.
        words = torch.empty(-(-like.numel() // 4), dtype=torch.int64, device=like.device)
        words.random_(-(2**63), None, generator=self.generator)
        numbers = words.view(torch.int16)[: like.numel()].view(like.shape)  # even over −2¹⁵ … 2¹⁵ − 1
        zeroed = max(round(self.probability * 2**16), 1)  # of the 2¹⁶ numbers
        return numbers > zeroed - 2**15 - 1

    def extra_repr(self) -> str:
        shared = "" if self.shared_axis is None else f", shared_axis={self.shared_axis}"
        return f"{self.probability}{shared}"


def seed_dropout(network: nn.Module, seed: int) -> None:
    """From here on all dropout of this network draws from one private stream, which starts at `seed`."""
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    generator = torch.Generator(device).manual_seed(seed)
    for module in network.modules():
        if isinstance(module, Dropout):
            module.generator = generator
