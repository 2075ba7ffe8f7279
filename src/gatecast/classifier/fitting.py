"""From a panel to a fitted classifier: the parts in order. Knows no files and no frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gatecast import models
from gatecast.classifier.calibration import Calibration
from gatecast.classifier.inputs import ClassReader, with_inputs
from gatecast.classifier.network import ClassNetwork, ClassNetworkConfig
from gatecast.classifier.question import NOWHERE, Question, Task
from gatecast.errors import DataError, TooShortError
from gatecast.evaluation.classes import frequencies
from gatecast.forecast import Origins
from gatecast.forecaster.bounds import check_known_ahead
from gatecast.runtime import private_torch_stream, stream, torch_seed
from gatecast.scaling import Scaler
from gatecast.training.config import TrainingConfig, with_wishes
from gatecast.training.loop import Run, train
from gatecast.training.split import Split, least_context
from gatecast.windows import Windows

if TYPE_CHECKING:
    from gatecast.panel import Panel
    from gatecast.training.history import History, Progress

_MOST_HELD_OUT, _MOST_STOPPING = 8192, 1024
_MOST_ROWS_OUT = 4000  # held-out rows over all series: more would not say more
_LEAST_CONTEXT, _LONGEST_SERIES, _LONGEST_UNPATCHED = 32, 256, 32
_SMALL = 2000  # examples; below it a smaller network
_BATCH = 1024


@dataclass(frozen=True)
class ClassWishes:
    """What the user asked for; None leaves a thing to the fit. The fields of `gatecast.Classifier`."""

    horizon: int
    task: Task
    model: str = "lstm"
    context: int | None = None
    steps: int | None = None
    balanced: bool = False
    training: dict[str, Any] = field(default_factory=dict)
    network: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ClassJob:
    """How a fit is run, apart from what is fitted."""

    seed: int
    device: torch.device
    stage: str = "fit"
    on_progress: Callable[[Progress], None] | None = None


@dataclass(frozen=True)
class Shares:
    """Origins that train, and those that were held out: they stop the training and calibrate.

    independent: held-out windows that do not overlap. seen: (rows,) rows whose covariates training may see.
    """

    training: Windows
    held_out: Origins
    independent: int
    seen: np.ndarray


@dataclass(frozen=True)
class FittedClassifier:
    """A trained network with all that class probabilities need, learnt from the panel of the fit."""

    question: Question
    network: ClassNetwork
    scaler: Scaler
    calibration: Calibration
    training: TrainingConfig
    history: History
    device: torch.device

    def probabilities(self, panel: Panel, origins: Origins) -> np.ndarray:
        """(origins, classes) calibrated. Reads nothing of the target after an origin.

        Raises: ColumnError where a covariate is not known over the horizon.
        """
        config = self.network.config
        check_known_ahead(panel, origins, config.ahead)
        inside = with_inputs(panel, self.question)
        states = np.full(len(panel.time), NOWHERE)
        reader = ClassReader(inside, states, self.scaler, config.context, config.ahead, self.device)
        return self.calibration.apply(_logits(self.network, reader, origins))


def fit(panel: Panel, question: Question, wishes: ClassWishes, job: ClassJob) -> FittedClassifier:
    """Split → states → scaling → windows → training → calibration.

    Raises: TooShortError, DataError where there is too little to learn from; TrainingError.
    """
    states = question.states(panel)
    shares = _series_shares(panel, states, question, job) if question.task == "label" else _time_shares(panel, question)
    base = base_rate(panel, question)
    _check_classes(panel, question, states, shares)
    inside = with_inputs(panel, question)
    scaler = Scaler.fit(inside.values[shares.seen, 1:])
    config = _shape(inside, question, wishes)
    reader = ClassReader(inside, states, scaler, config.context, config.ahead, job.device)
    with private_torch_stream(job.seed, "classifier"):
        network = ClassNetwork(config).to(job.device).eval()
    network.start_at(torch.as_tensor(base, dtype=torch.float32, device=job.device), balanced=wishes.balanced)
    training = _training(wishes)
    history = _train(network, reader, shares, training, job)
    actual = _answers(panel, states, shares.held_out, config.ahead)
    held_out = Origins(*(array[actual != NOWHERE] for array in shares.held_out))
    logits = _logits(network, reader, held_out)
    calibration = Calibration.fit(logits, actual[actual != NOWHERE], base, shares.independent)
    return FittedClassifier(question, network, scaler, calibration, training, history, job.device)


def base_rate(panel: Panel, question: Question) -> np.ndarray:
    """(classes,) how often each class comes: of series where they are labelled, else of rows."""
    states = question.states(panel)
    if question.task == "label":
        states = states[panel.offsets[:-1]]
    return frequencies(states[states != NOWHERE], len(question.classes))


def after_last_state(panel: Panel, question: Question, judged: Panel, origins: Origins) -> np.ndarray:
    """(origins, classes) how often each class follows, in `panel`, the state in which an origin of `judged` stands.

    The forecast of who knows that state and nothing else.
    """
    classes = len(question.classes)
    states, ahead = question.states(panel), question.ahead
    within = np.arange(len(states)) - np.repeat(panel.offsets[:-1], panel.lengths) >= ahead
    now, then = states[:-ahead][within[ahead:]], states[ahead:][within[ahead:]]
    both = (now != NOWHERE) & (then != NOWHERE)
    base = base_rate(panel, question)
    table = np.stack([frequencies(then[both & (now == one)], classes) for one in range(classes)] + [base])
    last = question.states(judged)[origins.newest(judged)]
    return table[last]  # NOWHERE is the last row: the base rate


def hold_out(labels: np.ndarray, share: float, most: int, seed: int, purpose: str) -> np.ndarray:
    """(series,) which series are held out: a share of every class, at least one where it has two. labels: (series,)."""
    draws, out = stream(seed, "series", purpose), np.zeros(len(labels), bool)
    scale = min(1.0, most / max(1.0, share * len(labels)))
    for one in np.unique(labels):
        members = draws.permutation(np.flatnonzero(labels == one))
        out[members[: min(len(members) - 1, max(1, round(scale * share * len(members))))]] = True
    return out


def _time_shares(panel: Panel, question: Question) -> Shares:
    """The newest quarter of every series is held out. Raises: TooShortError where no series can teach."""
    horizon, lengths = question.horizon, panel.lengths
    able = lengths >= 2 * horizon + least_context(horizon)
    if not able.any():
        longest, needed = int(lengths.max()), 2 * horizon + least_context(horizon)
        raise TooShortError(
            f"{panel.layout.source}: the longest series has {longest} rows; classes {horizon} steps ahead need at "
            f"least {needed}. Bring more history, or ask for a smaller horizon.",
            f"{panel.layout.source}：最长的序列只有 {longest} 行；预测 {horizon} 步后的类别至少需要 {needed} 行。"
            f"请提供更长的历史，或减小 horizon。",
        )
    tail = np.where(able, np.clip(lengths // 4, horizon, max(horizon, _MOST_ROWS_OUT // len(panel))), 0)
    shares = Split(lengths - tail, lengths, horizon)
    seen = np.arange(len(panel.time)) - np.repeat(panel.offsets[:-1], lengths) < np.repeat(shares.train, lengths)
    return Shares(shares.training(), shares.held_out(_MOST_HELD_OUT), shares.independent(), seen)


def _series_shares(panel: Panel, states: np.ndarray, question: Question, job: ClassJob) -> Shares:
    """A quarter of the series of every class is held out. Raises: TooShortError where a class has one series."""
    labels = states[panel.offsets[:-1]]
    counts = np.bincount(labels, minlength=len(question.classes))
    if counts.min() < 2:
        name, count = question.classes[int(counts.argmin())], int(counts.min())
        raise TooShortError(
            f"{panel.layout.source}: class {name!r} of {question.label!r} has {count} series to learn from; each class "
            f"needs at least 2, and 3 to be judged. Bring more series, or join classes.",
            f"{panel.layout.source}：列 {question.label!r} 的类别 {name!r} 只有 {count} 个序列可供学习；每个类别至少"
            f"需要 2 个，评估需要 3 个。请提供更多序列，或合并类别。",
        )
    out = hold_out(labels, 0.25, _MOST_HELD_OUT, job.seed, job.stage)
    first = np.minimum(panel.lengths, _LEAST_CONTEXT)
    windows = Windows.between(first, np.where(out, 0, panel.lengths))
    held = np.flatnonzero(out)
    return Shares(windows, Origins(held, panel.lengths[held]), len(held), np.repeat(~out, panel.lengths))


def _check_classes(panel: Panel, question: Question, states: np.ndarray, shares: Shares) -> None:
    """Raises: DataError where training would meet one class alone."""
    origins = shares.training.spread(100_000)
    found = np.unique(_answers(panel, states, origins, question.ahead))
    found = found[found != NOWHERE]
    if len(found) > 1:
        return
    alone = repr(question.classes[found[0]]) if len(found) else "–"
    raise DataError(
        f"{panel.layout.source}: the part that trains holds one class only ({alone}); there is nothing to tell apart. "
        f"Bring more history, or ask for another task, target or label.",
        f"{panel.layout.source}：训练部分只有一个类别（{alone}），没有可区分的内容。"
        f"请提供更长的历史，或改变 task、target 或 label。",
    )


def _answers(panel: Panel, states: np.ndarray, origins: Origins, ahead: int) -> np.ndarray:
    """(origins,) the class that came."""
    return states[origins.newest(panel) + ahead]


def _shape(panel: Panel, question: Question, wishes: ClassWishes) -> ClassNetworkConfig:
    """Sizes of the network: as wished, else from horizon and rows."""
    longest = int(panel.lengths.max())
    if wishes.context is not None:
        context = wishes.context
    elif question.task == "label":
        context = min(longest, _LONGEST_SERIES)
    else:
        context = max(2, min(max(_LEAST_CONTEXT, 4 * question.horizon), longest // 2))
    patch = -(-context // _LONGEST_UNPATCHED)
    if wishes.context is None:
        context -= context % patch
    else:
        patch = min(p for p in range(patch, context + 1) if context % p == 0)
    examples = len(panel) if question.task == "label" else len(panel.time)
    chosen: Mapping[str, Any] = {"hidden": 32 if examples < _SMALL else 64}
    own = {one.name for one in fields(models.get(wishes.model).config)}
    options = {name: value for name, value in chosen.items() if name in own} | wishes.network
    sizes = {"past": len(panel.past), "future": len(panel.future)}
    return ClassNetworkConfig(wishes.model, options, len(question.classes), question.ahead, context, patch, **sizes)


def _training(wishes: ClassWishes) -> TrainingConfig:
    config = TrainingConfig()
    if wishes.steps is not None:
        config = replace(config, steps=wishes.steps, patience=0)
    return with_wishes(config, wishes.training)


def _train(network: Any, reader: ClassReader, shares: Shares, training: TrainingConfig, job: ClassJob) -> History:
    """The loop of forecasts; of a network it asks no more than `loss`, `config` and `backbone`."""
    stopping = shares.held_out
    if len(stopping.ends) > _MOST_STOPPING:
        some = np.linspace(0, len(stopping.ends) - 1, _MOST_STOPPING).astype(np.int64)
        stopping = Origins(stopping.series[some], stopping.ends[some])
    run = Run(
        reader=reader,
        windows=shares.training,
        stopping=stopping if len(stopping.ends) else None,
        config=training,
        seed=torch_seed(job.seed, "classifier"),
        stage=job.stage,
        on_progress=job.on_progress,
    )
    return train(network, run)


@torch.no_grad()
def _logits(network: ClassNetwork, reader: ClassReader, origins: Origins) -> np.ndarray:
    """(origins, classes) float64."""
    parts = [np.zeros((0, network.config.classes))]
    for part in origins.parts(_BATCH):
        parts.append(network(reader.read(part, answers=False)).double().cpu().numpy())
    return np.concatenate(parts)
