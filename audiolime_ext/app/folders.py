"""Where the app works: a folder that is kept, or one that is gone when the server is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from audiolime_ext.app.jobs import FILE, ID, Jobs
from audiolime_ext.app.settings import Settings
from audiolime_ext.errors import UsageError
from audiolime_ext.files.temporary import new_folder


def kept_folder() -> Path:
    """The folder of what is kept where nobody names one."""
    from platformdirs import user_data_path

    return user_data_path("audiolime") / "app"


def require_usable(settings: Settings) -> None:
    """Raise what is wrong with the folder that is named, or kept; it is as it was afterwards, if nothing is kept.

    Parameters
    ----------
    settings : Settings
        Settings of the server: which folder, and whether it is kept.

    Raises
    ------
    UsageError
        If another server works with it, or it holds songs of an earlier server and nothing is to be kept.
    OutputError
        If it cannot be written, or holds other things.
    """
    folder = settings.work or (kept_folder() if settings.keep else None)
    if folder is None:
        return
    was_there = folder.exists()
    with Jobs.open(folder, most_tries=settings.most_tries) as jobs:
        n = jobs.n_all()
    if settings.keep:
        return
    if n:
        raise UsageError(f"{folder} holds songs that were kept; add --keep, or name another folder with --work")
    _clear(folder, whole=not was_there)


@contextmanager
def work_folder(settings: Settings) -> Iterator[Path]:
    """The folder of work while the server runs; what is not to be kept is removed afterwards.

    A folder that was there before stays, without what the app wrote. A server that is killed removes nothing. Of its
    folders for a while, the next one does.

    Parameters
    ----------
    settings : Settings
        Settings of the server: which folder, and whether it is kept.
    """
    if settings.keep:
        yield settings.work or kept_folder()
        return
    if settings.work is not None:
        require_usable(settings)
        was_there = settings.work.exists()
        try:
            yield settings.work
        finally:
            _clear(settings.work, whole=not was_there)
        return
    folder = new_folder(Path(tempfile.gettempdir()), "audiolime-app", mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clear(folder: Path, *, whole: bool) -> None:
    """Remove what is the app's; if `whole`, the folder too, where nothing else is in it."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and ID.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)
            elif path.name in (FILE, f"{FILE}.lock", f"{FILE}-journal"):
                path.unlink(missing_ok=True)
        if whole:
            folder.rmdir()
