"""Reports are tested in English wherever the tests run; a test in Chinese says so."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATECAST_LANG", "en")
