"""The data that study 3 imagines, each series longer than what a network is given: the rest judges it. Numpy only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

GAMES = 11
_SLOPE, _START, _OTHERS, _DEVIATION = 1.6, 4.0, 10.0, 1.0  # minutes on court: 1.6 x + 4, and about ten more


class Imagined(NamedTuple):
    """values: (series, points), or (series, points, variables). given: how many of the first points a network gets."""

    values: np.ndarray
    given: int


def minutes(draws: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Study 3a. (games,) their numbers from 1, and the minutes played in each: every game has noise of its own."""
    games = np.arange(1.0, GAMES + 1)
    return games, _SLOPE * games + _START + draws.normal(_OTHERS, _DEVIATION, GAMES)


def sines(draws: np.random.Generator, series: int = 100, points: int = 1000) -> Imagined:
    """Study 3b. sin(x / 20), each wave shifted by a whole number in ±80; as many points again to judge by."""
    x = np.arange(2 * points) + draws.integers(-80, 81, size=(series, 1))
    return Imagined(np.sin(x / 20), points)


def any_shape(draws: np.random.Generator, *, quick: bool = False) -> tuple[Imagined, int]:
    """Study 3c. cos(sin(x / T)²) with any number of waves, of any length and any width T; and that width."""
    series, points, width = draws.integers((50, 800, 10), (200, 1200, 30))
    if quick:
        series, points = max(series // 5, 20), points // 5
    x = np.arange(2 * points) + draws.integers(-4 * width, 4 * width + 1, size=(series, 1))
    return Imagined(np.cos(np.sin(x / width) ** 2), int(points)), int(width)


def seasons(draws: np.random.Generator, series: int = 100) -> Imagined:
    """Study 3d. Seasons of 11 games: 1.6 x + 4 with one draw of noise a season; eleven games more to judge by."""
    games = np.arange(2.0 * GAMES)
    return Imagined(_SLOPE * games + _START + draws.normal(_OTHERS, _DEVIATION, size=(series, 1)), GAMES)


def two_variables(draws: np.random.Generator, series: int = 40, points: int = 300) -> Imagined:
    """A wave, and another of twice its speed that follows the same phase, in another unit."""
    x = np.arange(2 * points) + draws.integers(-80, 81, size=(series, 1))
    return Imagined(np.stack([np.sin(x / 20), 50 + 10 * np.cos(x / 10)], axis=2), points)
