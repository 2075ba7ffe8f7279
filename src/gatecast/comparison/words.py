"""What a comparison says in sentences, in both languages. Computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gatecast.evaluation import method_name
from gatecast.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.comparison.differences import Difference
    from gatecast.comparison.result import Comparison


def sentences(comparison: Comparison) -> tuple[Text, ...]:
    """The naive methods first: where nothing beats them, the order of the networks is of little use."""
    found = [_beside_naive(comparison)]
    if len(comparison.trained) > 1:
        found.append(_among_the_trained(comparison))
    found.append(_evidence(comparison))
    trainings = sum(len(method.histories) for method in comparison.methods if method.kind == "network")
    if trainings < comparison.asked:
        found.append(_cut_short(trainings, comparison.asked))
    return tuple(found)


def _beside_naive(comparison: Comparison) -> Text:
    english, chinese = method_name(comparison.best_naive.name)
    beside = comparison.beside(comparison.best_naive.name)
    better = [one for one in beside.values() if one.sure and one.gain > 0]
    worse = [one for one in beside.values() if one.sure and one.gain < 0]
    if better:
        named = _listed([_share(one) for one in sorted(better, key=lambda one: -one.gain)])
        words = Text(
            f"Surely better than the best naive forecast ({english}): {named.english}.",
            f"确定优于最好的朴素预测（{chinese}）：{named.chinese}。",
        )
    else:
        words = Text(
            f"No skill: none of them is surely better than the best naive forecast ({english}).",
            f"没有预测能力：没有一个能确定优于最好的朴素预测（{chinese}）。",
        )
    if not worse:
        return words
    named = _listed([_share(one) for one in sorted(worse, key=lambda one: -one.gain)])
    return Text(f"{words.english} Surely worse: {named.english}.", f"{words.chinese}确定更差：{named.chinese}。")


def _share(one: Difference) -> Text:
    """`lstm (12 % less error)`."""
    percent = f"{100 * abs(one.gain):.0f}"
    english, chinese = ("less", "低") if one.gain > 0 else ("more", "高")
    name = method_name(one.first)
    return Text(f"{name.english} ({percent} % {english} error)", f"{name.chinese}（误差{chinese} {percent}%）")


def _among_the_trained(comparison: Comparison) -> Text:
    leader = method_name(comparison.leader.name)
    beside = {
        name: one for name, one in comparison.beside(leader.english).items() if name != comparison.best_naive.name
    }
    sure = _listed([method_name(name) for name, one in beside.items() if one.sure])
    open_ = _listed([method_name(name) for name, one in beside.items() if not one.sure])
    english, chinese = f"Least error: {leader.english}", f"误差最小：{leader.chinese}"
    if sure.english:
        english, chinese = f"{english}, surely less than {sure.english}", f"{chinese}，确定小于 {sure.chinese}"
    if open_.english:
        english = f"{english}; its lead over {open_.english} may be chance"
        chinese = f"{chinese}；与 {open_.chinese} 的差别可能只是偶然"
    return Text(f"{english}.", f"{chinese}。")


def _evidence(comparison: Comparison) -> Text:
    windows, series = len(comparison.actual), len(np.unique(comparison.origins.series))
    seeds = comparison.seeds
    english = (
        f"Tested over {windows:,} window{'s' if windows > 1 else ''} of {series:,} series and {seeds} "
        f"seed{'s' if seeds > 1 else ''}; “surely” holds for all that stand together (Holm's correction at 5 %)."
    )
    chinese = (
        f"检验基于 {series:,} 个序列的 {windows:,} 个窗口和 {seeds} 个种子；"
        f"“确定”对同时比较的各项一并成立（Holm 校正，5% 水平）。"
    )
    if seeds == 1:
        english += " With one seed, how much a network scatters from training to training is not known."
        chinese += "只有一个种子时，无法知道网络在各次训练之间的波动。"
    return Text(english, chinese)


def _cut_short(trainings: int, asked: int) -> Text:
    return Text(
        f"Stopped by Ctrl-C: {trainings} of {asked} trainings were finished and count.",
        f"已按 Ctrl-C 停止：{asked} 次训练中完成并计入的有 {trainings} 次。",
    )


def _listed(parts: Sequence[Text]) -> Text:
    return Text(", ".join(part.english for part in parts), "、".join(part.chinese for part in parts))
