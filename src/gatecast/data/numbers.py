"""Text cells to numbers: decimal commas, thousands and their letters, signs, and words for "nothing here"."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

import numpy as np
import polars as pl

_EMPTY = (
    *("-", "--", "---", "—", "——", "–", ".", "..", "…", "?", "/", "\\", "missing", "unknown"),
    *("*", "**", "***", "****", "*****"),
    *("n/a", "na", "n.a.", "nan", "-nan", "null", "none", "nil"),
    *("#n/a", "#na", "#value!", "#div/0!", "#null!", "#num!", "#ref!"),
    *("停牌", "停盘", "休市", "无", "没有", "空", "缺", "缺失", "暂无", "未知"),
)
_SAMPLE = 100
_SIGNS = "$€£¥￥₩₹元%"
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
_GROUPED = r"^[+-]?\d{1,3}(,\d{2,3})*,\d{3}(\.\d*)?$"
_SCALES = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "千": 1e3, "万": 1e4, "亿": 1e8, "万亿": 1e12}
_ABBREVIATED = r"^(?P<number>[+-]?[\d.,]+) ?(?P<unit>[kKMBT]|千|万亿|万|亿)$"
_UNIT = re.compile(_ABBREVIATED)
_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d*)?([eE][+-]?\d+)?$"


class Numbers(NamedTuple):
    """values: (rows,) float64, NaN where the cell is empty. words: what stood in cells that were taken as empty.

    wrong: rows whose cell is neither a number nor empty. share: numbers among the cells that are not empty.
    """

    values: np.ndarray
    words: Counter[str]
    wrong: np.ndarray
    share: float

    @property
    def whole(self) -> bool:
        """Every cell is a whole number."""
        finite = np.isfinite(self.values)
        return bool(len(finite) and finite.all() and (self.values == np.rint(self.values)).all())


def looks_like_number(cell: str) -> bool:
    """Whether one cell could be a number, in any spelling."""
    found = _UNIT.fullmatch(_bare(cell))
    bare = found["number"] if found else _bare(cell)
    return bool(_PLAIN.fullmatch(bare) or re.match(_GROUPED, bare) or (bare and re.fullmatch(_COMMA[1:-1], bare)))


def means_nothing(cell: str) -> bool:
    """Whether one cell is a word for "nothing here"."""
    return cell.lower() in _EMPTY


def _bare(cell: str) -> str:
    return cell.replace("−", "-").strip(_SIGNS + " \u00a0\u202f'").replace(" ", "")


def read_numbers(cells: pl.Series, decimal: str = ".") -> Numbers:
    """Numbers of a text column. decimal: the decimal mark that the file's other cells show."""
    text = cells.str.strip_chars()
    values = text.cast(pl.Float64, strict=False) if decimal == "." else _localised(text, decimal)
    failed = _failed(text, values)
    if failed.any():
        values = _localised(text, decimal)
        failed = _failed(text, values)
    if failed.any():
        values = _abbreviated(text, values, decimal)
        failed = _failed(text, values)
    numbers = values.fill_null(float("nan")).to_numpy().astype(np.float64)
    strange = text.filter(np.isnan(numbers))
    strange = strange.filter(strange.str.to_lowercase().is_in(_EMPTY))
    words = Counter(strange.to_list())
    wrong = np.flatnonzero(failed)
    if len(wrong):
        wrong = wrong[~text.gather(wrong).str.to_lowercase().is_in(_EMPTY).to_numpy()]
    count = int((~np.isnan(numbers)).sum())
    return Numbers(numbers, words, wrong, count / max(1, count + len(wrong)))


def are_words(cells: pl.Series) -> bool:
    """Whether a column holds text, and no number."""
    if cells.dtype != pl.String:
        return cells.dtype == pl.Boolean
    numbers = read_numbers(cells.filter(cells != "").head(_SAMPLE))
    return len(numbers.wrong) > 0 and not numbers.share


def _failed(text: pl.Series, values: pl.Series) -> np.ndarray:
    """(rows,) cells that hold something, but no number."""
    return (values.is_null() & text.is_not_null() & (text != "")).fill_null(False).to_numpy()


def _abbreviated(text: pl.Series, values: pl.Series, decimal: str) -> pl.Series:
    """The values, and numbers with a letter or word for thousands, millions and so on: `103.5K`, `1.2亿`."""
    parts = text.str.extract_groups(_ABBREVIATED).struct.unnest()
    number, unit = _localised(parts["number"], decimal), parts["unit"].str.to_uppercase()
    scale = unit.replace_strict(_SCALES, default=None, return_dtype=pl.Float64)
    return pl.select(pl.coalesce(values, number * scale)).to_series()


def _localised(text: pl.Series, decimal: str) -> pl.Series:
    """Numbers after signs and thousands marks are taken away; the whole column has one decimal mark."""
    bare = (
        text.str.replace_all("−", "-", literal=True)
        .str.strip_chars(_SIGNS + " ")
        .str.replace(r"^([+-])[$€£¥￥₩₹]", "$1")
    )
    bare = bare.str.replace_all(r"(\d)[ \u00a0\u202f'’](\d{3})", "$1$2").str.replace_all(
        r"(\d)[ \u00a0\u202f'’](\d{3})", "$1$2"
    )
    plain = bare.cast(pl.Float64, strict=False)
    grouped = pl.select(
        pl.when(bare.str.contains(_GROUPED)).then(bare.str.replace_all(",", "")).otherwise(bare)
    ).to_series()
    as_points = grouped.cast(pl.Float64, strict=False)
    is_comma = bare.str.contains(_COMMA)
    swapped = bare.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    as_commas = pl.select(pl.when(is_comma).then(swapped)).to_series().cast(pl.Float64, strict=False)
    ways = [as_commas, as_points, plain] if decimal == "," else [as_points, as_commas]
    return max(ways, key=lambda way: way.is_not_null().sum())
