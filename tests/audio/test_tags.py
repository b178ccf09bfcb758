"""Tags are read from real files of every kind that has them, and never cost a song."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audiolime_ext.audio import tags
from audiolime_ext.audio.tags import LONGEST, MISSING, Tags, one_line, read_tags, readable, year_of

mutagen: Any = pytest.importorskip("mutagen")
id3: Any = pytest.importorskip("mutagen.id3")

SR = 8000
SONG = Tags("Feelings", "Ane; Bo", "Ezer Év", "Rock; Metal", 2011)
BY_SOUNDFILE = {
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "wav": ("WAV", "PCM_16"),
    "aiff": ("AIFF", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
}
BY_AV = {"m4a": ("mp4", "aac"), "wma": ("asf", "wmav2"), "wv": ("wv", "wavpack")}
FIELDS = ("title", "artist", "album", "genre", "date")
BY_ID3 = (".mp3", ".wav", ".aiff")
THEIRS = {
    **{ending: dict(zip(FIELDS, ("TIT2", "TPE1", "TALB", "TCON", "TDRC"), strict=True)) for ending in BY_ID3},
    ".m4a": dict(zip(FIELDS, ("\xa9nam", "\xa9ART", "\xa9alb", "\xa9gen", "\xa9day"), strict=True)),
    ".wma": dict(zip(FIELDS, ("Title", "Author", "WM/AlbumTitle", "WM/Genre", "WM/Year"), strict=True)),
    ".wv": {"date": "Year"},
}


def sound(folder: Path, ending: str) -> Path:
    """Noise, encoded."""
    path = folder / f"song.{ending}"
    noise = np.random.default_rng(0).normal(0, 0.1, (1, SR)).astype(np.float32)
    if ending in BY_SOUNDFILE:
        format, subtype = BY_SOUNDFILE[ending]
        soundfile.write(path, noise[0], SR, format=format, subtype=subtype)
        return path
    av = pytest.importorskip("av")
    format, codec = BY_AV[ending]
    with av.open(str(path), "w", format=format) as container:
        stream = container.add_stream(codec, rate=44100, layout="mono")
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(noise, format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def tagged(path: Path, **texts: list[str]) -> Path:
    """Write tags as each format has them."""
    file: Any = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    for name, text in texts.items():
        theirs = THEIRS.get(path.suffix, {}).get(name, name)
        file.tags[theirs] = getattr(id3, theirs)(encoding=3, text=text) if path.suffix in BY_ID3 else text
    file.save()
    return path


@pytest.mark.parametrize("ending", [*BY_SOUNDFILE, *BY_AV])
def test_every_kind_of_file_says_the_same(tmp_path: Path, ending: str) -> None:
    path = sound(tmp_path, ending)
    assert read_tags(path) == Tags()
    tagged(
        path,
        title=["Feelings"],
        artist=["Ane", "Bo"],
        album=["Ezer Év"],
        genre=["Rock", "Metal"],
        date=["2011-05-03"],
    )
    assert read_tags(path) == SONG


def test_genres_of_id3_that_are_numbers_are_named(tmp_path: Path) -> None:
    assert read_tags(tagged(sound(tmp_path, "mp3"), genre=["(17)"])).genre == "Rock"


def test_a_tag_is_one_line_that_can_be_shown(tmp_path: Path) -> None:
    path = tagged(
        sound(tmp_path, "flac"),
        title=["new\nline\u2028\u202e!"],
        artist=["", " \x1b[2J "],
        album=["\t"],
        genre=["x" * 10_000] * 100,
        date=["", "unknown", "05/1999"],
    )
    found = read_tags(path)
    assert found == Tags("new line !", "[2J", None, "x" * (LONGEST - 1) + "…", 1999)


def test_a_name_is_one_however_it_was_typed() -> None:
    assert one_line("Ezer E\u0301v") == one_line("Ezer Év") == "Ezer Év"
    assert one_line("caf\udce9") == "caf"
    assert one_line("") is one_line(None) is one_line(" \0\n") is None
    assert tags.BETWEEN == "; ", "catalogues are written alike"


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("1999", 1999),
        ("2011-05-03T10:00:00", 2011),
        ("2009-01-05 00:00:00", 2009),
        ("20110503", 2011),
        ("May 3, 2011", 2011),
        ("3.5.2011", 2011),
        ("0999", None),
        ("9999", None),
        ("123456", None),
        ("", None),
        (None, None),
    ],
)
def test_years_are_found_in_dates(text: str | None, year: int | None) -> None:
    assert year_of(text) == year


@pytest.mark.parametrize("ending", ["mp3", "ogg", "flac", "m4a"])
def test_broken_tags_cost_nothing_but_themselves(tmp_path: Path, ending: str) -> None:
    path = tagged(sound(tmp_path, ending), title=["Feelings"], artist=["Ane"])
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    for n in range(60):
        damaged = bytearray(content[: int(rng.integers(4, len(content))) if n % 2 else None])
        for at in rng.integers(0, min(len(damaged), 1000), 20):
            damaged[at] = rng.integers(256)
        path.write_bytes(damaged)
        found = read_tags(path)
        assert found.reason == "" or found == Tags(reason=found.reason)
        assert len(found.reason) <= LONGEST


def test_what_is_no_sound_file_has_a_reason_or_no_tags(tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_text("no sound")
    (tmp_path / "empty.ogg").touch()
    assert read_tags(tmp_path / "text.mp3").reason.startswith("HeaderNotFoundError: ")
    assert read_tags(tmp_path / "empty.ogg").title is None
    assert "No such file" in read_tags(tmp_path / "none.ogg").reason
    assert read_tags(tmp_path).reason == "Unreadable: it is a folder"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    assert read_tags(tmp_path / "pipe.mp3") == Tags(reason="Unreadable: it is a pipe")


@pytest.mark.parametrize("ending", ["mp3", "flac", "ogg"])
def test_without_the_package_libsndfile_reads_what_it_knows_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: str
) -> None:
    path = tagged(
        sound(tmp_path, ending),
        title=["Feelings"],
        artist=["Ane", "Bo"],
        album=["Ezer Év"],
        genre=["Rock", "Metal"],
        date=["2011-05-03"],
    )
    (tmp_path / "text.mp3").write_text("no sound")
    assert readable()
    monkeypatch.setitem(sys.modules, "mutagen", None)
    assert not readable()
    assert read_tags(path) == replace(SONG, artist="Ane", genre="Rock")
    assert "of several artists or genres one" in MISSING
    assert read_tags(tmp_path / "text.mp3").reason.startswith("LibsndfileError: ")
