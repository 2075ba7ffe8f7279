"""What a forecaster may be asked for, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

from gatecast import models
from gatecast.errors import OptionError
from gatecast.forecast import check_levels
from gatecast.forecaster.plan import Wishes
from gatecast.models.network import network_class
from gatecast.nn.options import choice, whole
from gatecast.training.config import TrainingConfig, with_wishes

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_wishes(
    horizon: int,
    model: str,
    context: int | None,
    levels: Sequence[float],
    steps: int | None,
    members: int | None,
    budget: float | None,
    training: Mapping[str, Any] | None,
    network: Mapping[str, Any] | None,
    distribution: str,
) -> Wishes:
    """The wishes, as the plan takes them. Raises: OptionError that names the option and what it must be."""
    name = "lstm" if model == "auto" else str(model)
    models.get(name).configure(network or {})
    choice("distribution", distribution, ("auto", *network_class(name).distributions))
    schedule = with_wishes(TrainingConfig(), training or {}).schedule
    if schedule in ("cosine", "one-cycle") and budget is not None and steps is None:
        raise OptionError(
            f"schedule {schedule!r} must know how many steps there will be, and a budget leaves that open; give steps "
            "too, or another schedule.",
            f"schedule {schedule!r} 需要事先知道总步数，而 budget 不能确定步数；请同时给出 steps，或换用其他。",
        )
    for name, number, least in (
        ("horizon", horizon, 1),
        ("context", context, 2),
        ("steps", steps, 1),
        ("members", members, 1),
    ):
        if number is not None or name == "horizon":
            whole(name, number, least)
    if budget is not None and not (isinstance(budget, Real) and 0 < float(budget) < float("inf")):
        raise OptionError(
            f"budget must be a positive number of seconds, got {budget!r}.", f"budget 应为正的秒数，实际为 {budget!r}。"
        )
    return Wishes(
        horizon=int(horizon),
        model=model,
        context=None if context is None else int(context),
        levels=check_levels(levels),
        steps=None if steps is None else int(steps),
        members=None if members is None else int(members),
        budget=None if budget is None else float(budget),
        training=dict(training or {}),
        network=dict(network or {}),
        distribution=distribution,
    )


def check_seed(seed: int) -> int:
    """Raises: OptionError unless it is a whole number of at least 0."""
    return whole("seed", seed, 0)
