"""What a layer's options must be. Each check gives the value back or raises OptionError; knows no tensors."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

from gatecast.errors import OptionError, nearest

Word = TypeVar("Word", bound=str)

_MOST_LAYERS = 1000


def whole(name: str, value: Any, least: int) -> int:
    """A whole number, at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise OptionError(
            f"{name} must be a whole number of at least {least}, got {value!r}.",
            f"{name} 必须是不小于 {least} 的整数，得到 {value!r}。",
        )
    return int(value)


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise OptionError(
            f"{name} must be True or False, got {value!r}.", f"{name} 必须是 True 或 False，得到 {value!r}。"
        )
    return value


def probability(name: str, value: Any) -> float:
    """A number in 0…1."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1:
        raise OptionError(
            f"{name} must be a probability in 0…1, got {value!r}.", f"{name} 必须是 0 到 1 的概率，得到 {value!r}。"
        )
    return float(value)


def choice(name: str, value: Any, known: Sequence[Word]) -> Word:
    """One of the known words."""
    if value not in known:
        hint = nearest(str(value), known)
        words = ", ".join(map(repr, known))
        raise OptionError(
            f"{name} must be one of {words}, got {value!r}{hint.english}.",
            f"{name} 必须是 {words} 之一，得到 {value!r}{hint.chinese}。",
        )
    return value


def widths(hidden: Any, layers: Any, names: tuple[str, str] = ("hidden_size", "num_layers")) -> tuple[int, ...]:
    """The width of every layer: one for all, or a sequence with one a layer (layers None = its length, or 1).

    names: what the user calls the two.
    """
    name, of_layers = names
    if not isinstance(hidden, Sequence) or isinstance(hidden, str):
        return (whole(name, hidden, 1),) * (1 if layers is None else _depth(of_layers, layers))
    _depth(of_layers, max(1, len(hidden)))
    each = tuple(whole(f"{name}[{k}]", width, 1) for k, width in enumerate(hidden))
    if not each or layers not in (None, len(each)):
        raise OptionError(
            f"{name} must be one width, or one for each layer, got {len(each)} widths with {of_layers}={layers}; "
            f"leave {of_layers} out, or give one width for all layers.",
            f"{name} 必须是一个宽度，或每层一个宽度，得到 {len(each)} 个宽度而 {of_layers}={layers}；"
            f"请省略 {of_layers}，或给出各层共用的一个宽度。",
        )
    return each


def _depth(name: str, layers: Any) -> int:
    if whole(name, layers, 1) > _MOST_LAYERS:
        raise OptionError(
            f"{name} must be at most {_MOST_LAYERS}, got {layers}.", f"{name} 最多为 {_MOST_LAYERS}，得到 {layers}。"
        )
    return int(layers)


def projection(name: str, value: Any, narrowest: int) -> int:
    """The width of a projection: 0 (none), or less than the narrowest layer's."""
    if whole(name, value, 0) >= narrowest:
        raise OptionError(
            f"{name} must be smaller than the narrowest layer's width, {narrowest}, got {value}; 0 means none.",
            f"{name} 必须小于最窄层的宽度 {narrowest}，得到 {value}；0 表示不投影。",
        )
    return int(value)
