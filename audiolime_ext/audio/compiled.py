"""librosa, imported so that numba can keep what it compiles of it.

numba compiles functions of librosa at their first use, which takes seconds, and keeps them beside librosa or in the
user's home. Where neither is writable (a container without a home), the import itself fails. So they are kept in our
own cache, as ``compiled``, or for one run in a temporary folder. A ``NUMBA_CACHE_DIR`` that the user set is respected.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from audiolime_ext.cache import cache_root
from audiolime_ext.extras import require


def librosa(*, extra: str = "beats") -> Any:
    """The package librosa; the first call on a machine prints that it will take a moment.

    Parameters
    ----------
    extra : str
        Name of the extra that brings it, for the error.

    Raises
    ------
    MissingError
        If it is not installed.

    Examples
    --------
    >>> float(librosa().midi_to_hz(69))
    440.0
    """
    if "librosa" not in sys.modules:
        _keep_what_is_compiled()
    return require("librosa", extra=extra)


def _keep_what_is_compiled() -> None:
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    folder = kept = cache_root() / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        if not any(folder.iterdir()):
            _say("librosa's functions are compiled, once on this machine; this takes some seconds")
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="audiolime-compiled-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _say(
            "librosa's functions are compiled; this takes some seconds, in every run, as "
            f"{kept} is not writable (AUDIOLIME_CACHE names another folder)"
        )
    os.environ["NUMBA_CACHE_DIR"] = str(folder)  # for processes that are started, too
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = str(folder)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
