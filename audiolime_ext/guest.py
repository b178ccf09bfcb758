"""Somebody else's code in our process: a model or a separator of the user's, which may do as it likes.

While it runs, what it prints goes to stderr, above progress bars: stdout is for our data. Afterwards the working folder
and NumPy's error state are those from before. The global random generators stay where it leaves them: nothing here
draws from them, and a model that draws must go on drawing, since the same draw every time would pass for certainty.

Invariant: *when the last of several guests (in threads) has gone, stdout, folder and error state are as they were.*
"""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np


@contextmanager
def as_guest() -> Iterator[None]:
    """While a guest runs.

    Examples
    --------
    >>> before = Path.cwd()
    >>> with as_guest():
    ...     os.chdir("/")
    ...     _ = np.seterr(all="raise")
    >>> Path.cwd() == before, np.geterr()["divide"]
    (True, 'warn')
    """
    _ROOM.enter()
    try:
        with np.errstate():
            yield
    finally:
        _ROOM.leave()


class _Room:
    """What all threads share: stdout and the working folder, kept from the first guest to the last."""

    def __init__(self) -> None:
        self.lock, self.n_guests = threading.Lock(), 0
        self.stdout: Any = None
        self.folder: Path | None = None

    def enter(self) -> None:
        with self.lock:
            self.n_guests += 1
            if self.n_guests == 1:
                self.stdout, self.folder = sys.stdout, _folder()
                sys.stdout = _aside()

    def leave(self) -> None:
        with self.lock:
            self.n_guests -= 1
            if self.n_guests == 0:
                sys.stdout, self.stdout = self.stdout, None
                if self.folder is not None and _folder() != self.folder:
                    os.chdir(self.folder)


_ROOM = _Room()


def _folder() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # it has been removed
        return None


def _aside() -> Any:
    """Stderr, without breaking the progress bars there."""
    from tqdm.contrib import DummyTqdmFile

    return io.StringIO() if sys.stderr is None else DummyTqdmFile(sys.stderr)
