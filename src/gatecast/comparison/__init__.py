"""Several networks on the same data, windows and budget, beside the naive forecasts, and what the differences mean."""

from gatecast.comparison.result import Comparison, Method
from gatecast.comparison.trials import compare

__all__ = ["Comparison", "Method", "compare"]
