"""Every way a file can be wrong ends in one clear error, in both languages."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gatecast.data import read
from gatecast.errors import GatecastError, ReadError

TABLE = b"date,y\n" + b"".join(b"2020-01-%02d,%d\n" % (day, day) for day in range(1, 29))


def message(path: Path) -> str:
    with pytest.raises(ReadError) as caught:
        read(path)
    assert caught.value.text.chinese
    return caught.value.text.english


def saved(folder: Path, content: bytes, name: str = "data.csv") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def test_no_such_file_offers_the_nearest(tmp_path: Path) -> None:
    saved(tmp_path, TABLE, "prices.csv")
    assert "did you mean 'prices.csv'" in message(tmp_path / "price.csv")
    assert "there is no file" in message(tmp_path / "nowhere" / "price.csv")


def test_folder(tmp_path: Path) -> None:
    assert message(tmp_path).endswith(" is a folder; give a file in it.")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"  \n\t\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_empty_file(tmp_path: Path, content: bytes) -> None:
    assert message(saved(tmp_path, content)) == "data.csv is empty."


@pytest.mark.parametrize("content", [b"date,y", b"date,y\n", b"date,y\n\n,\n"])
def test_header_alone(tmp_path: Path, content: bytes) -> None:
    assert "no rows under it" in message(saved(tmp_path, content))


def test_one_row(tmp_path: Path) -> None:
    assert "one row" in message(saved(tmp_path, b"date,y\n2020-01-01,5\n"))


def test_binary_files(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    assert "not a text table" in message(saved(tmp_path, random.bytes(5000)))
    assert "not a text table" in message(saved(tmp_path, b"a,b\n1,2\n\x00\x01\x02"))


@pytest.mark.parametrize(
    ("magic", "what"),
    [
        (b"PK\x03\x04", "Excel"),
        (b"\xd0\xcf\x11\xe0", "Excel"),
        (b"%PDF-1.7", "PDF"),
        (b"BZh9", "bzip2"),
        (b"SQLite format 3", "SQLite"),
    ],
)
def test_foreign_files_are_named(tmp_path: Path, magic: bytes, what: str) -> None:
    assert what in message(saved(tmp_path, magic + b"\x00" * 50))


def test_excel_says_to_export(tmp_path: Path) -> None:
    assert "export it as CSV" in message(saved(tmp_path, b"PK\x03\x04" + b"\x00" * 50, "prices.xlsx"))


def test_cut_off_gzip_at_every_place(tmp_path: Path) -> None:
    whole = gzip.compress(TABLE, mtime=0)
    for length in range(2, len(whole)):
        assert "cut-off gzip" in message(saved(tmp_path, whole[:length]))


def test_cut_off_parquet_at_every_place(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    pl.DataFrame({"y": [1.0, 2.0, 3.0]}).write_parquet(buffer)
    whole = buffer.getvalue()
    for length in range(4, len(whole), 7):
        assert "cut-off Parquet" in message(saved(tmp_path, whole[:length]))
    assert "cut-off Parquet" in message(saved(tmp_path, whole[:20] + b"PAR1"))


def test_encoding_that_breaks_off(tmp_path: Path) -> None:
    content = "日期,y\n".encode("utf-16")
    assert "UTF-16" in message(saved(tmp_path, content[:-1]))


def test_ragged_line_is_named(tmp_path: Path) -> None:
    content = TABLE.replace(b"2020-01-10,10", b"2020-01-10,10,extra")
    assert "line 11: 3 cells, but the table has 2 columns" in message(saved(tmp_path, content))


def test_quote_that_never_closes_is_named(tmp_path: Path) -> None:
    content = TABLE.replace(b"2020-01-10,10", b'2020-01-10,"10')
    assert 'line 11: a quote (")' in message(saved(tmp_path, content))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may read everything")
def test_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = saved(tmp_path, TABLE)
    path.chmod(0)
    assert "may not be read" in message(path)


def test_permission_error_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "may not be read" in message(saved_name := tmp_path / "data.csv") and saved_name.name == "data.csv"


@pytest.mark.parametrize("name", ["\x00", "a" * 5000])
def test_impossible_paths(name: str) -> None:
    with pytest.raises(GatecastError):
        read(name)


def test_importing_the_room_stays_light() -> None:
    heavy = ("polars", "narwhals", "charset_normalizer", "torch", "pandas")
    code = f"import gatecast.data, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_reading_a_file_never_imports_torch_or_pandas(tmp_path: Path) -> None:
    path = saved(tmp_path, TABLE)
    code = f"import sys, gatecast.data as d; d.read({str(path)!r}); print({{'torch', 'pandas'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_reading_leaves_nothing_behind(tmp_path: Path) -> None:
    path = saved(tmp_path, TABLE)
    read(path)
    assert [p.name for p in tmp_path.iterdir()] == ["data.csv"]
    assert path.read_bytes() == TABLE


def test_errors_are_said_in_chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATECAST_LANG", "zh")
    with pytest.raises(ReadError, match="空文件"):
        read(saved(tmp_path, b""))
