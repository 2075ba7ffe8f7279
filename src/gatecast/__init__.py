"""Forecast time series with LSTM networks, and tell the truth about the forecast."""

__version__ = "0.1.0"
