"""What the program says, in English and in Chinese.

Every sentence that a learner meets is a `Text`: both languages stand side by side where the sentence is
written, so that neither can be forgotten. Which one is shown is decided when it is shown.
"""

from __future__ import annotations

import os
from typing import NamedTuple


class Text(NamedTuple):
    """One sentence in both languages; `str()` gives the one that the reader asked for."""

    english: str
    chinese: str

    def __str__(self) -> str:
        return self.chinese if current() == "zh" else self.english


def current() -> str:
    """`"zh"` or `"en"`: `GATECAST_LANG` if set, else the locale of the environment."""
    for name in ("GATECAST_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"
