"""Which studies there are, and how to carry one out by its name. Imports a study only when it is asked for."""

from __future__ import annotations

from importlib import import_module

from gatecast.errors import OptionError, nearest
from gatecast.language import Text
from gatecast.studies.result import OnProgress, StudyResult

STUDIES = {
    "1": ("study1", Text("The next values of one of several variables, at once", "一次预测多变量之一的未来多个值")),
    "2": ("study2", Text("Open, high, low, close, volume → the next close", "开高低收量 → 次日收盘价")),
    "3": ("study3", Text("Sine waves and seasons, continued on the model's own output", "正弦波与赛季：闭环续写")),
    "4": ("study4", Text("RNN against LSTM on a stock's close", "RNN 与 LSTM：预测股票收盘价")),
    "5": ("study5", Text("The cell from its four gates, and the ensemble", "由四个门写出单元，再做集成")),
    "mistakes": ("mistakes", Text("What all of them do wrong, with figures", "它们所犯的错误及其数字")),
}


def carry_out(name: str, *, seed: int = 0, quick: bool = False, on_progress: OnProgress | None = None) -> StudyResult:
    """Carry out a study: "1" … "5", or "mistakes". quick: with little data and training, to see what there is to see.

    Raises: OptionError for another name.
    """
    if name not in STUDIES:
        hint, known = nearest(name, STUDIES), ", ".join(STUDIES)
        raise OptionError(
            f"there is no study {name!r}{hint.english}; there are: {known}.",
            f"没有研究 {name!r}{hint.chinese}；可选：{known}。",
        )
    module, _ = STUDIES[name]
    return import_module(f"gatecast.studies.{module}").run(seed=seed, quick=quick, on_progress=on_progress)
