"""What the charts and tables hold, number by number."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specimens import WEEKDAYS, run

from gatecast.forecast import Origins
from gatecast.frequency import DAY, HOUR, Frequency, infer
from gatecast.report import charts, tables
from gatecast.report.selection import MOST_SERIES, Shown, choose
from gatecast.report.time_axis import axis, labels, local


def named(figure: charts.Figure, name: str) -> charts.Trace:
    return next(trace for trace in figure["data"] if trace["name"] == name)


def test_the_fan_begins_where_the_past_ends() -> None:
    made = run()
    shown = choose(made.reading.panel, made.forecast, made.scores)[0]
    figure = charts.forecast_fan(made.reading.panel, made.forecast, shown)
    past, ahead, band = (named(figure, name) for name in ("observed", "forecast", "95 % interval"))
    assert past["x"][-1] < ahead["x"][0]
    assert past["y"] == pytest.approx(made.reading.panel.y[-len(past["y"]) :], rel=1e-6)
    assert ahead["y"] == pytest.approx(made.forecast.point[0], rel=1e-6)
    assert band["x"][0] == past["x"][-1]
    assert band["y"][0] == band["y"][-1] == past["y"][-1]  # opens from the last observation
    assert band["y"][1:6] == pytest.approx(made.forecast.lower[0, :, 1], rel=1e-6)
    assert [trace["name"] for trace in figure["data"][:2]] == ["95 % interval", "80 % interval"]  # narrow on top


def test_the_windows_show_forecasts_against_what_came() -> None:
    made = run(windows=3, horizon=4)
    scores = made.scores
    assert scores is not None
    shown = choose(made.reading.panel, made.forecast, scores)[0]
    figure = charts.past_windows(made.reading.panel, scores, shown)
    observed, model, naive = (named(figure, name) for name in ("observed", "lstm", "naive"))
    assert observed["y"][-12:] == pytest.approx(scores.actual.ravel(), rel=1e-6)
    for drawn, prediction in ((model, scores.predictions["lstm"]), (naive, scores.predictions["naive"])):
        pieces = np.array([np.nan if v is None else v for v in drawn["y"]]).reshape(3, 5)
        assert pieces[:, :4] == pytest.approx(prediction.point, rel=1e-6)
        assert np.isnan(pieces[:, 4]).all()
    assert [x for x in model["x"] if x] == labels(scores.time.ravel())
    assert [cut["x0"] for cut in figure["layout"]["shapes"]] == labels(made.reading.panel.time[[-13, -9, -5]])


def test_windows_that_overlap_are_not_drawn_on_one_another() -> None:
    made = run(windows=6, horizon=4)
    assert made.scores is not None
    ends = np.array([180, 182, 184, 186, 188, 190])
    scores = replace(made.scores, origins=Origins(np.zeros(6, int), ends))
    shown = choose(made.reading.panel, made.forecast, scores)[0]
    assert ends[charts.windows_drawn(scores, shown)].tolist() == [182, 186, 190]


def test_windows_of_one_step_are_points() -> None:
    made = run(horizon=1)
    assert made.scores is not None
    shown = choose(made.reading.panel, made.forecast, made.scores)[0]
    assert named(charts.past_windows(made.reading.panel, made.scores, shown), "lstm")["mode"] == "markers"
    assert {trace["type"] for trace in charts.error_of_steps(made.scores)["data"]} == {"bar"}


def test_series_without_windows_are_shown_without_them() -> None:
    made = run(ids=("A", "B"))
    assert made.scores is not None
    only_a = replace(made.scores, origins=Origins(np.zeros(8, int), np.arange(8)))
    a, b = choose(made.reading.panel, made.forecast, only_a)
    assert len(a.windows) == 8
    assert len(b.windows) == 0


def test_the_best_the_worst_and_the_typical_series_are_chosen() -> None:
    errors = np.random.default_rng(3).permutation(np.arange(1.0, 22.0))
    made = run(ids=tuple(f"S{i}" for i in range(21)), errors=errors, windows=2)
    shown = choose(made.reading.panel, made.forecast, made.scores)
    assert len(shown) == MOST_SERIES
    assert shown[0].id == "S0"
    by_reason = {str(one.why): errors[one.in_panel] for one in shown}
    assert (by_reason["best"], by_reason["typical"], by_reason["worst"]) == (1, 11, 21)


def test_without_scores_the_shown_series_are_spread() -> None:
    made = run(ids=tuple(f"S{i}" for i in range(101)))
    shown = choose(made.reading.panel, made.forecast, None)
    assert [one.in_forecast for one in shown] == [0, 20, 40, 60, 80, 100]


def test_trap_01_closed_days_leave_no_hole() -> None:
    made = run()
    shown = choose(made.reading.panel, made.forecast, made.scores)[0]
    figure = charts.forecast_fan(made.reading.panel, made.forecast, shown)
    assert figure["layout"]["xaxis"] == {"type": "date", "rangebreaks": [{"bounds": ["sat", "mon"]}]}


@pytest.mark.parametrize(
    ("open_days", "breaks"),
    [
        ([0, 1, 2, 3, 4], [["sat", "mon"]]),
        ([6, 0, 1, 2, 3], [["fri", "sun"]]),
        ([1, 2, 3, 4, 5], [["sun", "tue"]]),
        ([0, 2, 4], [["tue", "wed"], ["thu", "fri"], ["sat", "mon"]]),
    ],
)
def test_runs_of_closed_days_become_breaks(open_days: list[int], breaks: list[list[str]]) -> None:
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-03-01"))
    days = days[np.isin((days.astype(int) - 4) % 7, open_days)].astype("datetime64[us]")
    frequency = Frequency("microsecond", DAY, slots=tuple(day * DAY for day in sorted(open_days)))
    assert [one["bounds"] for one in axis(days, frequency)["rangebreaks"]] == breaks


def test_nights_of_an_exchange_leave_no_hole() -> None:
    hours = np.concatenate([day + np.arange(10, 16) * np.timedelta64(1, "h") for day in WEEKDAYS])
    frequency = infer(hours, np.array([0, len(hours)]))
    breaks = axis(hours, frequency)["rangebreaks"]
    assert frequency.step == HOUR
    assert breaks == [{"bounds": ["sat", "mon"]}, {"pattern": "hour", "bounds": [16, 10]}]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "+08:00"])
def test_times_are_shown_as_the_users_clock_shows_them(zone: str) -> None:
    stored = np.array(["2024-01-31T16:00:00", "2024-02-01T04:30:00"], "datetime64[us]")
    expected = [datetime(2024, 2, 1), datetime(2024, 2, 1, 12, 30)]
    assert local(stored, zone).tolist() == expected
    assert local(stored, None) is stored


def test_a_steep_training_curve_is_drawn_on_a_log_axis() -> None:
    history = run().history
    assert history is not None
    steep = replace(history, loss=(float("nan"), 100.0, *history.loss[2:]))
    gentle = replace(history, loss=(1.0,) * 20, validation=(0.5,) * 20)
    assert charts.training_curve(steep)["layout"]["yaxis"] == {"type": "log"}
    assert "yaxis" not in charts.training_curve(gentle)["layout"]


def test_an_index_stays_numbers() -> None:
    made = run(time=np.arange(200), rows=200)
    shown = choose(made.reading.panel, made.forecast, made.scores)[0]
    figure = charts.forecast_fan(made.reading.panel, made.forecast, shown)
    assert named(figure, "forecast")["x"] == [200, 201, 202, 203, 204]
    assert figure["layout"]["xaxis"] == {"type": "linear"}
    assert tables.forecast_rows(made.forecast, shown)[1][0][0] == "200"


def test_the_best_of_each_column_is_marked() -> None:
    scores = run().scores
    assert scores is not None
    made = tables.comparison(scores)
    columns = [name for name, _ in made.columns]
    assert columns == ["MASE", "RMSE", "MAE", "sMAPE", "R²", "inside 80 %", "inside 95 %", "direction"]
    table = scores.table()
    for k, name in enumerate(key for key in table if key != "method"):
        marked = [i for i, (_, cells, _) in enumerate(made.rows) if cells[k].best]
        column = table[name]
        if name.startswith("coverage-"):
            column = -np.abs(column - float(name[9:]) / 100)
        elif name not in ("R2", "direction"):
            column = -column
        assert int(np.nanargmax(column)) in marked
    assert [role for _, _, role in made.rows] == ["model", "best", ""]


def test_the_forecast_in_numbers_is_the_forecast() -> None:
    made = run()
    headings, rows, more = tables.forecast_rows(made.forecast, choose(made.reading.panel, made.forecast, None)[0])
    assert headings == ["time", "forecast", "lo-80", "hi-80", "lo-95", "hi-95"]
    assert more == 0
    table = np.array([[float(cell.replace(",", "")) for cell in row[1:]] for row in rows])
    assert table[:, 0] == pytest.approx(made.forecast.point[0], abs=0.01)
    assert table[:, 4] == pytest.approx(made.forecast.upper[0, :, 1], abs=0.01)
    assert [row[0] for row in rows] == labels(made.forecast.time[0])


def test_long_forecasts_are_cut_with_a_count() -> None:
    made = run(horizon=150, windows=1)
    shown = Shown("A", 0, 0, np.zeros(0, int), None)
    _, rows, more = tables.forecast_rows(made.forecast, shown)
    assert (len(rows), more) == (tables.MOST_ROWS, 30)


@settings(deadline=None, max_examples=50)
@given(st.floats(-1e300, 1e300) | st.sampled_from([np.nan, np.inf]), st.integers(2, 6))
def test_a_written_number_is_near_the_number(value: float, digits: int) -> None:
    text = tables.number(value, digits)
    if not np.isfinite(value):
        assert text == "–"
    else:
        assert float(text.replace(",", "")) == pytest.approx(value, rel=10.0 ** (1 - digits))
