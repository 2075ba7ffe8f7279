"""The network and the loop that every tutorial writes: windows → backbone → last hidden state → linear.

Small enough to be read in one go, and put right: only windows whose targets are all known train, one window without a
batch axis is a window too, and a seed draws the same weights whatever was drawn before. Knows arrays, no tables and no
units; `gatecast.training` has the loop that the main job uses.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from gatecast.errors import TooShortError
from gatecast.language import Text
from gatecast.models.registry import build
from gatecast.runtime import at_most_threads, keeping_memory, private_torch_stream, resolve_device
from gatecast.scaling import Scaler
from gatecast.studies.result import Chart, Line
from gatecast.training.optimisers import eager

_THREADS = 2


class Windows(NamedTuple):
    """inputs: (windows, context, variables). targets: (windows, horizon), what followed. float32 both."""

    inputs: np.ndarray
    targets: np.ndarray

    def between(self, first: int, stop: int) -> Windows:
        """The windows `first:stop`."""
        return Windows(self.inputs[first:stop], self.targets[first:stop])


class Mark(NamedTuple):
    """A line of the printed training. Both errors are mean squares, the validation's after the epoch.

    loss: over the epoch's steps, each before its step is taken. seconds: since the start.
    """

    epoch: int
    loss: float
    seconds: float
    validation: float | None = None


def windows_of(values: np.ndarray, target: int = 0, *, context: int, horizon: int = 1) -> Windows:
    """All windows whose targets are known: rows − context − horizon + 1 of them.

    values: (rows, variables), or (rows,) of one variable. target: the column that is forecast.
    Window k reads rows k … k + context − 1; its targets are the `horizon` rows after those.
    Raises: TooShortError where there is not one window.
    """
    table = np.asarray(values, np.float32).reshape(len(values), -1)
    count = len(table) - context - horizon + 1
    if count < 1:
        raise TooShortError(
            f"{len(table)} rows hold no window of {context} rows and {horizon} targets; at least {context + horizon} "
            "rows are needed. Give more rows, or a smaller context or horizon.",
            f"{len(table)} 行数据容不下一个 {context} 行加 {horizon} 个目标的窗口，至少需要 {context + horizon} 行。"
            "请提供更多数据，或减小 context 或 horizon。",
        )
    rows = np.arange(count)[:, None]
    inputs = table[rows + np.arange(context)]
    return Windows(inputs, table[rows + context + np.arange(horizon), target])


def unit_interval(values: np.ndarray) -> Scaler:
    """Each column to 0–1 over these rows."""
    low, high = values.min(axis=0), values.max(axis=0)
    return Scaler(low, np.where(high > low, high - low, 1.0))


def one_column(scaler: Scaler, column: int) -> Scaler:
    """What inverts the one predicted column."""
    return Scaler(scaler.centre[[column]], scaler.scale[[column]])


class Body(Protocol):
    """What stands under the linear layer: a registered backbone, or any module of that form."""

    output_size: int

    def __call__(self, x: Tensor) -> tuple[Tensor, Any]: ...


class ManyToOne(nn.Module):
    """The last hidden state of a backbone, through one linear layer: (batch, time, inputs) → (batch, outputs).

    One window (time, inputs) gives (outputs,). change_of: the input column whose newest value the outputs are added
    to, so that the network says changes; None = it says the values themselves.
    """

    def __init__(self, body: Body, outputs: int, change_of: int | None = None) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Linear(body.output_size, outputs)
        self.change_of = change_of

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() == 2:
            return self(x[None])[0]
        hidden, _ = self.body(x)  # (batch, time, hidden)
        said = self.head(hidden[:, -1])  # (batch, outputs)
        return said if self.change_of is None else said + x[:, -1, self.change_of, None]


def network_of(
    model: str,
    inputs: int,
    outputs: int = 1,
    *,
    seed: int,
    change_of: int | None = None,
    **options: Any,
) -> ManyToOne:
    """A backbone by name, with its options, and the linear layer on it. The same seed draws the same weights."""
    with private_torch_stream(seed, "study", model):
        return ManyToOne(build(model, inputs, options), outputs, change_of)


def train(
    network: nn.Module,
    windows: Windows,
    *,
    epochs: int,
    rate: float,
    batch: int | None = None,
    every: int = 10,
    seed: int = 0,
    validation: Windows | None = None,
    on_epoch: Callable[[], None] = lambda: None,
) -> list[Mark]:
    """Adam on the mean squared error. batch: windows a step, in an order drawn anew each epoch; None = all at once.

    An epoch without batches is one step: what the studies call an iteration. Gives a mark for every `every` epochs.
    """
    device = resolve_device("auto")
    network.to(device)
    inputs, targets = (torch.as_tensor(part, device=device) for part in windows)
    optimiser = eager(torch.optim.Adam)(network.parameters(), lr=rate)
    marks: list[Mark] = []
    start = time.perf_counter()
    with keeping_memory(), at_most_threads(_THREADS), private_torch_stream(seed, "study", "training"):
        for epoch in range(1, epochs + 1):
            network.train()
            losses = []
            for chosen in _batches(len(inputs), batch):
                optimiser.zero_grad()
                loss = nn.functional.mse_loss(network(inputs[chosen]), targets[chosen])
                loss.backward()
                optimiser.step()
                losses.append(loss.item() * len(targets[chosen]))
            if epoch % every == 0:
                seconds, loss = time.perf_counter() - start, sum(losses) / len(inputs)
                marks.append(Mark(epoch, loss, seconds, _validate(network, validation)))
            on_epoch()
    return marks


def _validate(network: nn.Module, validation: Windows | None) -> float | None:
    return None if validation is None else float(((predict(network, validation[0]) - validation[1]) ** 2).mean())


def _batches(windows: int, batch: int | None) -> list[Any]:
    """The numbers of the windows of each step."""
    return [slice(None)] if batch is None else list(torch.randperm(windows).split(batch))


@torch.no_grad()
def predict(network: nn.Module, inputs: np.ndarray) -> np.ndarray:
    """Forecasts of trained weights as float64: (windows, outputs), or (outputs,) for one window."""
    network.eval()
    device = next(network.parameters()).device
    with at_most_threads(_THREADS):
        return network(torch.as_tensor(inputs, dtype=torch.float32, device=device)).double().cpu().numpy()


def as_columns(marks: list[Mark]) -> dict[str, list[Any]]:
    """Marks as a table; the validation where there was one."""
    table: dict[str, list[Any]] = {"iteration": [mark.epoch for mark in marks], "loss": [mark.loss for mark in marks]}
    if marks and marks[0].validation is not None:
        table["validation"] = [mark.validation for mark in marks]
    return table | {"seconds": [mark.seconds for mark in marks]}


def loss_chart(trained: Mapping[Text, list[Mark]], step: Text) -> Chart:
    """The training losses, a curve a network. step: what the marks count."""
    return Chart(
        Text("Training loss", "训练损失"),
        step,
        Text("mean squared error", "均方误差"),
        tuple(
            Line(name, [mark.epoch for mark in marks], [mark.loss for mark in marks]) for name, marks in trained.items()
        ),
    )


def parameters(network: nn.Module) -> int:
    """How many numbers the network learns."""
    return sum(p.numel() for p in network.parameters())
