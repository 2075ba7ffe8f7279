"""Series with planted classes, and one without any."""

from __future__ import annotations

import numpy as np
import polars as pl


def switching(
    rows: int,
    seed: int,
    *,
    drift: tuple[float, float] = (0, 0),
    noise: tuple[float, float] = (1, 1),
) -> tuple[np.ndarray, np.ndarray]:
    """A walk whose drift and noise are those of a hidden state that now and then switches: (states, values)."""
    draws = np.random.default_rng(seed)
    states = np.cumsum(draws.random(rows) > 0.97) % 2
    steps = np.array(drift)[states] + draws.normal(size=rows) * np.array(noise)[states]
    return states, 100 + steps.cumsum()


def table(rows: int, series: int, seed: int = 0, **kinds: tuple[float, float]) -> pl.DataFrame:
    """Several such walks, with their states beside them, as whole numbers and as words."""
    parts = []
    for one in range(series):
        states, values = switching(rows, 100 * seed + one, **kinds)
        word = np.array(["quiet", "wild"])[states]
        parts.append(pl.DataFrame({"id": f"s{one}", "t": np.arange(rows), "y": values, "state": states, "word": word}))
    return pl.concat(parts)


def waves(series: int, rows: int = 60, seed: int = 0) -> pl.DataFrame:
    """Noisy waves of two speeds, each series with its label."""
    draws, parts = np.random.default_rng(seed), []
    for one in range(series):
        kind, speed = ("fast", 2) if one % 2 else ("slow", 4)
        values = np.sin(np.arange(rows) / speed + draws.uniform(0, 6)) + 0.4 * draws.normal(size=rows)
        parts.append(pl.DataFrame({"id": f"s{one}", "t": np.arange(rows), "y": values, "kind": kind}))
    return pl.concat(parts)
