"""From a panel to a fitted ensemble: the parts in order. Knows no files and no frames."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gatecast.conformal import Correction
from gatecast.features.season import find_seasons
from gatecast.forecast import Prediction
from gatecast.forecaster.bounds import check_finite, check_known_ahead
from gatecast.forecaster.ensemble import Job, Members, predict
from gatecast.forecaster.gate import Gate
from gatecast.forecaster.plan import Plan, Wishes, make_plan
from gatecast.scaling import Scaler
from gatecast.training.split import Split, split
from gatecast.windows import WindowReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from gatecast.forecast import Origins
    from gatecast.models.network import ForecastNetwork
    from gatecast.panel import Panel
    from gatecast.training.history import History

_MOST_CALIBRATION = 8192


@dataclass(frozen=True)
class Fitted:
    """A trained ensemble with all that a forecast needs. Everything in it was learnt from the panel of the fit.

    histories: the training of each member.
    """

    networks: tuple[ForecastNetwork, ...]
    scaler: Scaler
    gate: Gate
    correction: Correction | None
    plan: Plan
    histories: tuple[History, ...]
    seasons: tuple[int, ...]
    device: torch.device

    def predict_at(self, panel: Panel, origins: Origins) -> Prediction:
        """Forecast from many origins at once, with corrected intervals. Reads nothing after an origin.

        Raises: ColumnError where a covariate is not known over a horizon; DataError for values beyond computing.
        """
        config = self.plan.network
        check_known_ahead(panel, origins, config.horizon)
        reader = WindowReader(panel, self.scaler, config.context, config.horizon, self.device)
        prediction, scale, bases = predict(self.networks, reader, origins)
        with np.errstate(over="ignore", invalid="ignore"):  # told of in words, below
            prediction = self.gate.apply(prediction, bases)
            if self.correction is not None:
                prediction = self.correction.apply(prediction, scale)
        check_finite(prediction, panel, origins)
        return prediction


def fit(panel: Panel, wishes: Wishes, season: str | int | Sequence[int] | None, job: Job) -> Fitted:
    """Split → seasons → plan → scaling → windows → training → gate and calibration → finish on all rows.

    Raises: TrainingError.
    """
    shares = split(panel, wishes.horizon)
    seasons = find_seasons(panel, season)
    plan = make_plan(panel, shares, seasons, wishes)
    scaler = Scaler.fit(_training_covariates(panel, shares))
    reader = WindowReader(panel, scaler, plan.network.context, wishes.horizon, job.device)
    members = Members(panel, reader, shares, plan, job)
    members.train()
    gate, correction = _judge_and_finish(members, panel, shares)
    plan = replace(plan, members=len(members.networks))  # a budget or Ctrl-C may have left fewer
    return Fitted(
        tuple(members.networks), scaler, gate, correction, plan, tuple(members.histories), seasons, job.device
    )


def _training_covariates(panel: Panel, shares: Split) -> np.ndarray:
    """The covariates' rows that training may see: (rows, past + future)."""
    if len(panel.columns) == 1:
        return np.zeros((0, 0))
    inside = np.arange(len(panel.time)) - np.repeat(panel.offsets[:-1], panel.lengths)
    return panel.values[inside < np.repeat(shares.train, panel.lengths), 1:]


def _judge_and_finish(members: Members, panel: Panel, shares: Split) -> tuple[Gate, Correction | None]:
    """Gate and conformal correction, from windows that trained nothing; then every member learns from these too.

    No opinion where there is none to hold out, or where they never change.
    """
    config, origins = members.plan.network, shares.held_out(_MOST_CALIBRATION)
    if not len(origins.series):
        members.finish()
        return Gate(), None
    before, scale, bases = predict(members.networks, members.reader, origins)
    moving = scale > 0
    if not moving.any():
        members.finish()
        return Gate(), None
    rows = (panel.offsets[origins.series] + origins.ends)[:, None] + np.arange(config.horizon)
    actual = panel.y[rows][moving]
    before, bases = Prediction(*(part[moving] for part in before)), bases[moving]
    gate = Gate.fit(before.point, bases, actual, scale[moving], shares.independent())
    corrected = Correction.fit(
        gate.apply(before, bases), actual, scale[moving], config.levels, independent=shares.independent()
    )
    members.finish()
    after = Prediction(*(part[moving] for part in predict(members.networks, members.reader, origins)[0]))
    return gate, corrected.kept_wide(before, after, scale[moving])
