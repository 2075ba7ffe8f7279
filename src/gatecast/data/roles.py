"""Which column is the time, the id and the target: from the options, else from names and contents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import polars as pl

from gatecast.data.profile import Profile
from gatecast.data.reading import ReadOptions
from gatecast.data.table import Table
from gatecast.data.wording import some, usual
from gatecast.errors import ColumnError, OptionError

STRONG_TIMES = (
    *("ds", "timestamp", "date", "datetime", "time", "trade_date", "date_time"),
    *("日期", "时间", "交易日期", "日期时间", "交易时间", "报告期"),
)
_WEAK_TIMES = (
    *("month", "week", "day", "year", "quarter", "period", "hour", "t", "step"),
    *("unix", "unix_time", "unixtime", "unix_timestamp", "epoch", "ts", "open_time", "open time"),
    *("月份", "年月", "年份", "年", "月", "周", "季度"),
)
TIME_NAMES = frozenset(STRONG_TIMES + _WEAK_TIMES)
_SURE_IDS = ("unique_id", "item_id")
_IDS = (
    *_SURE_IDS,
    *("id", "series_id", "series", "symbol", "ticker", "code", "ts_code", "stock_code", "stock"),
    *("store_id", "store", "sku", "product_id", "product", "item"),
    *("代码", "股票代码", "证券代码", "股票", "编号", "门店", "商品"),
)
_IDS_OF_REPEATED_DATES = frozenset(
    (  # names that tell series apart where a date stands several times
        *_IDS,
        *("store_nbr", "store_no", "shop", "shop_id", "item_nbr", "family", "dept", "department", "category", "brand"),
        *("region", "country", "state", "province", "city", "county", "location", "location_id", "branch", "channel"),
        *(
            "station",
            "station_id",
            "site",
            "site_id",
            "meter",
            "meter_id",
            "sensor",
            "sensor_id",
            "device",
            "device_id",
        ),
        *("customer", "customer_id", "warehouse", "machine", "machine_id", "zone", "route", "line"),
        *(
            "地区",
            "国家",
            "省份",
            "城市",
            "站点",
            "部门",
            "品类",
            "类别",
            "品牌",
            "渠道",
            "仓库",
            "客户",
            "设备",
            "传感器",
        ),
    )
)
_MOST_IDS, _MOST_TRIED = 3, 8  # columns that name a series together, and that are tried for it
_FULL = 0.2  # of all dates of all series: so many rows make columns of any words names, not remarks
_COUNTERS = frozenset(("unnamed: 0", "index", "id", "no", "no.", "#", "row", "序号"))
_CLOSES = ("close", "收盘", "收盘价", "price")
_SHOWN = 12  # names of columns that a message lists


@dataclass(frozen=True)
class Roles:
    """Positions of the columns that are used. targets: one or more. ids: those that name a series together, or none.

    inputs: read for indicators alone.
    """

    targets: tuple[int, ...]
    time: int | None
    ids: tuple[int, ...]
    past: tuple[int, ...] = ()
    future: tuple[int, ...] = ()
    inputs: tuple[int, ...] = ()

    def of(self, position: int) -> str:
        """The role of one column, for people."""
        singles = {**dict.fromkeys(self.targets, "target"), self.time: "time", **dict.fromkeys(self.ids, "id")}
        if position in singles:
            return singles[position]
        others = (("past", self.past), ("future", self.future), ("input", self.inputs))
        return next((role for role, positions in others if position in positions), "unused")

    def of_each_target(self) -> tuple[Roles, ...]:
        """The roles of one target at a time. Of several, each is a past covariate of all: they move together."""
        if len(self.targets) == 1:
            return (self,)
        return tuple(replace(self, targets=(one,), past=(*self.past, *self.targets)) for one in self.targets)


def find_roles(table: Table, profiles: Sequence[Profile], options: ReadOptions) -> Roles:
    """Give every column its role.

    Raises: ColumnError where a column is missing or more than one could be meant, OptionError where one is named twice.
    """
    past = tuple(table.position(name, "past") for name in options.past)
    future = tuple(table.position(name, "future") for name in options.future)
    targets = tuple(table.position(name, "target") for name in names_in(table, options.target))
    ids = tuple(table.position(name, "id") for name in names_in(table, options.id))
    time = None if options.time is None else table.position(options.time, "time")
    taken = [*past, *future, *targets, *ids, *([] if time is None else [time])]
    if len(set(taken)) < len(taken):
        twice = next(table.names[i] for i in taken if taken.count(i) > 1)
        raise OptionError(
            f"column {twice!r} is given two roles; give it one of target, time, id, past, future.",
            f"列 {twice!r} 被指定了两种角色；target、time、id、past、future 只能选一种。",
        )
    free = [i for i in range(len(table.names)) if i not in taken]
    time = find_time(table, profiles, free, bool(targets)) if time is None else time
    free = [i for i in free if i != time]
    ids = ids or _find_ids(table, profiles, free, time)
    free = [i for i in free if i not in ids]
    targets = targets or (_find_target(table, profiles, free),)
    for position in (*targets, *ids, *([] if time is None else [time])):
        table.position(table.names[position], "target")  # refuses a name that stands twice
    return Roles(targets, time, ids, past, future)


def names_in(table: Table, given: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """The names of an option: none, one or several. Text with commas that is no column's name is a list of names.

    Raises: OptionError where a name stands twice.
    """
    if given is None:
        return ()
    if isinstance(given, str):
        parts = [part.strip() for part in given.split(",") if part.strip()]
        given = (given,) if given in table.names or len(parts) < 2 else tuple(parts)
    for name in given:
        if given.count(name) > 1:
            raise OptionError(
                f"the column {name!r} is named twice; name each column once.",
                f"列 {name!r} 出现两次；每列只写一次。",
            )
    return given


def find_time(table: Table, profiles: Sequence[Profile], free: list[int], has_target: bool) -> int | None:
    """The column of dates or steps among those that are free, or None.

    has_target: the target is known, so that no column of numbers need be left for it.
    Raises: ColumnError where several could be meant.
    """
    name = {i: usual(table.names[i]) for i in free}
    dates = [i for i in free if profiles[i].kind == "date"]
    if not dates:
        dates = [i for i in free if name[i] in STRONG_TIMES and profiles[i].kind == "text"]
    if not dates:
        numbers = [i for i in free if profiles[i].kind == "number"]
        steps = [i for i in numbers if name[i] in TIME_NAMES and _goes_on(profiles[i])]
        strong = [i for i in steps if name[i] in STRONG_TIMES]
        needed_as_target = len(numbers) < 2 and not has_target
        dates = [] if needed_as_target else strong or steps
    for time_name, value_name in (("ds", "y"), ("timestamp", "target")):
        known = [i for i in dates if name[i] == time_name and value_name in map(usual, table.names)]
        dates = known if len(known) == 1 else dates
    if len(dates) > 1:
        choice = [table.names[i] for i in dates]
        raise ColumnError(
            f"{table.name}: {some(choice, _SHOWN)} could each be the time; choose one, as with --time {choice[0]!r}.",
            f"{table.name}：{some(choice, _SHOWN)} 都可能是时间列；请指定其一，例如 --time {choice[0]!r}。",
        )
    return dates[0] if dates else None


def _goes_on(profile: Profile) -> bool:
    """Whether all cells are whole numbers, and not all of them the same."""
    numbers = profile.numbers
    if numbers is None or len(numbers.wrong) or not numbers.whole:
        return False
    return len(numbers.values) < 2 or numbers.values.min() < numbers.values.max()


def _find_ids(table: Table, profiles: Sequence[Profile], free: list[int], time: int | None) -> tuple[int, ...]:
    """The columns that name the series: a usual name, or what tells rows of one date apart, alone or together."""
    recognised = sorted(
        (i for i in free if usual(table.names[i]) in _IDS and profiles[i].kind != "empty"),
        key=lambda i: _IDS.index(usual(table.names[i])),
    )
    named = [i for i in free if usual(table.names[i]) in _IDS_OF_REPEATED_DATES and profiles[i].kind != "empty"]
    distinct, sure = _distinct_rows(table), [i for i in recognised if usual(table.names[i]) in _SURE_IDS]
    if sure and len(named) == 1:  # spares a long table the count
        return (sure[0],)
    rows = distinct(range(len(table.names)))
    if sure and (time is None or distinct([sure[0], time]) == rows):
        return (sure[0],)
    if time is None or distinct([time]) == rows:
        most = rows // 2 if rows > 2 else 1
        return next(((i,) for i in recognised if distinct([i]) <= most), ())
    parting = [i for i in recognised if distinct([i, time]) == rows]
    if parting:
        return (parting[0],)
    texts = [i for i in free if profiles[i].kind == "text"] if _numbers_differ(table, profiles, distinct, time) else []
    for together in (*_combinations(named), *_combinations(sorted({*named, *texts}))):
        if distinct([*together, time]) == rows and _are_names(
            together, named, rows, distinct(together), distinct([time])
        ):
            return together
    return tuple(recognised[:1])


def _numbers_differ(
    table: Table, profiles: Sequence[Profile], distinct: Callable[[Sequence[int]], int], time: int
) -> bool:
    """Whether rows of one date differ in more than words: else these are remarks, of which a date may have two."""
    numbers = [i for i, one in enumerate(profiles) if one.kind == "number" and not _is_counter(table, one, i)]
    return distinct([time, *(i for i in numbers if i != time)]) > distinct([time])


def _are_names(columns: Sequence[int], named: Sequence[int], rows: int, series: int, dates: int) -> bool:
    """Whether columns that tell rows of one date apart name series. Each then has several rows.

    Where they are called otherwise than names are, it has many of the dates as well: a remark on the weather has not.
    """
    return rows >= 2 * series and (set(columns) <= set(named) or rows >= _FULL * series * dates)


def _combinations(positions: list[int]) -> Iterator[tuple[int, ...]]:
    """Of the first of some columns: each alone, then pairs, then threes."""
    sizes = range(1, _MOST_IDS + 1)
    return (some for size in sizes for some in combinations(positions[:_MOST_TRIED], size))


def _distinct_rows(table: Table) -> Callable[[Sequence[int]], int]:
    frame = pl.DataFrame([column.alias(str(i)) for i, column in enumerate(table.columns)])
    return lambda positions: frame.select(str(i) for i in positions).n_unique()


def _find_target(table: Table, profiles: Sequence[Profile], free: list[int]) -> int:
    name = {i: usual(table.names[i]) for i in free}
    for recognised in ("y", "target"):
        for i in free:
            if name[i] == recognised:
                return i
    numbers = [i for i in free if profiles[i].kind == "number" and not _is_counter(table, profiles[i], i)]
    if len(numbers) == 1:
        return numbers[0]
    if not numbers:
        raise ColumnError(
            f"{table.name}: no column of numbers to forecast among {some(table.names, _SHOWN)}; "
            f"name one with --target.",
            f"{table.name}：{some(table.names, _SHOWN)} 中没有可预测的数字列；请用 --target 指定。",
        )
    choice = [table.names[i] for i in numbers]
    likely = next((table.names[i] for close in _CLOSES for i in numbers if name[i] == close), choice[-1])
    hint = ("", "")
    if len(numbers) > 20:
        hint = (" If each row is one series, use --layout rows.", "如果每行是一个序列，请用 --layout rows。")
    raise ColumnError(
        f"{table.name}: {some(choice, _SHOWN)} could each be the target; "
        f"choose one, as with --target {likely!r}.{hint[0]}",
        f"{table.name}：{some(choice, _SHOWN)} 都可能是预测目标；请指定其一，例如 --target {likely!r}。{hint[1]}",
    )


def _is_counter(table: Table, profile: Profile, position: int) -> bool:
    """A column that merely counts the rows, such as the index that pandas writes."""
    if position not in table.unnamed and usual(profile.name) not in _COUNTERS:
        return False
    values = profile.numbers.values if profile.numbers is not None else np.zeros(0)
    return len(values) > 1 and bool((np.diff(values) == 1).all())
