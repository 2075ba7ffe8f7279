"""The bundled tables are there, small, and what their README says."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from itertools import pairwise

import pytest

from gatecast import datasets
from gatecast.errors import OptionError
from gatecast.frequency import open_days


def _rows(name: str, encoding: str = "utf-8") -> list[dict[str, str]]:
    path = datasets.path(name)
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(raw.decode(encoding).splitlines()))


def test_each_name_leads_to_a_file_and_a_line_in_both_languages():
    assert datasets.names() == tuple(sorted(datasets.names()))
    for name in datasets.names():
        assert datasets.path(name).is_file()
        assert all(datasets.describe(name))


def test_an_unknown_name_lists_the_known_and_offers_the_nearest():
    with pytest.raises(OptionError, match=r"did you mean 'stocks'.*temperatures"):
        datasets.path("stock")


def test_readme_states_source_and_licence_of_every_file():
    folder = datasets.path("stocks").parent
    readme = (folder / "README.md").read_text()
    shipped = {file.name for file in folder.iterdir()} - {"README.md"}
    assert shipped == {datasets.path(name).name for name in datasets.names()}
    assert all(f"`{name}`" in readme for name in shipped)


def test_the_tables_stay_small():
    folder = datasets.path("stocks").parent
    assert sum(file.stat().st_size for file in folder.iterdir()) < 1_000_000


def test_stocks_hold_five_series():
    assert {row["Ticker"] for row in _rows("stocks")} == {"AAPL", "FB", "GOOG", "IBM", "MSFT"}


def test_ashare_looks_like_a_file_from_a_chinese_broker():
    rows = _rows("ashare-synthetic", "gb18030")
    assert list(rows[0]) == ["日期", "开盘", "最高", "最低", "收盘", "成交量"]
    days = [date.fromisoformat(row["日期"]) for row in rows]
    assert days == sorted(days, reverse=True)
    is_open = open_days("XSHG")
    assert all(is_open(day) for day in days)
    assert max((a - b).days for a, b in pairwise(days)) >= 8, "the long holidays are real gaps"
    assert [row["日期"] for row in rows if row["收盘"] == "停牌"] == ["2021-09-15", "2019-06-12"]


def test_ashare_prices_keep_the_rules_of_the_market():
    rows = [row for row in _rows("ashare-synthetic", "gb18030") if row["收盘"] != "停牌"]
    for newer, older in pairwise(rows):
        low, high = float(newer["最低"]), float(newer["最高"])
        assert low <= float(newer["开盘"]) <= high
        assert low <= float(newer["收盘"]) <= high
        assert abs(float(newer["收盘"]) / float(older["收盘"]) - 1) < 0.102 or "停牌" in older.values()


def test_ashare_is_what_its_script_makes():
    from gatecast.datasets.synthesise_ashare import synthesise

    made = synthesise().decode("gb18030").splitlines()
    kept = datasets.path("ashare-synthetic").read_bytes().decode("gb18030").splitlines()
    assert made == kept
