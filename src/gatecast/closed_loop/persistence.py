"""A fitted closed loop as plain JSON and tensors, and back. Knows no files: `gatecast.artifact` does.

The series are kept whole: the network reads each from its first value, so that it could not go on from their end alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from gatecast.artifact import Artifact
from gatecast.closed_loop.unit import Scaling, Unit
from gatecast.conformal import Correction
from gatecast.data import ReadOptions
from gatecast.keeping.form import CorrectionForm, PanelForm, ScalerForm, read_as
from gatecast.keeping.panel import describe_panel, panel_tensors, restore_panel
from gatecast.keeping.reading import describe_reading
from gatecast.keeping.sense import check_correction, check_scaler, require
from gatecast.models.sequence_network import SequenceNetwork
from gatecast.scaling import Scaler
from gatecast.training.history import StopReason
from gatecast.training.sequence_config import SequenceConfig
from gatecast.training.sequences import SequenceHistory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatecast.panel import Panel

_LONGEST = 100_000
_NETWORK, _HISTORY, _GROWTH = "network.", "history.", "growth"
_BEYOND = -1.0  # stands for an error that is infinite, which tensors of a saved model cannot be; no error is negative


@dataclass(frozen=True)
class Wishes:
    """What `ClosedLoop` was asked for. options: of the network."""

    model: str
    options: dict[str, Any]
    training: SequenceConfig
    scaling: Scaling
    held_out: int | float
    horizon: int
    levels: tuple[int | float, ...]
    seed: int


@dataclass(frozen=True)
class HistoryForm:
    """`SequenceHistory` without its errors, which are tensors, and without the clock."""

    step: tuple[int, ...]
    kept_step: int
    stopped: StopReason


@dataclass(frozen=True)
class Description:
    """All that `ClosedLoop.save` writes beside the tensors. variables: values a step."""

    closed_loop: Wishes
    variables: int
    scaler: ScalerForm | None
    correction: CorrectionForm
    history: HistoryForm
    read: ReadOptions
    panel: PanelForm


class Found(NamedTuple):
    """What a fit found. growth: (steps, variables) error of the held-out free runs."""

    network: SequenceNetwork
    unit: Unit
    correction: Correction
    history: SequenceHistory
    growth: np.ndarray
    panel: Panel


def describe(wishes: Wishes, found: Found, read: ReadOptions) -> Artifact:
    """Everything of a closed loop, as it is saved."""
    history = found.history
    description = {
        "closed_loop": asdict(wishes),
        "variables": found.network.variables,
        "scaler": None if found.unit.scaler is None else found.unit.scaler.to_dict(),
        "correction": found.correction.to_dict(),
        "history": {"step": list(history.step), "kept_step": history.kept_step, "stopped": history.stopped},
        "read": describe_reading(read),
        "panel": describe_panel(found.panel),
    }
    errors = {"loss": history.loss, "free_run": history.free_run, "growth": history.growth}
    tensors = {_NETWORK + name: value for name, value in found.network.state_dict().items()}
    tensors |= {_HISTORY + name: _finite(np.array(value)) for name, value in errors.items()}
    return Artifact(description, tensors | {_GROWTH: _finite(found.growth)} | panel_tensors(found.panel))


def read_description(stored: Artifact) -> Description:
    """Raises: ArtifactError where the form is another, or the stored weights are not those of such a network."""
    told = read_as(Description, stored.description)
    wishes = told.closed_loop
    require(max(wishes.horizon, told.variables) <= _LONGEST, "its network is larger than any", "网络尺寸超出合理范围")
    with torch.device("meta"):  # shapes alone: a description that lies takes no memory
        network = SequenceNetwork(wishes.model, wishes.options, told.variables)
    shapes = {name: (value.shape, value.dtype) for name, value in network.state_dict().items()}
    weights = {name: (value.shape, value.dtype) for name, value in weights_of(stored.tensors).items()}
    require(weights == shapes, "the weights are not those of its network", "权重与网络结构不符")
    return told


def weights_of(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights of the network, by their names in it."""
    return {name.removeprefix(_NETWORK): value for name, value in tensors.items() if name.startswith(_NETWORK)}


def restore(told: Description, tensors: Mapping[str, torch.Tensor], network: SequenceNetwork) -> Found:
    """What the fit found. network: as described, its weights not yet loaded.

    Raises: ArtifactError where the parts disagree.
    """
    network.load_state_dict(weights_of(tensors))
    panel = restore_panel(told.panel, tensors, told.closed_loop.horizon)
    unit = Unit(None if told.scaler is None else Scaler.from_dict(vars(told.scaler)))
    correction = Correction.from_dict(vars(told.correction))
    loss, free_run, growth, all_growth = (
        _errors(tensors[name]) for name in (f"{_HISTORY}loss", f"{_HISTORY}free_run", f"{_HISTORY}growth", _GROWTH)
    )
    history = SequenceHistory(
        told.history.step,
        tuple(loss.tolist()),
        tuple(free_run.tolist()),
        growth,
        told.history.kept_step,
        told.history.stopped,
        seconds=0.0,
    )
    found = Found(network, unit, correction, history, all_growth, panel)
    _check(told, found)
    return found


def _check(told: Description, found: Found) -> None:
    """Raises: ArtifactError unless the parts are of one model."""
    wishes, scaler = told.closed_loop, found.unit.scaler
    require(
        len(found.panel.columns) == told.variables
        and not found.panel.future
        and found.growth.ndim == 2
        and found.growth.shape[1] == told.variables,
        "the series are not those of its network",
        "序列与网络不符",
    )
    require((scaler is None) == (wishes.scaling == "series"), "its scaling has no scaler", "缩放方式与缩放器不符")
    if scaler is not None:
        check_scaler(scaler, told.variables)
    check_correction(found.correction, wishes.levels, max(1, len(found.correction.shift)))  # as far as was tried
    history, rows = found.history, len(told.history.step)
    require(
        len(history.loss) == len(history.free_run) == len(history.growth) == rows and history.kept_step >= 0,
        "the history is not that of a training",
        "训练历史不完整",
    )


def _finite(errors: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.where(np.isfinite(errors), errors, _BEYOND).astype(np.float64))


def _errors(tensor: torch.Tensor) -> np.ndarray:
    require(tensor.dtype == torch.float64, "its errors are of another type", "误差的类型不符")
    values = tensor.numpy()
    return np.where(values == _BEYOND, np.inf, values)
