"""Study 2: open, high, low, close and volume of seven days → the next close. Knows what the study does and says.

As published: 80 % train, each column scaled to 0–1, LSTM 5 → 64 × 2 layers → 1, Adam 1e-3, 100 full-batch epochs, the
model saved and loaded. Put right: the scale is the training rows' alone and inverts the one predicted column, no window
is lost, no row is shifted, and "tomorrow is today" stands beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from gatecast.language import Text
from gatecast.studies import material, mistakes
from gatecast.studies.judging import Judged, judge_beside_naive
from gatecast.studies.result import Chart, Line, OnProgress, Section, StudyResult
from gatecast.studies.tally import Tally
from gatecast.studies.textbook import (
    ManyToOne,
    Mark,
    as_columns,
    loss_chart,
    network_of,
    one_column,
    parameters,
    predict,
    train,
    unit_interval,
    windows_of,
)

CONTEXT, RATE, EPOCHS, TRAINS = 7, 1e-3, 100, 0.8
SHAPE: dict[str, Any] = {"hidden": 64, "layers": 2}
CLOSE = material.COLUMNS.index("close")
_QUICK = 10  # epochs
_SHOWN = "IBM"
_CHANGES = Text("LSTM that says the change", "预测变化量的 LSTM")


@dataclass(frozen=True)
class Stock:
    """One stock: what its network said of every row after the training part, beside what came.

    actual, point, last: (rows,) in the unit of the price. tomorrow: the forecast from the newest days.
    bytes_saved: the size of the saved weights. loaded_equal: whether the loaded ones forecast the same bits.
    """

    ticker: str
    dates: list[str]
    marks: list[Mark]
    actual: np.ndarray
    point: np.ndarray
    last: np.ndarray
    tomorrow: float
    learnt: int
    bytes_saved: int
    loaded_equal: bool

    @property
    def judged(self) -> Judged:
        return judge_beside_naive({"LSTM": self.point[:, None]}, self.actual[:, None], self.last)


def run(*, seed: int = 0, quick: bool = False, on_progress: OnProgress | None = None) -> StudyResult:
    """Train and judge the network on every bundled stock. quick: one stock, few rows, few epochs."""
    tickers, epochs = ((_SHOWN,), _QUICK) if quick else (material.STOCKS, EPOCHS)
    tally = Tally((len(tickers) + 1) * epochs, on_progress)
    stocks = [of_stock(ticker, epochs, seed=seed, quick=quick, tally=tally) for ticker in tickers]
    shown = next(stock for stock in stocks if stock.ticker == _SHOWN)
    remedy = of_stock(_SHOWN, epochs, changes=True, seed=seed, quick=quick, tally=tally)
    return StudyResult(
        2,
        Text("Open, high, low, close, volume → the next close", "开高低收量 → 次日收盘价"),
        (
            _task(stocks),
            _training(shown),
            _test_part(shown, remedy),
            _all_stocks(stocks),
            _kept(shown),
            mistakes.of_study(2),
        ),
    )


def of_stock(
    ticker: str,
    epochs: int,
    *,
    changes: bool = False,
    seed: int,
    quick: bool = False,
    tally: Tally | None = None,
) -> Stock:
    """Train on the first 80 % of a stock's days, and forecast every day after them from the seven before it.

    changes: the network says by how much the close changes, not what it will be.
    """
    tally = tally or Tally(0, None)
    tally.begin(Text(ticker, ticker))
    table = material.stock(ticker, quick=quick)
    training = int(TRAINS * len(table.values))
    scaler = unit_interval(table.values[:training])
    scaled = scaler.apply(table.values)
    network = network_of("lstm", len(table.names), seed=seed, change_of=CLOSE if changes else None, **SHAPE)
    lesson = windows_of(scaled[:training], CLOSE, context=CONTEXT)
    marks = train(network, lesson, epochs=epochs, rate=RATE, every=max(1, epochs // 20), on_epoch=tally.step)
    inputs = windows_of(scaled[training - CONTEXT :], CLOSE, context=CONTEXT).inputs
    price = one_column(scaler, CLOSE)
    said, close = predict(network, inputs), table.column("close")
    saved = save_tensors(network.cpu().state_dict())
    return Stock(
        ticker,
        table.dates[training:],
        marks,
        close[training:],
        price.invert(said)[:, 0],
        close[training - 1 : -1],
        float(price.invert(predict(network, scaled[-CONTEXT:]))[0]),
        parameters(network),
        len(saved),
        bool((predict(_loaded(saved, len(table.names), changes), inputs) == predict(network, inputs)).all()),
    )


def _loaded(saved: bytes, inputs: int, changes: bool) -> ManyToOne:
    """The network from its saved weights; what it was drawn with is overwritten."""
    network = network_of("lstm", inputs, seed=1, change_of=CLOSE if changes else None, **SHAPE)
    network.load_state_dict(load_tensors(saved))
    return network


def _task(stocks: list[Stock]) -> Section:
    divided = [(stock.ticker, split) for stock in stocks for split in material.splits(stock.ticker)]
    english = "; ".join(f"{name} {s.date}, {s.before:.2f} → {s.after:.2f}" for name, s in divided)
    chinese = "；".join(f"{name} {s.date}，{s.before:.2f} → {s.after:.2f}" for name, s in divided)
    warning = Text(
        "All prices are adjusted: open, high, low and close times adjusted close over close. In the raw ones a split "
        f"looks like a crash: {english}.",
        f"所有价格均已复权：开高低收乘以复权收盘价与收盘价之比。在原始价格中，拆股看起来像暴跌：{chinese}。",
    )
    return Section(
        Text("The task", "任务"),
        (
            Text(
                f"The last {CONTEXT} days of five columns predict the next close. The first {TRAINS:.0%} of the days "
                f"train: each column is scaled to 0–1 by them alone. LSTM 5 → 64 × 2 layers → 1, "
                f"{stocks[0].learnt:,} parameters; Adam {RATE:g}, full batch.",
                f"用最近 {CONTEXT} 天的五列数据预测次日收盘价。前 {TRAINS:.0%} 的日子用于训练，"
                "各列只按训练部分缩放到 0–1。"
                f"LSTM 5 → 64 × 2 层 → 1，共 {stocks[0].learnt:,} 个参数；Adam {RATE:g}，全批量。",
            ),
            *((warning,) if divided else ()),
        ),
    )


def _training(stock: Stock) -> Section:
    return Section(
        Text(f"Training: {stock.ticker}", f"训练：{stock.ticker}"),
        (
            Text(
                "Mean squared error of the scaled close, and the seconds since the start.",
                "缩放后收盘价的均方误差，以及累计耗时（秒）。",
            ),
        ),
        as_columns(stock.marks),
        loss_chart({Text("training loss", "训练损失"): stock.marks}, Text("epoch", "轮")),
    )


def _test_part(stock: Stock, remedy: Stock) -> Section:
    said = {"LSTM": stock.point[:, None], str(_CHANGES): remedy.point[:, None]}
    judged = judge_beside_naive(said, stock.actual[:, None], stock.last)
    return Section(
        Text(f"The test part: {stock.ticker}", f"测试部分：{stock.ticker}"),
        (
            judged.verdict.text,
            Text(
                f"From the {CONTEXT} days up to {stock.dates[-1]} the next close is forecast as {stock.tomorrow:.2f}; "
                f"the last one was {stock.actual[-1]:.2f}.",
                f"由截至 {stock.dates[-1]} 的 {CONTEXT} 天预测下一个收盘价为 {stock.tomorrow:.2f}；"
                f"最后一个收盘价为 {stock.actual[-1]:.2f}。",
            ),
        ),
        judged.table,
        Chart(
            Text(f"Adjusted close of {stock.ticker}, test part", f"{stock.ticker} 的复权收盘价，测试部分"),
            Text("date", "日期"),
            Text("price", "价格"),
            (
                Line(Text("real", "真实值"), stock.dates, stock.actual),
                Line(Text("LSTM", "LSTM"), stock.dates, stock.point, dotted=True),
                Line(_CHANGES, stock.dates, remedy.point, dotted=True),
            ),
        ),
    )


def _all_stocks(stocks: list[Stock]) -> Section:
    judged = [stock.judged for stock in stocks]
    table: dict[str, list[Any]] = {"stock": [stock.ticker for stock in stocks]}
    for measure in ("RMSE", "R2"):
        for row, method in enumerate(("LSTM", "naive")):
            table[f"{measure} {method}"] = [one.table[measure][row] for one in judged]
    table["verdict"] = [one.verdict.kind for one in judged]
    return Section(
        Text("Every stock, in the unit of its price", "各股票，以价格为单位"),
        (
            Text(
                "R² looks well wherever the price wanders far: that of tomorrow is today shows how little it says. "
                "Where a price leaves the range that trained, as AAPL's did, the network cannot follow: its output is "
                "bounded. The remedy is to let it say the change, as the main job does.",
                "价格波动范围大时 R² 总是好看：“明天等于今天”的 R² 说明它几乎不说明什么。"
                "当价格超出训练范围（如 AAPL），网络便跟不上：它的输出是有界的。"
                "补救办法是让它只说变化量，主要流程即如此。",
            ),
        ),
        table,
    )


def _kept(stock: Stock) -> Section:
    same = Text("the same", "相同") if stock.loaded_equal else Text("NOT the same", "不相同")
    return Section(
        Text("Saved and loaded", "保存与加载"),
        (
            Text(
                f"The weights take {stock.bytes_saved:,} bytes as safetensors, which hold numbers and cannot run code. "
                f"Loaded into a fresh network they forecast {same.english}, to the last bit.",
                f"权重以 safetensors 保存，占 {stock.bytes_saved:,} 字节；该格式只含数字，不能运行代码。"
                f"加载到新网络后，预测逐位{same.chinese}。",
            ),
        ),
    )
