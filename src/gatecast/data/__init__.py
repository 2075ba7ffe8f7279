"""Reading, validating, cleaning: the one border where foreign data comes in.

What passes is a `Panel` of finite numbers at increasing times, with notes on everything that was noticed and done.
Importing this room loads neither polars nor narwhals; the first `read` does.
"""

from gatecast.data.reading import ColumnInfo, Note, Reading, ReadOptions, check_read_options, names_of, read
from gatecast.data.timetext import format_times

__all__ = ["ColumnInfo", "Note", "ReadOptions", "Reading", "check_read_options", "format_times", "names_of", "read"]
