"""Files and folders are written whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatecast.atomic import replacing_folder, write_file
from gatecast.errors import OutputError


def listing(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    write_file(tmp_path / "a.csv", b"one")
    write_file(tmp_path / "a.csv", b"two")
    assert (tmp_path / "a.csv").read_bytes() == b"two"
    assert listing(tmp_path) == ["a.csv"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_file(tmp_path / "a.csv", b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="disk is full"):
        write_file(tmp_path / "a.csv", b"new")
    assert (tmp_path / "a.csv").read_bytes() == b"old"
    assert listing(tmp_path) == ["a.csv"]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nowhere/a.csv", "does not exist"),
        ("file/a.csv", "not a folder"),
        ("x" * 300, "too long"),
        ("folder", "name a file"),
    ],
)
def test_a_file_that_cannot_be_written_says_why(tmp_path: Path, place: str, words: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match=words):
        write_file(tmp_path / place, b"")
    assert listing(tmp_path) == ["file", "folder"]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_bytes(b"old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    write_file(tmp_path / "link.csv", b"new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_bytes() == b"new"


def test_the_rights_of_a_new_file_follow_the_umask(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    (tmp_path / "plain-folder").mkdir()
    write_file(tmp_path / "ours", b"")
    with replacing_folder(tmp_path / "ours-folder"):
        pass
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert (tmp_path / "ours-folder").stat().st_mode == (tmp_path / "plain-folder").stat().st_mode


def test_a_folder_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    with replacing_folder(tmp_path / "out") as partial:
        (partial / "deep").mkdir()
        (partial / "deep" / "a.csv").write_text("1")
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out" / "deep" / "a.csv").read_text() == "1"
    assert listing(tmp_path) == ["out"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, OSError(errno.ENOSPC, "full")])
def test_a_failure_inside_leaves_nothing(tmp_path: Path, error: BaseException | type[BaseException]) -> None:
    expected = OutputError if isinstance(error, OSError) else error
    with pytest.raises(expected), replacing_folder(tmp_path / "out") as partial:  # type: ignore[arg-type]
        (partial / "a.csv").write_text("1")
        raise error
    assert listing(tmp_path) == []


def test_only_errors_of_the_folder_are_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="out cannot be written"), replacing_folder(tmp_path / "out") as partial:
        (partial / "missing" / "a.csv").write_text("1")
    with pytest.raises(BrokenPipeError), replacing_folder(tmp_path / "out"):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")
    with pytest.raises(FileNotFoundError), replacing_folder(tmp_path / "out"):
        (tmp_path / "elsewhere" / "a.csv").read_text()
    assert listing(tmp_path) == []


def test_folders_may_be_written_one_in_another(tmp_path: Path) -> None:
    with replacing_folder(tmp_path / "out") as outer:
        with replacing_folder(outer / "model") as inner:
            (inner / "model.json").write_text("1")
        (outer / "again").mkdir()
        with replacing_folder(outer / "again", force=True) as inner:
            (inner / "a").touch()
    with replacing_folder(tmp_path / "whole") as outer, replacing_folder(outer, force=True) as inner:
        (inner / "a").touch()
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert found == ["out", "out/again", "out/again/a", "out/model", "out/model/model.json", "whole", "whole/a"]


def test_an_existing_folder_is_refused_before_any_work_is_done(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="--force"), replacing_folder(tmp_path / "out"):
        pytest.fail("the body ran")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file"), replacing_folder(tmp_path / "file", force=True):
        pytest.fail("the body ran")


def test_force_replaces_our_own_folder_as_a_whole(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with replacing_folder(tmp_path / "out", force=True) as partial:
            (partial / "model.json").write_text(text)
            (partial / text).touch()
    assert listing(tmp_path / "out") == ["model.json", "new"]
    assert listing(tmp_path) == ["out"]


def test_force_keeps_the_old_folder_when_the_new_one_fails(tmp_path: Path) -> None:
    with replacing_folder(tmp_path / "out") as partial:
        (partial / "model.json").write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing_folder(tmp_path / "out", force=True):
        raise KeyboardInterrupt
    assert (tmp_path / "out" / "model.json").read_text() == "old"
    assert listing(tmp_path) == ["out"]


def test_force_never_deletes_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(OutputError, match="did not write"), replacing_folder(tmp_path / "thesis", force=True):
        pytest.fail("the body ran")
    assert (tmp_path / "thesis" / "chapter.txt").exists()


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from gatecast.atomic import replacing_folder\n"
        "with replacing_folder(sys.argv[1]) as partial:\n"
        "    (partial / 'a').touch()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "out")], check=False)
    assert len(listing(tmp_path)) == 1
    alive = tmp_path / f".out.{os.getppid()}.partial"
    alive.mkdir()
    with replacing_folder(tmp_path / "out"):
        pass
    assert listing(tmp_path) == [alive.name, "out"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="may not write"), replacing_folder(tmp_path / "out"):
            pytest.fail("the body ran")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_closed_door_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match=r"cannot be written.*another folder"), replacing_folder(tmp_path / "out"):
        pytest.fail("the body ran")
