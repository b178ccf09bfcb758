"""Other people's code in our process: the user's model or separator, a *guest*, which may do anything.

While it runs, what it prints goes to stderr, above progress bars: stdout is for our data. Afterwards the working
folder, the umask, the locale and NumPy's error state are as before. The global random generators stay where it leaves
them: nothing here draws from them, and a model that draws must go on drawing, since the same draw every time would be
mistaken for certainty.

No guest ends the program: `os._exit`, which would end it without a message, raises `Exit` where a guest calls it. Other
threads, and processes that a guest forks, get the real `os._exit`; but while there is a guest, no thread ends the
program with exit code 0, as if the work were done. C code that calls `exit` or `abort` cannot be held.

Where a guest, or what is done for it, runs out of memory, the error is the same for all libraries: it says what was
being done, and what would need less.

Invariant: *when the last of several guests (in threads) has gone, stdout, folder, umask, locale, error state and
`os._exit` are as they were.*
"""

from __future__ import annotations

import io
import locale
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from audiolime_ext.errors import OutOfMemory

_NAMES = ("OutOfMemoryError", "ResourceExhaustedError")  # of PyTorch and CuPy; of TensorFlow
_SAYINGS = (
    "out of memory",  # CUDA, JAX
    "can't allocate memory",  # PyTorch on a CPU
    "cannot allocate memory",  # the system's own
    "failed to allocate memory",  # ONNX Runtime
    "bad_alloc",  # C++
    "bad allocation",  # … on Windows
    "oom when allocating",  # TensorFlow
    "resource_exhausted",
)
_LONGEST = 300  # characters of what a library says


class Exit(SystemExit):
    """A guest called `os._exit`."""


def deed(error: BaseException) -> str:
    """What a guest did instead of answering, for a message.

    Examples
    --------
    >>> deed(SystemExit("bye")), deed(Exit(0)), deed(ValueError("no"))
    ("called sys.exit('bye')", 'called os._exit(0)', 'raised ValueError')
    """
    if isinstance(error, SystemExit):
        return f"called {'os._exit' if isinstance(error, Exit) else 'sys.exit'}({error.code!r})"
    return f"raised {type(error).__name__}"


@contextmanager
def as_guest() -> Iterator[None]:
    """Run a guest inside, and restore afterwards what it may have changed.

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
    except (Exception, SystemExit, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # a panic of Rust or a cancelled task: it passes whoever catches exceptions
        raise RuntimeError(f"{type(error).__name__}: {error}") from error
    finally:
        _ROOM.leave()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there was not enough memory.

    Examples
    --------
    >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"))
    (True, True)
    >>> is_out_of_memory(RuntimeError("memory format is not channels_last"))
    False
    """
    said = str(error).lower()
    return (
        isinstance(error, MemoryError) or type(error).__name__ in _NAMES or any(saying in said for saying in _SAYINGS)
    )


def out_of_memory(doing: str, error: BaseException, advice: str) -> OutOfMemory:
    """The error for memory that ran out while doing something.

    Examples
    --------
    >>> str(out_of_memory("reading song.wav", MemoryError(), "cut it into parts"))
    'out of memory while reading song.wav; cut it into parts'
    """
    said = " ".join(str(error).split())
    said = f"{said[:_LONGEST]}…" if len(said) > _LONGEST else said
    return OutOfMemory(f"out of memory while {doing}{f' ({said})' if said else ''}; {advice}")


@contextmanager
def memory_for(doing: str, advice: str) -> Iterator[None]:
    """Where memory runs out inside, raise the error that says what was being done, and what to do.

    Raises
    ------
    OutOfMemory
        If it does.

    Examples
    --------
    >>> with memory_for("separating", "choose a shorter excerpt"):
    ...     raise MemoryError
    Traceback (most recent call last):
    audiolime_ext.errors.OutOfMemory: out of memory while separating; choose a shorter excerpt
    """
    try:
        yield
    except OutOfMemory:
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise out_of_memory(doing, error, advice) from error


class _Room:
    """What all threads share, kept from the first guest to the last: stdout, the exit, the folder and other habits."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.guests: list[int] = []  # their threads; one may be a guest within a guest
        self.stdout: Any = None
        self.folder: Path | None = None
        self.umask, self.locale = 0, ""
        self.end: Callable[[int], NoReturn] = os._exit
        self.process = os.getpid()

    def enter(self) -> None:
        with self.lock:
            self.guests.append(threading.get_ident())
            if len(self.guests) == 1:
                self.stdout, self.folder = sys.stdout, _folder()
                self.umask, self.locale = _umask(), locale.setlocale(locale.LC_ALL)
                sys.stdout = _aside()
                self.end, self.process = os._exit, os.getpid()
                os._exit = self.exit

    def leave(self) -> None:
        with self.lock:
            self.guests.remove(threading.get_ident())
            if not self.guests:
                os._exit = self.end  # type: ignore[assignment]
                sys.stdout, self.stdout = self.stdout, None
                if self.folder is not None and _folder() != self.folder:
                    os.chdir(self.folder)
                os.umask(self.umask)
                if locale.setlocale(locale.LC_ALL) != self.locale:
                    locale.setlocale(locale.LC_ALL, self.locale)

    def exit(self, status: int) -> NoReturn:
        """Stands in for `os._exit`."""
        if os.getpid() != self.process:
            self.end(status)
        if threading.get_ident() in self.guests:
            raise Exit(status)
        self.end(status or 1)  # the work is not done


_ROOM = _Room()


def _folder() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # it has been removed
        return None


def _umask() -> int:
    """What is taken from the modes of new files; it can only be read by setting another, for a moment a strict one."""
    os.umask(found := os.umask(0o077))
    return found


def _aside() -> Any:
    """Stderr, without breaking the progress bars there."""
    from tqdm.contrib import DummyTqdmFile

    return io.StringIO() if sys.stderr is None else DummyTqdmFile(sys.stderr)
