"""Sequences of different lengths, as torch packs them: those of one length run through a stack together.

So that no step of padding reaches a state, on every path and in both directions. Knows nothing of layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from gatecast.nn.state import Parts, State, StateForm


def run_packed(
    run: Callable[[Tensor, list[Parts]], tuple[Tensor, list[Parts]]], form: StateForm, x: PackedSequence, state: State
) -> tuple[PackedSequence, State]:
    """y packed as x is, and the state after the last step of each sequence, in the order in which they were packed.

    run: x (time, batch, inputs) and the groups of a state → y and the groups after it.
    """
    padded, lengths = pad_packed_sequence(x)  # (time, batch, inputs)
    starts = form.zeros(padded) if state is None else form.unpack(state, padded, True)
    rows, outputs, ends = [], [], []
    for length in lengths.unique().tolist():
        chosen = (lengths == length).nonzero()[:, 0].to(padded.device)
        y, end = run(padded[:length, chosen], [tuple(part[:, chosen] for part in parts) for parts in starts])
        rows.append(chosen)
        outputs.append(F.pad(y, (0, 0, 0, 0, 0, len(padded) - length)))
        ends.append(end)
    back = torch.cat(rows).argsort()
    groups = [
        tuple(torch.cat(part, dim=1)[:, back] for part in zip(*parts, strict=True)) for parts in zip(*ends, strict=True)
    ]
    return _packed_like(x, torch.cat(outputs, dim=1)[:, back], lengths), form.pack(groups, True)


def _packed_like(x: PackedSequence, y: Tensor, lengths: Tensor) -> PackedSequence:
    order: Any = x.sorted_indices
    if order is not None:
        y, lengths = y[:, order], lengths[order.cpu()]
    return PackedSequence(pack_padded_sequence(y, lengths).data, x.batch_sizes, order, x.unsorted_indices)
