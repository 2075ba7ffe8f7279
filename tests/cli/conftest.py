"""A user's working folder, and a way to call the command line without a new process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from working_folder import Outcome, prices

from gatecast.cli import run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with `prices.csv` in it."""
    for name in ("GATECAST_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prices.csv").write_text(prices(60))
    return tmp_path


@pytest.fixture
def gatecast(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Call the command line; what it came to."""

    def call(*arguments: str) -> Outcome:
        code = run(arguments)
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return call
