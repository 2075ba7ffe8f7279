"""The main job: read, train, judge, forecast, keep. Everything is written beside its place and renamed at the end."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatecast.atomic import replacing_folder
from gatecast.cli import documents, screen
from gatecast.cli.console import dump
from gatecast.cli.progress import progress_bar
from gatecast.cli.settings import write_toml
from gatecast.cli.tables import as_csv, forecast_columns, scores_columns
from gatecast.cli.watching import Watching
from gatecast.data import read
from gatecast.forecast import Origins
from gatecast.language import Text
from gatecast.version import __version__

if TYPE_CHECKING:
    from gatecast.cli.settings import Settings
    from gatecast.data import Reading
    from gatecast.evaluation import Scores
    from gatecast.forecast import Forecast
    from gatecast.forecaster import Forecaster


def forecast_job(data: str, settings: Settings, out: Path, *, force: bool, as_json: bool, watch: bool = False) -> None:
    """Forecast a table and keep the result in the folder `out`.

    Raises: GatecastError of every kind; then nothing was written.
    """
    from gatecast.forecaster.bounds import check_known_ahead

    model = new_forecaster(_shared(settings))
    with replacing_folder(out, force) as folder:
        reading = read_table(data, settings)
        if not as_json:
            screen.show_reading(reading)
        check_known_ahead(reading.panel, Origins.last(reading.panel), model.wishes.horizon)  # before the long work
        watching = Watching() if watch else None
        train(model, reading, settings, watching)
        scores = judge(model, settings)
        forecast = model.predict()
        recipe = write_results(folder, model, scores, forecast, settings)
        watched = [] if watching is None else watching.keep(folder, model.reading.panel)
    written = ("forecast.csv", "scores.csv", "report.html", "model", "run.toml", *watched)
    files = {name: str(out / name) for name in written}
    if as_json:
        dump(
            {
                "data": documents.of_reading(model.reading),
                "training": documents.of_training(model),
                "scores": documents.of_scores(scores),
                "forecast": documents.of_forecast(forecast),
                "recipe": recipe,
                "files": files,
            }
        )
        return
    screen.show_training(model.history)
    screen.show_scores(scores)
    screen.show_forecast(forecast)
    screen.show_files(files)


def new_forecaster(settings: Settings) -> Forecaster:
    """An unfitted forecaster as the settings want it. Raises: OptionError, DeviceError."""
    from gatecast.forecaster import Forecaster

    return Forecaster(**settings.forecaster_options())


def _shared(settings: Settings) -> Settings:
    """The budget is that of the whole job: half for the forecast's training, half for its twin before the judge."""
    budget = settings.training.budget
    if budget is None:
        return settings
    return replace(settings, training=replace(settings.training, budget=budget / 2))


def read_table(data: str, settings: Settings) -> Reading:
    """Read the table as the settings say. Raises: DataError and its kinds."""
    return read(data, settings.data.read_options())


def train(
    model: Forecaster, reading: Reading, settings: Settings, watching: Watching | None = None, **resuming: Any
) -> None:
    """Fit, with a bar, or with the lines of who looks on. resuming: `checkpoint` and `resume` of `Forecaster.fit`."""
    options = asdict(settings.data.read_options())
    if watching is not None:
        model.fit(reading, **options, on_epoch=watching, **resuming)
        return
    with progress_bar() as bar:
        model.fit(reading, **options, on_progress=bar, **resuming)


def judge(model: Forecaster, settings: Settings, reading: Reading | None = None) -> Scores:
    """Back-test, with a bar. reading: None = the data of the fit."""
    with progress_bar() as bar:
        return model.backtest(settings.forecast.windows, reading, on_progress=bar)


def write_results(
    folder: Path, model: Forecaster, scores: Scores, forecast: Forecast, settings: Settings
) -> dict[str, str]:
    """Fill the folder of a forecast; the options that repeat the run."""
    from gatecast.explain import brief
    from gatecast.report import write_report

    reading = model.reading
    source = reading.panel.layout.source
    repeated = repeatable(settings, model)
    recipe = {
        "command": f"gatecast forecast {source} --config run.toml",
        "gatecast": __version__,
        "data": f"{source}, SHA-256 {reading.panel.fingerprint()}",
        "steps": str(model.history.steps),
    }
    (folder / "forecast.csv").write_bytes(as_csv(forecast_columns(forecast)))
    (folder / "scores.csv").write_bytes(as_csv(scores_columns(scores)))
    (folder / "run.toml").write_text(
        write_toml(repeated, [f"{name}: {value}" for name, value in recipe.items()]), "utf-8"
    )
    model.save(folder / "model")
    write_report(
        folder / "report.html",
        reading=reading,
        scores=scores,
        history=model.history,
        forecast=forecast,
        model_words=model.describe(),
        title=str(Text(f"Forecast of {forecast.target} · {source}", f"{forecast.target} 的预测 · {source}")),
        recipe=recipe,
        inside=brief(model),
    )
    return recipe


def repeatable(settings: Settings, model: Forecaster) -> Settings:
    """The settings that give the same bytes again: what the clock or Ctrl-C ended is told as steps and members."""
    if settings.training.budget is None and model.history.stopped != "interrupted":
        return settings
    steps, members = max(1, model.history.steps), model.plan.members
    return replace(settings, training=replace(settings.training, budget=None, steps=steps, members=members))
