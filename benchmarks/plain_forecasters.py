"""Networks that decode a horizon, as one would write them with torch.nn alone: what `models.py` measures ours against.

Each gives the loss of a batch of windows, scaled by their own mean and mean absolute deviation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def scaled(series: Tensor, context: int) -> Tensor:
    """(batch, context + horizon) in units of each context."""
    past = series[:, :context]
    centre = past.mean(1, keepdim=True)
    return ((series - centre) / (past - centre).abs().mean(1, keepdim=True)).float()


class PlainSeq2Seq(nn.Module):
    """An LSTM reads the context; a cell says five quantiles of each step from sixteen of its positions."""

    def __init__(self, hidden: int, context: int, horizon: int) -> None:
        super().__init__()
        self.context, self.horizon = context, horizon
        self.encoder = nn.LSTM(1, hidden, batch_first=True)
        self.opening = nn.Linear(hidden, 2 * hidden)
        self.cell = nn.LSTMCell(1, hidden)
        self.head = nn.Linear(hidden, 5)
        self.register_buffer("levels", torch.tensor([0.025, 0.1, 0.5, 0.9, 0.975]))

    def loss(self, series: Tensor) -> Tensor:
        x = scaled(series, self.context)
        encoded = self.encoder(x[:, : self.context, None])[0]
        places = torch.arange(self.context // 16 - 1, self.context, self.context // 16)
        h, c = torch.tanh(self.opening(encoded[:, places]).flatten(0, 1)).chunk(2, dim=-1)
        previous = x[:, places].reshape(-1, 1)
        said = []
        for _ in range(self.horizon):
            h, c = self.cell(previous, (h, c))
            said.append(self.head(h))
            previous = said[-1][:, :1]
        said = torch.stack(said, dim=1)  # (batch · places, horizon, 5): the median, two widths below it, two above
        median, width = said[..., :1], nn.functional.softplus(said[..., 1:])
        lower, upper = median - width[..., :2].cumsum(-1), median + width[..., 2:].cumsum(-1)
        answers = x.unfold(1, self.horizon, 1)[:, places + 1].flatten(0, 1)  # (batch · places, horizon)
        error = answers[..., None] - torch.cat([lower.flip(-1), median, upper], dim=-1)
        return torch.maximum(self.levels * error, (self.levels - 1) * error).mean()


class PlainESLSTM(nn.Module):
    """A level smoothed step by step; an LSTM says five quantiles of each step ahead from what the level leaves."""

    def __init__(self, hidden: int, context: int, horizon: int) -> None:
        super().__init__()
        self.context, self.horizon = context, horizon
        self.coefficient = nn.Parameter(torch.zeros(()))
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, horizon * 5)
        self.register_buffer("levels", torch.tensor([0.025, 0.1, 0.5, 0.9, 0.975]))

    def loss(self, series: Tensor) -> Tensor:
        x = scaled(series, self.context)
        alpha, level, smoothed = torch.sigmoid(self.coefficient), x[:, 0], []
        for step in range(self.context):
            level = alpha * x[:, step] + (1 - alpha) * level
            smoothed.append(level)
        level = torch.stack(smoothed, dim=1)[..., None]  # (batch, context, 1)
        said = self.head(self.lstm(x[:, : self.context, None] - level)[0]).unflatten(-1, (self.horizon, 5))
        median, width = level[..., None] + said[..., :1], nn.functional.softplus(said[..., 1:])
        lower, upper = median - width[..., :2].cumsum(-1), median + width[..., 2:].cumsum(-1)
        answers = x.unfold(1, self.horizon, 1)[:, 1:]  # (batch, context, horizon)
        error = answers[..., None] - torch.cat([lower.flip(-1), median, upper], dim=-1)
        return torch.maximum(self.levels * error, (self.levels - 1) * error).mean()


class PlainDeepAR(nn.Module):
    """An LSTM says every next value as Student's t."""

    def __init__(self, hidden: int, context: int, horizon: int) -> None:
        super().__init__()
        self.context, self.horizon = context, horizon
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 3)

    def loss(self, series: Tensor) -> Tensor:
        x = scaled(series, self.context)
        place, scale, freedom = self.head(self.lstm(x[:, :-1, None])[0]).unbind(-1)
        soft = nn.functional.softplus
        said = torch.distributions.StudentT(2 + soft(freedom), place, soft(scale) + 1e-3)
        return -said.log_prob(x[:, 1:]).mean()
