"""Whether the parts of a saved model fit one another and are of a size that can be meant. Knows no files.

The numbers of a description decide how much memory is taken and how long is counted: they are held against the stored
tensors before a network is built from them.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import torch

from gatecast.forecaster.autoregression import seasons_fitted
from gatecast.keeping.sense import check_correction, check_scaler, require
from gatecast.models.network import new_network
from gatecast.pretrained import MOST_READ, PretrainedNetwork

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatecast.forecaster.fitting import Fitted
    from gatecast.forecaster.form import Description, FittedForm, SayForm
    from gatecast.forecaster.plan import Plan
    from gatecast.models.network import NetworkConfig
    from gatecast.panel import Panel

_LONGEST_CONTEXT, _LONGEST_HORIZON = 1_000_000, 100_000
_MOST_MEMBERS, _MOST_PARTS = 1000, 100
_LARGEST_TABLE = 1 << 26  # indices that a network computes for itself
_NEAR = 1e-6  # of one; a sum rounds


def check_weights(plan: Plan, weights: Mapping[str, torch.Tensor]) -> None:
    """Raises: ArtifactError unless these are the weights of the plan's members. weights: by `member_name`."""
    config = plan.network
    require(
        1 <= plan.members <= _MOST_MEMBERS
        and config.context <= _LONGEST_CONTEXT
        and config.horizon <= _LONGEST_HORIZON
        and len(config.seasons) + len(config.lags) <= _MOST_PARTS
        and len(config.levels) <= _MOST_PARTS,
        "its network is larger than any",
        "网络尺寸超出合理范围",
    )
    require(
        len(plan.others) < plan.members and all(_alike(other, config) for other in plan.others),
        "its members do not go together",
        "各成员不相配",
    )
    with torch.device("meta"):  # shapes alone: a description that lies takes no memory
        kinds = [new_network(kind).state_dict() for kind in plan.kinds]
        tables = sum(buffer.numel() for buffer in new_network(config).buffers())
    expected = {
        member_name(member) + name: (value.shape, value.dtype)
        for member in range(plan.members)
        for name, value in kinds[member % len(kinds)].items()
    }
    stored = {name: (value.shape, value.dtype) for name, value in weights.items()}
    require(stored == expected, "the weights are not those of its network", "权重与网络结构不符")
    variances = [value for name, value in weights.items() if name.endswith(".running_var")]
    require(all(bool((value >= 0).all()) for value in variances), "a variance is below 0", "方差小于 0")
    require(tables <= _LARGEST_TABLE, "context and horizon are larger than any", "上下文与预测步数超出合理范围")


def _alike(other: NetworkConfig, first: NetworkConfig) -> bool:
    """Whether a member of this kind can read and say what the first does."""
    same = {name: getattr(first, name) for name in ("model", "context", "patch", "ridge")}
    return other.context <= first.context and replace(other, **same) == first


def member_name(number: int) -> str:
    """What the names of a member's tensors begin with."""
    return f"member.{number}."


def check_fitted(fitted: Fitted) -> None:
    """Raises: ArtifactError unless scaler, gate, correction and histories are those of the networks."""
    config, correction = fitted.plan.network, fitted.correction
    check_scaler(fitted.scaler, config.past + config.future)
    bases, gate = fitted.networks[0].bases.count + len(fitted.advisers.asked), fitted.gate
    require(0 <= gate.base < bases and 0 <= gate.share <= 1, "the gate names no base", "门控没有对应的基准")
    require(
        not gate.weights
        or (len(gate.weights) <= bases and min(gate.weights) >= 0 and abs(sum(gate.weights) - 1) < _NEAR),
        "the gate's weights are none of its bases",
        "门控的权重与基准不符",
    )
    told = fitted.plan.autoregression or ()
    require(
        told == seasons_fitted(told) and min(told, default=2) > 1,
        "no autoregression is told of such seasons",
        "自回归模型的周期不合理",
    )
    if correction is not None:
        check_correction(correction, config.levels, config.horizon)
    volatility = fitted.volatility
    require(
        volatility is None
        or (
            volatility.period > 0
            and 0 < volatility.typical < inf
            and all(0 <= change < inf for change in volatility.changes.values())
        ),
        "its volatility cannot be",
        "长期波动的数值不合理",
    )
    require(
        fitted.odds is None or all(0 < times < inf for times in fitted.odds.by_series.values()),
        "odds that cannot be",
        "各序列的权重比不合理",
    )
    neighbours = fitted.dependence.neighbours
    require(
        len(neighbours) == config.horizon - 1 and all(-1 <= rho <= 1 for rho in neighbours),
        "the dependence is not that of its steps",
        "相关性与预测步数不符",
    )
    require(
        len(fitted.histories) == len(fitted.networks)
        and all(
            len(h.step) == len(h.loss) and len(h.validation) in (0, len(h.step)) and min(h.steps, h.best_step) >= 0
            for h in fitted.histories
        ),
        "the histories are not those of its members",
        "训练历史与成员不符",
    )


def check_analogues(told: SayForm | None, past: Mapping[str, torch.Tensor]) -> None:
    """Raises: ArtifactError unless the analogues have a past to be found in, and a say that can be meant."""
    kinds = {name: (value.dtype, value.dim()) for name, value in past.items()}
    expected = {} if told is None else {"values": (torch.float64, 1), "offsets": (torch.int64, 1)}
    require(
        kinds == expected, "the past of its analogues is missing or of another kind", "相似窗口的历史缺失或类型不符"
    )
    if told is None:
        return
    offsets = past["offsets"]
    require(
        0 <= told.strength <= 1
        and told.reach > 0
        and len(offsets) > 1
        and offsets[0] == 0
        and bool((offsets.diff() > 0).all())
        and offsets[-1] == len(past["values"]),
        "the past of its analogues is not whole",
        "相似窗口的历史不完整",
    )


def check_pretrained(told: FittedForm, weights: Mapping[str, torch.Tensor]) -> None:
    """Raises: ArtifactError unless these are weights of a pretrained network, where it has a say."""
    with torch.device("meta"):
        state = PretrainedNetwork().state_dict() if told.pretrained_says else {}
    expected = {name: (value.shape, torch.float16) for name, value in state.items()}
    stored = {name: (value.shape, value.dtype) for name, value in weights.items()}
    sound = expected == stored and (told.pretrained is not None or not told.pretrained_says)
    require(sound, "the weights of its pretrained network are others", "预训练网络的权重不符")
    seasons = told.pretrained or (1, 1)
    require(1 <= min(seasons) <= max(seasons) < MOST_READ, "no season is so long", "预训练网络的周期不合理")


def check_agreement(told: Description, panel: Panel) -> None:
    """Raises: ArtifactError unless what was wished, what was trained and what is continued are one."""
    config, wishes = told.fitted.network, told.wishes
    require(
        (wishes.horizon, wishes.levels) == (config.horizon, config.levels)
        and wishes.distribution in ("auto", config.distribution)
        and (len(panel.past), len(panel.future)) == (config.past, config.future)
        and len(set(panel.columns)) == len(panel.columns),
        "the network is not that of its wishes and columns",
        "网络与设置或列不符",
    )
