"""Which columns prices stand in, and the indicators of them as past covariates. Knows names of columns, no formulas."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gatecast.data.reading import Note
from gatecast.data.repair import Clean
from gatecast.data.rows import Rows
from gatecast.data.wording import count_of, some
from gatecast.errors import ColumnError, DataError, OptionError, nearest
from gatecast.features.indicators import Indicator, parse
from gatecast.language import Text

_NAMES = {  # as `_bare` writes them; the first are the likelier
    "close": ("close", "closeprice", "closingprice", "close/last", "last", "price", "收盘", "收盘价", "最新价"),
    "high": ("high", "highprice", "最高", "最高价"),
    "low": ("low", "lowprice", "最低", "最低价"),
    "volume": ("volume", "vol", "vol.", "tradingvolume", "成交量"),
}
_ADJUSTED = re.compile(r"adj|复权")


@dataclass(frozen=True)
class Technical:
    """The indicators that were asked for.

    columns: the column that stands for each of "price", "high", "low", "close", "volume" that is needed.
    inputs: those of the columns that are read for the indicators alone, and go once these are computed.
    """

    indicators: tuple[Indicator, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns of the indicators."""
        return tuple(name for indicator in self.indicators for name in indicator.columns)


def find_technical(asked: Sequence[str], source: str, names: Sequence[str], used: Sequence[str]) -> Technical:
    """The indicators by name, and where their prices stand.

    source: what messages call the data. names: all columns of the table. used: its targets, then its covariates.
    Raises: OptionError for what is no indicator, ColumnError for one that needs a column that is not there.
    """
    indicators = tuple({one.name: one for one in map(parse, asked)}.values())
    columns: dict[str, str] = {}
    for indicator in indicators:
        for role in indicator.kind.needs:
            found = _price(names, used[0]) if role == "price" else _called(names, role)
            if found is None:
                raise _missing(indicator, role, source, names)
            columns[role] = found
    technical = Technical(indicators, columns, tuple(dict.fromkeys(c for c in columns.values() if c not in used)))
    twice = [name for name in technical.names if name in used]
    if twice:
        raise OptionError(
            f"{source}: {twice[0]!r} is a column of the table and an indicator; use one of them.",
            f"{source}：{twice[0]!r} 既是表中的列，又是指标；请只用其中一个。",
        )
    return technical


def _bare(name: str) -> str:
    """`Trading_Volume (shares)` → `tradingvolume`."""
    return re.sub(r"[(（\[].*?[)）\]]|[\s_]", "", name.casefold())


def _called(names: Sequence[str], role: str) -> str | None:
    bare = {_bare(name): name for name in reversed(names)}
    return next((bare[known] for known in _NAMES[role] if known in bare), None)


def _price(names: Sequence[str], target: str) -> str:
    """What indicators of one column are computed from: an adjusted target, else the close, else the target."""
    if _ADJUSTED.search(target.casefold()):
        return target
    return _called(names, "close") or target


def _missing(indicator: Indicator, role: str, source: str, names: Sequence[str]) -> ColumnError:
    known = _NAMES[role]
    chinese = next(name for name in known if not name.isascii())
    near, there = nearest(known[0], names), some(names, 12)
    columns, chinese_columns = (f" The columns are {there}.", f"现有列：{there}。") if names else ("", "")
    return ColumnError(
        f"{source}: the indicator {indicator.name!r} needs a column called {known[0]!r} or {chinese!r}, and there is "
        f"none{near.english}; rename the column, or leave the indicator out.{columns}",
        f"{source}：指标 {indicator.name!r} 需要名为 {chinese!r} 或 {known[0]!r} 的列，表中没有{near.chinese}；"
        f"请重命名该列，或不使用该指标。{chinese_columns}",
    )


def with_indicators(clean: Clean, technical: Technical) -> Clean:
    """The indicators behind the other past covariates, computed for each series from its own rows.

    Raises: DataError where a logarithm is wanted of a price that is not above 0.
    """
    if not technical.indicators:
        return clean
    history = clean.history
    prices = {role: history.values[:, history.columns.index(name)] for role, name in technical.columns.items()}
    _refuse_logarithms(history, technical)
    found = np.concatenate([one.of(prices, history.offsets) for one in technical.indicators], axis=1)
    nothing = np.full((len(clean.ahead), found.shape[1]), np.nan)  # rows ahead hold what is known ahead alone
    return Clean(
        _with_columns(history, technical, found),
        _with_columns(clean.ahead, technical, nothing),
        [*clean.notes, _note(technical)],
    )


def _with_columns(rows: Rows, technical: Technical, found: np.ndarray) -> Rows:
    """Rows with the indicators in the place of what was read for them alone."""
    past = 1 + len(rows.past)
    kept = [i for i in range(past) if i == 0 or rows.columns[i] not in technical.inputs]
    names = tuple(rows.columns[i] for i in kept[1:])
    values = np.concatenate([rows.values[:, kept], found, rows.values[:, past:]], axis=1)
    return replace(rows, values=values, past=(*names, *technical.names))


def _refuse_logarithms(history: Rows, technical: Technical) -> None:
    for indicator in technical.indicators:
        name = technical.columns.get("price", history.target)
        wrong = np.flatnonzero(history.values[:, history.columns.index(name)] <= 0)
        if not indicator.kind.positive or not len(wrong):
            continue
        (english, chinese), value = history.where(int(wrong[0])), history.values[wrong[0], history.columns.index(name)]
        raise DataError(
            f"{history.layout.source}: {indicator.name!r} needs values above 0, and column {name!r} is {value:g} at "
            f"{english}; use 'returns' instead.",
            f"{history.layout.source}：{indicator.name!r} 需要大于 0 的数值，但列 {name!r} 在 {chinese} 处为"
            f" {value:g}；请改用 'returns'。",
        )


def _note(technical: Technical) -> Note:
    names, sources = some(technical.names, 12), some(tuple(dict.fromkeys(technical.columns.values())), 5)
    longest = max(sum(indicator.numbers) for indicator in technical.indicators)
    raw, chinese_raw = _unadjusted(technical)
    return Note(
        "indicators",
        Text(
            f"{count_of(len(technical.names), 'past covariate')} computed from {sources}: {names}. Each value knows "
            f"its own past alone; where a window of up to {count_of(longest, 'row')} is not full yet, it is that of "
            f"the rows so far.{raw}",
            f"由 {sources} 计算出 {len(technical.names)} 个历史协变量：{names}。每个值只用到它之前的数据；"
            f"窗口（最长 {longest} 行）未满时，用已有的行计算。{chinese_raw}",
        ),
    )


def _unadjusted(technical: Technical) -> Text:
    """A warning where the price is adjusted for splits and the other columns are not."""
    columns = technical.columns
    raw = [columns[role] for role in ("high", "low", "close") if role in columns]
    raw = [name for name in dict.fromkeys(raw) if not _ADJUSTED.search(name.casefold())]
    if not raw or not _ADJUSTED.search(columns.get("price", "").casefold()):
        return Text("", "")
    return Text(
        f" {some(raw)} may not be adjusted as {columns['price']!r} is: then every split is a jump in what needs them.",
        f"{some(raw)} 可能没有像 {columns['price']!r} 那样复权：若如此，每次拆股都会成为相应指标的跳变。",
    )
