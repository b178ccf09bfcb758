"""The command's stdin, stdout and stderr: as Unix tools treat them.

- Only data reaches stdout: what a model's C code, its children and workers write there goes to stderr. (What a model
  prints does so anyway, see `audiolime_ext.guest`.)
- No control character reaches a terminal by a name or a message: `audiolime_ext.files.names.utf8` escapes them.
  (stderr keeps those that move a progress bar; whatever prints a line there escapes it.)
- Where stdout is full, closed or not read, that is an error, and no traceback; what cannot be told on stderr is lost.
- A stream that is closed (``>&-``) is opened on nothing, or the next file that is opened would take its place.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from audiolime_ext.errors import OutputError
from audiolime_ext.files.names import utf8


@contextmanager
def own_streams() -> Iterator[None]:
    """Prepare the streams for a command, and give them back in the end."""
    given = sys.stdout, sys.stderr
    for descriptor in (0, 1, 2):
        _open_on_nothing(descriptor)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file name need not be text, nor text in the terminal's encoding
            stream.reconfigure(errors="legible")
    if _is_open(sys.stderr, 2):
        sys.stderr = _text(_Patient(2, "w", closefd=False), sys.stderr.encoding, by_lines=True)
    try:
        with _data_only():
            yield
    finally:
        sys.stdout, sys.stderr = given


def flush_c() -> None:
    """Write what C code has printed and holds back: else it would come at the exit, among the data."""
    import ctypes

    with suppress(OSError, TypeError, AttributeError):  # Windows has no such library
        ctypes.CDLL(None).fflush(None)


def discard_output() -> None:
    """Send what stdout still holds nowhere: Python would complain at its exit that it cannot be written."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


class _Patient(io.FileIO):
    """A stream that loses what cannot be written."""

    def write(self, content: Any) -> int:
        """The number of bytes that were taken: all."""
        with suppress(OSError):
            super().write(content)
        return len(content)


class StdoutError(OutputError):
    """What was printed could not be written."""


class _Shown:
    """A stream to which control characters are written as escapes."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        with _told():
            self.stream.write(utf8(text))
        return len(text)

    def flush(self) -> None:
        with _told():
            self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # its reader has gone: no error
        raise
    except OSError as error:
        raise StdoutError(f"cannot write to stdout: {error.strerror}; send it elsewhere") from error


def _open_on_nothing(descriptor: int) -> None:
    try:
        os.fstat(descriptor)
        return
    except OSError:
        os.open(os.devnull, os.O_RDONLY)  # gets the lowest free number; nothing can be written to it
    if descriptor == 1:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if descriptor == 2:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


@contextmanager
def _data_only() -> Iterator[None]:
    """Let nothing but what we print reach stdout."""
    given = sys.stdout
    if not (_is_open(given, 1) and _is_open(sys.stderr, 2)):  # somebody reads along, such as a notebook
        sys.stdout = _Shown(given)
        yield
        return
    given.flush()
    ours = _text(io.FileIO(os.dup(1), "w"), given.encoding, by_lines=bool(given.line_buffering))
    os.dup2(2, 1)
    sys.stdout = _Shown(ours)
    try:
        yield
    finally:
        os.dup2(ours.fileno(), 1)
        with suppress(OSError):  # whoever could be told has been
            ours.close()


def _text(raw: io.FileIO, encoding: str, *, by_lines: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, "legible", line_buffering=by_lines)


def _is_open(stream: Any, descriptor: int) -> bool:
    """Whether a stream writes straight to this descriptor."""
    try:
        return isinstance(stream, io.TextIOWrapper) and stream.fileno() == descriptor
    except (OSError, ValueError):
        return False
