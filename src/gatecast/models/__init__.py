"""Backbones, one file a model, and the network that is built around them. Importing this imports no model, no torch.

A new model is one file: a frozen config, `@register`, one small module.
"""

from gatecast.models.registry import Backbone, Model, build, describe, get, names, register

__all__ = ["Backbone", "Model", "build", "describe", "get", "names", "register"]
