"""What a careful reader would notice in a clean panel: gaps, uneven steps, short and constant series, jumps, codes."""

from __future__ import annotations

import re

import numpy as np

from gatecast.data.reading import Note
from gatecast.data.timetext import format_times
from gatecast.data.wording import count_of, some
from gatecast.frequency import DAY, HOUR, MINUTE, SECOND
from gatecast.language import Text
from gatecast.panel import Panel

_SHORT = 10
_PRICE_WORDS = ("close", "price", "open", "high", "low", "收盘", "开盘", "最高", "最低", "价")
_ADJUSTED_WORDS = ("adj", "复权")
_SPLITS = np.array([2, 3, 4, 5, 7, 8, 10, 15, 20, 25, 50])
_NINES = re.compile(r"9+(\.9+)?")
_UNEVEN = 0.2  # share of steps off the common one, from which a series is called irregular


def notice(panel: Panel) -> list[Note]:
    """All notes, in the order of a reader's interest."""
    return [*_steps(panel), *_short(panel), *_constant(panel), *_jumps(panel), *_codes(panel)]


def _inner(panel: Panel) -> np.ndarray:
    """Rows that have a row before them in their series."""
    inner = np.ones(len(panel.time), bool)
    inner[panel.offsets[:-1]] = False
    return np.flatnonzero(inner)


def _when(panel: Panel, row: int) -> str:
    return format_times(panel.time[row : row + 1], panel.layout.time_format, panel.layout.time_zone)[0]


def _steps(panel: Panel) -> list[Note]:
    inner = _inner(panel)
    if not len(inner):
        return []
    gaps = panel.frequency.gaps(panel.time, panel.offsets)
    early = inner[panel.time[inner] < panel.frequency.after(panel.time[inner - 1], 1)[:, 0]]
    step = panel.frequency.describe()
    if len(gaps) + len(early) > _UNEVEN * len(inner):
        share = f"{100 * (len(gaps) + len(early)) / len(inner):.0f}"
        english = (
            f"the steps are uneven: {share} % differ from the commonest ({step.english}); "
            f"each row counts as one step, and forecasts are dated by the commonest."
        )
        chinese = f"时间间隔不均匀：{share}% 与最常见间隔（{step.chinese}）不同；每行算一步，预测日期按最常见间隔推算。"
        return [Note("irregular", Text(english, chinese))]
    notes = [_gap_note(panel, gaps)] if len(gaps) else []
    if len(early):
        first = _when(panel, early[0])
        english = f"{count_of(len(early), 'step')} shorter than the common one, the first at {first}."
        notes.append(Note("irregular", Text(english, f"有 {len(early)} 处间隔比常见间隔短，首处在 {first}。")))
    return notes


def _gap_note(panel: Panel, gaps: np.ndarray) -> Note:
    size = (panel.time[gaps] - panel.time[gaps - 1]).astype(np.int64)
    row = int(gaps[np.argmax(size)])
    before, after = _when(panel, row - 1), _when(panel, row)
    length = _duration(int(size.max())) if panel.time.dtype.kind == "M" else Text(str(size.max()), str(size.max()))
    of, of_chinese = _of_series(panel, row)
    count = "1 gap" if len(gaps) == 1 else f"{len(gaps)} gaps, the longest"
    english = f"{count} of {length.english} from {before} to {after}{of}; the rows are used as they follow."
    chinese = (
        f"有 {len(gaps)} 处间断，最长 {length.chinese}，{of_chinese}从 {before} 到 {after}；按现有行依次使用，不补行。"
    )
    if panel.frequency.slots and panel.frequency.calendar is None and size.max() >= DAY:
        english += " Closed days are no fault; --calendar, as XNYS or XSHG, keeps the forecast off them."
        chinese += "休市日不算问题；用 --calendar（如 XNYS、XSHG）可让预测避开休市日。"
    return Note("gaps", Text(english, chinese))


def _series_of(panel: Panel, row: int) -> str:
    return panel.ids[int(np.searchsorted(panel.offsets, row, side="right")) - 1]


def _of_series(panel: Panel, row: int) -> Text:
    """` of series 'A'`, where there are several."""
    name = _series_of(panel, row)
    return Text("", "") if len(panel) == 1 else Text(f" of series {name!r}", f"序列 {name!r} ")


def _duration(size: int) -> Text:
    for unit, english, chinese in (
        (DAY, "days", "天"),
        (HOUR, "hours", "小时"),
        (MINUTE, "minutes", "分钟"),
        (SECOND, "seconds", "秒"),
    ):
        if size >= unit:
            count = f"{size / unit:.4g}"
            return Text(f"{count} {english[:-1] if count == '1' else english}", f"{count} {chinese}")
    return Text(f"{size} microseconds", f"{size} 微秒")


def _short(panel: Panel) -> list[Note]:
    short = [panel.ids[i] for i in np.flatnonzero(panel.lengths < _SHORT)]
    if not short:
        return []
    if len(panel) == 1:
        rows = int(panel.lengths[0])
        said = Text(f"only {count_of(rows, 'row')}: little can be learnt.", f"只有 {rows} 行，能学到的很有限。")
        return [Note("short", said)]
    has = "has" if len(short) == 1 else "have"
    english = f"{len(short)} series {has} fewer than {_SHORT} rows: {some(short)}."
    return [Note("short", Text(english, f"{len(short)} 个序列不足 {_SHORT} 行：{some(short)}。"))]


def _constant(panel: Panel) -> list[Note]:
    begins = panel.offsets[:-1]
    same = np.minimum.reduceat(panel.y, begins) == np.maximum.reduceat(panel.y, begins)
    names = [panel.ids[i] for i in np.flatnonzero(same & (panel.lengths > 1))]
    if not names:
        return []
    english = "the series is" if len(panel) == 1 else f"{some(names)} {'is' if len(names) == 1 else 'are'}"
    chinese = "序列" if len(panel) == 1 else f"{some(names)} "
    said = Text(
        f"{english} constant: there is nothing to learn, and the forecast is that constant.",
        f"{chinese}为常数：没有可学的内容，预测即该常数。",
    )
    return [Note("constant", said)]


def _jumps(panel: Panel) -> list[Note]:
    """Steps of a price by a whole ratio, far outside of its usual moves: a split that was not adjusted."""
    name = panel.target.casefold()
    if not any(word in name for word in _PRICE_WORDS) or any(word in name for word in _ADJUSTED_WORDS):
        return []
    rows = np.concatenate([_split_rows(panel.series(i)) + panel.offsets[i] for i in range(len(panel))])
    if not len(rows):
        return []
    moves = [
        f"{_when(panel, row)}{f' ({_series_of(panel, row)})' if len(panel) > 1 else ''}: "
        f"{panel.y[row - 1]:g} → {panel.y[row]:g}"
        for row in rows[:3]
    ]
    listed = "; ".join(moves) + ("" if len(rows) <= 3 else f"; … ({len(rows)})")
    said = Text(
        f"{panel.target!r} jumps by a whole ratio ({listed}): this looks like an unadjusted split; "
        f"if it is one, use the adjusted column.",
        f"{panel.target!r} 按整数倍跳变（{listed}）：像是未复权的拆股；若确是如此，请改用复权价格列。",
    )
    return [Note("jump", said)]


def _split_rows(values: np.ndarray) -> np.ndarray:
    """Positions of steps whose ratio is near 2, 3, … or 1/2, 1/3, … and ten times the usual scatter of steps."""
    if len(values) < 30 or values.min() <= 0:
        return np.zeros(0, np.int64)
    move = np.diff(np.log(values))
    scatter = 1.4826 * np.median(np.abs(move - np.median(move)))
    tolerance = min(max(4 * scatter, 0.02), 0.15)
    nearness = np.abs(np.abs(move)[:, None] - np.log(_SPLITS)).min(axis=1)
    is_split = (np.abs(move) > max(10 * scatter, 0.5)) & (nearness < tolerance)
    return np.flatnonzero(is_split) + 1


def _codes(panel: Panel) -> list[Note]:
    """A value that may stand for "nothing was measured", as -200, -99.9 or 9999.

    It is repeated, and farther off from all others than these are from one another.
    """
    low, high = panel.y.min(), panel.y.max()
    for code in [*([low] if low < 0 else []), *([high] if _NINES.fullmatch(f"{high:g}") else [])]:
        others = panel.y[panel.y != code]
        count = len(panel.y) - len(others)
        if count < 2 or len(others) < 2 or others.min() == others.max():
            continue
        least, most = others.min(), others.max()
        if max(least - code, code - most) > most - least:
            said = Text(
                f"{code:g} stands {count} times in {panel.target!r}, far from all others ({least:g} to {most:g}): if "
                f"it means that nothing was measured, empty those cells.",
                f"{panel.target!r} 中 {code:g} 出现 {count} 次，远离其他所有值（{least:g} 至 {most:g}）："
                f"若它表示没有测得数值，请清空这些单元格。",
            )
            return [Note("code", said)]
    return []
