"""Places to write to: what is wrong with one is said before the work whose result it is for; nothing is left there."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from audiolime_ext.errors import OutputError
from audiolime_ext.files.names import legible


def cannot_write(path: Path, error: OSError | ValueError) -> OutputError:
    """The error for a place that the system refuses."""
    return OutputError(
        f"cannot write {legible(path)}: {getattr(error, 'strerror', None) or error}; nothing was left half-written. "
        "Name a folder that exists, is writable and has room"
    )


def require_writable(folder: Path) -> None:
    """Raise `OutputError` if it is clear before any work that `folder` is not writable; nothing is left there.

    Rights are not all: the superuser has them in ``/proc``, too, where no file can be made; so one without a name is.
    """
    nearest = _nearest(folder)
    if not nearest.is_dir():
        raise OutputError(f"cannot write {legible(folder)}: {legible(nearest)} is not a folder; name another folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {legible(folder)}: {legible(nearest)} is not writable; name another folder")
    try:
        with TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        why = error.strerror or error
        raise OutputError(
            f"cannot write {legible(folder)}: no file can be made in {legible(nearest)} ({why}); name another folder"
        ) from error
    _require_names(folder)


def require_writable_file(path: Path, *, in_new_folder: bool = False) -> None:
    """Raise `OutputError` if it is clear before any work that no file can be written at `path`; nothing is left there.

    Parameters
    ----------
    path : Path
        File that is to be written.
    in_new_folder : bool
        True if its folder will be made where it is missing.
    """
    require_writable(path.parent)
    if not in_new_folder and not path.parent.is_dir():
        raise OutputError(f"cannot write {legible(path)}: there is no folder {legible(path.parent)}; make it first")
    _require_names(path)
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "a device or a pipe"
        raise OutputError(f"cannot write {legible(path)}: it is {what}; name a file")
    if path.exists() and not os.access(path, os.W_OK):
        raise OutputError(f"cannot write {legible(path)}: it may not be overwritten; name another file")


def _nearest(path: Path) -> Path:
    """The path, or the lowest one above it that is there."""
    whole = path.absolute()
    return next(place for place in (whole, *whole.parents) if os.path.lexists(place))


def _require_names(path: Path) -> None:
    """Let the system look for what is yet to be made: a name that is too long is another error than a missing file."""
    nearest = _nearest(path)
    try:
        for place in (path.absolute(), *(nearest / name for name in path.absolute().relative_to(nearest).parts)):
            with suppress(FileNotFoundError):
                place.lstat()
    except (OSError, ValueError) as error:
        raise cannot_write(path, error) from error
