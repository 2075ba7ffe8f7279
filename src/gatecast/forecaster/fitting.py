"""From a panel to a fitted network: the parts in order. Knows no files and no frames."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from gatecast.conformal import Correction
from gatecast.errors import ColumnError, DataError
from gatecast.features.season import find_seasons
from gatecast.forecast import Origins, Prediction
from gatecast.forecaster.plan import Plan, Wishes, make_plan
from gatecast.models.network import ForecastNetwork
from gatecast.runtime import private_torch_stream
from gatecast.scaling import Scaler
from gatecast.training.history import History
from gatecast.training.loop import Run, train
from gatecast.training.split import Split, split
from gatecast.windows import WindowReader, Windows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gatecast.panel import Panel
    from gatecast.training.history import Progress

_MOST_STOPPING, _MOST_CALIBRATION = 2048, 8192
_PREDICTION_BATCH = 1024


@dataclass(frozen=True)
class Job:
    """How a fit is run, apart from what is fitted. See `Forecaster.fit` and `training.loop.Run`."""

    seed: int
    device: torch.device
    stage: str = "fit"
    on_progress: Callable[[Progress], None] | None = None
    checkpoint: Path | None = None
    resume: bool = False


@dataclass(frozen=True)
class Fitted:
    """A trained network with all that a forecast needs. Everything in it was learnt from the panel of the fit."""

    network: ForecastNetwork
    scaler: Scaler
    correction: Correction | None
    plan: Plan
    history: History
    seasons: tuple[int, ...]
    device: torch.device

    def predict_at(self, panel: Panel, origins: Origins) -> Prediction:
        """Forecast from many origins at once, with corrected intervals. Reads nothing after an origin.

        Raises: ColumnError where a covariate is not known over a horizon; DataError for values beyond all computing.
        """
        _check_known_ahead(panel, origins, self.plan.network.horizon)
        prediction, scale = _predict(self.network, self._reader(panel), origins)
        corrected = self.correction.apply(prediction, scale) if self.correction else prediction
        _check_finite(corrected, panel, origins)
        return corrected

    def _reader(self, panel: Panel) -> WindowReader:
        config = self.plan.network
        return WindowReader(panel, self.scaler, config.context, config.horizon, self.device)


def fit(panel: Panel, wishes: Wishes, season: str | int | Sequence[int] | None, job: Job) -> Fitted:
    """Seasons → split → plan → scaling → windows → network → training → calibration.

    Series too short to hold anything out train all the same (the judge's past of a short series is such a one);
    those too short to train at all are forecast by the bases. Raises: OptionError; TrainingError.
    """
    shares = split(panel, wishes.horizon)
    seasons = find_seasons(panel, season)
    plan = make_plan(panel, shares, seasons, wishes)
    with private_torch_stream(job.seed, "weights"):
        network = ForecastNetwork(plan.network).to(job.device)
    scaler = Scaler.fit(_training_covariates(panel, shares))
    reader = WindowReader(panel, scaler, plan.network.context, wishes.horizon, job.device)
    history = _train(network, reader, shares, plan, job, panel)
    correction = _calibrate(network, reader, shares, panel)
    return Fitted(network, scaler, correction, plan, history, seasons, job.device)


def _training_covariates(panel: Panel, shares: Split) -> np.ndarray:
    """The covariates' rows that training may see: (rows, past + future)."""
    inside = np.arange(len(panel.time)) - np.repeat(panel.offsets[:-1], panel.lengths)
    return panel.values[inside < np.repeat(shares.train, panel.lengths), 1:]


def _train(
    network: ForecastNetwork, reader: WindowReader, shares: Split, plan: Plan, job: Job, panel: Panel
) -> History:
    windows = _teaching(shares.training(), panel)
    stopping = shares.stopping(_MOST_STOPPING)
    if not len(windows):
        network.eval()
        return History((), (), (), 0, 0, "nothing to learn", 0.0)
    if not len(stopping.series):  # too little data to hold any out: the training windows must judge themselves
        stopping = windows.spread(_MOST_STOPPING)
    run = Run(
        reader=reader,
        windows=windows,
        stopping=stopping,
        config=plan.training,
        seed=job.seed,
        stage=job.stage,
        budget=plan.budget,
        on_progress=job.on_progress,
        checkpoint=job.checkpoint,
        identity=_identity(panel, plan, job),
    )
    return train(network, run, resume=job.resume)


def _teaching(windows: Windows, panel: Panel) -> Windows:
    """Without the series that never change: they teach nothing, and are forecast as constant."""
    smallest = np.minimum.reduceat(panel.y, panel.offsets[:-1])
    largest = np.maximum.reduceat(panel.y, panel.offsets[:-1])
    return Windows(windows.first, np.where(largest > smallest, windows.counts, 0))


def _identity(panel: Panel, plan: Plan, job: Job) -> str:
    """What a checkpoint must match: the data, the plan and the seed."""
    state = json.dumps([panel.fingerprint(), plan.to_dict(), job.seed, job.stage], sort_keys=True)
    return hashlib.sha256(state.encode()).hexdigest()


def _calibrate(network: ForecastNetwork, reader: WindowReader, shares: Split, panel: Panel) -> Correction | None:
    """Conformal correction from windows that trained nothing; None where there is none to hold out."""
    origins = shares.calibration(_MOST_CALIBRATION)
    if not len(origins.series):
        return None
    prediction, scale = _predict(network, reader, origins)
    moving = scale > 0
    if not moving.any():
        return None
    rows = (panel.offsets[origins.series] + origins.ends)[:, None] + np.arange(network.config.horizon)
    held = Prediction(*(part[moving] for part in prediction))
    return Correction.fit(
        held, panel.y[rows][moving], scale[moving], network.config.levels, independent=shares.independent()
    )


@torch.no_grad()
def _predict(network: ForecastNetwork, reader: WindowReader, origins: Origins) -> tuple[Prediction, np.ndarray]:
    """Forecasts in the unit of the data, and each window's scale: (origins,)."""
    levels = len(network.config.levels)
    quantiles, scales = [], []
    for start in range(0, len(origins.series), _PREDICTION_BATCH):
        part = Origins(*(array[start : start + _PREDICTION_BATCH] for array in origins))
        scaled = network(reader.read(part, answers=False), newest_only=True)
        values = scaled.quantiles[:, 0].double() * scaled.scale[:, :, None] + scaled.centre[:, :, None]
        quantiles.append(values.cpu().numpy())
        scales.append(scaled.scale[:, 0].cpu().numpy())
    joined = np.concatenate(quantiles)  # (n, horizon, quantiles), rising
    lower, point, upper = joined[..., :levels][..., ::-1], joined[..., levels], joined[..., levels + 1 :]
    return Prediction(point, lower.copy(), upper.copy()), np.concatenate(scales)


def _check_known_ahead(panel: Panel, origins: Origins, horizon: int) -> None:
    """Raises: ColumnError if an origin's horizon reaches beyond what is known of the future covariates."""
    if not panel.future:
        return
    known = panel.lengths[origins.series] - origins.ends + panel.ahead.shape[1]
    if known.min() >= horizon:
        return
    worst = int(known.argmin())
    series, least = panel.ids[origins.series[worst]], int(known[worst])
    columns = ", ".join(repr(name) for name in panel.future)
    raise ColumnError(
        f"{columns}: known ahead, but only {least} of the {horizon} steps to be forecast have values (series {series!r}). "
        f"Append the {horizon - least} rows that are missing, with an empty {panel.target!r}, or declare them as past=.",
        f"{columns}：声明为未来已知，但待预测的 {horizon} 步中只有 {least} 步有值（序列 {series!r}）。"
        f"请补上缺少的 {horizon - least} 行（{panel.target!r} 留空），或改用 past= 声明。",
    )


def _check_finite(prediction: Prediction, panel: Panel, origins: Origins) -> None:
    """Raises: DataError if numbers of the panel are so large that a forecast of them is none."""
    finite = np.all([np.isfinite(part).reshape(len(part), -1).all(1) for part in prediction], axis=0)
    if finite.all():
        return
    series = panel.ids[origins.series[int(finite.argmin())]]
    raise DataError(
        f"series {series!r}: the values of {panel.target!r} are too large to compute with; choose a larger unit, such as "
        "millions.",
        f"序列 {series!r}：{panel.target!r} 的数值过大，无法计算；请换用更大的单位，例如百万。",
    )
