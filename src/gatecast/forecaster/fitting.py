"""From a panel to a fitted ensemble: the parts in order. Knows no files and no frames."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gatecast.conformal import Correction
from gatecast.errors import TrainingError
from gatecast.features.season import find_seasons
from gatecast.forecast import Origins, Prediction
from gatecast.forecaster.adaptation import adapted
from gatecast.forecaster.advice import Advisers
from gatecast.forecaster.analogues import Analogues, Said
from gatecast.forecaster.bounds import check_finite, check_known_ahead, check_support
from gatecast.forecaster.ensemble import Job, Members
from gatecast.forecaster.gate import Gate, Known
from gatecast.forecaster.odds import Odds
from gatecast.forecaster.plan import SMALL, Plan, Wishes, make_plan, with_members
from gatecast.forecaster.predicting import bases_at, predict
from gatecast.forecaster.sampling import Dependence, own_paths, through_quantiles
from gatecast.forecaster.volatility import Volatility
from gatecast.nn.distributions import DISTRIBUTIONS
from gatecast.runtime import at_most_threads, stream
from gatecast.scaling import Scaler
from gatecast.training.rate_finder import find_rate as range_test
from gatecast.training.split import Split, split
from gatecast.windows import WindowReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from gatecast.models.network import ForecastNetwork
    from gatecast.panel import Panel
    from gatecast.training.history import History
    from gatecast.training.rate_finder import RateCurve

_ENOUGH_FOR_BASES = 120  # independent held-out windows; with fewer, the whole past judges naive bases too
_MOST_FOR_BASES = 1024
_PART = 1024  # origins that are forecast at once
_FEW_ORIGINS = 128  # one thread forecasts from fewer as fast as two, which wait for each other


@dataclass(frozen=True)
class Fitted:
    """A trained ensemble with all that a forecast needs. Everything in it was learnt from the panel of the fit.

    histories: the training of each member. advisers: those that have a say. analogues, volatility, odds: None where
    they have none.
    """

    networks: tuple[ForecastNetwork, ...]
    scaler: Scaler
    gate: Gate
    correction: Correction | None
    plan: Plan
    histories: tuple[History, ...]
    seasons: tuple[int, ...]
    device: torch.device
    dependence: Dependence
    analogues: Analogues | None = None
    volatility: Volatility | None = None
    advisers: Advisers = field(default_factory=Advisers)
    odds: Odds | None = None

    @property
    def reads(self) -> int:
        """How many newest values of a series a forecast depends on, at most."""
        return max(self.plan.network.context, self.advisers.reads)

    @property
    def drift_share(self) -> float:
        """How much of a forecast is the drift of each series."""
        return self._share("drift")

    @property
    def autoregression_share(self) -> float:
        """How much of a forecast is that of each window's own autoregression."""
        return self._share("autoregression")

    @property
    def pretrained_share(self) -> float:
        """How much of a forecast is the pretrained network's."""
        return self._share("pretrained")

    def _share(self, adviser: str) -> float:
        """Of the one of this name; the advisers come after the bases that are naive."""
        asked, naive = self.advisers.asked, self.networks[0].bases.count - (self.plan.network.ridge > 0)
        return (1 - self.gate.share) * self.gate.weight(naive + asked.index(adviser)) if adviser in asked else 0.0

    def predict_at(self, panel: Panel, origins: Origins, seen: np.ndarray | None = None) -> Prediction:
        """Forecast from many origins at once, with corrected intervals. Reads nothing after an origin.

        seen: (series,) rows that the fit saw, None = all; intervals follow how they have held since. See `adapted`.
        Raises: ColumnError where a covariate is not known over a horizon; DataError for values beyond computing, or
        that the distribution does not know.
        """
        config = self.plan.network
        check_support(panel, config.distribution)
        check_known_ahead(panel, origins, config.horizon)
        say, seen = partial(self._said, panel), panel.lengths if seen is None else seen
        with np.errstate(over="ignore", invalid="ignore"):  # told of in words, below
            prediction = adapted(say, panel, origins, seen, config.horizon, config.levels)
        check_finite(prediction, panel, origins)
        if DISTRIBUTIONS[config.distribution].support != "any":
            prediction = Prediction(*(part.clip(min=0) for part in prediction))
        return prediction

    def _said(self, panel: Panel, origins: Origins) -> Prediction:
        """By all parts together, some origins at once."""
        config = self.plan.network
        reader = WindowReader(panel, self.scaler, config.context, config.horizon, self.device)
        parts = []
        with at_most_threads(1) if len(origins.series) < _FEW_ORIGINS else nullcontext():
            said = None if self.analogues is None else self.analogues.at(panel, origins)  # one search for all
            for start in range(0, len(origins.series), _PART):
                part = slice(start, start + _PART)
                alike = said and Said(*(one[part] for one in said))
                parts.append(self._predict_part(panel, reader, Origins(*(one[part] for one in origins)), alike))
        return Prediction(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def _predict_part(self, panel: Panel, reader: WindowReader, origins: Origins, said: Said | None) -> Prediction:
        """For so many origins at once: what all members and bases say of each is far more than what is given back."""
        prediction, scale, bases = predict(self.networks, reader, origins)
        if self.analogues and said:
            prediction = self.analogues.apply(prediction, said)
        advice = self.advisers.at(reader, origins)
        bases = advice.among(bases, linear=self.plan.network.ridge > 0)
        odds = 1.0 if self.odds is None else self.odds.of(panel, origins)
        prediction = self.gate.apply(prediction, bases, advice.pretrained, odds)
        if self.volatility is not None:
            prediction = self.volatility.apply(prediction, panel, origins)
        if self.correction is not None:
            prediction = self.correction.apply(prediction, scale)
        return prediction

    def sample_at(self, panel: Panel, origins: Origins, prediction: Prediction, count: int, seed: int) -> np.ndarray:
        """Joint paths whose quantiles are those of the prediction from these origins: (origins, count, horizon)."""
        config = self.plan.network
        newest = panel.time[origins.newest(panel)].astype(np.int64)
        keys = [f"{panel.ids[series]} {time}" for series, time in zip(origins.series, newest, strict=True)]
        if self.networks[0].sampled:
            reader = WindowReader(panel, self.scaler, config.context, config.horizon, self.device)
            paths = own_paths(self.networks, reader, origins, count)
        else:
            paths = [self.dependence.draw(count, stream(seed, "paths", key)) for key in keys]
        samples = through_quantiles(prediction, config.levels, paths, keys, seed)
        support = DISTRIBUTIONS[config.distribution].support
        samples = samples if support == "any" else samples.clip(min=0)
        return samples.round() if support == "counts" else samples


def fit(panel: Panel, wishes: Wishes, season: str | int | Sequence[int] | None, job: Job) -> Fitted:
    """Split → seasons → plan → scaling → windows → training → gate and calibration → finish on all rows.

    Raises: TrainingError.
    """
    job = replace(job, threads=1) if len(panel.y) < SMALL else job  # it learns as fast; see `_FEW_ORIGINS`
    with at_most_threads(job.threads):
        members, scaler, seasons = _prepare(panel, wishes, season, job)
        members.train()
        judged = _judge_and_finish(members, panel, members.shares)
    plan = with_members(members.plan, panel, len(members.networks))
    networks, histories = tuple(members.networks), tuple(members.histories)
    return Fitted(
        networks=networks,
        scaler=scaler,
        plan=plan,
        histories=histories,
        seasons=seasons,
        device=job.device,
        **vars(judged),
    )


def find_rate(panel: Panel, wishes: Wishes, season: str | int | Sequence[int] | None, job: Job) -> RateCurve:
    """The rate that suits the very training that `fit` would carry out. Raises: OptionError, TrainingError."""
    network, run = _prepare(panel, wishes, season, job)[0].untrained()
    if not len(run.windows):
        raise TrainingError(
            "the series never change: there is nothing to learn, at no rate.",
            "序列没有任何变化：没有可学习的内容，也就没有合适的学习率。",
        )
    return range_test(network, run)


def _prepare(
    panel: Panel, wishes: Wishes, season: str | int | Sequence[int] | None, job: Job
) -> tuple[Members, Scaler, tuple[int, ...]]:
    """All that comes before the first step of a training."""
    shares = split(panel, wishes.horizon)
    seasons = find_seasons(panel, season)
    plan = make_plan(panel, shares, seasons, wishes)
    check_support(panel, plan.network.distribution)
    scaler = Scaler.fit(_training_covariates(panel, shares))
    reader = WindowReader(panel, scaler, plan.network.context, wishes.horizon, job.device)
    return Members(panel, reader, shares, plan, job), scaler, seasons


def _training_covariates(panel: Panel, shares: Split) -> np.ndarray:
    """The covariates' rows that training may see: (rows, past + future)."""
    if len(panel.columns) == 1:
        return np.zeros((0, 0))
    inside = np.arange(len(panel.time)) - np.repeat(panel.offsets[:-1], panel.lengths)
    return panel.values[inside < np.repeat(shares.train, panel.lengths), 1:]


@dataclass(frozen=True)
class _Judged:
    """What the held-out windows say; without them, no opinion."""

    dependence: Dependence
    gate: Gate = field(default_factory=Gate)
    correction: Correction | None = None
    analogues: Analogues | None = None
    volatility: Volatility | None = None
    advisers: Advisers = field(default_factory=Advisers)
    odds: Odds | None = None


def _judge_and_finish(members: Members, panel: Panel, shares: Split) -> _Judged:
    """Analogues, gate, volatility, conformal correction and dependence, from windows that trained nothing.

    Then all members learn from these. No opinion where there is none to hold out, or where they never change.
    """
    config = members.plan.network
    members.hurry()
    origins = members.judged()
    unknown = _Judged(Dependence.of_random_walk(config.horizon))
    if not len(origins.series):
        members.finish()
        return unknown
    before, scale, bases = predict(members.networks, members.reader, origins)
    moving = scale > 0
    if not moving.any():
        members.finish()
        return unknown
    origins, before = Origins(*(part[moving] for part in origins)), Prediction(*(part[moving] for part in before))
    scale, bases, independent = scale[moving], bases[moving], shares.independent()
    _, units = bases_at(members.networks[0], members.reader, origins)
    actual = panel.y[origins.following(panel, config.horizon)]
    before, analogues = _beside_analogues(members, before, origins, actual, units)
    advice = members.advisers.at(members.reader, origins)
    bases = advice.among(bases, linear=config.ridge > 0)
    past = _past(members, panel, shares) if independent < _ENOUGH_FOR_BASES else None
    newest = Known(bases, actual, units, independent)
    kinds = {"linear": config.ridge > 0, "pretrained": advice.pretrained is not None, "seasonal": bool(config.seasons)}
    gate = Gate.fit(before.point, newest, **kinds, past=past)
    if members.plan.too_short(members.histories[0]):
        gate = replace(gate, share=0.0)
    if not gate.share:
        analogues = None  # they move the networks' forecast, which nobody hears
    gated = gate.apply(before, bases, advice.pretrained)
    drawn, volatility = _drawn_to_the_usual(members, gated, origins, actual)
    trusted = advice.pretrained is not None and gate.share < 1
    corrected = Correction.fit(drawn, actual, scale, config.levels, independent, trusted=trusted)
    dependence = Dependence.fit((actual - gated.point) / scale[:, None], independent)
    members.finish()
    members.hurry()
    after = gate.apply(predict(members.networks, members.reader, origins)[0], bases, advice.pretrained)
    kept = corrected.kept_wide(gated, after, scale)
    odds, gate = Odds.learn(gate, before, newest, panel, origins)
    advisers, gate = members.advisers.heard(gate, members.networks[0].bases.count - (config.ridge > 0))
    return _Judged(dependence, gate, kept, analogues, volatility, advisers, odds)


def _beside_analogues(
    members: Members, networks: Prediction, origins: Origins, actual: np.ndarray, units: np.ndarray
) -> tuple[Prediction, Analogues | None]:
    """The networks' forecast, moved by analogues of the past, and those of all rows; unmoved where they are no gain."""
    if not members.plan.analogues:
        return networks, None
    said = members.past.at(members.panel, origins)
    analogues = members.past.learn(said, networks.point, actual, units, members.shares.independent())
    if not analogues.strength:
        return networks, None
    return analogues.apply(networks, said), analogues.with_past(members.panel)


def _drawn_to_the_usual(
    members: Members, gated: Prediction, origins: Origins, actual: np.ndarray
) -> tuple[Prediction, Volatility | None]:
    """The forecast with intervals drawn to long-run volatility, and that of all rows; unmoved where it is no gain."""
    panel, shares, config = members.panel, members.shares, members.plan.network
    past = Volatility.of(panel, shares.train, (*config.seasons, 1)[0])
    volatility = past.learn(gated, panel, origins, actual, config.levels, shares.independent())
    if volatility is None:
        return gated, None
    return volatility.apply(gated, panel, origins), volatility.with_past(panel)


def _past(members: Members, panel: Panel, shares: Split) -> Known:
    """All that is known, with what the naive bases forecast of it.

    Where that leaves any, from the first season's end on: before, forecasts that repeat a season know none.
    """
    config = members.plan.network
    every = shares.everything(config.context)
    windows = every.after(max(config.seasons, default=0))
    windows = windows if len(windows) else every
    origins = windows.spread(min(_MOST_FOR_BASES, members.most_advised))
    bases, units = bases_at(members.networks[0], members.reader, origins)
    moving = units > 0
    actual = panel.y[origins.following(panel, config.horizon)]
    naive = bases[..., :-1] if config.ridge else bases
    naive = members.advisers.at(members.reader, origins).among(naive, linear=False)
    independent = min(len(origins.series), max(1, len(windows) // config.horizon))
    return Known(naive[moving], actual[moving], units[moving], independent)
