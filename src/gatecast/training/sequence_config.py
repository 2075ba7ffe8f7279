"""How a stateful training over whole series goes: one frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, get_args, get_type_hints

from gatecast.errors import OptionError, nearest
from gatecast.training.config import TrainingConfig

SequenceOptimiser = Literal["lbfgs", "adam", "adamw", "sgd"]
Keep = Literal["free-run", "training", "last"]
_RATES: dict[str, float] = {"lbfgs": 0.08, "adam": 1e-2, "adamw": 1e-2, "sgd": 1e-2}
# what the number must be at least, and at most; whole where the least is written without a point
_BOUNDS: dict[str, tuple[float, float]] = {
    "rate": (0.0, 1e6),
    "steps": (1, 10**9),
    "chunk": (1, 10**9),
    "batch": (1, 10**9),
    "sampling": (0.0, 1.0),
    "clip": (0.0, 1e30),
    "l1": (0.0, 1e30),
    "l2": (0.0, 1e30),
}


@dataclass(frozen=True)
class SequenceConfig:
    """How weights are found.

    optimiser: "lbfgs" sees all series at each of its closures; "adam", "adamw" and "sgd" see `batch` series at a time.
    rate: learning rate; None = 0.08 for "lbfgs", as study 3, else 0.01.
    steps: steps of L-BFGS, 20 closures each; or passes over all series.
    chunk: steps of time after which back-propagation is cut off while the state goes on; None = the whole series. The
    first-order optimisers take a step after each chunk, L-BFGS after all of them.
    keep: which step's weights stay: the one whose free runs err least, whose training loss is least, or the last.
    sampling: probability with which a step reads the network's own output in training. First-order optimisers only:
    L-BFGS compares losses, which coins would shake.
    clip: largest norm of the gradient, 0 = none; l1, l2: penalties on the weights (with "adamw" l2 is the decoupled
    decay). clip: first-order optimisers only.

    Raises: OptionError that names the field and what it must be.
    """

    optimiser: SequenceOptimiser = "lbfgs"
    rate: float | None = None
    steps: int = 8
    keep: Keep = "free-run"
    chunk: int | None = None
    sampling: float = 0.0
    batch: int = 16
    clip: float = 1.0
    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(SequenceConfig).items():
            value = getattr(self, name)
            if name in _BOUNDS:
                if value is not None or name not in ("rate", "chunk"):
                    _check_number(name, value)
            elif value not in get_args(kind):
                known = ", ".join(get_args(kind))
                hint = nearest(str(value), get_args(kind))
                raise OptionError(
                    f"{name} must be one of {known}; got {value!r}{hint.english}.",
                    f"{name} 应为 {known} 之一，实际为 {value!r}{hint.chinese}。",
                )
        if self.rate == 0:
            raise OptionError("rate must be above 0, got 0.", "rate 应大于 0，实际为 0。")
        if self.sampling and self.optimiser == "lbfgs":
            raise OptionError(
                "scheduled sampling draws coins at every pass, and L-BFGS compares losses between passes; "
                'take optimiser="adam" with sampling.',
                '计划采样每遍都要抽签，而 L-BFGS 要比较各遍的损失；使用 sampling 时请选 optimiser="adam"。',
            )

    def of_optimiser(self) -> TrainingConfig:
        """What `make_optimiser` and `penalty` read."""
        rate = _RATES[self.optimiser] if self.rate is None else self.rate
        return TrainingConfig(optimiser=self.optimiser, rate=rate, l1=self.l1, l2=self.l2)


def _check_number(name: str, value: Any) -> None:
    least, most = _BOUNDS[name]
    whole = isinstance(least, int)
    sound = isinstance(value, Real) and not isinstance(value, bool) and least <= float(value) <= most
    if not sound or (whole and float(value) % 1):
        what, chinese = ("a whole number", "整数") if whole else ("a number", "数")
        raise OptionError(
            f"{name} must be {what} from {least:g} to {most:g}, got {value!r}.",
            f"{name} 应为 {least:g} 到 {most:g} 的{chinese}，实际为 {value!r}。",
        )
