"""A path to what lies there: text or a Parquet frame. Knows no columns; answers for every way a file can be wrong."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gatecast.data.encoding import decode
from gatecast.errors import ReadError, nearest

if TYPE_CHECKING:
    import polars as pl

    from gatecast.data.reading import Note

_FOREIGN = (  # first bytes, in words, 中文, what to do
    (b"PK\x03\x04", "an Excel or zip file", "Excel 或 zip 文件", "export it as CSV", "请导出为 CSV"),
    (b"\xd0\xcf\x11\xe0", "an Excel file", "Excel 文件", "export it as CSV", "请导出为 CSV"),
    (b"%PDF", "a PDF file", "PDF 文件", "export the table as CSV", "请将表格导出为 CSV"),
    (b"BZh", "a bzip2 file", "bzip2 文件", "unpack it first", "请先解压"),
    (b"\xfd7zXZ", "an xz file", "xz 文件", "unpack it first", "请先解压"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "zstd 文件", "unpack it first", "请先解压"),
    (b"7z\xbc\xaf", "a 7-zip file", "7-zip 文件", "unpack it first", "请先解压"),
    (b"SQLite format 3", "an SQLite database", "SQLite 数据库", "export the table as CSV", "请将表格导出为 CSV"),
    (b"\x89HDF", "an HDF5 file", "HDF5 文件", "export the table as CSV", "请将表格导出为 CSV"),
    (b"ARROW1", "an Arrow file", "Arrow 文件", "export it as Parquet or CSV", "请导出为 Parquet 或 CSV"),
)


class TextSource(NamedTuple):
    """A text file: its name for messages, its text, and notes on how it was decoded."""

    name: str
    text: str
    notes: tuple[Note, ...]


class FrameSource(NamedTuple):
    """A Parquet file: its name for messages, and its frame."""

    name: str
    frame: pl.DataFrame


def open_path(path: Path) -> TextSource | FrameSource:
    """Whatever lies at a path. The content decides what it is, not the name's ending.

    Raises: ReadError for a path that is missing, a folder, empty, foreign, damaged or not allowed to be read.
    """
    content, name = _load(path), path.name
    if content.startswith(b"\x1f\x8b"):
        content = _unzip(content, name)
    for magic, english, chinese, remedy, chinese_remedy in _FOREIGN:
        if content.startswith(magic):
            raise ReadError(f"{name} is {english}; {remedy}.", f"{name} 是 {chinese}；{chinese_remedy}。")
    if content.startswith(b"PAR1"):
        return FrameSource(name, _parquet(content, name))
    text, notes = decode(content, name)
    if not text.strip():
        raise ReadError(f"{name} is empty.", f"{name} 是空文件。")
    return TextSource(name, text, notes)


def _load(path: Path) -> bytes:
    try:
        is_folder = path.is_dir()
        content = b"" if is_folder else path.read_bytes()
    except FileNotFoundError as error:
        near = nearest(path.name, _neighbours(path))
        raise ReadError(f"there is no file {path}{near.english}.", f"文件 {path} 不存在{near.chinese}。") from error
    except PermissionError as error:
        raise ReadError(
            f"{path} may not be read by this user; change its permissions.",
            f"当前用户无权读取 {path}；请修改文件权限。",
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        raise ReadError(f"{path} cannot be read: {error}.", f"无法读取 {path}：{error}。") from error
    if is_folder:
        raise ReadError(f"{path} is a folder; give a file in it.", f"{path} 是文件夹；请指定其中的文件。")
    return content


def _neighbours(path: Path) -> list[str]:
    try:
        return [other.name for other in path.parent.iterdir()]
    except OSError:
        return []


def _unzip(content: bytes, name: str) -> bytes:
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise ReadError(
            f"{name} is a damaged or cut-off gzip file ({error}); copy or download it again.",
            f"{name} 是损坏或不完整的 gzip 文件（{error}）；请重新复制或下载。",
        ) from error


def _parquet(content: bytes, name: str) -> pl.DataFrame:
    import polars as pl

    try:
        if not content.endswith(b"PAR1"):
            raise pl.exceptions.ComputeError("the end is missing")
        return pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else "unreadable"
        raise ReadError(
            f"{name} is a damaged or cut-off Parquet file ({reason}); copy or write it again.",
            f"{name} 是损坏或不完整的 Parquet 文件（{reason}）；请重新复制或写出。",
        ) from error
