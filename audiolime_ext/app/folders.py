"""Where the app works: a folder that is kept, or one that is gone when the server is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from audiolime_ext.app.jobs import FILE, ID
from audiolime_ext.app.settings import Settings
from audiolime_ext.files.temporary import new_folder


def kept_folder() -> Path:
    """The folder of what is kept where nobody names one."""
    from platformdirs import user_data_path

    return user_data_path("audiolime") / "app"


@contextmanager
def work_folder(settings: Settings) -> Iterator[Path]:
    """The folder of work while the server runs; what is not to be kept is removed afterwards.

    A server that is killed removes nothing. Of its folders for a while, the next one does.

    Parameters
    ----------
    settings : Settings
        Settings of the server: which folder, and whether it is kept.
    """
    if settings.keep:
        yield settings.work or kept_folder()
        return
    if settings.work is not None:
        try:
            yield settings.work
        finally:
            _clear(settings.work)
        return
    folder = new_folder(Path(tempfile.gettempdir()), "audiolime-app", mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clear(folder: Path) -> None:
    """Remove what is the app's, and the folder if nothing else is in it."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and ID.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)
            elif path.name in (FILE, f"{FILE}.lock", f"{FILE}-journal"):
                path.unlink(missing_ok=True)
        folder.rmdir()
