"""`compare`: trains every network with every seed on the past, and lets all forecast the same windows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gatecast.comparison.result import Comparison, Method
from gatecast.data import Reading, check_read_options, read
from gatecast.ensemble import LEARNT, Rule, check_rule
from gatecast.errors import OptionError
from gatecast.evaluation.backtest import past_of, rolling_origins
from gatecast.evaluation.baselines import baselines
from gatecast.evaluation.scale import naive_scale
from gatecast.features.season import find_seasons
from gatecast.forecaster import Forecaster
from gatecast.forecaster.combination import Combination, Fold
from gatecast.forecaster.plan import Wishes
from gatecast.forecaster.several import ensemble_name, tellers
from gatecast.nn.options import whole
from gatecast.training.split import check_lengths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gatecast.forecast import Origins, Prediction
    from gatecast.panel import Panel
    from gatecast.training.history import History, Progress

    Tell = Callable[[Progress], None]


# keywords of `Forecaster` that are alike for all networks, and no parameter of `compare`
_WISHES = {*Wishes.__dataclass_fields__, "season", "device"} - {"model", "horizon", "members"}


def compare(
    data: Any,
    models: Sequence[str],
    *,
    horizon: int,
    seeds: int = 3,
    windows: int = 8,
    ensemble: Sequence[str] = (),
    seed: int = 0,
    members: int = 1,
    on_progress: Tell | None = None,
    **options: Any,
) -> Comparison:
    """Compare networks on the same data, the same windows and with the same budget, the naive forecasts beside them.

    models: names that `gatecast models` lists. seeds: trainings of each, with the seeds `seed`, `seed` + 1, …
    windows: rolling windows a series, none of which a training saw. ensemble: rules of `gatecast.Ensemble`; each
    combines the networks of one seed. options: the other keywords of `gatecast.Forecaster`, and those of its `fit`;
    a budget is that of each training.

        gc.compare("prices.csv", ["lstm", "gru", "mlp"], horizon=5, target="close").to_frame()

    Raises: DataError and its kinds, OptionError, TrainingError; KeyboardInterrupt where Ctrl-C leaves no training.
    """
    names = _distinct(models)
    rules: list[Rule] = [check_rule(rule) for rule in _distinct(ensemble)]
    _check_names(names, rules)
    wishes: dict[str, Any] = {name: options.pop(name) for name in _WISHES & set(options)} | {"members": members}
    count = whole("seeds", seeds, 1)
    grid = [[Forecaster(horizon, model=name, seed=seed + k, **wishes) for name in names] for k in range(count)]
    reading = data if isinstance(data, Reading) else read(data, check_read_options(options))
    check_lengths(reading.panel, horizon)
    ground = _Ground.of(reading.panel, grid[0][0], whole("windows", windows, 1), rules)
    runs = _run_all(grid, ground, on_progress)
    methods = (*_networks(names, runs), *_ensembles(rules, names, runs, ground), *_naive(ground))
    return Comparison(
        reading, methods, ground.origins, ground.actual(), ground.scale(), ground.levels, len(runs), count * len(names)
    )


def _distinct(given: str | Sequence[str]) -> list[str]:
    return list(dict.fromkeys([given] if isinstance(given, str) else given))


def _check_names(names: Sequence[str], rules: Sequence[Rule]) -> None:
    if not names:
        raise OptionError(
            "name at least one network to compare, such as lstm,gru; gatecast models lists them.",
            "请至少指定一个要比较的网络，例如 lstm,gru；gatecast models 列出全部。",
        )
    if rules and len(names) < 2:
        raise OptionError(
            f"an ensemble combines different networks, and only {names[0]!r} was named; name another, or leave "
            "ensemble out.",
            f"集成需要不同的网络，而只指定了 {names[0]!r}；请再指定一个，或去掉 ensemble。",
        )


class _Ground(NamedTuple):
    """What is the same for all methods. fold: within the past, for ensembles that learn weights; else None."""

    panel: Panel
    past: Panel
    origins: Origins
    horizon: int
    levels: tuple[float, ...]
    seasons: tuple[int, ...]
    fold: Fold | None

    @classmethod
    def of(cls, panel: Panel, forecaster: Forecaster, windows: int, rules: Sequence[Rule]) -> _Ground:
        horizon, levels = forecaster.wishes.horizon, forecaster.wishes.levels
        origins = rolling_origins(panel, horizon, windows)
        past = past_of(panel, origins)
        fold = Fold.of(past, horizon) if any(rule in LEARNT for rule in rules) else None
        return cls(panel, past, origins, horizon, levels, find_seasons(past, forecaster.season), fold)

    def actual(self) -> np.ndarray:
        """(windows, horizon)"""
        return self.panel.y[self.origins.following(self.panel, self.horizon)]

    def scale(self) -> np.ndarray:
        """(windows,) of the MASE."""
        return naive_scale(self.panel, self.origins, self.seasons[0] if self.seasons else 1)


class _Run(NamedTuple):
    """One network, trained with one seed. held_out: what its twin says of the fold, after so many more seconds."""

    prediction: Prediction
    seconds: float
    parameters: int
    history: History
    held_out: Prediction | None
    more_seconds: float


def _run_all(grid: Sequence[Sequence[Forecaster]], ground: _Ground, on_progress: Tell | None) -> list[dict[str, _Run]]:
    """Seed after seed, network → run. What Ctrl-C broke off does not count; what was finished before it does."""
    tell = iter(tellers(on_progress, len(grid) * len(grid[0]) * (1 if ground.fold is None else 2)))
    runs: list[dict[str, _Run]] = []
    for row in grid:
        found: dict[str, _Run] = {}
        runs.append(found)
        for forecaster in row:
            run = _run(forecaster, ground, tell)
            if run is None and not runs[0]:
                raise KeyboardInterrupt
            if run is None:
                return [run for run in runs if run]
            found[forecaster.name] = run
    return runs


def _run(forecaster: Forecaster, ground: _Ground, tell: Iterator[Tell | None]) -> _Run | None:
    """Train a twin on the past; None after Ctrl-C."""
    trained, seconds = _trained(forecaster, ground.past, tell)
    held_out, more_seconds = None, 0.0
    if ground.fold is not None and trained is not None:
        on_fold, more_seconds = _trained(forecaster, ground.fold.past, tell)
        held_out = None if on_fold is None else on_fold.predict_at(ground.fold.panel, ground.fold.origins)
    if trained is None or (ground.fold is not None and held_out is None):
        return None
    parameters = sum(one.numel() for network in trained.fitted.networks for one in network.parameters())
    prediction = trained.predict_at(ground.panel, ground.origins)
    return _Run(prediction, seconds, parameters, trained.history, held_out, more_seconds)


def _trained(forecaster: Forecaster, past: Panel, tell: Iterator[Tell | None]) -> tuple[Forecaster | None, float]:
    started = time.perf_counter()
    twin = forecaster.twin().fit(past, on_progress=next(tell))
    return (None if twin.history.stopped == "interrupted" else twin), time.perf_counter() - started


def _networks(names: Sequence[str], runs: Sequence[Mapping[str, _Run]]) -> Iterator[Method]:
    for name in names:
        ran = [run[name] for run in runs if name in run]
        if ran:
            predictions = tuple(one.prediction for one in ran)
            histories = tuple(one.history for one in ran)
            seconds = float(np.mean([one.seconds for one in ran]))
            yield Method(name, "network", predictions, seconds, ran[0].parameters, histories)


def _ensembles(
    rules: Sequence[Rule], names: Sequence[str], runs: Sequence[Mapping[str, _Run]], ground: _Ground
) -> Iterator[Method]:
    """Of each rule one, from the networks of each seed with which all were trained."""
    ready = [[run[name] for name in names] for run in runs if len(run) == len(names)]
    for rule in rules if ready else ():
        predictions = tuple(_combined(rule, row, ground) for row in ready)
        learnt = rule in LEARNT
        seconds = np.mean([sum(one.seconds + learnt * one.more_seconds for one in row) for row in ready])
        yield Method(
            ensemble_name(rule), "ensemble", predictions, float(seconds), sum(one.parameters for one in ready[0])
        )


def _combined(rule: Rule, row: Sequence[_Run], ground: _Ground) -> Prediction:
    held_out = [one.held_out for one in row if one.held_out is not None]
    combination = Combination(rule)
    if ground.fold is not None and rule in LEARNT:
        combination = Combination.learn(rule, held_out, ground.fold, ground.levels)
    return combination.of([one.prediction for one in row], ground.panel, ground.origins)


def _naive(ground: _Ground) -> Iterator[Method]:
    for one in baselines(ground.horizon, ground.levels, ground.seasons):
        yield Method(one.name, "naive", (one.fit(ground.past).predict_at(ground.panel, ground.origins),))
