"""How a text file is cut into cells: separator, quote, header, decimal mark. Looks at the first lines only."""

from __future__ import annotations

import csv
import re
from collections import Counter
from typing import NamedTuple

from gatecast.data.header import is_header, is_value, joined, lines_before, lines_of_names

_SEPARATORS = ("\t", ";", "|", ",")  # a tie goes to the first: commas also stand inside of cells
_SAMPLE_LINES, _SAMPLE_CHARACTERS = 200, 200_000
_BLANK_LINES = re.compile(r"(?:[^\S\n]*\n)*")
_BLANKS, _MARGINS = re.compile(r"[ \u00a0\u3000]+"), re.compile(r"^ +| +$", re.MULTILINE)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_COMMA_IS_DECIMAL = re.compile(r"[+-]?(\d+,(\d{1,2}|\d{4,})|\d{1,3}(\.\d{3})+,\d+)")
_POINT_IS_DECIMAL = re.compile(r"[+-]?(\d*\.(\d{1,2}|\d{4,})|\d{1,3}(,\d{3})+\.\d+)")
_COMMA_IN_NUMBER = re.compile(r"[+-]?\d+,\d+")


class Dialect(NamedTuple):
    """header: the names of the columns, or None. names: how many lines hold them. start: where in the text they begin.

    first_line: the line of the file where that is, from 1. before: lines above it that are no part of the table.
    width: cells a row has. decimal: "." or ",".
    """

    separator: str
    quote: str
    header: tuple[str, ...] | None
    names: int
    start: int
    first_line: int
    before: int
    width: int
    decimal: str


def with_tabs(text: str) -> str:
    """The text with one tab for every run of blanks, where nothing but these stands between its numbers."""
    lines = _first_lines(text[:_SAMPLE_CHARACTERS], whole=len(text) <= _SAMPLE_CHARACTERS)
    if any(separator in line for line in lines for separator in _SEPARATORS):
        return text
    rows = [line.split() for line in lines]
    width, agreeing = Counter(len(row) for row in rows).most_common(1)[0]
    values = sum(len(row) == width and all(is_value(cell) or _CLOCK.fullmatch(cell) for cell in row) for row in rows)
    if width < 2 or agreeing < 0.9 * len(rows) or values < 0.9 * len(rows) - 2:
        return text
    return _BLANKS.sub("\t", _MARGINS.sub("", text))


def sniff(text: str, counted_header: bool = False) -> Dialect:
    """The dialect of a text that is not blank.

    counted_header: a header may be of numbers 1, 2, 3, … or of years, as where each row is a series.
    """
    blank = _BLANK_LINES.match(text)
    start = blank.end() if blank else 0
    lines = _first_lines(text[start : start + _SAMPLE_CHARACTERS], whole=len(text) <= start + _SAMPLE_CHARACTERS)
    quote = "'" if _single_quoted(lines) else '"'
    separator, rows = _best_split(lines, quote, counted_header)
    before = _whole_lines(lines, quote, lines_before(rows, counted_header))
    start, rows = _line_after(text, start, before), rows[before:]
    names = lines_of_names(rows) if is_header(rows, counted_header) else 0
    width = max(len(row) for row in rows[: 1 + max(1, names)])
    header = tuple(joined([row + [""] * (width - len(row)) for row in rows[:names]])) if names else None
    first_line = 1 + text[:start].count("\n")
    return Dialect(separator, quote, header, names, start, first_line, before, width, _decimal(separator, rows[names:]))


def _whole_lines(lines: list[str], quote: str, count: int) -> int:
    """The count, or none where a quoted cell goes on over a line's end, so that lines and rows differ."""
    return count if not any(line.count(quote) % 2 for line in lines[:count]) else 0


def _line_after(text: str, start: int, count: int) -> int:
    """Where in the text a line begins, so many further on that are not blank."""
    for _ in range(count):
        blank = _BLANK_LINES.match(text, text.index("\n", start) + 1)
        start = blank.end() if blank else start
    return start


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


def _best_split(lines: list[str], quote: str, counted: bool) -> tuple[str, list[list[str]]]:
    """The separator that cuts most lines into the same number of cells, more than one; the table's first one too."""
    best, most, cells = ",", 0.0, _split(lines, ",", quote)
    for separator in _SEPARATORS:
        rows = _split(lines, separator, quote)
        width, agreeing = Counter(len(row) for row in rows).most_common(1)[0]
        share = agreeing / len(rows)
        if width > 1 and share > most + 1e-9 and len(rows[lines_before(rows, counted)]) > 1:
            best, most, cells = separator, share, rows
    return best, cells


def _decimal(separator: str, rows: list[list[str]]) -> str:
    cells = [cell for row in rows for cell in row]
    if any(_POINT_IS_DECIMAL.fullmatch(cell) for cell in cells):
        return "."
    if any(_COMMA_IS_DECIMAL.fullmatch(cell) for cell in cells):
        return ","
    return "," if separator == ";" and any(_COMMA_IN_NUMBER.fullmatch(cell) for cell in cells) else "."
