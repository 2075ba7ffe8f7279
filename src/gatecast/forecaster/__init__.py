"""From a table to a forecast: the parts in order. Knows no command line and no report."""

from gatecast.forecaster.forecaster import Forecaster
from gatecast.forecaster.plan import Plan
from gatecast.forecaster.several import Ensemble

__all__ = ["Ensemble", "Forecaster", "Plan"]
