"""The page of a playlist: what is listed, drawn and said; one sound at a time; it fits a telephone."""

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

from audiolime_ext import Audio, playlist, write_page
from audiolime_ext.collection.songs import Song
from audiolime_ext.files.reading import sha256_of
from audiolime_ext.recommendation.playlists.result import Playlist
from audiolime_ext.recommendation.why.matrix import StemMatrix
from audiolime_ext.report.playlists import page as page_module
from audiolime_ext.report.playlists.crossfades import FADE_S, PART_S, crossfades
from audiolime_ext.report.playlists.page import playlist_html
from tests.browser.pages import opened
from tests.recommendation.planted import collection
from tests.report.neighbours.planted import EVIL
from tests.report.player.test_player import violations

SR = 8000


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Playlist:
    """Five songs with two seconds of silence at both ends; the file of one is gone, and one has an odd name."""
    folder = tmp_path_factory.mktemp("music")
    songs = []
    for number, name in enumerate(["One", "Loud", "Soft", EVIL, "Gone"]):
        level = 0.02 if name == "Soft" else 0.3
        wave = level * np.sin(2 * np.pi * (200 + 100 * number) * np.arange(20 * SR) / SR)
        wave[: 2 * SR] = wave[-2 * SR :] = 0
        path = Audio(wave[None].astype(np.float32), SR).write(folder / f"{number}.wav")
        songs.append(Song(sha256_of(path), path.name, title=name, duration_s=20.0))
    (folder / "4.wav").unlink()
    vectors = [[1, 0], [0.9, 0.1], [0.8, 0.3], [0.4, 0.5], [0.1, 0.7]]
    index = collection(vectors, folder=folder, songs=tuple(songs), labels=["tempo", "energy"])
    return playlist(index, n=5, start="Gone", curve="rising", column="tempo")


@pytest.fixture(scope="module")
def html(found: Playlist) -> str:
    return playlist_html(found)


def played(html: str) -> list[np.ndarray]:
    encoded = re.findall(r'src="data:audio/mpeg;base64,([^"]+)"', html)
    return [soundfile.read(io.BytesIO(base64.b64decode(one)))[0] for one in encoded]


def test_the_end_of_a_song_fades_into_the_next_equally_loud_and_without_silence(html: str) -> None:
    sounds = played(html)
    assert len(sounds) == 3  # of four transitions
    assert [len(sound) / SR for sound in sounds] == pytest.approx([2 * PART_S - FADE_S] * 3, abs=0.2)
    ends = [part for sound in sounds for part in (sound[SR : 4 * SR], sound[-4 * SR : -SR])]
    levels = [10 * np.log10(np.mean(part**2)) for part in ends]
    assert levels == pytest.approx([levels[0]] * 6, abs=0.3)
    assert max(np.abs(sound).max() for sound in sounds) <= 1
    assert html.count("0:10.0–0:18.0 (") == 3
    assert html.count(") into 0:02.0–0:10.0 (") == 3


def test_a_song_that_fades_out_does_so_and_lengths_are_those_of_this_list(tmp_path: Path) -> None:
    """Planted: the second song fades from full to a hundredth; its end stays 20 dB or more below its beginning."""
    songs, wave = [], 0.4 * np.sin(2 * np.pi * 300 * np.arange(6 * SR) / SR)
    for number, shape in enumerate([np.ones(6 * SR), np.geomspace(1, 0.01, 6 * SR), np.ones(6 * SR)]):
        path = Audio((wave * shape)[None].astype(np.float32), SR).write(tmp_path / f"{number}.wav")
        songs.append(Song(sha256_of(path), path.name, title=str(number), duration_s=6.0))
    index = collection([[1, 0], [0.9, 0.1], [0.8, 0.3]], folder=tmp_path, songs=tuple(songs))
    found = playlist(index, songs=["0", "1", "2"], fixed={1: "0", 2: "1"})
    html = playlist_html(found)
    first, second = crossfades(tmp_path, found.songs)
    assert first.told.split("(")[-1] == second.told.split("(")[1].replace(" into 0:00.0–0:06.0 ", "")
    begins, ends = played(html)
    level = 10 * np.log10(np.mean(begins[4 * SR : 5 * SR] ** 2) / np.mean(ends[2 * SR : 3 * SR] ** 2))
    assert level > 5
    assert "are played: 6 s and 6 s, 3 s of them together, in mono, without silence at the ends." in html


def test_why_a_transition_is_not_played_is_said_and_names_are_text(html: str, found: Playlist) -> None:
    assert "not played: of the first song, its file is gone" in html
    assert EVIL not in html
    assert "&lt;script&gt;alert(1)" in html
    assert html.count('<p class="song">') == 5
    assert html.count("what adds to the similarity") == 4
    assert "; given</p>" in html
    assert found.weak == ()
    assert "which transitions are weak cannot be told: the index has too few songs for that" in html
    assert 'class="limit"' not in html


def test_the_drawings_have_a_bar_for_each_transition_and_a_line_for_each_song(html: str, found: Playlist) -> None:
    steps, curve = re.findall(r'<figure class="drawing">.*?</figure>', html, flags=re.DOTALL)
    assert steps.count("<rect") == 4
    assert steps.count('class="weak"') == len(found.weak)
    assert curve.count('class="song"') == 5
    plain = playlist_html(replace(found, column="", wanted=(), ranks=()), audio=False)
    assert plain.count('<figure class="drawing">') == 1


def test_of_a_long_list_the_first_transitions_are_played_and_that_is_said(
    found: Playlist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "MOST_SOUNDS", 2)
    text = playlist_html(found)
    assert text.count("<audio") == 1
    assert "the page holds the sound of the first 2 transitions" in text
    assert "the page holds" not in playlist_html(found, audio=False)


def test_one_song_stems_and_a_corrected_nearness(found: Playlist) -> None:
    one = playlist_html(replace(found, songs=found.songs[:1], names=found.names[:1], transitions=()))
    assert "One song has no transitions." in one
    names = ("silence", "drums")
    matrix = StemMatrix(names, names, np.array([[0.1, 0.0], [0.0, 0.4]]))
    first = found.transitions[0]
    stems = replace(first, pair=replace(first.pair, contributions={}, matrix=matrix))
    text = playlist_html(replace(found, transitions=(stems, *found.transitions[1:])), audio=False)
    assert "by drums–drums +0.40" in text
    assert "<b>Silence:</b>" in text
    hubs = playlist_html(replace(found, measured_by="mutual proximity"), audio=False)
    assert "<b>Mutual proximity:</b> the similarity, corrected" in hubs


def test_it_is_written_by_write_page(found: Playlist, tmp_path: Path) -> None:
    text = write_page(found, tmp_path / "list.html", title="Mine", audio=False).read_text(encoding="utf-8")
    assert "<title>Mine</title>" in text
    assert "<audio" not in text


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_sound_plays_at_a_time_and_the_page_fits(browser: Browser, tmp_path: Path, html: str, scheme: str) -> None:
    for width in (360, 1200):
        size = {"width": width, "height": 700}
        with opened(browser, tmp_path, html, viewport=size, color_scheme=scheme) as page:
            assert violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.evaluate("document.querySelectorAll('audio')[0].play()")
            page.evaluate("document.querySelectorAll('audio')[1].play()")
            page.wait_for_timeout(50)
            assert page.evaluate("[...document.querySelectorAll('audio')].map(one => one.paused)")[:2] == [True, False]
