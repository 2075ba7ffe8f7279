"""Study 1: several variables over m time points → the next L values of one of them. Knows what it does and says.

As published: LSTM → hidden state of the last time → linear → L outputs; mean squared error, Adam 1e-2, 100 iterations,
loss every 10, on a GPU where there is one. Put right: only windows whose L targets are known train, the last window
sees the newest row and nothing after it, and one window without a batch axis is a window too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatecast.language import Text
from gatecast.runtime import resolve_device
from gatecast.scaling import Scaler
from gatecast.studies import material, mistakes
from gatecast.studies.judging import Judged, judge_beside_naive
from gatecast.studies.result import Chart, Line, OnProgress, Section, StudyResult
from gatecast.studies.tally import Tally
from gatecast.studies.textbook import Mark, as_columns, loss_chart, network_of, one_column, predict, train, windows_of

CONTEXT, HORIZON, HIDDEN, RATE, ITERATIONS, TRAINS = 14, 7, 32, 1e-2, 100, 0.8
TARGET = "temp_max"
_QUICK = 20  # iterations
_DRAWN = 60  # days before the forecast


@dataclass(frozen=True)
class Trained:
    """What the network learnt and said, in °C.

    learnt: windows that trained. ahead: (horizon,) the forecast from the newest day. actual, point: (windows, horizon)
    of the windows after the training part; last: (windows,) the day before each.
    """

    table: material.Table
    marks: list[Mark]
    learnt: int
    ahead: np.ndarray
    actual: np.ndarray
    point: np.ndarray
    last: np.ndarray

    @property
    def judged(self) -> Judged:
        return judge_beside_naive({"LSTM": self.point}, self.actual, self.last)


def run(*, seed: int = 0, quick: bool = False, on_progress: OnProgress | None = None) -> StudyResult:
    """Train on the bundled weather, forecast the next days, judge. quick: few rows and few iterations."""
    iterations = _QUICK if quick else ITERATIONS
    tally = Tally(iterations, on_progress)
    tally.begin(Text("Training", "训练"))
    trained = fit(iterations, seed=seed, quick=quick, tally=tally)
    return StudyResult(
        1,
        Text("The next seven days at once", "一次预测未来七天"),
        (_task(trained), _training(trained), _ahead(trained), _judged(trained), mistakes.of_study(1)),
    )


def fit(iterations: int, *, seed: int, quick: bool = False, tally: Tally | None = None) -> Trained:
    """Train on the first 80 % of the days; forecast from every later window, and from the newest day."""
    table = material.weather(quick=quick)
    target = table.names.index(TARGET)
    training = int(TRAINS * len(table.values))
    scaler = Scaler.fit(table.values[:training])
    degrees = one_column(scaler, target)
    scaled = scaler.apply(table.values)
    lesson = windows_of(scaled[:training], target, context=CONTEXT, horizon=HORIZON)
    network = network_of("lstm", len(table.names), HORIZON, seed=seed, hidden=HIDDEN)
    on_epoch = (tally or Tally(0, None)).step
    marks = train(network, lesson, epochs=iterations, rate=RATE, every=max(1, iterations // 10), on_epoch=on_epoch)
    later = windows_of(scaled[training - CONTEXT :], target, context=CONTEXT, horizon=HORIZON)
    celsius = table.column(TARGET)[training - 1 :]  # the first is the day before the first forecast
    return Trained(
        table,
        marks,
        len(lesson.inputs),
        degrees.invert(predict(network, scaled[-CONTEXT:])),
        windows_of(celsius[1:], context=0, horizon=HORIZON).targets.astype(float),
        degrees.invert(predict(network, later.inputs)),
        celsius[: len(later.inputs)],
    )


def _task(trained: Trained) -> Section:
    device = resolve_device("auto")
    return Section(
        Text("The task", "任务"),
        (
            Text(
                f"{len(trained.table.names)} variables of {CONTEXT} days ({', '.join(trained.table.names)}) predict "
                f"{TARGET} of the next {HORIZON} days at once: (time, variables) → LSTM {HIDDEN} → the hidden state of "
                f"the last day → linear → {HORIZON} numbers. {trained.learnt:,} windows train, all of whose targets "
                f"are known; Adam {RATE:g}, full batch, on {device}.",
                f"用 {CONTEXT} 天的 {len(trained.table.names)} 个变量（{'、'.join(trained.table.names)}）一次预测未来 "
                f"{HORIZON} 天的 {TARGET}：（时间，变量）→ LSTM {HIDDEN} → 最后一天的隐状态 → 线性层 → {HORIZON} 个数。"
                f"共 {trained.learnt:,} 个目标全部已知的窗口参加训练；Adam {RATE:g}，全批量，设备 {device}。",
            ),
        ),
    )


def _training(trained: Trained) -> Section:
    return Section(
        Text("Training", "训练"),
        (
            Text(
                "Mean squared error of the scaled targets. Training is by back-propagation; without any gradient, "
                "simulated annealing does it for small networks: optimiser annealing of the main job.",
                "缩放后目标的均方误差。训练使用反向传播；小网络也可不用梯度，"
                "以模拟退火训练：主要流程的优化器 annealing。",
            ),
        ),
        as_columns(trained.marks),
        loss_chart({Text("training loss", "训练损失"): trained.marks}, Text("iteration", "迭代")),
    )


def _ahead(trained: Trained) -> Section:
    dates, degrees = trained.table.dates[-_DRAWN:], trained.table.column(TARGET)[-_DRAWN:]
    newest = np.datetime64(dates[-1])
    ahead = [str(newest + np.timedelta64(day, "D")) for day in range(HORIZON + 1)]
    return Section(
        Text("From the newest day", "从最新一天预测"),
        (
            Text(
                f"The last window ends with {dates[-1]}, the newest row; the first value forecast is of {ahead[1]}.",
                f"最后一个窗口止于最新一行 {dates[-1]}，第一个预测值对应 {ahead[1]}。",
            ),
        ),
        {"date": ahead[1:], "forecast": trained.ahead.tolist()},
        Chart(
            Text("Highest temperature of the day", "日最高气温"),
            Text("date", "日期"),
            Text("°C", "°C"),
            (
                Line(Text("real", "真实值"), dates, degrees),
                Line(Text("forecast", "预测值"), ahead, [degrees[-1], *trained.ahead], dotted=True),
            ),
        ),
    )


def _judged(trained: Trained) -> Section:
    judged = trained.judged
    errors = np.abs(trained.actual - trained.point).mean(axis=0)
    naive = np.abs(trained.actual - trained.last[:, None]).mean(axis=0)
    steps = list(range(1, HORIZON + 1))
    return Section(
        Text("Was it worth it?", "值得吗？"),
        (judged.verdict.text,),
        judged.table,
        Chart(
            Text("Mean absolute error of each day ahead", "各预测日的平均绝对误差"),
            Text("days ahead", "向前天数"),
            Text("°C", "°C"),
            (
                Line(Text("LSTM", "LSTM"), steps, errors),
                Line(Text("tomorrow is today", "明天等于今天"), steps, naive, dotted=True),
            ),
        ),
    )
