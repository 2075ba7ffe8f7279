"""The form of a saved model's description: its fields and their types. Knows no files and no weights.

A description may be signed and still be anything: it is held against this form before a part is built from it. Whether
the parts fit one another is for `soundness`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatecast.data import ReadOptions
from gatecast.forecaster.gate import Gate
from gatecast.forecaster.odds import Odds
from gatecast.forecaster.plan import Wishes
from gatecast.forecaster.sampling import Dependence
from gatecast.forecaster.volatility import Volatility
from gatecast.keeping.form import CorrectionForm, PanelForm, ScalerForm, read_as
from gatecast.language import Text
from gatecast.models.network import NetworkConfig
from gatecast.training.config import TrainingConfig
from gatecast.training.history import History


@dataclass(frozen=True)
class SayForm:
    """`Analogues` without their past."""

    strength: float
    reach: float


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
    scouts: int = 1
    others: tuple[NetworkConfig, ...] = ()
    analogues: bool = False
    analogues_say: SayForm | None = None
    volatility: Volatility | None = None
    odds: Odds | None = None
    autoregression: tuple[int, ...] | None = None
    autoregression_says: bool = False
    drift_says: bool = False
    pretrained: tuple[int, int] | None = None
    pretrained_says: bool = False


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


def read_form(description: Mapping[str, Any]) -> Description:
    """The description as typed parts. Raises: ArtifactError that names the first field of another form."""
    return read_as(Description, description)
