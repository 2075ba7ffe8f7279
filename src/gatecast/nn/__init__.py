"""Parts of networks: recurrent cells, stacks of them, heads. Knows tensors; knows neither data nor training.

`gatecast.nn.cells` holds the equations, one step at a time; `gatecast.nn.recurrent` runs them over whole sequences.
"""
