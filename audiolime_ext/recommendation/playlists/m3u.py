"""Playlists as players read and write them: extended M3U in UTF-8, ``.m3u8`` [1]_.

Each song is two lines, ``#EXTINF:<seconds>,<name>`` (−1: length unknown) and its path, relative to the folder in which
the playlist really lies (links to folders are followed, as ``..`` leads out of the real one), so that both can move
together. A song without a file, or whose path is not UTF-8 or has control characters, is a comment that says so:
*nothing is left out silently*. A path that would be read as something else begins with ``./``.

What is read may begin with a byte-order mark; its lines that begin with ``#`` are comments, except ``# gap``, ``# gap
3``, ``# gap 3 songs`` and ``# gap 12 min``: places where songs are to be filled in. A path may be relative to the list,
absolute, or a ``file://`` address of this machine. Players write paths in several ways, so a line has several readings:
as it stands; without spaces at its ends; with ``%20`` and the like as the characters that they stand for; and with
backslashes as slashes. The first one that is a song of the index counts.

References
----------
.. [1] Pantos and May, "HTTP Live Streaming", RFC 8216, section 4 (the format of extended M3U files).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np

from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.names import exact, legible
from audiolime_ext.files.reading import no_text, text_of
from audiolime_ext.text import counted, share_of

_GAP = re.compile(r"#\s*gap\b\s*:?\s*(.*)", re.IGNORECASE)
_MEANT = re.compile(r"\S+|[-+.\d]\d*\b.*")  # behind it, of a line that hardly says anything else
_SONGS = re.compile(r"(\d{1,6})(?:\s*songs?)?", re.IGNORECASE)
_MINUTES = re.compile(r"(\d{1,6}(?:\.\d+)?)\s*(?:min|minutes?)\.?", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
_MISREAD = re.compile(r"[\s#\ufeff]|[a-zA-Z][a-zA-Z0-9+.-]*:|.*\s$", re.DOTALL)
_LINE_ENDS = re.compile(r"\r\n|\n|\r")
_SHOWN = 3


@dataclass(frozen=True)
class Entry:
    """A song of a playlist: its `name`, its length `duration_s` in seconds, and its `file`; None where not known."""

    name: str
    duration_s: float | None
    file: Path | None


@dataclass(frozen=True)
class Gap:
    """A place in a list where songs are to be filled in: so many `songs`, or `minutes` of them; neither: it is open.

    Raises
    ------
    UsageError
        If `songs` is no whole number from 1 on, `minutes` no number above 0, or both are given.
    """

    songs: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        whole = isinstance(self.songs, (int, np.integer)) and not isinstance(self.songs, bool)
        if self.songs is not None and not (whole and self.songs >= 1):
            raise UsageError(f"a gap of {self.songs!r} songs is none; give a whole number from 1 on")
        number = isinstance(self.minutes, (int, float, np.number)) and not isinstance(self.minutes, bool)
        if self.minutes is not None and not (number and 0 < self.minutes < float("inf")):
            raise UsageError(f"a gap of {self.minutes!r} minutes is none; give a number above 0")
        if self.songs is not None and self.minutes is not None:
            raise UsageError("a gap is so many songs, or so many minutes; give one of the two")


@dataclass(frozen=True)
class Named:
    """A line of a list that names a file: the `line`, and its `readings` as paths, the most literal one first."""

    line: str
    readings: tuple[Path, ...]

    @property
    def path(self) -> Path:
        """The line as it stands."""
        return self.readings[0]


@dataclass(frozen=True)
class Listed:
    """A list that was read.

    Parameters
    ----------
    entries : tuple of Named and Gap
        Files and gaps, in their order.
    notes : tuple of str
        Sentences on lines that name no file of this machine.
    odd_gaps : tuple of str
        Faults of lines that seem to be meant as gaps: errors where gaps are filled, comments elsewhere.
    """

    entries: tuple[Named | Gap, ...]
    notes: tuple[str, ...] = ()
    odd_gaps: tuple[str, ...] = ()


def read_m3u8(path: str | os.PathLike[str]) -> Listed:
    r"""The songs and the gaps of a playlist.

    Parameters
    ----------
    path : path
        Playlist to read, in UTF-8, with or without a byte-order mark.

    Raises
    ------
    UsageError
        If it cannot be read, or is no text.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "list.m3u8")
    ...     _ = path.write_text("#EXTM3U\na.ogg\n# gap 2\nhttp://radio/b", encoding="utf-8")
    ...     found = read_m3u8(path)
    ...     [entry if isinstance(entry, Gap) else entry.path.name for entry in found.entries], found.notes
    (['a.ogg', Gap(songs=2, minutes=None)], ('1 line of list.m3u8 names no file of this machine: http://radio/b',))
    """
    path = Path(path)
    try:
        text = text_of(path)
    except UnicodeDecodeError as error:
        raise UsageError(no_text(legible(path), error)) from error
    except OSError as error:
        raise UsageError(f"cannot read the playlist {legible(path)}: {error.strerror or error}") from error
    folder = Path(os.path.realpath(path.parent))
    entries, odd, odd_gaps = list[Named | Gap](), list[str](), list[str]()
    for number, line in enumerate(_LINE_ENDS.split(text), start=1):
        if (told := _GAP.fullmatch(line.strip())) is not None:
            gap = _gap(told[1].strip())
            entries += [] if gap is None else [gap]
            if gap is None and _MEANT.fullmatch(told[1].strip()):
                odd_gaps.append(f"line {number} of {legible(path.name)} has a gap of {legible(told[1].strip())!r}")
        elif line.strip() and not line.lstrip().startswith("#"):
            readings = _readings(line)
            odd += [] if readings else [line.strip()]
            entries += [Named(line, tuple(folder / one for one in readings))] if readings else []
    return Listed(tuple(entries), _of_odd(odd, legible(path.name)), tuple(odd_gaps))


def _of_odd(odd: list[str], name: str) -> tuple[str, ...]:
    if not odd:
        return ()
    lines = counted(len(odd), f"line of {name} names", f"lines of {name} name")
    more = " …" if len(odd) > _SHOWN else ""
    return (f"{lines} no file of this machine: {', '.join(map(legible, odd[:_SHOWN]))}{more}",)


def _gap(told: str) -> Gap | None:
    if not told:
        return Gap()
    if (songs := _SONGS.fullmatch(told)) is not None and int(songs[1]) > 0:
        return Gap(songs=int(songs[1]))
    if (minutes := _MINUTES.fullmatch(told)) is not None and float(minutes[1]) > 0:
        return Gap(minutes=float(minutes[1]))
    return None


def _readings(line: str) -> list[str]:
    """The paths that a line may name, the most literal one first; none for an address elsewhere."""
    stripped = line.strip()
    if _ADDRESS.match(stripped):
        file = _of_address(stripped)
        return [] if file is None else [file]
    plain = unquote(stripped, errors="surrogateescape")
    found = [line, exact(line), stripped, exact(stripped), plain, stripped.replace("\\", "/"), plain.replace("\\", "/")]
    return [one for one in dict.fromkeys(found) if "\0" not in one]


def _of_address(line: str) -> str | None:
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
        path = None if entry.file is None else _relative(entry.file, folder)
        if why := _why_not(path):
            lines.append(f"# left out, {why}: {legible(path or entry.name)}")
            continue
        seconds = -1 if entry.duration_s is None else round(entry.duration_s)
        lines += [f"#EXTINF:{seconds},{legible(entry.name)}", str(path)]
    return "\n".join([*lines, ""])


def _why_not(path: str | None) -> str:
    """Why a path cannot stand in a playlist; "": it can."""
    if path is None:
        return "no file"
    try:
        path.encode()
    except UnicodeEncodeError:
        return "a path that is not UTF-8"
    shown = path.replace("\\", "/")
    return "" if legible(shown) == shown else "a path with control characters"


def _relative(file: Path, folder: Path) -> str:
    real = os.path.join(os.path.realpath(file.parent), file.name)  # noqa: PTH118 - a song that is a link stays one
    try:
        path = os.path.relpath(real, os.path.realpath(folder))
    except ValueError:  # another drive of Windows
        path = real
    path = path.replace(os.sep, "/")
    return f"./{path}" if _MISREAD.match(path) and path != real else path


class Playable:
    """A result that can be handed to players, as the songs that it lists."""

    def entries(self) -> list[Entry]:
        """The songs as a playlist names them."""
        raise NotImplementedError

    def write_m3u8(self, path: str | os.PathLike[str]) -> Path:
        """Write the songs as a playlist (see `audiolime_ext.recommendation.playlists.m3u`) and return its path.

        Raises
        ------
        UsageError
            If none of the songs can stand in it.
        OutputError
            If it cannot be written.
        """
        target = Path(path)
        self.require_listable(target.parent)
        write_bytes(self.to_m3u8(target.parent).encode(), target)
        return target

    def require_listable(self, folder: Path) -> None:
        """Raise `UsageError` if there are songs, and a playlist in `folder` can hold none of them."""
        entries = self.entries()
        if entries and len(lacking := _lacking(entries, folder)) == len(entries):
            raise UsageError(
                f"no playlist can hold what was found: {_some(lacking)}; index files, or take a table or JSON"
            )

    def not_in_m3u8(self, folder: Path) -> str:
        """A sentence on the songs that a playlist in `folder` does not hold; "": it holds all."""
        return told_of(self.entries(), folder)

    def to_m3u8(self, folder: str | os.PathLike[str] = ".") -> str:
        """The songs as the text of a playlist for a file in `folder`, which their paths are relative to."""
        return m3u8_of(self.entries(), Path(folder))


def entries_of(folder: Path, names: Iterable[str], songs: Iterable[Song]) -> list[Entry]:
    """Songs of an index in `folder`, under these names, as entries of a playlist."""
    return [
        Entry(name, song.duration_s, None if song.path is None else folder / song.path)
        for name, song in zip(names, songs, strict=True)
    ]


def _lacking(entries: Iterable[Entry], folder: Path) -> list[str]:
    """The songs that a playlist in `folder` cannot hold, each with the reason."""
    paths = ((entry, None if entry.file is None else _relative(entry.file, folder)) for entry in entries)
    return [f"{legible(entry.name)} ({why})" for entry, path in paths if (why := _why_not(path))]


def told_of(entries: Sequence[Entry], folder: Path) -> str:
    """A sentence on the songs that a playlist in `folder` does not hold; "": it holds all.

    Examples
    --------
    >>> told_of([Entry("Feelings", 200.4, Path("/music/a.ogg")), Entry("Air", None, None)], Path("/lists"))
    '1 of 2 songs is not in it: Air (no file)'
    """
    lacking = _lacking(entries, folder)
    return f"{share_of(len(lacking), len(entries), 'song')} not in it: {_some(lacking)}" if lacking else ""


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
