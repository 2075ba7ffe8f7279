"""A fitted forecaster as plain JSON and tensors, and back. Knows no files: `gatecast.artifact` does."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gatecast.conformal import Correction
from gatecast.forecaster import soundness
from gatecast.forecaster.fitting import Fitted
from gatecast.forecaster.plan import Plan
from gatecast.forecaster.sampling import Dependence
from gatecast.forecaster.soundness import member_name
from gatecast.models.network import new_network
from gatecast.panel import Panel
from gatecast.runtime import private_torch_stream
from gatecast.scaling import Scaler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatecast.forecaster.form import FittedForm, PanelForm

_PANEL = "panel."


def describe_fitted(fitted: Fitted) -> dict[str, Any]:
    """Everything of a fit but its weights, as plain JSON."""
    plan = fitted.plan
    histories = [asdict(history) for history in fitted.histories]
    for history in histories:
        del history["seconds"]  # the same fit gives the same bytes, however long it took
    return {
        "network": plan.network.to_dict(),
        "training": asdict(plan.training),
        "members": plan.members,
        "finish": plan.finish,
        "budget": plan.budget,
        "reasons": [list(reason) for reason in plan.reasons],
        "scaler": fitted.scaler.to_dict(),
        "correction": fitted.correction.to_dict() if fitted.correction else None,
        "histories": histories,
        "gate": asdict(fitted.gate),
        "seasons": list(fitted.seasons),
        "dependence": asdict(fitted.dependence),
    }


def restore_fitted(told: FittedForm, tensors: Mapping[str, torch.Tensor], device: torch.device) -> Fitted:
    """The fit that `describe_fitted` and `fitted_tensors` told of. Raises: ArtifactError where its parts disagree."""
    weights = {name: value for name, value in tensors.items() if not name.startswith(_PANEL)}
    soundness.check_weights(told.network, told.members, weights)
    with private_torch_stream(0, "restored"):  # the first weights are overwritten, the caller's stream is not
        networks = [new_network(told.network) for _ in range(told.members)]
    for member, network in enumerate(networks):
        prefix = member_name(member)
        network.load_state_dict({name: weights[prefix + name] for name in network.state_dict()})
    fitted = Fitted(
        networks=tuple(network.to(device).eval() for network in networks),
        scaler=Scaler.from_dict(vars(told.scaler)),
        gate=told.gate,
        correction=Correction.from_dict(vars(told.correction)) if told.correction else None,
        plan=Plan(told.network, told.training, told.members, told.finish, told.budget, told.reasons),
        histories=told.histories,
        seasons=told.seasons,
        device=device,
        dependence=told.dependence or Dependence.of_random_walk(told.network.horizon),
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


def describe_panel(panel: Panel) -> dict[str, Any]:
    """Everything of a panel but its numbers, as plain JSON."""
    return {
        "ids": list(panel.ids),
        "frequency": asdict(panel.frequency),
        "target": panel.target,
        "past": list(panel.past),
        "future": list(panel.future),
        "layout": asdict(panel.layout),
        "dated": panel.time.dtype.kind == "M",
        **({"parts": [list(part) for part in panel.parts]} if panel.parts else {}),
    }


def panel_tensors(panel: Panel) -> dict[str, torch.Tensor]:
    """The numbers of a panel, by name."""
    numbers = {
        "values": panel.values,
        "offsets": panel.offsets.astype(np.int64),
        "time": panel.time.astype(np.int64),
        "ahead": panel.ahead,
    }
    return {_PANEL + name: torch.tensor(array) for name, array in numbers.items()}


def restore_panel(told: PanelForm, tensors: Mapping[str, torch.Tensor], horizon: int) -> Panel:
    """The panel that `describe_panel` and `panel_tensors` told of. Raises: ArtifactError where it is not whole."""
    numbers = {name.removeprefix(_PANEL): value for name, value in tensors.items() if name.startswith(_PANEL)}
    soundness.check_panel_numbers(numbers)
    plain = {name: value.numpy().copy() for name, value in numbers.items()}
    if told.dated:
        plain["time"] = plain["time"].astype("datetime64[us]")
    names = {"ids": told.ids, "target": told.target, "past": told.past, "future": told.future}
    panel = Panel(**plain, **names, frequency=told.frequency, layout=told.layout, parts=told.parts)
    soundness.check_panel(panel, horizon)
    return panel


def newest(panel: Panel, context: int) -> Panel:
    """The rows that the next forecast reads: the last `context` of every series."""
    kept = np.minimum(panel.lengths, context)
    rows = np.concatenate([np.arange(stop - n, stop) for stop, n in zip(panel.offsets[1:], kept, strict=True)])
    offsets = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    return replace(panel, values=panel.values[rows], time=panel.time[rows], offsets=offsets)
