"""Forecasts by a network that reads a series from its first value and goes on from its own output."""

from gatecast.closed_loop.model import ClosedLoop

__all__ = ["ClosedLoop"]
