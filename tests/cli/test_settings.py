"""Options from a TOML file and the command line: one check, one kind of message, and a file that repeats a run."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecast.cli.settings import DataSettings, Settings, resolve, write_toml
from gatecast.errors import OptionError, ReadError


def _file(folder: Path, text: str) -> str:
    path = folder / "run.toml"
    path.write_text(text)
    return str(path)


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    file = _file(tmp_path, "[forecast]\nhorizon = 5\nlevels = [50]\n[data]\ndayfirst = true\n")
    found = resolve({"config": file, "horizon": "7", "monthfirst": True, "dayfirst": False})
    assert (found.forecast.horizon, found.forecast.levels) == (7, (50.0,))
    assert found.data.read_options().day_first is False


def test_lists_are_written_with_commas() -> None:
    found = resolve({"levels": "80, 97.5", "season": "24,168", "past": "open, high", "horizon": "3"})
    assert found.forecaster_options()["levels"] == (80, 97.5)
    assert found.forecaster_options()["season"] == (24, 168)
    assert found.data.past == ("open", "high")
    assert resolve({"season": "none", "horizon": "3"}).forecaster_options()["season"] is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[forecast]\nhorizont = 5", r"\[forecast\]: unknown key 'horizont' \(did you mean 'horizon'\?\)"),
        ("[forcast]\nhorizon = 5", r"unknown section \[forcast\] \(did you mean 'forecast'\?\)"),
        ("horizon = 5", r"'horizon' belongs under \[forecast\]"),
        ("[data]\nhorizon = 5", r"'horizon' belongs under \[forecast\]"),
        ("data = 1", r"must be a section"),
        ("[forecast]\nhorizon = 2.5", r"\[forecast\] horizon must be a whole number, got 2.5"),
        ("[forecast]\nhorizon = true", r"horizon must be a whole number, got True"),
        ("[training]\nbudget = inf", r"budget must be a number of seconds"),
        ("[data]\ntarget = 5", r"\[data\] target must be one name, or several, got 5"),
        ("[data]\npast = [1]", r"past must be names of columns"),
        ("[data", "is not valid TOML"),
    ],
)
def test_a_bad_file_is_refused_by_key_and_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(OptionError, match=words) as caught:
        resolve({"config": _file(tmp_path, text)})
    assert "run.toml" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"none\.toml cannot be read"):
        resolve({"config": str(tmp_path / "none.toml")})


def test_a_wrong_value_on_the_command_line_is_told_as_such(tmp_path: Path) -> None:
    file = _file(tmp_path, "[forecast]\nhorizon = 5")
    with pytest.raises(OptionError, match=r"^--horizon must be a whole number, got 'x'"):
        resolve({"config": file, "horizon": "x"})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("toml")


@settings(deadline=None, max_examples=50)
@given(
    target=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    past=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=3),
    horizon=st.integers(1, 10**6),
    levels=st.lists(st.floats(1, 99), min_size=1, max_size=3),
    budget=st.none() | st.floats(0.001, 1e6),
    season=st.sampled_from(["auto", "none"]) | st.lists(st.integers(2, 999), min_size=1, max_size=3).map(tuple),
)
def test_a_written_file_gives_the_same_settings(place: Path, target, past, horizon, levels, budget, season) -> None:
    base = Settings()
    before = Settings(
        data=replace(DataSettings(), target=target, past=tuple(past)),
        forecast=replace(base.forecast, horizon=horizon, levels=tuple(levels), season=season),
        training=replace(base.training, budget=budget),
    )
    text = write_toml(before, ["a heading"])
    tomllib.loads(text)
    path = place / "run.toml"
    path.write_text(text, "utf-8")
    assert resolve({"config": str(path)}) == before
