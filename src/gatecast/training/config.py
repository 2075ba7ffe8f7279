"""How a training goes: one frozen dataclass, read from Python, the command line or a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_type_hints

from gatecast.errors import OptionError, nearest

OptimiserName = Literal["adam", "adamw", "sgd", "lbfgs"]


@dataclass(frozen=True)
class TrainingConfig:
    """How weights are found.

    optimiser, rate: name and learning rate. schedule: "inverse-sqrt" (after a warm-up; needs no end), "cosine" (to
    `steps`) or "constant". warm_up: steps of linear rise. batch: windows a step.
    steps: the most that are taken. round: steps between validations. patience: rounds without a better validation
    before training stops; 0 = never. clip: largest norm of the gradient; 0 = none.
    l1, l2: penalties on the weights (with "adamw" l2 is the decoupled decay). average: share of the steps taken so
    far over which weights are averaged (0 = no averaging).
    """

    optimiser: OptimiserName = "adamw"
    rate: float = 3e-3
    schedule: Literal["inverse-sqrt", "cosine", "constant"] = "inverse-sqrt"
    warm_up: int = 30
    batch: int = 64
    steps: int = 1000
    round: int = 25
    patience: int = 8
    clip: float = 1.0
    l1: float = 0.0
    l2: float = 1e-4
    average: float = 0.1

    def __post_init__(self) -> None:
        """Raises: OptionError that names the field and what it must be."""
        for name, kind in get_type_hints(TrainingConfig).items():
            value, choices = getattr(self, name), get_args(kind)
            if choices and value not in choices:
                known = ", ".join(choices)
                raise OptionError(
                    f"{name} must be one of {known}; got {value!r}.", f"{name} 应为 {known} 之一，实际为 {value!r}。"
                )
            if not choices:
                _check_number(name, value, whole=kind is int)


def _check_number(name: str, value: Any, *, whole: bool) -> None:
    least = 1 if name in ("batch", "steps", "round") else 0
    most = 1 if name == "average" else float("inf")
    kinds = (int,) if whole else (int, float)
    sound = isinstance(value, kinds) and not isinstance(value, bool) and least <= value <= most and value < float("inf")
    if sound and (name != "rate" or value > 0):
        return
    what, chinese = ("a whole number", "整数") if whole else ("a number", "数")
    raise OptionError(
        f"{name} must be {what} of at least {least}{' (above it)' if name == 'rate' else ''}, got {value!r}.",
        f"{name} 应为{'大于' if name == 'rate' else '不小于'} {least} 的{chinese}，实际为 {value!r}。",
    )


# What suits an optimiser that is not the default, unless the user says otherwise.
_OWN: dict[str, dict[str, Any]] = {
    "sgd": {"rate": 0.05},
    "lbfgs": {
        "rate": 0.5,
        "schedule": "constant",
        "warm_up": 0,
        "average": 0.0,
        "clip": 0.0,
        "round": 1,
        "patience": 10,
    },
}


def with_wishes(config: TrainingConfig, wishes: Mapping[str, Any]) -> TrainingConfig:
    """A config with some fields as the user wants them. Raises: OptionError for an unknown field or a bad value."""
    known = [field.name for field in fields(TrainingConfig) if field.name != "steps"]
    for name in wishes:
        if name not in known:
            hint, listed = nearest(name, known), ", ".join(known)
            raise OptionError(
                f"training has no option {name!r}{hint.english}; its options: {listed}.",
                f"训练没有选项 {name!r}{hint.chinese}；可用：{listed}。",
            )
    return replace(config, **{**_OWN.get(str(wishes.get("optimiser")), {}), **wishes})
