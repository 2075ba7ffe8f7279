"""Whatever is done to a file, reading ends in a finite panel or in one of our errors."""

from __future__ import annotations

import gzip
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from gatecast.data import ReadOptions, read
from gatecast.errors import GatecastError

_SPLICES = (
    *(b'"', b"'", b",", b";", b"\t", b"\n", b"\r\n", b"\r", b"\x00", b"\xff", b"\xc4\xe3", b" ", b"\xe3\x80\x80"),
    *(b"-", b"1e400", b"1e-400", b"inf", b"nan", b"N/A", b"2020-13-45", b"0000-00-00", b"9999-12-31", b"24:00", b"1,5"),
    *(b"#", b"1.5K", b"<", b"Jan-10", b"1960", b"1600000000"),
    *(
        b"99999999999999999999",
        b"\xe5\x81\x9c\xe7\x89\x8c",
        b"12/31/1999",
        b"+08:00",
        b"%",
        b"$",
        b"\xef\xbb\xbf",
        b"Q5",
    ),
)


def _tables() -> list[tuple[bytes, ReadOptions]]:
    days = [date(2020, 1, 1) + timedelta(n) for n in range(30)]
    plain = "date,close\n" + "".join(f"{d},{100 + n * 1.5}\n" for n, d in enumerate(days))
    long = "unique_id,ds,y\n" + "".join(f"{i},{d},{n}\n" for i in ("000001", "B") for n, d in enumerate(days[:12]))
    prices = "日期;收盘;成交量\n" + "".join(f"{d:%Y年%m月%d日};1.{n:03},{n};{n}\n" for n, d in enumerate(days[:15]))
    american = "Week,Gas\r\n" + "".join(f"{d:%m/%d/%Y},{8000 + n}\r\n" for n, d in enumerate(days[::-1]))
    quoted = '"a","y","promo"\n' + "".join(f'"{d}T10:00:00+08:00","{n},{n:03}.5","1"\n' for n, d in enumerate(days, 1))
    wide = "V1,V2,V3,V4,V5\n" + "".join(f'"S{n}",{n},2,3,{n or ""}\n' for n in range(8))
    return [
        (plain.encode(), ReadOptions()),
        (long.encode(), ReadOptions()),
        (prices.encode("gb18030"), ReadOptions(target="收盘", past=("成交量",))),
        (american.encode(), ReadOptions(day_first=False)),
        (quoted.encode("utf-16"), ReadOptions(target="y", future=("promo",))),
        (wide.encode(), ReadOptions(layout="rows")),
        (gzip.compress(plain.encode(), mtime=0), ReadOptions()),
        *((text.encode(), options) for text, options in _odd_tables(days)),
    ]


def _odd_tables(days: list[date]) -> list[tuple[str, ReadOptions]]:
    """Tables whose header, times or names stand in several places."""
    yahoo = "Price,Close,Volume\nTicker,AAPL,AAPL\nDate,,\n" + "".join(
        f"{d},{n}.5,{n}.2M\n" for n, d in enumerate(days)
    )
    dates = ",".join(f"{d.month}/{d.day}/{d:%y}" for d in days)
    columns = f"State,Country,Lat,{dates}\n" + "".join(
        f"{state},X,1.5,{','.join(str(n) for n in range(len(days)))}\n" for state in ("", "A", "B")
    )
    parts = "No,year,month,day,hour,pm\n" + "".join(
        f"{n},{d.year},{d.month},{d.day},{hour},{n}\n" for n, d in enumerate(days) for hour in (0, 6, 12)
    )
    beside = "a title\n\nYear," + ",".join(f"{date(2020, m, 1):%b}" for m in range(1, 13)) + "\n"
    beside += (
        "".join(f"{2000 + n}," + ",".join(str(n + m) for m in range(12)) + "\n" for n in range(5)) + "Source: us\n"
    )
    unix = "".join(f"{1_600_000_000 + 60 * n}   {n}.5\n" for n in range(30))
    stores = "date,store,item,y\n" + "".join(f"{d},{k // 2},{k % 2},{k}\n" for d in days[:9] for k in range(4))
    return [
        (yahoo, ReadOptions(target="Close", past=("Volume",))),
        (columns, ReadOptions()),
        (parts, ReadOptions(target="pm", future=("hour",))),
        (beside, ReadOptions()),
        (f"time  y\n{unix}", ReadOptions()),
        (stores, ReadOptions(target="y")),
    ]


def test_all_tables_are_sound() -> None:
    for content, options in _tables():
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(content)
            assert len(read(file.name, options).panel.y) >= 15


def _mutate(content: bytes, random: np.random.Generator) -> bytes:
    """One to four changes: bytes flipped, cut, doubled or spliced in."""
    for _ in range(random.integers(1, 5)):
        at, to = sorted(int(i) for i in random.integers(0, len(content) + 1, 2))
        to = min(to, at + int(random.integers(1, 40)))
        kind = random.integers(0, 6)
        if kind == 0 and at < len(content):
            content = content[:at] + bytes([int(random.integers(0, 256))]) + content[at + 1 :]
        elif kind == 1:
            content = content[:at] + content[to:]
        elif kind == 2:
            content = content[:to] + content[at:to] * int(random.integers(1, 4)) + content[to:]
        elif kind == 3:
            content = content[:at] + _SPLICES[int(random.integers(0, len(_SPLICES)))] + content[at:]
        elif kind == 4 and random.random() < 0.2:
            content = content[:at]
        else:
            lines = content.split(b"\n")
            i, j = random.integers(0, len(lines), 2)
            lines[i], lines[j] = lines[j], lines[i]
            content = b"\n".join(lines)
    return content


def _read_mutants(folder: Path, seeds: range) -> list[str]:
    """Read one mutant a seed; the names of what came out."""
    tables, outcomes = _tables(), []
    for seed in seeds:
        random = np.random.default_rng(seed)
        content, options = tables[seed % len(tables)]
        path = folder / "mutant.csv"
        path.write_bytes(_mutate(content, random))
        try:
            reading = read(path, options)
        except GatecastError as error:
            outcomes.append(type(error).__name__)
            assert error.text.english and error.text.chinese
        else:
            outcomes.append("panel")
            assert np.isfinite(reading.panel.values).all()
            assert len(str(reading.summary)) < 300
    return outcomes


def test_500_mutated_files_end_in_a_panel_or_in_our_error(tmp_path: Path) -> None:
    outcomes = _read_mutants(tmp_path, range(500))
    assert outcomes.count("panel") > 50  # else the mutations only ever break the file
    assert len(set(outcomes)) >= 4


@pytest.mark.slow
def test_2000_mutated_files_end_in_a_panel_or_in_our_error(tmp_path: Path) -> None:
    assert len(_read_mutants(tmp_path, range(1000, 3000))) == 2000
