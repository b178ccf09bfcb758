"""The page of the nearest songs: what is listed, what is played, and why a song cannot be."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser

from audiolime_ext import Audio, similar, write_page
from audiolime_ext.collection.songs import Song
from audiolime_ext.files.reading import sha256_of
from audiolime_ext.recommendation.result import Similar
from audiolime_ext.recommendation.space import meaning
from audiolime_ext.recommendation.telling import PAIRS
from audiolime_ext.recommendation.why.matrix import StemMatrix
from audiolime_ext.report.neighbours.nearest import EXCERPT_S, RANKED_IS, similar_html
from tests.browser.pages import opened
from tests.recommendation.planted import collection
from tests.report.neighbours.planted import EVIL
from tests.report.player.test_player import violations

SR = 8000


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Similar:
    """Five songs with features; the file of one is gone, that of another was changed, and one has an odd name."""
    folder = tmp_path_factory.mktemp("music")
    songs = []
    for number, name in enumerate(["Query", "Loud", "Soft", "Gone", "Changed", EVIL]):
        level = 0.02 if name == "Soft" else 0.3
        wave = level * np.sin(2 * np.pi * (200 + 100 * number) * np.arange(12 * SR) / SR)
        path = Audio(wave[None].astype(np.float32), SR).write(folder / f"{number}.wav")
        songs.append(Song(sha256_of(path), path.name, title=name))
    (folder / "3.wav").unlink()
    (folder / "4.wav").write_bytes((folder / "1.wav").read_bytes())
    vectors = [[1, 0], [0.9, 0.1], [0.8, 0.3], [0.7, 0.2], [0.1, 0.7], [0, 1]]
    index = collection(vectors, folder=folder, songs=tuple(songs), labels=["tempo", "energy"])
    return similar("Query", index, k=5, hubs=None)


@pytest.fixture(scope="module")
def html(found: Similar) -> str:
    return similar_html(found)


def played(html: str) -> list[np.ndarray]:
    encoded = re.findall(r'src="data:audio/mpeg;base64,([^"]+)"', html)
    return [soundfile.read(io.BytesIO(base64.b64decode(one)))[0] for one in encoded]


def test_the_middle_of_every_song_is_played_equally_loud(html: str) -> None:
    sounds = played(html)
    assert len(sounds) == 4  # the query, and three of the five
    assert [len(sound) / SR for sound in sounds] == pytest.approx([EXCERPT_S] * 4, abs=0.2)
    assert all(sound.ndim == 1 for sound in sounds)
    levels = [10 * np.log10(np.mean(sound[SR:-SR] ** 2)) for sound in sounds]
    assert levels == pytest.approx([levels[0]] * 4, abs=0.1)
    assert "0:02.0–0:10.0" in html


def test_a_song_whose_file_is_gone_or_was_changed_is_listed_and_why_it_is_not_played_is_said(html: str) -> None:
    assert "its file is gone" in html
    assert "its file was changed since it was indexed" in html
    assert html.count("<li><p") == 5


def test_contributions_are_bars_and_names_are_text(html: str) -> None:
    assert "mostly by" in html
    assert html.count("what adds to the similarity") == 5
    assert EVIL not in html
    assert "&lt;script&gt;alert(1)" in html


def test_reasons_by_stems_are_shown_where_they_are_known(found: Similar) -> None:
    names = ("silence", "drums", "bass")
    matrix = StemMatrix(names, names, np.array([[0.1, 0.0, 0.0], [0.0, 0.4, 0.1], [0.0, 0.0, -0.2]]))
    rows = [replace(row, contributions={}) for row in found.rows]
    rows[1] = replace(rows[1], matrix=matrix)
    text = similar_html(replace(found, rows=tuple(rows)), audio=False)
    assert text.count("mostly by") == 1
    assert "mostly by drums–drums +0.40, drums–bass +0.10, against bass–bass −0.20" in text
    assert text.count("Rows are parts of the query") == 1
    assert "All pairs, in the table below each song, add up to the similarity" in text
    assert "Mostly by:" not in similar_html(found, audio=False)
    assert "<audio" not in text


def test_a_query_that_is_a_vector_has_no_sound_and_that_is_said(found: Similar) -> None:
    text = similar_html(replace(found, queries=("the vector",), sounds=(None,)))
    assert "there is no sound of it" in text
    assert similar_html(replace(found, queries=("the vector",), sounds=())).count("there is no sound of it") == 1


@pytest.mark.browser
def test_one_song_plays_at_a_time_and_the_page_fits(browser: Browser, tmp_path: Path, html: str) -> None:
    with opened(browser, tmp_path, html, viewport={"width": 360, "height": 700}) as page:
        assert page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") < 2000
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.evaluate("document.querySelectorAll('audio')[0].play()")
        page.evaluate("document.querySelectorAll('audio')[1].play()")
        page.wait_for_timeout(50)
        assert page.evaluate("[...document.querySelectorAll('audio')].map(one => one.paused)")[:2] == [True, False]


def test_the_list_is_written_by_write_page(found: Similar, tmp_path: Path) -> None:
    text = write_page(found, tmp_path / "near.html", title="Near", audio=False).read_text(encoding="utf-8")
    assert "<title>Near</title>" in text
    assert "<h2>nearest</h2>" in text


def test_what_a_similarity_means_is_said_for_the_space_it_is_of(found: Similar) -> None:
    text = similar_html(found, audio=False)
    assert "<b>Similarity:</b> 1: the two differ from the average of the collection in the same way; 0: in ways" in text
    assert f"<b>Similarity:</b> {meaning()}." in similar_html(replace(found, space="plain"), audio=False)
    assert "the last digit of a sum can be off" in text


def test_what_ranks_is_explained_and_specs_are_folded_away(found: Similar) -> None:
    hears = replace(found, model="musicnn:MSD_musicnn?layer=penultimate")
    for ranked in ("similarity", *RANKED_IS):
        text = similar_html(replace(hears, ranked_by=ranked), audio=False)
        assert f"By {ranked}, as the model musicnn hears them." in text
        assert ranked == "similarity" or f"<b>{ranked.capitalize()}:</b> {RANKED_IS[ranked]}." in text
        assert text.index("<footer>") < text.index("MSD_musicnn")
    assert "By similarity, in the vectors of the catalogue." in similar_html(found, audio=False)


def test_what_pairs_of_stems_are_stands_once_and_above_the_list(found: Similar) -> None:
    names = ("silence", "drums")
    rows = tuple(
        replace(row, contributions={}, matrix=StemMatrix(names, names, np.array([[0.1, 0.0], [0.0, 0.4]])))
        for row in found.rows
    )
    text = similar_html(replace(found, rows=rows, notes=(PAIRS.format(where=" (in the JSON)"),)), audio=False)
    assert "JSON" not in text
    assert text.index("<b>Mostly by:</b> what adds most") < text.index("<main>")
