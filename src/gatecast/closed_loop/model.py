"""`ClosedLoop`: fits a network to whole series, and continues them on its own output. What a user of the library meets.

No windows: the network reads each series from its first value to its last, and its state is all that it remembers.
Several variables are forecast together, each from the past of all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gatecast.closed_loop.division import Division, check_held_out
from gatecast.closed_loop.series import check_variables, of_equal_end, panel_of, read_series, rows_of
from gatecast.closed_loop.unit import Scaling, Unit, check_scaling
from gatecast.conformal import Correction
from gatecast.data import Reading, check_read_options
from gatecast.errors import NotFittedError, OptionError
from gatecast.forecast import Forecast, Origins, Prediction, check_levels
from gatecast.keeping.reading import options_again
from gatecast.nn.options import whole
from gatecast.runtime import private_torch_stream, resolve_device
from gatecast.training.sequence_config import SequenceConfig

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from gatecast.artifact import Artifact
    from gatecast.models.sequence_network import SequenceNetwork
    from gatecast.panel import Panel
    from gatecast.rollout import Trial
    from gatecast.training.history import Progress
    from gatecast.training.sequences import SequenceHistory

_AT_ONCE = 256  # series that run freely together: their whole past is read in one pass
_FARTHEST = 1e6  # scales; a free run that leaves all bounds is a number still


class ClosedLoop:
    """A network without windows that goes on from its own output: study 3's, and any other that streams.

    model: a name that `gatecast models` lists, of a network that carries a state. hidden: its widths, None = its own;
    network: its other options. optimiser, rate, steps, keep, chunk, sampling: fields of
    `training.sequence_config.SequenceConfig`; training: its other fields, as {"l2": 1e-4}.
    scaling: True = one centre and scale a variable, from what trains; "series" = each series by its own past;
    False = as they are. held_out: series that train nothing and choose the weights that are kept: a share or a
    number; the last fifth of every series where none can be spared. horizon: steps that `predict` and `predict_at`
    give. levels: central prediction intervals in percent. seed: the same seed gives the same bytes on a CPU.

        model = ClosedLoop(hidden=(51, 51), steps=8).fit(waves)      # (series, time) or (series, time, variables)
        model.continue_(1000)                                        # (series, 1000)

    Raises: OptionError for a value that cannot be used, DeviceError for a device that is not there.
    """

    def __init__(
        self,
        model: str = "lstm-cell",
        hidden: int | Sequence[int] | None = None,
        *,
        optimiser: str = "lbfgs",
        rate: float | None = None,
        steps: int = 8,
        keep: str = "free-run",
        chunk: int | None = None,
        sampling: float = 0.0,
        scaling: Scaling = True,
        held_out: int | float = 0.05,
        horizon: int = 1,
        levels: Sequence[float] = (80, 95),
        seed: int = 0,
        device: str = "auto",
        training: Mapping[str, Any] | None = None,
        network: Mapping[str, Any] | None = None,
    ) -> None:
        wishes: dict[str, Any] = {"optimiser": optimiser, "rate": rate, "steps": steps, "keep": keep}
        self.training = _training({**wishes, "chunk": chunk, "sampling": sampling}, training or {})
        self.model = model
        self.options = dict(network or {}) | ({} if hidden is None else {"hidden": _widths(hidden)})
        self.scaling: Scaling = check_scaling(scaling)
        self.held_out = check_held_out(held_out)
        self.horizon, self.seed = whole("horizon", horizon, 1), whole("seed", seed, 0)
        self.levels = check_levels(levels)
        self._device = resolve_device(device)
        self._build(1)  # an unknown model or option is told now, not after the data were read
        self._network: SequenceNetwork | None = None
        self._history: SequenceHistory | None = None
        self._growth: np.ndarray | None = None
        self._correction: Correction | None = None

    # fit

    def fit(
        self,
        waves: Any,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        on_step: Callable[[int, ClosedLoop], None] | None = None,
        **options: Any,
    ) -> Self:
        """Train on whole series; the network builds itself from the shape of the data.

        waves: an array (series, time, variables), or whatever `Forecaster.fit` takes, with its options; past covariates
        become further variables. on_progress: called several times a second. on_step: called after each step with its
        number and this model as it then is, so that `continue_` can be drawn.

        Raises: DataError and its kinds, OptionError, TrainingError; see `gatecast.errors`.
        """
        from gatecast.training.sequences import SequenceRun, train_sequences

        panel, read = read_series(waves, check_read_options(options))
        self._panel, self._read, self._restored = panel, read, False
        division = Division.of(panel, self.held_out)
        blocks = [rows_of(panel, series, end) for series, end in zip(division.train, division.ends, strict=True)]
        self._unit = Unit.fit(self.scaling, np.concatenate(blocks))
        network = self._network = self._build(blocks[0].shape[1])
        values, lengths = self._padded(blocks)
        run = SequenceRun(
            values,
            lengths,
            self._trials(panel, division),
            self.training,
            self.seed,
            on_progress,
            None if on_step is None else lambda step, _: on_step(step, self),
        )
        scale = self._unit.scaler.scale if self._unit.scaler is not None else ()
        self._history = train_sequences(network, run).times(float(scale[0]) if len(scale) == 1 else 1.0)
        self._measure(panel, division)
        return self

    def held_out_of(self, waves: Any, **options: Any) -> np.ndarray:
        """Which series of these, or of the same number, `fit` would try its free runs on: indices."""
        return Division.of(panel_of(waves, options), self.held_out).tried.series

    def _build(self, variables: int) -> SequenceNetwork:
        from gatecast.models.sequence_network import SequenceNetwork

        with private_torch_stream(self.seed, "weights"):
            return SequenceNetwork(self.model, self.options, variables).to(self._device).eval()

    def _padded(self, blocks: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
        """Series of any length as one tensor (series, time, variables) in the network's unit, and their lengths."""
        import torch

        lengths = [len(block) for block in blocks]
        values = np.zeros((len(blocks), max(lengths), blocks[0].shape[1]), np.float32)
        for row, block in enumerate(blocks):
            centre, scale = self._unit.of(block[None])
            values[row, : len(block)] = ((block - centre) / scale)[0]
        return torch.from_numpy(values).to(self._device), torch.tensor(lengths, device=self._device)

    def _trials(self, panel: Panel, division: Division) -> list[Trial]:
        """Free runs over all that was held out, those of equal length together."""
        import torch

        from gatecast.rollout import Trial

        trials = []
        for series, end in zip(*division.tried, strict=True):
            values = rows_of(panel, series)[None]
            centre, scale = self._unit.of(values[:, :end])
            scaled = torch.as_tensor((values - centre) / scale, dtype=torch.float32, device=self._device)
            trials.append(Trial(scaled[:, :end], scaled[:, end:]))
        return _together(trials)

    def _measure(self, panel: Panel, division: Division) -> None:
        """What the kept weights' free runs miss by: the growth of the error, and how wide intervals must be."""
        steps = division.steps(panel)
        ran = self._run(panel, division.tried, int(steps.max()))  # (tried, steps, variables)
        errors = np.full(ran.shape, np.nan)
        for row, (series, end) in enumerate(zip(*division.tried, strict=True)):
            errors[row, : steps[row]] = ran[row, : steps[row]] - rows_of(panel, series)[end:]
        self._growth = np.sqrt(np.nanmean(errors**2, axis=0))
        windows, reach = division.windows(panel)
        rows = (panel.offsets[windows.series] + windows.ends)[:, None] + np.arange(reach)
        independent = len(division.tried.series) * max(1, int(steps.min()) // reach)
        said = _bare(self._run(panel, windows, reach)[:, :, 0], self.levels)
        self._correction = Correction.fit(
            said, panel.y[rows], self._scale(panel, windows), self.levels, independent=independent
        )

    # forecast

    def continue_(self, steps: int, history: Any = None, *, join: Sequence[str] | None = None) -> np.ndarray:
        """All variables, so many steps on from the end of every series: (series, steps), or (series, steps, variables).

        history: any kind that `fit` takes; None = what the model was fitted to. join: the files to join to it; None =
        those of the fit, which a loaded model wants said again. In the unit that came in.
        """
        panel = self._known(history, join)
        ran = self._run(panel, Origins.last(panel), whole("steps", steps, 1))
        return ran[:, :, 0] if ran.shape[2] == 1 else ran

    def predict(
        self, horizon: int | None = None, history: Any = None, *, join: Sequence[str] | None = None
    ) -> Forecast:
        """The target's next values with intervals; `horizon` steps, None = those of the constructor.

        history, join: as of `continue_`.
        """
        panel = self._known(history, join)
        steps = self.horizon if horizon is None else whole("horizon", horizon, 1)
        return Forecast.from_prediction(panel, self._predict(panel, Origins.last(panel), steps), self.levels)

    def predict_at(self, panel: Panel, origins: Origins) -> Prediction:
        """Forecast from many origins at once: the `Predictor` protocol. Reads each series from its first row."""
        return self._predict(panel, origins, self.horizon)

    def _predict(self, panel: Panel, origins: Origins, steps: int) -> Prediction:
        if self._correction is None:
            raise _not_fitted()
        point = self._run(panel, origins, steps)[:, :, 0]
        shift = self._correction.shift
        if steps > len(shift):  # beyond what was tried, as the error of a random walk grows
            further = np.sqrt(np.arange(len(shift) + 1, steps + 1) / len(shift))
            shift = np.concatenate([shift, shift[-1] * further[:, None]])
        widths = np.maximum.accumulate(shift[:steps], axis=0)
        return Correction(self.levels, widths).apply(_bare(point, self.levels), self._scale(panel, origins))

    def _run(self, panel: Panel, origins: Origins, steps: int) -> np.ndarray:
        """Free runs from these origins, in the unit of the data: (origins, steps, variables)."""
        import torch

        from gatecast.rollout import free_run

        network = self.network
        check_variables(panel, network.variables)
        training = network.training
        network.eval()
        ran = np.empty((len(origins.ends), steps, network.variables))
        for end, rows in of_equal_end(origins.ends):
            for some in np.array_split(rows, -(-len(rows) // _AT_ONCE)):
                known = np.stack([rows_of(panel, series, end) for series in origins.series[some]])
                centre, scale = self._unit.of(known)
                x = torch.as_tensor((known - centre) / scale, dtype=torch.float32, device=self._device)
                said = free_run(network, x, steps).values.double().cpu().numpy()
                said = np.clip(np.nan_to_num(said, nan=0.0), -_FARTHEST, _FARTHEST)
                ran[some] = said * scale + centre
        network.train(training)
        return ran

    def _scale(self, panel: Panel, origins: Origins) -> np.ndarray:
        """(origins,) the target's scale at each of them."""
        known = (rows_of(panel, series, end)[None] for series, end in zip(*origins, strict=True))
        return np.array([self._unit.of(values)[1][0, 0, 0] for values in known])

    # what a fit found

    @property
    def name(self) -> str:
        """How tables call this method."""
        return f"closed-loop {self.model}"

    @property
    def network(self) -> SequenceNetwork:
        """The network, a torch.nn.Module. Raises: NotFittedError."""
        if self._network is None:
            raise _not_fitted()
        return self._network

    @property
    def history(self) -> SequenceHistory:
        """Training loss and free-run error of each step, and which step was kept.

        In the unit of the data where one variable has one scale; else in units of each variable's or series' scale.
        """
        if self._history is None:
            raise _not_fitted()
        return self._history

    @property
    def error_growth(self) -> np.ndarray:
        """The root of the mean squared error at each step of the held-out free runs, in the unit of the data.

        (steps,), or (steps, variables) where there are several.
        """
        if self._growth is None:
            raise _not_fitted()
        return self._growth[:, 0] if self._growth.shape[1] == 1 else self._growth

    # keep

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the artifact: a folder with JSON and safetensors, whole or not at all.

        It holds the series of the fit, which the network reads anew from their first value before it goes on.
        Raises: NotFittedError; OutputError where it cannot be written or exists (`force` replaces an earlier one).
        """
        from gatecast import artifact

        artifact.save(path, *self.to_artifact(), force=force)

    def to_artifact(self) -> Artifact:
        """What `save` writes. Raises: NotFittedError."""
        from gatecast.closed_loop import persistence as kept

        if self._correction is None or self._growth is None:
            raise _not_fitted()
        asked = (self.model, self.options, self.training, self.scaling, self.held_out)
        wishes = kept.Wishes(*asked, self.horizon, self.levels, self.seed)
        found = kept.Found(self.network, self._unit, self._correction, self.history, self._growth, self._panel)
        return kept.describe(wishes, found, self._read)

    @classmethod
    def from_artifact(cls, stored: Artifact, device: str) -> Self:
        """The model that was saved. Raises: whatever a description that lies comes upon; DeviceError."""
        from gatecast.closed_loop import persistence as kept

        told = kept.read_description(stored)
        wishes = dict(vars(told.closed_loop))
        options, training = wishes.pop("options"), vars(wishes.pop("training"))
        model = cls(**wishes, network=options, training=training, device=device)
        found = kept.restore(told, stored.tensors, model._build(told.variables))
        model._network, model._unit, model._correction, model._history, model._growth, model._panel = found
        model._read, model._restored = told.read, True
        return model

    def _known(self, history: Any, join: Sequence[str] | None) -> Panel:
        self.network  # noqa: B018 (raises where there is none)
        if history is None:
            return self._panel
        is_read = isinstance(history, Reading) or (isinstance(history, np.ndarray) and history.ndim == 3)
        return read_series(history, self._read if is_read else options_again(self._read, join, self._restored))[0]


def _together(trials: Sequence[Trial]) -> list[Trial]:
    """Trials of equal shape as one."""
    import torch

    from gatecast.rollout import Trial

    shapes = dict.fromkeys((trial.known.shape, trial.truth.shape) for trial in trials)
    groups = [[t for t in trials if (t.known.shape, t.truth.shape) == shape] for shape in shapes]
    return [Trial(*(torch.cat(parts) for parts in zip(*group, strict=True))) for group in groups]


def _bare(point: np.ndarray, levels: Sequence[float]) -> Prediction:
    """A prediction whose intervals have no width yet."""
    ends = np.repeat(point[:, :, None], len(levels), axis=2)
    return Prediction(point, ends, ends)


def _training(wishes: dict[str, Any], further: Mapping[str, Any]) -> SequenceConfig:
    known = SequenceConfig.__dataclass_fields__
    for name in further:
        if name not in known:
            raise OptionError(
                f"training on whole series has no option {name!r}; its options: {', '.join(known)}.",
                f"整序列训练没有选项 {name!r}；可用：{'、'.join(known)}。",
            )
    return SequenceConfig(**wishes | dict(further))


def _widths(hidden: int | Sequence[int]) -> Any:
    return tuple(hidden) if isinstance(hidden, list) else hidden


def _not_fitted() -> NotFittedError:
    return NotFittedError("the model is not fitted yet; call fit(waves) first.", "模型尚未训练；请先调用 fit(waves)。")
