"""`write_rate`: the curve of a learning-rate range test as one HTML file. Knows the curve, carries out none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatecast.atomic import write_file
from gatecast.language import Text
from gatecast.report import charts, template, words

if TYPE_CHECKING:
    from pathlib import Path

    from gatecast.training.rate_finder import RateCurve


def write_rate(path: Path, curve: RateCurve, source: str) -> None:
    """Write the page in the language of `gatecast.language`. Raises: OutputError where it cannot be written."""
    title = Text(f"Learning rate for {source}", f"{source} 的学习率")
    page = {
        "title": title,
        "words": words,
        "summary": words.suggested_rate(curve.suggestion),
        "sections": [
            {
                "heading": words.RANGE_TEST,
                "words": [words.ABOUT_RANGE_TEST],
                "chart": {"name": "rate", "title": words.LOSS, "unit": None},
                "table": None,
            }
        ],
        "figures": {"rate": [charts.rate_curve(curve)]},
        **template.surroundings(),
    }
    write_file(path, template.rendered("study.html", page))
