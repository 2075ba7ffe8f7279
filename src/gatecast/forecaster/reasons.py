"""What a plan decided, and why, in sentences for the report. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatecast.language import Text
from gatecast.models.network import network_class, newer_half

if TYPE_CHECKING:
    from gatecast.forecaster.analogues import Analogues
    from gatecast.forecaster.fitting import Fitted
    from gatecast.forecaster.plan import Plan
    from gatecast.models.network import NetworkConfig
    from gatecast.panel import Panel
    from gatecast.training.config import TrainingConfig

_LEAST_SAY = 0.005  # which rounds to a percent


def reasons_of(panel: Panel, plan: Plan) -> tuple[Text, ...]:
    """The decisions in the order in which a forecast comes about."""
    network = plan.network
    reasons = _shape(panel, network, plan.members)
    if plan.others:
        reasons.append(_turns(network, plan.others))
    reasons += [*_bases(network), *_training(network, plan.training)]
    if plan.scouts < plan.members:
        reasons.append(
            Text(
                f"Before them, {plan.scouts} of their kind finds out, on all rows but the newest, how long to train "
                "and how far to trust; they themselves learn from all rows.",
                f"先由 {plan.scouts} 个同类网络用较早的行确定训练多久、可信多少；之后各网络都用全部行学习。",
            )
        )
    if plan.analogues:
        reasons.append(
            Text(
                "Then come analogues: the past windows of all series that are most like the newest one, with what "
                "followed them. The held-out windows say how much they count.",
                "最后参考相似窗口：在所有序列的历史中找出与最新窗口最相似的，看其后如何发展；占多大分量由留出窗口决定。",
            )
        )
    if plan.autoregression is not None:
        reasons.append(
            Text(
                "Each window has an autoregression of its own besides, which knows no other series, and the drift "
                "of its series. What the past says of both decides how much they count.",
                "每个窗口另有一个只用它自己拟合的自回归模型，不受其他序列影响，以及该序列的漂移；"
                "各占多大分量由历史数据决定。",
            )
        )
    if plan.pretrained:
        reasons.append(
            Text(
                "Beside them stands a network that was trained on synthetic series before this table came; so small a "
                "table teaches less than it knows. What the past says of it decides how much it counts.",
                "此外还有一个预先在合成序列上训练好的网络：表格较小时，它所知的比表格能教的更多；占多大分量由历史数据决定。",
            )
        )
    return tuple(reasons)


def say_of_advisers(fitted: Fitted) -> list[Text]:
    """How much of a forecast is theirs, of those that the plan has."""
    say, plan = [], fitted.plan
    if plan.autoregression is not None:
        say.append(_share_of_autoregression(fitted.autoregression_share))
        if fitted.drift_share >= _LEAST_SAY:
            share = f"{fitted.drift_share:.0%}"
            say.append(Text(f"The drift of each series says {share} of a forecast.", f"各序列的漂移占预测的 {share}。"))
    if plan.pretrained:
        say.append(_share_of_pretrained(fitted.pretrained_share, heard=fitted.advisers.pretrained is not None))
    return say


def _share_of_autoregression(share: float) -> Text:
    if share < _LEAST_SAY:
        return Text("The windows' own autoregressions are not heard here.", "各窗口的自回归模型在此未被采用。")
    return Text(
        f"The windows' own autoregressions say {share:.0%} of a forecast.",
        f"各窗口的自回归模型占预测的 {share:.0%}。",
    )


def _share_of_pretrained(share: float, *, heard: bool) -> Text:
    """heard: whether its widths count in the intervals."""
    if not heard:
        return Text("The pretrained network is not heard here.", "预训练网络在此未被采用。")
    if share < _LEAST_SAY:
        return Text(
            "The pretrained network moves no forecast here, but its widths count in the intervals.",
            "预训练网络在此不影响预测值，但其区间宽度参与区间预测。",
        )
    return Text(f"The pretrained network says {share:.0%} of a forecast.", f"预训练网络占预测的 {share:.0%}。")


def say_of_held_out(fitted: Fitted) -> list[Text]:
    """What the held-out windows made of odds, volatility and analogues."""
    say = []
    if fitted.odds is not None:
        say.append(
            Text(
                "In each series the networks count the more, the better they were in its own held-out windows.",
                "在各序列中，网络在该序列自己的留出窗口上表现越好，分量就越大。",
            )
        )
    if fitted.volatility is not None:
        say.append(say_of_volatility())
    if fitted.plan.analogues:
        say.append(_share_of_analogues(fitted.analogues))
    return say


def say_of_volatility() -> Text:
    """What the held-out windows made of the series' long-run volatility, where that is a gain."""
    return Text(
        "Intervals are drawn towards how much each series has moved in all of its past: calm and storm seldom last.",
        "区间会向各序列在全部历史中的常见波动靠拢：平静与剧烈都很少持久。",
    )


def _share_of_analogues(found: Analogues | None) -> Text:
    if found is None:
        return Text("The analogues were no gain: they have no say.", "相似窗口没有带来提升，未采用。")
    return Text(
        f"The analogues make up {found.strength:.0%} of a forecast where they are near, and less where they are not.",
        f"相似窗口足够近时占预测的 {found.strength:.0%}，越远占得越少。",
    )


def _shape(panel: Panel, network: NetworkConfig, members: int) -> list[Text]:
    hidden, layers = network.options["hidden"], network.options.get("layers") or len(network.options["hidden"])
    kind, steps = network_class(network.model), network.horizon
    how = Text(f"all {steps} steps at once", f"一次预测全部 {steps} 步")
    if kind.taught or kind.sampled:
        how = Text(f"{steps} steps one after another", f"逐步预测 {steps} 步")
    reasons = [
        Text(
            f"{members} × {network.model}: {layers} layer(s) of {hidden} units, sized for {len(panel.time):,} rows in "
            f"{len(panel):,} series.",
            f"{members} × {network.model}：{layers} 层，每层 {hidden} 个单元，"
            f"依据 {len(panel):,} 个序列、{len(panel.time):,} 行。",
        ),
        Text(
            f"It reads the last {network.context} values, {network.patch} at a time, and forecasts {how.english}.",
            f"读取最近 {network.context} 个值，每次 {network.patch} 个，{how.chinese}。",
        ),
    ]
    newer = network.context - newer_half(network.context, network.horizon)
    if newer < network.context:
        reasons.append(
            Text(
                f"The newest {newer} of them say each window's unit, and from these it learns to forecast.",
                f"窗口的单位由其中最近 {newer} 个值确定，训练时也只从这些位置预测。",
            )
        )
    if network.stride > 1:
        reasons.append(
            Text(
                f"Of {network.stride} neighbouring positions at most one trains: they learn nearly the same.",
                f"相邻的 {network.stride} 个位置中至多训练一个：它们学到的几乎相同。",
            )
        )
    if network.inner:
        listed = ", ".join(f"{level:g}" for level in network.inner)
        reasons.append(
            Text(
                f"In training it also says intervals of {listed} %: what it learns of the middle helps its median.",
                f"训练时还预测 {listed} % 的区间：学会分布的中部，中位数也更准。",
            )
        )
    if network.distribution != "quantile":
        reasons.append(
            Text(
                f"What it says of each step is of the kind {network.distribution}.",
                f"每一步的预测形式为 {network.distribution}。",
            )
        )
    return reasons


def _turns(network: NetworkConfig, others: tuple[NetworkConfig, ...]) -> Text:
    kinds = []
    for other in others:
        name = other.model if other.model != network.model else ""
        if (other.context, other.patch) == (network.context, network.patch):
            kinds.append(Text(f"{name} of the same size", f"同样大小的 {name}"))
        else:
            kinds.append(
                Text(
                    f"{name or 'one'} that reads the last {other.context} values, {other.patch} at a time",
                    f"读取最近 {other.context} 个值、每次 {other.patch} 个的{f' {name}' if name else '网络'}",
                )
            )
    english, chinese = (
        part.join(words) for part, words in zip((", then ", "、"), zip(*kinds, strict=True), strict=True)
    )
    return Text(
        f"The networks take turns: after the first comes {english}. What errs differently is better together.",
        f"各网络轮流交替：第一个之后是{chinese}。犯不同错误的网络合在一起更好。",
    )


def _bases(network: NetworkConfig) -> list[Text]:
    reasons = []
    if network.seasons:
        listed = ", ".join(str(season) for season in network.seasons)
        reasons.append(Text(f"Seasons of {listed} steps are among its bases.", f"基准预测包含周期 {listed}。"))
    if network.ridge:
        reasons.append(
            Text(
                f"A linear map of the newest {network.ridge} values is among its bases: the series are long enough.",
                f"基准预测包含最近 {network.ridge} 个值的线性映射：序列足够长。",
            )
        )
    return reasons


def _training(network: NetworkConfig, training: TrainingConfig) -> list[Text]:
    reasons = []
    if network.head_dropout:
        between = network.options.get("dropout", 0.0)
        reasons.append(
            Text(
                f"So large a table is learnt by heart unless it is held back: dropout of {between:.0%} between the "
                f"layers and {network.head_dropout:.0%} before the head, weights decayed by {training.l2:g}.",
                f"表格较大，网络容易死记硬背，因此加以约束：层间 dropout {between:.0%}，输出头前 "
                f"{network.head_dropout:.0%}，权重衰减 {training.l2:g}。",
            )
        )
    if training.recency:
        reasons.append(
            Text(
                f"Newer windows train more often, by a recency of {training.recency:g}: they are most like what comes.",
                f"较新的窗口更常用于训练（recency 为 {training.recency:g}）：它们与将来最相似。",
            )
        )
    if training.patience:
        reasons.append(
            Text(
                f"Training stops after {training.patience * training.round} steps without gain on held-out windows.",
                f"留出窗口上连续 {training.patience * training.round} 步没有进步时停止训练。",
            )
        )
    return reasons
