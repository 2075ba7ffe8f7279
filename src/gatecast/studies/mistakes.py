"""The mistakes that the studies make, study by study. Knows which there are, not how their figures come about."""

from __future__ import annotations

from collections.abc import Callable

from gatecast.language import Text
from gatecast.studies import wrong_data, wrong_networks
from gatecast.studies.mistake import Mistake
from gatecast.studies.result import OnProgress, Section, StudyResult

MISTAKES: dict[int, tuple[Callable[[], Mistake], ...]] = {
    1: (wrong_data.unknown_targets, wrong_networks.rank),
    2: (
        wrong_data.wrong_column,
        wrong_data.leaking_range,
        wrong_data.lost_window,
        wrong_data.shifted_rows,
        wrong_data.raw_prices,
        wrong_networks.wrong_axis,
    ),
    3: (wrong_data.inputs_as_targets,),
    4: (wrong_networks.lags_as_features, wrong_data.one_drawing, wrong_data.levels_alone),
    5: (wrong_networks.deaf_gates, wrong_networks.fresh_memory, wrong_networks.batch_of_one),
}


def run(*, seed: int = 0, quick: bool = False, on_progress: OnProgress | None = None) -> StudyResult:
    """All of them, in seconds. Neither seed nor haste changes a figure: what they show is no matter of luck."""
    del seed, quick, on_progress
    title = Text("The mistakes that these tutorials make, and how to see them", "这些教程所犯的错误，以及如何看出来")
    return StudyResult(0, title, tuple(of_study(number) for number in MISTAKES))


def of_study(number: int) -> Section:
    """What was put right in one study, as a section of it."""
    found = [make() for make in MISTAKES[number]]
    return Section(
        Text(f"What was put right in study {number}", f"研究 {number} 改正了什么"),
        tuple(
            Text(f"{one.name.english}. {one.why.english}", f"{one.name.chinese}。{one.why.chinese}") for one in found
        ),
        {
            "mistake": [one.name for one in found],
            "what it changes": [one.figure for one in found],
            "with it": [one.wrong for one in found],
            "put right": [one.right for one in found],
        },
    )
