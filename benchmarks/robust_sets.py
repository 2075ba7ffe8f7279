"""Kinds of series that a default must survive, each as tables made from fixed seeds, or bundled, or from a folder.

Knows how they are made; not who forecasts them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from gatecast import datasets

Draws = np.random.Generator
_CALENDAR = {"1h": "2020-01-01", "30m": "2020-01-01", "1d": "2015-01-01", "1w": "2010-01-04", "1mo": "1990-01-01"}


@dataclass(frozen=True)
class Kind:
    """One kind of series.

    tables: frames with `id`, `time` and `y`, each fitted and judged on its own. seasons: for the seasonal naive
    forecasts. windows: held-out ones a series. steps: of training; None = the default.
    """

    name: str
    tables: tuple[pl.DataFrame, ...]
    horizon: int
    seasons: tuple[int, ...] = ()
    windows: int = 8
    steps: int | None = None


def frame(series: list[np.ndarray], step: str = "1d") -> pl.DataFrame:
    """A long table; all series start on the same day."""
    start = pl.Series([_CALENDAR.get(step, "1950-01-01")]).str.to_datetime()
    steps = np.concatenate([np.arange(len(y)) for y in series])
    names = np.repeat([f"s{k}" for k in range(len(series))], [len(y) for y in series])
    ahead = pl.DataFrame({"id": names, "ahead": steps, "y": np.concatenate(series)})
    number, unit = int(re.match(r"\d+", step)[0]), re.sub(r"\d+", "", step)
    later = pl.lit(start[0]).dt.offset_by(pl.format(f"{{}}{unit}", pl.col("ahead") * number))
    return ahead.select("id", later.alias("time"), "y")


def walk(draws: Draws, n: int, drift: float = 0.0) -> np.ndarray:
    return 100 + np.cumsum(draws.normal(drift, 1, n))


def noise(draws: Draws, n: int) -> np.ndarray:
    return draws.normal(50, 5, n)


def autoregressive(draws: Draws, n: int, memory: float = 0.8) -> np.ndarray:
    y = draws.normal(0, 1, n + 50)
    for t in range(1, n + 50):
        y[t] += memory * y[t - 1]
    return 20 + y[50:]


def seasonal(draws: Draws, n: int, seasons: tuple[int, ...], trend: float = 0.02, sigma: float = 1.0) -> np.ndarray:
    """A trend, a fixed shape a season, and noise."""
    t = np.arange(n)
    y = 50 + trend * t + draws.normal(0, sigma, n)
    for season in seasons:
        y += (
            4
            * np.convolve(np.tile(draws.normal(0, 1, season), 3), np.ones(3) / 3, "same")[season : 2 * season][
                t % season
            ]
        )
    return y


def exponential(draws: Draws, n: int) -> np.ndarray:
    return 10 * np.exp(0.03 * np.arange(n) + np.cumsum(draws.normal(0, 0.02, n)))


def intermittent(draws: Draws, n: int) -> np.ndarray:
    return np.where(draws.random(n) < 0.15, draws.poisson(4, n) + 1.0, 0.0)


def shifting(draws: Draws, n: int) -> np.ndarray:
    level = np.cumsum(draws.random(n) < 1 / 60)  # a shift every 60 steps, at no time that could be known
    return draws.normal(100, 20, n)[level] + draws.normal(0, 2, n)


def with_outliers(draws: Draws, n: int) -> np.ndarray:
    return seasonal(draws, n, (7,)) + np.where(draws.random(n) < 0.02, 80.0, 0.0)


def tourism(draws: Draws, n: int) -> np.ndarray:
    """Quarterly, multiplicative season, growth that changes."""
    shape = np.exp(draws.normal(0, 0.25, 4))
    level = np.cumsum(np.cumsum(draws.normal(0, 0.004, n)) + draws.normal(0.01, 0.03, n))
    return np.exp(draws.normal(5, 1)) * np.exp(level) * shape[np.arange(n) % 4] * np.exp(draws.normal(0, 0.05, n))


def demand(draws: Draws, n: int) -> np.ndarray:
    """Half-hourly: a day, a week, and slowly moving weather."""
    weather = np.cumsum(draws.normal(0, 0.05, n))
    return 10 * seasonal(draws, n, (48, 336), trend=0.0, sigma=0.5) + 10 * (weather - weather.mean())


def temperature(draws: Draws, n: int) -> np.ndarray:
    return 10 + 10 * np.sin(2 * np.pi * np.arange(n) / 365.25) + 3 * (autoregressive(draws, n, 0.75) - 20)


def made() -> Iterator[Kind]:
    """All that fixed seeds make."""

    def several(
        number: int, length: int, make: Callable[[Draws, int], np.ndarray], step: str = "1d", tables: int = 1
    ) -> tuple[pl.DataFrame, ...]:
        draws = np.random.default_rng(7)
        return tuple(frame([make(draws, length) for _ in range(number)], step) for _ in range(tables))

    yield Kind("random walk, one", several(1, 400, walk, tables=10), 10)
    yield Kind("random walks, 50", several(50, 200, walk), 10, windows=3)
    yield Kind("drifting walks, 10", several(10, 300, lambda d, n: walk(d, n, 0.3)), 10)
    yield Kind("white noise, one", several(1, 300, noise, tables=4), 10)
    yield Kind("AR(1), one", several(1, 400, autoregressive, tables=4), 10)
    yield Kind("monthly, one", several(1, 144, lambda d, n: seasonal(d, n, (12,), 0.2), "1mo", 3), 12, (12,), 3)
    yield Kind("monthly, 40", several(40, 96, lambda d, n: seasonal(d, n, (12,), 0.2), "1mo"), 12, (12,), 2)
    yield Kind("weekly, one", several(1, 312, lambda d, n: seasonal(d, n, (52,)), "1w", 2), 13, (52,), 4)
    yield Kind("hourly, 5", several(5, 1000, lambda d, n: seasonal(d, n, (24,)), "1h"), 24, (24,), 4)
    yield Kind("half-hourly demand, one", several(1, 4032, demand, "30m"), 48, (48, 336), 4)
    yield Kind("exponential, 5", several(5, 150, exponential, "1mo"), 12, (), 3)
    yield Kind("intermittent, 30", several(30, 200, intermittent), 14, (7,), 3)
    yield Kind("level shifts, 8", several(8, 400, shifting), 10)
    yield Kind("20 points, one", several(1, 20, lambda d, n: walk(d, n, 0.3), "1mo", 14), 4, (), 3)
    yield Kind("20 points, 30", several(30, 20, lambda d, n: walk(d, n, 0.5), "1mo"), 4, (), 2)
    yield Kind("40 points, one", several(1, 40, lambda d, n: seasonal(d, n, (4,), 0.3), "1q", 8), 4, (4,), 3)
    yield Kind("tourism, 60", several(60, 44, tourism, "1q"), 8, (4,), 1)
    yield Kind("exchange rates, 8", several(8, 700, lambda d, n: np.exp(walk(d, n) / 150)), 30, (), 4)
    yield Kind("temperature, one", several(1, 1500, temperature, tables=2), 14)
    yield Kind("outliers, 10", several(10, 200, with_outliers), 14, (7,), 3)
    yield Kind("of every sort", (mixed(np.random.default_rng(3)),), 12, (12,), 2)
    yield Kind(
        "100,000 rows", several(1, 100_000, lambda d, n: seasonal(d, n, (24, 168), 0.0), "1h"), 48, (24, 168), 8, 60
    )


def mixed(draws: Draws) -> pl.DataFrame:
    """Very different lengths and levels, constants and walks among seasons."""
    rows = [seasonal(draws, int(n), (12,), 0.2) * 10.0**k for k, n in enumerate(draws.integers(40, 400, 6))]
    rows += [walk(draws, int(n)) / 10.0**k for k, n in enumerate(draws.integers(30, 500, 6))]
    rows += [np.full(60, 7.0), np.full(200, 0.0), exponential(draws, 120), intermittent(draws, 150)]
    return frame(rows, "1mo")


def bundled() -> Iterator[Kind]:
    """The tables that come along."""
    stocks = pl.read_csv(datasets.path("stocks"), try_parse_dates=True)
    stocks = stocks.select(id="Ticker", time="Date", y="Close")
    yield Kind("stocks", (stocks.filter(pl.col("time") >= pl.date(2011, 1, 1)),), 10)
    weather = pl.read_csv(datasets.path("weather"), try_parse_dates=True)
    for column in ("temp_max", "wind"):
        yield Kind(f"weather, {column}", (weather.select(pl.lit("s").alias("id"), time="date", y=column),), 14)
    sunspots = pl.read_csv(datasets.path("sunspots"))
    yield Kind("sunspots, yearly", (_plain(sunspots, "SUNACTIVITY", str.strip, "1y"),), 10, (11,))
    hourly = pl.read_csv(datasets.path("temperatures")).tail(2000)
    yield Kind("temperatures, hourly", (_plain(hourly, "temp", str, "1h"),), 24, (24,))


def _plain(table: pl.DataFrame, column: str, _: Callable[[str], str], step: str) -> pl.DataFrame:
    return frame([table[column].cast(pl.Float64).to_numpy()], step)


def of_folder(folder: Path) -> Iterator[Kind]:
    """Public tables that do not come along: AirPassengers, ausbeer, us_gasoline, monthly-sunspots, where they lie."""
    known = {
        "AirPassengers": ("#Passengers", 12, (12,), "1mo", 0, 3),
        "ausbeer": ("Y", 8, (4,), "1q", 0, 4),
        "us_gasoline": ("Gasoline", 13, (52,), "1w", 600, 8),
        "monthly-sunspots": ("Sunspots", 24, (12,), "1mo", 1500, 8),
    }
    for name, (column, horizon, seasons, step, newest, windows) in known.items():
        if not (path := folder / f"{name}.csv").exists():
            continue
        table = pl.read_csv(path)
        table = table.reverse() if name == "us_gasoline" else table  # newest first
        values = table[column].cast(pl.Float64).to_numpy()[-newest:]
        yield Kind(name, (frame([values], step),), horizon, seasons, windows)
