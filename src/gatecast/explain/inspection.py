"""`examine`: one network of a fitted forecaster over one window, looked at from all sides. The parts in order."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gatecast.errors import OptionError, nearest
from gatecast.explain import gates, words
from gatecast.explain.attribution import Attribution, Permutation, attribute, permute, point_forecast
from gatecast.explain.memory import Memory, influence, memory
from gatecast.explain.parameters import Count, count
from gatecast.forecast import Origins
from gatecast.forecaster import Forecaster
from gatecast.runtime import private_torch_stream
from gatecast.training.split import split
from gatecast.windows import WindowReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.explain.gates import LayerTrace
    from gatecast.language import Text
    from gatecast.models.network import ForecastNetwork
    from gatecast.panel import Layout, Panel
    from gatecast.windows import Batch

_MOST_WINDOWS = 256  # that permutation forecasts
_FEWEST_WINDOWS = 8
_BACKBONE = "backbone"  # of every network


@dataclass(frozen=True)
class Brief:
    """What is known without much computing: memory and parameters of the first network."""

    memory: Memory
    parameters: tuple[Count, ...]
    words: tuple[Text, ...]


@dataclass(frozen=True)
class Inspection:
    """One network of the ensemble over the newest window of one series.

    model: name of the backbone. patch: observed steps that it reads at once; a position is one patch.
    time, past: (context,) of the window; steps before the series began repeat its first row. point: (horizon,) what
    this network says, before gate and correction. layers: gates and states, a position each step of time; empty
    where the model has no stack of LSTM, GRU or RNN. influence: (horizon, context), |∂ forecast_h / ∂ y_t|; None, as
    `attribution`, where the forecast is sampled. attention: (positions, positions), a row for who looks; None where
    the model has none. permutation: None where the data hold too few windows whose answer is known.
    words: the findings in sentences.
    """

    model: str
    series: str
    target: str
    layout: Layout
    patch: int
    time: np.ndarray
    past: np.ndarray
    point: np.ndarray
    layers: tuple[LayerTrace, ...]
    memory: Memory
    influence: np.ndarray | None
    attention: np.ndarray | None
    attribution: Attribution | None
    permutation: Permutation | None
    parameters: tuple[Count, ...]
    words: tuple[Text, ...]


def examine(
    model: Forecaster,
    data: Any = None,
    *,
    series: str | None = None,
    member: int = 0,
    join: Sequence[str] | None = None,
) -> Inspection:
    """Look at one member over the end of one series. The model stays as it is.

    data, join: as for `Forecaster.predict`; None = the data of the fit, of a loaded model its newest rows. series: its
    id; None = the first.
    Raises: NotFittedError; OptionError for a series or member that there is not; DataError and its kinds.
    """
    _check_kind(model)
    panel = model.panel_to_continue(data, join)
    network = _member(model, member)
    number = _number_of(panel, series)
    reader = _reader(model, panel, member)
    end = int(panel.lengths[number])
    batch = reader.read(Origins(np.array([number]), np.array([end])), answers=False)
    stacks = gates.stacks_of(network)
    seen = gates.inputs_of({**stacks, _BACKBONE: network.get_submodule(_BACKBONE)}, lambda: _forecast(network, batch))
    layers = tuple(
        one for name, stack in stacks.items() if name in seen for one in gates.trace(name, stack, seen[name])
    )
    inner = memory(lambda x: network.backbone(x)[0], seen[_BACKBONE], network.config.patch)
    parameters = count(network)
    felt, given = _gradients(network, batch, panel)
    exchanged = _permutation(network, reader, panel)
    return Inspection(
        model=network.config.model,
        series=panel.ids[number],
        target=panel.target,
        layout=panel.layout,
        patch=network.config.patch,
        time=_window_of(panel.time, panel, number, reader.context),
        past=batch.target[0].numpy(),
        point=_forecast(network, batch)[0].numpy(),
        layers=layers,
        memory=inner,
        influence=felt,
        attention=_attention(network, seen[_BACKBONE]),
        attribution=given,
        permutation=exchanged,
        parameters=parameters,
        words=words.findings(network.config, layers, inner, given, exchanged, parameters),
    )


def brief(model: Forecaster) -> Brief:
    """Memory and parameters of the first member, over the end of the first series."""
    panel, network = model.panel_to_continue(), _member(model, 0)
    batch = _reader(model, panel, 0).read(Origins(np.array([0]), panel.lengths[:1]), answers=False)
    seen = gates.inputs_of({_BACKBONE: network.get_submodule(_BACKBONE)}, lambda: _forecast(network, batch))
    inner, parameters = memory(lambda x: network.backbone(x)[0], seen[_BACKBONE], network.config.patch), count(network)
    return Brief(inner, parameters, words.of_memory(inner, network.config.context) + words.of_parameters(parameters))


def _check_kind(model: object) -> None:
    """Raises: OptionError unless it is a Forecaster; another kind may come out of `gatecast.load`."""
    if not isinstance(model, Forecaster):
        kind = type(model).__name__
        raise OptionError(
            f"only a Forecaster can be looked into, and this model is another ({kind}). Of a saved Ensemble, take one "
            "of the folders inside: member-0, member-1, …",
            f"只能查看 Forecaster 的内部，而此模型是 {kind}。若是保存的 Ensemble，请给出其中一个子文件夹：member-0、"
            "member-1……",
        )


def _member(model: Forecaster, member: int) -> ForecastNetwork:
    """A copy on the CPU, where every kernel has its gradient."""
    networks = model.fitted.networks
    if not 0 <= member < len(networks):
        raise OptionError(
            f"there is no member {member}; the ensemble has {len(networks)}, counted from 0.",
            f"没有第 {member} 个成员；集成共有 {len(networks)} 个，从 0 数起。",
        )
    return copy.deepcopy(networks[member]).to("cpu").eval()


def _number_of(panel: Panel, series: str | None) -> int:
    if series is None:
        return 0
    if series not in panel.ids:
        hint = nearest(series, panel.ids)
        raise OptionError(
            f"there is no series {series!r}{hint.english}; there are {len(panel):,}, the first is {panel.ids[0]!r}.",
            f"没有序列 {series!r}{hint.chinese}；数据共有 {len(panel):,} 个序列，第一个是 {panel.ids[0]!r}。",
        )
    return panel.ids.index(series)


def _reader(model: Forecaster, panel: Panel, member: int) -> WindowReader:
    config = model.plan.config_of(member)
    return WindowReader(panel, model.fitted.scaler, config.context, config.horizon, torch.device("cpu"))


@torch.no_grad()
def _forecast(network: ForecastNetwork, batch: Batch) -> torch.Tensor:
    with private_torch_stream(0, "inspection"):
        return point_forecast(network, batch)


def _gradients(network: ForecastNetwork, batch: Batch, panel: Panel) -> tuple[np.ndarray | None, Attribution | None]:
    """Influence and attribution; a forecast that is sampled has no gradient."""
    if network.sampled:
        return None, None
    target = batch.target.clone().requires_grad_()
    felt = influence(point_forecast(network, batch._replace(target=target)), target)
    return felt, attribute(network, batch, panel.past, panel.future)


def _attention(network: ForecastNetwork, x: torch.Tensor) -> np.ndarray | None:
    weigh = getattr(network.backbone, "attention_weights", None)
    if weigh is None:
        return None
    with torch.no_grad():
        return weigh(x)[0].numpy()


def _permutation(network: ForecastNetwork, reader: WindowReader, panel: Panel) -> Permutation | None:
    """Over the newest windows whose answer is known."""
    origins = split(panel, network.config.horizon).held_out(_MOST_WINDOWS)
    whole = origins.ends >= reader.context  # what a loaded model keeps of each series is one context alone
    origins = Origins(origins.series[whole], origins.ends[whole])
    if len(origins.series) < _FEWEST_WINDOWS or network.sampled:
        return None
    return permute(network, reader.read(origins, answers=True), panel.columns)


def _window_of(values: np.ndarray, panel: Panel, number: int, context: int) -> np.ndarray:
    """The window's own part of a column; what lies before the series repeats its first row."""
    rows = values[panel.offsets[number] : panel.offsets[number + 1]][-context:]
    return np.concatenate([np.repeat(rows[:1], context - len(rows)), rows])
