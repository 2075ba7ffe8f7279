"""Study 5: the LSTM from its four gates, a convolution branch beside it, and ensembles. Knows what it does and says.

As published: gates with parameters of their own, as a layer and as a network with a linear output; batch 64, 50 epochs,
a 10 % validation split, elapsed time; predictions over the data in original units; LSTM (64) and convolution (64
filters of width 3, max-pool 2) merged; members averaged. Put right: the gates read the hidden state, a batch is a
batch, the weights are drawn, and validation rows come after those that train.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gatecast.ensemble import Rule, combine, learn_weights, votes
from gatecast.forecast import Prediction
from gatecast.language import Text
from gatecast.runtime import private_torch_stream
from gatecast.scaling import Scaler
from gatecast.studies import material, mistakes
from gatecast.studies.from_gates import GateLSTM
from gatecast.studies.judging import judge_beside_naive
from gatecast.studies.result import Chart, Line, OnProgress, Section, StudyResult
from gatecast.studies.tally import Tally
from gatecast.studies.textbook import (
    ManyToOne,
    Mark,
    Windows,
    as_columns,
    loss_chart,
    network_of,
    parameters,
    predict,
    train,
    windows_of,
)

CONTEXT, HIDDEN, RATE, BATCH, EPOCHS, TRAINS, VALIDATES = 22, 64, 5e-3, 64, 50, 0.8, 0.1
_QUICK = 5  # epochs

FROM_GATES = Text("LSTM from its gates", "由门写成的 LSTM")
DEAF = Text("gates that never read h", "从不读取 h 的门")
MERGED = Text("LSTM and convolution, merged", "LSTM 与卷积合并")
GRU = Text("GRU", "GRU")
_MEMBERS = (FROM_GATES, MERGED, GRU)
_RULES: dict[Rule, Text] = {
    "mean": Text("ensemble", "集成"),
    "median": Text("ensemble, median", "集成（中位数）"),
    "stacking": Text("ensemble, stacked", "集成（堆叠）"),
}


@dataclass(frozen=True)
class Rows:
    """The series and how it is divided. training: rows that train or validate; scaler: of those that train."""

    years: list[str]
    values: np.ndarray
    training: int
    scaler: Scaler
    lesson: Windows
    validation: Windows
    every: Windows


@dataclass(frozen=True)
class Trained:
    """One network. point: (rows − context,) what it says of every row from the first window on, in original units."""

    marks: list[Mark]
    point: np.ndarray
    learnt: int


def run(*, seed: int = 0, quick: bool = False, on_progress: OnProgress | None = None) -> StudyResult:
    """Train the networks on the bundled sunspots, and combine them. quick: few epochs."""
    epochs = _QUICK if quick else EPOCHS
    makes: dict[Text, Callable[[], ManyToOne]] = {
        FROM_GATES: lambda: from_gates(seed=seed),
        DEAF: lambda: from_gates(hears=False, seed=seed),
        MERGED: lambda: network_of("lstm+cnn", 1, seed=seed, hidden=HIDDEN, filters=64, width=3),
        GRU: lambda: network_of("gru", 1, seed=seed, hidden=HIDDEN),
    }
    tally = Tally(len(makes) * epochs, on_progress)
    rows = divided()
    trained = {}
    for name, make in makes.items():
        tally.begin(name)
        trained[name] = fit(make(), rows, epochs, seed, tally)
    return StudyResult(
        5,
        Text("The cell from scratch, and the ensemble", "从零写出单元，再做集成"),
        (
            _task(rows, trained),
            _training(trained),
            _drawing(rows, trained),
            _together(rows, trained),
            mistakes.of_study(5),
        ),
    )


def from_gates(*, hears: bool = True, seed: int) -> ManyToOne:
    """The network of the study: the layer of `from_gates`, and a linear output."""
    with private_torch_stream(seed, "study", "from gates"):
        return ManyToOne(GateLSTM(1, HIDDEN, hears=hears), 1)


def divided() -> Rows:
    """The sunspots: the last 20 % test; of the windows before, the newest 10 % validate."""
    table = material.sunspots()
    training = int(TRAINS * len(table.values))
    fitted = int((1 - VALIDATES) * training)
    scaler = Scaler.fit(table.values[:fitted])
    every = windows_of(scaler.apply(table.values), context=CONTEXT)
    learnt, known = fitted - CONTEXT, training - CONTEXT
    lesson, validation = every.between(0, learnt), every.between(learnt, known)
    return Rows(table.dates, table.values[:, 0], training, scaler, lesson, validation, every)


def fit(network: ManyToOne, rows: Rows, epochs: int, seed: int, tally: Tally) -> Trained:
    """Train one network, and let it forecast every row."""
    marks = train(
        network,
        rows.lesson,
        epochs=epochs,
        rate=RATE,
        batch=BATCH,
        every=max(1, epochs // 10),
        seed=seed,
        validation=rows.validation,
        on_epoch=tally.step,
    )
    point = rows.scaler.invert(predict(network, rows.every.inputs))[:, 0]
    return Trained(marks, point, parameters(network))


def _task(rows: Rows, trained: dict[Text, Trained]) -> Section:
    learnt = trained[FROM_GATES].learnt
    return Section(
        Text("The task", "任务"),
        (
            Text(
                f"{CONTEXT} years of sunspots predict the next. {len(rows.lesson.inputs)} windows train in batches of "
                f"{BATCH}, the {len(rows.validation.inputs)} after them validate, and the years from "
                f"{rows.years[rows.training]} on test. The layer has {HIDDEN} units and, with its linear output, "
                f"{learnt:,} parameters: four gates of {HIDDEN} × (1 + {HIDDEN}) weights and two biases each.",
                f"用 {CONTEXT} 年的太阳黑子数预测下一年。{len(rows.lesson.inputs)} 个窗口以 {BATCH} 个一批训练，其后 "
                f"{len(rows.validation.inputs)} 个用于验证，{rows.years[rows.training]} 年起用于测试。"
                f"该层有 {HIDDEN} 个单元，连同线性输出共 {learnt:,} 个参数：四个门，"
                f"每个门有 {HIDDEN} × (1 + {HIDDEN}) 个权重和两组偏置。",
            ),
        ),
    )


def _training(trained: dict[Text, Trained]) -> Section:
    shown = trained[FROM_GATES].marks
    return Section(
        Text("Training the layer from its gates", "训练由门写成的层"),
        (
            Text(
                f"After {shown[-1].epoch} epochs the loss is {shown[-1].loss:.3f}; that of the same layer whose gates "
                f"never read the hidden state is {trained[DEAF].marks[-1].loss:.3f}.",
                f"{shown[-1].epoch} 轮后损失为 {shown[-1].loss:.3f}；同一层若门从不读取隐状态，则为 "
                f"{trained[DEAF].marks[-1].loss:.3f}。",
            ),
        ),
        as_columns(shown),
        loss_chart({name: one.marks for name, one in trained.items()}, Text("epoch", "轮")),
    )


def _drawing(rows: Rows, trained: dict[Text, Trained]) -> Section:
    point, cut = trained[FROM_GATES].point, rows.training - CONTEXT
    years = rows.years[CONTEXT:]
    return Section(
        Text("Over the data, in original units", "以原单位画在数据之上"),
        (
            Text(
                f"What trained and validated lies before {rows.years[rows.training]}, what tests from then on.",
                f"{rows.years[rows.training]} 年之前为训练与验证，之后为测试。",
            ),
        ),
        chart=Chart(
            Text("Sunspots a year", "太阳黑子年度数目"),
            Text("year", "年"),
            Text("sunspots", "黑子数"),
            (
                Line(Text("real", "真实值"), rows.years, rows.values),
                Line(Text("said of the training part", "对训练部分的预测"), years[:cut], point[:cut], dotted=True),
                Line(Text("said of the test part", "对测试部分的预测"), years[cut:], point[cut:], dotted=True),
            ),
        ),
    )


def _together(rows: Rows, trained: dict[Text, Trained]) -> Section:
    cut = rows.training - CONTEXT
    actual, last = rows.values[rows.training :, None], rows.values[rows.training - 1 : -1]
    combined = {str(name): _combined(rule, rows, trained)[cut:] for rule, name in _RULES.items()}
    alone = {str(name): one.point[cut:, None] for name, one in trained.items()}
    judged = judge_beside_naive({**combined, **alone}, actual, last)
    blank = [None] * len(combined)
    learnt = [*blank, *(one.learnt for one in trained.values()), None]
    seconds = [*blank, *(one.marks[-1].seconds for one in trained.values()), None]
    rose, voted = actual[:, 0] > last, _voted(np.stack([trained[name].point[cut:] > last for name in _MEMBERS]))
    hits, base = np.mean(voted == rose), max(rose.mean(), 1 - rose.mean())
    return Section(
        Text("Two branches merged, and several networks combined", "两个分支合并，多个网络组合"),
        (
            judged.verdict.text,
            Text(
                "All in original units, on the test part. Three networks that hear are combined; the stack's weights "
                "are learnt on the validation windows. What the deaf gates lose is what the hidden state is for.",
                "均以原单位在测试部分上计算。组合的是三个能读取隐状态的网络；堆叠的权重在验证窗口上学得。"
                "失聪的门所失去的，正是隐状态的用处。",
            ),
            Text(
                f"Asked only whether the number will rise, the three vote, and are right in {hits:.0%} of the years; "
                f"always saying the same is right in {base:.0%}.",
                f"若只问数目是否上升，三者投票，{hits:.0%} 的年份正确；始终给出同一答案则为 {base:.0%}。",
            ),
        ),
        judged.table | {"parameters": learnt, "seconds": seconds},
    )


def _combined(rule: Rule, rows: Rows, trained: dict[Text, Trained]) -> np.ndarray:
    """(rows − context, 1) the members as one; what a rule learns, it learns on the validation windows."""
    points = np.stack([trained[name].point[:, None] for name in _MEMBERS])
    first = len(rows.lesson.inputs)
    held_out = slice(first, first + len(rows.validation.inputs))
    actual = rows.values[CONTEXT:, None][held_out]
    weights = learn_weights(rule, points[:, held_out], actual, np.ones(len(actual)))
    no_interval = np.zeros((points.shape[1], 1, 0))
    return combine(rule, [Prediction(point, no_interval, no_interval) for point in points], weights).point


def _voted(rises: np.ndarray) -> np.ndarray:
    """(n,) whether most members say that it rises. rises: (members, n)."""
    return votes([np.column_stack([~rise, rise]).astype(float) for rise in rises]).argmax(axis=1) == 1
