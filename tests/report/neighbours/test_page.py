"""The page about why songs are near: what it says, what it plays, and that stems are switched together."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from audiolime_ext import Audio, load_audio, why
from audiolime_ext.errors import OutputError
from audiolime_ext.recommendation.why.flipped import Flip
from audiolime_ext.recommendation.why.heard import HeardSong
from audiolime_ext.recommendation.why.result import Why
from audiolime_ext.report.neighbours.excerpts import excerpts, pair_spans, players
from audiolime_ext.report.neighbours.heat import heat_maps
from audiolime_ext.report.neighbours.loudness import PEAK, equal_gains_db
from audiolime_ext.report.neighbours.page import drawn_of, why_html, write_spectrograms
from audiolime_ext.report.neighbours.shares import by_candidate, output_table, stem_bars
from audiolime_ext.report.neighbours.spectrograms import LEFT, Drawn, draw, sheet
from audiolime_ext.report.neighbours.told import alike_view, flip_view
from audiolime_ext.report.page import write_page
from tests.browser.pages import opened, wait
from tests.report.neighbours import planted
from tests.report.player.test_player import violations

browser_test = pytest.mark.browser


@pytest.fixture(scope="module")
def over() -> Why:
    return planted.over()


@pytest.fixture(scope="module")
def made(over: Why) -> str:
    return why_html(over)


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    opening: list[Any] = []

    def page(text: str, **options: Any) -> Page:
        opening.append(opened(browser, tmp_path, text, **options))
        return opening[-1].__enter__()  # type: ignore[no-any-return]

    yield page
    for one in opening:
        one.__exit__(None, None, None)


def number(text: str) -> float:
    return float(text.replace("\N{MINUS SIGN}", "-"))


def test_silence_has_the_first_bar_and_all_bars_add_up_to_the_score(over: Why) -> None:
    for found in (over, planted.by_output()):
        bars = stem_bars(found)
        assert [bar.name for bar in bars] == ["silence", *found.weights]
        assert sum(number(bar.number) for bar in bars) == pytest.approx(found.score, abs=0.02)
        assert [bar.name for bar in bars if bar.top] == ["drums"]
        widths = {bar.name: bar.width for bar in bars}
        parts = {"silence": found.silence, **found.weights}
        assert widths["silence"] / widths["drums"] == pytest.approx(abs(parts["silence"] / parts["drums"]), abs=1e-3)


def test_where_one_stem_is_all_there_is_no_bars_are_drawn() -> None:
    found = planted.of_one_stem()
    assert stem_bars(found) == []
    text = why_html(found, audio=None)
    assert "everything is all there is here: nothing to tell apart" in text
    assert "what silence and each stem add" not in text


def test_the_shares_of_both_songs_add_up_to_their_similarities_and_differ_by_the_bars(over: Why) -> None:
    table = by_candidate(over)
    assert table is not None
    cells = {name: [number(cell) for cell in row] for name, row in table.rows}
    assert cells["sum"][:2] == pytest.approx(over.similarities, abs=0.006)
    for name, row in cells.items():
        assert row[0] - row[1] == pytest.approx(row[2], abs=0.011), name
    assert cells["drums"][2] == pytest.approx(over.weights["drums"], abs=0.006)


def test_outputs_with_names_are_told_the_largest_first() -> None:
    found = planted.by_output()
    table = output_table(found)
    assert table is not None
    sums = [abs(number(row[-1])) for _, row in table.rows]
    assert sums == sorted(sums, reverse=True)
    assert sum(number(row[-1]) for _, row in table.rows) == pytest.approx(found.score, abs=0.03)
    assert output_table(planted.over()) is None


def test_what_is_played_is_the_window_in_which_the_leading_stem_adds_most(over: Why) -> None:
    query, a, b = excerpts(over)
    assert [one.stem for one in (query, a, b)] == ["drums", "drums", None]  # nothing of B is like the drums
    assert [one.marked for one in (query, a)] == [(planted.LOUDEST_S, planted.LOUDEST_S + 1)] * 2
    assert "0:02.0–0:03.0, where the stem drums adds most" in a.told


def test_all_songs_are_equally_loud_and_none_is_louder_than_full_scale(over: Why) -> None:
    found = excerpts(over)
    energies = [np.mean(np.square(one.stems.mixture, dtype=np.float64)) for one in found]
    assert energies == pytest.approx([energies[0]] * 3, rel=1e-5)
    assert max(float(np.abs(one.stems.samples).max()) for one in found) <= PEAK + 1e-6
    assert equal_gains_db([np.zeros((1, 9), np.float32)], [0.0]) == [0.0]


def test_a_cell_plays_windows_of_the_excerpts_in_which_its_stems_are_most_alike(over: Why) -> None:
    query, a, _ = excerpts(over)
    assert pair_spans(over, query, a, ("drums", "drums"), 1) == ((2.0, 3.0), (2.0, 3.0))
    least = pair_spans(over, query, a, ("drums", "drums"), -1)
    assert all(span != (2.0, 3.0) for span in least)


def test_the_cells_of_the_matrix_are_those_of_the_result(over: Why) -> None:
    first, second = heat_maps(over, excerpts(over))
    assert (first.name, second.name) == ("A & Co", "B")
    assert [name for name, *_ in first.rows] == ["silence", "drums", "bass"]
    shown = [[cell.number for cell in cells] for _, cells, _ in first.rows]
    assert shown == [["0.00"] * 3, ["0.00", "+0.98", "0.00"], ["0.00"] * 3]
    assert first.rows[1][1][1].shade == "p5"
    assert first.rows[1][1][1].query_span is not None
    assert first.rows[0][1][1].query_span is None  # silence cannot be played
    assert first.total == "+0.98"


def test_spectrograms_are_on_one_scale(over: Why) -> None:
    query, a, b = drawn_of(over)
    assert len({one.sr for one in (query, a, b)}) == 1
    loud = load_audio((0.5 * np.random.default_rng(0).standard_normal(16000).astype(np.float32), 8000))
    soft = load_audio((loud.samples / 10, 8000))
    one, other = draw([("loud", loud, 0.0, 2.0), ("soft", soft, 0.0, 2.0)])
    assert np.allclose(one.mel_db, other.mel_db, atol=0.01)  # equally loud
    short = replace(other, end_s=1.0)
    panels = sheet([one, short], [[(0.5, 1.0)], []]).panels
    assert panels[0].width == pytest.approx(2 * panels[1].width)  # seconds are equally wide
    assert panels[0].marks == ((LEFT + 0.25 * panels[0].width, 0.25 * panels[0].width),)


def test_a_softer_song_is_drawn_darker_beside_a_louder_one(over: Why) -> None:
    loud = drawn_of(over)[0]
    soft = replace(loud, mel_db=loud.mel_db - 40)

    def brightness(found: list[Drawn]) -> float:
        picture = Image.open(io.BytesIO(base64.b64decode(sheet(found, [[]] * len(found)).panels[-1].image)))
        return float(np.asarray(picture).mean())

    assert brightness([soft]) == brightness([loud])
    assert brightness([loud, soft]) < brightness([soft]) - 1


def test_a_stem_has_one_colour_in_all_songs(made: str) -> None:
    told = re.findall(r'class="audiolime-data">(.*?)</script>', made)
    colors = [{stem["name"]: stem["color"] for stem in json.loads(data)["stems"]} for data in told]
    assert colors[1]["flute"] == colors[2]["flute"]
    assert len({*colors[0].values(), *colors[1].values(), *colors[2].values()}) == 3


def test_spectrograms_are_written_as_png_files_where_they_are_asked_for(over: Why, tmp_path: Path) -> None:
    files = write_spectrograms(over, tmp_path / "new" / "pictures")
    assert [file.name for file in files] == ["the-query.png", "a-co.png", "b.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="is not a folder"):
        write_spectrograms(over, tmp_path / "file")


def test_a_song_without_sound_has_no_player_and_why_is_said() -> None:
    text = why_html(planted.to_a_vector())
    assert text.count('class="audiolime"') == 1
    assert "not played here: a bare vector: compared by its vector alone" in text
    assert 'class="heat"' not in text


def test_stems_that_are_known_without_their_sound_have_a_matrix_whose_cells_do_not_play(over: Why) -> None:
    a = over.candidates[0]
    found = replace(over, candidates=(HeardSong(a.query, None, a.parts), over.candidates[1]), alike=None)
    text = why_html(found)
    assert "not played here: there is no sound of it" in text
    assert text.count('class="heat"') == 2
    assert 'data-pair="b"' in text
    assert 'data-pair="a"' not in text


def test_the_change_and_the_seconds_that_are_alike_have_their_places(over: Why) -> None:
    text = why_html(planted.with_flip(), audio=None)
    assert "With bass 7.5 dB louder and drums 7.5 dB softer, B would come before A &amp; Co" in text
    assert over.alike is not None
    assert f"{str(over.alike)[10:40]}" in html.unescape(text)
    assert text.count('class="link"') == len(over.alike.path)
    assert text.count('class="link best"') == len(over.alike.pairs)
    assert "What would have to change" not in why_html(over, audio=None)


def test_lines_lead_from_the_middle_of_a_window_to_that_of_the_other(over: Why) -> None:
    assert over.alike is not None
    view = alike_view(over.alike)
    first, best = view.links[0], next(link for link in view.links if link.best)
    assert (first.query_s, first.other_s) == (0.5, 0.5)
    assert best.query_s == over.alike.pairs[0].start_s[0] + 0.5
    assert len(view.clips) == len(over.alike.pairs)


def test_what_is_compared_is_lowered_alike_where_a_file_could_not_hold_it() -> None:
    flip = planted.with_flip().flip
    assert flip is not None
    loud = SimpleNamespace(
        stems=("drums",),
        before=lambda: Audio(np.full((1, 8000), 0.5, np.float32), 8000, "before"),
        after=lambda: Audio(np.ones((1, 8000), np.float32), 8000, "after"),
    )
    captions = [clip.caption for clip in flip_view(cast(Flip, loud)).clips]
    assert captions == ["before; all 1.0 dB softer here", "after; all 1.0 dB softer here"]
    assert all("softer here" not in clip.caption for clip in flip_view(flip).clips)


def test_words_are_explained_above_the_answer_and_specs_are_folded_away(over: Why) -> None:
    text = html.unescape(why_html(over, audio=None))
    legend = text[text.index('class="legend"') : text.index("<main>")]
    for term in ("Query", "Stem", "Silence", "Similarity", "Difference", "All pairs with silence", "Bar"):
        assert f"<b>{term}:</b> " in legend
    taste = html.unescape(why_html(planted.of_a_taste(), audio=None)).partition("<main>")[0]
    assert ("<b>Log-odds:</b>" in taste, "<b>Similarity:</b>" in taste) == (True, False)
    assert f"Model: {over.model}. Vectors: {over.space.kind}." in text[text.index("<footer>") :]
    before = text[: text.index("<footer>")]
    for jargon in ("mel bands", "vectors: ", "Vectors", "Model: "):
        assert jargon not in before.partition("What else to know")[0]


def test_only_what_plays_is_said_to_play_and_the_query_is_called_so(over: Why) -> None:
    silent, told = why_html(over, audio=None), html.unescape(why_html(over))
    assert "A cell of two stems plays" in told
    assert "A cell of two stems plays" not in silent
    assert over.alike is not None
    long = replace(over, alike=replace(over.alike, songs=("A very long name", "A & Co")))
    assert "A very long name" not in why_html(long, audio=None)


def test_names_are_text_whatever_they_hold(over: Why) -> None:
    given = planted.songs()
    found = why(given["evil"], given["query"], given["a"], model=planted.MODEL, cache=False)
    text = why_html(found)
    assert planted.EVIL not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text


def test_of_a_taste_the_query_alone_is_played() -> None:
    text = why_html(planted.of_a_taste())
    assert "<h1>Why does the query fit the taste?</h1>" in text
    assert text.count('class="audiolime"') == 1
    assert "to each of the songs" not in text


@browser_test
def test_it_opens_quickly_says_the_answer_and_fits(show: Callable[..., Page], made: str) -> None:
    page = show(made)
    took_ms = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert took_ms < 2000
    assert page.locator(".say").inner_text() == "“A & Co over B” (0.95; silence: 0.00) comes most from drums: +0.98."
    assert page.locator(".songs .audiolime").count() == 3
    assert [page.evaluate(f"[...audiolime.page.byRole.values()][{i}].position()") for i in range(3)] == [2, 2, 0]
    assert page.locator(".songs .al-choices").first.inner_text().splitlines() == ["Mix", "Only: drums", "Without drums"]


@browser_test
def test_stems_are_switched_together_and_what_a_song_lacks_is_said(show: Callable[..., Page], made: str) -> None:
    page = show(made)

    def heard() -> list[list[Any]]:
        return page.evaluate(  # type: ignore[no-any-return]
            "[...audiolime.page.byRole.values()].map(p => [p.words(), p.options.matched])"
        )

    query, a = (page.locator(f'[data-role="{role}"]') for role in ("query", "a"))
    query.get_by_role("button", name="Mute drums").click()
    assert heard() == [["Mix, drums muted", False], ["Mix, drums muted", False], ["Mix", False]]
    assert page.locator(".unmatched").inner_text() == "B has no drums"
    a.get_by_role("button", name="Mute drums").click()
    assert [words for words, _ in heard()] == ["Mix", "Mix", "Mix"]
    page.locator('[data-role="b"]').get_by_role("button", name="Solo bass").click()
    assert [words for words, _ in heard()] == ["Solo: bass", "Mix", "Solo: bass"]
    a.get_by_role("button", name="Only: drums").click()
    assert [words for words, _ in heard()] == ["Only: drums", "Only: drums", "Solo: bass"]
    query.get_by_label("Same loudness").check()
    assert [matched for _, matched in heard()] == [True, True, True]


@browser_test
def test_a_cell_plays_the_stem_of_the_query_and_then_that_of_the_other_song(
    show: Callable[..., Page], made: str
) -> None:
    page = show(made)
    page.evaluate(
        "globalThis.told = []; for (const [role, player] of audiolime.page.byRole) player.root.addEventListener("
        "'audiolime:state', ({ detail }) => { if (detail.state === 'playing') "
        "told.push([role, player.words(), Math.round(player.position())]) })"
    )
    cell = page.locator('[data-pair="a"][data-row="drums"][data-column="drums"]')
    cell.focus()
    page.keyboard.press("Enter")
    assert cell.get_attribute("aria-pressed") == "true"
    wait(page, "told.length >= 1 && document.querySelector('.cell-heard').textContent === 'drums of the query'")
    wait(page, "document.querySelector('.cell-heard').textContent === 'drums of A & Co'")
    wait(page, "audiolime.page.cells.current === null")
    first = [page.evaluate(f"told.find(([role]) => role === '{role}')") for role in ("query", "a")]
    assert first == [["query", "Solo: drums", 2], ["a", "Solo: drums", 2]]
    assert page.evaluate("[...audiolime.page.byRole.values()].map(p => [p.words(), p.busy])") == [["Mix", False]] * 3
    assert cell.get_attribute("aria-pressed") == "false"


@browser_test
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_nothing_serious_and_the_page_fits(
    show: Callable[..., Page], made: str, scheme: str, width: int
) -> None:
    page = show(made, color_scheme=scheme, viewport={"width": width, "height": 800})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_result_is_written_by_write_page(over: Why, tmp_path: Path) -> None:
    page = write_page(over, tmp_path / "why.html", title="Why, then?", audio=None)
    text = page.read_text(encoding="utf-8")
    assert "<title>Why, then?</title>" in text
    assert 'class="audiolime"' not in text
    assert json.loads(text.partition('class="why-data">')[2].partition("<")[0]) == {"songs": []}


def test_what_is_rounded_and_what_a_rows_sum_is_are_said(over: Why) -> None:
    given = planted.songs()
    single = why_html(why(given["query"], given["a"], model=planted.MODEL, cache=False), audio=None)
    both, whole = why_html(over, audio=None), why_html(planted.of_one_stem(), audio=None)
    assert "adds in all, its bar above; a single pair" in single
    assert "adds in all, as in the table above; a single pair" in both
    assert "adds in all; a single pair" in whole
    assert ["the last digit of a sum can be off" in text for text in (single, both, whole)] == [True, True, False]
    assert f"<b>Similarity:</b> {over.space.meaning}." in html.unescape(single)


def test_the_command_on_a_page_keeps_its_title(over: Why) -> None:
    titled, plain = (html.unescape(why_html(over, audio=None, title=title)) for title in ("It's near", None))
    assert """ '--title=It'"'"'s near' -o why.html""" in titled
    assert "--title" not in plain


def test_a_player_counts_in_the_seconds_of_its_song(over: Why) -> None:
    found = replace(excerpts(over)[0], start_s=1.0)
    assert "the player holds 0:01.0–0:04.0" in found.told
    assert '"start_s":1.0' in players([found], {})["query"]


@browser_test
@pytest.mark.parametrize("width", [1280, 400])
def test_no_table_of_long_names_is_cut(show: Callable[..., Page], over: Why, width: int) -> None:
    """Names of songs are broken, so that the numbers of every song are seen."""
    long = [
        replace(song, query=replace(song.query, name="lib/" + 6 * "long_name" + ".ogg")) for song in over.candidates
    ]
    page = show(why_html(replace(over, candidates=tuple(long))), viewport={"width": width, "height": 800})
    tables = page.locator(".explanation .scroll, .maps .scroll")
    assert tables.count() == 3
    for i in range(3):
        assert tables.nth(i).evaluate("box => box.scrollWidth - box.clientWidth") == 0
