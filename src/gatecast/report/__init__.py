"""The report: a forecast and the truth about it, on one page for a person to read."""

from gatecast.report.comparison import write_comparison
from gatecast.report.page import write_report

__all__ = ["write_comparison", "write_report"]
