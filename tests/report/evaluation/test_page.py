"""The page of an evaluation: what may be said, every interval drawn, and nothing that runs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from audiolime_ext import write_page
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.evaluation.result import EmbeddingEvaluation
from audiolime_ext.report.evaluation.page import evaluation_html
from audiolime_ext.report.evaluation.view import differences, means
from tests.browser.pages import opened
from tests.recommendation.evaluation.test_evaluating import evaluated, planted
from tests.report.neighbours.planted import EVIL
from tests.report.player.test_player import violations


@pytest.fixture(scope="module")
def found() -> EmbeddingEvaluation:
    """Two indexes, and anchors as they would be."""
    plain = evaluated(planted("good", 1.0), planted("poor", 3.0, seed=1))
    alike = tuple(replace(one, condition="alike") for one in plain.measured)
    ceilings = {"the same song's other half (good)": plain.measured[0].means}
    return replace(plain, measured=(*plain.measured, *alike), ceilings=ceilings)


def test_every_interval_is_drawn_with_its_numbers(found: EmbeddingEvaluation) -> None:
    pictures = means(found)
    assert [picture.title for picture in pictures] == [
        "Mean average precision",
        "Mean average precision, made alike",
        "Where it is clear what to find",
    ]
    assert [len(picture.rows) for picture in pictures] == [5, 3, 1]
    assert len(differences(found)[0].rows) == len(found.comparisons)
    for picture in (*pictures, *differences(found)):
        for row in picture.rows:
            assert 0 <= row.low <= row.mark + 0.7 <= row.high <= 100
            assert row.number in evaluation_html(found)


def test_pictures_of_means_have_one_scale_and_differences_lie_around_none(found: EmbeddingEvaluation) -> None:
    assert len({(picture.left, picture.right) for picture in means(found)}) == 1
    (picture,) = differences(found)
    assert picture.at == 50
    ahead = found.comparisons[1]
    assert ahead.verdict == "surely ahead"
    assert picture.rows[1].low > 50
    assert picture.rows[1].kind == "ahead"


def test_the_page_says_what_may_be_said_and_everything_else(found: EmbeddingEvaluation) -> None:
    html = evaluation_html(found)
    assert "it is surely ahead of chance and poor." in html
    for note in found.notes:
        assert note in html
    for name in found.groups:
        assert f">{name}<" in html
    assert "<b>R@10:</b>" in html


def test_names_are_text_and_nothing_runs(found: EmbeddingEvaluation) -> None:
    html = evaluation_html(replace(found, column=EVIL, groups={EVIL: 3}), title=EVIL)
    assert EVIL not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "<script" not in html
    assert not re.search(r'(src|href)="', html)


def test_an_evaluation_is_written_by_write_page(found: EmbeddingEvaluation, tmp_path: Path) -> None:
    text = write_page(found, tmp_path / "found.html", title="Found").read_text(encoding="utf-8")
    assert "<title>Found</title>" in text
    with pytest.raises(UsageError, match="unknown option of this page 'audio'"):
        write_page(found, tmp_path / "found.html", audio=False)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_page_fits_and_axe_finds_nothing(
    browser: Browser, tmp_path: Path, found: EmbeddingEvaluation, scheme: str, width: int
) -> None:
    options = {"viewport": {"width": width, "height": 700}, "color_scheme": scheme}
    with opened(browser, tmp_path, evaluation_html(found), **options) as page:
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
