"""The sLSTM's walk over time with its own derivative: equal to `slstm_step` at each step, and several times faster.

Autograd would record every elementwise operation of every step. Here a step forwards writes what it needs into tensors
over all times; what the way back needs of them is then computed for all times at once, and a step back is a handful of
products. Knows one head after another and no weights but the recurrent ones. Derivatives of first order only.

Axes: time, heads, gates (z, i, f, o), width, batch. With the batch last, the gates of a head are contiguous. The sums
alone come with the time before the batch, as one matrix product gives them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import logsigmoid


def slstm_scan(
    sums: Tensor, recurrent: Tensor, start: tuple[Tensor, ...], mask: Tensor | None
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """All hidden states (time, heads, width, batch), and the last (h, c, n, m).

    sums: W x + b of all times, (heads, 4 · width, time, batch). recurrent: (heads, 4 · width, width).
    start: h, c, n, m, each (heads, width, batch). mask: what the gates see h through, or None; like h.
    """
    y, c, n, m = _Scan.apply(sums, recurrent, *start, mask)  # pyright: ignore[reportGeneralTypeIssues]
    return y, (y[-1], c, n, m)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, sums: Tensor, recurrent: Tensor, h: Tensor, c: Tensor, n: Tensor, m: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        heads, _, times, batch = sums.shape
        width = recurrent.shape[-1]
        split = sums.new_empty(times, heads, 4, width, batch)  # at the end tanh z, i′, f′, σ(o)
        gates = split.flatten(2, 3)  # the same memory
        log_f = sums.new_empty(times, heads, width, batch)
        stored = sums.new_empty(times + 1, heads, 2, width, batch)  # c and n, from before the first step
        stored[0, :, 0], stored[0, :, 1] = c, n
        hidden = sums.new_empty(times + 1, heads, width, batch)
        hidden[0] = h
        for t in range(times):
            seen = hidden[t] if mask is None else hidden[t] * mask
            torch.baddbmm(sums[:, :, t], recurrent, seen, out=gates[t])
            z, i, f, o = split[t].unbind(1)
            log_f[t] = logsigmoid(f)
            torch.add(log_f[t], m, out=f)
            m = torch.maximum(f, i)  # 15
            split[t, :, 1:3].sub_(m.unsqueeze(1)).exp_()  # 16, 17: i and f are i′ and f′ from here on
            z.tanh_()
            o.sigmoid_()
            after = torch.mul(stored[t], f.unsqueeze(1), out=stored[t + 1])
            after[:, 0].addcmul_(i, z)  # 8
            after[:, 1].add_(i)  # 9
            torch.div(after[:, 0], after[:, 1], out=hidden[t + 1]).mul_(o)  # 10
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(split, log_f, stored, hidden, recurrent, mask)
        # copies: an output must not share memory with what is saved
        return hidden[1:].clone(), stored[-1, :, 0].clone(), stored[-1, :, 1].clone(), m

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *given: Tensor | None) -> tuple[Tensor | None, ...]:
        split, log_f, stored, hidden, recurrent, mask = ctx.saved_tensors
        of_y, of_c, of_n, of_m = given
        of_h, of_stored, of_kept, of_gate = _factors(split, log_f, stored, hidden)
        slopes = torch.empty_like(split)  # the derivative to the sums, z, i, f, o
        into = torch.zeros_like(hidden[0])  # the derivative to h_t from the steps after it
        kept = torch.zeros_like(stored[0])  # and to c_t, n_t
        of_start_m = into
        for part, slope in enumerate((of_c, of_n)):
            if slope is not None:
                kept[:, part] = slope
        stabiliser = None
        if (of_c, of_n, of_m) != (None, None, None):
            stabiliser, of_start_m = _by_way_of_m(kept, of_m, split, log_f, stored[-1])
        back = recurrent.transpose(1, 2)
        for t in range(len(split) - 1, -1, -1):
            of_t = into if of_y is None else into + of_y[t]
            kept = torch.addcmul(kept, of_t.unsqueeze(1), of_h[t])
            torch.mul(kept[:, :1], of_stored[t], out=slopes[t, :, :3])
            slopes[t, :, 1:3].addcmul_(kept[:, 1:], of_kept[t])
            torch.mul(of_t, of_gate[t], out=slopes[t, :, 3])
            if stabiliser is not None:
                slopes[t, :, 1:3].add_(stabiliser[t])
            kept.mul_(split[t, :, 2:3])
            into = torch.bmm(back, slopes[t].flatten(1, 2))
            if mask is not None:
                into = into * mask
        seen = hidden[:-1] if mask is None else hidden[:-1] * mask
        of_sums = slopes.flatten(2, 3).permute(1, 2, 0, 3).contiguous()  # (heads, 4 · width, time, batch)
        of_recurrent = of_sums.flatten(2) @ seen.permute(1, 0, 3, 2).flatten(1, 2)  # (heads, 4 · width, width)
        return of_sums, of_recurrent, into, kept[:, 0], kept[:, 1], of_start_m + (kept * stored[0]).sum(1), None


def _factors(split: Tensor, log_f: Tensor, stored: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What a step back multiplies with, for all times at once.

    h_t to c_t, n_t: (…, 2, …). The sums of z, i, f by way of c_t: (…, 3, …). Those of i, f by way of n_t: (…, 2, …).
    The sum of o by way of h_t.
    """
    z, i, f, o = split.unbind(2)
    n, h = stored[1:, :, 1], hidden[1:]
    of_h = torch.stack([o, -h], dim=2).div_(n.unsqueeze(2))
    forgetting = f * -torch.expm1(log_f)  # f′ (1 − f)
    carried = stored[:-1] * forgetting.unsqueeze(2)
    written = i * z
    of_stored = torch.stack([torch.addcmul(i, written, z, value=-1), written, carried[:, :, 0]], dim=2)
    return of_h, of_stored, torch.stack([i, carried[:, :, 1]], dim=2), torch.addcmul(h, h, o, value=-1)


def _by_way_of_m(
    kept: Tensor, of_m: Tensor | None, split: Tensor, log_f: Tensor, stored: Tensor
) -> tuple[Tensor, Tensor]:
    """The derivative by way of the last stabiliser alone: to the sums of i and f, (time, heads, 2, …), and to m_0.

    No output depends on m: whatever comes of the outputs has ∂m = c ∂c + n ∂n, and only what exceeds it must be passed
    on. By 15 that belongs to ĩ at the newest step where ĩ was the larger, and to every log f after it.
    """
    excess = -(kept * stored).sum(1) if of_m is None else of_m - (kept * stored).sum(1)
    won = (split[:, :, 1] < 1).to(excess.dtype)  # what was stored was the larger: i′ < 1
    since = excess * won.flip(0).cumprod(0).flip(0)  # what is left before step t
    after = torch.cat([since[1:], excess[None]])
    return torch.stack([after - since, since * -torch.expm1(log_f)], dim=2), since[0]
