"""What kind of thing each column of a table holds. Knows no roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gatecast.data.datetext import Dates, read_dates
from gatecast.data.numbers import Numbers, read_numbers

if TYPE_CHECKING:
    from collections import Counter

    from gatecast.data.table import Table


_SAMPLE = 100


@dataclass(frozen=True)
class Profile:
    """kind: "number", "date", "text", "boolean" or "empty". numbers, dates: the column read as such, where it could be.

    numbers is None where a sample showed none.
    A column is of numbers, or of dates, where at least half of its cells are; so a bad cell is found, not hidden.
    """

    name: str
    kind: str
    empty: int
    numbers: Numbers | None = None
    dates: Dates | None = None


def profile(table: Table, position: int, day_first: bool | None) -> Profile:
    """Look at one column."""
    cells, name = table.columns[position], table.names[position]
    if cells.dtype == pl.String:
        return _of_text(cells, name, table.decimal, day_first)
    if cells.dtype == pl.Boolean:
        return Profile(name, "boolean", cells.null_count())
    if cells.dtype == pl.Datetime:
        time = cells.to_numpy().astype("datetime64[us]")
        zone = table.zones[position] if table.zones else None
        dates = Dates(time, None, zone, int(zone is not None), np.zeros(0, np.int64))
        return Profile(name, "date", int(np.isnat(time).sum()), dates=dates)
    values = cells.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    empty = int(np.isnan(values).sum())
    return Profile(name, "number" if empty < len(values) else "empty", empty, numbers=typed_numbers(values))


def typed_numbers(values: np.ndarray) -> Numbers:
    """Numbers of a typed column: (rows,) float64, NaN = empty."""
    from collections import Counter

    nothing: Counter[str] = Counter()
    return Numbers(values, nothing, np.zeros(0, np.int64), 1.0)


def _of_text(cells: pl.Series, name: str, decimal: str, day_first: bool | None) -> Profile:
    empty = int((cells.is_null() | (cells.str.strip_chars() == "")).sum())
    if empty == len(cells):
        return Profile(name, "empty", empty, numbers=read_numbers(cells, decimal))
    full = cells.filter(cells.is_not_null() & (cells != ""))
    sample = read_numbers(full.gather_every(1 + len(full) // _SAMPLE), decimal)
    if len(sample.wrong) and not sample.share:  # certainly no numbers: spare a long column the attempt
        dates = read_dates(cells, day_first)
        return Profile(name, "date" if dates is not None and dates.share >= 0.5 else "text", empty, dates=dates)
    numbers = read_numbers(cells, decimal)
    empty += numbers.words.total()
    if numbers.share >= 0.5:
        return Profile(name, "number", empty, numbers=numbers)
    dates = read_dates(cells, day_first)
    if dates is not None and dates.share >= 0.5:
        return Profile(name, "date", empty, numbers=numbers, dates=dates)
    kind = "empty" if empty == len(cells) else "text"
    return Profile(name, kind, empty, numbers=numbers, dates=dates)
