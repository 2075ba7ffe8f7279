"""The progress bar of a training: loss, validation error, time left. Drawn on stderr, and only where someone looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gatecast.cli.console import on_stderr
from gatecast.language import Text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar

    from gatecast.training.history import Progress

_PATIENCE = 2.0  # seconds; what is done sooner needs no bar
_WIDTH = 20
_STAGES = {"fit": Text("Training", "训练"), "judge": Text("Judging", "评估"), "rate": Text("Trying rates", "试学习率")}


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None] | None]:
    """A function to call with each `Progress`; None where stderr is no terminal."""
    console = on_stderr()
    if not console.is_terminal:
        yield None
        return
    drawing = _Drawing(console)
    try:
        yield drawing.show
    finally:
        drawing.close()


class _Drawing:
    """A bar that appears once a stage has taken two seconds, and is wiped when it is over."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bar: Bar | None = None

    def show(self, progress: Progress) -> None:
        if self.bar is None:
            if progress.seconds < _PATIENCE:
                return
            self.bar = _bar(self.console)
            self.bar.start()
            self.bar.add_task("", total=1.0, figures="", left="")
        done = _share(progress)
        task = self.bar.tasks[0].id
        stage = str(_STAGES.get(progress.stage, progress.stage))
        self.bar.update(task, completed=done, description=stage, figures=figures(progress), left=time_left(progress))

    def close(self) -> None:
        if self.bar is not None:
            self.bar.stop()


def figures(progress: Progress) -> str:
    """Loss and validation error, as far as they are known."""
    named = ((Text("loss", "损失"), progress.loss), (Text("validation", "验证误差"), progress.validation))
    return "  ".join(f"{name} {value:.4g}" for name, value in named if value is not None)


def time_left(progress: Progress) -> str:
    """The longest that the stage may still take; it may stop sooner when nothing improves any more."""
    done = _share(progress)
    if not done:
        return ""
    left = round(progress.seconds * (1 - done) / done)
    clock = f"{left // 60}:{left % 60:02d}"
    return str(Text(f"≤ {clock} left", f"最多还需 {clock}"))


def _share(progress: Progress) -> float:
    """How much of the stage is over, 0 to 1: by the steps or by the clock, whichever ends it first."""
    steps = progress.step / progress.steps if progress.steps else 0.0
    clock = progress.seconds / progress.budget if progress.budget else 0.0
    return min(1.0, max(steps, clock))


def _bar(console: Console) -> Bar:
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=_WIDTH),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[figures]}"),
        TextColumn("{task.fields[left]}"),
        console=console,
        transient=True,
    )
