"""What comes from outside: the bytes of a file, judged before they are read, and the JSON or YAML in them.

A name can lead to anything: a folder, a device without an end, a pipe that nobody writes to, terabytes of nothing. So
only regular files are read, up to a size; and named pipes, such as a shell's ``<(command)``, with patience, up to a
time as well. What is nested without measure, or grows when it is written out, is refused.
"""

from __future__ import annotations

import errno
import json
import os
import select
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from audiolime_ext.extras import require

MOST_TEXT = 100_000_000  # bytes of a table, or of JSON

_PATIENCE_S = 10.0  # until a program opens a pipe
_SILENCE_S = 60.0  # and until it writes more
_LONGEST_S = 600.0  # and until it has written all
_BLOCK = 1 << 16
_UNTOLD = 8_000_000_000  # bytes that are read where the system does not say how much memory is free
_DEEPEST = 50  # lists and mappings of YAML, one within the other
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
    audiolime_ext.outside.Unreadable: it is a folder
    """
    _require(path, _bound(most))
    return path


def contents(path: Path, most: int | None = None) -> bytes:
    """The bytes of a regular file; or of a named pipe, which another program opens within ten seconds.

    A pipe is left where nothing comes for a minute, or the end does not come for ten.

    Parameters
    ----------
    path : Path
        The file.
    most : int or None
        Most bytes that are read; None: half of the memory that is free, since something is made of them, too.

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
    audiolime_ext.outside.Unreadable: it holds 2 MB, and no more than 1 MB is read
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
    return _Bound(_UNTOLD) if free is None else _Bound(free // 2, ", half of the free memory,")


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


def json_of(text: str | bytes) -> Any:
    """What JSON says.

    Raises
    ------
    ValueError
        If it is no JSON, or nested without measure.

    Examples
    --------
    >>> json_of("[" * 100_000)
    Traceback (most recent call last):
    ValueError: it is nested too deeply
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def yaml_of(text: str, *, extra: str) -> Any:
    """What YAML says: plain values; `extra` is the one that brings PyYAML.

    Raises
    ------
    ValueError
        If it is no YAML, nested more than 50 deep, or repeats parts of itself (``*name``), which a few lines can do a
        billion times.
    MissingError
        If PyYAML is not installed.

    Examples
    --------
    >>> yaml_of("stems: {S01: {instrument: [violin, viola]}}", extra="medleydb")
    {'stems': {'S01': {'instrument': ['violin', 'viola']}}}
    """
    yaml = require("yaml", extra=extra)
    depth = 0
    try:
        for event in yaml.parse(text, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise ValueError(f"it repeats a part of itself (*{event.anchor}); write it out")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise ValueError("it is nested too deeply")
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
