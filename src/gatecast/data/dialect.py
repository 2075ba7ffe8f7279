"""How a text file is cut into cells: separator, quote, header, decimal mark. Looks at the first lines only."""

from __future__ import annotations

import csv
import re
from collections import Counter
from typing import NamedTuple

from gatecast.data.dateforms import looks_like_date
from gatecast.data.numbers import looks_like_number

_SEPARATORS = ("\t", ";", "|", ",")  # a tie goes to the first: commas also stand inside of cells
_SAMPLE_LINES, _SAMPLE_CHARACTERS = 200, 200_000
_BLANK_LINES = re.compile(r"(?:[^\S\n]*\n)*")
_COMMA_IS_DECIMAL = re.compile(r"[+-]?(\d+,(\d{1,2}|\d{4,})|\d{1,3}(\.\d{3})+,\d+)")
_POINT_IS_DECIMAL = re.compile(r"[+-]?(\d*\.(\d{1,2}|\d{4,})|\d{1,3}(,\d{3})+\.\d+)")
_COMMA_IN_NUMBER = re.compile(r"[+-]?\d+,\d+")


class Dialect(NamedTuple):
    """header: the names in the first row, or None. start: where in the text the first row begins, after blank lines.

    first_line: the line of the file where that is, from 1. width: cells a row has. decimal: "." or ",".
    """

    separator: str
    quote: str
    header: tuple[str, ...] | None
    start: int
    first_line: int
    width: int
    decimal: str


def sniff(text: str, counted_header: bool = False) -> Dialect:
    """The dialect of a text that is not blank.

    counted_header: a header may be of numbers 1, 2, 3, … or of years, as where each row is a series.
    """
    blank = _BLANK_LINES.match(text)
    start = blank.end() if blank else 0
    lines = _first_lines(text[start : start + _SAMPLE_CHARACTERS], whole=len(text) <= start + _SAMPLE_CHARACTERS)
    quote = "'" if _single_quoted(lines) else '"'
    separator, rows = _best_split(lines, quote)
    header = tuple(rows[0]) if _is_header(rows, counted_header) else None
    body = rows[1:] if header else rows
    width = max(len(row) for row in rows[:2])
    return Dialect(separator, quote, header, start, 1 + text[:start].count("\n"), width, _decimal(separator, body))


def _first_lines(sample: str, whole: bool) -> list[str]:
    """Lines that are not blank; the last one may be cut where the sample is not the whole text."""
    lines = sample.split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES]
    if not whole and len(lines) > 2 and len(lines) < _SAMPLE_LINES:
        lines = lines[:-1]
    return [line for line in lines if line.strip()]


def _single_quoted(lines: list[str]) -> bool:
    cells = re.compile(r"\s*'[^']*'\s*([\t;|,]|$)")
    return all(cells.match(line) for line in lines) and not any('"' in line for line in lines)


def _split(lines: list[str], separator: str, quote: str) -> list[list[str]]:
    """Cells of some lines, stripped. A quote that never closes cannot make the reader fail here."""
    try:
        rows = list(csv.reader(lines, delimiter=separator, quotechar=quote))
    except csv.Error:
        rows = [line.split(separator) for line in lines]
    return [[cell.strip() for cell in row] for row in rows]


def _best_split(lines: list[str], quote: str) -> tuple[str, list[list[str]]]:
    """The separator that cuts most lines into the same number of cells, more than one."""
    best, most, cells = ",", 0.0, _split(lines, ",", quote)
    for separator in _SEPARATORS:
        rows = _split(lines, separator, quote)
        width, agreeing = Counter(len(row) for row in rows).most_common(1)[0]
        share = agreeing / len(rows)
        if width > 1 and share > most + 1e-9 and len(rows[0]) > 1:
            best, most, cells = separator, share, rows
    return best, cells


def _is_header(rows: list[list[str]], counted: bool) -> bool:
    """A row of names: no cell is a number or a date, or the first is none while those below it are."""
    first = [cell for cell in rows[0] if cell]
    values = [cell for cell in first if _is_value(cell)]
    if not first or not values:
        return bool(first)
    if counted:
        numbers = [int(cell) for cell in values if cell.isdecimal()]
        starts = len(numbers) > 1 and (numbers[0] in (0, 1) or 1500 <= numbers[0] <= 2200)
        return starts and len(values) >= len(first) - 1 and numbers == [numbers[0] + i for i in range(len(values))]
    below = [row[0] for row in rows[1:] if row and row[0]]
    return bool(below) and not _is_value(rows[0][0]) and all(_is_value(cell) for cell in below[:5])


def _is_value(cell: str) -> bool:
    return looks_like_number(cell) or looks_like_date(cell)


def _decimal(separator: str, rows: list[list[str]]) -> str:
    cells = [cell for row in rows for cell in row]
    if any(_POINT_IS_DECIMAL.fullmatch(cell) for cell in cells):
        return "."
    if any(_COMMA_IS_DECIMAL.fullmatch(cell) for cell in cells):
        return ","
    return "," if separator == ";" and any(_COMMA_IN_NUMBER.fullmatch(cell) for cell in cells) else "."
