"""Study 3: what it imagines, what its closed loops find, and what it puts right."""

from __future__ import annotations

import numpy as np
import pytest

from gatecast.language import Text
from gatecast.runtime import stream
from gatecast.studies import imagined, study3
from gatecast.studies.result import StudyProgress, StudyResult


@pytest.fixture(scope="module")
def quick() -> tuple[StudyResult, list[StudyProgress]]:
    told: list[StudyProgress] = []
    return study3.run(quick=True, on_progress=told.append), told


def test_the_result_is_whole(quick: tuple[StudyResult, list[StudyProgress]]) -> None:
    result, told = quick
    assert result.number == 3 and len(result.sections) == 7
    for section in result.sections:
        for text in (section.heading, *section.words):
            assert isinstance(text, Text) and text.english.strip() and text.chinese.strip()
        if section.table is not None:
            assert len({len(column) for column in section.table.values()}) == 1
        for line in section.chart.lines if section.chart else ():
            assert len(line.x) == len(line.y) > 0 and np.isfinite(np.array(line.y, float)).all()
    assert [one.done for one in told] == list(range(1, len(told) + 1)) and told[-1].total == len(told)


def test_the_free_run_is_drawn_dotted_after_solid_data(quick: tuple[StudyResult, list[StudyProgress]]) -> None:
    chart = quick[0].sections[2].chart
    assert chart is not None
    data, *free = chart.lines
    assert not data.dotted and free and all(line.dotted and line.x[0] == 150 for line in free)


def test_waves_go_on_where_they_stopped() -> None:
    data = imagined.sines(stream(0, "a test"), 5, 60)
    assert data.values.shape == (5, 120) and data.given == 60
    shift = np.round(np.arcsin(data.values[:, 0]) * 20)
    assert len(set(shift)) > 1
    np.testing.assert_allclose(data.values[:, 1:-1] * 2 * np.cos(1 / 20), data.values[:, 2:] + data.values[:, :-2])


def test_the_shape_is_drawn_within_its_bounds() -> None:
    shapes = [imagined.any_shape(stream(seed, "a test")) for seed in range(5)]
    assert all(50 <= len(one.values) < 200 and 800 <= one.given < 1200 and 10 <= w < 30 for one, w in shapes)
    assert len({one.values.shape for one, _ in shapes}) == 5
    assert all(one.values.min() >= np.cos(1) - 1e-12 and one.values.max() <= 1 for one, _ in shapes)


def test_a_season_has_one_draw_of_noise() -> None:
    data = imagined.seasons(stream(0, "a test"), 40)
    np.testing.assert_allclose(np.diff(data.values, axis=1), 1.6)
    assert 0.6 < (data.values[:, 0] - 14).std() < 1.4


def test_the_perceptrons_validation_has_the_true_targets() -> None:
    fit = study3.perceptron(quick=True)
    held = fit.held_out
    right, wrong = (np.mean((fit.line[held] - targets[held]) ** 2) for targets in (fit.minutes, fit.games))
    assert fit.validation[-1] == pytest.approx(right, rel=1e-4)
    assert fit.as_published[-1] == pytest.approx(wrong, rel=1e-4)
    assert wrong > 100 > right


def test_scaled_seasons_are_learnt_better_than_published_and_changes_go_on_as_a_line() -> None:
    scaled, changes = study3.seasons(), study3.season_changes(2)
    assert scaled.loss[-1] <= 0.1
    assert scaled.kept_error > 1 > 0.1 > changes.kept_error
    assert scaled.truth.shape == changes.truth.shape == (5, 22, 1)
    assert scaled.curves.shape[1:] == changes.curves.shape[1:] == (5, 11, 1)


def test_ctrl_c_ends_the_study_and_not_just_one_training() -> None:
    def press(_: StudyProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study3.seasons(3, tally=study3.Tally(3, press))


@pytest.mark.slow
def test_the_wave_is_learnt_as_published_and_the_kept_step_runs_freely() -> None:
    """The figures that are promised, at a fifth of the size: 23 waves of 600 points."""
    data = imagined.sines(stream(0, "study 3b"), 23, 600)
    model = study3.ClosedLoop(hidden=study3.CELLS, steps=6, scaling=False, held_out=3, device="cpu")
    found = study3.looped(model, data, study3.Tally(0, None))
    assert min(found.loss) <= 0.003
    assert found.kept_error <= 0.1 < found.naive_error
