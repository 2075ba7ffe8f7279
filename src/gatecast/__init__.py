"""Forecast time series with LSTM networks, and tell the truth about the forecast.

The public names load when they are first used, so that `import gatecast` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gatecast.version import __version__

if TYPE_CHECKING:
    from gatecast import datasets, errors
    from gatecast.classifier import Classifier
    from gatecast.closed_loop import ClosedLoop
    from gatecast.comparison import Comparison, compare
    from gatecast.data import read
    from gatecast.evaluation import Scores
    from gatecast.forecast import Forecast
    from gatecast.forecaster import Ensemble, Forecaster
    from gatecast.loading import load
    from gatecast.panel import Panel
    from gatecast.report.inspection import inspect

__all__ = [
    "Classifier",
    "ClosedLoop",
    "Comparison",
    "Ensemble",
    "Forecast",
    "Forecaster",
    "Panel",
    "Scores",
    "__version__",
    "compare",
    "datasets",
    "errors",
    "inspect",
    "load",
    "read",
]

_HOMES = {
    "ClosedLoop": "gatecast.closed_loop",
    "Classifier": "gatecast.classifier",
    "Comparison": "gatecast.comparison",
    "Ensemble": "gatecast.forecaster",
    "Forecast": "gatecast.forecast",
    "Forecaster": "gatecast.forecaster",
    "Panel": "gatecast.panel",
    "Scores": "gatecast.evaluation",
    "compare": "gatecast.comparison",
    "inspect": "gatecast.report.inspection",
    "load": "gatecast.loading",
    "read": "gatecast.data",
}
_MODULES = ("datasets", "errors")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"gatecast.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'gatecast' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value  # the next look-up does not come here
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
