"""Where words go: people read the terminal, programs read one JSON document on stdout. Knows no results."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rich.console import Console


def on_stdout() -> Console:
    """Results. Without a terminal there is no colour, and no line is cut."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False)


def on_stderr() -> Console:
    """Errors and progress."""
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False)


def say(console: Console, sentence: object, style: str | None = None) -> None:
    """One sentence, taken as it is: brackets in a user's names are no markup."""
    console.print(str(sentence), style=style, markup=False, soft_wrap=not console.is_terminal)


def dump(document: dict[str, Any]) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json_text(document, indent=2))


def json_text(document: dict[str, Any], indent: int = 1) -> str:
    """The text of a JSON document; what is not a finite number becomes null."""
    return json.dumps(_plain(document), ensure_ascii=False, allow_nan=False, indent=indent) + "\n"


def _plain(value: Any) -> Any:
    """Numpy numbers and arrays, tuples and sentences as what JSON knows."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if hasattr(value, "chinese"):
        return str(value)
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
