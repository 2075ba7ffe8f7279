"""Writing that is there whole or not at all. Knows paths and bytes, not what they mean.

Everything is written under a temporary name in the same folder, flushed to the disk, and renamed. What a killed
process left behind under such a name is removed by the next writer of the same path.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gatecast.errors import GatecastError, OutputError
from gatecast.language import Text

# a folder that holds one of these was written by Gatecast
_MARKS = ("model.json", "model/model.json", "study.json", "comparison.json", "classes.json")
_REASONS = {
    errno.ENOSPC: Text("the disk is full; free some space", "磁盘已满；请清理空间"),
    errno.EDQUOT: Text("your disk quota is used up; free some space", "磁盘配额已用完；请清理空间"),
    errno.EACCES: Text("you may not write there; choose another folder", "没有写入权限；请换一个文件夹"),
    errno.EPERM: Text("you may not write there; choose another folder", "没有写入权限；请换一个文件夹"),
    errno.EROFS: Text("the disk is read-only; choose another folder", "磁盘是只读的；请换一个文件夹"),
    errno.ENOENT: Text("the folder around it does not exist; make it first", "上级文件夹不存在；请先创建"),
    errno.ENOTDIR: Text("a part of the path is a file, not a folder", "路径中有一部分是文件而不是文件夹"),
    errno.EISDIR: Text("it is a folder; name a file", "这是一个文件夹；请给出文件名"),
    errno.ENAMETOOLONG: Text("the name is too long; choose a shorter one", "名称过长；请换一个短的"),
}


def write_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file, or leave what stood there untouched.

    Raises: OutputError where it cannot be written.
    """
    path = Path(path)
    with _telling(path):
        path = path.resolve()  # writes through a link instead of replacing it
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a folder")
        _sweep(path)
        partial = _partial(path)
        try:
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)


@contextmanager
def replacing_folder(path: str | os.PathLike[str], force: bool = False) -> Iterator[Path]:
    """A temporary folder to fill; it becomes `path` at the end, and vanishes if anything goes wrong inside.

    Every check is made on the way in, so that a long computation inside does not end at a closed door. With `force`
    an empty folder or an earlier one of Gatecast is replaced; a folder of anything else is never deleted.
    Raises: OutputError where it cannot be written, or stands there already.
    """
    path = Path(path)
    with _telling(path):
        target = path.resolve()
        _refuse_occupied(path, target, force)
        _sweep(target)
        partial = _partial(target)
        partial.mkdir()
    try:
        with _telling(path, inside=partial):
            yield partial
        with _telling(path):
            _flush_tree(partial)
            _exchange(partial, target, force)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    _flush_folder(target.parent)


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def _refuse_occupied(path: Path, target: Path, force: bool) -> None:
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        raise OutputError(
            f"{path} is a file, and a folder of that name is to be written; choose another name.",
            f"{path} 是一个文件，而这里要写入同名文件夹；请换一个名称。",
        )
    if not force:
        raise OutputError(
            f"{path} exists already; add --force (force=True) to replace it, or choose another folder.",
            f"{path} 已存在；加 --force（force=True）覆盖，或换一个文件夹。",
        )
    if any(target.iterdir()) and not any((target / mark).exists() for mark in _MARKS):
        raise OutputError(
            f"{path} holds files that Gatecast did not write, and is not replaced; choose another folder.",
            f"{path} 中有并非 Gatecast 写入的文件，不会被覆盖；请换一个文件夹。",
        )


def _exchange(partial: Path, target: Path, force: bool) -> None:
    if not force or not target.exists():
        partial.rename(target)
        return
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    target.rename(old)
    try:
        partial.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _sweep(path: Path) -> None:
    """Remove what killed writers of this path left. A live process' partial is left alone."""
    begin, end = f".{path.name}.", ".partial"
    for left in path.parent.iterdir():
        number = left.name[len(begin) : -len(end)]
        if left.name == f"{begin}{number}{end}" and number.isdecimal() and not _is_other(int(number)):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _is_other(process: int) -> bool:
    """Whether this is another process that is alive."""
    if process == os.getpid():
        return False
    if os.name != "posix":
        return True  # elsewhere signal 0 is not a question but an order
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _flush_tree(folder: Path) -> None:
    for place, _, names in os.walk(folder):
        for name in names:
            with (Path(place) / name).open("rb") as file:
                os.fsync(file.fileno())
        _flush_folder(Path(place))


def _flush_folder(folder: Path) -> None:
    """Make a rename last through a power failure, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _telling(path: Path, inside: Path | None = None) -> Iterator[None]:
    """Turn an error of the system into one that says what to do.

    inside: the folder that others fill meanwhile; only errors that concern it are turned, not a broken pipe.
    """
    try:
        yield
    except GatecastError:
        raise
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        if inside is not None and not full and not str(error.filename).startswith(str(inside)):
            raise
        reason = _REASONS.get(error.errno or 0) or Text(error.strerror or str(error), error.strerror or str(error))
        raise OutputError(
            f"{path} cannot be written: {reason.english}.", f"无法写入 {path}：{reason.chinese}。"
        ) from error
