"""`gatecast find-rate`: which learning rate suits a table. Trains nothing that is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gatecast.cli import screen
from gatecast.cli.console import dump, on_stdout, say
from gatecast.cli.job import new_forecaster, read_table
from gatecast.cli.progress import progress_bar
from gatecast.cli.sparkline import sparkline
from gatecast.cli.steps import refuse_existing
from gatecast.language import Text

if TYPE_CHECKING:
    from gatecast.cli.settings import Settings
    from gatecast.training.rate_finder import RateCurve

_ROWS = 8


def find_rate_step(data: str, settings: Settings, out: str | None, *, force: bool, as_json: bool) -> None:
    """The range test on a table; a page with its curve where `out` is given."""
    if out is not None:
        refuse_existing(Path(out), force)
    model = new_forecaster(settings)
    reading = read_table(data, settings)
    if not as_json:
        screen.show_reading(reading)
    with progress_bar() as bar:
        curve = model.find_rate(reading, on_progress=bar)
    if out is not None:
        from gatecast.report.rate import write_rate

        write_rate(Path(out), curve, reading.panel.layout.source)
    files = {} if out is None else {"page": out}
    if as_json:
        steps = {"rate": curve.rate, "loss": curve.loss, "smooth": curve.smooth}
        dump({"suggestion": curve.suggestion, "breaks": curve.breaks, **steps, "files": files})
        return
    _show(curve)
    if files:
        screen.show_files(files)


def _show(curve: RateCurve) -> None:
    console = on_stdout()
    rows = np.unique(np.linspace(0, len(curve.rate) - 1, _ROWS).round().astype(int))
    screen.show_table(
        (Text("rate", "学习率"), Text("loss", "损失")),
        [(f"{curve.rate[row]:.1e}", screen.number(float(curve.smooth[row]))) for row in rows],
        numbers=(0, 1),
    )
    lowest = int(curve.smooth.argmin())  # what lies beyond shall not flatten the fall before it
    say(console, sparkline(curve.smooth, span=(curve.smooth[lowest], curve.smooth[: lowest + 1].max())))
    say(console, f"{curve.rate[0]:.0e} … {curve.rate[-1]:.0e}", style="dim")
    say(
        console,
        Text(
            f"Suggested rate: {curve.suggestion:g}, where the loss falls fastest. In the TOML file: "
            f"[training] rate = {curve.suggestion:g}",
            f"建议的学习率：{curve.suggestion:g}，此处损失下降最快。"
            f"写入 TOML 文件：[training] rate = {curve.suggestion:g}",
        ),
        style="bold",
    )
    if curve.breaks is not None:
        say(
            console,
            Text(f"From {curve.breaks:.2g} on learning breaks.", f"从 {curve.breaks:.2g} 起训练会发散。"),
        )
