"""The text of a CSV-like file to a `Table` of text cells. Polars cuts; where it cannot, the line is named."""

from __future__ import annotations

import csv

import numpy as np
import polars as pl

from gatecast.data.dialect import Dialect, sniff, with_tabs
from gatecast.data.header import is_value
from gatecast.data.reading import Note
from gatecast.data.source import TextSource
from gatecast.data.table import Table
from gatecast.data.wording import count_of, some
from gatecast.errors import ReadError
from gatecast.language import Text

_MOST_BEHIND = 20  # lines below a table
_SPACES = " \t\u00a0\u3000"


def read_delimited(source: TextSource, counted_header: bool = False) -> Table:
    """Cut a text into cells. counted_header: the header may be the numbers of the columns (one series a row).

    Raises: ReadError if rows have more cells than the header, a quote never closes, or no row is there.
    """
    text = with_tabs(source.text.replace("\r\n", "\n").replace("\r", "\n"))
    dialect = sniff(text, counted_header)
    frame = _cut(text, dialect, source.name)
    lines = dialect.first_line + np.arange(len(frame))
    if '"' in text or "'" in text:
        lines = lines + _lines_inside_quotes(frame)
    if (frame.to_series(0) == "").fill_null(True).any():  # only then a line may be blank
        full = ~frame.select(pl.all_horizontal((pl.all() == "").fill_null(True))).to_series()
        frame, lines = frame.filter(full), lines[full.to_numpy()]
    frame, lines = frame[dialect.names :], lines[dialect.names :]
    behind = _lines_behind(frame)
    frame, lines = frame[: len(frame) - behind], lines[: len(frame) - behind]
    if not len(frame):
        raise ReadError(f"{source.name} has a header, but no rows under it.", f"{source.name} 只有表头，没有数据行。")
    return _named(source, dialect, frame, lines, behind)


def _cut(text: str, dialect: Dialect, name: str) -> pl.DataFrame:
    """All rows, the header's too, as stripped text; blank lines are rows of empty cells."""
    names = [f"c{i}" for i in range(dialect.width)]
    marker = dialect.separator.join(names) + "\n"  # polars takes the width from the first line it sees
    try:
        frame = pl.read_csv(
            (marker + text[dialect.start :]).encode(),
            separator=dialect.separator,
            quote_char=dialect.quote,
            schema=dict.fromkeys(names, pl.String),
            infer_schema=False,
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise _diagnosis(text, dialect, name) from error
    if not any(space in text for space in _SPACES):
        return frame
    return frame.select(pl.all().str.strip_chars())


def _lines_behind(frame: pl.DataFrame) -> int:
    """How many rows at the end hold words in the first cell alone, below numbers or dates: a source, a remark."""
    first = frame.to_series(0).fill_null("")
    if frame.width < 2 or len(first) < 2 or not is_value(first[0]):
        return 0
    rest = frame.select(pl.any_horizontal((pl.all().exclude(first.name) != "").fill_null(False))).to_series()
    count = 0
    while count < _MOST_BEHIND and not rest[-1 - count] and not is_value(first[-1 - count]):
        count += 1
    return count


def _lines_inside_quotes(frame: pl.DataFrame) -> np.ndarray:
    """(rows,) how many line ends stood inside quoted cells of the rows before."""
    inside = frame.select(pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True))).to_series()
    counts = inside.fill_null(0).to_numpy().astype(np.int64)
    return np.cumsum(counts) - counts


def _diagnosis(text: str, dialect: Dialect, name: str) -> ReadError:
    """The first line that does not fit, by a slower reader."""
    reader = csv.reader(
        text.splitlines(keepends=True), delimiter=dialect.separator, quotechar=dialect.quote, strict=True
    )
    before = 0
    try:
        for row in reader:
            if len(row) > dialect.width:
                have, need, line = len(row), dialect.width, before + 1
                return ReadError(
                    f"{name}, line {line}: {have} cells, but the table has {need} columns; mend that line.",
                    f"{name} 第 {line} 行：有 {have} 个单元格，但表只有 {need} 列；请修正该行。",
                )
            before = reader.line_num
    except csv.Error:
        pass
    return ReadError(
        f"{name}, line {before + 1}: a quote ({dialect.quote}) stands where it should not, or never closes; "
        f"mend that line.",
        f"{name} 第 {before + 1} 行：引号（{dialect.quote}）位置不对或没有闭合；请修正该行。",
    )


def _named(source: TextSource, dialect: Dialect, frame: pl.DataFrame, lines: np.ndarray, behind: int) -> Table:
    """Give the columns their names; drop those that trailing separators made."""
    header = list(dialect.header or ())
    header += [""] * (dialect.width - len(header))
    columns, names, unnamed = [], [], set()
    for position, (name, cells) in enumerate(zip(header, frame.get_columns(), strict=True)):
        if not name and not cells.fill_null("").ne("").any():
            continue
        if not name:
            unnamed.add(len(names))
        names.append(name or f"column_{position + 1}")
        columns.append(cells.rename(names[-1]))
    return Table(
        source.name,
        tuple(names),
        tuple(columns),
        lines,
        decimal=dialect.decimal,
        unnamed=frozenset(unnamed if dialect.names else ()),
        notes=(*source.notes, *_header_notes(dialect, names, behind)),
    )


def _header_notes(dialect: Dialect, names: list[str], behind: int) -> list[Note]:
    """What stood above the values, where it was no line of names, and below them."""
    said, called = [], some(names, 3)
    if dialect.before:
        english = f"{count_of(dialect.before, 'line')} above the table left out."
        said.append(Text(english, f"略去表格上方的 {dialect.before} 行。"))
    if not dialect.names:
        said.append(Text(f"no header; the columns are called {called}.", f"没有表头；各列命名为 {called}。"))
    if dialect.names > 1:
        english = f"{dialect.names} lines of names above the values; the columns are called {called}."
        said.append(Text(english, f"数值上方有 {dialect.names} 行列名；各列命名为 {called}。"))
    if behind:
        said.append(Text(f"{count_of(behind, 'line')} below the table left out.", f"略去表格下方的 {behind} 行。"))
    return [Note("header", text) for text in said]
