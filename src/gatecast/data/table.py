"""`Table`: named columns of cells, and where each row stood. Knows nothing of series, targets or times."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gatecast.data.wording import some
from gatecast.errors import ColumnError, nearest
from gatecast.language import Text

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from gatecast.data.reading import Note


_SHOWN = 12  # names of columns that a message lists


@dataclass(frozen=True)
class Table:
    """Cells before anybody knows what they mean.

    name: what messages call the data. columns: one Series each: String (text files), Int64, Float64, Boolean or
    Datetime("us") in UTC. rows: (rows,) where each row stood: the line of a file, or the position in a frame.
    in_file: rows are lines of a file. decimal: the decimal mark of a text file.
    zones: time zone of each date column that had one, by position. backend: the kind of frame.
    unnamed: positions of columns that had no name.
    """

    name: str
    names: tuple[str, ...]
    columns: tuple[pl.Series, ...]
    rows: np.ndarray
    in_file: bool = True
    decimal: str = "."
    zones: tuple[str | None, ...] = ()
    backend: str = "polars"
    unnamed: frozenset[int] = frozenset()
    notes: tuple[Note, ...] = ()

    def position(self, name: str, option: str) -> int:
        """Where the column called `name` is. option: the option that asked for it, for the message.

        Raises: ColumnError if there is none, or more than one.
        """
        found = [i for i, other in enumerate(self.names) if other == name]
        if len(found) == 1:
            return found[0]
        if found:
            raise ColumnError(
                f"{self.name}: {len(found)} columns are called {name!r}; rename all but one.",
                f"{self.name}：有 {len(found)} 列都叫 {name!r}；请只保留一个同名列。",
            )
        near, known = nearest(name, self.names), some(self.names, _SHOWN)
        raise ColumnError(
            f"{self.name}: --{option} {name!r} is not a column{near.english}; the columns are {known}.",
            f"{self.name}：--{option} {name!r} 不是表中的列{near.chinese}；现有列：{known}。",
        )

    def without(self, positions: Collection[int]) -> Table:
        """The table but for some of its columns."""
        kept = [i for i in range(len(self.names)) if i not in positions]
        return replace(
            self,
            names=tuple(self.names[i] for i in kept),
            columns=tuple(self.columns[i] for i in kept),
            zones=tuple(self.zones[i] for i in kept) if self.zones else (),
            unnamed=frozenset(new for new, old in enumerate(kept) if old in self.unnamed),
        )

    def where(self, row: int) -> Text:
        """`line 12` of a file, `row 12` of a frame (counted from 0)."""
        place = int(self.rows[row])
        return Text(f"line {place}", f"第 {place} 行") if self.in_file else Text(f"row {place}", f"行 {place}")
