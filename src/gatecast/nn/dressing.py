"""`Dressing`: what may be asked of every model, beside the options of its own. Knows names and values, no tensors.

What becomes of it is in `gatecast.nn.dressed`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Real
from typing import Literal

from gatecast.errors import OptionError
from gatecast.nn import options

Initialisation = Literal["uniform", "normal", "xavier-uniform", "xavier-normal", "kaiming-uniform", "orthogonal"]

INITIALISATIONS: tuple[Initialisation, ...] = (
    "uniform",
    "normal",
    "xavier-uniform",
    "xavier-normal",
    "kaiming-uniform",
    "orthogonal",
)
_LARGEST_BIAS = 100


@dataclass(frozen=True)
class Dressing:
    """The options of every model.

    input_dropout, output_dropout: probability with which an element that the backbone reads or gives is zeroed in
    training. hidden_dropout: the same for the hidden states between the time steps of each recurrence, by one mask a
    sequence (Gal & Ghahramani 2016); an LSTM, GRU or RNN then trains step by step, which is slower.
    variational: one mask a sequence for inputs and outputs too, rather than one a step.
    normalisation: of what the backbone gives: "layer" (each step by itself; Ba et al. 2016), "batch" (each of its
    variables over batch and time while training, by running statistics after that; Ioffe & Szegedy 2015), or "none".
    residual: the input is added to what the backbone gives, by a linear map where the widths differ.
    forget_bias: what the biases of all forget gates start at; None = as the model does.
    weight_init, recurrent_init: how the weights on inputs, and those on hidden states, start; None = as the model does.

    Raises: OptionError for a value that cannot be used.
    """

    input_dropout: float = 0.0
    output_dropout: float = 0.0
    hidden_dropout: float = 0.0
    variational: bool = False
    normalisation: Literal["none", "layer", "batch"] = "none"
    residual: bool = False
    forget_bias: float | None = None
    weight_init: Initialisation | None = None
    recurrent_init: Initialisation | None = None

    def __post_init__(self) -> None:
        for name in ("input_dropout", "output_dropout", "hidden_dropout"):
            options.probability(name, getattr(self, name))
        options.flag("variational", self.variational)
        options.choice("normalisation", self.normalisation, ("none", "layer", "batch"))
        options.flag("residual", self.residual)
        bias = self.forget_bias
        if bias is not None and (
            isinstance(bias, bool) or not isinstance(bias, Real) or not abs(bias) <= _LARGEST_BIAS
        ):
            raise OptionError(
                f"forget_bias must be a number in −{_LARGEST_BIAS}…{_LARGEST_BIAS}, got {bias!r}.",
                f"forget_bias 必须是 −{_LARGEST_BIAS} 到 {_LARGEST_BIAS} 的数，得到 {bias!r}。",
            )
        for name in ("weight_init", "recurrent_init"):
            if getattr(self, name) is not None:
                options.choice(name, getattr(self, name), INITIALISATIONS)

    @property
    def alters(self) -> bool:
        """Whether anything within the backbone is asked to be otherwise: not every backbone has it."""
        asked = (self.forget_bias, self.weight_init, self.recurrent_init)
        return self.hidden_dropout > 0 or any(one is not None for one in asked)

    @property
    def surrounds(self) -> bool:
        """Whether anything around the backbone is asked for."""
        return self.input_dropout > 0 or self.output_dropout > 0 or self.normalisation != "none" or self.residual


def _check_bias(bias: object) -> None:
    if isinstance(bias, bool) or not isinstance(bias, Real) or not abs(float(bias)) <= _LARGEST_BIAS:  # nor nan
        raise OptionError(
            f"forget_bias must be a number in −{_LARGEST_BIAS}…{_LARGEST_BIAS}, got {bias!r}.",
            f"forget_bias 必须是 −{_LARGEST_BIAS} 到 {_LARGEST_BIAS} 的数，得到 {bias!r}。",
        )


NAMES = tuple(field.name for field in fields(Dressing))
