"""The form of a saved model's description: its fields and their types. Knows no files and no weights.

A description may be signed and still be anything: it is held against this form before a part is built from it. Whether
the parts fit one another is for `soundness`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from gatecast.data import ReadOptions
from gatecast.errors import ArtifactError
from gatecast.forecaster.gate import Gate
from gatecast.forecaster.plan import Wishes
from gatecast.forecaster.sampling import Dependence
from gatecast.frequency import Frequency
from gatecast.language import Text
from gatecast.models.network import NetworkConfig
from gatecast.panel import Layout, Part
from gatecast.training.config import TrainingConfig
from gatecast.training.history import History

Form = TypeVar("Form")


@dataclass(frozen=True)
class ScalerForm:
    """`Scaler` as plain numbers."""

    centre: tuple[float, ...]
    scale: tuple[float, ...]


@dataclass(frozen=True)
class CorrectionForm:
    """`Correction` as plain numbers."""

    levels: tuple[int | float, ...]
    shift: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class FittedForm:
    """`Fitted` without its weights and its device."""

    network: NetworkConfig
    training: TrainingConfig
    members: int
    finish: float
    budget: float | None
    reasons: tuple[Text, ...]
    scaler: ScalerForm
    correction: CorrectionForm | None
    histories: tuple[History, ...]
    gate: Gate
    seasons: tuple[int, ...]
    dependence: Dependence | None = None


@dataclass(frozen=True)
class PanelForm:
    """`Panel` without its numbers. dated: its times are dates, not counted rows. parts: may be left out."""

    ids: tuple[str, ...]
    frequency: Frequency
    target: str
    past: tuple[str, ...]
    future: tuple[str, ...]
    layout: Layout
    dated: bool
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Description:
    """All that `Forecaster.save` writes beside the tensors. data: fingerprint of the data of the fit."""

    wishes: Wishes
    season: str | int | tuple[int, ...] | None
    seed: int
    read: ReadOptions
    fitted: FittedForm
    panel: PanelForm
    data: str


@cache
def _adapter(form: type[Form]) -> TypeAdapter[Form]:
    return TypeAdapter(form)


def read_form(description: Mapping[str, Any]) -> Description:
    """The description as typed parts. Raises: ArtifactError that names the first field of another form."""
    return read_as(Description, description)


def read_as(form: type[Form], description: Mapping[str, Any]) -> Form:
    """A description of any form, a dataclass. Raises: ArtifactError that names the first field of another form."""
    try:
        return _adapter(form).validate_json(json.dumps(description), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ArtifactError(f"{where}: {first['msg']}", f"{where}：{first['msg']}") from error
