"""One forecaster of benchmarks/peers.py, in a process and a Python of its own, as its makers' guide sets it up.

    python benchmarks/peer.py NAME FOLDER

FOLDER holds task.json and history.csv (`unique_id`, `ds`: dates or counted steps, `y`). Beside them come forecast.csv
(`unique_id`, `step` from 1, `y`) and answer.json: the library and its version, the seconds that importing it took, and
those of training and forecasting. A library that is missing is an answer too. Knows nothing of scores, and needs only
what it compares. The settings are each library's defaults; what has no default is `context` values of the past.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

QUIET = {"enable_progress_bar": False, "logger": False}  # of Lightning's trainer


@dataclass(frozen=True)
class Task:
    """What everybody is asked. Only ours uses `season` and `budget`: the others have one period, and no clock."""

    history: str  # the path of history.csv
    horizon: int
    period: int
    frequency: str  # h, W or MS, as pandas writes it
    dated: bool  # False: `ds` counts steps
    season: list[int] | str
    budget: float | None
    seed: int

    @property
    def step(self) -> str | int:
        """What is between two `ds`."""
        return self.frequency if self.dated else 1

    @property
    def context(self) -> int:
        return 2 * max(self.period, self.horizon)

    def frame(self) -> Any:
        """The history as pandas has it."""
        import pandas as pd

        frame = pd.read_csv(self.history, dtype={"unique_id": str, "y": "float64"})
        return frame.assign(ds=pd.to_datetime(frame.ds)) if self.dated else frame


Forecast = dict[str, list[float]]
Asked = Callable[[Task], Forecast]  # what importing gives


def ours() -> Asked:
    import polars as pl
    import torch  # noqa: F401 -- fit would import it, and hide the time

    from gatecast import Forecaster

    def forecast(task: Task) -> Forecast:
        frame = pl.read_csv(task.history, schema_overrides={"unique_id": pl.String}, try_parse_dates=task.dated)
        season: Any = task.season if isinstance(task.season, str) else tuple(task.season)
        model = Forecaster(horizon=task.horizon, season=season, budget=task.budget, seed=task.seed)
        found = model.fit(frame).predict()
        return dict(zip(found.ids, found.point.tolist(), strict=True))

    return forecast


def seasonal_naive() -> Asked:
    """The last season again; where the period is 1, the last value."""

    def forecast(task: Task) -> Forecast:
        found: dict[str, list[float]] = {}
        with Path(task.history).open(newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["unique_id"], []).append(float(row["y"]))
        return {
            name: [y[step % task.period - task.period] for step in range(task.horizon)] for name, y in found.items()
        }

    return forecast


def neuralforecast_lstm() -> Asked:
    from neuralforecast import NeuralForecast
    from neuralforecast.models import LSTM

    def forecast(task: Task) -> Forecast:
        model = LSTM(h=task.horizon, random_seed=task.seed, enable_checkpointing=False, **QUIET)
        several = NeuralForecast(models=[model], freq=task.step)
        several.fit(df=task.frame())
        return by_series(several.predict(), "LSTM")

    return forecast


def darts_block_lstm() -> Asked:
    from darts.models import BlockRNNModel

    return _darts(lambda task: BlockRNNModel(task.context, task.horizon, model="LSTM", **_of_darts(task)))


def darts_lstm() -> Asked:
    from darts.models import RNNModel

    return _darts(
        lambda task: RNNModel(
            task.context, model="LSTM", training_length=task.context + task.horizon, **_of_darts(task)
        )
    )


def _of_darts(task: Task) -> dict[str, Any]:
    return {"random_state": task.seed, "pl_trainer_kwargs": {**QUIET, "enable_checkpointing": False}}


def _darts(build: Callable[[Task], Any]) -> Asked:
    """Darts' networks do not scale; its guides put `Scaler` around them."""
    from darts import TimeSeries
    from darts.dataprocessing.transformers import Scaler

    def forecast(task: Task) -> Forecast:
        parts = dict(list(task.frame().groupby("unique_id", sort=False)))
        scaler = Scaler()
        series = scaler.fit_transform(
            [TimeSeries.from_dataframe(part, "ds", "y", freq=task.step).astype("float32") for part in parts.values()]
        )
        model = build(task)
        model.fit(series)
        points = scaler.inverse_transform(model.predict(task.horizon, series=series))
        return {name: point.values()[:, 0].tolist() for name, point in zip(parts, points, strict=True)}

    return forecast


def gluonts_deepar() -> Asked:
    """Its median is the point. It wants dates: counted steps begin on an arbitrary day, as in its own copy of M4."""
    import pandas as pd
    from gluonts.dataset.common import ListDataset
    from gluonts.torch.model.deepar import DeepAREstimator
    from lightning.pytorch import seed_everything

    def forecast(task: Task) -> Forecast:
        frequency = task.frequency.removesuffix("S")  # a period is a month, not its start
        entries = [
            {
                "item_id": name,
                "start": pd.Period(part.ds.iloc[0] if task.dated else "1750-01-01", frequency),
                "target": part.y.to_numpy(),
            }
            for name, part in task.frame().groupby("unique_id", sort=False)
        ]
        table = ListDataset(entries, freq=frequency)
        seed_everything(task.seed)
        estimator = DeepAREstimator(freq=frequency, prediction_length=task.horizon, trainer_kwargs=dict(QUIET))
        found = estimator.train(table).predict(table)
        return {str(one.item_id): one.quantile(0.5).tolist() for one in found}

    return forecast


def auto_ets() -> Asked:
    return _statsforecast("AutoETS")


def auto_theta() -> Asked:
    return _statsforecast("AutoTheta")


def _statsforecast(name: str) -> Asked:
    from statsforecast import StatsForecast, models

    def forecast(task: Task) -> Forecast:
        several = StatsForecast(models=[getattr(models, name)(season_length=task.period)], freq=task.step, n_jobs=-1)
        return by_series(several.forecast(df=task.frame(), h=task.horizon), name)

    return forecast


def by_series(frame: Any, column: str) -> Forecast:
    """A long table's column, series by series in order of time."""
    groups = frame.sort_values("ds", kind="stable").groupby("unique_id", sort=False)
    return {str(name): part[column].tolist() for name, part in groups}


PEERS: dict[str, tuple[str | None, Callable[[], Asked]]] = {  # the library whose version counts; how to get it
    "gatecast": ("gatecast", ours),
    "seasonal-naive": (None, seasonal_naive),
    "neuralforecast-lstm": ("neuralforecast", neuralforecast_lstm),
    "darts-lstm": ("darts", darts_lstm),
    "darts-block-lstm": ("darts", darts_block_lstm),
    "gluonts-deepar": ("gluonts", gluonts_deepar),
    "auto-ets": ("statsforecast", auto_ets),
    "auto-theta": ("statsforecast", auto_theta),
}


def answer(name: str, folder: Path) -> dict[str, Any]:
    """Import, forecast, write forecast.csv; what answer.json says."""
    library, load = PEERS[name]
    start = time.perf_counter()
    try:
        asked = load()
    except ImportError as missing:
        return {"state": f"not installed: {missing}"}
    imported = time.perf_counter()
    task = Task(str(folder / "history.csv"), **json.loads((folder / "task.json").read_text()))
    found = asked(task)
    done = time.perf_counter()
    with (folder / "forecast.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["unique_id", "step", "y"])
        writer.writerows([name, step, y] for name, point in found.items() for step, y in enumerate(point, 1))
    return {
        "state": "done",
        "library": f"{library} {version(library)}" if library else None,
        "import_seconds": imported - start,
        "seconds": done - imported,
    }


if __name__ == "__main__":
    given_name, given_folder = sys.argv[1], Path(sys.argv[2])
    (given_folder / "answer.json").write_text(json.dumps(answer(given_name, given_folder)))
