"""A training step of every network beside the plainest PyTorch version of itself.

    python benchmarks/models.py [--runs 15] [--models lstm,gru]

Both sides are a backbone of the same sizes and a linear layer, on the same input, with the same loss and Adam; those
that decode a horizon are whole forecasters with their own losses. They run in one process with one thread, in turn. The
plain versions are what the papers' equations become when they are written down with torch.nn and nothing else.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from measure import ratio, show
from plain_forecasters import PlainDeepAR, PlainESLSTM, PlainSeq2Seq
from plain_xlstm import PlainXLSTM
from record import write_record
from torch import Tensor, nn
from torch.nn import functional as F

from gatecast import models
from gatecast.models.network import NetworkConfig, new_network
from gatecast.windows import Batch

BATCH, TIME, INPUTS, HIDDEN, HORIZON = 64, 48, 4, 64, 12
MOST = 1.2  # the ratio that we want at most
STEPS = 10  # of one measurement


class First(nn.Module):
    """The output of a recurrent layer without its state."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)[0]


class Perceptron(nn.Module):
    """The newest 16 inputs, flattened, through one layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(16 * INPUTS, HIDDEN)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.layer(F.pad(x, (0, 0, 15, 0)).unfold(1, 16, 1).flatten(2)))


class ConvolutionThenLSTM(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(INPUTS, 32, 3)
        self.lstm = nn.LSTM(32, HIDDEN, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolution(F.pad(x.transpose(1, 2), (2, 0)))
        return self.lstm(torch.relu(y).transpose(1, 2))[0]


class LSTMBesideConvolution(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(INPUTS, HIDDEN, batch_first=True)
        self.convolution = nn.Conv1d(INPUTS, 64, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.convolution(F.pad(x.transpose(1, 2), (3, 0))))
        return torch.cat([self.lstm(x)[0], F.max_pool1d(y, 2, stride=1).transpose(1, 2)], dim=-1)


class AttentionOverLSTM(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(INPUTS, HIDDEN, batch_first=True)
        self.score, self.merge = nn.Linear(HIDDEN, HIDDEN, bias=False), nn.Linear(2 * HIDDEN, HIDDEN, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = self.lstm(x)[0]
        scores = self.score(h) @ h.transpose(1, 2) / HIDDEN**0.5
        later = torch.ones(TIME, TIME, dtype=torch.bool).triu(1)
        weights = scores.masked_fill(later, -torch.inf).softmax(-1)
        return torch.tanh(self.merge(torch.cat([weights @ h, h], dim=-1)))


class CellByCell(nn.Module):
    """Two stacked `nn.LSTMCell`s in a Python loop."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.ModuleList([nn.LSTMCell(INPUTS, HIDDEN), nn.LSTMCell(HIDDEN, HIDDEN)])

    def forward(self, x: Tensor) -> Tensor:
        states = [(x.new_zeros(len(x), HIDDEN),) * 2 for _ in self.cells]
        y = []
        for x_t in x.unbind(1):
            for k, cell in enumerate(self.cells):
                states[k] = cell(x_t, states[k])
                x_t = states[k][0]
            y.append(x_t)
        return torch.stack(y, dim=1)


PLAIN: dict[str, Callable[[], nn.Module]] = {
    "attention-lstm": AttentionOverLSTM,
    "bilstm": lambda: First(nn.LSTM(INPUTS, HIDDEN, batch_first=True, bidirectional=True)),
    "cnn-lstm": ConvolutionThenLSTM,
    "cycle-lstm": lambda: First(nn.LSTM(INPUTS, HIDDEN, batch_first=True)),
    "gru": lambda: First(nn.GRU(INPUTS, HIDDEN, batch_first=True)),
    "lstm": lambda: First(nn.LSTM(INPUTS, HIDDEN, batch_first=True)),
    "lstm+cnn": LSTMBesideConvolution,
    "lstm-cell": CellByCell,
    "mlp": Perceptron,
    "rnn": lambda: First(nn.RNN(INPUTS, HIDDEN, batch_first=True)),
    "xlstm": lambda: PlainXLSTM(INPUTS, HIDDEN, heads=4),
}
LAYERS = {"lstm-cell": 2, "xlstm": 2}
FORECASTERS = {  # and what ours says
    "deepar": (PlainDeepAR, "student-t"),
    "es-lstm": (PlainESLSTM, "quantile"),
    "seq2seq": (PlainSeq2Seq, "quantile"),
}


def backbones(name: str) -> tuple[Step, Step]:
    """Ours and the plain one under a linear layer."""
    x, answer = torch.randn(BATCH, TIME, INPUTS), torch.randn(BATCH, TIME, 1)

    def step(backbone: nn.Module) -> Step:
        head = nn.Linear(backbone(x).shape[-1], 1)
        return Step([*backbone.parameters(), *head.parameters()], lambda: F.mse_loss(head(backbone(x)), answer))

    ours: Any = models.build(name, INPUTS, {"hidden": HIDDEN, "layers": LAYERS.get(name, 1)})
    return step(First(ours)), step(PLAIN[name]())


def forecasters(name: str) -> tuple[Step, Step]:
    """Ours and the plain one, whole, on the same windows of random walks."""
    kind, distribution = FORECASTERS[name]
    series = torch.randn(BATCH, TIME + HORIZON, dtype=torch.float64).cumsum(1)
    nothing, known = torch.zeros(BATCH, TIME, 0), torch.zeros(BATCH, TIME + HORIZON, 0)
    phase = torch.zeros(BATCH, dtype=torch.int64)
    batch = Batch(series[:, :TIME], torch.ones(BATCH, TIME), nothing, known, series, phase)
    config = NetworkConfig(name, {"hidden": HIDDEN}, HORIZON, TIME, 1, (), (80, 95), distribution=distribution)
    ours, plain = new_network(config).train(), kind(HIDDEN, TIME, HORIZON)

    def loss() -> Tensor:
        total, weight = ours.loss(batch)
        return total / weight

    return Step(list(ours.parameters()), loss), Step(list(plain.parameters()), lambda: plain.loss(series))


class Step:
    """Takes `STEPS` training steps; gives the processor's milliseconds of one: other programs do not count."""

    def __init__(self, parameters: list[nn.Parameter], loss: Callable[[], Tensor]) -> None:
        self.optimiser, self.loss = torch.optim.Adam(parameters), loss

    def __call__(self) -> float:
        start = time.process_time()
        for _ in range(STEPS):
            self.optimiser.zero_grad()
            self.loss().backward()
            self.optimiser.step()
        return 1000 * (time.process_time() - start) / STEPS


def compare(name: str, runs: int) -> dict[str, Any]:
    """One row: both sides in turn, and the median of the ratios of neighbours."""
    torch.manual_seed(0)
    sides = forecasters(name) if name in FORECASTERS else backbones(name)
    for side in sides:
        side()  # warm
    our_ms, plain_ms = zip(*([side() for side in sides] for _ in range(runs)), strict=True)
    return {
        "model": name,
        "plain_ms": round(median(plain_ms), 3),
        "ours_ms": round(median(our_ms), 3),
        "ratio": round(ratio(our_ms, plain_ms), 3),
        "at_most": MOST,
        "runs": runs,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--models", default=",".join(models.names()))
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = [compare(name, given.runs) for name in given.models.split(",")]
    show(rows)
    if set(models.names()) == {row["model"] for row in rows}:
        write_record("models", rows)


if __name__ == "__main__":
    main()
