"""Playlists: relative, UTF-8, and nothing left out silently."""

from __future__ import annotations

from pathlib import Path

from audiolime_ext.recommendation.playlists.m3u import Entry, m3u8_of


def lines(*entries: Entry) -> list[str]:
    return m3u8_of(entries, Path("/lists")).splitlines()


def test_names_paths_and_lengths() -> None:
    songs = [Entry("Ünder", 61.6, Path("/lists/a b/ü.ogg")), Entry("none", None, Path("/music/b.ogg"))]
    assert lines(*songs) == ["#EXTM3U", "#EXTINF:62,Ünder", "a b/ü.ogg", "#EXTINF:-1,none", "../music/b.ogg"]


def test_a_path_that_looks_like_a_comment_is_none() -> None:
    assert lines(Entry("x", 1.0, Path("/lists/#1.ogg")))[-1] == "./#1.ogg"


def test_names_cannot_add_lines() -> None:
    found = lines(Entry("a\n/etc/passwd", 1.0, Path("/lists/a.ogg")))
    assert found == ["#EXTM3U", "#EXTINF:1,a\\x0a/etc/passwd", "a.ogg"]


def test_what_cannot_be_listed_is_a_comment() -> None:
    odd = [Entry("catalogue", 1.0, None), Entry("odd", 1.0, Path("/lists/new\nline.ogg"))]
    assert lines(*odd)[1:] == [
        "# left out, no file: catalogue",
        "# left out, a path that no playlist can hold: new\\x0aline.ogg",
    ]
    assert lines(Entry("bytes", 1.0, Path("/lists/caf\udce9.ogg")))[1].endswith("caf\\xe9.ogg")
