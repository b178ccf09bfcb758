"""Playlists: relative, UTF-8, and nothing left out silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.playlists.m3u import Entry, Gap, m3u8_of, read_m3u8


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


def test_a_list_is_read_as_it_is_written_and_with_what_other_players_write(tmp_path: Path) -> None:
    paths = [tmp_path / "a b" / "ü.ogg", tmp_path / "#1.ogg", tmp_path.parent / "c.ogg"]
    listed = tmp_path / "list.m3u8"
    listed.write_text(m3u8_of([Entry("x", 1.0, path) for path in paths], tmp_path), encoding="utf-8-sig")
    assert read_m3u8(listed).entries == tuple(paths)
    uri = paths[0].as_uri()
    listed.write_bytes(f"#EXTM3U\r\n# a comment\r\n\r\n{uri}\r\n/abs/d.ogg\r\n".encode())
    assert read_m3u8(listed).entries == (paths[0], Path("/abs/d.ogg"))


def test_gaps_are_songs_or_minutes_or_open(tmp_path: Path) -> None:
    listed = tmp_path / "list.m3u8"
    listed.write_text("# gap 3\n#gap: 1 song\n# GAP 12.5 min\n# gap\n# gapless\n", encoding="utf-8")
    assert read_m3u8(listed).entries == (Gap(3), Gap(1), Gap(minutes=12.5), Gap())


@pytest.mark.parametrize("odd", ["# gap 0", "# gap some", "# gap 3 hours", "# gap -1", "# gap 0 min"])
def test_a_gap_that_cannot_be_understood_is_refused(odd: str, tmp_path: Path) -> None:
    listed = tmp_path / "list.m3u8"
    listed.write_text(f"a.ogg\n{odd}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"line 2 of list.m3u8 has a gap of"):
        read_m3u8(listed)


def test_what_is_no_file_of_this_machine_is_named(tmp_path: Path) -> None:
    listed = tmp_path / "list.m3u8"
    odd = ["http://radio/a", "file://server/share/b.ogg", "file:///c%00.ogg", "spotify://x"]
    listed.write_text("\n".join([*odd, "d.ogg"]), encoding="utf-8")
    found = read_m3u8(listed)
    assert found.entries == (tmp_path / "d.ogg",)
    assert found.notes[0].startswith(
        "4 lines of list.m3u8 name no file of this machine: http://radio/a, file://server/"
    )


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the playlist"):
        read_m3u8(tmp_path / "gone.m3u8")
    with pytest.raises(UsageError, match="cannot read the playlist"):
        read_m3u8(tmp_path)
    (tmp_path / "latin.m3u").write_bytes("café.ogg".encode("latin-1"))
    with pytest.raises(UsageError, match="is not UTF-8"):
        read_m3u8(tmp_path / "latin.m3u")
