"""A training step of every network beside the plainest PyTorch version of itself.

    python benchmarks/models.py [--runs 15] [--models lstm,gru] [--device cuda]

Both sides are a backbone of the same sizes and a linear layer, on the same input, with the same loss and Adam; those
that decode a horizon are whole forecasters with their own losses. They run in one process with one thread, in turn. The
plain versions are what the papers' equations become when they are written down with torch.nn and nothing else.
`--device cuda` does the same on a GPU, for a record of its own.
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
        later = torch.ones(TIME, TIME, dtype=torch.bool, device=x.device).triu(1)
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


def backbones(name: str, device: str) -> tuple[Step, Step]:
    """Ours and the plain one under a linear layer."""
    x, answer = torch.randn(BATCH, TIME, INPUTS, device=device), torch.randn(BATCH, TIME, 1, device=device)

    def step(backbone: nn.Module) -> Step:
        backbone.to(device)
        head = nn.Linear(backbone(x).shape[-1], 1).to(device)
        return Step([*backbone.parameters(), *head.parameters()], lambda: F.mse_loss(head(backbone(x)), answer))

    ours: Any = models.build(name, INPUTS, {"hidden": HIDDEN, "layers": LAYERS.get(name, 1)})
    return step(First(ours)), step(PLAIN[name]())


def forecasters(name: str, device: str) -> tuple[Step, Step]:
    """Ours and the plain one, whole, on the same windows of random walks."""
    kind, distribution = FORECASTERS[name]
    series = torch.randn(BATCH, TIME + HORIZON, dtype=torch.float64).cumsum(1)
    nothing, known = torch.zeros(BATCH, TIME, 0), torch.zeros(BATCH, TIME + HORIZON, 0)
    phase = torch.zeros(BATCH, dtype=torch.int64)
    parts = (series[:, :TIME], torch.ones(BATCH, TIME), nothing, known, series, phase)
    batch = Batch(*(part.to(device) for part in parts))
    config = NetworkConfig(name, {"hidden": HIDDEN}, HORIZON, TIME, 1, (), (80, 95), distribution=distribution)
    ours, plain = new_network(config).train().to(device), kind(HIDDEN, TIME, HORIZON).to(device)

    def loss() -> Tensor:
        total, weight = ours.loss(batch)
        return total / weight

    return Step(list(ours.parameters()), loss), Step(list(plain.parameters()), lambda: plain.loss(batch.answer))


class Step:
    """Takes `STEPS` training steps; gives the milliseconds of one.

    On a processor its own time, so that other programs do not count; on a GPU wall time, until it has done them.
    """

    def __init__(self, parameters: list[nn.Parameter], loss: Callable[[], Tensor]) -> None:
        self.optimiser, self.loss = torch.optim.Adam(parameters), loss

    def __call__(self) -> float:
        start = self._clock()
        for _ in range(STEPS):
            self.optimiser.zero_grad()
            self.loss().backward()
            self.optimiser.step()
        return 1000 * (self._clock() - start) / STEPS

    def _clock(self) -> float:
        if not torch.cuda.is_initialized():
            return time.process_time()
        torch.cuda.synchronize()
        return time.perf_counter()


def compare(name: str, device: str, runs: int) -> dict[str, Any]:
    """One row: both sides in turn, and the median of the ratios of neighbours."""
    torch.manual_seed(0)
    sides = forecasters(name, device) if name in FORECASTERS else backbones(name, device)
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
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = [compare(name, given.device, given.runs) for name in given.models.split(",")]
    show(rows)
    if set(models.names()) == {row["model"] for row in rows}:
        write_record("models", rows, device=given.device)


if __name__ == "__main__":
    main()
