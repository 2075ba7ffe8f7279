"""Several columns forecast at once: a series each, told apart by a column `target`; each informs the others."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import gatecast as gc
from gatecast.cli import run
from gatecast.data import ReadOptions, read
from gatecast.errors import ArtifactError, ColumnError, DataError, OptionError

STEPS = {"steps": 2, "members": 1, "device": "cpu"}


def table(rows: int = 60, ids: tuple[str, ...] = ()) -> pl.DataFrame:
    """Opening and closing prices, of one share or of several."""
    walk = 100 + np.random.default_rng(0).normal(size=rows).cumsum()
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 1) + pl.duration(days=rows - 1), eager=True)
    one = pl.DataFrame({"day": days, "open": walk, "close": walk + 1, "volume": walk * 3})
    return one if not ids else pl.concat([one.with_columns(store=pl.lit(name)) for name in ids])


def leader_and_follower(rows: int = 600) -> pl.DataFrame:
    """`follows` is what `leads` was two steps before: only who sees both can forecast it."""
    noise = np.random.default_rng(1).normal(size=rows)
    return pl.DataFrame({"t": np.arange(rows), "leads": noise, "follows": np.roll(noise, 2)})


@pytest.mark.parametrize("target", ["open,close", "open, close", ("open", "close"), ["open", "close"]])
def test_every_target_becomes_a_series(target: str | tuple[str, ...] | list[str]) -> None:
    model = gc.Forecaster(horizon=3, **STEPS).fit(table(), target=target)
    frame = model.predict().to_frame()
    assert frame.columns == ["target", "day", "forecast", "lo-80", "hi-80", "lo-95", "hi-95"]
    assert frame["target"].to_list() == ["open"] * 3 + ["close"] * 3
    assert model.reading.options.target == ("open", "close")


def test_the_ids_of_the_user_stay_as_they_were() -> None:
    ids = pl.concat([table().with_columns(store=pl.lit(number)) for number in (7, 8)])
    frame = gc.Forecaster(horizon=2, **STEPS).fit(ids, target=("open", "close")).predict().to_frame()
    assert frame.columns[:3] == ["target", "store", "day"]
    assert frame["store"].to_list() == [7, 7, 8, 8] * 2
    assert frame["target"].to_list() == ["open"] * 4 + ["close"] * 4


def test_the_panel_holds_each_column_and_all_of_them_beside_it() -> None:
    panel = read(table(ids=("A", "B")), ReadOptions(target=("open", "close"), past=("volume",))).panel
    assert panel.ids == ("A · open", "B · open", "A · close", "B · close")
    assert panel.columns == ("open, close", "volume", "open", "close")
    np.testing.assert_array_equal(panel.series(3), table()["close"].to_numpy())
    np.testing.assert_array_equal(panel.values[:, 2], np.tile(table()["open"].to_numpy(), 4))
    assert panel.take(np.array([2])).parts == (("close", "A"),)


def test_a_series_may_begin_and_end_where_its_own_values_do() -> None:
    holes = table().with_columns(
        close=pl.when(pl.int_range(60) < 5).then(None).when(pl.int_range(60) > 57).then(None).otherwise(pl.col("close"))
    )
    panel = read(holes, ReadOptions(target=("open", "close"))).panel
    assert panel.lengths.tolist() == [60, 53]
    assert np.isfinite(panel.values).all()


def test_what_is_said_of_every_target_is_said_once() -> None:
    notes = read(table()[::-1], ReadOptions(target=("open", "close"))).notes
    assert [note.kind for note in notes].count("sorted") == 1


def test_a_single_target_in_a_tuple_is_that_target() -> None:
    one, tuple_of_one = (read(table(), ReadOptions(target=target)) for target in ("close", ("close",)))
    assert one.panel.fingerprint() == tuple_of_one.panel.fingerprint()
    assert tuple_of_one.panel.parts == ()
    assert tuple_of_one.options.target == "close"


def test_a_column_whose_name_has_a_comma_is_one_column() -> None:
    panel = read(table().rename({"close": "open, close"}), ReadOptions(target="open, close")).panel
    assert panel.ids == ("0",)
    assert panel.parts == ()


def test_an_unknown_target_offers_the_nearest() -> None:
    with pytest.raises(ColumnError, match=r"'clsoe' is not a column.*'close'"):
        read(table(), ReadOptions(target="open,clsoe"))


def test_a_target_that_stands_twice_is_refused() -> None:
    with pytest.raises(OptionError, match="'open' is named twice"):
        read(table(), ReadOptions(target=("open", "close", "open")))
    with pytest.raises(OptionError, match="'close' is given two roles"):
        read(table(), ReadOptions(target=("open", "close"), past=("close",)))


def test_an_empty_target_is_named() -> None:
    with pytest.raises(DataError, match="'close' is empty"):
        read(table().with_columns(close=pl.lit(None, pl.Float64)), ReadOptions(target=("open", "close")))


def test_a_saved_model_knows_its_targets(tmp_path: Path) -> None:
    data = table(ids=("A", "B"))
    model = gc.Forecaster(horizon=3, **STEPS).fit(data, target=("open", "close"))
    model.save(tmp_path / "model")
    again = gc.load(tmp_path / "model", device="cpu")
    for forecast in (again.predict(), again.predict(data)):
        assert forecast.to_frame().equals(model.predict().to_frame())


def test_a_model_whose_parts_are_not_its_series_is_refused(tmp_path: Path) -> None:
    from gatecast import artifact

    gc.Forecaster(horizon=3, **STEPS).fit(table(), target=("open", "close")).save(tmp_path / "model")
    told, tensors, _ = artifact.load(tmp_path / "model")
    told["panel"]["parts"].pop()
    artifact.save(tmp_path / "model", told, tensors, force=True)
    with pytest.raises(ArtifactError):
        gc.load(tmp_path / "model")


def test_the_targets_inform_each_other() -> None:
    scores = gc.Forecaster(horizon=2, steps=150, members=1, device="cpu").backtest(
        40, leader_and_follower(), target=("leads", "follows")
    )
    follows = scores.origins.series == 1
    error = np.abs(scores.actual - scores.predictions["LSTM"].point).mean(axis=1)
    assert error[follows].mean() < 0.4 * error[~follows].mean()  # the leader itself is noise


def test_the_command_line_forecasts_several_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = tmp_path / "prices.csv", tmp_path / "out"
    table().write_csv(data)
    small = ("--horizon", "3", "--steps", "2", "--members", "1", "--device", "cpu", "--json")
    assert run(["forecast", str(data), "--target", "open,close", *small, "--out", str(out)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["data"]["targets"] == ["open", "close"]
    assert {row["target"] for row in document["forecast"]} == {"open", "close"}
    with (out / "forecast.csv").open() as file:
        assert [row["target"] for row in csv.DictReader(file)] == ["open"] * 3 + ["close"] * 3
    assert 'target = "open,close"' in (out / "run.toml").read_text()
    again = ["forecast", str(data), "--config", str(out / "run.toml"), "--out", str(tmp_path / "again"), "--json"]
    assert run(again) == 0
    assert (tmp_path / "again" / "forecast.csv").read_bytes() == (out / "forecast.csv").read_bytes()


def test_a_toml_file_takes_a_list_of_targets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, config = tmp_path / "prices.csv", tmp_path / "run.toml"
    table().write_csv(data)
    config.write_text('[data]\ntarget = ["open", "close"]\n')
    assert run(["describe", str(data), "--config", str(config), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lengths"] == {"open": 60, "close": 60}
    config.write_text("[data]\ntarget = 5\n")
    assert run(["describe", str(data), "--config", str(config), "--json"]) == 2
    assert "one name, or several" in capsys.readouterr().out
