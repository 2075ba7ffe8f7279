"""Why a forecast is what it is: gates and states, memory, attribution, parameters. Knows no page and no terminal."""

from gatecast.explain.inspection import Brief, Inspection, brief, examine

__all__ = ["Brief", "Inspection", "brief", "examine"]
