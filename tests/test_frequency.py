"""The step of a time index on the shapes that real data has."""

from __future__ import annotations

import time as clock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecast.errors import OptionError
from gatecast.frequency import DAY, HOUR, MINUTE, WEEK, Frequency, infer


def stamps(index: pd.DatetimeIndex | np.ndarray) -> np.ndarray:
    return np.asarray(index).astype("datetime64[us]")


def single(index: pd.DatetimeIndex | np.ndarray, **options: str) -> Frequency:
    time = stamps(index)
    return infer(time, np.array([0, len(time)]), **options)


def next_times(index: pd.DatetimeIndex, horizon: int, **options: str) -> list[str]:
    frequency = single(index, **options)
    ahead = frequency.after(stamps(index)[-1:], horizon)
    assert ahead.shape == (1, horizon)
    return pd.DatetimeIndex(ahead[0]).strftime("%Y-%m-%d %H:%M").tolist()


def gaps(index: pd.DatetimeIndex, **options: str) -> list[int]:
    time = stamps(index)
    offsets = np.array([0, len(time)])
    return infer(time, offsets, **options).gaps(time, offsets).tolist()


REGULAR = [
    "s",
    "5s",
    "min",
    "5min",
    "7min",
    "h",
    "6h",
    "12h",
    "D",
    "B",
    "2D",
    "W-SUN",
    "W-FRI",
    "14D",
    "MS",
    "ME",
    "QS",
    "QE",
    "YS",
    "YE",
]


@pytest.mark.parametrize("alias", REGULAR)
def test_continues_as_pandas_would(alias: str) -> None:
    whole = pd.date_range("2020-01-31", periods=80, freq=alias)
    frequency = single(whole[:60])
    assert (frequency.after(stamps(whole)[59:60], 20)[0] == stamps(whole)[60:]).all()
    assert gaps(whole) == []


@settings(deadline=None, max_examples=50)
@given(
    alias=st.sampled_from(REGULAR),
    size=st.integers(16, 60),
    start=st.datetimes(pd.Timestamp("1950-01-01"), pd.Timestamp("2060-01-01")),
)
def test_one_step_is_the_next_time_whatever_the_start(alias: str, size: int, start: pd.Timestamp) -> None:
    whole = pd.date_range(pd.Timestamp(start).floor("min"), periods=size + 1, freq=alias)
    assert single(whole[:size]).after(stamps(whole)[size - 1 : size], 1)[0, 0] == stamps(whole)[size]


@pytest.mark.parametrize(
    ("alias", "said"),
    [
        ("h", "every hour"),
        ("15min", "every 15 minutes"),
        ("D", "every day"),
        ("B", "every weekday (Monday to Friday)"),
        ("W", "every week"),
        ("MS", "monthly"),
        ("QE", "quarterly"),
        ("YS", "yearly"),
    ],
)
def test_step_in_words(alias: str, said: str) -> None:
    assert single(pd.date_range("2020-01-01", periods=60, freq=alias)).describe().english == said


def trading_minutes(days: int, step: str = "5min") -> pd.DatetimeIndex:
    """Shanghai: 9:30 to 11:30 and 13:00 to 15:00, Monday to Friday."""
    parts = []
    for day in pd.bdate_range("2024-03-04", periods=days):
        parts += [
            pd.date_range(f"{day:%F} 09:35", f"{day:%F} 11:30", freq=step),
            pd.date_range(f"{day:%F} 13:05", f"{day:%F} 15:00", freq=step),
        ]
    return parts[0].append(parts[1:])


@pytest.mark.parametrize("days", [4, 5, 9, 10, 30])
def test_trading_hours_are_kept(days: int) -> None:
    whole = trading_minutes(days + 3)
    size = 48 * days
    frequency = single(whole[:size])
    assert (frequency.after(stamps(whole)[size - 1 : size], 144)[0] == stamps(whole)[size:]).all()
    assert gaps(whole[:size]) == []
    assert frequency.seasons() == (48, 240)
    assert "in opening hours" in frequency.describe().english


def test_hours_that_differ_from_day_to_day_are_no_opening_hours() -> None:
    shifts = [
        pd.date_range(f"2024-03-{4 + day:02} {hour:02}:00", periods=5, freq="h")
        for day, hour in enumerate((0, 6, 12, 18))
    ]
    assert single(shifts[0].append(shifts[1:])).slots == ()


@pytest.mark.parametrize("days", [5, 6, 8, 13, 40, 300])
def test_weekdays_from_the_first_weekend_on(days: int) -> None:
    whole = pd.bdate_range("2024-01-03", periods=days + 10)  # from a Wednesday
    frequency = single(whole[:days])
    assert (frequency.after(stamps(whole)[days - 1 : days], 10)[0] == stamps(whole)[days:]).all()
    assert frequency.seasons() == (5,)


def test_days_that_saw_no_weekend_stay_plain_days() -> None:
    assert next_times(pd.date_range("2024-01-01", periods=5), 1) == ["2024-01-06 00:00"]


def test_holidays_among_weekdays_are_gaps_but_break_nothing() -> None:
    whole = pd.bdate_range("2024-01-01", periods=100)
    holiday = whole.delete([20, 55, 56])
    assert gaps(holiday) == [20, 54]
    assert single(holiday).slots == single(whole).slots


def test_calendar_makes_holidays_no_gaps_and_is_quick() -> None:
    from gatecast.frequency import open_days

    is_open = open_days("XNYS")
    days = [day for day in pd.bdate_range("1990-01-01", "2024-06-28") if is_open(day.date())]
    begin = clock.perf_counter()
    assert gaps(pd.DatetimeIndex(days), calendar="XNYS") == []
    assert clock.perf_counter() - begin < 5
    assert next_times(pd.DatetimeIndex(days), 4, calendar="XNYS") == [f"2024-07-0{d} 00:00" for d in (1, 2, 3, 5)]


def test_trap_01_longer_steps_move_to_the_open_day_before() -> None:
    fridays = pd.date_range("2023-01-06", "2023-03-31", freq="W-FRI")
    assert next_times(fridays, 2, calendar="XNYS") == ["2023-04-06 00:00", "2023-04-14 00:00"]  # Good Friday
    sundays = pd.date_range("2023-01-01", "2023-03-31", freq="W-SUN")
    assert next_times(sundays, 2, calendar="XNYS") == ["2023-03-31 00:00", "2023-04-06 00:00"]
    month_ends = pd.date_range("2023-01-31", "2023-08-31", freq="ME")
    assert next_times(month_ends, 2, calendar="XNYS") == ["2023-09-29 00:00", "2023-10-31 00:00"]


def test_trap_01_two_closed_weeks_give_one_date_once() -> None:
    fridays = pd.date_range("2023-12-01", "2024-02-02", freq="W-FRI")
    ahead = next_times(fridays, 3, calendar="XSHG")  # the Spring Festival closes from 9 to 18 February
    assert ahead == ["2024-02-08 00:00", "2024-02-23 00:00", "2024-03-01 00:00"]


def test_trap_01_intraday_forecasts_skip_closed_days() -> None:
    hours = [
        pd.date_range(f"{day:%F} 10:00", f"{day:%F} 15:00", freq="h")
        for day in pd.bdate_range("2024-05-20", "2024-07-03")
    ]
    ahead = next_times(hours[0].append(hours[1:]), 6, calendar="XNYS")
    assert ahead == [f"2024-07-05 {hour}:00" for hour in range(10, 16)]


def test_unknown_calendar_is_refused() -> None:
    with pytest.raises(OptionError, match="XNYS"):
        single(pd.date_range("2024-01-01", periods=9), calendar="MARS")


def test_last_weekdays_of_months_stay_monthly() -> None:
    index = pd.date_range("2020-01-01", periods=40, freq="BME")
    frequency = single(index)
    assert (frequency.unit, frequency.step, frequency.month_end) == ("month", 1, True)
    assert gaps(index) == []
    assert gaps(index.delete(7)) == [7]


def test_missing_months_are_gaps() -> None:
    index = pd.date_range("2020-01-01", periods=40, freq="MS")
    assert gaps(index.delete([5, 6, 20])) == [5, 18]
    assert next_times(index.delete([5, 6, 20]), 1) == ["2023-05-01 00:00"]


def test_leap_day_years() -> None:
    assert next_times(pd.DatetimeIndex(["2020-02-29", "2021-02-28", "2022-02-28", "2023-02-28"]), 1) == [
        "2024-02-29 00:00"
    ]


def test_four_weeks_are_no_month() -> None:
    assert single(pd.date_range("2020-01-01", periods=40, freq="28D")).step == 4 * WEEK


@pytest.mark.parametrize(
    ("times", "following"),
    [
        (["2020-01-01", "2020-01-02"], "2020-01-03 00:00"),
        (["2020-01-01", "2020-02-01"], "2020-03-01 00:00"),
        (["2020-01-31", "2020-02-29"], "2020-03-31 00:00"),
        (["2020-01-01 10:00", "2020-01-01 10:10"], "2020-01-01 10:20"),
        (["2020-01-01", "2021-01-01"], "2022-01-01 00:00"),
    ],
)
def test_two_rows_are_enough(times: list[str], following: str) -> None:
    assert next_times(pd.DatetimeIndex(times), 1) == [following]


def test_single_row_counts_days() -> None:
    assert next_times(pd.DatetimeIndex(["2020-01-01"]), 1) == ["2020-01-02 00:00"]


def test_several_series_have_the_commonest_step_and_borders_are_no_steps() -> None:
    parts = [
        pd.date_range("2024-01-01", periods=30, freq="h"),
        pd.date_range("2020-05-05", periods=4, freq="D"),
        pd.date_range("2024-01-01", periods=2),
    ]
    time = np.concatenate([stamps(part) for part in parts])
    offsets = np.array([0, 30, 34, 36])
    frequency = infer(time, offsets)
    assert frequency.step == HOUR
    assert frequency.gaps(time, offsets).tolist() == [31, 32, 33, 35]


def test_series_of_one_row_each() -> None:
    time = stamps(pd.DatetimeIndex(["2024-01-01", "2020-01-01", "2022-01-01"]))
    assert infer(time, np.arange(4)).gaps(time, np.arange(4)).tolist() == []


def test_times_that_follow_no_clock_have_a_round_step() -> None:
    random = np.random.default_rng(0)
    time = np.datetime64("2024-01-01", "us") + np.cumsum(random.integers(9 * MINUTE, 11 * MINUTE, 200)).astype(
        "timedelta64[us]"
    )
    assert single(time).step % 1_000_000 == 0
    assert abs(single(time).step - 10 * MINUTE) < MINUTE


def test_whole_numbers() -> None:
    time = np.array([1990, 1992, 1994, 1998, 2000])
    offsets = np.array([0, 5])
    frequency = infer(time, offsets)
    assert frequency == Frequency("row", 2)
    assert frequency.after(time[-1:], 2).tolist() == [[2002, 2004]]
    assert frequency.gaps(time, offsets).tolist() == [3]


ROME = "Europe/Rome"


@pytest.mark.parametrize("alias", ["D", "B", "W-MON", "MS", "ME"])
@pytest.mark.parametrize("zone", [ROME, "America/New_York", "Australia/Lord_Howe", "+05:30"])
def test_days_and_months_follow_the_clock_of_their_zone(alias: str, zone: str) -> None:
    whole = pd.date_range("2019-02-01", periods=400 if alias in "DB" else 60, freq=alias, tz=zone)
    time = stamps(whole.tz_convert("UTC").tz_localize(None))
    size = len(time) - 40
    frequency = single(time[:size], time_zone=zone)
    assert (frequency.after(time[size - 1 : size], 40)[0] == time[size:]).all()
    assert frequency.gaps(time, np.array([0, len(time)])).tolist() == []


def test_hours_are_hours_when_the_clocks_change() -> None:
    whole = pd.date_range("2020-03-20", periods=300, freq="h", tz=ROME)
    time = stamps(whole.tz_convert("UTC").tz_localize(None))
    frequency = single(time[:150], time_zone=ROME)
    assert (frequency.after(time[149:150], 150)[0] == time[150:]).all()


def test_trading_hours_follow_the_clock_of_their_zone() -> None:
    days = pd.bdate_range("2024-02-01", "2024-03-28")  # New York changes its clocks on 10 March
    hours = [pd.date_range(f"{day:%F} 10:00", f"{day:%F} 15:00", freq="h", tz="America/New_York") for day in days]
    time = stamps(hours[0].append(hours[1:]).tz_convert("UTC").tz_localize(None))
    frequency = single(time[:130], time_zone="America/New_York")
    assert (frequency.after(time[129:130], 100)[0] == time[130:230]).all()


def test_hourly_wall_clock_without_a_zone_has_one_gap_in_spring() -> None:
    local = pd.date_range("2020-03-20", periods=300, freq="h", tz=ROME).tz_localize(None)
    assert len(gaps(local)) == 1
    assert single(local).step == HOUR


@pytest.mark.parametrize(
    ("alias", "seasons"),
    [
        ("h", (24, 168)),
        ("D", (7, 365)),
        ("B", (5,)),
        ("W", (52,)),
        ("MS", (12,)),
        ("QS", (4,)),
        ("YS", ()),
        ("15min", (4, 96, 672)),
        ("min", (60, 1440, 10080)),
    ],
)
def test_seasons_of_steps(alias: str, seasons: tuple[int, ...]) -> None:
    assert single(pd.date_range("2020-01-01", periods=60, freq=alias)).seasons() == seasons


def test_many_series_at_once() -> None:
    frequency = Frequency("microsecond", DAY)
    last = stamps(pd.DatetimeIndex(["2024-01-01", "2023-06-30"]))
    assert frequency.after(last, 2).astype("datetime64[D]").astype(str).tolist() == [
        ["2024-01-02", "2024-01-03"],
        ["2023-07-01", "2023-07-02"],
    ]


# places in time


@pytest.mark.parametrize(
    ("index", "season", "phases"),
    [
        (pd.date_range("2024-01-01 22:00", periods=60, freq="h"), 24, [22, 23, 0, 1]),
        (pd.date_range("2024-01-03", periods=60, freq="D"), 7, [2, 3, 4, 5]),  # a Wednesday; weeks begin on Mondays
        (pd.date_range("2024-01-03", periods=60, freq="B"), 5, [2, 3, 4, 0]),
        (pd.date_range("2023-11-30", periods=60, freq="ME"), 12, [10, 11, 0, 1]),
        (pd.date_range("1969-10-01", periods=60, freq="QS"), 4, [3, 0, 1, 2]),
        (pd.date_range("2024-01-01 00:30", periods=90, freq="30min"), 48, [1, 2, 3, 4]),
    ],
)
def test_a_place_modulo_a_season_is_its_phase(index: pd.DatetimeIndex, season: int, phases: list[int]) -> None:
    places = single(index).position(stamps(index))
    assert (places[:4] % season).tolist() == phases
    assert (np.diff(places) == 1).all()


def test_places_follow_the_clock_of_the_zone() -> None:
    noon = np.array(["2024-01-15T11:00", "2024-07-15T10:00"], "datetime64[us]")  # both are noon in Rome
    rome = Frequency("microsecond", HOUR, time_zone="Europe/Rome")
    assert (rome.position(noon) % 24).tolist() == [12, 12]
    assert (Frequency("microsecond", HOUR).position(noon) % 24).tolist() == [11, 10]


def test_closed_days_keep_their_places() -> None:
    days = Frequency("microsecond", DAY, slots=tuple(day * DAY for day in range(5)), calendar="XNYS")
    around_christmas = np.array(["2024-12-24", "2024-12-26", "2024-12-30"], "datetime64[us]")
    assert (days.position(around_christmas) % 5).tolist() == [1, 3, 0]


def test_counted_rows_are_their_own_places() -> None:
    assert Frequency("row", 10).position(np.array([0, 10, 250])).tolist() == [0, 1, 25]
