"""A fitted forecaster as plain JSON and tensors, and back. Knows no files: `gatecast.artifact` does."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gatecast.conformal import Correction
from gatecast.forecaster import soundness
from gatecast.forecaster.advice import Advisers
from gatecast.forecaster.analogues import Analogues
from gatecast.forecaster.fitting import Fitted
from gatecast.forecaster.plan import Plan
from gatecast.forecaster.sampling import Dependence
from gatecast.forecaster.soundness import member_name
from gatecast.keeping.panel import PANEL
from gatecast.models.network import new_network
from gatecast.pretrained import PretrainedNetwork
from gatecast.runtime import private_torch_stream
from gatecast.scaling import Scaler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatecast.forecaster.form import FittedForm

ANALOGUES, PRETRAINED = "analogues.", "pretrained."  # what the names of their tensors begin with


def describe_fitted(fitted: Fitted) -> dict[str, Any]:
    """Everything of a fit but its weights, as plain JSON."""
    plan, say = fitted.plan, fitted.analogues
    histories = [asdict(history) for history in fitted.histories]
    for history in histories:
        del history["seconds"]  # the same fit gives the same bytes, however long it took
    return {
        "network": plan.network.to_dict(),
        "others": [other.to_dict() for other in plan.others],
        "training": asdict(plan.training),
        "members": plan.members,
        "scouts": plan.scouts,
        "finish": plan.finish,
        "budget": plan.budget,
        "reasons": [list(reason) for reason in plan.reasons],
        "scaler": fitted.scaler.to_dict(),
        "correction": fitted.correction.to_dict() if fitted.correction else None,
        "histories": histories,
        "gate": asdict(fitted.gate),
        "seasons": list(fitted.seasons),
        "dependence": asdict(fitted.dependence),
        "analogues": plan.analogues,
        "analogues_say": None if say is None else {"strength": say.strength, "reach": say.reach},
        "autoregression": plan.autoregression,
        "autoregression_says": fitted.advisers.autoregression is not None,
        "drift_says": fitted.advisers.drift,
        "pretrained": plan.pretrained,
        "pretrained_says": fitted.advisers.pretrained is not None,
        "volatility": None if fitted.volatility is None else asdict(fitted.volatility),
        "odds": None if fitted.odds is None else asdict(fitted.odds),
    }


def restore_fitted(told: FittedForm, tensors: Mapping[str, torch.Tensor], device: torch.device) -> Fitted:
    """The fit that `describe_fitted` and `fitted_tensors` told of. Raises: ArtifactError where its parts disagree."""
    apart = (PANEL, ANALOGUES, PRETRAINED)
    weights = {name: value for name, value in tensors.items() if not name.startswith(apart)}
    plan = Plan(
        told.network,
        told.training,
        told.members,
        told.scouts,
        told.finish,
        told.budget,
        told.reasons,
        told.others,
        analogues=told.analogues,
        autoregression=told.autoregression,
        pretrained=told.pretrained,
    )
    soundness.check_weights(plan, weights)
    with private_torch_stream(0, "restored"):  # the first weights are overwritten, the caller's stream is not
        networks = [new_network(plan.config_of(member)) for member in range(plan.members)]
    for member, network in enumerate(networks):
        prefix = member_name(member)
        network.load_state_dict({name: weights[prefix + name] for name in network.state_dict()})
    advisers = replace(Advisers.of(plan, _pretrained(told, tensors, device)), drift=told.drift_says)
    fitted = Fitted(
        networks=tuple(network.to(device).eval() for network in networks),
        scaler=Scaler.from_dict(vars(told.scaler)),
        gate=told.gate,
        correction=Correction.from_dict(vars(told.correction)) if told.correction else None,
        plan=plan,
        histories=told.histories,
        seasons=told.seasons,
        device=device,
        dependence=told.dependence or Dependence.of_random_walk(told.network.horizon),
        analogues=_analogues(told, tensors),
        volatility=told.volatility,
        odds=told.odds,
        advisers=advisers if told.autoregression_says else replace(advisers, autoregression=None),
    )
    soundness.check_fitted(fitted)
    return fitted


def fitted_tensors(fitted: Fitted) -> dict[str, torch.Tensor]:
    """The weights of all members, by name."""
    return {
        member_name(member) + name: value
        for member, network in enumerate(fitted.networks)
        for name, value in network.state_dict().items()
    }


def analogue_tensors(analogues: Analogues | None) -> dict[str, torch.Tensor]:
    """The past that they are found in, by name; empty where they have no say."""
    past = {} if analogues is None else {"values": analogues.values, "offsets": analogues.offsets.astype(np.int64)}
    return {ANALOGUES + name: torch.tensor(array) for name, array in past.items()}


def pretrained_tensors(network: PretrainedNetwork | None) -> dict[str, torch.Tensor]:
    """Its weights by name, in half precision, as they come with Gatecast: later versions may bring others."""
    state = {} if network is None else network.state_dict()
    return {PRETRAINED + name: value.half() for name, value in state.items()}


def _pretrained(
    told: FittedForm, tensors: Mapping[str, torch.Tensor], device: torch.device
) -> PretrainedNetwork | None:
    weights = {name.removeprefix(PRETRAINED): value for name, value in tensors.items() if name.startswith(PRETRAINED)}
    soundness.check_pretrained(told, weights)
    return PretrainedNetwork.of(weights).to(device) if told.pretrained_says else None


def _analogues(told: FittedForm, tensors: Mapping[str, torch.Tensor]) -> Analogues | None:
    past = {name.removeprefix(ANALOGUES): value for name, value in tensors.items() if name.startswith(ANALOGUES)}
    soundness.check_analogues(say := told.analogues_say, past)
    if say is None:
        return None
    values, offsets = (past[name].numpy().copy() for name in ("values", "offsets"))
    return Analogues(values, offsets, told.network.horizon, say.strength, say.reach)
