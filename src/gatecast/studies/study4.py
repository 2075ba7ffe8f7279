"""Study 4: RNN against LSTM on a stock's close, three days predicting the fourth. Knows what the study does and says.

As published: divided by its range, LSTM 3 lags → 6 → 1, Adam 1e-2, 1000 full-batch iterations, 70 % train. Put right:
the scale is the training part's alone, three lags are three time steps, what is in and out of sample is told apart, and
"tomorrow is today" stands beside every figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gatecast.language import Text
from gatecast.scaling import Scaler
from gatecast.studies import material, mistakes
from gatecast.studies.judging import Judged, judge_beside_naive
from gatecast.studies.result import Chart, Line, OnProgress, Section, StudyResult
from gatecast.studies.tally import Tally
from gatecast.studies.textbook import Mark, Windows, network_of, predict, train, windows_of

CONTEXT, HIDDEN, RATE, ITERATIONS, TRAINS = 3, 6, 1e-2, 1000, 0.7
_QUICK = 40  # iterations
_SHOWN = "IBM"  # the stock whose losses are printed line by line


@dataclass(frozen=True)
class Case:
    """One network of the comparison. centred: scaled to mean 0 and deviation 1, else only divided by the range.

    changes: the network says by how much the close changes, not what it will be.
    """

    name: Text
    model: str
    centred: bool = True
    changes: bool = False


LSTM = Case(Text("LSTM", "LSTM"), "lstm")
RNN = Case(Text("RNN", "RNN"), "rnn")
PUBLISHED = Case(Text("LSTM, divided by the range only", "LSTM，仅除以极差"), "lstm", centred=False)
CHANGES = Case(Text("LSTM that says the change", "预测变化量的 LSTM"), "lstm", changes=True)
CASES = (LSTM, RNN, PUBLISHED, CHANGES)


@dataclass(frozen=True)
class Trained:
    """What one network did on one stock. Losses are in squared units of the training part's range, as published.

    marks: the printed training. point: (rows − 3,) its forecasts of all rows from the fourth on, in price units.
    naive_loss: the squared error of "tomorrow is today" on the windows that trained.
    """

    marks: list[Mark]
    point: np.ndarray
    naive_loss: float

    @property
    def ratio(self) -> float:
        """The training loss after the last iteration over that of "tomorrow is today"."""
        return self.marks[-1].loss / self.naive_loss


@dataclass(frozen=True)
class Stock:
    """All networks on one stock. training: rows of the training part."""

    ticker: str
    dates: list[str]
    close: np.ndarray
    training: int
    trained: dict[Case, Trained]

    def judged(self, *cases: Case) -> Judged:
        """Out of sample: every row after the training part."""
        actual, last = self.close[self.training :, None], self.close[self.training - 1 : -1]
        first = self.training - CONTEXT
        return judge_beside_naive(
            {str(case.name): self.trained[case].point[first:, None] for case in cases}, actual, last
        )


def run(*, seed: int = 0, quick: bool = False, on_progress: OnProgress | None = None) -> StudyResult:
    """Train the networks of the comparison on every bundled stock. quick: one stock, few rows, few iterations."""
    tickers, iterations = ((_SHOWN,), _QUICK) if quick else (material.STOCKS, ITERATIONS)
    tally = Tally(len(tickers) * len(CASES) * iterations, on_progress)
    stocks = [of_stock(ticker, iterations, seed=seed, quick=quick, tally=tally) for ticker in tickers]
    return StudyResult(
        4,
        Text("RNN against LSTM on a stock's close", "RNN 与 LSTM：预测股票收盘价"),
        (
            _task(stocks),
            _side_by_side(stocks),
            _all_stocks(stocks),
            *(_drawing(stock) for stock in stocks),
            mistakes.of_study(4),
        ),
    )


def of_stock(ticker: str, iterations: int, *, seed: int, quick: bool = False, tally: Tally | None = None) -> Stock:
    """Train every case on the adjusted close of one stock."""
    tally = tally or Tally(0, None)
    table = material.stock(ticker, quick=quick)
    close = table.column("close")
    training = int(TRAINS * len(close))
    trained = {}
    for case in CASES:
        tally.begin(Text(f"{ticker}: {case.name.english}", f"{ticker}：{case.name.chinese}"))
        trained[case] = fit(case, close, training, iterations, seed, tally)
    return Stock(ticker, table.dates, close, training, trained)


def fit(case: Case, close: np.ndarray, training: int, iterations: int, seed: int, tally: Tally) -> Trained:
    """Train one network on the first `training` rows, and forecast every row from the fourth on."""
    spread = float(np.ptp(close[:training]))
    scaler = Scaler.fit(close[:training, None]) if case.centred else Scaler(np.zeros(1), np.array([spread]))
    scaled = scaler.apply(close[:, None])
    lesson = windows_of(scaled[:training], context=CONTEXT)
    change_of = 0 if case.changes else None
    network = network_of(case.model, 1, seed=seed, change_of=change_of, hidden=HIDDEN)
    every = max(1, iterations // 10)
    marks = train(network, lesson, epochs=iterations, rate=RATE, every=every, on_epoch=tally.step)
    said = predict(network, windows_of(scaled, context=CONTEXT).inputs)
    unit = float(scaler.scale[0]) / spread  # of the loss: what the network computed in → the range
    marks = [mark._replace(loss=mark.loss * unit**2) for mark in marks]
    return Trained(marks, scaler.invert(said)[:, 0], _naive_loss(lesson) * unit**2)


def _naive_loss(lesson: Windows) -> float:
    """Mean squared error of saying that the newest value stays."""
    return float(np.mean((lesson.inputs[:, -1].astype(float) - lesson.targets) ** 2))


def _task(stocks: list[Stock]) -> Section:
    divided = [(stock.ticker, split) for stock in stocks for split in material.splits(stock.ticker)]
    english = "; ".join(f"{name} on {s.date}: {s.before:.2f} → {s.after:.2f}" for name, s in divided)
    chinese = "；".join(f"{name} 于 {s.date}：{s.before:.2f} → {s.after:.2f}" for name, s in divided)
    warning = Text(
        "Take the adjusted close. The raw close falls on the days on which each share became several, and nobody lost "
        f"anything: {english}.",
        f"请使用复权收盘价。原始收盘价在拆股当日下跌，而没有人亏损：{chinese}。",
    )
    return Section(
        Text("The task", "任务"),
        (
            Text(
                f"The closes of {CONTEXT} days predict that of the next day. The first {TRAINS:.0%} of the days train "
                f"(full batch, Adam {RATE:g}); mean, deviation and range are theirs alone. Three lags are three time "
                "steps of a window, and windows know nothing of each other.",
                f"用 {CONTEXT} 天的收盘价预测下一天。前 {TRAINS:.0%} 的日子用于训练（全批量，Adam {RATE:g}），"
                "均值、标准差和极差只取自训练部分。三个滞后值是窗口中的三个时间步，窗口之间互不相知。",
            ),
            *((warning,) if divided else ()),
        ),
    )


def _side_by_side(stocks: list[Stock]) -> Section:
    stock = next(stock for stock in stocks if stock.ticker == _SHOWN)
    shown = (LSTM, RNN)
    marks = {case: stock.trained[case].marks for case in shown}
    table: dict[str, list[Any]] = {"iteration": [mark.epoch for mark in marks[LSTM]]}
    for case in shown:
        table[f"{case.name} loss"] = [mark.loss for mark in marks[case]]
        table[f"{case.name} s"] = [mark.seconds for mark in marks[case]]
    naive = stock.trained[LSTM].naive_loss
    ends = [marks[LSTM][0].epoch, marks[LSTM][-1].epoch]
    lines = [
        Line(case.name, [mark.epoch for mark in trained.marks], [mark.loss for mark in trained.marks])
        for case, trained in stock.trained.items()
    ]
    lines.append(Line(_TOMORROW, ends, [naive, naive], dotted=True))
    return Section(
        Text(f"Side by side: {_SHOWN}", f"并排比较：{_SHOWN}"),
        (
            Text(
                f'The loss in squared units of the range, and the seconds since the start. "Tomorrow is today" has '
                f"{naive:.3g} on the same windows: a loss above that is a network that has not learnt to copy yet.",
                f"损失以极差的平方为单位，并列出耗时。“明天等于今天”在相同窗口上为 {naive:.3g}："
                "损失高于它，说明网络连照抄都还没学会。",
            ),
        ),
        table,
        Chart(
            Text("Training loss", "训练损失"),
            Text("iteration", "迭代"),
            Text("squared error in units of the range", "平方误差（以极差为单位）"),
            tuple(lines),
        ),
    )


_TOMORROW = Text("tomorrow is today", "明天等于今天")


def _all_stocks(stocks: list[Stock]) -> Section:
    table: dict[str, list[Any]] = {"stock": [stock.ticker for stock in stocks]}
    table["naive"] = [stock.trained[LSTM].naive_loss for stock in stocks]
    for case in CASES:
        table[str(case.name)] = [round(stock.trained[case].ratio, 3) for stock in stocks]
    return Section(
        Text("The training loss over that of tomorrow is today", "训练损失与“明天等于今天”之比"),
        (
            Text(
                "After the last iteration, on the windows that trained; below 1 is better than copying. Divided by the "
                "range only, the three lags are nearly one number, and it takes some thousands of iterations (IBM: "
                "4400) to give all weight to the newest. Centred and scaled to deviation 1, the same network gets "
                "there in 1000. Told to say the change alone, it starts there.",
                "最后一次迭代之后、在训练窗口上的比值；小于 1 才胜过照抄。仅除以极差时，三个滞后值几乎是同一个数，"
                "需要数千次迭代（IBM：4400 次）才能把权重全部给予最新的一个。减去均值并除以标准差后，"
                "同样的网络 1000 次就能做到；只让它预测变化量，则一开始就做到了。",
            ),
        ),
        table,
    )


def _drawing(stock: Stock) -> Section:
    judged = stock.judged(LSTM, RNN, CHANGES)
    first = stock.training - CONTEXT
    dates, point = stock.dates[CONTEXT:], stock.trained[LSTM].point
    drawn, last = stock.close[CONTEXT:, None], stock.close[CONTEXT - 1 : -1]
    whole, outside = judge_beside_naive({"LSTM": point[:, None]}, drawn, last).table["R2"], judged.table["R2"]
    return Section(
        Text(f"{stock.ticker}: out of sample", f"{stock.ticker}：样本外"),
        (
            judged.verdict.text,
            Text(
                f"Judged on the {len(point) - first} days after {stock.dates[stock.training - 1]}. R² of the LSTM and "
                f"of tomorrow is today: over the whole drawing {whole[0]:.3f} and {whole[1]:.3f}, out of sample "
                f"{outside[0]:.3f} and {outside[-1]:.3f}.",
                f"在 {stock.dates[stock.training - 1]} 之后的 {len(point) - first} 天上评估。"
                f"LSTM 与“明天等于今天”的 R²：整幅图 {whole[0]:.3f} 与 {whole[1]:.3f}，"
                f"样本外 {outside[0]:.3f} 与 {outside[-1]:.3f}。",
            ),
        ),
        judged.table,
        Chart(
            Text(f"Adjusted close of {stock.ticker}", f"{stock.ticker} 的复权收盘价"),
            Text("date", "日期"),
            Text("price", "价格"),
            (
                Line(Text("real", "真实值"), dates, stock.close[CONTEXT:]),
                Line(Text("LSTM, in sample", "LSTM，样本内"), dates[:first], point[:first], dotted=True),
                Line(Text("LSTM, out of sample", "LSTM，样本外"), dates[first:], point[first:], dotted=True),
            ),
        ),
    )
