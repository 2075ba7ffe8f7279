"""A fitted classifier as plain JSON and tensors, and back. Knows no files: `gatecast.artifact` does.

What a folder says is held against its form, and against the stored weights, before anything is built from it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch

from gatecast.artifact import Artifact
from gatecast.classifier.calibration import Calibration
from gatecast.classifier.fitting import ClassWishes, FittedClassifier
from gatecast.classifier.inputs import with_inputs
from gatecast.classifier.network import ClassNetwork, ClassNetworkConfig
from gatecast.classifier.question import Question
from gatecast.data import ReadOptions
from gatecast.keeping.form import PanelForm, ScalerForm, read_as
from gatecast.keeping.panel import describe_panel, newest, panel_tensors, restore_panel
from gatecast.keeping.reading import describe_reading
from gatecast.keeping.sense import check_scaler, require
from gatecast.runtime import private_torch_stream
from gatecast.scaling import Scaler
from gatecast.training.config import TrainingConfig
from gatecast.training.history import History

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatecast.panel import Panel

_LONGEST, _MOST_CLASSES = 1_000_000, 1000
_NETWORK = "network."


@dataclass(frozen=True)
class ClassDescription:
    """All that `Classifier.save` writes beside the tensors."""

    classifier: ClassWishes
    question: Question
    network: ClassNetworkConfig
    training: TrainingConfig
    history: History
    scaler: ScalerForm
    calibration: Calibration
    seed: int
    read: ReadOptions
    panel: PanelForm


def describe(fitted: FittedClassifier, wishes: ClassWishes, seed: int, options: ReadOptions, panel: Panel) -> Artifact:
    """Everything of a classifier, as it is saved. panel: what `predict` continues."""
    kept = newest(panel, fitted.network.config.context + 1)  # the oldest change has a row before it
    history = asdict(fitted.history)
    del history["seconds"]  # the same fit gives the same bytes, however long it took
    description = {
        "classifier": asdict(wishes),
        "question": asdict(fitted.question),
        "network": fitted.network.config.to_dict(),
        "training": asdict(fitted.training),
        "history": history,
        "scaler": fitted.scaler.to_dict(),
        "calibration": asdict(fitted.calibration),
        "seed": seed,
        "read": describe_reading(options),
        "panel": describe_panel(kept),
    }
    weights = {_NETWORK + name: value for name, value in fitted.network.state_dict().items()}
    return Artifact(description, weights | panel_tensors(kept))


def restore(
    description: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], device: torch.device
) -> tuple[ClassDescription, FittedClassifier, Panel]:
    """What `describe` told of. Raises: ArtifactError where its form is another or its parts disagree."""
    told = read_as(ClassDescription, description)
    weights = {name.removeprefix(_NETWORK): v for name, v in tensors.items() if name.startswith(_NETWORK)}
    _check_weights(told.network, weights)
    with private_torch_stream(0, "restored"):  # the first weights are overwritten, the caller's stream is not
        network = ClassNetwork(told.network)
    network.load_state_dict(weights)
    scaler = Scaler.from_dict(vars(told.scaler))
    panel = restore_panel(told.panel, tensors, told.question.horizon)
    _check_agreement(told, scaler, panel)
    fitted = FittedClassifier(
        told.question, network.to(device).eval(), scaler, told.calibration, told.training, told.history, device
    )
    return told, fitted, panel


def _check_weights(config: ClassNetworkConfig, weights: Mapping[str, torch.Tensor]) -> None:
    require(
        max(config.context, config.ahead) <= _LONGEST and config.classes <= _MOST_CLASSES,
        "its network is larger than any",
        "网络尺寸超出合理范围",
    )
    with torch.device("meta"):  # shapes alone: a description that lies takes no memory
        shapes = {name: (v.shape, v.dtype) for name, v in ClassNetwork(config).state_dict().items()}
    stored = {name: (v.shape, v.dtype) for name, v in weights.items()}
    require(stored == shapes, "the weights are not those of its network", "权重与网络结构不符")


def _check_agreement(told: ClassDescription, scaler: Scaler, panel: Panel) -> None:
    question, config, calibration = told.question, told.network, told.calibration
    require(
        len(set(question.classes)) == len(question.classes) == config.classes == len(calibration.base)
        and (question.ahead, question.horizon, question.task)
        == (config.ahead, told.classifier.horizon, told.classifier.task)
        and question.horizon >= 1
        and (question.label is None or question.label in panel.past)
        and (question.label is not None or question.task != "label")
        and (question.task != "direction" or {"down", "up"} <= set(question.classes)),
        "the question is not that of its network and columns",
        "问题与网络或列不符",
    )
    inside = with_inputs(panel, question)
    require(
        (len(inside.past), len(inside.future)) == (config.past, config.future),
        "the covariates are not those of its network",
        "协变量与网络不符",
    )
    check_scaler(scaler, config.past + config.future)
    require(
        calibration.temperature > 0
        and 0 <= calibration.share <= 1
        and min(calibration.base) >= 0
        and abs(sum(calibration.base) - 1) < 1e-6,
        "the calibration gives no probabilities",
        "校准参数无法给出概率",
    )
