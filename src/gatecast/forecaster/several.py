"""`Ensemble`: several forecasters, of different networks, seeds and contexts, as one. Knows no training."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch

from gatecast import artifact
from gatecast.artifact import Artifact
from gatecast.data import Reading, check_read_options, read
from gatecast.ensemble import LEARNT, Rule, check_rule
from gatecast.errors import NotFittedError, OptionError
from gatecast.evaluation.backtest import backtest, past_of, rolling_origins
from gatecast.evaluation.baselines import baselines
from gatecast.features.season import find_seasons
from gatecast.forecast import Forecast, Origins
from gatecast.forecaster.combination import Combination, CombinationForm, Fold
from gatecast.forecaster.forecaster import Forecaster
from gatecast.keeping.form import read_as
from gatecast.keeping.panel import describe_panel
from gatecast.keeping.sense import require
from gatecast.language import Text
from gatecast.nn.options import whole
from gatecast.training.split import check_lengths

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from gatecast.evaluation import Scores
    from gatecast.forecast import Prediction
    from gatecast.panel import Panel
    from gatecast.training.history import Progress

    Tell = Callable[[Progress], None]

_FINE = 1000  # parts of one training, in the progress of several
_SCALE = "scale"


@dataclass(frozen=True)
class EnsembleForm:
    """All that `Ensemble.save` writes beside its members."""

    ensemble: CombinationForm


class Ensemble:
    """Several forecasters as one: fitted one after another, their forecasts combined quantile by quantile.

    members: forecasters of the same horizon and levels. combine: "mean", "median", "trimmed" (mean without the lowest
    and highest), "greedy" (selection with replacement, Caruana et al. 2004) or "stacking" (weights of least squares,
    non-negative and of sum one). The last two learn weights, and a correction of the intervals, from the newest rows:
    every member is trained once without them, which doubles the work, and then on all rows.

        members = [Forecaster(5), Forecaster(5, model="gru"), Forecaster(5, context=60, seed=1)]
        Ensemble(members, combine="stacking").fit("prices.csv", target="close").predict()

    Raises: OptionError for an unknown rule, no members, or members that differ in horizon or levels.
    """

    def __init__(self, members: Sequence[Forecaster], *, combine: str = "median") -> None:
        self.members = tuple(members)
        self.rule: Rule = check_rule(combine)
        if len({(member.wishes.horizon, member.wishes.levels) for member in self.members}) != 1:
            asked = ", ".join(f"{one.name}: {one.wishes.horizon}, {one.wishes.levels}" for one in self.members)
            raise OptionError(
                "the members of an ensemble must have the same horizon and levels, and there must be at least one; "
                f"got {asked or 'none'}.",
                f"集成的成员须有相同的预测步数与区间水平，且至少一个；实际为 {asked or '无'}。",
            )
        self.horizon, self.levels = self.members[0].wishes.horizon, self.members[0].wishes.levels
        self._combination: Combination | None = None
        self._trained: tuple[Forecaster, ...] = ()
        self._scale: np.ndarray | None = None  # (series,) of the correction, where predict() goes on

    @property
    def name(self) -> str:
        """How tables call this method."""
        return ensemble_name(self.rule)

    @property
    def combination(self) -> Combination:
        """The rule with the weights and the correction that it learnt. Raises: NotFittedError."""
        if self._combination is None:
            raise NotFittedError(
                "the ensemble is not fitted yet; call fit(data) first.", "集成尚未训练；请先 fit(data)。"
            )
        return self._combination

    def fit(self, data: Any, *, on_progress: Tell | None = None, **options: Any) -> Self:
        """Train every member. data, options: as of `Forecaster.fit`. Ctrl-C leaves the members trained so far.

        Raises: DataError and its kinds, OptionError, TrainingError; see `gatecast.errors`.
        """
        reading = data if isinstance(data, Reading) else read(data, check_read_options(options))
        fold = Fold.of(reading.panel, self.horizon) if self.rule in LEARNT else None
        twins = [] if fold is None else [member.twin() for member in self.members]
        tell = tellers(on_progress, len(twins) + len(self.members))
        combination = Combination(self.rule)
        if fold is not None:
            held_out = [
                twin.fit(fold.past, on_progress=told).predict_at(fold.panel, fold.origins)
                for twin, told in zip(twins, tell, strict=False)
            ]
            combination = Combination.learn(self.rule, held_out, fold, self.levels)
        trained: list[Forecaster] = []
        for member, told in zip(self.members, tell[len(twins) :], strict=True):
            trained.append(member.fit(reading, on_progress=told))
            if member.history.stopped == "interrupted":
                break
        self._trained, self._combination = tuple(trained), combination.of_first(len(trained))
        panel = trained[0].panel_to_continue()
        self._scale = self._combination.scale(panel, Origins.last(panel))
        return self

    def predict(self, history: Any = None, *, join: Sequence[str] | None = None) -> Forecast:
        """The next `horizon` values, from the end of the training data or of another history; see `Forecaster`."""
        combination = self.combination
        reads_most = max(self._trained, key=lambda member: member.plan.network.context)  # a saved one has no more rows
        panel = reads_most.panel_to_continue(history, join)
        origins = Origins.last(panel)
        scale = self._scale if history is None else combination.scale(panel, origins)
        prediction = combination.at_scale(self._said(panel, origins), scale)
        return Forecast.from_prediction(panel, prediction, self.levels)

    def predict_at(self, panel: Panel, origins: Origins) -> Prediction:
        """Forecast from many origins at once: the `Predictor` protocol."""
        return self.combination.of(self._said(panel, origins), panel, origins)

    def _said(self, panel: Panel, origins: Origins) -> list[Prediction]:
        return [member.predict_at(panel, origins) for member in self._trained]

    def backtest(
        self, windows: int = 8, data: Any = None, *, on_progress: Tell | None = None, **options: Any
    ) -> Scores:
        """Train a twin on the past alone, and compare it with the naive forecasts on windows that it never saw.

        windows, data, options: as of `Forecaster.backtest`.
        """
        windows = whole("windows", windows, 1)
        if data is None:
            self.combination  # noqa: B018 (raises where there is none)
            panel = self._trained[0].reading.panel
        else:
            panel = (data if isinstance(data, Reading) else read(data, check_read_options(options))).panel
        check_lengths(panel, self.horizon)
        origins = rolling_origins(panel, self.horizon, windows)
        seasons = find_seasons(past_of(panel, origins), self.members[0].season)
        predictors = [_Twin(self, on_progress), *baselines(self.horizon, self.levels, seasons)]
        return backtest(predictors, panel, horizon=self.horizon, levels=self.levels, seasons=seasons, windows=windows)

    def describe(self) -> tuple[Text, ...]:
        """The ensemble in words: what it combines, with which weights."""
        weights = self.combination.weights
        named = [member.name for member in self._trained]
        if weights is not None:
            named = [f"{name} {100 * weight:.0f} %" for name, weight in zip(named, weights, strict=True)]
        listed = ", ".join(named)
        words = Text(
            f"{len(named)} forecasters, {self.rule}: {listed}.", f"{len(named)} 个预测器，{self.rule}：{listed}。"
        )
        if self.rule in LEARNT and weights is None:
            few = Text(
                "Too few rows to learn weights from: all count alike.", "数据太少，无法学习权重：各成员同等计入。"
            )
            return words, few
        return (words,)

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the artifact: a folder with JSON and safetensors, and in it the artifact of every trained member.

        Each of `path/member-0`, … can be loaded alone. Raises: NotFittedError; OutputError where it cannot be written
        or exists (`force` replaces an earlier one).
        """
        artifact.save(path, *self.to_artifact(), force=force)

    def to_artifact(self) -> Artifact:
        """What `save` writes. Raises: NotFittedError."""
        description = {"ensemble": self.combination.to_dict()}
        tensors = {} if self._scale is None else {_SCALE: torch.from_numpy(self._scale)}
        return Artifact(description, tensors, tuple(member.to_artifact() for member in self._trained))

    @classmethod
    def from_artifact(cls, stored: Artifact, device: str) -> Self:
        """The ensemble that was saved. Raises: whatever a description that lies comes upon; DeviceError."""
        told = read_as(EnsembleForm, stored.description).ensemble
        members = tuple(Forecaster.from_artifact(member, device) for member in stored.members)
        model = cls(members, combine=told.rule)
        model._combination = Combination.from_form(told, len(members), model.horizon, model.levels)
        model._trained = members
        _check_alike([member.panel_to_continue() for member in members])
        if model._combination.correction is not None:
            scale = model._scale = stored.tensors[_SCALE].numpy()
            series = len(members[0].panel_to_continue())
            require(
                scale.shape == (series,) and scale.dtype == np.float64 and (scale > 0).all(),
                "the scales are not those of its series",
                "尺度与序列不符",
            )
        return model


class _Twin:
    """The ensemble under judgement, as a `Predictor`: its members are twins of the user's."""

    def __init__(self, ensemble: Ensemble, on_progress: Tell | None) -> None:
        self.ensemble = Ensemble([member.twin() for member in ensemble.members], combine=ensemble.rule)
        self.name, self.on_progress = ensemble.name, on_progress

    def fit(self, panel: Panel) -> Self:
        self.ensemble.fit(panel, on_progress=self.on_progress)
        return self

    def predict_at(self, panel: Panel, origins: Origins) -> Prediction:
        return self.ensemble.predict_at(panel, origins)


def _check_alike(panels: Sequence[Panel]) -> None:
    """Raises: ArtifactError unless the members go on from the same end of the same series."""
    first = panels[0]
    require(
        all(
            describe_panel(panel) == describe_panel(first)
            and np.array_equal(panel.last_time(), first.last_time())
            and np.array_equal(panel.ahead, first.ahead, equal_nan=True)
            for panel in panels
        ),
        "its members go on from different series",
        "各成员所接续的序列不同",
    )


def ensemble_name(rule: str) -> str:
    """How tables call an ensemble of this rule."""
    return f"ensemble ({rule})"


def tellers(on_progress: Tell | None, trainings: int) -> list[Tell | None]:
    """One listener for each of several trainings, that tells how far all of them are."""
    if on_progress is None:
        return [None] * trainings
    started = time.perf_counter()

    def teller(number: int) -> Tell:
        def told(progress: Progress) -> None:
            step = progress.step / progress.steps if progress.steps else 0.0
            clock = progress.seconds / progress.budget if progress.budget else 0.0
            done = round(_FINE * (number + min(1.0, max(step, clock))))
            seconds = time.perf_counter() - started
            on_progress(replace(progress, step=done, steps=_FINE * trainings, seconds=seconds, budget=None))

        return told

    return [teller(number) for number in range(trainings)]
