"""Fresh files and folders: everything goes to a temporary name, then is renamed.

A new file gets the mode that the system gives new files (umask); one that is replaced keeps its own. Where its name
is a symbolic link, the file that it leads to is replaced, and the link stays. Devices and pipes are not replaced.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from audiolime_ext.errors import OutputError
from audiolime_ext.files.names import cut
from audiolime_ext.files.places import cannot_write, require_writable, require_writable_file
from audiolime_ext.files.temporary import new_file, new_folder


def make_folder(folder: Path) -> None:
    """Create a folder and those above it, unless they exist; `OutputError` if that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise cannot_write(folder, error) from error


@contextmanager
def fresh_folder(target: Path) -> Iterator[Path]:
    """A temporary folder within or beside `target` whose files move into it on success and vanish on any failure.

    Files of the same name in `target` are replaced as by `fresh_file`, each by one rename; others are left alone.
    Folders created on the way vanish, too, if they stay empty.

    Raises
    ------
    OutputError
        If anything cannot be written.
    """
    require_writable(target)
    made = [path for path in (target, *target.parents) if not os.path.lexists(path)]
    try:
        within = target if target.is_dir() else target.parent  # within: it may be a link, or another disk's
        within.mkdir(parents=True, exist_ok=True)
        temporary = new_folder(within, cut(target.name, 100))
    except (OSError, ValueError) as error:
        _remove_empty(made)
        raise cannot_write(target, error) from error
    try:
        yield temporary
        target.mkdir(exist_ok=True)
        for path in sorted(temporary.iterdir()):
            _put(path, _behind_links(target / path.name))
    except OutputError:
        raise
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        _remove_empty(made)


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with suppress(OSError, ValueError):  # it holds something, or was never made
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
        real = _behind_links(path)
        temporary = new_file(real.parent, cut(real.name, 100))
    except (OSError, ValueError) as error:
        raise cannot_write(path, error) from error
    try:
        yield temporary
        _put(temporary, real)
    except OutputError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _behind_links(path: Path) -> Path:
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _put(temporary: Path, real: Path) -> None:
    """Let a file take the place of another, whose mode it keeps."""
    if real.exists():
        require_writable_file(real)
        shutil.copymode(real, temporary)
    try:
        temporary.replace(real)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with fresh_file(real) as near:  # a link leads to another disk
            shutil.copyfile(temporary, near)


def write_bytes(content: bytes, path: Path) -> None:
    """Write `content` to `path` in one step: afterwards the file holds all of it, or is as it was before.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with fresh_file(path) as temporary:
        temporary.write_bytes(content)
