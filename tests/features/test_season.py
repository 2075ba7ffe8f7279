"""Seasons: found where the data shows them, and nowhere else."""

from __future__ import annotations

import time

import numpy as np
import pytest

from gatecast.errors import OptionError
from gatecast.features.season import find_seasons
from gatecast.frequency import DAY, HOUR, WEEK, Frequency
from gatecast.panel import Panel

ROWS, MONTHS, QUARTERS, YEARS = Frequency("row"), Frequency("month"), Frequency("month", 3), Frequency("month", 12)
HOURS, DAYS, WEEKS = (Frequency("microsecond", step) for step in (HOUR, DAY, WEEK))


def panel_of(*series, frequency: Frequency = ROWS) -> Panel:
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in series])]).astype(np.int64)
    rows = np.concatenate([np.arange(len(one)) for one in series])
    ids = tuple(f"s{i}" for i in range(len(series)))
    return Panel(np.concatenate(series).astype(float)[:, None], offsets, ids, rows, frequency)


def periodic(length: int, season: float, noise: float = 0.4, seed: int = 0) -> np.ndarray:
    wave = np.sin(2 * np.pi * np.arange(length) / season)
    return wave + noise * np.random.default_rng(seed).normal(size=length)


def walk(seed: int, length: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=length).cumsum()


@pytest.mark.parametrize(
    ("frequency", "season", "length"),
    [(MONTHS, 12, 144), (MONTHS, 12, 60), (QUARTERS, 4, 40), (HOURS, 24, 500), (DAYS, 7, 90), (WEEKS, 52, 400)],
)
def test_a_natural_season_is_found(frequency, season, length):
    trend = 0.05 * np.arange(length)
    assert find_seasons(panel_of(trend + periodic(length, season), frequency=frequency)) == (season,)


def test_a_season_that_grows_with_the_level_is_found():
    growing = np.exp(0.02 * np.arange(144)) * (1 + 0.2 * periodic(144, 12, 0.1))
    assert find_seasons(panel_of(growing, frequency=MONTHS)) == (12,)


def test_two_seasons_are_found_where_both_show():
    hours = np.arange(24 * 7 * 20)
    day = periodic(len(hours), 24)
    week = 1.0 * (hours // 24 % 7 >= 5)
    assert find_seasons(panel_of(day, frequency=HOURS)) == (24,)
    assert find_seasons(panel_of(day + week, frequency=HOURS)) == (24, 168)


@pytest.mark.parametrize("cycles", [2.2, 3, 3.9])
def test_a_week_whose_days_differ_plainly_is_found_after_two_of_them(cycles):
    hours = np.arange(int(cycles * 168))
    day = periodic(len(hours), 24, noise=0.1)
    week = 1.0 * (hours // 24 % 7 >= 5)
    assert find_seasons(panel_of(day + week, frequency=HOURS)) == (24, 168)
    assert find_seasons(panel_of((day + week)[: 2 * 168], frequency=HOURS)) == (24,)  # nothing to compare it with


@pytest.mark.parametrize("length", [400, 600])
def test_days_that_wander_are_no_week(length):
    days = [periodic(length, 24, noise=0.1, seed=seed) + 0.05 * walk(seed, length) for seed in range(100)]
    assert all(find_seasons(panel_of(one, frequency=HOURS)) == (24,) for one in days)
    assert find_seasons(panel_of(*days[:5], frequency=HOURS)) == (24,)


@pytest.mark.parametrize(
    "frequency", [ROWS, YEARS, MONTHS, QUARTERS, HOURS, DAYS, WEEKS], ids=lambda f: f.describe().english
)
@pytest.mark.parametrize("length", [40, 144, 1000])
def test_a_random_walk_has_no_season(frequency, length):
    found = [find_seasons(panel_of(walk(seed, length), frequency=frequency)) for seed in range(100)]
    assert sum(one != () for one in found) <= 5


@pytest.mark.parametrize("frequency", [ROWS, MONTHS, DAYS], ids=lambda f: f.describe().english)
def test_a_bent_trend_is_no_season(frequency):
    time = np.arange(3000)
    trend = time**1.5 / 10 + np.random.default_rng(0).normal(size=3000)
    assert find_seasons(panel_of(trend, frequency=frequency)) == ()


@pytest.mark.parametrize("season", [5, 7, 24, 60])
@pytest.mark.parametrize("frequency", [ROWS, YEARS], ids=lambda f: f.describe().english)
def test_steps_without_a_natural_season_show_their_own(season, frequency):
    assert find_seasons(panel_of(periodic(12 * season, season), frequency=frequency)) == (season,)


def test_the_season_is_not_its_multiple_in_a_panel_of_many_lengths():
    profile = np.random.default_rng(0).normal(size=24)
    series = [
        10.0**k * (np.tile(profile, 40)[: 600 + 10 * k] + 0.2 * np.random.default_rng(k).normal(size=600 + 10 * k))
        for k in range(20)
    ]
    assert find_seasons(panel_of(*series)) == (24,)


@pytest.mark.parametrize(
    ("frequency", "season", "length"),
    [(MONTHS, 12, 30), (MONTHS, 12, 47), (QUARTERS, 4, 12), (HOURS, 24, 60), (DAYS, 7, 18), (WEEKS, 52, 127)],
)
def test_a_natural_season_that_is_plain_is_found_after_hardly_more_than_two_cycles(frequency, season, length):
    days = 0.02 * np.arange(length) + periodic(length, season, noise=0.2)
    assert find_seasons(panel_of(days, frequency=frequency)) == (season,)
    assert find_seasons(panel_of(days, days + 1, walk(0, length), frequency=frequency)) == (season,)  # most show it
    assert find_seasons(panel_of(days, walk(1, length), walk(0, length), frequency=frequency)) == ()


@pytest.mark.parametrize(
    ("frequency", "length"), [(MONTHS, 32), (MONTHS, 44), (QUARTERS, 15), (HOURS, 64), (DAYS, 21), (WEEKS, 130)]
)
@pytest.mark.parametrize("make", [walk, lambda seed, length: np.random.default_rng(seed).normal(size=length)])
def test_chance_hardly_shows_a_season_in_so_few_cycles(frequency, length, make):
    found = [find_seasons(panel_of(make(seed, length), frequency=frequency)) for seed in range(100)]
    assert sum(one != () for one in found) <= 8


def test_too_few_cycles_are_not_believed():
    assert find_seasons(panel_of(periodic(28, 12, 0.0), frequency=MONTHS)) == ()


def test_two_years_of_days_show_no_year():
    """A slow wave over a thousand days is no gain to a forecast of a few weeks."""
    assert find_seasons(panel_of(periodic(1100, 365, 0.1), frequency=DAYS)) == ()


@pytest.mark.parametrize(
    "series", [np.zeros(60), np.full(60, 1e300), np.arange(60.0), np.array([1.0]), np.array([1.0, 2.0])]
)
def test_series_that_show_nothing_are_silent(series):
    for frequency in (ROWS, MONTHS):
        assert find_seasons(panel_of(series, frequency=frequency)) == ()


@pytest.mark.parametrize(
    ("season", "expected"),
    [
        (12, (12,)),
        ((168, 24), (24, 168)),
        ([7], (7,)),
        (np.array([24, 168]), (24, 168)),
        ("24,168", (24, 168)),
        ("12", (12,)),
        (None, ()),
        ("none", ()),
    ],
)
def test_a_season_that_is_given_is_taken(season, expected):
    assert find_seasons(panel_of(np.arange(5.0)), season) == expected


@pytest.mark.parametrize(
    "season", [1, 0, -7, 2.5, True, (24, 24), (), (1, 12), "weekly", "", "12,", [None], float("nan")]
)
def test_a_season_that_makes_no_sense_is_refused(season):
    with pytest.raises(OptionError, match="season must be"):
        find_seasons(panel_of(np.arange(5.0)), season)


def test_many_series_and_long_ones_take_no_time():
    many = panel_of(*(walk(seed, 300) for seed in range(10_000)))
    long = panel_of(walk(0, 1_000_000), frequency=HOURS)
    begin = time.perf_counter()
    find_seasons(many)
    find_seasons(long)
    assert time.perf_counter() - begin < 5  # far above what it takes, for busy machines
