"""Mistakes with the data: windows, scales, rows, prices. Each figure is computed on bundled data."""

from __future__ import annotations

import numpy as np

from gatecast.evaluation.metrics import r2, rmse
from gatecast.language import Text
from gatecast.studies import material
from gatecast.studies.mistake import Mistake
from gatecast.studies.textbook import one_column, unit_interval, windows_of

_CLOSE = material.COLUMNS.index("close")
_TRAINS = 0.8


def unknown_targets() -> Mistake:
    """Study 1: windows at the end of the data, whose targets lie partly in the future, train all the same."""
    context, horizon = 14, 7
    known = material.weather().column("temp_max")
    reaching = np.concatenate([known, np.full(horizon - 1, np.nan)])
    wrong, right = (windows_of(values, context=context, horizon=horizon) for values in (reaching, known))
    return Mistake(
        Text("Targets that nobody knows yet train", "用尚未发生的目标训练"),
        Text("invented values among the targets", "目标中臆造的数值个数"),
        int(np.isnan(wrong.targets).sum()),
        int(np.isnan(right.targets).sum()),
        Text(
            f"With {horizon} targets a window, the last {horizon - 1} windows reach beyond the data; filled with zeros "
            "they teach a fall that never was. Only windows whose targets are all known train.",
            f"每个窗口有 {horizon} 个目标，最后 {horizon - 1} 个窗口越过数据末尾；"
            "用零填充，便教会网络一次并不存在的下跌。只有目标全部已知的窗口参加训练。",
        ),
    )


def wrong_column() -> Mistake:
    """Study 2: the scaler of five columns inverts one predicted column as if it were the first of them."""
    table = material.stock("IBM")
    training = int(_TRAINS * len(table.values))
    scaler = unit_interval(table.values[:training])
    perfect = scaler.apply(table.values)[training:, [_CLOSE]]
    inverted = [one_column(scaler, column).invert(perfect) for column in (0, _CLOSE)]
    wrong, right = (round(rmse(table.values[training:, [_CLOSE]], prices), 9) for prices in inverted)
    return Mistake(
        Text("A scaler of five columns inverts one", "用五列的缩放器反变换一列"),
        Text("RMSE of a perfect forecast of IBM, in dollars", "对 IBM 完美预测的 RMSE（美元）"),
        wrong,
        right,
        Text(
            "It refuses one column, and the usual way out, repeating it five times and taking the first, inverts the "
            "close by the range of the open. Keep the minimum and maximum of the one column that is predicted.",
            "它拒绝单独一列，而常见的变通（重复五次后取第一列）会用开盘价的范围反变换收盘价。"
            "应保留被预测那一列自己的最小值和最大值。",
        ),
    )


def leaking_range() -> Mistake:
    """Studies 2 and 4: the range is taken from all rows, so that training knows the highest price to come."""
    close = material.stock("AAPL").column("close")[:, None]
    training = int(_TRAINS * len(close))
    wrong, right = (float(unit_interval(seen).apply(close).max()) for seen in (close, close[:training]))
    return Mistake(
        Text("The range of all rows scales those that train", "用全部数据的范围缩放训练部分"),
        Text("AAPL's highest close of the test part, scaled", "AAPL 测试部分最高收盘价（缩放后）"),
        wrong,
        right,
        Text(
            "With the range of all rows every price to come lies below 1, and training has been told so. From the "
            "training rows alone, the test part goes far beyond what the network has seen, which is the truth.",
            "若用全部数据的范围，未来的每个价格都在 1 以下，而训练已被告知这一点。"
            "只用训练部分时，测试部分远远超出网络所见，这才是实情。",
        ),
    )


def lost_window() -> Mistake:
    """Study 2: `range(len(data) - window - 1)` loses the newest window."""
    context, rows = 7, len(material.stock("IBM").values)
    values = np.arange(rows, dtype=float)
    wrong = len(range(rows - context - 1))
    return Mistake(
        Text("The newest window is lost to an off-by-one", "差一错误丢掉了最新的窗口"),
        Text("windows of 7 days in IBM's rows", "IBM 数据中 7 天窗口的个数"),
        wrong,
        len(windows_of(values, context=context).inputs),
        Text(
            "Of n rows, n − 7 windows have a target; the loop stops at n − 8. It is the newest day that is lost, and "
            "the forecast for tomorrow is one for today.",
            "n 行数据有 n − 7 个带目标的窗口，循环却止于 n − 8。丢掉的正是最新的一天，对明天的预测成了对今天的预测。",
        ),
    )


def shifted_rows() -> Mistake:
    """Study 2: test rows are compared with predictions of their neighbours."""
    close = material.stock("IBM").column("close")
    training = int(_TRAINS * len(close))
    actual, last = close[training:, None], close[training - 1 : -1, None]
    return Mistake(
        Text("Test rows are shifted by one against their predictions", "测试行与预测错开一行"),
        Text("RMSE of tomorrow is today on IBM, in dollars", "“明天等于今天”在 IBM 上的 RMSE（美元）"),
        rmse(last, last),
        rmse(actual, last),
        Text(
            "Held against the day before, a copy of the last price is perfect. An error that is too good to be true is "
            "the way to see it: put the naive forecast beside the network, on the same rows.",
            "若与前一天相比，照抄最后价格便完美无缺。好得不真实的误差就是征兆：在相同的行上，把朴素预测放在网络旁边。",
        ),
    )


def raw_prices() -> Mistake:
    """Studies 2 and 4: the raw close holds splits, which look like crashes."""
    falls = []
    for adjusted in (False, True):
        close = material.stock("MSFT", adjusted=adjusted).column("close")
        falls.append(100 * float((1 - close[1:] / close[:-1]).max()))
    days = "; ".join(f"{name} {split.date}" for name in material.STOCKS for split in material.splits(name))
    return Mistake(
        Text("The raw close is not adjusted for splits", "原始收盘价未按拆股复权"),
        Text("MSFT's largest fall in a day, in percent", "MSFT 单日最大跌幅（%）"),
        falls[0],
        falls[1],
        Text(
            f"On these days each share became two, and nobody lost anything: {days}. Take the adjusted close.",
            f"在这些日子每股变成两股，没有人亏损：{days}。请使用复权收盘价。",
        ),
    )


def inputs_as_targets() -> Mistake:
    """Study 3a: the validation targets are the inputs."""
    games = np.array([[10.0], [11.0]])
    minutes = 1.6 * games + 4
    return Mistake(
        Text("The validation targets are the inputs", "验证目标误用了输入"),
        Text("validation loss of the true line", "真实直线的验证损失"),
        rmse(games, minutes) ** 2,
        rmse(minutes, minutes) ** 2,
        Text(
            "The study's validation loss of 300 is no sign of overfitting: the line that made the data would get one "
            "of a hundred. Let the truth, or a naive forecast, run through the validation first.",
            "研究中高达 300 的验证损失并不说明过拟合：生成数据的直线本身也会得到一百多。"
            "请先让真值或朴素预测通过一遍验证。",
        ),
    )


def one_drawing() -> Mistake:
    """Study 4: one drawing and one figure for what was trained on and what was not."""
    close = material.stock("AAPL").column("close")
    training = int(_TRAINS * len(close))
    bounded = np.minimum(close, close[:training].max())  # as a network whose output ends where its training did
    whole, outside = (_r2(close[first + 1 :], bounded[first:-1]) for first in (0, training - 1))
    return Mistake(
        Text("In-sample and out-of-sample parts are one drawing", "样本内与样本外画在一起"),
        Text(
            "R² on AAPL of a forecast that never exceeds what trained: all rows, those after training",
            "AAPL 上从不超出训练范围的预测的 R²：全部行，训练之后的行",
        ),
        whole,
        outside,
        Text(
            "The drawing over the whole series hides where the network stops following. Out-of-sample rows are drawn "
            "apart and have figures of their own.",
            "整条序列的图掩盖了网络从何处开始跟不上。样本外的行应单独画出，并有自己的数字。",
        ),
    )


def levels_alone() -> Mistake:
    """Study 4: the drawing of levels shows a copy shifted by a day."""
    close = material.stock("IBM").column("close")
    training = int(_TRAINS * len(close))
    actual, last = close[training:], close[training - 1 : -1]
    return Mistake(
        Text("A copy shifted by a day looks like a forecast", "平移一天的复制看起来像预测"),
        Text("R² of tomorrow is today on IBM: of the price, of its change", "“明天等于今天”的 R²：价格，及其变化量"),
        _r2(actual, last),
        _r2(actual - last, np.zeros_like(actual)),
        Text(
            "Of the price R² is nearly 1 for a method that learnt nothing; of the change it is 0. Look at the change, "
            "and at the verdict beside the naive forecast.",
            "对价格而言，什么都没学的方法 R² 也接近 1；对变化量而言则为 0。请看变化量，以及与朴素预测并列的结论。",
        ),
    )


def _r2(actual: np.ndarray, said: np.ndarray) -> float:
    """The textbook's R² of one series. Both (rows,)."""
    return r2(actual[:, None], said[:, None], np.zeros(len(actual), np.int64), np.ones(len(actual)))
