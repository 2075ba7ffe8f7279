"""Where a table begins in its file, and which of its first lines name its columns. Looks at cells, cut and stripped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from gatecast.data.dateforms import FIRST_YEAR, LAST_YEAR, looks_like_date
from gatecast.data.numbers import looks_like_number, means_nothing

_TOP = 60  # a table begins within its first lines
_MOST_NAMES = 4  # lines of names

Row = Sequence[str]


def lines_before(rows: Sequence[Row], counted: bool) -> int:
    """How many lines stand before the table: a title, a source, comments. They fill less than half of its columns.

    counted: as in `is_header`. 0 where no line of names follows them, unless all are comments that begin with "#".
    """
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    for place, row in enumerate(rows[:_TOP]):
        if _is_comment(rows[place : place + 2]):
            continue
        if 2 * _filled(row) > width:
            if not place:
                return 0
            only_comments = all(before[0].startswith("#") for before in rows[:place])
            return place if only_comments or is_header(rows[place:], counted) else 0
    return 0


def _is_comment(rows: Sequence[Row]) -> bool:
    """Whether the first of two lines begins with "#" and is not the header of the other."""
    if not rows[0] or not rows[0][0].startswith("#"):
        return False
    return len(rows) < 2 or len(rows[0]) != len(rows[1])


def _filled(row: Row) -> int:
    """Cells up to the last one that is not empty."""
    return max((place for place, cell in enumerate(row, 1) if cell), default=0)


def is_header(rows: Sequence[Row], counted: bool) -> bool:
    """Whether the first row holds names: no cell is a number or a date, or the first is none while those below it are.

    Dates and years that stand in one row, up to its end, are names too: each row below is a series. counted: so are
    numbers 0 or 1, 2, 3, …
    """
    first = [cell for cell in rows[0] if cell]
    values = [cell for cell in first if is_value(cell)]
    if not first or not values:
        return bool(first)
    if first_time(rows) is not None or (counted and _are_counted(first, values)):
        return True
    below = [row[0] for row in rows[1:] if row and row[0]]
    return bool(below) and not is_value(rows[0][0]) and all(is_value(cell) for cell in below[:5])


def first_time(rows: Sequence[Row]) -> int | None:
    """The place from which on different dates, or years in turn, name the columns of the first row, up to its end.

    None where they do not; where it would be the first place; or where dates stand below the dates.
    """
    names = list(rows[0])
    while names and not names[-1]:  # a trailing separator
        names.pop()
    place = len(names)
    while place and (looks_like_date(names[place - 1]) or _is_year(names[place - 1])):
        place -= 1
    times = names[place:]
    if place < 1 or len(times) < 2 or len(set(times)) < len(times):
        return None
    if _are_years(times):
        return place if len(times) > 2 else None
    below = rows[1][place : len(names)] if len(rows) > 1 else []
    return place if all(map(looks_like_date, times)) and not any(map(looks_like_date, below)) else None


def _is_year(cell: str) -> bool:
    return cell.isdecimal() and FIRST_YEAR <= int(cell) <= LAST_YEAR


def _are_years(cells: Sequence[str]) -> bool:
    """Years, one after another."""
    return all(map(_is_year, cells)) and all(int(later) == int(earlier) + 1 for earlier, later in pairwise(cells))


def _are_counted(first: Sequence[str], values: Sequence[str]) -> bool:
    """All cells but one, or all, count from 0 or 1, or are years in turn."""
    numbers = [int(cell) for cell in values if cell.isdecimal()]
    starts = len(numbers) > 1 and (numbers[0] in (0, 1) or FIRST_YEAR <= numbers[0] <= LAST_YEAR)
    return starts and len(values) >= len(first) - 1 and numbers == [numbers[0] + i for i in range(len(values))]


def lines_of_names(rows: Sequence[Row]) -> int:
    """How many lines name the columns, the header among them: one, or several as pandas writes them, or one of units.

    Below the header, a line of words alone names columns where most of what stands under its words are values.
    """
    count = 1
    while count < min(_MOST_NAMES, len(rows) - 1) and _are_words(rows[count]):
        count += 1
    named = {place for row in rows[1:count] for place, cell in enumerate(row) if cell and place}
    below = [
        cell
        for row in rows[count : count + 5]
        for place, cell in enumerate(row)
        if cell and (place in named or not named)
    ]
    return count if 2 * sum(map(is_value, below)) > len(below) else 1


def _are_words(row: Row) -> bool:
    return any(row) and not any(is_value(cell) or means_nothing(cell) for cell in row if cell)


def joined(levels: Sequence[Row]) -> list[str]:
    """The names of columns that stand in several lines. A line that says the same of all columns says nothing.

    levels: the lines, of one length. Where the last one names the first column alone, as pandas writes the name of an
    index, it does only that. An empty cell above another takes what stands left of it: cells that were merged.
    """
    own = levels[0][0]
    if len(levels) > 1 and not any(levels[-1][1:]):
        own, levels = levels[-1][0], levels[:-1]
    spread = [_spread(level, below) for level, below in pairwise(levels)] + [levels[-1]]
    telling = [level for level in spread if len({cell for cell in level[1:] if cell}) > 1] or spread[:1]
    return [own, *(" ".join(filter(None, cells)) for cells in zip(*(level[1:] for level in telling), strict=True))]


def _spread(level: Row, below: Row) -> list[str]:
    cells: list[str] = []
    for cell, under in zip(level, below, strict=True):
        cells.append(cells[-1] if not cell and under and len(cells) > 1 else cell)
    return cells


def is_value(cell: str) -> bool:
    """Whether a cell could be a number or a date."""
    return looks_like_number(cell) or looks_like_date(cell)
