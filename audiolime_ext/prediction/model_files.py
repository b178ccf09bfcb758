"""Files of models that other libraries saved: their bytes, and what their libraries say when something is wrong.

Invariants: *only a regular file of a size that memory holds is read, and no archive that unpacks to far more*.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path

from audiolime_ext.errors import CorruptError, MissingError
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import contents, require_file

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # of a terminal
_GROWTH, _TEXT = 4, 100_000_000  # how far a model's archive unpacks: times its size, and bytes of text


def read(path: Path) -> bytes:
    """The bytes of a model's file, a regular one; `MissingError` if there is none, or it is too large to be read."""
    try:
        return contents(require_file(path))
    except FileNotFoundError:
        raise MissingError(
            f"there is no model at {legible(path)}; name a file that exists, relative to {Path.cwd()}"
        ) from None
    except OSError as error:
        raise MissingError(
            f"there is no model at {legible(path)} that can be read: {error.strerror or error}; name another file"
        ) from error


def read_archive(path: Path, advice: str) -> bytes:
    """The bytes of a model's file, which is a zip archive that is whole.

    Raises
    ------
    MissingError
        If there is no such file.
    CorruptError
        If it is no zip archive, or is damaged; the message ends with `advice`.
    """
    content = read(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _GROWTH * len(content) + _TEXT:
                raise CorruptError(f"{legible(path)} unpacks to far more than a model does; {advice}")
            damaged = archive.testzip()
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise CorruptError(f"{legible(path)} is damaged, or no saved model ({error}); {advice}") from error
    if damaged is not None:
        raise CorruptError(f"{legible(path)} is damaged (in {damaged}); {advice}")
    return content


def reason(error: Exception) -> str:
    """Another library's message in one line of bearable length, without colours: it may hold whole tracebacks."""
    text = " ".join(_COLOUR.sub("", f"{type(error).__name__}: {error}").split())
    return text if len(text) < 400 else f"{text[:200]} … {text[-200:]}"


def digest(content: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(content).digest()
