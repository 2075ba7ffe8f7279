"""Counts what a study has done, and tells it to whoever draws a bar. Knows no study."""

from __future__ import annotations

from gatecast.language import Text
from gatecast.studies.result import OnProgress, StudyProgress


class Tally:
    """total: how many epochs the study will train, all its networks together."""

    def __init__(self, total: int, on_progress: OnProgress | None) -> None:
        self._part = Text("", "")
        self._done, self._total = 0, total
        self._tell = on_progress

    def begin(self, part: Text) -> None:
        """What is done from here on."""
        self._part = part

    def step(self) -> None:
        """One epoch is done."""
        self._done += 1
        if self._tell is not None:
            self._tell(StudyProgress(self._part, self._done, self._total))
