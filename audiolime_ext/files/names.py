r"""Names of files.

A file name is bytes, and need not be text: one that was written in Latin-1 is not UTF-8. Python holds bytes that it
cannot decode as lone surrogates, which open the file but cannot be encoded. So a name has two forms. The exact one
opens the file and is kept in the results; `legible` makes text of it for people, tables and pages, ``bad\xff.wav``.
Wherever a recording is named, the legible form is understood, too (`exact`). JSON keeps the exact one, as escapes.
"""

from __future__ import annotations

import codecs
import os
import re
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

_MOST_BYTES = 255  # of a name, on every common file system
_ROOM = 200  # bytes of a name to which a number, an ending and what `tempfile` adds are appended
TURNING = "\u202a-\u202e\u2066-\u2069"  # they turn or hide the letters that follow: a name reads as another
_UNWRITTEN = re.compile(rf"[\x00-\x1f\x7f-\x9f\u2028\u2029{TURNING}\ud800-\udfff]|\\(?=x[0-9a-f]{{2}})")
_UNSHOWN = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{TURNING}]")
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}  # on Windows


def legible(name: str | os.PathLike[str]) -> str:
    r"""A name as text of one line that can be written everywhere; `exact` turns it back.

    Bytes that are not UTF-8 are written ``\xNN``, and so are characters that break lines or turn the direction of
    writing, and a backslash that would begin such an escape; everything else stays as it is.

    Examples
    --------
    >>> print(legible("caf\udce9.wav"), legible("new\nline"), legible(r"back\slash"), legible(r"\xe9"))
    caf\xe9.wav new\x0aline back\slash \x5cxe9
    >>> print(legible("song\u202evaw.exe"))
    song\xe2\x80\xaevaw.exe
    """
    return _UNWRITTEN.sub(lambda found: _escape(found[0]), os.fspath(name))


def exact(text: str) -> str:
    r"""The name from which `legible` made `text`, in the form that opens the file.

    Examples
    --------
    >>> exact(r"caf\xe9.wav") == "caf\udce9.wav", exact(legible(r"\xe9")) == r"\xe9"
    (True, True)
    """
    name = _ESCAPED.sub(lambda found: _byte(int(found[1], 16)), text)
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a name on Windows need not be text either
        return name


def meant(path: Path) -> Path:
    """The path that is meant: the one given or, where nothing is there, the one whose `legible` form was given."""
    if os.path.lexists(path) or not os.path.lexists(other := exact(str(path))):
        return path
    return Path(other)


def utf8(text: str) -> str:
    r"""A text that may contain names, legible or exact, as text that can be encoded and shown.

    Line breaks and tabs stay; other control characters, which could write over what stands on a terminal, are escaped
    as in names.

    Examples
    --------
    >>> print(utf8("cannot read caf\udce9.wav"), utf8(r"cannot read caf\xe9.wav"))
    cannot read caf\xe9.wav cannot read caf\xe9.wav
    >>> print(utf8("new\x1b[2Jscreen"))
    new\x1b[2Jscreen
    """
    return _UNSHOWN.sub(lambda found: _escape(found[0]), text).encode("utf-8", "legible").decode()


def _byte(value: int) -> str:
    return chr(value if value < 128 else 0xDC00 + value)


def _escape(char: str) -> str:
    try:
        return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:  # half of a character
        return f"\\u{ord(char):04x}"


def _write_legibly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    lone = (_escape(char) if "\ud800" <= char <= "\udfff" else ascii(char)[1:-1] for char in text)
    return "".join(lone), error.end


codecs.register_error("legible", _write_legibly)  # of streams: ``open(…, errors="legible")``


def told_apart(paths: Iterable[str]) -> dict[str, str]:
    """Each path's shortest ending, in whole names of folders and file, that no other has; `legible`.

    Examples
    --------
    >>> list(told_apart(["music/rock/0.wav", "music/jazz/0.wav", "music/jazz/1.wav"]).values())
    ['rock/0.wav', 'jazz/0.wav', '1.wav']
    """
    parts = {path: Path(path).parts for path in paths}
    names: dict[str, str] = {}
    left, n = list(parts), 1
    while left:
        ends = {path: parts[path][-n:] for path in left}
        counts = Counter(ends.values())
        alone = [path for path in left if counts[ends[path]] == 1 or n >= len(parts[path])]
        names |= {path: legible(str(Path(*ends[path]))) for path in alone}
        left, n = [path for path in left if path not in names], n + 1
    return {path: names[path] for path in parts}


def cut(name: str, n_bytes: int = _ROOM) -> str:
    """The beginning of a name: whole characters, of at most `n_bytes` bytes.

    Examples
    --------
    >>> cut("小提琴", 7), cut("violin", 7)
    ('小提', 'violin')
    """
    sizes = accumulate(len(char.encode("utf-8", "surrogateescape")) for char in name)
    return name[: sum(size <= n_bytes for size in sizes)]


def is_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file is there; False, and no error, for a name that no file can have (too long, with a null)."""
    return os.path.isfile(path)  # noqa: PTH113 - a `Path` raises


def is_folder(path: str | os.PathLike[str]) -> bool:
    r"""Whether a folder is there, as `is_file`.

    Examples
    --------
    >>> is_folder("."), is_folder("x" * 5000), is_file("\0")
    (True, False, False)
    """
    return os.path.isdir(path)  # noqa: PTH112


def free_name(name: str, taken: Iterable[str] = (), *, ending: str = "") -> str:
    """A name that can be given to a file with this ending: `name`, cut and numbered where needed.

    That is needed where it is too long, a device's on Windows, or `taken` (some file systems ignore case).

    Examples
    --------
    >>> free_name("index", {"index"}), free_name("COM1"), free_name("Song", {"song", "song-2"})
    ('index-2', 'COM1-2', 'Song-3')
    """
    used = {other.casefold() for other in taken} | _DEVICES
    room = _MOST_BYTES - len(ending)
    number, free = 1, cut(name, room)
    while free.casefold() in used:
        number += 1
        free = f"{cut(name, room - len(str(number)) - 1)}-{number}"
    return free


def file_name(label: str, taken: Iterable[str]) -> str:
    """A label or a stem's name as the name of a file, without its ending; numbered where it is `taken`.

    Letters and digits stay, everything else becomes a dash: no name leaves its folder.

    Examples
    --------
    >>> file_name("Female vocalists", set()), file_name("../AC/DC", {"ac-dc"})
    ('female-vocalists', 'ac-dc-2')
    """
    kept = "".join(char if char.isalnum() else "-" for char in label.lower())
    return free_name(cut("-".join(filter(None, kept.split("-")))[:60], _ROOM) or "label", taken)
