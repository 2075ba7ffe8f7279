"""Rows after the last known target to `Panel.ahead`: what the user knows of the days to be forecast."""

from __future__ import annotations

import numpy as np

from gatecast.data.repair import Clean
from gatecast.data.rows import Rows
from gatecast.errors import TimeError
from gatecast.frequency import Frequency


def known_ahead(clean: Clean, frequency: Frequency) -> np.ndarray:
    """(series, steps, future covariates): the steps that are known for every series.

    Raises: TimeError where the rows do not follow the history step by step.
    """
    history, ahead = clean.history, clean.ahead
    series = len(history.ids)
    if not history.future or not len(ahead):
        return np.zeros((series, 0, len(history.future)))
    counts = np.bincount(ahead.series, minlength=series)
    expected = frequency.after(history.time[history.offsets[1:] - 1], int(counts.max()))
    step = np.arange(len(ahead)) - (np.cumsum(counts) - counts)[ahead.series]
    wrong = np.flatnonzero(ahead.time != expected[ahead.series, step])
    if len(wrong):
        raise _out_of_step(ahead, int(wrong[0]), expected[ahead.series[wrong[:1]], step[wrong[:1]]])
    steps = int(counts.min())
    values = ahead.values[step < steps, 1 + len(history.past) :]
    return values.reshape(series, steps, len(history.future))


def _out_of_step(ahead: Rows, row: int, expected: np.ndarray) -> TimeError:
    english, chinese = ahead.where(row)
    when = ahead.said(expected)
    return TimeError(
        f"{ahead.layout.source}: the rows known ahead must follow the history step by step; {when} is missing, "
        f"{english} stands in its place. Give a row for it, or name the market's calendar with --calendar.",
        f"{ahead.layout.source}：未来行必须逐步接在历史之后；缺少 {when}，其位置上是 {chinese}。"
        f"请补上该行，或用 --calendar 指定交易日历。",
    )
