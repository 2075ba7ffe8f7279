"""A saved model comes back as it was, or is refused. Nothing else can happen."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatecast import artifact
from gatecast.artifact import Artifact, load, save
from gatecast.errors import ArtifactError, OutputError

DESCRIPTION = {
    "config": {"model": "lstm", "hidden": 64, "rate": 0.1 + 0.2, "levels": [80, 95]},
    "season": [24, 168],
    "ids": ["000001", "停牌"],
    "correction": None,
    "causal": True,
}
TENSORS = {
    "head.weight": torch.linspace(-1, 1, 12).reshape(3, 4),
    "cell.bias": torch.arange(5, dtype=torch.float64) / 3,
    "steps": torch.tensor(7),
    "empty": torch.zeros(0, 3),
    "half": torch.tensor([1.5], dtype=torch.bfloat16),
}


def saved(folder: Path) -> Path:
    save(folder / "m.gatecast", DESCRIPTION, TENSORS)
    return folder / "m.gatecast"


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def is_same(left: Artifact, right: Artifact) -> bool:
    return (
        left.description == right.description
        and left.tensors.keys() == right.tensors.keys()
        and all(a.dtype == right.tensors[n].dtype and torch.equal(a, right.tensors[n]) for n, a in left.tensors.items())
    )


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the document and sign it again, as somebody hostile would."""
    document = json.loads((folder / "model.json").read_text())
    document.pop("sha256")
    change(document)
    document["sha256"] = artifact._digest(document)
    (folder / "model.json").write_text(json.dumps(document))


def put_weights(folder: Path, weights: bytes) -> None:
    """Replace the weights and sign them again."""
    (folder / "weights.safetensors").write_bytes(weights)
    facts = {"bytes": len(weights), "sha256": hashlib.sha256(weights).hexdigest()}
    rewrite(folder, lambda document: document.update(files={"weights.safetensors": facts}))


def refusal(folder: Path) -> str:
    """What loading says in English, refusing with an ArtifactError; Chinese stands beside it, nothing is touched."""
    before = content(folder.parent)
    with pytest.raises(ArtifactError) as caught:
        load(folder)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.text.chinese)
    assert content(folder.parent) == before
    return caught.value.text.english


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    assert is_same(load(saved(tmp_path)), Artifact(DESCRIPTION, TENSORS))


def test_trap_05_the_artifact_stores_no_device(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    assert {tensor.device.type for tensor in load(folder).tensors.values()} == {"cpu"}
    written = b"".join(content(folder).values())
    assert b"cuda" not in written
    assert b"device" not in written


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    save(tmp_path / "a", DESCRIPTION, TENSORS)
    save(tmp_path / "b", dict(reversed(DESCRIPTION.items())), dict(reversed(TENSORS.items())))
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert str(tmp_path).encode() not in b"".join(content(tmp_path).values())


def test_tied_and_strided_weights_and_parameters_are_saved(tmp_path: Path) -> None:
    whole = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    save(tmp_path / "m", {}, {"whole": whole, "tied": whole, "turned": whole.T})
    tensors = load(tmp_path / "m").tensors
    assert torch.equal(tensors["tied"], whole)
    assert torch.equal(tensors["turned"], whole.T)


def test_a_model_without_weights_is_saved(tmp_path: Path) -> None:
    save(tmp_path / "m", {"constant": 3.5}, {})
    assert load(tmp_path / "m") == Artifact({"constant": 3.5}, {})


def test_tuples_come_back_as_lists(tmp_path: Path) -> None:
    save(tmp_path / "m", {"season": (24, (1, 2))}, {})
    assert load(tmp_path / "m").description == {"season": [24, [1, 2]]}


def test_an_existing_folder_needs_force(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    with pytest.raises(OutputError, match="force"):
        save(folder, {}, {})
    save(folder, {"new": 1}, {}, force=True)
    assert load(folder).description == {"new": 1}


@pytest.mark.parametrize(
    "value",
    [{1: 2}, (1, float("nan")), float("nan"), float("inf"), {"a": [object()]}, Path("x"), b"x", torch.tensor(1.0)],
)
def test_a_description_that_json_would_change_is_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(TypeError, match="description"):
        save(tmp_path / "m", {"key": value}, {})
    assert not list(tmp_path.iterdir())


def test_weights_that_are_not_finite_are_neither_saved_nor_loaded(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"'w' are not finite"):
        save(tmp_path / "m", {}, {"w": torch.tensor([1.0, float("nan")])})
    folder = saved(tmp_path)
    put_weights(folder, safetensors.torch.save({"w": torch.tensor([float("inf")])}))
    assert "'w' are not finite" in refusal(folder)


def is_same_or_refused(folder: Path) -> bool:
    """A change may be harmless (a space, the 17th digit of a number); then it changed nothing."""
    try:
        loaded = load(folder)
    except ArtifactError:
        return True
    return is_same(loaded, Artifact(DESCRIPTION, TENSORS))


# --- schemas


def test_trap_06_a_schema_of_an_earlier_version_is_lifted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved(tmp_path)

    def rename_season(old: Artifact) -> Artifact:
        description = dict(old.description)
        description["seasons"] = description.pop("season")
        return Artifact(description, old.tensors)

    def rename_bias(old: Artifact) -> Artifact:
        assert "seasons" in old.description  # one after the other
        return Artifact(old.description, {n.replace("bias", "offset"): t for n, t in old.tensors.items()})

    monkeypatch.setattr(artifact, "_MIGRATIONS", (rename_season, rename_bias))
    assert artifact.schema_version() == 3
    lifted = load(folder)
    assert lifted.description["seasons"] == [24, 168]
    assert "cell.offset" in lifted.tensors
    save(folder, lifted.description, lifted.tensors, force=True)
    assert is_same(load(folder), lifted)  # the newest schema is lifted no more


def test_a_newer_schema_says_to_upgrade(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    rewrite(folder, lambda document: document.update(schema_version=2, new_key=1))
    said = refusal(folder)
    assert "upgrade" in said.partition("newer Gatecast")[2]


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "1", None, [1]])
def test_a_schema_version_that_is_none_is_refused(tmp_path: Path, version: object) -> None:
    folder = saved(tmp_path)
    rewrite(folder, lambda document: document.update(schema_version=version))
    assert "schema_version must be" in refusal(folder)


# --- trap 7: hostile and damaged folders


def test_trap_07_a_pickle_is_never_opened(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
            return os.mkdir, (str(tmp_path / "exploded"),)

    (tmp_path / "m.pkl").write_bytes(pickle.dumps(Bomb()))
    assert "never opened" in refusal(tmp_path / "m.pkl")
    torch.save({"a": 1}, tmp_path / "m.pt")
    assert "never opened" in refusal(tmp_path / "m.pt")
    folder = saved(tmp_path)
    (folder / "model.json").write_bytes(pickle.dumps(Bomb()))
    assert "not plain JSON" in refusal(folder)
    (tmp_path / "again").mkdir()
    folder = saved(tmp_path / "again")
    put_weights(folder, pickle.dumps(Bomb()))
    assert "not safetensors" in refusal(folder)
    assert not (tmp_path / "exploded").exists()


def test_trap_07_names_lead_nowhere(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    rewrite(folder, lambda document: document.update(files={"../outside.safetensors": {"bytes": 1, "sha256": ""}}))
    assert "checksum" in refusal(folder)


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_trap_07_links_and_pipes_are_refused(tmp_path: Path, name: str) -> None:
    folder = saved(tmp_path)
    (folder / name).rename(tmp_path / name)
    (folder / name).symlink_to(tmp_path / name)
    assert "not a plain file" in refusal(folder)
    if hasattr(os, "mkfifo"):
        (folder / name).unlink()
        os.mkfifo(folder / name)
        with pytest.raises(ArtifactError, match="not a plain file"):
            load(folder)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not plain JSON"),
        ("[]", "not a JSON object"),
        ('{"schema_version": NaN}', "NaN is no number"),
        ('{"schema_version": -Infinity}', "Infinity is no number"),
        ('{"schema_version": 1e999}', "too large"),
        ('{"schema_version": 1, "schema_version": 1}', "stands twice"),
        ('{"schema_version": ' + "9" * 5000 + "}", "not plain JSON"),
        ("[" * 200_000, "not plain JSON"),
        ("[" * 40 + "]" * 40, "nests deeper"),
        ('{"a":' * 500 + "1" + "}" * 500, "nests deeper"),
        ('{"schema_version": 1, "gatecast": "\\ud800"}', "not plain JSON"),
        ('{"schema_version": 1}', "keys must be"),
        ("\ufeff{}", "not plain JSON"),
    ],
)
def test_trap_07_strange_json_is_refused(tmp_path: Path, text: str, words: str) -> None:
    folder = saved(tmp_path)
    (folder / "model.json").write_text(text, encoding="utf-8")
    assert words in refusal(folder)


@pytest.mark.parametrize("key", ["gatecast", "model", "files", "sha256"])
def test_trap_07_wrong_types_are_refused(tmp_path: Path, key: str) -> None:
    folder = saved(tmp_path)
    document = json.loads((folder / "model.json").read_text())
    document[key] = 3
    (folder / "model.json").write_text(json.dumps(document))
    assert f"'{key}' must be of type" in refusal(folder)


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_trap_07_a_huge_file_is_refused_unread(tmp_path: Path, name: str) -> None:
    folder = saved(tmp_path)
    with (folder / name).open("wb") as file:
        file.truncate(1 << 40)  # sparse: takes no room
    with pytest.raises(ArtifactError, match=r"over \d+ MiB"):
        load(folder)


HEADERS: dict[str, bytes] = {
    "empty": b"",
    "short": b"\x01",
    "header longer than the file": struct.pack("<Q", 1 << 20) + b"{}",
    "header longer than memory": struct.pack("<Q", 2**63) + b"{}",
    "data outside": b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}',
    "unknown dtype": b'{"a":{"dtype":"F4","shape":[0],"data_offsets":[0,0]}}',
    "strange dtype": b'{"a":{"dtype":"F8_E4M3","shape":[0],"data_offsets":[0,0]}}',
    "shape too large": b'{"a":{"dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}}',
    "no JSON": b"{{{{",
}


@pytest.mark.parametrize("kind", HEADERS)
def test_trap_07_strange_weights_are_refused(tmp_path: Path, kind: str) -> None:
    folder = saved(tmp_path)
    header = HEADERS[kind]
    put_weights(folder, struct.pack("<Q", len(header)) + header if header.startswith(b"{") else header)
    said = refusal(folder)
    assert "not safetensors" in said or "strange dtype" in said


def test_what_is_no_artifact_is_told_so(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "nothing")
    assert "does not exist" in refusal(tmp_path / "no\0thing")
    said = refusal(tmp_path / ("x" * 300))
    assert "does not exist" in said or "too long" in said
    (tmp_path / "empty").mkdir()
    assert "has no model.json" in refusal(tmp_path / "empty")
    folder = saved(tmp_path)
    (folder / "weights.safetensors").unlink()
    assert "cannot be read" in refusal(folder)
    (tmp_path / "prices-forecast").mkdir()
    folder.rename(tmp_path / "prices-forecast" / "model")
    assert "its model is in" in refusal(tmp_path / "prices-forecast")


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    save(tmp_path / "other", DESCRIPTION, {"head.weight": torch.zeros(1)})
    (tmp_path / "other" / "weights.safetensors").replace(folder / "weights.safetensors")
    assert "checksum differs" in refusal(folder)


def test_line_ends_of_another_system_do_no_harm(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    path = folder / "model.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert is_same(load(folder), Artifact(DESCRIPTION, TENSORS))


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_trap_07_one_changed_bit_anywhere_is_noticed(tmp_path: Path, name: str) -> None:
    folder = saved(tmp_path)
    whole = (folder / name).read_bytes()
    for position in range(len(whole)):
        (folder / name).write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert is_same_or_refused(folder), position


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), name=st.sampled_from(["model.json", "weights.safetensors"]))
def test_trap_07_any_damage_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, name: str
) -> None:
    folder = saved(tmp_path_factory.mktemp("damage"))
    whole = (folder / name).read_bytes()
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))
    (folder / name).write_bytes(bytes(damaged[:cut]) + data.draw(st.binary(max_size=3)))
    assert is_same_or_refused(folder)
