"""Writing that leaves nothing half-written: everything goes to a temporary name first, then is renamed."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from audiolime_ext.errors import OutputError


def _reason(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write {path}: {error.strerror or error}; nothing was left half-written. "
        "Name a folder that exists, may be written and has room"
    )


def require_writable(folder: Path) -> None:
    """Raise `OutputError` if `folder` can be seen, before any work, not to be writable; nothing is made."""
    nearest = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(path))
    if not nearest.is_dir():
        raise OutputError(f"cannot write {folder}: {nearest} is no folder; name another folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {folder}: {nearest} may not be written to; name another folder")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, unless they are there; `OutputError` if that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _reason(folder, error) from error


@contextmanager
def fresh_folder(target: Path) -> Iterator[Path]:
    """A temporary folder beside `target` whose files move into it on success and vanish on any failure.

    Files of the same name in `target` are replaced, each by one rename; others are left alone. Folders made on the way
    vanish, too, if they stay empty.

    Raises
    ------
    OutputError
        If anything cannot be written.
    """
    made = [path for path in (target, *target.parents) if not path.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}."[:100], suffix=".part", dir=target.parent))
    except OSError as error:
        _remove_empty(made)
        raise _reason(target, error) from error
    try:
        temporary.chmod(0o755)
        yield temporary
        target.mkdir(exist_ok=True)
        for path in sorted(temporary.iterdir()):
            path.replace(target / path.name)
    except OutputError:
        raise
    except OSError as error:
        raise _reason(target, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        _remove_empty(made)


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # it holds something, or was never made
            folder.rmdir()


@contextmanager
def fresh_file(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place on success and vanishes on any failure.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}."[:100], suffix=".part", dir=path.parent)
    except OSError as error:
        raise _reason(path, error) from error
    temporary = Path(name)
    try:
        os.close(handle)
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OutputError:
        raise
    except OSError as error:
        raise _reason(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` in one step: afterwards the file holds all of it, or is as it was before.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with fresh_file(path) as temporary:
        temporary.write_bytes(content)


def file_name(label: str, taken: set[str]) -> str:
    """A label or a stem's name as the name of a file, without its ending; numbered where it is `taken`.

    Letters and digits stay, everything else becomes a dash: no name leaves its folder.

    Examples
    --------
    >>> file_name("Female vocalists", set()), file_name("../AC/DC", {"ac-dc"})
    ('female-vocalists', 'ac-dc-2')
    """
    kept = "".join(char if char.isalnum() else "-" for char in label.lower())
    stem = "-".join(filter(None, kept.split("-")))[:60] or "label"
    candidates = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in candidates if name not in taken)


def to_json(value: Any, *, indent: int | None = None) -> str:
    r"""Strict JSON: no NaN, no infinity, letters as they are.

    Bytes of a file name that are no UTF-8 are written as escapes (``\udcff``), which `json.loads` turns back.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, indent=indent)
    return text
