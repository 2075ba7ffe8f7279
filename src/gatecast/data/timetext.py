"""Times to text, in the format that the file had. Knows a few directives of strftime, and gives the same on any system.

`%-d`, `%q` (quarter), `%s` (seconds since 1970), `%:z`, `%3f` (milliseconds) are not in every C library, and `%b` would
follow the locale.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from gatecast.frequency import zone_of

if TYPE_CHECKING:
    from collections.abc import Callable

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_UNIX_BEGINS = datetime(1970, 1, 1)
_DIRECTIVE = re.compile(r"%(-?[A-Za-z]|:z|3f)")
_WRITE: dict[str, Callable[[datetime], str]] = {
    "Y": lambda t: f"{t.year:04}",
    "y": lambda t: f"{t.year % 100:02}",
    "m": lambda t: f"{t.month:02}",
    "-m": lambda t: str(t.month),
    "d": lambda t: f"{t.day:02}",
    "-d": lambda t: str(t.day),
    "b": lambda t: MONTHS[t.month - 1][:3],
    "B": lambda t: MONTHS[t.month - 1],
    "q": lambda t: str((t.month + 2) // 3),
    "G": lambda t: f"{t.isocalendar().year:04}",
    "V": lambda t: f"{t.isocalendar().week:02}",
    "H": lambda t: f"{t.hour:02}",
    "-H": lambda t: str(t.hour),
    "I": lambda t: f"{(t.hour + 11) % 12 + 1:02}",
    "-I": lambda t: str((t.hour + 11) % 12 + 1),
    "p": lambda t: "AM" if t.hour < 12 else "PM",
    "M": lambda t: f"{t.minute:02}",
    "S": lambda t: f"{t.second:02}",
    "f": lambda t: f"{t.microsecond:06}",
    "3f": lambda t: f"{t.microsecond // 1000:03}",
    "s": lambda t: str((t.replace(tzinfo=None) - _UNIX_BEGINS) // timedelta(seconds=1)),
    "z": lambda t: t.strftime("%z"),
    ":z": lambda t: t.strftime("%z")[:3] + ":" + t.strftime("%z")[3:],
}


def format_times(time: np.ndarray, time_format: str | None, time_zone: str | None = None) -> list[str]:
    """Times as text: datetime64 by `Layout.time_format` in `Layout.time_zone`, whole numbers as they are.

    time: any shape, read row by row. time_format: None writes ISO 8601, without a clock where all are midnight.
    """
    if time.dtype.kind != "M":
        return [str(value) for value in time.ravel().tolist()]
    stamps = time.astype("datetime64[us]").ravel()
    if time_format is None:
        midnight = (stamps == stamps.astype("datetime64[D]")).all() and time_zone is None
        time_format = "%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S" + ("%:z" if time_zone else "")
    moments: list[datetime] = stamps.tolist()
    if time_zone is not None:
        zone = zone_of(time_zone)
        moments = [moment.replace(tzinfo=UTC).astimezone(zone) for moment in moments]
    return [_write(moment, time_format) for moment in moments]


def _write(moment: datetime, time_format: str) -> str:
    """One time; directives that are not known stay as they are."""
    return _DIRECTIVE.sub(lambda found: _WRITE[found[1]](moment) if found[1] in _WRITE else found[0], time_format)
