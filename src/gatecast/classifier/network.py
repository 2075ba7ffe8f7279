"""The classifying network: a backbone over the patched context, its last hidden state → linear → class logits.

    context → window scaling → patches → backbone → last hidden state, newest patch, what is known ahead → logits

Knows nothing of training; `loss` and `config` are what the loop of `gatecast.training` asks of a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional as F

from gatecast.errors import OptionError
from gatecast.models import registry
from gatecast.models.network import window_scale
from gatecast.nn.options import whole

if TYPE_CHECKING:
    from gatecast.windows import Batch


@dataclass(frozen=True)
class ClassNetworkConfig:
    """Everything that decides the shape of a classifying network.

    model: registered name of the backbone; options: fields of its config. classes: how many.
    ahead: steps between the last row seen and the class, over which covariates may be known. context: steps; patch:
    steps that the backbone reads at once, divides context. past, future: numbers of covariates.

    Raises: OptionError for sizes that do not go together.
    """

    model: str
    options: Mapping[str, Any]
    classes: int
    ahead: int
    context: int
    patch: int
    past: int
    future: int

    def __post_init__(self) -> None:
        least = {"classes": 2, "ahead": 0, "context": 1, "patch": 1, "past": 0, "future": 0}
        for name, smallest in least.items():
            whole(name, getattr(self, name), smallest)
        if self.context % self.patch:
            raise OptionError(
                f"patch must divide the context; got {self.patch} and {self.context}.",
                f"patch 须整除 context；实际为 {self.patch} 与 {self.context}。",
            )

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class ClassNetwork(nn.Module):
    """Logits of the classes, from the newest position of the context."""

    weight: torch.Tensor  # (classes,) how much a window of each class counts

    def __init__(self, config: ClassNetworkConfig) -> None:
        super().__init__()
        self.config = config
        inputs = config.patch * (1 + config.past + config.future) + 1
        self.backbone = registry.build(config.model, inputs, config.options)
        features = self.backbone.output_size + inputs + config.ahead * config.future
        self.head = nn.Linear(features, config.classes)
        self.register_buffer("weight", torch.ones(config.classes))
        nn.init.zeros_(self.head.weight)

    def start_at(self, base: torch.Tensor, *, balanced: bool) -> None:
        """Begin with the base rate, (classes,). balanced: all classes together weigh alike, however rare each is."""
        with torch.no_grad():
            if balanced:
                self.weight.copy_(1 / (base * len(base)))
            self.head.bias.copy_(torch.zeros_like(base) if balanced else base.log())

    def forward(self, batch: Batch) -> torch.Tensor:
        """(batch, classes) logits, of the classes as frequent as they are."""
        centre, scale = window_scale(batch.target, batch.observed)
        x = ((batch.target - centre) / torch.where(scale > 0, scale, torch.inf)).float()  # (B, C), 0 where constant
        inputs = torch.cat(
            [self._patches(x), self._patches(batch.covariates), self._patches(batch.observed).mean(-1, keepdim=True)],
            dim=-1,
        )
        hidden, _ = self.backbone(inputs)  # (B, P, hidden)
        known = batch.known[:, self.config.context :].flatten(1)  # (B, ahead × future)
        return self.head(torch.cat([hidden[:, -1], inputs[:, -1], known], dim=-1)) - self.weight.log()

    def loss(self, batch: Batch, *, newest_only: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        """Cross-entropy of the batch, as a weighted sum and the sum of its weights.

        batch.answer: (batch,) the class of each window; one that is in no class (−1) weighs nothing. newest_only: the
        loop asks for it where it validates; a class is always told from the newest position.
        """
        del newest_only
        logits = self(batch) + self.weight.log()  # as if all classes were equally frequent, where they weigh alike
        known = (batch.answer >= 0).float()
        actual = batch.answer.clamp(min=0)
        weight = known * self.weight[actual]
        return (F.cross_entropy(logits, actual, reduction="none") * weight).sum(), weight.sum()

    def _patches(self, values: torch.Tensor) -> torch.Tensor:
        """(batch, context, …) → (batch, positions, patch × …)."""
        return values.reshape(len(values), self.config.context // self.config.patch, -1)
