"""A network that was trained on synthetic series before anybody's data came. Knows no panels and trains nothing.

What it forecasts of a series it owes to that series alone and to what series are like in general, so that it needs no
training, and all of a table's past may judge it. `pretraining/` makes its weights.
"""

from gatecast.pretrained.network import MOST_READ, PROBABILITIES, PretrainedNetwork, pretrained_network

__all__ = ["MOST_READ", "PROBABILITIES", "PretrainedNetwork", "pretrained_network"]
