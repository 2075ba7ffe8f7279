"""What an inspection found, in sentences. Knows the findings, draws none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gatecast.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.explain.attribution import Attribution, Permutation
    from gatecast.explain.gates import LayerTrace
    from gatecast.explain.memory import Memory
    from gatecast.explain.parameters import Count
    from gatecast.models.network import NetworkConfig

_LONG = 0.01  # of the largest strength: what is weaker is forgotten


def findings(
    config: NetworkConfig,
    layers: Sequence[LayerTrace],
    inner: Memory,
    given: Attribution | None,
    exchanged: Permutation | None,
    parameters: Sequence[Count],
) -> tuple[Text, ...]:
    """All that is said of one inspection, a sentence each."""
    found = [*of_memory(inner, config.context), *(sentence for one in layers for sentence in of_layer(one))]
    if given is not None:
        found.append(of_attribution(given))
    if exchanged is not None:
        found.append(of_permutation(exchanged))
    return (*found, *of_parameters(parameters))


def of_memory(inner: Memory, context: int) -> tuple[Text, ...]:
    reach = int(inner.lag[inner.strength >= _LONG].max(initial=0))
    if inner.half_life is None:
        half = Text(
            f"Memory: what was read longest ago, {inner.lag[0]:,} steps back, still moves the network's state more "
            "than half as much as what moves it most.",
            f"记忆：最早读到的输入（{inner.lag[0]:,} 步之前）对网络状态的影响仍超过最强影响的一半。",
        )
    else:
        half = Text(
            f"Memory: an input's hold on the network's state has halved after {inner.half_life:.1f} steps; "
            f"{reach:,} steps back it is still 1 % of its largest or more (the window has {context:,}).",
            f"记忆：输入对网络状态的影响在 {inner.half_life:.1f} 步后减半；"
            f"{reach:,} 步之前的输入仍有最强影响的 1% 以上（窗口共 {context:,} 步）。",
        )
    return (half,)


def of_layer(layer: LayerTrace) -> tuple[Text, ...]:
    """How open the gates stood on average; for an LSTM also how long a cell keeps what it holds."""
    means = {name: float(values.mean()) for name, values in layer.parts.items()}
    if layer.kind == "LSTM":
        kept = float(np.median(np.log(0.5) / np.log(layer.parts["forget"].mean(0).clip(1e-6, 1 - 1e-6))))
        return (
            Text(
                f"Layer {layer.layer} ({layer.place}): on average the input gates let through "
                f"{100 * means['input']:.0f} %, the forget gates keep {100 * means['forget']:.0f} %, the output gates "
                f"show {100 * means['output']:.0f} %; half of the cells keep half of what they hold for "
                f"{kept:.1f} positions or more.",
                f"第 {layer.layer} 层（{layer.place}）：输入门平均写入 {100 * means['input']:.0f}%，"
                f"遗忘门平均保留 {100 * means['forget']:.0f}%，输出门平均输出 {100 * means['output']:.0f}%；"
                f"一半的单元在 {kept:.1f} 个位置之后仍保留一半以上的内容。",
            ),
        )
    if layer.kind == "GRU":
        return (
            Text(
                f"Layer {layer.layer} ({layer.place}): on average the update gates keep {100 * means['update']:.0f} % "
                f"of the state, the reset gates let the candidate see {100 * means['reset']:.0f} % of it.",
                f"第 {layer.layer} 层（{layer.place}）：更新门平均保留 {100 * means['update']:.0f}% 的状态，"
                f"重置门平均让候选值看到其中的 {100 * means['reset']:.0f}%。",
            ),
        )
    return ()


def of_attribution(given: Attribution) -> Text:
    size = np.abs(given.steps).sum(0)
    total = float(size.sum()) or 1.0
    newest = float(size[-1]) / total
    near = int(np.searchsorted(np.cumsum(size[::-1]), 0.9 * total) + 1)
    return Text(
        f"Of what the past values do to the forecast, {100 * newest:.0f} % is the newest one's; nine tenths come from "
        f"the last {near:,} steps.",
        f"在过去各值对预测的作用中，最新值占 {100 * newest:.0f}%；十分之九来自最近 {near:,} 步。",
    )


def of_permutation(exchanged: Permutation) -> Text:
    listed = sorted(exchanged.loss.items(), key=lambda item: -item[1])
    english = ", ".join(f"{name} {100 * rise:+.0f} %" for name, rise in listed)
    chinese = "、".join(f"{name} {100 * rise:+.0f}%" for name, rise in listed)
    return Text(
        f"Error when a column comes from another window ({exchanged.windows:,} windows): {english}.",
        f"把某一列换成其他窗口的值后误差的变化（{exchanged.windows:,} 个窗口）：{chinese}。",
    )


def of_parameters(parameters: Sequence[Count]) -> tuple[Text, ...]:
    total = sum(row.count for row in parameters)
    largest = max(parameters, key=lambda row: row.count)
    where = f"{largest.place}, " if largest.how else ""
    return (
        Text(
            f"Parameters: {total:,}; most of them in one part: {largest.count:,} ({where}{largest.what.english}).",
            f"参数：共 {total:,} 个；最多的部分有 {largest.count:,} 个（{where}{largest.what.chinese}）。",
        ),
    )
