"""Adapters to the places where market data live. Knows no models; the libraries that ask the places are extras.

    fetch("yahoo", "AAPL", start="2020-01-01")

Importing this room loads none of those libraries; `fetch` does. Nothing is kept: not the answer, not a token.
"""

from gatecast.sources.fetching import SOURCES, Source, fetch

__all__ = ["SOURCES", "Source", "fetch"]
