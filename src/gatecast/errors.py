"""Everything that Gatecast raises on purpose.

    GatecastError
    ├── DataError (ValueError)          something in the table: says file, line, series or column
    │   ├── ReadError                   the file cannot be opened, decoded or split into cells
    │   ├── ColumnError                 a column is missing, ambiguous, or not of the kind it must be
    │   ├── TimeError                   dates that are ambiguous, unreadable or contradictory
    │   └── TooShortError               a series has too few rows: says id, length and the minimum
    ├── OptionError (ValueError)        an argument, option or key of a TOML file
    ├── NotFittedError (RuntimeError)   a forecast was asked of a model that was not fitted
    ├── TrainingError (RuntimeError)    training cannot go on (loss not finite at any rate)
    ├── ArtifactError (ValueError)      a saved model is damaged, hostile, or of a newer version
    ├── OutputError (OSError)           the result cannot be written
    ├── SourceError (OSError)           a place that data are fetched from: no answer, no token, nothing there
    ├── DeviceError (RuntimeError)      the device that was asked for is not there
    └── MissingExtraError (ImportError) an optional library is needed: says how to install it

A message says what is wrong, where, and what to do. It is given in both languages; `str(error)` shows the one
that `gatecast.language` chooses.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from gatecast.language import Text


class GatecastError(Exception):
    """Base of all errors that a user can cause and mend."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english, chinese)  # both arguments, so that the error survives copying between processes
        self.text = Text(english, chinese)

    def __str__(self) -> str:
        return str(self.text)


class DataError(GatecastError, ValueError):
    """Something in the table is wrong."""


class ReadError(DataError):
    """The file cannot be opened, decoded or split into cells."""


class ColumnError(DataError):
    """A column is missing, ambiguous, or not of the kind it must be."""


class TimeError(DataError):
    """Dates are ambiguous, unreadable or contradictory."""


class TooShortError(DataError):
    """A series has too few rows for what was asked."""


class OptionError(GatecastError, ValueError):
    """An argument, option or key has a value that cannot be used."""


class NotFittedError(GatecastError, RuntimeError):
    """A forecast was asked of a model that was not fitted."""


class TrainingError(GatecastError, RuntimeError):
    """Training cannot go on."""


class ArtifactError(GatecastError, ValueError):
    """A saved model is damaged, hostile, or of a newer version."""


class OutputError(GatecastError, OSError):
    """The result cannot be written."""

    def __str__(self) -> str:  # OSError has a __str__ of its own
        return str(self.text)


class SourceError(GatecastError, OSError):
    """A place that data are fetched from gave none."""

    def __str__(self) -> str:  # OSError has a __str__ of its own
        return str(self.text)


class DeviceError(GatecastError, RuntimeError):
    """The device that was asked for is not there."""


class MissingExtraError(GatecastError, ImportError):
    """An optional library is needed."""

    def __str__(self) -> str:  # ImportError has a __str__ of its own
        return str(self.text)


def nearest(name: str, known: Iterable[str]) -> Text:
    """` (did you mean 'close'?)`, or nothing where no known name is near."""
    folded = {candidate.casefold(): candidate for candidate in known}
    match = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    if not match:
        return Text("", "")
    return Text(f" (did you mean {folded[match[0]]!r}?)", f"（是不是想写 {folded[match[0]]!r}？）")
