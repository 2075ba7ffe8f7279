"""Every sentence of an inspection's page, in both languages. Knows no layout; its findings are `explain`'s."""

from __future__ import annotations

from gatecast.language import Text


def title(model: str, target: str, source: str) -> Text:
    return Text(f"Inside the {model} · {target} · {source}", f"{model} 的内部 · {target} · {source}")


def about(series: str, context: int, patch: int) -> Text:
    return Text(
        f"One network of the ensemble while it reads the newest {context:,} steps, {patch} at a time; series {series}.",
        f"集成中的一个网络读取最新的 {context:,} 步（每次 {patch} 步）时的情形（序列 {series}）。",
    )


def layer(kind: str, number: int, place: str, backwards: bool) -> Text:
    way = (", from the newest step to the oldest", "（从最新到最早）") if backwards else ("", "")
    return Text(f"{kind}, layer {number}{way[0]} · {place}", f"{kind} 第 {number} 层{way[1]} · {place}")


FINDINGS = Text("What was found", "主要发现")
MEMORY = Text("How long the memory lasts", "记忆有多长")
ABOUT_MEMORY = Text(
    "How far the network's newest state moves when the input so many steps back does, as a share of the largest. "
    "The dotted line is the half-life.",
    "若干步之前的输入变动时，网络最新状态随之变动的程度（以最大者为 1）。虚线为半衰期。",
)
INFLUENCE = Text("Which past values move which step", "哪些过去的值影响哪一步")
ABOUT_INFLUENCE = Text(
    "How far each step of the forecast moves for one unit of each past value, on every way through the network: the "
    "recurrence, the newest values' own way and the naive bases.",
    "过去的每个值变动一个单位时，预测的每一步变动多少，包括所有途径：循环层、最新值的直接通道和朴素基准。",
)
ATTRIBUTION = Text("What the forecast rests on", "预测的依据")
ABOUT_ATTRIBUTION = Text(
    "How each past value moved the forecast away from a past that stood at its mean (integrated gradients; the mean "
    "over the steps of the forecast, in the unit of the data). All of it together is exactly the difference.",
    "与恒为均值的过去相比，每个过去的值使预测偏移了多少（积分梯度；对预测各步取平均，单位与数据相同）。全部相加恰为总差值。",
)
ABOUT_COLUMNS = Text(
    "Second column: what the column did to this forecast. Third: how much larger the error becomes over many windows "
    "when the column is taken from another window; about 0 means that the network could do without it.",
    "第二列：该列对本次预测的作用。第三列：在许多窗口上把该列换成其他窗口的值后误差增大多少；接近 0 表示没有它也行。",
)
ATTENTION = Text("Attention", "注意力")
ABOUT_ATTENTION = Text(
    "A row for each position that looks back, the newest on top; the darker, the more weight it gives to what was read "
    "at the time below.",
    "每一行是一个回看的位置，最新的在最上方；颜色越深，表示对横轴上该时刻所读内容的权重越大。",
)
GATES_OVER_TIME = Text("Gates over time", "门随时间的变化")
NO_GATES = Text(
    "This model has no stack of LSTM, GRU or RNN layers whose gates could be shown.",
    "该模型没有可供展示门的 LSTM、GRU 或 RNN 层。",
)
PARAMETERS = Text("Parameters", "参数")
COUNTED = Text("Counted, gate by gate", "逐门计数")

UNIT = Text("unit", "单元")
STEPS_BACK = Text("steps back", "向后步数")
STRENGTH = Text("strength of the memory", "记忆强度")
RAISES, LOWERS = Text("raises the forecast", "使预测升高"), Text("lowers the forecast", "使预测降低")
LOOKING = Text("position that looks", "回看的位置")

COLUMN_HEADINGS = (
    Text("column", "列"),
    Text("moved this forecast by", "使本次预测变动"),
    Text("error without it", "缺少它时误差"),
)
PARAMETER_HEADINGS = (
    Text("module", "模块"),
    Text("part", "部分"),
    Text("units × …", "单元 × ……"),
    Text("count", "个数"),
)

_STATES = {
    "c": (Text("Cell state c", "单元状态 c"), Text("What is remembered.", "记住的内容。")),
    "h": (
        Text("Hidden state h", "隐藏状态 h"),
        Text("What is shown to the next step and layer.", "输出给下一步和下一层。"),
    ),
}
GATES = {
    "LSTM": {
        "input": (Text("Input gate i", "输入门 i"), Text("How much of the candidate is written.", "候选值写入多少。")),
        "forget": (
            Text("Forget gate f", "遗忘门 f"),
            Text("How much of the cell state is kept.", "单元状态保留多少。"),
        ),
        "cell": (
            Text("Cell gate g (candidate)", "候选值 g（单元门）"),
            Text("What could be written.", "可写入的内容。"),
        ),
        "output": (
            Text("Output gate o", "输出门 o"),
            Text("How much of the cell state is shown.", "单元状态输出多少。"),
        ),
        **_STATES,
    },
    "GRU": {
        "reset": (Text("Reset gate r", "重置门 r"), Text("How much of h the candidate sees.", "候选值看到 h 的多少。")),
        "update": (Text("Update gate z", "更新门 z"), Text("How much of h is kept.", "h 保留多少。")),
        "new": (Text("Candidate n", "候选值 n"), Text("What could be written.", "可写入的内容。")),
        "h": _STATES["h"],
    },
    "RNN": {"h": _STATES["h"]},
}
