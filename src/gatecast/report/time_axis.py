"""Times as a chart's axis wants them: in the user's time zone, without holes where the series is closed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from gatecast.frequency import DAY, HOUR

if TYPE_CHECKING:
    from gatecast.frequency import Frequency

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONDAY = 4  # days from the epoch to the first Monday after it


def local(time: np.ndarray, zone: str | None) -> np.ndarray:
    """Stored UTC times → what a clock on the wall shows. zone: a name or an offset; None leaves them as they are."""
    if zone is None or time.dtype.kind != "M":
        return time
    wall = datetime.strptime(zone, "%z").tzinfo if zone[0] in "+-" else ZoneInfo(zone)
    stamps = time.astype("datetime64[us]").ravel().tolist()
    shown = [stamp.replace(tzinfo=UTC).astimezone(wall).replace(tzinfo=None) for stamp in stamps]
    return np.array(shown, "datetime64[us]").reshape(time.shape)


def labels(time: np.ndarray) -> list[Any]:
    """ISO strings as short as the times allow ("2024-01-31"); an index stays numbers."""
    if time.dtype.kind != "M":
        return time.tolist()
    return np.datetime_as_string(time, unit="auto").tolist()


def axis(time: np.ndarray, frequency: Frequency) -> dict[str, Any]:
    """The x axis for these local times: closed days and hours take no room."""
    if time.dtype.kind != "M":
        return {"type": "linear"}
    breaks = _closed_days(time) + _closed_hours(time, frequency.step) if frequency.slots else []
    return {"type": "date", "rangebreaks": breaks}


def _closed_days(time: np.ndarray) -> list[dict[str, Any]]:
    """One break for each run of days of the week on which no time falls."""
    seen = set(((time.astype("datetime64[D]").astype(np.int64) - _MONDAY) % 7).tolist())
    breaks = []
    for day in range(7):
        if day in seen or (day - 1) % 7 not in seen:
            continue
        end = next(later % 7 for later in range(day + 1, day + 8) if later % 7 in seen)
        breaks.append({"bounds": [_DAYS[day], _DAYS[end]]})
    return breaks


def _closed_hours(time: np.ndarray, step: int) -> list[dict[str, Any]]:
    """The night between the last and the first time of a day."""
    clock = time.astype("datetime64[us]").astype(np.int64) % DAY
    first, last = int(clock.min()), int(clock.max()) + step
    if step >= DAY or last - first >= DAY or last >= DAY:
        return []
    return [{"pattern": "hour", "bounds": [last / HOUR, first / HOUR]}]
