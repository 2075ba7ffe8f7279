"""From a table to a forecast: the parts in order. Knows no command line and no report."""

from gatecast.forecaster.forecaster import Forecaster, load
from gatecast.forecaster.plan import Plan

__all__ = ["Forecaster", "Plan", "load"]
