"""Classes of time series, with probabilities that may be believed. Knows no command line and no report."""

from gatecast.classifier.classifier import Classifier
from gatecast.classifier.forecast import ClassForecast

__all__ = ["ClassForecast", "Classifier"]
