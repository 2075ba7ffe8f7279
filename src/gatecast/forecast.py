"""`Forecast`, what every method gives, and `Predictor`, what every method is. Knows nothing of who made it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

import numpy as np

from gatecast.errors import OptionError
from gatecast.panel import Layout, Panel, Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Origins(NamedTuple):
    """Places to forecast from: origin `k` lies in series `series[k]` and has seen its first `ends[k]` rows.

    Both (origins,) int64. The first value to be forecast is row `ends[k]` of that series, counted from 0.
    """

    series: np.ndarray
    ends: np.ndarray

    @classmethod
    def last(cls, panel: Panel) -> Origins:
        """The end of every series: where the real forecast starts."""
        return cls(np.arange(len(panel)), panel.lengths.copy())

    def newest(self, panel: Panel) -> np.ndarray:
        """The panel's row that each place saw last: (origins,)."""
        return panel.offsets[self.series] + self.ends - 1

    def following(self, panel: Panel, steps: int) -> np.ndarray:
        """The panel's rows that follow each place, where the series goes on so far: (origins, steps)."""
        return self.newest(panel)[:, None] + np.arange(1, steps + 1)

    def parts(self, size: int) -> Iterator[Origins]:
        """The same places in the same order, at most `size` at a time."""
        for start in range(0, len(self.series), size):
            yield Origins(*(array[start : start + size] for array in self))


class Prediction(NamedTuple):
    """Forecasts from `n` origins in the unit of the data.

    point: (n, horizon). lower, upper: (n, horizon, levels), the ends of the central intervals, in the order of the
    levels that the method was asked for; lower falls and upper rises with the level, and the point lies between.
    """

    point: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    def moved_to(self, point: np.ndarray) -> Prediction:
        """Another point in its place, (n, horizon); the intervals move along and keep their width."""
        move = (point - self.point)[:, :, None]
        return Prediction(point, self.lower + move, self.upper + move)


class Predictor(Protocol):
    """A forecasting method: naive, network, ensemble or wrapper. `backtest` knows nothing more of it.

    `predict_at` may read the panel's target and past covariates up to each origin's end and nothing after it.
    """

    @property
    def name(self) -> str: ...

    def fit(self, panel: Panel) -> Self:
        """Learn from all rows of the panel."""
        ...

    def predict_at(self, panel: Panel, origins: Origins) -> Prediction:
        """Forecast from many origins at once."""
        ...


@dataclass(frozen=True)
class Forecast:
    """The next `horizon` values of every series, in the unit that came in.

    ids: (series,). time, point: (series, horizon). levels: central intervals in percent, as (80, 95).
    lower, upper: (series, horizon, levels). parts: (series,) which column each is, where several were forecast.
    samples: (series, paths, horizon) joint sample paths, where they were asked for.
    """

    ids: tuple[str, ...]
    time: np.ndarray
    point: np.ndarray
    levels: tuple[float, ...]
    lower: np.ndarray
    upper: np.ndarray
    target: str
    layout: Layout
    parts: tuple[Part, ...] = ()
    samples: np.ndarray | None = None

    @classmethod
    def from_prediction(cls, panel: Panel, prediction: Prediction, levels: Sequence[float]) -> Forecast:
        """A prediction from the end of every series of the panel, with its dates."""
        horizon = prediction.point.shape[1]
        time = panel.frequency.after(panel.last_time(), horizon)
        point, lower, upper = prediction
        return cls(panel.ids, time, point, tuple(levels), lower, upper, panel.target, panel.layout, panel.parts)

    def __len__(self) -> int:
        """Number of series."""
        return len(self.ids)

    @property
    def horizon(self) -> int:
        return self.point.shape[1]

    def columns(self) -> dict[str, np.ndarray]:
        """The table, a flat array a column: the input's own id and time columns, `forecast`, `lo-80`, `hi-80`, …

        Where several columns were forecast, `target` stands first and names the one that a row is of.
        """
        table = {name: np.repeat(names, self.horizon) for name, names in series_names(self).items()}
        table[self.layout.time or "step"] = self.time.ravel()
        table["forecast"] = self.point.ravel()
        for k, level in enumerate(self.levels):
            table[f"lo-{level:g}"] = self.lower[:, :, k].ravel()
            table[f"hi-{level:g}"] = self.upper[:, :, k].ravel()
        return table

    def to_frame(self) -> Any:
        """A frame of the kind that came in: polars for paths and arrays."""
        return as_frame(self.columns(), self.layout)

    def sample_columns(self) -> dict[str, np.ndarray]:
        """The sample paths as a table: the input's own id, `sample` (1 …), its time column, and `forecast`.

        Raises: OptionError if none were asked for.
        """
        if self.samples is None:
            raise OptionError(
                "this forecast has no sample paths; ask for them: model.predict(samples=100).",
                "此预测没有样本路径；请用 model.predict(samples=100) 生成。",
            )
        series, count, horizon = self.samples.shape
        table = {name: np.repeat(names, count * horizon) for name, names in series_names(self).items()}
        table["sample"] = np.tile(np.repeat(np.arange(1, count + 1), horizon), series)
        table[self.layout.time or "step"] = np.repeat(self.time, count, axis=0).ravel()
        table["forecast"] = self.samples.ravel()
        return table

    def samples_frame(self) -> Any:
        """The sample paths as a frame of the kind that came in. Raises: OptionError if none were asked for."""
        return as_frame(self.sample_columns(), self.layout)


class Told(Protocol):
    """What is said of every series: a panel, a forecast of numbers or of classes."""

    @property
    def ids(self) -> tuple[str, ...]: ...

    @property
    def layout(self) -> Layout: ...

    @property
    def parts(self) -> tuple[Part, ...]: ...


def as_frame(columns: dict[str, np.ndarray], layout: Layout) -> Any:
    """Columns as a frame of the layout's kind, the times in the user's time zone."""
    import narwhals as nw

    backend: Any = layout.backend  # narwhals' type lists the names one by one
    frame = nw.from_dict(columns, backend=backend)
    time = layout.time or "step"
    if layout.time_zone and time in columns:
        column, zone = nw.col(time).dt.replace_time_zone("UTC"), layout.time_zone
        if layout.backend == "polars" and zone[0] in "+-" and not zone.endswith(":00"):
            zone = "UTC"  # polars has no name for offsets such as +05:30; the instants are the same
        frame = frame.with_columns(column.dt.convert_time_zone(zone))
    return frame.to_native()


def series_names(told: Told) -> dict[str, np.ndarray]:
    """What tells the series apart in a table, (series,) a column: `target` where there are several, the user's id."""
    table: dict[str, np.ndarray] = {}
    own = tuple(part.id for part in told.parts) or told.ids
    if told.parts:
        name = "target" if "target" not in (told.layout.id, told.layout.time) else "column"
        table[name] = np.array([part.target for part in told.parts], dtype=object)
    if told.layout.id is not None:
        table[told.layout.id] = (
            np.array([int(one) for one in own]) if told.layout.id_is_integer else np.array(own, dtype=object)
        )
    return table


def check_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """Central intervals in percent, rising, each once. Raises: OptionError for what is no percentage."""
    given = tuple(levels) if isinstance(levels, Iterable) else (levels,)
    if not given or not all(isinstance(level, Real) and level > 0 and 0.5 + level / 200 < 1 for level in given):
        raise OptionError(
            f"levels must be percentages between 0 and 100, such as 80,95; got {levels!r}.",
            f"levels 应为 0 到 100 之间的百分数，例如 80,95；实际为 {levels!r}。",
        )
    return tuple(sorted({int(level) if float(level).is_integer() else float(level) for level in given}))
