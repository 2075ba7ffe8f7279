"""Every mistake changes its figure, and in the direction that its words say."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from gatecast.studies import material, wrong_data, wrong_networks
from gatecast.studies.mistakes import MISTAKES, of_study

ALL = [make for makes in MISTAKES.values() for make in makes]


@pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__)
def test_a_mistake_changes_its_figure(make):
    one = make()
    assert math.isfinite(one.right)
    assert one.wrong is None or abs(one.wrong - one.right) > 1e-4 * max(abs(one.wrong), abs(one.right))
    for text in (one.name, one.figure, one.why):
        assert text.english and text.chinese


def test_every_study_has_a_section_of_them():
    assert list(MISTAKES) == [1, 2, 3, 4, 5]
    for number, makes in MISTAKES.items():
        section = of_study(number)
        assert len(section.words) == len(makes) == len(section.table["mistake"])


def test_the_unadjusted_splits_are_found_and_told():
    found = {(ticker, split.date) for ticker in material.STOCKS for split in material.splits(ticker)}
    assert found == {("AAPL", "2000-06-21"), ("AAPL", "2005-02-28"), ("MSFT", "2003-02-18")}
    told = wrong_data.raw_prices().why
    assert all(date in told.english and date in told.chinese for _, date in found)


def test_adjusted_prices_keep_the_days_shape():
    raw, adjusted = (material.stock("AAPL", adjusted=kind) for kind in (False, True))
    ratio = adjusted.values[:, :4] / raw.values[:, :4]
    assert abs(ratio - ratio[:, :1]).max() < 1e-9  # all four prices of a day by one factor
    assert (adjusted.column("high") >= adjusted.column("low")).all()


def test_counts_are_what_the_words_say():
    assert (wrong_data.unknown_targets().wrong, wrong_data.unknown_targets().right) == (21, 0)
    lost = wrong_data.lost_window()
    assert lost.right - lost.wrong == 1
    assert wrong_networks.wrong_axis().right == wrong_networks.lags_as_features().right == 1
    assert wrong_networks.wrong_axis().wrong == wrong_networks.lags_as_features().wrong == 30
    assert wrong_networks.deaf_gates().wrong == 0
    assert wrong_data.leaking_range().wrong == pytest.approx(1)
    assert wrong_data.shifted_rows().wrong == 0


@pytest.mark.parametrize(("language", "name"), [("english", "mistakes.md"), ("chinese", "mistakes.zh-CN.md")])
def test_the_page_of_mistakes_says_what_is_computed(language, name):
    page = (Path(__file__).parents[2] / "docs" / name).read_text("utf-8")
    for make in ALL:
        one = make()
        texts = (getattr(one.name, language), getattr(one.figure, language))
        assert f"| {' | '.join((*texts, written(one.wrong), written(one.right)))} |" in page
        assert getattr(one.why, language) in page


def written(value):
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
