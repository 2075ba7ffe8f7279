"""The version of Gatecast. The bottom floor, so that an artifact can record it."""

__version__ = "0.1.0"
