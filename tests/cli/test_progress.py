"""The progress bar: only at a terminal, only after two seconds, with what is known."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from gatecast.cli import progress
from gatecast.cli.screen import number
from gatecast.training.history import Progress


def _at(seconds: float, step: int = 50, **changes: object) -> Progress:
    told = {"stage": "fit", "steps": 200, "loss": 0.5, "validation": 0.25, "budget": None, **changes}
    return Progress(step=step, seconds=seconds, **told)  # type: ignore[arg-type]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, highlight=False)
    monkeypatch.setattr(progress, "on_stderr", lambda: console)
    return screen


def test_without_a_terminal_there_is_no_bar() -> None:
    with progress.progress_bar() as bar:
        assert bar is None


def test_it_appears_after_two_seconds(terminal: io.StringIO) -> None:
    with progress.progress_bar() as bar:
        assert bar is not None
        bar(_at(1.0))
        assert terminal.getvalue() == ""
        bar(_at(10.0))
    drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    assert "Training" in drawn and "loss 0.5  validation 0.25" in drawn and "≤ 0:30 left" in drawn


def test_time_left_follows_steps_or_clock_whichever_ends_first() -> None:
    assert progress.time_left(_at(10.0)) == "≤ 0:30 left"
    assert progress.time_left(_at(10.0, budget=20.0)) == "≤ 0:10 left"
    assert progress.time_left(_at(100.0, step=1, steps=None, budget=400.0)) == "≤ 5:00 left"
    assert progress.time_left(_at(0.0, step=0)) == ""
    assert progress.figures(_at(1.0, loss=None, validation=None)) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000"),
        (1234567.0, "1234567"),
        (12345678.0, "1.235e+07"),
        (0.00001234, "1.234e-05"),
        (-2.5, "-2.500"),
        (float("nan"), "–"),
    ],
)
def test_numbers_stay_narrow(value: float, text: str) -> None:
    assert number(value) == text
    assert len(number(value)) <= 9
