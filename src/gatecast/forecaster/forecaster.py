"""`Forecaster`: reads, trains, judges, forecasts, keeps. What a user of the library meets."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Self

from gatecast import artifact
from gatecast.artifact import Artifact
from gatecast.data import Note, Reading, ReadOptions, check_read_options, read
from gatecast.errors import NotFittedError, OptionError
from gatecast.evaluation.backtest import backtest as run_backtest
from gatecast.evaluation.backtest import past_of, rolling_origins
from gatecast.evaluation.baselines import baselines
from gatecast.features.season import find_seasons
from gatecast.forecast import Forecast, Origins
from gatecast.forecaster import fitting, persistence, soundness
from gatecast.forecaster.adaptation import rows_seen
from gatecast.forecaster.ensemble import Job
from gatecast.forecaster.form import read_form
from gatecast.forecaster.options import check_seed, check_wishes
from gatecast.forecaster.reasons import say_of_advisers, say_of_held_out
from gatecast.keeping.panel import describe_panel, newest, panel_tensors, restore_panel
from gatecast.keeping.reading import describe_reading, options_again
from gatecast.language import Text
from gatecast.nn.options import whole
from gatecast.panel import Panel
from gatecast.runtime import resolve_device
from gatecast.training.split import check_lengths

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from gatecast.evaluation import Scores
    from gatecast.forecast import Prediction
    from gatecast.forecaster.fitting import Fitted
    from gatecast.forecaster.plan import Plan
    from gatecast.forecaster.watching import Look
    from gatecast.training.history import History, Progress
    from gatecast.training.rate_finder import RateCurve

_FEWEST_ROWS = 3  # a shorter series says nothing of its own


class Forecaster:
    """An LSTM forecast of one or many time series.

    horizon: steps to forecast. model: a name that `gatecast models` lists, or "auto". context: past steps that the
    network reads; None = from season and length. season: "auto", None, a length in steps, or several as (24, 168).
    levels: central prediction intervals in percent. budget: seconds of wall time that training may take; None = as
    much as the data ask for. seed: the same seed gives the same bytes on a CPU. device: "auto", "cpu", "cuda".
    steps: exactly so many training steps; members: so many networks in the ensemble; None = as the plan finds right.
    With fewer than `model.plan.least_steps` steps the forecast is the naive one.
    `model.history.steps` and `model.plan.members` of a fit with a budget repeat that fit.
    training: fields of `training.config.TrainingConfig`, as {"optimiser": "sgd", "l1": 1e-5}. network: options of the
    model, as {"hidden": (64, 32), "dropout": 0.2}; `gatecast.models` has each model's config.
    distribution: what is forecast of each step: "quantile", "point" (the mean), "normal", "student-t", "log-normal" or
    "negative-binomial" (counts); "auto" is the model's usual one.

        model = Forecaster(horizon=5).fit("prices.csv", target="close")
        model.predict().to_frame()

    Raises: OptionError for a value that cannot be used, DeviceError for a device that is not there.
    """

    def __init__(
        self,
        horizon: int,
        *,
        model: str = "auto",
        context: int | None = None,
        season: str | int | Sequence[int] | None = "auto",
        levels: Sequence[float] = (80, 95),
        budget: float | None = None,
        seed: int = 0,
        device: str = "auto",
        steps: int | None = None,
        members: int | None = None,
        training: Mapping[str, Any] | None = None,
        network: Mapping[str, Any] | None = None,
        distribution: str = "auto",
    ) -> None:
        self.wishes = check_wishes(
            horizon, model, context, levels, steps, members, budget, training, network, distribution
        )
        self.season, self.seed, self.device = season, check_seed(seed), device
        self._torch_device = resolve_device(device)
        self._stage = "fit"
        self._options = ReadOptions()
        self._reading: Reading | None = None
        self._fitted: Fitted | None = None
        self._fingerprint = ""
        self._panel: Panel | None = None  # what predict() continues: the training data, or their newest rows

    # fit, predict, judge

    def fit(
        self,
        data: Any,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        on_epoch: Callable[[Look], None] | None = None,
        checkpoint: Path | None = None,
        resume: bool = False,
        **options: Any,
    ) -> Self:
        """Read the data and train on them.

        data: a path, a frame, an array (time,) or (series, time), a Panel or a Reading. options: `target`, `time`,
        `id`, `past`, `future`, `layout`, `day_first`, `calendar`, `indicators`, `join`, `join_lag`, as in
        `gatecast.data.ReadOptions`.
        on_progress: called several times a second while training. on_epoch: called after each round of the first
        member's training with its forecast of a held-out window (`forecaster.watching.Look`). checkpoint: a file that
        keeps the state of the training; with `resume` a killed fit goes on from it, and ends in the same bytes.

        Raises: DataError and its kinds, OptionError, TrainingError; see `gatecast.errors`.
        """
        started = time.perf_counter()
        reading = self._read(data, options)
        reading = _without_stumps(reading, self._stage)
        if self._stage == "fit":
            check_lengths(reading.panel, self.wishes.horizon)
        job = Job(self.seed, self._torch_device, self._stage, on_progress, on_epoch, checkpoint, resume, started)
        self._fitted = fitting.fit(reading.panel, self.wishes, self.season, job)
        self._reading, self._panel, self._options = reading, reading.panel, reading.options
        self._fingerprint = reading.panel.fingerprint()
        return self

    def find_rate(
        self, data: Any = None, *, on_progress: Callable[[Progress], None] | None = None, **options: Any
    ) -> RateCurve:
        """Which learning rate suits: a range test of the training that `fit` would carry out (Smith 2017).

        data, options: as for `fit`; None = the data of the fit. The forecaster itself stays as it is.
        Raises: OptionError where the optimiser has no such rate; TrainingError where nothing can be learnt.
        """
        panel = self._ready_reading().panel if data is None else self._read(data, options).panel
        check_lengths(panel, self.wishes.horizon)
        job = Job(self.seed, self._torch_device, "rate", on_progress)
        return fitting.find_rate(panel, self.wishes, self.season, job)

    def predict(
        self, history: Any = None, *, join: Sequence[str] | None = None, samples: int | None = None
    ) -> Forecast:
        """The next `horizon` values, from the end of the training data or of another history.

        history: any kind that `fit` takes; the columns are looked for under the names of the fit, and indicators are
        computed anew. join: the files to join to it; None = those of the fit. A loaded model wants them said again: it
        opens no file because a saved model names it. samples: so many joint paths a series, in `forecast.samples`.
        Raises: NotFittedError; DataError and its kinds for a history that cannot be used; OptionError.
        """
        panel = self.panel_to_continue(history, join)
        origins = Origins.last(panel)
        prediction = self.predict_at(panel, origins)
        forecast = Forecast.from_prediction(panel, prediction, self.wishes.levels)
        if samples is None:
            return forecast
        paths = self.fitted.sample_at(panel, origins, prediction, whole("samples", samples, 1), self.seed)
        return replace(forecast, samples=paths)

    def panel_to_continue(self, history: Any = None, join: Sequence[str] | None = None) -> Panel:
        """What `predict` goes on from: the training data, or another history as a panel. Raises: as `predict`."""
        return self._ready() if history is None else self._continue(history, join)

    def predict_at(self, panel: Panel, origins: Origins) -> Prediction:
        """Forecast from many origins at once: the `Predictor` protocol.

        Where the panel goes on after the data of the fit, intervals follow how well they have held since.
        """
        return self.fitted.predict_at(panel, origins, rows_seen(self._ready(), panel))

    def backtest(
        self,
        windows: int = 8,
        data: Any = None,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        checkpoint: Path | None = None,
        resume: bool = False,
        **options: Any,
    ) -> Scores:
        """Train a twin on the past alone, and compare it with the naive forecasts on windows that it never saw.

        windows: rolling windows a series. data: as for `fit`; None = the data of the fit.
        After a fit that a budget or Ctrl-C ended, the twin takes as many steps, so that the comparison can be repeated.
        """
        windows = whole("windows", windows, 1)
        panel = self._ready_reading().panel if data is None else self._read(data, options).panel
        check_lengths(panel, self.wishes.horizon)
        origins = rolling_origins(panel, self.wishes.horizon, windows)
        seasons = find_seasons(past_of(panel, origins), self.season)
        twin = _Twin(self.twin(), on_progress, checkpoint, resume)
        levels, horizon = self.wishes.levels, self.wishes.horizon
        predictors = [twin, *baselines(horizon, levels, seasons)]
        return run_backtest(predictors, panel, horizon=horizon, levels=levels, seasons=seasons, windows=windows)

    def twin(self) -> Forecaster:
        """An unfitted forecaster of the same wishes, to be trained on the past alone and judged."""
        twin = Forecaster(self.wishes.horizon, season=self.season, seed=self.seed, device=self.device)
        twin.wishes, twin._stage = self.wishes, "judge"
        if self._fitted is not None and (self.wishes.budget is not None or self.history.stopped == "interrupted"):
            steps, members = max(1, self.history.steps), self.plan.members
            twin.wishes = replace(self.wishes, budget=None, steps=steps, members=members)
        return twin

    # what a fit found

    @property
    def name(self) -> str:
        """How tables call this method."""
        return "LSTM" if self.wishes.model == "auto" else self.wishes.model

    @property
    def fitted(self) -> Fitted:
        """The trained network and all that belongs to it. Raises: NotFittedError."""
        if self._fitted is None:
            raise NotFittedError(
                "the model is not fitted yet; call fit(data) first.", "模型尚未训练；请先调用 fit(data)。"
            )
        return self._fitted

    @property
    def reading(self) -> Reading:
        """What was read, and what was repaired."""
        return self._ready_reading()

    @property
    def history(self) -> History:
        """The training curve of the ensemble's first member; `fitted.histories` has all."""
        return self.fitted.histories[0]

    @property
    def plan(self) -> Plan:
        """What was decided before training, and why."""
        return self.fitted.plan

    @property
    def seasons(self) -> tuple[int, ...]:
        """Lengths of the seasons in steps, found or given."""
        return self.fitted.seasons

    def describe(self) -> tuple[Text, ...]:
        """The model in words."""
        fitted = self.fitted
        words = [*say_of_advisers(fitted), self._training_in_words(), *say_of_held_out(fitted)]
        return (*self.plan.reasons, *words)

    def _training_in_words(self) -> Text:
        history = self.history
        if history.stopped == "nothing to learn":
            return Text(
                "The series never change: there is nothing to learn, and the forecast is constant.",
                "序列没有任何变化：没有可学习的内容，预测为常数。",
            )
        if self.plan.too_short(history):
            return Text(
                f"Training ended after {history.steps} step(s), too early to have learnt anything (fewer than "
                f"{self.plan.least_steps}): the forecast is the best one without it. Give a larger budget, or more "
                "steps.",
                f"训练在 {history.steps} 步后结束，不足 {self.plan.least_steps} 步，什么也没学到："
                "直接采用无需训练的最佳预测。请增加时间预算或步数。",
            )
        count = sum(p.numel() for network in self.fitted.networks for p in network.parameters())
        return Text(
            f"{count:,} parameters; {history.steps} training steps, weights of step {history.best_step} kept.",
            f"{count:,} 个参数；训练 {history.steps} 步，保留第 {history.best_step} 步的权重。",
        )

    # keep

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the artifact: a folder with JSON and safetensors, whole or not at all.

        Raises: NotFittedError; OutputError where it cannot be written or exists (`force` replaces an earlier one).
        """
        artifact.save(path, *self.to_artifact(), force=force)

    def to_artifact(self) -> Artifact:
        """What `save` writes. Raises: NotFittedError."""
        panel = newest(self._ready(), self.fitted.reads)
        description = {
            "wishes": asdict(self.wishes),
            "season": list(self.season) if isinstance(self.season, (list, tuple)) else self.season,
            "seed": self.seed,
            "read": describe_reading(self._options),
            "fitted": persistence.describe_fitted(self.fitted),
            "panel": describe_panel(panel),
            "data": self._fingerprint,
        }
        parts = (
            persistence.fitted_tensors(self.fitted),
            persistence.analogue_tensors(self.fitted.analogues),
            persistence.pretrained_tensors(self.fitted.advisers.pretrained),
            panel_tensors(panel),
        )
        return Artifact(description, {name: tensor for part in parts for name, tensor in part.items()})

    @classmethod
    def from_artifact(cls, stored: Artifact, device: str) -> Self:
        """The forecaster that was saved. Raises: whatever a description that lies comes upon; DeviceError."""
        told = read_form(stored.description)
        model = cls(**vars(told.wishes), season=told.season, seed=told.seed, device=device)
        model._options, model._fingerprint = told.read, told.data
        model._fitted = persistence.restore_fitted(told.fitted, stored.tensors, model._torch_device)
        model._panel = restore_panel(told.panel, stored.tensors, model.wishes.horizon)
        soundness.check_agreement(told, model._panel)
        return model

    # inside

    def _read(self, data: Any, options: dict[str, Any]) -> Reading:
        if isinstance(data, Reading):
            return data
        return read(data, check_read_options(options))

    def _ready(self) -> Panel:
        self.fitted  # noqa: B018 (raises where there is none)
        if self._panel is None:
            raise NotFittedError(
                "the model is not fitted yet; call fit(data) first.", "模型尚未训练；请先调用 fit(data)。"
            )
        return self._panel

    def _ready_reading(self) -> Reading:
        self._ready()
        if self._reading is None:
            raise NotFittedError(
                "a loaded model does not hold its training data; pass data=...",
                "加载的模型不含训练数据；请传入 data=...",
            )
        return self._reading

    def _continue(self, history: Any, join: Sequence[str] | None) -> Panel:
        """Another history as a panel that this model can go on from."""
        ours = self._ready()
        panel = history if isinstance(history, Panel) else self._read_as_fitted(history, join).panel
        if (panel.past, panel.future) != (ours.past, ours.future):
            raise OptionError(
                f"the model was trained with the columns {', '.join(ours.columns)}; got {', '.join(panel.columns)}.",
                f"模型训练时的列为 {'、'.join(ours.columns)}；实际为 {'、'.join(panel.columns)}。",
            )
        if (panel.time.dtype.kind == "M") != (ours.time.dtype.kind == "M"):
            raise OptionError(
                "the model was trained on one kind of time (dates or counted rows) and the history has the other; "
                "give the history the same kind of time column.",
                "模型训练时与历史数据的时间类型不同（日期或行号）；请使用相同类型的时间列。",
            )
        return replace(panel, frequency=ours.frequency)

    def _read_as_fitted(self, history: Any, join: Sequence[str] | None) -> Reading:
        if isinstance(history, Reading):
            return history
        return read(history, options_again(self._options, join, restored=self._reading is None))


class _Twin:
    """The forecaster under judgement, as a `Predictor` that tells how far its training is."""

    def __init__(self, forecaster: Forecaster, on_progress: Any, checkpoint: Path | None, resume: bool) -> None:
        self.forecaster, self.name = forecaster, forecaster.name
        self._running = {"on_progress": on_progress, "checkpoint": checkpoint, "resume": resume}

    def fit(self, panel: Panel) -> Self:
        self.forecaster.fit(panel, **self._running)
        return self

    def predict_at(self, panel: Panel, origins: Origins) -> Prediction:
        return self.forecaster.predict_at(panel, origins)


def _without_stumps(reading: Reading, stage: str) -> Reading:
    """Leave out the series that are too short to say anything, and note it; the others go on."""
    short = reading.panel.lengths < _FEWEST_ROWS
    if not short.any() or short.all() or stage != "fit":
        return reading
    named = ", ".join(f"{reading.panel.ids[i]} ({reading.panel.lengths[i]})" for i in short.nonzero()[0][:5])
    more = int(short.sum()) - 5
    named += f", … (+{more})" if more > 0 else ""
    note = Note(
        "short",
        Text(
            f"left out, shorter than {_FEWEST_ROWS} rows: {named}; the other series go on.",
            f"已忽略行数少于 {_FEWEST_ROWS} 的序列：{named}；其余序列照常预测。",
        ),
    )
    return replace(reading, panel=reading.panel.take((~short).nonzero()[0]), notes=(*reading.notes, note))
