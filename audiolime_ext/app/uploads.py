"""What clients send: a recording as a stream into a file under a random name, bounded while it streams.

- *The size is what comes*, not what a header promises; what is too large is refused as soon as it is.
- *A name is shown, and no more*: files lie under names of ours, whatever the client calls them.
- *Nothing is left behind* by a refusal, a broken connection or a client that falls silent: see `receive`.

A body is multipart/form-data (RFC 7578) with one file and some short fields.
"""

from __future__ import annotations

import asyncio
import shutil
import time
import unicodedata
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from audiolime_ext.app.settings import Settings
from audiolime_ext.progress.progress import span
from audiolime_ext.text import counted, shortened

NAMELESS = "recording"
MOST_FIELDS = 130  # a model's labels, and some more
MOST_FIELD = 1000  # bytes
MOST_JSON = 100_000
LONGEST_S = 3600.0  # that an upload may take
_MOST_HEADERS = 2  # of each part, on average
_MOST_HEAD = 8000  # bytes of a part's headers
_AROUND = 200_000  # bytes of a body beside the file
_LONGEST_NAME = 120
_BOUNDARY = 200  # bytes; RFC 2046 allows 70


class Refused(Exception):
    """A request that is not granted.

    Parameters
    ----------
    status : int
        Status of the answer, as HTTP has it.
    told : str
        Reason in words, and what to do.
    retry_s : int or None
        Seconds after which the client may try again; None: it need not.
    """

    def __init__(self, status: int, told: str, retry_s: int | None = None) -> None:
        super().__init__(told)
        self.status, self.told, self.retry_s = status, told, retry_s


def shown_name(given: str) -> str:
    r"""A client's name of a file as it may be shown: the last part of a path, in one line, not too long.

    Parameters
    ----------
    given : str
        Name as the client has it.

    Examples
    --------
    >>> shown_name("C:\\Music\\song.mp3"), shown_name("../../etc/passwd"), shown_name("\x00")
    ('song.mp3', 'passwd', 'recording')
    """
    last = given.replace("\\", "/").rstrip("/").rpartition("/")[2]
    clean = "".join(char for char in last if unicodedata.category(char)[0] != "C").strip(" .")
    return shortened(clean, _LONGEST_NAME) or NAMELESS


def too_large(settings: Settings) -> Refused:
    """The refusal of a file that is too large."""
    most = settings.most_bytes / 1e6
    return Refused(413, f"the file is larger than {most:.0f} MB, which is the most that is taken; cut it into parts")


@dataclass
class _Form:
    """A body that is being read: the file goes to `target`, the fields are kept."""

    target: IO[bytes]
    most_bytes: int
    fields: dict[str, list[str]] = field(default_factory=dict)
    name: str | None = None
    n_bytes: int = 0
    n_parts: int = 0
    n_headers: int = 0
    ended: bool = False
    _head: bytearray = field(default_factory=bytearray)
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _header: bytearray = field(default_factory=bytearray)
    _field: str | None = None  # None: the part is the file
    _value: bytearray = field(default_factory=bytearray)

    def callbacks(self) -> dict[str, Any]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._head_more(self._head, data[start:end]),
            "on_header_value": lambda data, start, end: self._head_more(self._header, data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self.n_parts += 1
        if self.n_parts > MOST_FIELDS:
            raise Refused(400, f"the form has more than {counted(MOST_FIELDS, 'part')}")
        self._headers, self._head, self._header, self._value = {}, bytearray(), bytearray(), bytearray()

    def _head_more(self, to: bytearray, data: bytes) -> None:
        to += data
        if len(to) + sum(map(len, self._headers.values())) > _MOST_HEAD:
            raise Refused(431, "the headers of a part of the form are too long")

    def _header_end(self) -> None:
        self.n_headers += 1
        if self.n_headers > MOST_FIELDS * _MOST_HEADERS:
            raise Refused(431, "the parts of the form have too many headers")
        self._headers[bytes(self._head).lower()] = bytes(self._header)
        self._head, self._header = bytearray(), bytearray()

    def _headers_end(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise Refused(400, "a part of the form has no name")
        if b"filename" not in options:
            self._field = options[b"name"].decode("utf-8", "replace")
            return
        if options[b"name"] != b"file":
            raise Refused(400, "send the recording as the field file")
        if self.name is not None:
            raise Refused(400, "send one file at a time")
        self._field, self.name = None, shown_name(options[b"filename"].decode("utf-8", "replace"))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._field is None:
            self.n_bytes += end - start
            if self.n_bytes <= self.most_bytes:  # else it is refused once this piece is read
                self.target.write(data[start:end])
            return
        self._value += data[start:end]
        if len(self._value) > MOST_FIELD:
            raise Refused(400, f"the field {shown_name(self._field)} is longer than {counted(MOST_FIELD, 'byte')}")

    def _part_end(self) -> None:
        if self._field is not None:
            self.fields.setdefault(self._field, []).append(bytes(self._value).decode("utf-8", "replace"))

    def _end(self) -> None:
        self.ended = True


@dataclass(frozen=True)
class Received:
    """What came: the shown name of the file, and the fields beside it."""

    name: str
    fields: dict[str, list[str]]


async def receive(request: Request, folder: Path, file: str, settings: Settings) -> Received:
    """Take the file of a request into a new folder; where anything goes wrong, the folder is gone again.

    Parameters
    ----------
    request : Request
        Request with a body of multipart/form-data.
    folder : Path
        Folder that is made for it.
    file : str
        Name of the file in it.
    settings : Settings
        Limits.

    Raises
    ------
    Refused
        If it is too large, is no such form, or stops in the middle.
    """
    boundary = _boundary(request)
    if _length(request) > settings.most_bytes + _AROUND:
        raise too_large(settings)
    folder.mkdir(mode=0o700)
    try:
        with (folder / file).open("xb") as target:
            form = _Form(target, settings.most_bytes)
            await _read(request, boundary, form, settings)
        if form.name is None:
            raise Refused(400, "the form has no file; send the recording as the field file")
        if form.n_bytes == 0:
            raise Refused(422, f"{form.name} is empty")
        return Received(form.name, form.fields)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Refused(413, f"the recording cannot be stored here: {error.strerror or error}") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


async def drain(request: Request, settings: Settings) -> None:
    """Let the rest of a body come, as far as one may be long: a browser hears an answer only when it has sent all."""
    n = 0
    with suppress(Refused, RuntimeError):  # it stops, or was read to its end
        if _length(request) <= settings.most_bytes + _AROUND:
            async for piece in _pieces(request, settings.patience_s):
                n += len(piece)
                if n > settings.most_bytes + _AROUND:
                    return


async def _read(request: Request, boundary: bytes, form: _Form, settings: Settings) -> None:
    parser = MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type]  # callbacks is a TypedDict there
    n = 0
    try:
        async for piece in _pieces(request, settings.patience_s):
            n += len(piece)
            parser.write(piece)
            if form.n_bytes > settings.most_bytes or n > settings.most_bytes + _AROUND:
                raise too_large(settings)
        parser.finalize()
    except FormParserError as error:
        raise Refused(400, "the body is no form as multipart/form-data has it") from error
    if not form.ended:
        raise Refused(400, "the form ends in the middle; send it again")


async def _pieces(request: Request, patience_s: float) -> AsyncIterator[bytes]:
    """The pieces of a body, each of which comes in time, and the last one before all patience ends."""
    stream = request.stream().__aiter__()
    end = time.monotonic() + LONGEST_S
    while True:
        if time.monotonic() > end:
            raise Refused(408, f"it was not there within {span(LONGEST_S)}; send a smaller file")
        try:
            yield await asyncio.wait_for(stream.__anext__(), patience_s)
        except StopAsyncIteration:
            return
        except asyncio.TimeoutError as error:
            raise Refused(408, f"nothing came for {patience_s:g} s; send it again") from error
        except ClientDisconnect as error:
            raise Refused(400, "the connection broke in the middle") from error


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= _BOUNDARY:
        raise Refused(415, "send the recording as a form: multipart/form-data, with the field file")
    return boundary


def _length(request: Request) -> int:
    try:
        return int(request.headers.get("content-length", "0"))
    except ValueError:
        raise Refused(400, "the length of the body is no number") from None


async def json_body(request: Request, patience_s: float) -> dict[str, Any]:
    """The JSON object of a short body.

    Raises
    ------
    Refused
        If it is too long, or is none.
    """
    from audiolime_ext.files.plain import json_of

    content = b""
    async for piece in _pieces(request, patience_s):
        content += piece
        if len(content) > MOST_JSON:
            raise Refused(413, f"the body is longer than {MOST_JSON // 1000} kB")
    try:
        found = json_of(content)
    except ValueError as error:  # of which what is no text is one
        raise Refused(400, f"the body is no JSON ({shortened(str(error))})") from error
    if not isinstance(found, dict):
        raise Refused(400, "the body is no JSON object")
    return found


def copy_within(path: str, folder: Path, file: str, settings: Settings) -> str:
    """Copy a file that a client names into a new folder, and return its shown name.

    Parameters
    ----------
    path : str
        Path of a file within `Settings.allow_paths`, absolute or from there.
    folder : Path
        Folder that is made for it.
    file : str
        Name of the copy in it.
    settings : Settings
        Settings of the server.

    Raises
    ------
    Refused
        If paths are not allowed, it leads out of the folder (through a link, too), or is no file that can be read.
    """
    if settings.allow_paths is None:
        raise Refused(403, "paths are not taken; send the file, or start the server with --allow-paths FOLDER")
    allowed = settings.allow_paths.resolve()
    try:
        real = (allowed / path).resolve(strict=True)
        inside = real.is_relative_to(allowed) and real.is_file()
    except (OSError, ValueError, RuntimeError):
        inside = False
    if not inside:  # one answer for all: whether a file exists elsewhere is nobody's business
        raise Refused(404, "there is no such file within the folder whose files may be named")
    folder.mkdir(mode=0o700)
    try:
        with real.open("rb") as source, (folder / file).open("xb") as target:
            n = 0
            while piece := source.read(1 << 20):
                n += len(piece)
                if n > settings.most_bytes:
                    raise too_large(settings)
                target.write(piece)
        if n == 0:
            raise Refused(422, f"{shown_name(path)} is empty")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Refused(422, f"{shown_name(path)} cannot be read: {error.strerror}") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return shown_name(real.name)
