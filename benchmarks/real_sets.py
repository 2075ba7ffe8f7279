"""Real series that nobody here made, out of packages that bring public data along.

Knows where they lie in statsmodels, sktime, pmdarima and vega_datasets; not who forecasts them. Nothing of these
packages is imported: a folder that holds them will do (`pip install --no-deps --target FOLDER …`).
"""

from __future__ import annotations

import ast
import io
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from robust_sets import Kind, frame


def of_packages(folder: Path) -> Iterator[Kind]:
    """All of them. Short series end at several points, so that chance of one end counts less."""
    yield from _half_hours(folder)
    yield from _hours(folder)
    yield from _days_and_weeks(folder)
    yield from _months(folder)
    yield from _quarters(folder)
    yield from _years(folder)


def _half_hours(folder: Path) -> Iterator[Kind]:
    demand, seasons = _listed(folder, "taylor"), (48, 336)  # England and Wales
    yield Kind("half-hourly demand", ends(demand, "30m", 3, apart=337), 48, seasons, 4)
    yield Kind("half-hourly demand, 1000", ends(demand[:1000], "30m", 3, apart=48), 48, seasons, 2)
    sun = _columns(folder / "sktime/datasets/data/solar/solar.csv")["solar_gen"]
    yield Kind("half-hourly solar power", ends(sun, "30m"), 24, (48,), 2)


def _hours(folder: Path) -> Iterator[Kind]:
    for town in ("sf", "seattle"):
        y = _columns(folder / f"vega_datasets/_data/{town}-temps.csv")["temp"]
        yield Kind(f"temperatures, {town}, hourly", ends(y, "1h", 3, apart=701), 24, (24,))
        parts = tuple(frame([y[start : start + 1000]], "1h") for start in (0, 2000, 4000, 6000))
        yield Kind(f"temperatures, {town}, 1000 hours", parts, 24, (24,), 6)
        days = y[: len(y) // 24 * 24].reshape(-1, 24).mean(1)
        yield Kind(f"temperatures, {town}, daily", ends(days, "1d", 4, apart=31), 7, (), 4)
    traffic = _columns(folder / "sktime/datasets/data/yahoo/yahoo.csv")["data"]
    yield Kind("web traffic, hourly", ends(traffic, "1h", 4, apart=97), 24, (24,), 4)


def _days_and_weeks(folder: Path) -> Iterator[Kind]:
    with tarfile.open(folder / "pmdarima/datasets/data/msft.tar.gz") as packed:
        stock = pl.read_csv(io.BytesIO(packed.extractfile("msft.csv").read()))
    close, volume = (stock[name].cast(pl.Float64).to_numpy() for name in ("Close", "Volume"))
    yield Kind("stock, daily, 31 years", ends(close, "1d", 4, apart=701), 10)
    yield Kind("stock, 400 days", tuple(frame([close[k : k + 400]]) for k in range(0, 7500, 900)), 10)
    yield Kind("stock's volume, 1500 days", tuple(frame([volume[k : k + 1500]]) for k in (1000, 3000, 5500)), 10, (5,))
    heart = _columns(folder / "sktime/datasets/data/mitdb/mitdb.csv")["data"]
    yield Kind("electrocardiogram", ends(heart, "1d", 2, apart=500), 20)
    yield Kind("heart rate", ends(_listed(folder, "heartrate"), "1d", 5, apart=9), 10, (), 3)
    carbon = pl.read_csv(folder / "statsmodels/datasets/co2/co2.csv")["co2"].interpolate().to_numpy()
    yield Kind("carbon dioxide, weekly", ends(carbon, "1w", 4, apart=97), 13, (52,), 4)


def _months(folder: Path) -> Iterator[Kind]:
    year = {"horizon": 12, "seasons": (12,)}
    files = {
        "sea temperature": ("statsmodels/datasets/elnino/elnino.csv", None, 13, 3),
        "electrical equipment": (
            "statsmodels/datasets/elec_equip/elec_equip.csv",
            "STS.M.I7.W.TOVT.NS0016.4.000",
            7,
            2,
        ),
        "prescriptions": ("sktime/datasets/data/PBS_dataset/PBS_dataset.csv", "Scripts", 7, 2),
        "road casualties": ("sktime/datasets/data/seatbelts/seatbelts.csv", "KSI", 7, 2),
    }
    for name, (file, column, apart, windows) in files.items():
        columns = _columns(folder / file)
        y = columns[column] if column else np.stack([*columns.values()][1:], axis=1).ravel()  # a row a year
        yield Kind(f"{name}, monthly", ends(y[np.isfinite(y)], "1mo", 6, apart=apart), windows=windows, **year)
    yield Kind("wine, monthly", ends(_listed(folder, "wineind"), "1mo", 6, apart=7), windows=2, **year)
    shampoo = _columns(folder / "sktime/datasets/data/ShampooSales/ShampooSales.csv")["Sales"]
    yield Kind("shampoo, 36 months", ends(shampoo, "1mo", 5, apart=2), 4, (12,), 2)
    employed = [*_columns(folder / "vega_datasets/_data/us-employment.csv").values()][:-1]
    yield Kind("employment, 22 branches", ends(employed, "1mo", 3, apart=6), windows=2, **year)
    yield Kind("employment, single branches", tuple(frame([y], "1mo") for y in employed[::3]), windows=2, **year)
    stocks = pl.read_csv(folder / "vega_datasets/_data/stocks.csv").partition_by("symbol", maintain_order=True)
    prices = [part["price"].to_numpy() for part in stocks]
    yield Kind("stocks, monthly, 5", ends(prices, "1mo"), 6, (12,), 4)
    yield Kind("stocks, monthly, single", tuple(frame([y], "1mo") for y in prices), 6, (12,), 4)


def _quarters(folder: Path) -> Iterator[Kind]:
    economy = _columns(folder / "statsmodels/datasets/macrodata/macrodata.csv")
    for name in ("realgdp", "realinv", "cpi", "m1", "tbilrate", "unemp", "infl"):
        yield Kind(f"economy, {name}, quarterly", ends(economy[name], "1q", 5, apart=13), 8, (4,), 2)
    yield Kind("economy, 12 at once", ends([*economy.values()][2:], "1q", 4, apart=9), 8, (4,), 2)
    changes = [*_columns(folder / "sktime/datasets/data/Uschange/Uschange.csv").values()][1:]
    yield Kind("economy, changes", ends(changes, "1q", 4, apart=9), 6, (4,), 2)
    germany = _columns(folder / "statsmodels/datasets/interest_inflation/E6.csv")
    for name, column in (("inflation", "Dp"), ("interest", "R")):
        yield Kind(f"{name}, Germany, quarterly", ends(germany[column], "1q", 6, apart=5), 6, (4,), 2)
    for name, file in (("wool", "woolyrnq"), ("population", "austres")):
        yield Kind(f"{name}, Australia, quarterly", ends(_listed(folder, file), "1q", 6, apart=5), 8, (4,), 2)


def _years(folder: Path) -> Iterator[Kind]:
    river = _columns(folder / "statsmodels/datasets/nile/nile.csv")["volume"]
    yield Kind("river, yearly", ends(river, "1y", 6, apart=6), 5, (), 3)
    lynx = [*_columns(folder / "sktime/datasets/data/Lynx/Lynx.csv").values()][-1]
    yield Kind("lynx, yearly", ends(lynx, "1y", 6, apart=5), 6, (), 3)
    copper = [*_columns(folder / "statsmodels/datasets/copper/copper.csv").values()][1:-1]
    yield Kind("copper, 25 years", tuple(frame([y], "1y") for y in copper), 3, (), 2)
    power = pl.read_csv(folder / "vega_datasets/_data/iowa-electricity.csv").partition_by("source", maintain_order=True)
    yield Kind("power by source, 17 years", ends([part["net_generation"].to_numpy() for part in power], "1y"), 3, (), 2)
    longley = [*_columns(folder / "sktime/datasets/data/Longley/Longley.csv").values()][1:-1]
    yield Kind("economy, 16 years", tuple(frame([y], "1y") for y in longley), 2, (), 2)


def _columns(path: Path) -> dict[str, np.ndarray]:
    """The columns of numbers, by name."""
    table = pl.read_csv(path, infer_schema_length=None).select(pl.selectors.numeric().cast(pl.Float64))
    return {name: table[name].to_numpy() for name in table.columns if name}


def _listed(folder: Path, name: str) -> np.ndarray:
    """The numbers that stand in a module of pmdarima."""
    module = ast.parse((folder / f"pmdarima/datasets/{name}.py").read_text(encoding="utf-8"))
    calls = (node for node in ast.walk(module) if isinstance(node, ast.Call))
    array = next(call for call in calls if getattr(call.func, "attr", "") == "array")
    return np.array(ast.literal_eval(array.args[0]), float)


def ends(y: np.ndarray | Sequence[np.ndarray], step: str, number: int = 1, apart: int = 1) -> tuple[pl.DataFrame, ...]:
    """So many tables of one series or of several; each ends so many steps before the last one."""
    series = [y] if isinstance(y, np.ndarray) else y
    return tuple(frame([one[: len(one) - back * apart] for one in series], step) for back in range(number))
