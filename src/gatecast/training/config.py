"""How a training goes: one frozen dataclass, read from Python, the command line or a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_type_hints

from gatecast.errors import OptionError, nearest

OptimiserName = Literal["adam", "adamw", "sgd", "lbfgs", "annealing"]
ScheduleName = Literal["inverse-sqrt", "cosine", "one-cycle", "plateau", "constant"]
_ON_FIXED_WINDOWS = ("lbfgs", "annealing")


def _check_number(name: str, value: Any, *, whole: bool) -> None:
    least = 1 if name in ("batch", "steps", "round") else 0
    most = 1 if name == "average" else 0.9 if name == "augment.slice" else float("inf")
    kinds = (int,) if whole else (int, float)
    sound = isinstance(value, kinds) and not isinstance(value, bool) and least <= value <= most and value < float("inf")
    if sound and (name != "rate" or value > 0):
        return
    what, chinese = ("a whole number", "整数") if whole else ("a number", "数")
    above = " (above it)" if name == "rate" else ""
    upto = (f" and at most {most:g}", f"且不大于 {most:g}") if most < float("inf") else ("", "")
    raise OptionError(
        f"{name} must be {what} of at least {least}{above}{upto[0]}, got {value!r}.",
        f"{name} 应为{'大于' if name == 'rate' else '不小于'} {least} {upto[1]}的{chinese}，实际为 {value!r}。",
    )


@dataclass(frozen=True)
class Augment:
    """How the windows that train are varied; what is 0 is left as it is. See `training.augmentation`.

    In units of each window's scale, so that level and unit never matter: jitter, deviation of the noise on what the
    network reads. scaling: deviation of one factor a window. magnitude_warp: deviation of a smooth curve of factors.
    time_warp: deviation of the speed of time, in logarithms. slice: the largest share of the window that is cut off,
    the rest being stretched; below 1. mixup: how evenly two windows mix, parameter of a symmetric beta distribution.
    """

    jitter: float = 0.0
    scaling: float = 0.0
    magnitude_warp: float = 0.0
    time_warp: float = 0.0
    slice: float = 0.0
    mixup: float = 0.0

    def __post_init__(self) -> None:
        """Raises: OptionError that names the field and what it must be."""
        for field in fields(Augment):
            _check_number(f"augment.{field.name}", getattr(self, field.name), whole=False)

    def __bool__(self) -> bool:
        """Whether anything is varied."""
        return any(getattr(self, field.name) for field in fields(Augment))


@dataclass(frozen=True)
class TrainingConfig:
    """How weights are found.

    optimiser: its name; "annealing" needs no gradient (`training.annealing`). rate: learning rate; with "annealing",
    how far a weight may move from where it starts. schedule: "inverse-sqrt" (after a warm-up; needs no end), "cosine"
    (down to `steps`), "one-cycle" (up, and down to `steps`), "plateau" (halved where validation gains no more) or
    "constant". warm_up: steps of linear rise. batch: windows a step.
    positions: "all" forecasts from the positions of a window's newer half (many-to-many), of many patches from
    every second one; "newest" from its end (many-to-one).
    recency: how much more often newer windows are drawn: the one at share p of its series' windows in proportion to
    p ** recency; 0 = all alike. augment: how the windows are varied.
    steps: the most that are taken. round: steps between validations. patience: rounds without a better validation
    before training stops; 0 = never. clip: largest norm of the gradient; 0 = none.
    l1, l2: penalties on the weights (with "adamw" l2 is the decoupled decay). average: share of the steps taken so
    far over which weights are averaged (0 = no averaging).
    """

    optimiser: OptimiserName = "adamw"
    rate: float = 3e-3
    schedule: ScheduleName = "inverse-sqrt"
    warm_up: int = 30
    batch: int = 64
    positions: Literal["all", "newest"] = "all"
    recency: float = 0.0
    augment: Augment = Augment()
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
            if kind is Augment:
                continue
            if choices and value not in choices:
                known = ", ".join(choices)
                raise OptionError(
                    f"{name} must be one of {known}; got {value!r}.", f"{name} 应为 {known} 之一，实际为 {value!r}。"
                )
            if not choices:
                _check_number(name, value, whole=kind is int)
        for name in ("recency", "augment"):
            if getattr(self, name) and self.optimiser in _ON_FIXED_WINDOWS:
                raise OptionError(
                    f"{name} does not go with {self.optimiser!r}, which compares losses on the same windows; "
                    "leave one of them out.",
                    f"{name} 不能与 {self.optimiser!r} 同用：后者要在同样的窗口上比较损失；请去掉其中之一。",
                )


# What suits an optimiser or a schedule that is not the default, unless the user says otherwise.
_OWN: dict[str, dict[str, Any]] = {
    "one-cycle": {"warm_up": 0, "patience": 0},  # its best weights come last, at the lowest rates
    "annealing": {
        "recency": 0.0,
        "rate": 1.0,
        "schedule": "constant",
        "warm_up": 0,
        "steps": 10_000,
        "round": 500,
        "patience": 0,
        "average": 0.0,
        "batch": 256,
    },
    "sgd": {"rate": 0.05},
    "lbfgs": {
        "recency": 0.0,
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
    own = [_OWN.get(str(wishes.get(name)), {}) for name in ("schedule", "optimiser")]
    augment = wishes.get("augment", config.augment)
    return replace(config, **{**own[0], **own[1], **wishes, "augment": _augment(augment)})


def _augment(wish: Any) -> Augment:
    """Raises: OptionError unless it is a table of what `Augment` has."""
    if isinstance(wish, Augment):
        return wish
    known = [field.name for field in fields(Augment)]
    if not isinstance(wish, Mapping):
        raise OptionError(
            f"augment must be a table such as {{jitter = 0.03}}, got {wish!r}; its keys: {', '.join(known)}.",
            f"augment 应为表，例如 {{jitter = 0.03}}，实际为 {wish!r}；可用的键：{'、'.join(known)}。",
        )
    for name in wish:
        if name not in known:
            hint = nearest(str(name), known)
            raise OptionError(
                f"augment has no {name!r}{hint.english}; its keys: {', '.join(known)}.",
                f"augment 没有 {name!r}{hint.chinese}；可用的键：{'、'.join(known)}。",
            )
    return Augment(**wish)
