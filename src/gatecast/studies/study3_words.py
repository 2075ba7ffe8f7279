"""What study 3 says of what it found: sections with words, tables and charts. Knows figures, trains nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from gatecast.language import Text
from gatecast.studies.looped import Looped
from gatecast.studies.perceptron import Fit
from gatecast.studies.result import Chart, Line, Section

_PUBLISHED_SEASONS = (7.28, 1.43, 0.57, 0.32, 0.21, 0.16, 0.137, 0.116, 0.090, 0.062)
_MOST_SHOWN = 250  # points of a line
_STEP, _VALUE, _ERROR = Text("step", "步"), Text("value", "值"), Text("root mean squared error", "均方根误差")


def of_perceptron(fit: Fit) -> Section:
    trained, held, published = fit.training[-1], fit.validation[-1], fit.as_published[-1]
    return Section(
        Text("(a) A perceptron of time", "(a) 时间感知机"),
        (
            Text(
                f"Eleven games' minutes, {len(fit.held_out)} of them held out; 1 → 13 tanh → 1, plain descent. After "
                f"{fit.epochs[-1]:,} epochs the loss is {trained:.2g} on what trained and {held:.2g} on what was held "
                f"out. Measured against the inputs, as the study does by mistake, it is {published:.0f}: that is where "
                "its 300 comes from. A perceptron of time has no memory: beyond the last game it can only go flat.",
                f"11 场比赛的上场时间，留出 {len(fit.held_out)} 场；1 → 13 tanh → 1，普通梯度下降。"
                f"{fit.epochs[-1]:,} 轮后，训练损失 {trained:.2g}，留出部分 {held:.2g}。"
                f"若像该研究那样误把输入当作目标，则为 {published:.0f}：它的 300 由此而来。"
                "时间感知机没有记忆：最后一场之后只能趋于水平。",
            ),
        ),
        {
            "epoch": fit.epochs,
            "training": fit.training,
            "held out": fit.validation,
            "held out, as published": fit.as_published,
        },
        Chart(
            Text("Minutes played", "上场时间"),
            Text("game", "场次"),
            Text("minutes", "分钟"),
            (
                _line(Text("played", "实际"), fit.games, fit.minutes),
                _line(Text("perceptron", "感知机"), fit.games, fit.line, dotted=True),
            ),
        ),
    )


def of_waves(found: Looped) -> tuple[Section, Section]:
    kept, last = found.kept_step, len(found.loss)
    return (
        Section(
            Text("(b) Sine waves: training", "(b) 正弦波：训练"),
            (
                Text(
                    f"Two stacked LSTM cells, {found.parameters:,} parameters, no windows: the state carries the "
                    f"history. L-BFGS, rate 0.08. After every step the {len(found.held_out)} waves that train nothing "
                    "run freely twice: over their own second half, which chooses the weights that are kept, and "
                    f"{found.truth.shape[1] - found.given} points beyond what was given, which judges them.",
                    f"两个堆叠的 LSTM 单元，共 {found.parameters:,} 个参数，不用窗口：历史由状态承载。"
                    f"L-BFGS，学习率 0.08。每步之后，{len(found.held_out)} 条不参与训练的波自由运行两次："
                    "在其后半段上（据此选择保留的权重），以及在给定数据之后的 "
                    f"{found.truth.shape[1] - found.given} 个点上（用于评判）。",
                ),
                _kept(found),
            ),
            steps_of(found),
            Chart(
                Text("Training longer does not make the free run better", "训练更久并不会让自由运行更好"),
                _STEP,
                _ERROR,
                (
                    Line(
                        Text("training, one step ahead", "训练（向前一步）"), found.steps, np.sqrt(found.loss).tolist()
                    ),
                    Line(Text("free run that chooses", "用于选择的自由运行"), found.steps, found.within, dotted=True),
                    Line(Text("free run that judges", "用于评判的自由运行"), found.steps, found.beyond, dotted=True),
                ),
            ),
        ),
        Section(
            Text("(b) Sine waves: the free run", "(b) 正弦波：自由运行"),
            (
                Text(
                    f"Solid: data; the network is given the first {found.given:,} points. Dotted: what it then says "
                    f"from its own output, with the weights of step {kept}, which were kept, and of step {last}.",
                    f"实线为数据；网络得到前 {found.given:,} 个点。虚线为其后用自身输出续写的结果："
                    f"保留的第 {kept} 步权重，以及第 {last} 步权重。",
                ),
            ),
            None,
            Chart(
                Text("One wave, continued", "一条波的续写"), Text("point", "点"), _VALUE, _lines(found, {kept, last})
            ),
        ),
    )


def of_shape(found: Looped, width: int) -> Section:
    points = found.given
    return Section(
        Text("(c) Any shape", "(c) 任意形状"),
        (
            Text(
                f"cos(sin(x / {width})²), waves of {points:,} points, drawn anew for every seed: the network is the "
                f"same two cells, and inputs, outputs and scale follow from the array. {len(found.held_out)} waves are "
                "held out.",
                f"cos(sin(x / {width})²)，每条 {points:,} 个点，随种子而变：网络仍是这两个单元，"
                f"输入、输出与缩放都由数组决定。留出 {len(found.held_out)} 条波。",
            ),
            _kept(found),
        ),
        steps_of(found),
        Chart(
            Text("One wave, continued", "一条波的续写"),
            Text("point", "点"),
            _VALUE,
            _lines(found, {found.kept_step}),
        ),
    )


def of_seasons(raw: Looped, scaled: Looped, changes: Looped) -> Section:
    games = np.arange(1, scaled.truth.shape[1] + 1)
    said = ((scaled, Text("scaled", "缩放")), (changes, Text("scaled changes", "缩放后的变化量")))
    published = (_PUBLISHED_SEASONS + (None,) * len(raw.loss))[: len(raw.loss)]
    return Section(
        Text("(d) Imagined seasons", "(d) 假想赛季"),
        (
            Text(
                "1.6 x + 4 and one draw of noise a season, eleven games. Unscaled, as published, the loss ends "
                f"at {raw.loss[-1]:.2g} squared minutes (published: {_PUBLISHED_SEASONS[-1]}); scaled by what trains, "
                f"at {scaled.loss[-1]:.2g}.",
                "每个赛季 11 场：1.6 x + 4 加该赛季的一次噪声。按发表方式不缩放时，训练损失最终为 "
                f"{raw.loss[-1]:.2g}（分钟的平方；发表值：{_PUBLISHED_SEASONS[-1]}）；用训练部分缩放后为 "
                f"{scaled.loss[-1]:.2g}。",
            ),
            Text(
                "The free run bends like a logarithm: gates saturate beyond what they were trained on, and eleven "
                f"games on it errs by {scaled.kept_error:.1f} minutes. Let the network say the change from game to "
                f"game: every change is 1.6, a line goes on as a line, and the error is {changes.kept_error:.2f}.",
                "自由运行会像对数一样弯曲：超出训练范围后门趋于饱和，续写 11 场的误差为 "
                f"{scaled.kept_error:.1f} 分钟。改让网络说出逐场变化量：每次都是 1.6，直线便沿直线继续，"
                f"误差为 {changes.kept_error:.2f}。",
            ),
        ),
        {
            "step": raw.steps,
            "published": published,
            "unscaled": raw.loss,
            "scaled": scaled.loss,
            "scaled, games 12–22": scaled.beyond,
            "changes, games 12–22": changes.beyond,
        },
        Chart(
            Text("One season, continued", "一个赛季的续写"),
            Text("game", "场次"),
            Text("minutes", "分钟"),
            (
                _line(Text("imagined", "假想数据"), games, scaled.truth[0, :, 0]),
                *(
                    _line(name, games[found.given :], found.curves[found.kept_step - 1, 0, :, 0], dotted=True)
                    for found, name in said
                ),
            ),
        ),
    )


def of_two_variables(found: Looped) -> Section:
    return Section(
        Text("And then: several variables", "然后：多个变量"),
        (
            Text(
                "Two waves in different units, forecast together, each from the past of both. One network with two "
                "inputs and two outputs: nothing but the shape of the array is different. Losses are in units of each "
                "variable's scale.",
                "两条单位不同的波一起预测，各自依据两者的过去。网络有两个输入、两个输出：不同的只是数组的形状。"
                "损失以各变量的尺度为单位。",
            ),
        ),
        {"step": found.steps, "training loss": found.loss, "free run that chooses": found.within},
        Chart(
            Text("Both variables of one series, the second minus 50", "同一序列的两个变量（第二个减 50）"),
            Text("point", "点"),
            _VALUE,
            tuple(
                line
                for variable, name in enumerate((Text("first", "第一个"), Text("second", "第二个")))
                for line in _lines(found, {found.kept_step}, variable, name, less=50.0 * variable)
            ),
        ),
    )


def steps_of(found: Looped) -> dict[str, Any]:
    """The table of a closed loop's steps."""
    return {
        "step": found.steps,
        "training loss": found.loss,
        "free run that chooses": found.within,
        "free run that judges": found.beyond,
    }


def _kept(found: Looped) -> Text:
    worst = int(np.argmax(found.beyond)) + 1
    return Text(
        f"The weights of step {found.kept_step} are kept, of themselves: the free run that judges errs by "
        f"{found.kept_error:.3f} there, by {found.beyond[-1]:.3f} after the last step, and at worst, at step {worst}, "
        f"by {found.beyond[worst - 1]:.3f}. The last value, repeated, errs by {found.naive_error:.3f}. Training took "
        f"{found.seconds:.1f} s.",
        f"自动保留第 {found.kept_step} 步的权重：此时用于评判的自由运行误差为 {found.kept_error:.3f}，"
        f"最后一步为 {found.beyond[-1]:.3f}，最差在第 {worst} 步，为 {found.beyond[worst - 1]:.3f}。"
        f"重复最后一个值的误差为 {found.naive_error:.3f}。训练用时 {found.seconds:.1f} 秒。",
    )


def _lines(
    found: Looped, steps: set[int], variable: int = 0, name: Text | None = None, less: float = 0.0
) -> tuple[Line, ...]:
    """The first held-out series, from shortly before its end, and its free runs with the weights of these steps."""
    every = max(1, (found.truth.shape[1] - found.given) // _MOST_SHOWN)
    points = np.arange(found.truth.shape[1])
    start = found.given - (found.truth.shape[1] - found.given) // 4
    prefix = Text("", "") if name is None else Text(f"{name.english}: ", f"{name.chinese}：")
    data = found.truth[0, start::every, variable] - less
    return (
        _line(Text(f"{prefix.english}data", f"{prefix.chinese}数据"), points[start::every], data),
        *(
            _line(
                Text(f"{prefix.english}free run, step {step}", f"{prefix.chinese}自由运行，第 {step} 步"),
                points[found.given :: every],
                found.curves[step - 1, 0, ::every, variable] - less,
                dotted=True,
            )
            for step in sorted(steps)
        ),
    )


def _line(name: Text, x: np.ndarray, y: np.ndarray, *, dotted: bool = False) -> Line:
    return Line(name, x.tolist(), y.tolist(), dotted)
