"""What comes from outside: the bytes of a file, judged before they are read, and the JSON or YAML in them.

A name can lead to anything: a folder, a device without an end, a pipe that nobody writes to, terabytes of nothing. So
only regular files are read, up to a size; and named pipes, such as a shell's ``<(command)``, with patience, up to a
time as well. What is nested without measure, or grows when it is written out, is refused.
"""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
import select
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MOST_TEXT = 100_000_000  # bytes of a table, or of JSON

_PATIENCE_S = 10.0  # until a program opens a pipe
_SILENCE_S = 60.0  # and until it writes more
_LONGEST_S = 600.0  # and until it has written all
_BLOCK = 1 << 16
_MOST = 8_000_000_000  # bytes: twelve hours of stereo, 16 bits, 44.1 kHz
_MARKS = (  # the longer ones first: UTF-32's begins as UTF-16's does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class Unreadable(OSError):
    """A file that is not read; its text says why, and does not name it."""

    def __init__(self, why: str, number: int = errno.EINVAL) -> None:
        super().__init__(number, why)

    def __str__(self) -> str:
        """The reason alone."""
        return str(self.strerror)


def free_bytes() -> int | None:
    """Bytes of memory that programs may still take; None where the system does not say (Linux does)."""
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return 1024 * int(next(line.split()[1] for line in lines if line.startswith("MemAvailable:")))
    return None


def what_is(path: str | os.PathLike[str]) -> str | None:
    """What lies there that is no regular file, in words; None for a regular file, and where nothing can be found.

    Examples
    --------
    >>> what_is("."), what_is(__file__), what_is("nowhere")
    ('a folder', None, None)
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a `Path` cannot be made of some names
    except (OSError, ValueError):
        return None
    return next((kind for is_kind, kind in _KINDS if is_kind(mode)), None)


def require_file(path: Path, most: int | None = None) -> Path:
    """The path, if it is a regular file of `most` bytes at most (None: as `contents`), which may then be opened.

    Raises
    ------
    OSError
        If it is not: `Unreadable`, or what the system says where nothing can be found.

    Examples
    --------
    >>> require_file(Path("."), 100)
    Traceback (most recent call last):
    audiolime_ext.files.reading.Unreadable: it is a folder
    """
    _require(path, _bound(most))
    return path


def require_room(n: int, most: int | None = None) -> None:
    """Raise `Unreadable` unless `n` bytes, which are still to be unpacked, may be read (`most` as of `contents`).

    Examples
    --------
    >>> require_room(2_000_000, 1_000_000)
    Traceback (most recent call last):
    audiolime_ext.files.reading.Unreadable: it holds 2 MB, and no more than 1 MB is read
    """
    _bound(most).require(n)


def contents(path: Path, most: int | None = None) -> bytes:
    """The bytes of a regular file; or of a named pipe, which another program opens within ten seconds.

    A pipe is left where nothing comes for a minute, or the end does not come for ten.

    Parameters
    ----------
    path : Path
        The file.
    most : int or None
        Most bytes that are read; None: 8 GB, and no more than a third of the memory that is free: 16-bit samples, as
        they are decoded, take twice as much once more.

    Raises
    ------
    OSError
        If it cannot be read: `Unreadable` where it is something else, holds more, or nothing comes.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "long.txt")
    ...     _ = path.write_bytes(bytes(2_000_000))
    ...     len(contents(path)), contents(path, 1_000_000)
    Traceback (most recent call last):
    audiolime_ext.files.reading.Unreadable: it holds 2 MB, and no more than 1 MB is read
    """
    bound = _bound(most)
    if what_is(path) == "a pipe":
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:  # noqa: PTH123 - a descriptor
            return _from_pipe(pipe, bound)
    size = _require(path, bound)
    with path.open("rb") as file:
        found = file.read(size)
        return found + _rest(file, bound, len(found))


def _rest(file: IO[bytes], bound: _Bound, n: int) -> bytes:
    """What lies behind the first `n` bytes: the system does not know the size of every file, and some grow."""
    blocks = []
    while block := file.read(_BLOCK):
        blocks.append(block)
        n += len(block)
        bound.require(n)
    return b"".join(blocks)


@dataclass(frozen=True)
class _Bound:
    """The most bytes that are read, and why."""

    n_bytes: int
    why: str = ""

    def require(self, n: int) -> None:
        if n > self.n_bytes:
            raise Unreadable(
                f"it holds {_size(n)}, and no more than {_size(self.n_bytes)}{self.why} is read", errno.EFBIG
            )


def _bound(most: int | None) -> _Bound:
    if most is not None:
        return _Bound(most)
    free = free_bytes()
    return _Bound(_MOST) if free is None or free > 3 * _MOST else _Bound(free // 3, ", a third of the free memory,")


def _size(n: int) -> str:
    """Bytes in words, to one decimal: ``1.5 GB``."""
    power = min((len(str(n)) - 1) // 3, 4)
    return f"{round(n / 1000**power, 1):g} {('bytes', 'kB', 'MB', 'GB', 'TB')[power]}"


def _require(path: Path, bound: _Bound) -> int:
    """The size of a regular file."""
    if (kind := what_is(path)) is not None:
        raise Unreadable(f"it is {kind}", errno.EISDIR if kind == "a folder" else errno.EINVAL)
    if "\0" in str(path):
        raise Unreadable("no file can have this name", errno.ENOENT)
    size = path.stat().st_size
    bound.require(size)
    return size


def _from_pipe(pipe: IO[bytes], bound: _Bound) -> bytes:
    """Everything that comes; a read without blocking gives None: nothing yet, b"": no program has it open."""
    blocks, n, begun = list[bytes](), 0, time.monotonic()
    heard = begun
    while time.monotonic() < begun + _LONGEST_S:
        select.select([pipe], [], [], 0.1)
        block = pipe.read(_BLOCK)
        if block:
            blocks.append(block)
            n, heard = n + len(block), time.monotonic()
            bound.require(n)
        elif block == b"" and n:
            return b"".join(blocks)
        elif time.monotonic() > heard + (_SILENCE_S if block is None else _PATIENCE_S):
            silent = "into which nothing is written any more" if n else "that no program writes to"
            raise Unreadable(f"it is a pipe {silent}", errno.ETIMEDOUT)
        elif block == b"":
            time.sleep(0.01)
    raise Unreadable(f"it is a pipe that does not end within {_LONGEST_S:g} s", errno.ETIMEDOUT)


def text_of(path: Path, most: int = MOST_TEXT) -> str:
    r"""The content of a text file of `most` bytes at most, without the byte-order mark.

    Raises
    ------
    OSError
        If it cannot be read (see `contents`).
    UnicodeDecodeError
        If it is neither UTF-8 nor what its mark says, or holds a null byte, which no text does.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "table.txt")
    ...     _ = path.write_bytes("path\tlabel".encode("utf-16"))
    ...     text_of(path)
    'path\tlabel'
    """
    content = contents(path, most)
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8-sig")
    text = content.decode(encoding)
    if (at := text.find("\0")) < 0:
        return text
    plain = encoding == "utf-8-sig"
    at = content.find(0) if plain else len(text[:at].encode(encoding))
    why = "a null byte, as in UTF-16 without a byte-order mark" if plain else "a null character"
    raise UnicodeDecodeError("utf-8" if plain else encoding, content, at, at + 1, why)


def no_text(path: str, error: UnicodeDecodeError) -> str:
    """What is wrong with a file that `text_of` cannot read."""
    encoding = error.encoding.upper().removesuffix("-LE").removesuffix("-BE")
    return f"{path} is not {encoding} ({error.reason} at byte {error.start}); save it as UTF-8"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, read piece by piece."""
    found = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def size_of(folder: Path) -> int:
    """Bytes of a folder's files; 0 where it is being removed."""
    with suppress(OSError):
        return sum(path.stat().st_size for path in folder.iterdir())
    return 0
