"""The table of models: closed, light, without duplicates."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest
from torch import nn

from gatecast.errors import OptionError
from gatecast.language import Text
from gatecast.models import build, describe, get, names, register, registry

WORDS = Text("for a test", "测试用")


@dataclass(frozen=True)
class NothingConfig:
    width: int = 1


class Nothing(nn.Module):
    def __init__(self, input_size: int, config: NothingConfig) -> None:
        super().__init__()
        self.output_size = config.width


@pytest.fixture
def _own_table(monkeypatch):
    monkeypatch.setattr(registry, "_table", dict(registry._table))


def test_names_are_listed_without_importing_torch():
    code = "import sys; from gatecast import models; print(*models.names()); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    listed, torch_loaded = done.stdout.splitlines()
    assert {"gru", "lstm", "rnn", "cnn-lstm", "lstm+cnn"} <= set(listed.split())
    assert "network" not in listed and "registry" not in listed
    assert torch_loaded == "False"


def test_every_model_is_described_in_both_languages():
    models = describe()
    assert tuple(model.name for model in models) == names() == tuple(sorted(names()))
    for model in models:
        assert model.description.english and model.description.chinese
        assert model.description.english != model.description.chinese
        assert "\n" not in model.description.english + model.description.chinese


@pytest.mark.parametrize(
    ("name", "hint"),
    [("lstn", "did you mean 'lstm'"), ("LSTM", "did you mean 'lstm'"), ("os", ""), ("gatecast.models.lstm", "")],
)
def test_an_unknown_name_lists_the_known_and_the_nearest(name, hint):
    with pytest.raises(OptionError) as caught:
        get(name)
    assert ", ".join(names()) in caught.value.text.english
    assert hint in caught.value.text.english


@pytest.mark.parametrize("name", ["registry", "network", "os", "json.tool", "..lstm", "lstm.LSTMBackbone", ""])
def test_trap_07_a_name_is_never_an_import_path(name, monkeypatch):
    imported = []
    monkeypatch.setattr(registry, "import_module", lambda path: imported.append(path) or sys.modules[path])
    with pytest.raises(OptionError):
        get(name)
    assert set(imported) <= {"gatecast.models"}


@pytest.mark.usefixtures("_own_table")
def test_a_model_is_registered_by_being_defined():
    decorate = register("nothing", config=NothingConfig, causal=True, streams=False, description=WORDS)
    assert decorate(Nothing) is Nothing
    assert "nothing" in names()
    model = get("nothing")
    assert (model.backbone, model.config, model.causal, model.streams) == (Nothing, NothingConfig, True, False)
    assert build("nothing", 3, {"width": 5}).output_size == 5
    with pytest.raises(OptionError) as caught:  # and not twice
        decorate(Nothing)
    assert f"exists already, in {__name__}" in caught.value.text.english


@pytest.mark.usefixtures("_own_table")
@pytest.mark.parametrize("imported", [True, False])
def test_duplicates_are_refused(imported):
    if not imported:  # the name of a file is taken before anybody imported it
        registry._table.pop("lstm", None)
    else:
        get("lstm")
    with pytest.raises(OptionError) as caught:
        register("lstm", config=NothingConfig, causal=True, streams=True, description=WORDS)(Nothing)
    assert "gatecast.models.lstm" in caught.value.text.english


def test_an_unknown_option_lists_the_known_and_the_nearest():
    with pytest.raises(OptionError) as caught:
        build("lstm", 3, {"hiden": 5})
    assert "'hiden' (did you mean 'hidden'?)" in caught.value.text.english
    assert "hidden, layers, dropout, bias, projection" in caught.value.text.english


@pytest.mark.parametrize(
    ("name", "options", "part"),
    [
        ("lstm", {"hidden": 0}, "hidden must be"),
        ("lstm", {"hidden": "64"}, "hidden must be"),
        ("gru", {"hidden": [8, -1]}, "hidden[1] must be"),
        ("rnn", {"hidden": [8, 4], "layers": 3}, "leave layers out"),
        ("gru", {"layers": 0}, "layers must be"),
        ("rnn", {"dropout": 2}, "dropout must be"),
        ("gru", {"bias": "yes"}, "bias must be"),
        ("rnn", {"bias": 1}, "bias must be"),
        ("lstm", {"bias": None}, "bias must be"),
        ("gru", {"dropout": "0.1"}, "dropout must be"),
        ("lstm", {"dropout": -0.1}, "dropout must be"),
        ("lstm", {"hidden": 8, "projection": 8}, "projection must be smaller"),
        ("rnn", {"nonlinearity": "sine"}, "nonlinearity must be"),
        ("mlp", {"nonlinearity": "sine"}, "nonlinearity must be"),
        ("mlp", {"reach": 0}, "reach must be"),
        ("mlp", {"hidden": []}, "hidden must be"),
        ("cnn-lstm", {"filters": 0}, "filters must be"),
        ("cnn-lstm", {"width": 1.5}, "width must be"),
        ("lstm+cnn", {"filters": None}, "filters must be"),
        ("lstm+cnn", {"width": 0}, "width must be"),
        ("attention-lstm", {"dropout": 2}, "dropout must be"),
        ("bilstm", {"bias": "no"}, "bias must be"),
    ],
)
def test_values_are_refused_under_the_name_that_the_user_wrote(name, options, part):
    with pytest.raises(OptionError) as caught:
        get(name).configure(options)
    assert part in caught.value.text.english


def test_lists_from_json_and_toml_become_tuples():
    config = get("lstm").configure({"hidden": [8, 4]})
    assert config.hidden == (8, 4)
    assert hash(config) == hash(get("lstm").config(hidden=(8, 4)))
