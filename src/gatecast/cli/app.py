"""The commands. Each imports what it needs when it is called, so that the help costs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gatecast.cli import flags
from gatecast.cli.flags import accepts
from gatecast.language import Text
from gatecast.version import __version__

app = typer.Typer(
    help=str(
        Text(
            "Forecast time series with LSTM networks, and tell the truth about the forecast.",
            "用 LSTM 网络预测时间序列，并如实说明预测的好坏。",
        )
    ),
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
)

Data = Annotated[
    str,
    typer.Argument(metavar="DATA", help=str(Text("CSV, TSV, gzip or Parquet.", "CSV、TSV、gzip 或 Parquet 文件。"))),
]
Saved = Annotated[
    str, typer.Argument(metavar="MODEL", help=str(Text("What fit or forecast kept.", "fit 或 forecast 保存的模型。")))
]
Study = Annotated[
    str,
    typer.Argument(metavar="N", help=str(Text("1 to 5, or mistakes.", "1 至 5，或 mistakes。")), show_default=False),
]
NewData = Annotated[
    str | None,
    typer.Argument(
        metavar="NEWDATA",
        help=str(Text("Forecast from its end; else from the training's.", "从该数据末尾开始预测。")),
    ),
]

Place = Annotated[str, typer.Argument(metavar="SOURCE", help="yahoo | akshare | tushare")]
Symbol = Annotated[
    str,
    typer.Argument(
        metavar="SYMBOL", help=str(Text("As the source writes it: AAPL, 600519.", "按数据源的写法给出代码。"))
    ),
]


def _help(english: str, chinese: str) -> str:
    return str(Text(english, chinese))


@app.callback(invoke_without_command=True)
def gatecast(
    version: Annotated[
        bool, typer.Option("--version", metavar=" ", help=_help("Show the version.", "显示版本。"))
    ] = False,
    lang: Annotated[
        str | None, typer.Option("--lang", metavar="en|zh", help=_help("The language of the words.", "输出语言。"))
    ] = None,
) -> None:
    del lang  # `gatecast.cli.run` has looked for it before anything was parsed
    if version:
        typer.echo(f"gatecast {__version__}")
        raise typer.Exit


@app.command(help=_help("Read, train, judge, forecast: the main job.", "读取、训练、评估、预测：主要流程。"))
@accepts(
    *flags.DATA,
    *flags.FORECAST,
    flags.WINDOWS,
    *flags.TRAINING,
    flags.WATCH,
    flags.CONFIG,
    flags.out("DIR", "Where to keep it; else DATA-forecast.", "结果文件夹；默认 DATA-forecast。"),
    flags.FORCE,
)
def forecast(data: Data, **given: Any) -> None:
    from gatecast.cli.job import forecast_job
    from gatecast.cli.settings import resolve

    out = Path(given["out"] or default_folder(data))
    forecast_job(data, resolve(given), out, force=given["force"], as_json=given["json"], watch=given["watch"])


@app.command(help=_help("Say what is in a table, and what is wrong with it.", "说明数据内容及其问题。"))
@accepts(*flags.DATA, flags.SEASON, flags.CONFIG)
def describe(data: Data, **given: Any) -> None:
    from gatecast.cli.settings import resolve
    from gatecast.cli.steps import describe_step

    describe_step(data, resolve(given), as_json=given["json"])


@app.command(help=_help("Only train, and keep the model.", "只训练并保存模型。"))
@accepts(
    *flags.DATA,
    *flags.FORECAST,
    *flags.TRAINING,
    flags.RESUME,
    flags.WATCH,
    flags.CONFIG,
    flags.out("DIR", "The folder that becomes the model.", "模型文件夹。"),
    flags.FORCE,
)
def fit(data: Data, **given: Any) -> None:
    from gatecast.cli.settings import resolve
    from gatecast.cli.steps import fit_step

    switches = {"force": given["force"], "resume": given["resume"], "watch": given["watch"], "as_json": given["json"]}
    fit_step(data, resolve(given), given["out"], **switches)


@app.command(help=_help("Forecast with a model that was kept.", "用已保存的模型预测。"))
@accepts(
    flags.JOIN,
    flags.SAMPLES,
    flags.DEVICE,
    flags.out("FILE.csv", "Where to write the forecast.", "预测结果文件。"),
    flags.FORCE,
)
def predict(model: Saved, newdata: NewData = None, **given: Any) -> None:
    from gatecast.cli.steps import predict_step

    device, join = given["device"] or "auto", given["join"] or None
    switches = {"samples": given["samples"], "force": given["force"], "as_json": given["json"]}
    predict_step(model, newdata, given["out"], join=join, device=device, **switches)


@app.command(help=_help("Look inside a kept model: gates, memory, attribution.", "查看模型内部：门、记忆、归因。"))
@accepts(
    flags.SERIES,
    flags.JOIN,
    flags.out("FILE.html", "Draw it on a page.", "画成网页。"),
    flags.FORCE,
)
def inspect(model: Saved, data: NewData = None, **given: Any) -> None:
    from gatecast.cli.inspect import inspect_step

    join = given["join"] or None
    switches = {"series": given["series"], "force": given["force"], "as_json": given["json"]}
    inspect_step(model, data, given["out"], join=join, **switches)


@app.command(help=_help("Find the learning rate that suits a table.", "寻找适合数据的学习率。"))
@accepts(
    *flags.DATA,
    *flags.FORECAST,
    *flags.TRAINING,
    flags.CONFIG,
    flags.out("FILE.html", "Draw the curve on a page.", "把曲线画成网页。"),
    flags.FORCE,
)
def find_rate(data: Data, **given: Any) -> None:
    from gatecast.cli.find_rate import find_rate_step
    from gatecast.cli.settings import resolve

    find_rate_step(data, resolve(given), given["out"], force=given["force"], as_json=given["json"])


@app.command(help=_help("Only judge: the LSTM beside naive forecasts.", "只评估：LSTM 与朴素预测比较。"))
@accepts(*flags.DATA, *flags.FORECAST, flags.WINDOWS, *flags.TRAINING, flags.CONFIG)
def backtest(data: Data, **given: Any) -> None:
    from gatecast.cli.settings import resolve
    from gatecast.cli.steps import backtest_step

    backtest_step(data, resolve(given), as_json=given["json"])


@app.command(help=_help("Compare networks: same data, windows and budget.", "比较网络：相同的数据、窗口与预算。"))
@accepts(
    *flags.DATA,
    *flags.COMPARED,
    *(flag for flag in flags.FORECAST if flag.name != "model"),
    flags.WINDOWS,
    *flags.TRAINING,
    flags.CONFIG,
    flags.out("DIR", "Where to keep page and table.", "保存页面与表格的文件夹。"),
    flags.FORCE,
)
def compare(data: Data, **given: Any) -> None:
    from gatecast.cli.compare import compare_step
    from gatecast.cli.settings import resolve

    compare_step(data, resolve(given), given, out=given["out"], force=given["force"], as_json=given["json"])


@app.command(help=_help("Tell classes: direction, regime, label.", "分类：方向、状态、序列标签。"))
@accepts(
    *flags.DATA,
    *flags.CLASSES,
    *(flag for flag in flags.FORECAST if flag.name in ("horizon", "model", "context")),
    flags.JUDGES,
    *(flag for flag in flags.TRAINING if flag.name in ("seed", "steps", "device")),
    flags.out("DIR", "Where to keep page and tables.", "保存页面与表格的文件夹。"),
    flags.FORCE,
)
def classify(data: Data, **given: Any) -> None:
    from gatecast.cli.classify import classify_step
    from gatecast.cli.settings import resolve

    settings = resolve({**given, "windows": given["windows"] or "200"})
    classify_step(data, settings, given, out=given["out"], force=given["force"], as_json=given["json"])


@app.command(help=_help("List the models that --model takes.", "列出 --model 可用的模型。"))
@accepts()
def models(**given: Any) -> None:
    from gatecast.cli.steps import models_step

    models_step(as_json=given["json"])


@app.command(help=_help("The main job on real stock prices that are bundled.", "用内置的真实股价演示主要流程。"))
@accepts(flags.out("DIR", "Where to keep it; else demo-forecast.", "结果文件夹；默认 demo-forecast。"))
def demo(**given: Any) -> None:
    from gatecast.cli.steps import demo_step

    demo_step(Path(given["out"] or "demo-forecast"), as_json=given["json"])


@app.command(help=_help("Prices from yahoo, akshare or tushare as CSV.", "从 yahoo、akshare 或 tushare 获取价格。"))
@accepts(
    flags.START,
    flags.END,
    flags.out("FILE.csv", "Where to keep it; else SYMBOL.csv.", "结果文件；默认 SYMBOL.csv。"),
    flags.FORCE,
)
def fetch(source: Place, symbol: Symbol, **given: Any) -> None:
    from gatecast.cli.fetch import fetch_step

    days = {"start": given["start"], "end": given["end"]}
    fetch_step(source, symbol, given["out"], **days, force=given["force"], as_json=given["json"])


@app.command(help=_help("Carry out one of the five studies, put right.", "完成五项研究之一，并改正其错误。"))
@accepts(
    flags.SEED,
    flags.QUICK,
    flags.out("DIR", "Where to keep its page and tables; else nowhere.", "报告与表格的文件夹；默认不保存。"),
    flags.FORCE,
)
def study(number: Study, **given: Any) -> None:
    from gatecast.cli.study import study_step

    kept = {"force": given["force"], "as_json": given["json"]}
    study_step(number, given["out"], seed=given["seed"], quick=given["quick"], **kept)


def default_folder(data: str) -> str:
    """`DATA-forecast` in the working folder: `prices.csv.gz` → `prices-forecast`."""
    return f"{Path(Path(data).name.removesuffix('.gz')).stem}-forecast"
