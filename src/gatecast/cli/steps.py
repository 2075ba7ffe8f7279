"""The parts of the main job as commands of their own: describe, fit, predict, backtest; and models, demo."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatecast.atomic import replacing_folder, write_file
from gatecast.cli import documents, screen
from gatecast.cli.console import dump
from gatecast.cli.job import forecast_job, judge, new_forecaster, read_table, train
from gatecast.cli.settings import resolve, whole_number
from gatecast.cli.tables import as_csv, forecast_columns, sample_columns
from gatecast.cli.watching import Watching
from gatecast.errors import GatecastError, OptionError, OutputError
from gatecast.language import Text

if TYPE_CHECKING:
    from gatecast.cli.settings import Settings
    from gatecast.forecast import Forecast

_DEMO_STEPS = "200"  # enough for prices, where more training finds no more; a demo shall not keep anyone waiting
_CHECKPOINT = "checkpoint"  # the one file in DIR.partial


def describe_step(data: str, settings: Settings, *, as_json: bool) -> None:
    """All about a table; nothing is trained."""
    from gatecast.features.season import find_seasons

    reading = read_table(data, settings)
    season = None if settings.forecast.season == "none" else settings.forecast.season
    seasons = find_seasons(reading.panel, season)
    if as_json:
        dump(documents.of_diagnosis(reading, seasons))
    else:
        screen.show_diagnosis(reading, seasons)


def fit_step(
    data: str, settings: Settings, out: str | None, *, force: bool, resume: bool, watch: bool, as_json: bool
) -> None:
    """Train, and keep the model in the folder `out`. A killed run leaves `out.partial`, from which `resume` goes on.

    Raises: GatecastError of every kind; then nothing new is left behind.
    """
    if out is None:
        raise OptionError("say where to keep the model: --out DIR.", "请说明模型保存位置：--out DIR。")
    folder = Path(out)
    if resume and (folder / "model.json").is_file():
        _tell_complete(folder, as_json)
        return
    model = new_forecaster(settings)
    with replacing_folder(folder, force) as staged:
        reading = read_table(data, settings)
        if not as_json:
            screen.show_reading(reading)
        with _checkpoint(folder, resume, as_json) as checkpoint:
            watching = Watching() if watch else None
            train(model, reading, settings, watching, checkpoint=checkpoint, resume=resume)
            model.save(staged, force=True)
            watched = [] if watching is None else watching.keep(staged, model.reading.panel)
    files = {"model": out} | {name: str(folder / name) for name in watched}
    if as_json:
        training = documents.of_training(model)
        dump({"data": documents.of_reading(model.reading), "training": training, "files": files})
        return
    screen.show_training(model.history)
    for sentence in model.describe():
        screen.tell(sentence)
    screen.show_files(files)


@contextmanager
def _checkpoint(folder: Path, resume: bool, as_json: bool) -> Iterator[Path]:
    """The file of the checkpoint, in `folder.partial`; what a killed run left there stays only for `resume`.

    Ctrl-C and a kill leave it, success and the errors that a resumed run would meet again do not.
    """
    partial = folder.with_name(f"{folder.name}.partial")
    if not resume and partial.is_dir():
        if not as_json:
            screen.tell(
                Text(
                    f"{partial} of an earlier run is dropped; --resume would have gone on from it.",
                    f"已丢弃先前运行留下的 {partial}；用 --resume 可从中断处继续。",
                )
            )
        shutil.rmtree(partial)
    partial.mkdir(exist_ok=True)
    try:
        yield partial / _CHECKPOINT
    except (GatecastError, OSError):
        if not resume:
            shutil.rmtree(partial, ignore_errors=True)
        raise
    shutil.rmtree(partial, ignore_errors=True)


def _tell_complete(folder: Path, as_json: bool) -> None:
    if as_json:
        dump({"files": {"model": str(folder)}})
    else:
        screen.tell(Text(f"{folder} is complete; there is nothing to resume.", f"{folder} 已完成，无需继续。"))


def predict_step(
    saved: str,
    newdata: str | None,
    out: str | None,
    *,
    join: Sequence[str] | None,
    samples: str | None,
    device: str,
    force: bool,
    as_json: bool,
) -> None:
    """Forecast with a kept model, from the end of its training data or of `newdata`; write `out` if given.

    join: the tables that are joined to `newdata`, as they were in training. samples: so many joint paths, as text; they
    go into a file beside `out`.
    """
    from gatecast.loading import load

    files = {} if out is None else {"forecast.csv": out}
    count = None if samples is None else whole_number("samples", samples, least=1)
    if count is not None:
        if out is None:
            raise OptionError("say where to write the paths: --out FILE.csv.", "请说明样本路径的去处：--out FILE.csv。")
        files["samples.csv"] = str(Path(out).with_name(f"{Path(out).stem}-samples.csv"))
    for file in files.values():
        refuse_existing(Path(file), force)
    forecast = _forecast_of(load(saved, device=device), newdata, join, count)
    if out is not None:
        write_file(out, as_csv(forecast_columns(forecast)))
    if count is not None:
        write_file(files["samples.csv"], as_csv(sample_columns(forecast)))
    if as_json:
        dump({"forecast": documents.of_forecast(forecast), "files": files})
        return
    screen.show_forecast(forecast)
    if files:
        screen.show_files(files)


def _forecast_of(model: Any, newdata: str | None, join: Sequence[str] | None, samples: int | None) -> Forecast:
    """What a kept model of any kind forecasts. Raises: OptionError for one of classes, or that draws no paths."""
    from gatecast.forecaster import Forecaster

    if isinstance(model, Forecaster):
        return model.predict(newdata, join=join, samples=samples)
    from gatecast.classifier import Classifier

    if isinstance(model, Classifier):
        raise OptionError(
            "the folder holds a Classifier, which tells classes and no numbers; in Python: "
            "gatecast.load(folder).predict(history).",
            "该文件夹中是 Classifier，它给出类别而不是数值；请用 Python：gatecast.load(文件夹).predict(history)。",
        )
    if samples is not None:
        kind = type(model).__name__
        raise OptionError(
            f"--samples: only a Forecaster draws paths, and the folder holds another model ({kind}). Leave it out.",
            f"--samples：只有 Forecaster 能抽取样本路径，而该文件夹中是 {kind}。请去掉 --samples。",
        )
    return model.predict(history=newdata, join=join)


def refuse_existing(file: Path, force: bool) -> None:
    """Raises: OutputError for a file that is there already, unless it may be replaced."""
    if file.exists() and not force:
        raise OutputError(
            f"{file} exists already; add --force to replace it, or choose another name with --out.",
            f"{file} 已存在；加 --force 覆盖，或用 --out 换一个名称。",
        )


def backtest_step(data: str, settings: Settings, *, as_json: bool) -> None:
    """Judge the model on the table; nothing is kept."""
    model = new_forecaster(settings)
    reading = read_table(data, settings)
    if not as_json:
        screen.show_reading(reading)
    scores = judge(model, settings, reading)
    if as_json:
        dump({"data": documents.of_reading(reading), "scores": documents.of_scores(scores)})
    else:
        screen.show_scores(scores)


def models_step(*, as_json: bool) -> None:
    """The models that can be asked for."""
    from gatecast.models import describe

    found = describe()
    if not as_json:
        screen.show_models(found)
        return
    rows = [{"name": m.name, "what": m.description, "causal": m.causal, "streams": m.streams} for m in found]
    dump({"models": rows})


def demo_step(out: Path, *, as_json: bool) -> None:
    """The main job on the bundled stock prices; replaces the folder of an earlier demo."""
    from gatecast import datasets

    flags = {"target": "Adj Close", "id": "Ticker", "time": "Date", "horizon": "5", "steps": _DEMO_STEPS}
    forecast_job(str(datasets.path("stocks")), resolve(flags), out, force=True, as_json=as_json)
