"""Playlists: relative, UTF-8, and nothing left out silently."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.playlists.m3u import Entry, Gap, Named, Playable, m3u8_of, read_m3u8, told_of


def paths_in(listed: Path) -> list[Path]:
    entries = (entry for entry in read_m3u8(listed).entries if isinstance(entry, Named))
    return [Path(os.path.normpath(entry.path)) for entry in entries]


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
        "# left out, a path with control characters: new\\x0aline.ogg",
    ]
    assert lines(Entry("bytes", 1.0, Path("/lists/caf\udce9.ogg")))[1] == (
        "# left out, a path that is not UTF-8: caf\\xe9.ogg"
    )
    assert lines(Entry("tab", 1.0, Path("/lists/a\tb.ogg")))[1].startswith("# left out, a path with control characters")
    assert lines(Entry("backslash", 1.0, Path(r"/lists/\xe9.ogg")))[2] == r"\xe9.ogg"


def test_what_a_playlist_cannot_hold_is_told_and_one_that_can_hold_nothing_is_refused(tmp_path: Path) -> None:
    lost, there = Entry("Air", 1.0, None), Entry("Jig", 1.0, tmp_path / "a.ogg")
    assert told_of([lost, there, Entry("Reel", 1.0, tmp_path / "a\tb.ogg")], tmp_path) == (
        "2 of 3 songs are not in it: Air (no file), Reel (a path with control characters)"
    )
    assert told_of([there], tmp_path) == ""

    class Some(Playable):
        def entries(self) -> list[Entry]:
            return [lost]

    with pytest.raises(UsageError, match=r"no playlist can hold what was found: Air \(no file\); index files"):
        Some().write_m3u8(tmp_path / "list.m3u8")
    assert not (tmp_path / "list.m3u8").exists()


def test_from_a_linked_folder_a_player_finds_the_files(tmp_path: Path) -> None:
    (tmp_path / "deep" / "x" / "y").mkdir(parents=True)
    (tmp_path / "music").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "x" / "y")
    (tmp_path / "songs").symlink_to(tmp_path / "music")
    (tmp_path / "music" / "a.ogg").write_bytes(b"sound")
    for folder in (tmp_path / "link", tmp_path / "deep"):
        for music in ("music", "songs"):
            path = m3u8_of([Entry("a", 1.0, tmp_path / music / "a.ogg")], folder).splitlines()[-1]
            with open(os.path.join(folder, path), "rb") as file:  # noqa: PTH118, PTH123 - as the system finds it
                assert file.read() == b"sound"


@pytest.mark.parametrize("name", [" lead.ogg", "trail.ogg ", "#1.ogg", "http:x.ogg", "\ufeffmark.ogg", "100%20.ogg"])
def test_a_name_that_would_be_misread_is_read_back(name: str, tmp_path: Path) -> None:
    (path := tmp_path / name).touch()
    text = m3u8_of([Entry("x", 1.0, path)], tmp_path)
    assert text.splitlines()[2].startswith("./") or name == "100%20.ogg"
    (listed := tmp_path / "list.m3u8").write_text(text, encoding="utf-8")
    assert paths_in(listed) == [path]


def test_what_other_players_write_is_read_in_several_ways(tmp_path: Path) -> None:
    (listed := tmp_path / "list.m3u8").write_bytes(b"a%20b.ogg\r\nc\\d.ogg\r\ne%20\\f.ogg \r\n")
    first, second, third = (entry.readings for entry in read_m3u8(listed).entries if isinstance(entry, Named))
    assert [path.name for path in first] == ["a%20b.ogg", "a b.ogg"]
    assert tmp_path / "c" / "d.ogg" in second
    assert (third[0].name, third[-1]) == ("e%20\\f.ogg ", tmp_path / "e " / "f.ogg")


def test_a_list_is_read_as_it_is_written_and_with_what_other_players_write(tmp_path: Path) -> None:
    paths = [tmp_path / "a b" / "ü.ogg", tmp_path / "#1.ogg", tmp_path.parent / "c.ogg"]
    listed = tmp_path / "list.m3u8"
    listed.write_text(m3u8_of([Entry("x", 1.0, path) for path in paths], tmp_path), encoding="utf-8-sig")
    assert paths_in(listed) == paths
    uri = paths[0].as_uri()
    listed.write_bytes(f"#EXTM3U\r\n# a comment\r\n\r\n{uri}\r\n/abs/d.ogg\r\n".encode())
    assert paths_in(listed) == [paths[0], Path("/abs/d.ogg")]


def test_gaps_are_songs_or_minutes_or_open(tmp_path: Path) -> None:
    listed = tmp_path / "list.m3u8"
    listed.write_text("# gap 3\n#gap: 1 song\n# GAP 12.5 min\n# gap\n# gapless\n", encoding="utf-8")
    assert read_m3u8(listed).entries == (Gap(3), Gap(1), Gap(minutes=12.5), Gap())


@pytest.mark.parametrize("odd", ["# gap 0", "# gap some", "# gap 3 hours", "# gap -1", "# gap 0 min"])
def test_a_gap_that_cannot_be_understood_is_told(odd: str, tmp_path: Path) -> None:
    listed = tmp_path / "list.m3u8"
    listed.write_text(f"a.ogg\n{odd}\n", encoding="utf-8")
    found = read_m3u8(listed)
    assert found.odd_gaps == (f"line 2 of list.m3u8 has a gap of {odd.removeprefix('# gap ')!r}",)
    assert paths_in(listed) == [tmp_path / "a.ogg"]


@pytest.mark.parametrize("comment", ["# Gap Band, Outstanding", "# gap year songs", "# gaps", "#EXTART:Gap"])
def test_a_comment_about_something_else_is_no_gap(comment: str, tmp_path: Path) -> None:
    (listed := tmp_path / "list.m3u8").write_text(f"{comment}\na.ogg\n", encoding="utf-8")
    found = read_m3u8(listed)
    assert (len(found.entries), found.odd_gaps) == (1, ())


def test_what_is_no_file_of_this_machine_is_named(tmp_path: Path) -> None:
    listed = tmp_path / "list.m3u8"
    odd = ["http://radio/a", "file://server/share/b.ogg", "file:///c%00.ogg", "spotify://x"]
    listed.write_text("\n".join([*odd, "d.ogg"]), encoding="utf-8")
    found = read_m3u8(listed)
    assert paths_in(listed) == [tmp_path / "d.ogg"]
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
