"""A saved model made of several: its members come back with it, and none can be exchanged."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from test_artifact import content, is_same, refusal, rewrite, saved

from gatecast.artifact import Artifact, load, save


def several(folder: Path) -> Path:
    members = [Artifact({"k": k}, {"w": torch.full((2,), float(k))}) for k in range(2)]
    save(folder / "several", {"rule": "mean"}, {}, members)
    return folder / "several"


def test_members_are_saved_whole_and_each_is_an_artifact_of_its_own(tmp_path: Path) -> None:
    folder = several(tmp_path)
    loaded = load(folder)
    assert loaded.description == {"rule": "mean"} and [one.description["k"] for one in loaded.members] == [0, 1]
    for number, member in enumerate(loaded.members):
        assert is_same(load(folder / f"member-{number}"), member)
        save(tmp_path / str(number), member.description, member.tensors)
        assert content(tmp_path / str(number)) == content(folder / f"member-{number}")
    save(tmp_path / "again", loaded.description, loaded.tensors, loaded.members)
    assert content(tmp_path / "again") == content(folder)
    with pytest.raises(TypeError, match="members"):
        save(tmp_path / "deep", {}, {}, [loaded])
    assert not (tmp_path / "deep").exists()


def test_trap_07_another_member_is_noticed(tmp_path: Path) -> None:
    folder = several(tmp_path)
    save(folder / "member-1", {"k": 1}, {"w": torch.zeros(2)}, force=True)  # signed, and not the one that was saved
    said = refusal(folder)
    assert "member-1" in said and "checksum differs" in said


def test_trap_07_members_that_change_places_or_are_missing_are_noticed(tmp_path: Path) -> None:
    folder = several(tmp_path)
    (folder / "member-0").rename(folder / "other")
    said = refusal(folder)
    assert "member-0" in said and "cannot be read" in said
    (folder / "member-1").rename(folder / "member-0")
    (folder / "other").rename(folder / "member-1")
    said = refusal(folder)
    assert "member-0" in said and "checksum differs" in said


def test_trap_07_a_member_is_no_link_and_has_no_members(tmp_path: Path) -> None:
    folder = several(tmp_path)
    (folder / "member-0").rename(tmp_path / "outside")
    (folder / "member-0").symlink_to(tmp_path / "outside", target_is_directory=True)
    assert "not a plain folder" in refusal(folder)
    (folder / "member-0").unlink()
    (tmp_path / "outside").rename(folder / "member-0")
    load(folder)
    rewrite(folder / "member-0", lambda document: document["files"].update({"member-0": {"sha256": ""}}))
    assert "a member has members" in refusal(folder)


@pytest.mark.parametrize("name", ["../several", "member-7", "/etc/passwd", "weights"])
def test_trap_07_a_name_in_the_document_opens_nothing(tmp_path: Path, name: str) -> None:
    folder = saved(tmp_path)
    rewrite(folder, lambda document: document["files"].update({name: {"sha256": ""}}))
    said = refusal(folder)
    assert "member-0" in said and "cannot be read" in said
    folder = several(tmp_path)
    rewrite(folder, lambda document: document["files"].update({name: document["files"].pop("member-1")}))
    said = refusal(folder)
    assert "member-1" in said and "checksum differs" in said
