"""`Classifier`: reads, trains, judges, tells classes. What a user of the library meets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from gatecast import artifact, models
from gatecast.artifact import Artifact
from gatecast.classifier import persistence
from gatecast.classifier.fitting import (
    ClassJob,
    ClassWishes,
    FittedClassifier,
    after_last_state,
    base_rate,
    fit,
    hold_out,
)
from gatecast.classifier.forecast import ClassForecast
from gatecast.classifier.question import NOWHERE, Question, Task, check_constant, check_task
from gatecast.data import Reading, ReadOptions, check_read_options, read
from gatecast.data.labels import read_labelled
from gatecast.errors import ColumnError, NotFittedError, OptionError, TooShortError
from gatecast.evaluation.backtest import past_of, rolling_origins
from gatecast.evaluation.class_scores import BASE_RATE, LAST_STATE, ClassScores, score_classes
from gatecast.forecast import Origins
from gatecast.forecaster.options import check_seed
from gatecast.keeping.reading import options_again
from gatecast.keeping.sense import making_sense, require
from gatecast.language import Text
from gatecast.nn.options import whole
from gatecast.runtime import resolve_device
from gatecast.training.config import TrainingConfig, with_wishes

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from gatecast.panel import Panel
    from gatecast.training.history import History, Progress

_JUDGED_SHARE = 1 / 3
_LEAST_SERIES = 3  # of each class: one to train, one to hold out, one to judge


class Classifier:
    """Which class comes next, or which class a series is, with probabilities.

    horizon: steps ahead. task: "direction", whether the target will be above or below its last value `horizon` steps
    ahead; "regime", the state that the series will then be in, of a column of classes, or calm and lively where none is
    named; "label", the class of whole series. model: a name that `gatecast models` lists. context: past steps that the
    network reads; None = from horizon and length. steps: exactly so many training steps; None = until held-out windows
    gain no more. balanced: in training, rare classes weigh as much as frequent ones; the probabilities still say how
    frequent they are. seed: the same seed gives the same bytes on a CPU. device: "auto", "cpu", "cuda". training,
    network: as of `gatecast.Forecaster`.

        model = Classifier(horizon=5, task="direction").fit("prices.csv", target="close")
        model.predict().to_frame()

    Raises: OptionError for a value that cannot be used, DeviceError for a device that is not there.
    """

    def __init__(
        self,
        horizon: int = 1,
        *,
        task: str = "direction",
        model: str = "lstm",
        context: int | None = None,
        steps: int | None = None,
        balanced: bool = False,
        seed: int = 0,
        device: str = "auto",
        training: Mapping[str, Any] | None = None,
        network: Mapping[str, Any] | None = None,
    ) -> None:
        model = "lstm" if model == "auto" else model
        check_task(task, "" if task == "label" else None)
        models.get(model).configure(network or {})
        _check_training(training or {})
        for name, number, least in (("context", context, 2), ("steps", steps, 1)):
            if number is not None:
                whole(name, number, least)
        self.wishes = ClassWishes(
            whole("horizon", horizon, 1),
            cast("Task", task),
            model,
            context,
            steps,
            bool(balanced),
            dict(training or {}),
            dict(network or {}),
        )
        self.seed, self.device = check_seed(seed), device
        self._torch_device = resolve_device(device)
        self._options = ReadOptions()
        self._reading: Reading | None = None
        self._classes: tuple[str, ...] | None = None
        self._fitted: FittedClassifier | None = None
        self._panel: Panel | None = None  # what predict() continues

    # fit, predict, judge

    def fit(
        self,
        data: Any,
        *,
        label: str | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        **options: Any,
    ) -> Self:
        """Read the data and train on them.

        data: as for `Forecaster.fit`; a path or a frame where there is a `label`, the column of classes. options:
        `target`, `time`, `id`, `past`, `future`, … as in `gatecast.data.ReadOptions`; one target.
        Raises: DataError and its kinds, OptionError, TrainingError.
        """
        reading, classes = self._read(data, label, options)
        job = ClassJob(self.seed, self._torch_device, "fit", on_progress)
        self._fitted = fit(reading.panel, self._question(reading.panel, label, classes), self.wishes, job)
        self._reading, self._classes, self._options = reading, classes, reading.options
        self._panel = reading.panel
        return self

    def predict(self, history: Any = None, *, join: Sequence[str] | None = None) -> ClassForecast:
        """The class of every series, from the end of the training data or of another history.

        history: any kind that `fit` takes; the columns are looked for under the names of the fit. It needs the column
        of classes where that is a regime, and not where it is a label. join: the files to join to it; None = those of
        the fit. A loaded classifier wants them said again: it opens no file because a saved model names it.
        Raises: NotFittedError; DataError and its kinds for a history that cannot be used.
        """
        question = self.fitted.question
        panel = self._panel if history is None else self._continue(history, join)
        if panel is None:
            raise _not_fitted()
        probability = self.fitted.probabilities(panel, Origins.last(panel))
        time = None
        if question.ahead:
            time = panel.frequency.after(panel.last_time(), question.ahead)[:, -1]
        return ClassForecast(panel.ids, question.classes, probability, time, panel.layout, panel.parts)

    def backtest(
        self,
        windows: int = 200,
        data: Any = None,
        *,
        label: str | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        **options: Any,
    ) -> ClassScores:
        """Train a twin on the past alone, and compare it with the base rate on windows that it never saw.

        windows: rolling windows a series, in its last third; for labels, series that the twin does not see, a third of
        them at most. data, label, options: as for `fit`; data None = those of the fit.
        Raises: TooShortError where there is nothing to judge on.
        """
        windows = whole("windows", windows, 1)
        if data is None:
            panel, question = self.reading.panel, self.fitted.question
            label, classes = question.label, self._classes
        else:
            reading, classes = self._read(data, label, options)
            panel = reading.panel
        if self.wishes.task == "label":
            past, origins = self._unseen_series(panel, label, windows)
        else:
            origins = rolling_origins(panel, self.wishes.horizon, windows)
            past = past_of(panel, origins)
        job = ClassJob(self.seed, self._torch_device, "judge", on_progress)
        twin = fit(past, self._question(past, label, classes), self._repeatable(), job)
        return self._score(twin, past, panel, origins)

    # what a fit found

    @property
    def name(self) -> str:
        """How tables call this method."""
        return "LSTM" if self.wishes.model == "lstm" else self.wishes.model

    @property
    def fitted(self) -> FittedClassifier:
        """The trained network and all that belongs to it. Raises: NotFittedError."""
        if self._fitted is None:
            raise _not_fitted()
        return self._fitted

    @property
    def reading(self) -> Reading:
        """What was read, and what was repaired. Raises: NotFittedError."""
        if self._reading is None and self._fitted is not None:
            raise NotFittedError(
                "a loaded classifier does not hold its training data; pass data=...",
                "加载的分类器不含训练数据；请传入 data=...",
            )
        if self._reading is None:
            raise _not_fitted()
        return self._reading

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.fitted.question.classes

    @property
    def history(self) -> History:
        """The training curve."""
        return self.fitted.history

    def describe(self) -> tuple[Text, ...]:
        """The classifier in words."""
        fitted, history = self.fitted, self.history
        config, share = fitted.network.config, fitted.calibration.share
        count = sum(p.numel() for p in fitted.network.parameters())
        named = ", ".join(self.classes)
        base = ", ".join(f"{name} {p:.0%}" for name, p in zip(self.classes, fitted.calibration.base, strict=True))
        return (
            Text(f"{config.model}: tells apart {named}.", f"{config.model}：区分 {named}。"),
            Text(
                f"It reads the last {config.context} values, {config.patch} at a time; {count:,} parameters; "
                f"{history.steps} training steps, weights of step {history.best_step} kept.",
                f"读取最近 {config.context} 个值，每次 {config.patch} 个；{count:,} 个参数；训练 {history.steps} 步，"
                f"保留第 {history.best_step} 步的权重。",
            ),
            Text(
                f"On held-out windows its word counts {share:.0%}; the rest is the base rate: {base}.",
                f"根据留出窗口，网络的判断占 {share:.0%}，其余为基准频率：{base}。",
            ),
        )

    # keep

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the artifact: a folder with JSON and safetensors, whole or not at all.

        Raises: NotFittedError; OutputError where it cannot be written or exists (`force` replaces an earlier one).
        """
        artifact.save(path, *self.to_artifact(), force=force)

    def to_artifact(self) -> Artifact:
        """What `save` writes. Raises: NotFittedError."""
        if self._panel is None:
            raise _not_fitted()
        return persistence.describe(self.fitted, self.wishes, self.seed, self._options, self._panel)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: str = "auto") -> Self:
        """A saved classifier, ready to tell classes, on any device.

        Raises: ArtifactError for a folder that holds none, is damaged, or was made by a newer Gatecast; DeviceError.
        """
        stored = artifact.load(path)
        require(
            "classifier" in stored.description,
            f"{path} holds no saved classifier; gatecast.load(...) knows models of every kind.",
            f"{path} 中不是已保存的分类器；gatecast.load(...) 可加载各类模型。",
        )
        with making_sense(path):
            return cls.from_artifact(stored, device)

    @classmethod
    def from_artifact(cls, stored: Artifact, device: str) -> Self:
        """The classifier that was saved. Raises: whatever a description that lies comes upon; DeviceError."""
        told, fitted, panel = persistence.restore(stored.description, stored.tensors, resolve_device(device))
        model = cls(**vars(told.classifier), seed=told.seed, device=device)
        model._fitted, model._panel, model._options = fitted, panel, told.read
        model._classes = fitted.question.classes if fitted.question.label is not None else None
        return model

    # inside

    def _read(self, data: Any, label: str | None, options: dict[str, Any]) -> tuple[Reading, tuple[str, ...] | None]:
        check_task(self.wishes.task, label)
        if isinstance(data, Reading) and label is None:
            return _one_target(data), None
        asked = check_read_options(options)
        if label is None:
            return _one_target(read(data, asked)), None
        reading, classes = read_labelled(data, asked, label)
        return _one_target(reading), classes

    def _question(self, panel: Panel, label: str | None, classes: tuple[str, ...] | None) -> Question:
        if self.wishes.task == "label" and label is not None and classes is not None:
            check_constant(panel, label, classes)
        return Question.ask(self.wishes.task, self.wishes.horizon, panel, label, classes)

    def _continue(self, history: Any, join: Sequence[str] | None) -> Panel:
        """Another history as a panel that this classifier can go on from."""
        question = self.fitted.question
        if question.task == "regime" and question.label is not None:
            panel = read_labelled(history, self._again(join), question.label, question.classes)[0].panel
        else:
            panel = history.panel if isinstance(history, Reading) else read(history, self._again(join)).panel
        ours = (tuple(n for n in self._panel.past if n != question.label), self._panel.future) if self._panel else ()
        theirs = (tuple(n for n in panel.past if n != question.label), panel.future)
        if ours != theirs:
            raise ColumnError(
                f"the classifier was trained with other covariates than the history has ({', '.join(panel.columns)}).",
                f"分类器训练时的协变量与历史数据不同（{'、'.join(panel.columns)}）。",
            )
        return replace(panel, frequency=self._panel.frequency) if self._panel else panel

    def _again(self, join: Sequence[str] | None) -> ReadOptions:
        return options_again(self._options, join, restored=self._reading is None)

    def _unseen_series(self, panel: Panel, label: str | None, most: int) -> tuple[Panel, Origins]:
        """A panel without the series that judge, and these series' ends. Raises: TooShortError."""
        labels = panel.values[panel.offsets[:-1], panel.columns.index(str(label))].astype(np.int64)
        if np.bincount(labels).min() < _LEAST_SERIES:
            raise TooShortError(
                f"{panel.layout.source}: a class of {label!r} has fewer than {_LEAST_SERIES} series; one must train, "
                f"one stop the training and one judge. Bring more series, or join classes.",
                f"{panel.layout.source}：列 {label!r} 有类别不足 {_LEAST_SERIES} 个序列；训练、停止训练和评估各需一个。"
                f"请提供更多序列，或合并类别。",
            )
        out = hold_out(labels, _JUDGED_SHARE, most, self.seed, "judged")
        judged = np.flatnonzero(out)
        return panel.take(np.flatnonzero(~out)), Origins(judged, panel.lengths[judged])

    def _repeatable(self) -> ClassWishes:
        """After a fit that Ctrl-C ended, the twin takes as many steps."""
        if self._fitted is None or self.history.stopped != "interrupted":
            return self.wishes
        return replace(self.wishes, steps=max(1, self.history.steps))

    def _score(self, twin: FittedClassifier, past: Panel, panel: Panel, origins: Origins) -> ClassScores:
        question = twin.question
        rows = origins.newest(panel) + question.ahead
        actual = question.states(panel)[rows]
        known = actual != NOWHERE
        origins, rows, actual = Origins(*(array[known] for array in origins)), rows[known], actual[known]
        if not len(actual):
            raise TooShortError(
                "no window can be judged: the target never changes over the horizon.",
                "没有可评估的窗口：目标在预测期内从不变化。",
            )
        said = {
            self.name: twin.probabilities(panel, origins),
            BASE_RATE: np.tile(base_rate(past, question), (len(actual), 1)),
        }
        if question.ahead:
            said[LAST_STATE] = after_last_state(past, question, panel, origins)
        return score_classes(
            question.classes, panel.ids, origins, panel.time[rows], actual, said, max(question.ahead, 1)
        )


def _check_training(training: Mapping[str, Any]) -> None:
    with_wishes(TrainingConfig(), training)
    if "augment" in training:
        raise OptionError(
            "augment varies windows of numbers, not of classes; leave it out.", "augment 只用于数值预测；请去掉它。"
        )


def _one_target(reading: Reading) -> Reading:
    if reading.panel.parts:
        raise OptionError(
            "a class is told of one target; give the other columns with --past (past=...).",
            "分类只针对一个目标列；其他列请用 --past（past=...）给出。",
        )
    return reading


def _not_fitted() -> NotFittedError:
    return NotFittedError("the model is not fitted yet; call fit(data) first.", "模型尚未训练；请先调用 fit(data)。")
