"""A fitted forecaster as plain JSON and tensors, and back. Knows no files: `gatecast.artifact` does."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gatecast.conformal import Correction
from gatecast.forecaster.fitting import Fitted
from gatecast.forecaster.gate import Gate
from gatecast.forecaster.plan import Plan
from gatecast.frequency import Frequency
from gatecast.language import Text
from gatecast.models.network import ForecastNetwork, NetworkConfig
from gatecast.panel import Layout, Panel
from gatecast.scaling import Scaler
from gatecast.training.config import TrainingConfig
from gatecast.training.history import History

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        "gate": fitted.gate.to_dict(),
        "seasons": list(fitted.seasons),
    }


def restore_fitted(state: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], device: torch.device) -> Fitted:
    """The fit that `describe_fitted` and `fitted_tensors` told of."""
    config = NetworkConfig.from_dict(state["network"])
    networks = [ForecastNetwork(config) for _ in range(state["members"])]
    for member, network in enumerate(networks):
        prefix = _member(member)
        own = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
        network.load_state_dict(own)
    reasons = tuple(Text(*reason) for reason in state["reasons"])
    training = TrainingConfig(**state["training"])
    return Fitted(
        networks=tuple(network.to(device).eval() for network in networks),
        scaler=Scaler.from_dict(state["scaler"]),
        gate=Gate.from_dict(state["gate"]),
        correction=Correction.from_dict(state["correction"]) if state["correction"] else None,
        plan=Plan(config, training, state["members"], state["finish"], state["budget"], reasons),
        histories=tuple(_history(one) for one in state["histories"]),
        seasons=tuple(state["seasons"]),
        device=device,
    )


def _history(state: Mapping[str, Any]) -> History:
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in state.items()}
    return History(**plain, seconds=0.0)


def fitted_tensors(fitted: Fitted) -> dict[str, torch.Tensor]:
    """The weights of all members, by name."""
    return {
        _member(member) + name: value
        for member, network in enumerate(fitted.networks)
        for name, value in network.state_dict().items()
    }


def _member(number: int) -> str:
    return f"member.{number}."


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


def restore_panel(state: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> Panel:
    """The panel that `describe_panel` and `panel_tensors` told of."""
    numbers = {name: tensors[_PANEL + name].numpy().copy() for name in ("values", "offsets", "time", "ahead")}
    if state["dated"]:
        numbers["time"] = numbers["time"].astype("datetime64[us]")
    return Panel(
        **numbers,
        ids=tuple(state["ids"]),
        frequency=Frequency(**{**state["frequency"], "slots": tuple(state["frequency"]["slots"])}),
        target=state["target"],
        past=tuple(state["past"]),
        future=tuple(state["future"]),
        layout=Layout(**state["layout"]),
    )


def newest(panel: Panel, context: int) -> Panel:
    """The rows that the next forecast reads: the last `context` of every series."""
    kept = np.minimum(panel.lengths, context)
    rows = np.concatenate([np.arange(stop - n, stop) for stop, n in zip(panel.offsets[1:], kept, strict=True)])
    offsets = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    return replace(panel, values=panel.values[rows], time=panel.time[rows], offsets=offsets)
