"""The forms of dates that are known: patterns with named parts, and the strftime format of each. Reads no columns."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

CLOCK = (
    r"(?:(?:(?P<T>T)| +)(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?(?: ?(?P<p>[AaPp][Mm]))?"
    r"(?: ?(?P<z>Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2}))?)?"
)
_YEAR, _MONTH, _DAY, _NAME = r"(?P<Y>\d{4})", r"(?P<m>\d{1,2})", r"(?P<d>\d{1,2})", r"(?P<b>[A-Za-z]{3,9})"
_A, _B = r"(?P<a1>\d{1,2})", r"(?P<a2>\d{1,2})"  # day and month, in an order that the column decides
FIRST_YEAR, LAST_YEAR = 1500, 2200  # whole numbers between them may be years
MONTH_AND_SHORT_YEAR = "<b>-%y"
_BEGINNING = re.compile(r"\d|[Qq][1-4]|[A-Za-z]{3,9}[ /-]")


class Form(NamedTuple):
    """pattern: of a whole cell. template: strftime format; <m>, <d>, <b>, <1> and <2> are settled by the cells."""

    pattern: str
    template: str


def _forms() -> list[Form]:
    plain = [(mark, re.escape(mark)) for mark in "-/."]
    forms = [Form(f"{_YEAR}{e}{_MONTH}{e}{_DAY}", f"%Y{s}<m>{s}<d>") for s, e in plain]
    forms += [Form(f"{_YEAR}{e}{_MONTH}", f"%Y{s}<m>") for s, e in plain[:2]]
    forms += [Form(f"{_A}{e}{_B}{e}{_YEAR}", f"<1>{s}<2>{s}%Y") for s, e in plain]
    forms += [Form(f"{_A}{e}{_B}{e}(?P<y>\\d{{2}})", f"<1>{s}<2>{s}%y") for s, e in plain[1:]]
    forms += [Form(f"{_MONTH}{e}{_YEAR}", f"<m>{s}%Y") for s, e in plain[:2]]
    for s in "- /":
        forms.append(Form(f"{_DAY}{s}{_NAME}{s}{_YEAR}", f"<d>{s}<b>{s}%Y"))
        forms.append(Form(f"{_DAY}{s}{_NAME}{s}(?P<y>\\d{{2}})", f"<d>{s}<b>{s}%y"))
        forms.append(Form(f"{_NAME}{s}{_YEAR}", f"<b>{s}%Y"))
        forms.append(Form(f"{_YEAR}{s}{_NAME}{s}{_DAY}", f"%Y{s}<b>{s}<d>"))
        forms.append(Form(f"{_YEAR}{s}{_NAME}", f"%Y{s}<b>"))
        forms.append(Form(f"{_YEAR}{s}[Qq](?P<q>[1-4])", f"%Y{s}Q%q"))
        forms.append(Form(f"[Qq](?P<q>[1-4]){s}{_YEAR}", f"Q%q{s}%Y"))
    return [
        *forms,
        Form(f"{_NAME}-(?P<y>\\d{{2}})", MONTH_AND_SHORT_YEAR),
        Form(f"{_NAME} {_DAY}, {_YEAR}", "<b> <d>, %Y"),
        Form(f"{_NAME} {_DAY} {_YEAR}", "<b> <d> %Y"),
        Form(f"{_YEAR}[Qq](?P<q>[1-4])", "%YQ%q"),
        Form(f"{_YEAR}M(?P<m>\\d{{2}})", "%YM<m>"),
        Form(f"{_YEAR}年{_MONTH}月{_DAY}日", "%Y年<m>月<d>日"),
        Form(f"{_YEAR}年{_MONTH}月", "%Y年<m>月"),
        Form(f"{_YEAR}年第(?P<q>[1-4])季度", "%Y年第%q季度"),
        Form(f"{_YEAR}年", "%Y年"),
        Form(f"{_YEAR}-W(?P<V>\\d{{2}})", "%G-W%V"),
        Form(f"{_YEAR}W(?P<V>\\d{{2}})", "%GW%V"),
        Form(r"(?P<Y>\d{4})(?P<m>\d{2})(?P<d>\d{2})", "%Y<m><d>"),
    ]


# whole numbers that are dates only where the column's name says so
COMPACT_MONTH = Form(r"(?P<Y>\d{4})(?P<m>\d{2})", "%Y<m>")


@lru_cache(maxsize=1)
def known_forms() -> list[tuple[Form, re.Pattern[str]]]:
    """Every form with its pattern, a clock behind it or not."""
    return [(form, re.compile(form.pattern + CLOCK)) for form in _forms()]


def looks_like_date(cell: str) -> bool:
    """Whether one cell has the form of a date."""
    return _BEGINNING.match(cell) is not None and any(pattern.fullmatch(cell) for _, pattern in known_forms())
