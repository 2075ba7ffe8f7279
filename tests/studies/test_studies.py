"""Every study runs, says what it found in both languages, and sees nothing that it may not see."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from gatecast.errors import OptionError
from gatecast.language import Text
from gatecast.studies import material, study1, study2, study4, study5
from gatecast.studies.catalogue import STUDIES, carry_out
from gatecast.studies.mistakes import MISTAKES, of_study
from gatecast.studies.result import StudyProgress
from gatecast.studies.tally import Tally

QUIET = Tally(0, None)


@pytest.fixture(scope="module", params=[name for name in STUDIES if name != "3"])
def named(request):
    """A study's name, its quick result, and the progress that it told."""
    told: list[StudyProgress] = []
    return request.param, carry_out(request.param, quick=True, on_progress=told.append), told


def test_a_result_is_whole(named):
    name, result, _ = named
    assert str(result.number or "mistakes") == name
    for section in result.sections:
        for text in (section.heading, *section.words):
            assert isinstance(text, Text)
            assert text.english.strip() and text.chinese.strip()
        if section.table is not None:
            assert len({len(column) for column in section.table.values()}) == 1
        if section.chart is not None:
            for line in section.chart.lines:
                assert len(line.x) == len(line.y) > 0
                assert np.isfinite(np.array(line.y, float)).all()


def test_a_study_ends_with_its_own_mistakes(named):
    name, result, _ = named
    last = max(MISTAKES) if name == "mistakes" else int(name)
    assert result.sections[-1].heading == of_study(last).heading


def test_the_naive_forecast_stands_beside_every_judged_one(named):
    name, result, _ = named
    judged = [s.table for s in result.sections if s.table and "RMSE" in s.table]
    assert bool(judged) == (name != "mistakes")
    assert all("naive" in table["method"] for table in judged)


def test_progress_counts_up_to_the_whole(named):
    name, _, told = named
    if name == "mistakes":
        assert told == []  # nothing trains
        return
    assert [one.done for one in told] == list(range(1, len(told) + 1))
    assert {one.total for one in told} == {len(told)}
    assert all(one.part.english and one.part.chinese for one in told)


def test_the_same_seed_gives_the_same_figures():
    first, second, other = (without_clock(carry_out("1", seed=seed, quick=True)) for seed in (2, 2, 3))
    assert first == second
    assert first != other


def without_clock(result):
    tables = [section.table or {} for section in result.sections]
    return [{key: list(column) for key, column in table.items() if key != "seconds"} for table in tables]


def test_an_unknown_study_is_told_with_the_known_ones():
    with pytest.raises(OptionError, match="there are: 1, 2, 3, 4, 5, mistakes"):
        carry_out("6")


def test_all_studies_take_the_same_arguments():
    for module in (study1, study2, study4, study5):
        assert list(inspect.signature(module.run).parameters) == ["seed", "quick", "on_progress"]


@pytest.mark.parametrize("case", study4.CASES, ids=lambda case: case.name.english)
def test_study_4_trains_on_nothing_out_of_sample(case):
    close = material.stock("IBM", quick=True).column("close")
    later = close.copy()
    later[210:] *= 7
    losses, points = [], []
    for values in (close, later):
        trained = study4.fit(case, values, 210, 5, 0, QUIET)
        losses.append([mark.loss for mark in trained.marks])
        points.append(trained.point)
    assert losses[0] == losses[1]
    np.testing.assert_array_equal(points[0][: 210 - 3], points[1][: 210 - 3])
    assert not np.array_equal(points[0][210:], points[1][210:])


def test_study_4_forecasts_from_the_three_days_before_and_no_other():
    close = material.stock("IBM", quick=True).column("close")
    moved = close.copy()
    moved[250] += 10
    points = [study4.fit(study4.LSTM, values, 210, 2, 0, QUIET).point for values in (close, moved)]
    changed = 3 + np.flatnonzero(points[0] != points[1])  # rows that are forecast
    assert changed.tolist() == [251, 252, 253]


@pytest.mark.parametrize("part", [0.8])
def test_study_2_scales_and_trains_by_the_training_rows_alone(monkeypatch, part):
    table = material.stock("IBM", quick=True)
    later = table.values.copy()
    later[int(part * len(later)) :] *= 5
    marks = []
    for values in (table.values, later):
        monkeypatch.setattr(material, "stock", lambda *_, values=values, **__: table._replace(values=values))
        marks.append([mark.loss for mark in study2.of_stock("IBM", 3, seed=0).marks])
    assert marks[0] == marks[1]


def test_study_2_pairs_each_test_row_with_its_own_forecast():
    table = material.stock("IBM", quick=True)
    found = study2.of_stock("IBM", 2, seed=0, quick=True)
    close = table.column("close")
    np.testing.assert_array_equal(found.actual, close[240:])
    np.testing.assert_array_equal(found.last, close[239:-1])
    assert found.dates == table.dates[240:]
    assert len(found.point) == 60
    assert found.loaded_equal


def test_study_1_sees_the_newest_row_and_pairs_windows_with_what_came():
    found = study1.fit(2, seed=0, quick=True)
    degrees = found.table.column("temp_max")
    assert found.ahead.shape == (7,)
    assert found.learnt == 240 - 14 - 7 + 1
    np.testing.assert_allclose(found.last, degrees[239 : 300 - 7])
    np.testing.assert_allclose(found.actual[0], degrees[240:247])
    np.testing.assert_allclose(found.actual[-1], degrees[-7:])
    assert len(found.point) == len(found.actual) == len(found.last)


def test_study_5_keeps_training_validation_and_test_apart():
    rows = study5.divided()
    cut = rows.training - study5.CONTEXT
    assert len(rows.lesson.inputs) + len(rows.validation.inputs) == cut
    scaled = rows.scaler.apply(rows.values[:, None])[:, 0].astype(np.float32)
    fitted = study5.CONTEXT + len(rows.lesson.inputs)
    assert abs(scaled[:fitted].mean()) < 1e-3  # the scale is that of the rows that train
    np.testing.assert_array_equal(rows.validation.targets[:, 0], scaled[fitted : rows.training])


@pytest.mark.slow
@pytest.mark.parametrize("ticker", material.STOCKS)
def test_study_4_learns_to_copy_in_its_1000_iterations(ticker):
    """The figure of the study: at most 1.05 × "tomorrow is today". The plain LSTM's depends a little on the machine."""
    close = material.stock(ticker).column("close")
    training = int(study4.TRAINS * len(close))
    plain, changes = (
        study4.fit(case, close, training, study4.ITERATIONS, 0, QUIET).ratio for case in (study4.LSTM, study4.CHANGES)
    )
    assert changes <= 1.01
    assert plain <= 1.1


@pytest.mark.slow
def test_study_5_hears_skill_in_the_sunspots():
    result = study5.run()
    table = next(s.table for s in result.sections if s.table and "RMSE" in s.table)
    error = dict(zip(table["method"], table["RMSE"], strict=True))
    assert error["ensemble"] < 0.7 * error["naive"]
    assert error["LSTM from its gates"] < 0.9 * error["gates that never read h"]
