"""A frame that a foreign library answered with, as our table of daily prices. Knows no place and no network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from gatecast.data.frames import read_frame
from gatecast.errors import SourceError
from gatecast.frequency import to_local

_NEEDED = ("date", "open", "high", "low", "close", "volume")
_ORDER = ("date", "open", "high", "low", "close", "adj_close", "volume")


def prices(frame: Any, place: str, names: Mapping[str, str], lot: int = 1) -> pl.DataFrame | None:
    """Our columns of a frame, oldest day first; None where it has no rows.

    names: ours → the place's. lot: shares that one unit of its volume stands for.
    Raises: SourceError where a column is missing, as when a place has changed its answers.
    """
    if frame is None or not len(frame):
        return None
    table = read_frame(frame, place)
    missing = [names[ours] for ours in _NEEDED if names[ours] not in table.names]
    if missing:
        raise SourceError(
            f"the answer of {place} has no column {missing[0]!r}, only {', '.join(table.names)}; bring the library "
            f"that asks it up to date.",
            f"{place} 的返回结果缺少列 {missing[0]!r}，只有 {'、'.join(table.names)}；请更新相应的库。",
        )
    at = {ours: table.names.index(theirs) for ours, theirs in names.items() if theirs in table.names}
    columns = {ours: table.columns[i].cast(pl.Float64, strict=False) for ours, i in at.items() if ours != "date"}
    columns["volume"] = columns["volume"] * lot
    columns["date"] = _days(table.columns[at["date"]], table.zones[at["date"]])
    found = pl.DataFrame({name: columns[name] for name in _ORDER if name in columns})
    return found.filter(found["close"].is_finite()).sort("date")


def _days(cells: pl.Series, zone: str | None) -> pl.Series:
    """Days on the exchange's own calendar: of times with a zone, 20200131 or 2020-01-31."""
    if cells.dtype == pl.Datetime:
        return pl.Series(to_local(cells.to_numpy(), zone).astype("datetime64[D]"))
    return cells.cast(pl.String).str.replace_all("-", "").str.slice(0, 8).str.to_date("%Y%m%d")
