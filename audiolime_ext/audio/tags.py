"""What a file's tags say of a song: title, artist, album, genre, year.

They are read by mutagen: ID3 (MP3, WAV, AIFF), Vorbis comments (Ogg, Opus, FLAC), MPEG-4, APE and ASF. It is under the
GPL (2.0 or later), so it is the extra ``tags`` and no part of this package; without it libsndfile reads what it knows,
which is less (`MISSING`). So a song has one name everywhere, on a page as in an index. The length of a song is never
taken from here: it is counted where the sound is decoded.

Tags are text that anybody may have written. So what is given back is of one line and of 200 characters at most,
without control characters and those that turn the direction of writing, in Unicode's composed form (NFC), so that a
name typed on any system is one name. Several artists, or genres, are joined by ``; ``. Tags that cannot be read never
cost the song: there are none then, and `Tags.reason` says why.
"""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiolime_ext.audio.callbacks import undisturbed
from audiolime_ext.extras import require
from audiolime_ext.files.names import TURNING
from audiolime_ext.files.reading import require_file

BETWEEN = "; "  # several artists
LONGEST = 200  # characters of a tag
MISSING = (
    "tags are read without the package mutagen: of several artists or genres one, and not those of every WAV, AIFF and "
    "MPEG-4 file; to read all, before indexing: pip install 'audiolime-ext[tags]'"
)
FIELDS = ("title", "artist", "album", "genre", "year")

_UNSHOWN = re.compile(rf"[\x00-\x1f\x7f-\x9f\u2028\u2029{TURNING}\ud800-\udfff]+")
_YEAR = re.compile(r"(?<!\d)([12]\d{3})(?=\d{4}(?!\d)|(?!\d))")  # 2011, 2011-05-03, 20110503, 3.5.2011
_VORBIS = {"title": ["title"], "artist": ["artist"], "album": ["album"], "genre": ["genre"], "year": ["date", "year"]}
_NAMES: Mapping[str, Mapping[str, list[str]]] = {  # our field → the names of it, by the kind of tags; else Vorbis'
    "ID3": {"title": ["TIT2"], "artist": ["TPE1"], "album": ["TALB"], "genre": ["TCON"], "year": ["TDRC", "TYER"]},
    "MP4Tags": dict(zip(FIELDS, (["\xa9nam"], ["\xa9ART"], ["\xa9alb"], ["\xa9gen"], ["\xa9day"]), strict=True)),
    "ASFTags": dict(zip(FIELDS, (["Title"], ["Author"], ["WM/AlbumTitle"], ["WM/Genre"], ["WM/Year"]), strict=True)),
    "APEv2": {**_VORBIS, "year": ["year", "date"]},
}


@dataclass(frozen=True)
class Tags:
    """What a file's tags say; None where they do not say it.

    Parameters
    ----------
    title, artist, album, genre : str or None
        Texts of one line and of 200 characters at most; several artists or genres are joined by ``; ``.
    year : int or None
        Year of publication.
    reason : str
        Reason why no tags could be read; "" where they were, or there are none.
    """

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    year: int | None = None
    reason: str = ""


def readable() -> bool:
    """Whether all tags can be read: False where mutagen is not installed (see `MISSING`)."""
    return importlib.util.find_spec("mutagen") is not None


def read_tags(path: str | Path) -> Tags:
    """The tags of a file; none, and the reason, where they cannot be read.

    Parameters
    ----------
    path : str or Path
        Sound file.

    Examples
    --------
    >>> from importlib.resources import files
    >>> read_tags(files("audiolime_ext") / "data" / "ezer_ev.ogg")
    Tags(title='Ezer Év', artist='Obsidian Shell', album='Elysia', genre='Female Fronted Metal', year=2008, reason='')
    """
    if not readable():
        return _by_soundfile(path)
    mutagen = require("mutagen", extra="tags")
    try:
        with require_file(Path(path)).open("rb") as file:
            opened = mutagen.File(file)
            tags = None if opened is None else opened.tags
            found = {} if tags is None else _found(tags)
    except Exception as error:  # noqa: BLE001 - mutagen raises whatever damage leads to, and tags never cost a song
        return Tags(reason=one_line(f"{type(error).__name__}: {error}") or "")
    title, artist, album, genre = (joined(found.get(field, ())) for field in FIELDS[:-1])
    return Tags(title, artist, album, genre, next(filter(None, map(year_of, found.get("year", ()))), None))


def title_and_artist(path: str | Path) -> tuple[str | None, str | None]:
    """Title and artist of a file, for a heading.

    Parameters
    ----------
    path : str or Path
        Sound file.

    Examples
    --------
    >>> from importlib.resources import files
    >>> title_and_artist(files("audiolime_ext") / "data" / "ezer_ev.ogg")
    ('Ezer Év', 'Obsidian Shell')
    """
    tags = read_tags(path)
    return tags.title, tags.artist


def _by_soundfile(path: str | Path) -> Tags:
    """The tags that libsndfile knows of."""
    import soundfile

    try:
        with undisturbed(), require_file(Path(path)).open("rb") as content, soundfile.SoundFile(content) as file:
            found = file.copy_metadata()
    except (OSError, ValueError, RuntimeError) as error:  # no sound, or tags that are no text: they never cost a song
        return Tags(reason=one_line(f"{type(error).__name__}: {error}") or "")
    title, artist, album, genre = (one_line(found.get(field)) for field in FIELDS[:-1])
    return Tags(title, artist, album, genre, year_of(found.get("date")))


def _found(tags: Any) -> dict[str, list[str]]:
    """Our fields, each with every text that the tags hold of it."""
    kinds = (kind.__name__ for kind in type(tags).__mro__)
    names = next((_NAMES[kind] for kind in kinds if kind in _NAMES), _VORBIS)
    return {field: [text for name in names[field] for text in _texts(tags.get(name))] for field in FIELDS}


def _texts(value: Any) -> Iterable[str]:
    """The texts of a tag: a list, one of mutagen's own values, or a frame of ID3, whose genres may be numbers."""
    if value is None:
        return ()
    for inner in ("genres", "text"):
        value = getattr(value, inner, value)
    return (value,) if isinstance(value, str) else map(str, value)


def joined(texts: Iterable[str]) -> str | None:
    """Several artists, or genres, as one text; None where there are none.

    Examples
    --------
    >>> joined(["Ane", "", " Bo"]), joined([])
    ('Ane; Bo', None)
    """
    return one_line(BETWEEN.join(filter(None, map(one_line, texts))))


def one_line(text: str | None) -> str | None:
    r"""A text of others as one line that can be shown; None where nothing is left.

    Examples
    --------
    >>> one_line(" Ezer\nE\u0301v\x00 "), one_line("\u202e \t"), len(one_line("x" * 1000))
    ('Ezer Év', None, 200)
    """
    plain = unicodedata.normalize("NFC", _UNSHOWN.sub(" ", (text or "")[: 10 * LONGEST]))
    words = " ".join(plain.split())
    return (words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…") or None


def year_of(text: str | None) -> int | None:
    """The first year from 1000 to 2999 in a date, in any of the ways to write one.

    Examples
    --------
    >>> year_of("2011-05-03"), year_of("20110503"), year_of("3.5.2011"), year_of("0000"), year_of("123456")
    (2011, 2011, 2011, None, None)
    """
    found = _YEAR.search(text or "")
    return None if found is None else int(found[1])
