"""Temporary files and folders, beside what they will replace: whose they are, and when they are swept away.

A name says who writes. ``.song.html.3f2a90c1-4711-8c1d02e7.part`` belongs to process 4711 of the *system* 3f2a90c1, in
which a number means one process: one boot of one machine and, there, one container. A process that was killed leaves
its file behind. Whoever next writes into the same folder removes it, if its writer is surely gone: it is of this
system, and no longer runs; or nothing of it was touched for a day. (Many machines may write into a network's folder.)
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

STALE_S = 24 * 3600.0
_UNKNOWN = "0" * 8  # a system that does not say who it is
_OURS = re.compile(r"\.(?:.*\.)?([0-9a-f]{8})-([0-9]{1,9})-[0-9a-f]{8}\.part", re.DOTALL)


def new_file(folder: Path, name: str) -> Path:
    """An empty file beside `name`, which is short enough to be added to; it has the mode of every new file."""
    path = _path(folder, name)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # the system takes its umask away
    return path


def new_folder(folder: Path, name: str, *, mode: int = 0o777) -> Path:
    """An empty folder beside `name`, as `new_file`."""
    path = _path(folder, name)
    path.mkdir(mode)
    return path


def sweep(folder: Path) -> None:
    """Remove what processes that were killed have left in a folder."""
    with suppress(OSError):
        for path in folder.iterdir():
            found = _OURS.fullmatch(path.name)
            if found and _is_left(path, found[1], int(found[2])):
                _remove(path)


def _path(folder: Path, name: str) -> Path:
    _sweep_once(folder.absolute())
    return folder / f".{name}.{_system()}-{os.getpid()}-{os.urandom(4).hex()}.part"


@lru_cache(maxsize=256)
def _sweep_once(folder: Path) -> None:
    """Sweep a folder before this process first writes into it: ten thousand pages need not look at each other."""
    sweep(folder)


@lru_cache(maxsize=1)
def _system() -> str:
    """Where a process number means one process; Linux can tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        space = Path("/proc/self/ns/pid").stat().st_ino
        return hashlib.sha256(f"{boot} {space} {os.uname().nodename}".encode()).hexdigest()[:8]
    except OSError:
        return _UNKNOWN


def _is_left(path: Path, system: str, process: int) -> bool:
    if system == _system() != _UNKNOWN:
        return not _runs(process)
    with suppress(OSError):
        touched = max(one.lstat().st_mtime for one in (path, *path.rglob("*")))
        return time.time() - touched > STALE_S
    return False  # it is being removed


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):  # another process is faster, or it is not ours to remove
        path.unlink()
