"""A page says title and artist of the file that was explained, as text, and keeps the file's name in sight."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiolime_ext import TrackExplanation, explain_track, tagger
from audiolime_ext.report.song.heading import Heading
from audiolime_ext.report.song.index import Entry, write_index
from audiolime_ext.report.song.page import page_html

SR = 8000
LOUDNESS = tagger(lambda batch: np.abs(batch).mean(axis=1, keepdims=True), sr=SR, labels=["loud"], window_s=1.0)
HOSTILE = "<img src=x>\u202e\n1"


def tagged(path: Path, **tags: str) -> Path:
    """Two seconds of noise with tags."""
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * SR)
    kinds = {".ogg": ("OGG", "VORBIS"), ".mp3": ("MP3", "MPEG_LAYER_III"), ".flac": ("FLAC", "PCM_16")}
    format, subtype = kinds[path.suffix]
    with soundfile.SoundFile(path, "w", SR, 1, format=format, subtype=subtype) as file:
        for name, text in tags.items():
            setattr(file, name, text)
        file.write(noise)
    return path


def explained(path: Path) -> TrackExplanation:
    return explain_track(path, LOUDNESS, factorization="hpss", labels=["loud"], cache=False)


def heading(path: Path) -> Heading:
    track = explained(path)
    return Heading.of(track.recording_name, track.provenance)


@pytest.mark.parametrize("ending", ["ogg", "mp3", "flac"])
@pytest.mark.parametrize("with_mutagen", [True, False])
def test_title_and_artist_are_those_of_the_files_tags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, with_mutagen: bool
) -> None:
    if with_mutagen:
        pytest.importorskip("mutagen")
    else:
        monkeypatch.setitem(sys.modules, "mutagen", None)
    path = tagged(tmp_path / f"song.{ending}", title="Silent House", artist="Obsidian Shell")
    assert heading(path) == Heading("song", "Silent House", "Obsidian Shell", f"song.{ending}")


def test_a_page_and_the_index_say_them_and_keep_the_files_name_in_sight(tmp_path: Path) -> None:
    track = explained(tagged(tmp_path / "track 01.ogg", title="Ezer Év", artist="Obsidian Shell"))
    html = page_html(track, audio=None)
    assert "<title>Ezer Év – Obsidian Shell</title>" in html
    assert "<h1>Ezer Év</h1>" in html
    assert '<p class="by">Obsidian Shell, track 01.ogg</p>' in html
    assert "<title>Mine</title>" in page_html(track, audio=None, title="Mine")
    index = write_index([Entry.of(track, "page.html")], tmp_path / "index.html").read_text(encoding="utf-8")
    assert re.search('<a href="page.html">Ezer Év – Obsidian Shell</a><br><span class="soft">track 01</span>', index)


def test_tags_of_strangers_are_one_line_of_text(tmp_path: Path) -> None:
    track = explained(tagged(tmp_path / "song.ogg", title=HOSTILE, artist="x" * 1000))
    html = page_html(track, audio=None)
    assert "<h1>&lt;img src=x&gt; 1</h1>" in html
    assert "\u202e" not in html
    assert "x" * 200 not in html
    assert f"{'x' * 199}…" in html


def test_a_file_that_changed_or_is_gone_gives_its_name_alone(tmp_path: Path) -> None:
    path = tagged(tmp_path / "song.ogg", title="First")
    track = explained(path)
    tagged(path, title="Second")
    assert Heading.of("song", track.provenance) == Heading("song", file="song.ogg")
    path.unlink()
    assert Heading.of("song", track.provenance).text == "song"


def test_several_recordings_on_a_page_are_each_called_by_their_title(tmp_path: Path) -> None:
    one = explained(tagged(tmp_path / "one.ogg", title="ONE"))
    two = explained(tagged(tmp_path / "two.ogg", title="TWO", artist="Obsidian Shell"))
    html = page_html([one, two], audio=None)
    assert "<h1>ONE and TWO</h1>" in html
    assert "<h2>ONE: split into harmonic and percussive parts, heard by a model without a name</h2>" in html
    assert "<h2>TWO – Obsidian Shell: split into harmonic and percussive parts, heard by" in html
    assert 'class="by"' not in html, "the artist of one would stand for both"
