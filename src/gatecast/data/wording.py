"""Small words that many notes need, and names of columns as they are compared."""

from __future__ import annotations

from collections.abc import Sequence


def count_of(count: int, what: str) -> str:
    """`1 row`, `3 rows`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def some(names: Sequence[str], most: int = 3) -> str:
    """`'A', 'B', 'C', … (7)`: a list that is cut, and reads the same in both languages."""
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown}, … ({len(names)})"


def usual(name: str) -> str:
    """A column's name as lists of usual names have it: `<DATE>` is `date`."""
    return name.casefold().strip(" <>")
