"""The network of a closed loop: at every step of a series, the next value of every variable.

    values up to now → backbone, with its state → linear head → the next values

No window and no horizon: what it forecasts can be its next input. Works with every backbone that streams. Knows
neither who feeds it (`gatecast.rollout`) nor how it trains.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from gatecast.errors import OptionError
from gatecast.models import registry
from gatecast.nn.options import whole


class SequenceNetwork(nn.Module):
    """x (series, time, variables) → for each step the values that follow it, of the same shape; then the state.

    model: registered name of a backbone that streams; options: fields of its config. variables: values a step.

    Raises: OptionError for a model that cannot go on step by step, or for options that it does not have.
    """

    def __init__(self, model: str, options: Mapping[str, Any], variables: int = 1) -> None:
        super().__init__()
        self.variables = whole("variables", variables, 1)
        found = registry.get(model)
        if not found.streams:
            streaming = [one.name for one in registry.describe() if one.streams]
            raise OptionError(
                f"model {model!r} cannot go on from its own output step by step: it reads whole contexts. "
                f"Take one of {', '.join(streaming)}.",
                f"模型 {model!r} 需要读取整段上下文，无法逐步用自己的输出继续。可用：{'、'.join(streaming)}。",
            )
        self.model = model
        self.backbone = found.build(self.variables, options)
        self.head = nn.Linear(self.backbone.output_size, self.variables)

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        y, state = self.backbone(x, state)  # (series, time, output_size)
        return self.head(y), state  # (series, time, variables)
