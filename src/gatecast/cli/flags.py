"""The options of all commands, each written once. Knows their names and help, not what they do.

Values stay text here: `settings` checks them and those of a TOML file in one place, with one kind of message.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from gatecast.language import Text

_DATA = Text("Data", "数据")
_FORECAST = Text("Forecast", "预测")
_TRAINING = Text("Training", "训练")
_OUTPUT = Text("Output", "输出")


@dataclass(frozen=True)
class Flag:
    """One option. name: its long name without leading dashes. metavar: None for a switch. panel: its heading.

    repeated: may stand several times, each with one value more.
    """

    name: str
    metavar: str | None
    help: Text
    panel: Text
    repeated: bool = False

    def parameter(self) -> inspect.Parameter:
        """As a parameter of a command's function, the way typer reads it."""
        option: Any = typer.Option(
            f"--{self.name}",
            help=str(self.help),
            metavar=self.metavar or " ",
            rich_help_panel=str(self.panel),
            show_default=False,
        )
        kind = bool if self.metavar is None else list[str] | None if self.repeated else str | None
        default = False if self.metavar is None else None
        keyword, name = inspect.Parameter.KEYWORD_ONLY, self.name.replace("-", "_")
        return inspect.Parameter(name, keyword, default=default, annotation=Annotated[kind, option])


JOIN = Flag(
    "join",
    "FILE",
    Text("A table whose columns join by date; repeatable.", "按日期合并其各列的表；可重复。"),
    _DATA,
    repeated=True,
)
DATA = (
    Flag("target", "COLUMN", Text("The column to forecast; or several: A,B.", "要预测的列；多列写作 A,B。"), _DATA),
    Flag("time", "COLUMN", Text("The column of dates or steps.", "日期或步号所在的列。"), _DATA),
    Flag(
        "id",
        "COLUMN",
        Text("The column that names the series; or several: A,B.", "序列名称所在的列；多列写作 A,B。"),
        _DATA,
    ),
    Flag("past", "A,B", Text("Covariates known up to now.", "仅到当前已知的协变量。"), _DATA),
    Flag("future", "A,B", Text("Covariates known ahead.", "未来已知的协变量。"), _DATA),
    Flag(
        "layout",
        "table|rows",
        Text("rows: one series a row, its id first.", "rows：每行一个序列，首列为名称。"),
        _DATA,
    ),
    Flag("dayfirst", None, Text("Read 03/04/2020 as 3 April.", "把 03/04/2020 读作 4 月 3 日。"), _DATA),
    Flag("monthfirst", None, Text("Read 03/04/2020 as March 4.", "把 03/04/2020 读作 3 月 4 日。"), _DATA),
    Flag("calendar", "NAME", Text("Open days: XNYS, XSHG, US, CN, …", "交易日历：XNYS、XSHG、US、CN 等。"), _DATA),
    Flag("indicators", "rsi,sma-20", Text("Technical indicators as covariates.", "用作协变量的技术指标。"), _DATA),
    JOIN,
    Flag("join-lag", "30d", Text("How late joined rows are known.", "合并表的数据延迟多久才可用。"), _DATA),
)
SEASON = Flag(
    "season",
    "24,168",
    Text("Steps of the seasons, auto or none.", "季节周期的步数，或 auto、none。"),
    _FORECAST,
)
FORECAST = (
    Flag("horizon", "STEPS", Text("How many steps to forecast.", "预测的步数。"), _FORECAST),
    Flag(
        "model", "NAME", Text("One of gatecast models; else auto.", "gatecast models 所列之一；默认 auto。"), _FORECAST
    ),
    Flag("context", "STEPS", Text("Past steps that the model reads.", "模型读取的历史步数。"), _FORECAST),
    SEASON,
    Flag("levels", "80,95", Text("Prediction intervals in percent.", "预测区间的百分比。"), _FORECAST),
    Flag(
        "distribution",
        "NAME",
        Text("quantile, point, normal, student-t, …", "quantile、point、normal、student-t 等。"),
        _FORECAST,
    ),
)
DEVICE = Flag("device", "NAME", Text("auto, cpu, cuda, cuda:1, …", "auto、cpu、cuda、cuda:1 等。"), _TRAINING)
SEED = Flag("seed", "NUMBER", Text("Same seed, same bytes; else 0.", "种子相同则结果逐字节相同；默认 0。"), _TRAINING)
TRAINING = (
    SEED,
    Flag("steps", "NUMBER", Text("Exactly so many training steps.", "恰好训练这么多步。"), _TRAINING),
    Flag("members", "NUMBER", Text("Networks in the ensemble.", "集成中的网络个数。"), _TRAINING),
    Flag("budget", "SECONDS", Text("Wall time that training may take.", "训练可用的时间（秒）。"), _TRAINING),
    DEVICE,
)
WINDOWS = Flag(
    "windows", "NUMBER", Text("Rolling windows that judge; else 8.", "评估用的滚动窗口数；默认 8。"), _FORECAST
)
SAMPLES = Flag(
    "samples", "NUMBER", Text("Joint paths, into FILE-samples.csv.", "联合样本路径，写入 FILE-samples.csv。"), _FORECAST
)
COMPARED = (
    Flag("models", "A,B,C", Text("The networks: gatecast models.", "要比较的网络：见 gatecast models。"), _FORECAST),
    Flag("seeds", "NUMBER", Text("Trainings of each network; else 3.", "每个网络训练的次数；默认 3。"), _TRAINING),
    Flag("ensemble", "mean,greedy", Text("Also ensembles of the networks.", "同时比较各网络的集成。"), _FORECAST),
)
JUDGES = Flag(
    "windows", "NUMBER", Text("Windows a series that judge; else 200.", "每个序列的评估窗口数；默认 200。"), _FORECAST
)
CLASSES = (
    Flag(
        "task",
        "NAME",
        Text("direction (default), regime or label.", "direction（默认）、regime 或 label。"),
        _FORECAST,
    ),
    Flag("label", "COLUMN", Text("The column of classes.", "类别所在的列。"), _DATA),
    Flag("balanced", None, Text("Rare classes weigh as much in training.", "训练时各类别权重相同。"), _TRAINING),
)
CONFIG = Flag("config", "FILE.toml", Text("Options from a file; flags win.", "从文件读取选项；命令行优先。"), _OUTPUT)
START = Flag("start", "DAY", Text("First day, as 2020-01-31.", "起始日期，例如 2020-01-31。"), _DATA)
END = Flag("end", "DAY", Text("Last day; else today.", "结束日期；默认今天。"), _DATA)
FORCE = Flag("force", None, Text("Replace what Gatecast wrote earlier.", "覆盖 Gatecast 之前写入的结果。"), _OUTPUT)
SERIES = Flag("series", "ID", Text("The series to look at; else the first.", "要查看的序列；默认第一个。"), _DATA)
WATCH = Flag("watch", None, Text("Draw the forecast after each round.", "每轮训练后画出预测。"), _TRAINING)
RESUME = Flag("resume", None, Text("Go on where a killed run stopped.", "从中断处继续训练。"), _TRAINING)
QUICK = Flag("quick", None, Text("Little data, little training.", "少量数据、少量训练。"), _TRAINING)
_EVERYWHERE = (
    Flag("json", None, Text("One JSON document instead of words.", "输出一个 JSON 文档。"), _OUTPUT),
    Flag("lang", "en|zh", Text("The language of the words.", "输出语言。"), _OUTPUT),
)


def out(metavar: str, english: str, chinese: str) -> Flag:
    """Where the result goes; each command says it in its own words."""
    return Flag("out", metavar, Text(english, chinese), _OUTPUT)


def accepts(*flags: Flag) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorator: the command's function takes these options, and --json and --lang, as keywords by name."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        def command(**values: Any) -> None:
            function(**values)

        own = inspect.signature(function, eval_str=True).parameters.values()
        positional = [one for one in own if one.kind is not inspect.Parameter.VAR_KEYWORD]
        options = [flag.parameter() for flag in (*flags, *_EVERYWHERE)]
        command.__signature__ = inspect.Signature([*positional, *options])  # type: ignore[attr-defined]
        command.__name__, command.__annotations__ = function.__name__, {}
        return command

    return decorate
