"""The page of a study: what it hides, what it refuses, and the file of answers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from audiolime_ext import why
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.why.standing import Standing
from audiolime_ext.report.neighbours.page import why_html
from audiolime_ext.report.neighbours.study import COLUMNS, orders, ranked_first, study_view
from tests.browser.pages import opened
from tests.report.neighbours import planted
from tests.report.player.test_player import violations


def test_both_orders_are_drawn_from_the_seed_and_the_answer_goes_with_them() -> None:
    drawn = [orders(seed) for seed in range(100)]
    assert all(15 < drawn.count((swapped, first)) < 35 for swapped in (False, True) for first in (False, True))
    for seed in (drawn.index((False, True)), drawn.index((True, False))):
        view = study_view(planted.over(), seed=seed)
        one = view.data["known"]
        assert (one["song_1"] == "B", one["first_explanation"] == "sound") == drawn[seed]
        assert {one["song_1"], one["song_2"]} == {"A & Co", "B"}
        assert one[f"song_{one['ranked_first']}"] == "A & Co"
        assert view.steps[0].kind == one["first_explanation"]
        assert f"The system ranks Song {one['ranked_first']} first" in view.answer


def test_the_song_that_comes_first_is_the_one_that_the_system_ranks_first() -> None:
    found, given = planted.over(), planted.songs()
    assert ranked_first(found) == 0
    assert ranked_first(why(given["query"], given["b"], given["a"], model=planted.MODEL, cache=False)) == 1
    with pytest.raises(UsageError, match="equally near by similarity, so none comes first"):
        ranked_first(why(given["query"], given["a"], given["a"], model=planted.MODEL, cache=False))


def test_where_the_correction_for_hubs_reverses_the_songs_there_is_no_study() -> None:
    found = planted.over()
    standing = Standing((2, 1), 8, (False, False), found.similarities, (0.2, 0.4), None)
    with pytest.raises(UsageError, match="correction for hubs reverses the two songs"):
        why_html(replace(found, standing=standing, ranked_by="mutual proximity"), study=True)


def test_numbers_say_how_much_counts_and_never_for_which_song() -> None:
    found, named = (study_view(one) for one in (planted.over(), planted.by_output()))
    numbers = [next(step for step in view.steps if step.kind == "numbers") for view in (found, named)]
    assert next(bar.name for bar in numbers[0].bars) == "drums"
    assert {bar.name for bar in numbers[1].bars} == {"low", "middle", "high", "top"}
    assert all(bar.number[0].isdigit() for step in numbers for bar in step.bars)
    sound = next(step for step in found.steps if step.kind == "sound")
    assert next(clip.caption.partition(": ")[2] for clip in sound.clips) == "drums"


def test_a_study_needs_two_songs_with_sound_and_an_explanation() -> None:
    with pytest.raises(UsageError, match="which of two songs comes first; name both"):
        why_html(planted.to_a_vector(), study=True)
    with pytest.raises(UsageError, match="a study is listened to"):
        why_html(planted.over(), study=True, audio=None)
    with pytest.raises(UsageError, match="no explanation that listeners could judge: everything is all there is"):
        why_html(planted.of_one_stem(), study=True)


def test_the_columns_are_explained_on_the_page_and_the_songs_are_not_named_before_the_answer() -> None:
    html = why_html(planted.over(), study=True, seed=1)
    assert all(f"<dt>{name}</dt><dd>" in html for name in COLUMNS)
    asked = html.partition("<form")[2].partition("</form>")[0]
    assert asked.count("A &amp; Co") == 1  # in the answer, which is hidden
    assert '<p class="answer" hidden>' in asked


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    with opened(browser, tmp_path, why_html(planted.over(), study=True, seed=1)) as one:
        yield one


def choose(page: Page, name: str, value: int) -> None:
    page.locator(f'input[name="{name}"][value="{value}"]').check()


def press(page: Page, what: str) -> None:
    page.get_by_role("button", name=what).locator("visible=true").click()


@pytest.mark.browser
def test_answers_are_saved_once_they_are_complete(page: Page) -> None:
    message = page.locator(".message")
    assert page.locator(".step:visible").count() == 1
    press(page, "Go on")
    assert message.inner_text() == "Still to be answered: your name or number, a guess by ear."
    assert violations(page) == []
    for participant in ("Ann, 1", "Bob"):
        page.locator('input[name="participant"]').fill(participant)
        for name in ("guess_by_ear", *(f"guess_after_{kind}" for kind in order(page))):
            choose(page, name, 2)
            press(page, "Go on")
            assert message.inner_text() == ""
        press(page, "Save the answers")
        assert message.inner_text().startswith("Still to be answered: how clear the")
        assert page.locator(".answer").is_hidden()
        for name in ("numbers_clarity", "numbers_trust", "sound_clarity", "sound_trust"):
            choose(page, name, 4)
        with page.expect_download() as waiting:
            press(page, "Save the answers")
        assert page.locator(".answer").is_visible()
        assert page.locator('input[name="guess_by_ear"]').first.is_disabled()  # what was answered stays
        press(page, "Another participant")
        assert page.locator(".step:visible").count() == 1
    assert waiting.value.suggested_filename == "answers.csv"
    text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["participant"] for row in rows] == ["Ann, 1", "Bob"]
    known = study_view(planted.over(), seed=1).data["known"]
    assert {name: rows[1][name] for name in known} == {name: str(value) for name, value in known.items()}
    assert {rows[1][name] for name in rows[1] if name.startswith("guess")} == {"2"}
    assert {rows[1][name] for name in rows[1] if name.endswith(("clarity", "trust"))} == {"4"}
    assert rows[1]["saved_at"].endswith("Z")


def order(page: Page) -> list[str]:
    kinds = (step.get_attribute("data-step") for step in page.locator(".step").all())
    return [kind for kind in kinds if kind in ("numbers", "sound")]
