"""What a reading is asked for and what it gives. Knows no file format; `read` hands on to the room's other modules."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatecast.errors import OptionError, nearest

if TYPE_CHECKING:
    from gatecast.language import Text
    from gatecast.panel import Panel


@dataclass(frozen=True)
class ReadOptions:
    """How to understand a table. All names are those of the header; None = found from names and contents.

    target, time, id: the columns to forecast, of dates or steps, and of series names. Several targets, as
    ("open", "close") or "open,close", become a series each, and every one is a past covariate of all. Several columns
    of names, as ("store", "item") or "store,item", name a series together: "7 · milk".
    past, future: covariates known up to now, and covariates known ahead.
    layout: "table" (one observation a row) or "rows" (one series a row, its id first).
    day_first: reads 03/04/2020 as 3 April (True) or 4 March (False); None refuses where both are possible.
    calendar: a trading or holiday calendar such as "XNYS"; no forecast falls on its closed days.
    indicators: technical indicators that become past covariates, as "rsi" or "sma-20"; see `features.indicators`.
    join: files whose columns of numbers become past covariates, by date. join_lag: how long after its date a row of
    them is known, as "30d", "12h"; steps where times are whole numbers.
    """

    target: str | tuple[str, ...] | None = None
    time: str | None = None
    id: str | tuple[str, ...] | None = None
    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()
    layout: str = "table"
    day_first: bool | None = None
    calendar: str | None = None
    indicators: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    join_lag: str = "0d"


@dataclass(frozen=True)
class Note:
    """Something that was noticed, and what was done about it.

    kind: "encoding", "header", "clock", "time-zone", "text-cells", "sorted", "duplicates", "empty", "trailing",
    "left-out", "ahead", "join", "indicators", "gaps", "irregular", "short", "constant", "jump" or
    "code".
    """

    kind: str
    text: Text


@dataclass(frozen=True)
class ColumnInfo:
    """One column of the table, as `gatecast describe` shows it.

    role: "id", "time", "target", "past", "future", "input" (of an indicator alone) or "unused". kind: "number", "date",
    "text", "boolean" or "empty".
    empty: how many cells hold nothing. minimum, maximum, examples: as text; "" where there is none.
    """

    name: str
    role: str
    kind: str
    empty: int
    minimum: str = ""
    maximum: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """A panel, and the story of how it was read.

    summary: one line with rows, series, columns, step and dates. options: as they were understood, so that a later
    table is read the same way.
    """

    panel: Panel
    notes: tuple[Note, ...]
    summary: Text
    columns: tuple[ColumnInfo, ...]
    options: ReadOptions = ReadOptions()


def read(source: Any, options: ReadOptions | None = None) -> Reading:
    """Read a table, check it and repair what can be repaired without guessing.

    source: a path (CSV, TSV, other separators, gzip, Parquet); a frame of pandas, polars, pyarrow or another library
    that narwhals knows; a list or array (time,) or (series, time); a Panel, which passes through.
    The source is never changed. Raises: DataError and its kinds, OptionError; see `gatecast.errors`.
    """
    from gatecast.data.pipeline import read as read_any

    return read_any(source, options or ReadOptions())


def check_read_options(options: Mapping[str, Any]) -> ReadOptions:
    """How to read a table, from keywords. Raises: OptionError for one that is unknown."""
    known = ReadOptions.__dataclass_fields__
    unknown = set(options) - set(known)
    if unknown:
        name, listed = min(unknown), ", ".join(known)
        hint = nearest(name, known)
        raise OptionError(
            f"unknown option {name!r}{hint.english}; known: {listed}.",
            f"未知选项 {name!r}{hint.chinese}；可用：{listed}。",
        )
    several = {"past", "future", "indicators", "join"}
    several |= {name for name in ("target", "id") if isinstance(options.get(name), list)}
    tuples: dict[str, Any] = {name: names_of(value) for name, value in options.items() if name in several}
    return ReadOptions(**{**options, **tuples})


def names_of(given: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> tuple[str, ...]:
    """One name, or several, as a tuple of text."""
    return (os.fspath(given),) if isinstance(given, str | os.PathLike) else tuple(os.fspath(one) for one in given)
