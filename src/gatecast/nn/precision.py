"""Half precision while an LSTM trains: its matrix products in bfloat16, where the processor has instructions for them.

Knows only the modules that can do so, not what trains them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from gatecast.nn.recurrent import LSTM


@contextmanager
def half_precision(network: nn.Module) -> Iterator[None]:
    """While inside, the kernels of this network's LSTMs multiply in bfloat16 when they train.

    A step takes 0.6 to 0.9 of the time (`benchmarks/steps.py`, `arithmetic.py`). What passes between their layers is
    bfloat16 too. Weights, gradients, heads, losses and the optimiser stay float32 (mixed precision: Micikevicius et
    al. 2018; bfloat16: Kalamkar et al. 2019), and so does every forecast. Nothing changes on processors without such
    instructions (AVX-512 BF16), in float64, on the textbook path, and with `GATECAST_HALF_PRECISION=0` in the
    environment.
    """
    stacks = [module for module in network.modules() if isinstance(module, LSTM)] if _available() else []
    for stack in stacks:
        stack.in_half = True
    try:
        yield
    finally:
        for stack in stacks:
            stack.in_half = False


def _available() -> bool:
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()  # earlier versions of torch do not say
    return os.environ.get("GATECAST_HALF_PRECISION") != "0" and bool(capabilities.get("avx512_bf16"))
