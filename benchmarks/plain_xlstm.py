"""The xLSTM as its paper writes it, in torch.nn and nothing else: what `models.py` measures ours against.

An sLSTM block and an mLSTM block (Beck et al. 2024, figures 10 and 11). The sLSTM is a Python loop over equations 8 to
17, the mLSTM the parallel form of appendix A.3. Both start from nothing: this one cannot go on from a state.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PlainXLSTM(nn.Module):
    def __init__(self, inputs: int, hidden: int, heads: int) -> None:
        super().__init__()
        self.inputs = nn.Linear(inputs, hidden)
        self.blocks = nn.ModuleList([PlainSLSTMBlock(hidden, heads), PlainMLSTMBlock(hidden, heads)])
        self.norm = nn.LayerNorm(hidden)

    def forward(self, x: Tensor) -> Tensor:
        y = self.inputs(x)
        for block in self.blocks:
            y = block(y)
        return self.norm(y)


class PlainSLSTMBlock(nn.Module):
    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        wide = -(-4 * hidden // 3)
        self.heads = heads
        self.before, self.between = nn.LayerNorm(hidden), nn.LayerNorm(hidden)
        self.of_x = nn.Linear(hidden, 4 * hidden)
        self.of_h = nn.Parameter(torch.randn(heads, hidden // heads, 4 * hidden // heads) * hidden**-0.5)
        self.each_head = nn.GroupNorm(heads, hidden)
        self.up, self.down = nn.Linear(hidden, 2 * wide), nn.Linear(wide, hidden)

    def forward(self, x: Tensor) -> Tensor:
        of_x = self.of_x(self.before(x)).unflatten(-1, (self.heads, -1))  # (batch, time, heads, 4 · width)
        h = of_x.new_zeros(len(x), self.heads, of_x.shape[-1] // 4)
        c, n, m = torch.zeros_like(h), torch.zeros_like(h), torch.full_like(h, -torch.inf)
        hidden = []
        for sums in of_x.unbind(1):
            z, i, f, o = (sums + torch.einsum("bhw,hwg->bhg", h, self.of_h)).chunk(4, -1)
            kept = F.logsigmoid(f) + m
            m = torch.maximum(kept, i)
            i, f = torch.exp(i - m), torch.exp(kept - m)
            c = f * c + i * torch.tanh(z)
            n = f * n + i
            h = torch.sigmoid(o) * c / n
            hidden.append(h.flatten(1))
        y = torch.stack(hidden, dim=1)
        x = x + self.each_head(y.flatten(0, 1)).view_as(y)
        gate, value = self.up(self.between(x)).chunk(2, -1)
        return x + self.down(F.gelu(gate) * value)


class PlainMLSTMBlock(nn.Module):
    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.up = nn.LayerNorm(hidden), nn.Linear(hidden, 2 * hidden)
        self.query, self.key, self.value, self.output = (nn.Linear(2 * hidden, 2 * hidden) for _ in range(4))
        self.input_gate, self.forget_gate = nn.Linear(2 * hidden, heads), nn.Linear(2 * hidden, heads)
        self.each_head, self.down = nn.GroupNorm(heads, 2 * hidden), nn.Linear(2 * hidden, hidden)

    def forward(self, x: Tensor) -> Tensor:
        u = self.up(self.before(x))
        of_u = (self.query(u), self.key(u), self.value(u))
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in of_u)
        i, f = self.input_gate(u).transpose(1, 2), self.forget_gate(u).transpose(1, 2)  # (batch, heads, time)
        kept = F.logsigmoid(f).cumsum(-1)
        log_weight = kept[..., :, None] - kept[..., None, :] + i[..., None, :]
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
        log_weight = log_weight.masked_fill(later, -torch.inf)
        m = log_weight.amax(-1, keepdim=True)
        weight = torch.exp(log_weight - m) * (q @ k.transpose(-1, -2) / k.shape[-1] ** 0.5)
        weight = weight / torch.maximum(weight.sum(-1, keepdim=True).abs(), torch.exp(-m))
        h = torch.sigmoid(self.output(u)) * (weight @ v).transpose(1, 2).flatten(2)
        return x + self.down(self.each_head(h.flatten(0, 1)).view_as(h))
