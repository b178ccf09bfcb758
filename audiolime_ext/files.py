"""Writing that leaves nothing half-written: everything goes to a temporary name first, then is renamed."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audiolime_ext.errors import OutputError


def _reason(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write {path}: {error.strerror or error}; nothing was left half-written. "
        "Name a folder that exists, may be written and has room"
    )


@contextmanager
def fresh_folder(target: Path) -> Iterator[Path]:
    """A temporary folder beside `target` whose files move into it on success and vanish on any failure.

    Files of the same name in `target` are replaced, each by one rename; others are left alone.

    Raises
    ------
    OutputError
        If anything cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    except OSError as error:
        raise _reason(target, error) from error
    try:
        temporary.chmod(0o755)
        yield temporary
        target.mkdir(exist_ok=True)
        for path in sorted(temporary.iterdir()):
            os.replace(path, target / path.name)
    except OutputError:
        raise
    except OSError as error:
        raise _reason(target, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` in one step: afterwards the file holds all of it, or is as it was before.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise _reason(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise _reason(path, error) from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Strict JSON: no NaN, no infinity, letters as they are.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
