"""Every sentence of the report, in both languages. Knows no layout and no numbers of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatecast.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.training.history import History

# Headings
FORECAST = Text("Forecast", "预测")
BACKTEST = Text("How it did on the past", "在过去的表现")
COMPARISON = Text("Beside the naive methods", "与朴素方法对比")
STEPS = Text("Error of each step", "每一步的误差")
COVERAGE = Text("Do the intervals hold?", "区间是否可靠？")
TRAINING = Text("Training", "训练过程")
DATA = Text("What was read and repaired", "读取与修复")
MODEL = Text("The model in words", "用文字描述模型")
REPEAT = Text("How to repeat it", "如何重现")

# Names of what is drawn
ACTUAL = Text("observed", "实际值")
POINT = Text("forecast", "预测值")
LOSS = Text("training loss", "训练损失")
VALIDATION = Text("validation error", "验证误差")
STEP_AHEAD = Text("steps ahead", "向前步数")
TRAINING_STEP = Text("training step", "训练步数")
MEAN_ERROR = Text("mean absolute error", "平均绝对误差")
SHARE_INSIDE = Text("share inside the interval", "落入区间的比例")
TIME = Text("time", "时间")
DIRECTION = Text("direction", "方向")
METHOD = Text("method", "方法")

# Small things around the page
SERIES = Text("Series", "序列")
HORIZON = Text("Steps forecast", "预测步数")
WINDOWS = Text("Windows judged", "评判窗口数")
MASE_TILE = Text("MASE of the model", "模型的 MASE")
MASE_BESIDE = Text("best naive: {value}", "最佳朴素方法：{value}")
GAIN = Text("Gain over the best naive method", "相对最佳朴素方法的改进")
WORSE, BETTER = Text("worse", "更差"), Text("better", "更好")
ALL_VALUES = Text("The forecast in numbers", "预测数值表")
BEST_MARK = Text("★ marks the best of each column.", "★ 表示该列最佳。")
WHAT_COLUMNS_MEAN = Text("What the columns mean", "各列的含义")
NOTHING_REPAIRED = Text("Nothing had to be repaired.", "无需任何修复。")
NO_MODEL_WORDS = Text("The model gives no description of itself.", "该模型没有提供自我描述。")
NEEDS_SCRIPT = Text(
    "The charts need a browser of 2023 or later with scripts allowed. "
    "The verdict and all tables are complete without them.",
    "图表需要 2023 年以后的浏览器并允许脚本运行。没有图表时，结论和所有表格仍然完整。",
)
SELF_CONTAINED = Text(
    "Made by Gatecast. This file holds everything that it shows and contacts no address.",
    "由 Gatecast 生成。此文件包含所显示的全部内容，不访问任何网络地址。",
)
NOT_JUDGED = Text(
    "Not judged: there was no back-test, so nothing is known of how good this forecast is.",
    "未经评判：没有做回测，因此无从得知这个预测的好坏。",
)

VERDICT_LABELS = {
    "skill": Text("Skill", "有预测能力"),
    "no skill": Text("No skill", "无预测能力"),
    "copy": Text("A copy of the last value", "只是复制上一个值"),
    "constant": Text("Nothing to learn", "没有可学的内容"),
    "not judged": Text("Not judged", "未经评判"),
}

COLUMN_MEANINGS = {
    "MASE": Text(
        "Mean absolute error, divided by that of repeating the last season inside the training data. "
        "Below 1: better than repeating. Lower is better.",
        "平均绝对误差除以在训练数据内重复上一季的误差。小于 1 表示比简单重复更好。越低越好。",
    ),
    "RMSE": Text(
        "Root of the mean squared error, in the unit of the data; large misses weigh more. Lower is better.",
        "均方根误差，单位与数据相同；大的偏差影响更大。越低越好。",
    ),
    "MAE": Text(
        "Mean distance between forecast and truth, in the unit of the data. Lower is better.",
        "预测与真值的平均距离，单位与数据相同。越低越好。",
    ),
    "sMAPE": Text(
        "Error relative to the size of forecast and truth, in percent. Lower is better.",
        "相对于预测值与真值大小的误差，以百分比表示。越低越好。",
    ),
    "R2": Text(
        "Share of the variation that the forecast explains: 1 is perfect, 0 is no better than the mean. "
        "Higher is better.",
        "预测能解释的变化比例：1 为完美，0 表示不比均值好。越高越好。",
    ),
    "direction": Text(
        "How often the forecast says rightly whether the value will be above or below the last one. Higher is better.",
        "预测对涨跌方向判断正确的比例。越高越好。",
    ),
}

STOPPED = {
    "converged": Text("the validation error no longer fell", "验证误差不再下降"),
    "steps": Text("it had taken all its steps", "已走完全部步数"),
    "budget": Text("its time was used up", "时间预算已用完"),
    "interrupted": Text("it was interrupted", "训练被中断"),
    "nothing to learn": Text("there was nothing to learn", "没有可学的内容"),
}

# A training that was watched
PLAY = Text("▶ play", "▶ 播放")
ROUND = Text("round of the training", "训练轮次")
SEEN = Text("observed before", "之前的实际值")
CAME = Text("what came", "实际发生")


def watch_title(target: str, source: str) -> Text:
    return Text(f"Learning to forecast {target} · {source}", f"学习预测 {target} · {source}")


def about_watch(series: str | None, rounds: int) -> Text:
    """series: None where there is one alone."""
    whose = (f" of {series}", f" {series} ") if series else ("", "")
    return Text(
        f"After each of {rounds:,} rounds of training: what the first network of the ensemble says of the newest "
        f"held-out window{whose[0]}, which it does not train on.",
        f"共 {rounds:,} 轮训练，每轮之后集成中第一个网络对{whose[1]}最新留出窗口（不参与训练）的预测。",
    )


def round_caption(step: int, validation: float) -> Text:
    error = "" if validation != validation else f"{validation:.4g}"
    return Text(
        f"Step {step:,}" + (f" · validation error {error}" if error else ""),
        f"第 {step:,} 步" + (f" · 验证误差 {error}" if error else ""),
    )


# The learning-rate range test
RANGE_TEST = Text("Loss while the rate rises", "学习率上升时的损失")
ABOUT_RANGE_TEST = Text(
    "Every step was taken at a higher rate than the one before (Smith 2017). Learning sets in where the curve begins "
    "to fall, and breaks where it rises. The suggestion is where it falls fastest.",
    "每一步都用比前一步更高的学习率（Smith 2017）。曲线开始下降处学习开始，上升处训练发散；建议取下降最快之处。",
)
RATE = Text("learning rate", "学习率")
SMOOTHED = Text("loss, smoothed", "平滑后的损失")


def suggested_rate(rate: float) -> Text:
    return Text(f"Suggested rate: {rate:g}", f"建议的学习率：{rate:g}")


# Why a series is shown
FIRST = Text("the first", "第一个")
BEST = Text("best", "最好")
GOOD = Text("better than most", "好于多数")
TYPICAL = Text("typical", "典型")
POOR = Text("worse than most", "差于多数")
WORST = Text("worst", "最差")


def percent(share: float) -> str:
    """0.784 → "78"."""
    return f"{100 * share:.0f}"


def joined(parts: Sequence[str]) -> Text:
    """`80 and 95`, `80, 90 and 95`."""
    if len(parts) < 2:
        return Text("".join(parts), "".join(parts))
    return Text(f"{', '.join(parts[:-1])} and {parts[-1]}", f"{'、'.join(parts[:-1])} 和 {parts[-1]}")


def interval(level: float) -> Text:
    return Text(f"{level:g} % interval", f"{level:g}% 区间")


def wanted(level: float) -> Text:
    return Text(f"{level:g} % wanted", f"应为 {level:g}%")


def held(level: float) -> Text:
    return Text(f"{level:g} % held", f"{level:g}% 实际")


def covered(level: float) -> Text:
    return Text(f"inside {level:g} %", f"{level:g}% 覆盖率")


def gain(value: float, low: float, high: float) -> Text:
    """Fractions: 0.12 → +12.0 %."""
    return Text(
        f"{100 * value:+z.1f} % (95 % interval: {100 * low:+z.1f} to {100 * high:+z.1f} %)",
        f"{100 * value:+z.1f}%（95% 区间：{100 * low:+z.1f}% 至 {100 * high:+z.1f}%）",
    )


def kept(step: int) -> Text:
    return Text(f"kept: step {step}", f"保留：第 {step} 步")


def coverage_meaning(level: float) -> Text:
    return Text(
        f"How often the {level:g} % interval held the true value. The nearer to {level:g} %, the more honest.",
        f"真值落入 {level:g}% 区间的比例。越接近 {level:g}% 越可信。",
    )


def about_forecast(levels: Sequence[float], shares: Sequence[float]) -> Text:
    """What the bands promise, and what they held in the back-test. shares: empty where there was none."""
    promised = joined([f"{level:g}" for level in levels])
    english = f"The shaded bands are meant to hold the true value in {promised.english} of 100 cases"
    chinese = f"阴影带应在 100 次中有 {promised.chinese} 次包含真值"
    if len(levels) == 1:
        english = english.replace("bands are", "band is")
    if not len(shares):
        return Text(f"{english}.", f"{chinese}。")
    kept_shares = joined([percent(share) for share in shares])
    pronoun = "it" if len(levels) == 1 else "they"
    return Text(
        f"{english}; in the back-test {pronoun} held {kept_shares.english}.",
        f"{chinese}；在回测中实际包含 {kept_shares.chinese} 次。",
    )


def about_backtest(windows: int, shown: int, naive: Text) -> Text:
    """How the windows were made. windows: of one series; shown: how many of them are drawn."""
    english = (
        "At each dotted line the model forecast without seeing what came after. "
        f"A good forecast lies nearer to the observed line than “{naive.english}”, the best naive method."
    )
    chinese = (
        f"每条虚线处，模型在看不到之后数据的情况下作出预测。好的预测应比最佳朴素方法“{naive.chinese}”更接近实际曲线。"
    )
    if shown < windows:
        english += f" Drawn are the newest that do not overlap: {shown} of {windows} windows of a series."
        chinese += f"图中只画最新且互不重叠的窗口：每个序列 {windows} 个中的 {shown} 个。"
    return Text(english, chinese)


def about_steps(horizon: int) -> Text:
    if horizon == 1:
        return Text(
            "The mean error of the one step that was forecast; lower is better.", "所预测的这一步的平均误差；越低越好。"
        )
    return Text(
        "The mean error of every step of the horizon; usually, the further ahead, the harder. Lower is better.",
        "预测期内每一步的平均误差；通常越远越难。越低越好。",
    )


def about_coverage(windows: int, slack: float) -> Text:
    """windows: judged at every step. slack: by how much chance alone moves a share, as a fraction."""
    return Text(
        f"A solid line near its dashed line means that the interval is as wide as it should be. "
        f"Each step was judged on {windows:,} windows, so ±{percent(slack)} points may be chance.",
        f"实线越接近同色虚线，区间宽度越恰当。"
        f"每一步由 {windows:,} 个窗口评判，±{percent(slack)} 个百分点以内可能只是偶然。",
    )


def about_training(history: History) -> Text:
    reason = STOPPED[history.stopped]
    english = f"Training took {history.steps:,} steps and ended because {reason.english}."
    chinese = f"训练共 {history.steps:,} 步，结束原因：{reason.chinese}。"
    if history.step:
        english += f" The weights of step {history.best_step:,}, where the validation error was lowest, were kept."
        chinese += f"保留了第 {history.best_step:,} 步的权重，此时验证误差最低。"
    return Text(english, chinese)


def about_choice(shown: int, series: int) -> Text:
    return Text(
        f"{shown} of {series:,} series are shown; all of them are in forecast.csv.",
        f"共 {series:,} 个序列，此处显示其中 {shown} 个；完整结果见 forecast.csv。",
    )


def more_rows(rows: int, file: str) -> Text:
    return Text(f"and {rows:,} more rows in {file}", f"另有 {rows:,} 行见 {file}")


def more_notes(notes: int) -> Text:
    return Text(f"and {notes:,} more of the kind", f"另有 {notes:,} 条类似记录")


def study(number: int) -> Text:
    """Under the title of a study's page; 0 is the page of all mistakes."""
    command = f"gatecast study {number or 'mistakes'}"
    return Text(f"{command} gives these figures again.", f"用 {command} 可重新得到这些数字。")
