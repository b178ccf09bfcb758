"""Playlists as players read and write them: extended M3U in UTF-8, ``.m3u8`` [1]_.

Each song is two lines, ``#EXTINF:<seconds>,<name>`` (−1: length unknown) and its path, relative to the playlist's
folder, so that both can move together. A song without a file, or whose path is not text of one line, is a comment that
says so: *nothing is left out silently*.

What is read may begin with a byte-order mark; its lines that begin with ``#`` are comments, except ``# gap``: a place
where songs are to be filled in. A path may be relative to the list, absolute, or a ``file://`` address of this machine.

References
----------
.. [1] Pantos and May, "HTTP Live Streaming", RFC 8216, section 4 (the format of extended M3U files).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.names import exact, legible
from audiolime_ext.files.reading import no_text, text_of
from audiolime_ext.text import counted

_GAP = re.compile(r"#\s*gap\b\s*:?\s*(.*)", re.IGNORECASE)
_SONGS = re.compile(r"(\d{1,6})(?:\s*songs?)?", re.IGNORECASE)
_MINUTES = re.compile(r"(\d{1,6}(?:\.\d+)?)\s*(?:min|minutes?)\.?", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
_SHOWN = 3


@dataclass(frozen=True)
class Entry:
    """A song of a playlist: its `name`, its length `duration_s` in seconds, and its `file`; None where not known."""

    name: str
    duration_s: float | None
    file: Path | None


@dataclass(frozen=True)
class Gap:
    """A place in a list where songs are to be filled in: so many `songs`, or `minutes` of them; neither: it is open."""

    songs: int | None = None
    minutes: float | None = None


@dataclass(frozen=True)
class Listed:
    """A list that was read: `entries`, paths and gaps in their order, and `notes` on lines that are neither."""

    entries: tuple[Path | Gap, ...]
    notes: tuple[str, ...] = ()


def read_m3u8(path: str | os.PathLike[str]) -> Listed:
    r"""The songs and the gaps of a playlist.

    Parameters
    ----------
    path : path
        Playlist to read, in UTF-8, with or without a byte-order mark.

    Raises
    ------
    UsageError
        If it cannot be read, is no text, or has a gap that cannot be understood.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "list.m3u8")
    ...     _ = path.write_text("#EXTM3U\na.ogg\n# gap 2\nhttp://radio/b", encoding="utf-8")
    ...     found = read_m3u8(path)
    ...     [entry.name if isinstance(entry, Path) else entry for entry in found.entries], found.notes
    (['a.ogg', Gap(songs=2, minutes=None)], ('1 line of list.m3u8 names no file of this machine: http://radio/b',))
    """
    path = Path(path)
    try:
        text = text_of(path)
    except UnicodeDecodeError as error:
        raise UsageError(no_text(legible(path), error)) from error
    except OSError as error:
        raise UsageError(f"cannot read the playlist {legible(path)}: {error.strerror or error}") from error
    entries, odd = list[Path | Gap](), list[str]()
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if (gap := _GAP.fullmatch(line)) is not None:
            entries.append(_gap(gap[1].strip(), f"line {number} of {legible(path.name)}"))
        elif line and not line.startswith("#"):
            file = _file(line)
            odd += [] if file else [line]
            entries += [Path(os.path.normpath(path.parent / file))] if file else []
    if not odd:
        return Listed(tuple(entries))
    lines = counted(len(odd), f"line of {legible(path.name)} names", f"lines of {legible(path.name)} name")
    more = " …" if len(odd) > _SHOWN else ""
    note = f"{lines} no file of this machine: {', '.join(map(legible, odd[:_SHOWN]))}{more}"
    return Listed(tuple(entries), (note,))


def _gap(told: str, where: str) -> Gap:
    if not told:
        return Gap()
    if (songs := _SONGS.fullmatch(told)) is not None and int(songs[1]) > 0:
        return Gap(songs=int(songs[1]))
    if (minutes := _MINUTES.fullmatch(told)) is not None and float(minutes[1]) > 0:
        return Gap(minutes=float(minutes[1]))
    raise UsageError(
        f"{where} has a gap of {legible(told)!r}; write how many songs (# gap 3), or minutes (# gap 12 min)"
    )


def _file(line: str) -> str | None:
    """The path that a line names; None for an address elsewhere."""
    if not _ADDRESS.match(line):
        return exact(line)
    try:
        address = urlsplit(line)
    except ValueError:
        return None
    if address.scheme.lower() != "file" or address.netloc.lower() not in ("", "localhost") or "%00" in address.path:
        return None
    return unquote(address.path, errors="surrogateescape")


def m3u8_of(entries: Iterable[Entry], folder: Path) -> str:
    """The text of a playlist that lies in `folder`.

    Examples
    --------
    >>> entries = [Entry("Sectoid – Feelings", 200.4, Path("/music/a.ogg")), Entry("?", None, None)]
    >>> print(m3u8_of(entries, Path("/lists")))
    #EXTM3U
    #EXTINF:200,Sectoid – Feelings
    ../music/a.ogg
    # left out, no file: ?
    """
    lines = ["#EXTM3U"]
    for entry in entries:
        if entry.file is None:
            lines.append(f"# left out, no file: {legible(entry.name)}")
            continue
        path = _relative(entry.file, folder)
        if legible(path) != path:
            lines.append(f"# left out, a path that no playlist can hold: {legible(path)}")
            continue
        seconds = -1 if entry.duration_s is None else round(entry.duration_s)
        lines += [f"#EXTINF:{seconds},{legible(entry.name)}", path]
    return "\n".join([*lines, ""])


def _relative(file: Path, folder: Path) -> str:
    try:
        path = os.path.relpath(file, folder)
    except ValueError:  # another drive of Windows
        path = os.path.abspath(file)  # noqa: PTH100 - links stay as they are
    path = path.replace(os.sep, "/")
    return f"./{path}" if path.startswith("#") else path


class Playable:
    """A result that can be handed to players, as the songs that it lists."""

    def entries(self) -> list[Entry]:
        """The songs as a playlist names them."""
        raise NotImplementedError

    def write_m3u8(self, path: str | os.PathLike[str]) -> Path:
        """Write the songs as a playlist (see `audiolime_ext.recommendation.playlists.m3u`) and return its path.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        target = Path(path)
        write_bytes(self.to_m3u8(target.parent).encode(), target)
        return target

    def to_m3u8(self, folder: str | os.PathLike[str] = ".") -> str:
        """The songs as the text of a playlist for a file in `folder`, which their paths are relative to."""
        return m3u8_of(self.entries(), Path(folder))


def entries_of(folder: Path, names: Iterable[str], songs: Iterable[Song]) -> list[Entry]:
    """Songs of an index in `folder`, under these names, as entries of a playlist."""
    return [
        Entry(name, song.duration_s, None if song.path is None else folder / song.path)
        for name, song in zip(names, songs, strict=True)
    ]
