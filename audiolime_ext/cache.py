"""Results of costly work, kept on disk between runs: answers of models, stems, taggrams, maps, the sound of pages.

An entry is named by the hash of everything that determines its content (its *key*: a dictionary of plain values), so
that equal work is done once, and changed work never finds an old answer. It is a folder that holds ``entry.json`` and
the arrays as ``.npy`` files. No pickle. Invariants:

- *All or nothing*: an entry arrives, and leaves, by one rename. Ctrl-C, SIGKILL or a full disk leave at most a folder
  with a temporary name, which is removed later; two processes may work on the same folder.
- *Never trusted*: an entry holds the SHA-256 of itself and of its arrays, and all are hashed whenever it is read. A
  damaged entry, or one of which its reader can make nothing, is removed and made again, and a line on stderr says so.
- *Bounded*: ``AUDIOLIME_CACHE_MAX`` (5GB unless set; 0: nothing is kept); the least recently used entries go first.

The folder is ``results``, inside the one that also holds the checkpoints (``AUDIOLIME_CACHE``).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import OutputError, UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import scalar, sealed, unsealed
from audiolime_ext.files.reading import sha256_of, size_of, text_of
from audiolime_ext.files.temporary import new_folder, sweep
from audiolime_ext.progress import displays

DEFAULT_MAX = "5GB"
_FORMAT = 1
_MAPPED_BYTES = 1 << 20  # smaller arrays are read at once: each memory map keeps a file open
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}

Form = Callable[["Entry"], Any]  # what a reader makes of an entry
Key = Mapping[str, Any]
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Entry:
    """What was kept: small facts, and arrays (large ones are memory-mapped, not read)."""

    facts: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(repr=False)


@dataclass(frozen=True)
class Listed:
    """An entry as it is listed: its kind, what it belongs to, its size and when it was last used (Unix time)."""

    kind: str
    recording: str
    made_with: str
    n_bytes: int
    used: float
    folder: Path


def cache_root() -> Path:
    """The folder of everything that the library keeps between runs: ``AUDIOLIME_CACHE``, else the user's cache."""
    if named := os.environ.get("AUDIOLIME_CACHE"):
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_cache_path("audiolime_ext", appauthor=False)


def identity(built: Any) -> dict[str, Any] | None:
    """What identifies a factorization or a model in a key; None where two states of it might be confused.

    That is so without a fingerprint, and for a function whose fingerprint is no proof, see `FunctionModel.proven`.
    """
    function = getattr(built, "predict_fn", None)
    proven = getattr(built, "fingerprint", None) if function is None else built.proven
    if not proven:
        return None
    named = type(built) if function is None else function if hasattr(function, "__qualname__") else type(function)
    labels = getattr(built, "labels", None)
    called = {} if labels is None else {"labels": list(labels)}
    return {"fingerprint": proven, "spec": built.spec, "kind": f"{named.__module__}.{named.__qualname__}", **called}


def results_folder() -> Path:
    """The folder in which the user's results are kept."""
    return cache_root() / "results"


def max_bytes() -> int:
    """The limit that ``AUDIOLIME_CACHE_MAX`` sets, in bytes.

    Raises
    ------
    UsageError
        If it is not a size.
    """
    text = os.environ.get("AUDIOLIME_CACHE_MAX", "").strip() or DEFAULT_MAX
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", text.lower())
    if not found:
        raise UsageError(f"AUDIOLIME_CACHE_MAX={text!r} is not a size; write 5GB, 500MB, or 0 to keep nothing")
    return int(float(found[1]) * _UNITS[found[2]])


@dataclass(eq=False)
class Cache:
    """A folder of entries, of at most `limit` bytes in all.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache = Cache(Path(folder), limit=10**6)
    ...     cache.write({"kind": "scores", "of": "a song"}, {"scores": np.array([0.5])}, {"labels": ["jazz"]})
    ...     found, other = (cache.read({"kind": "scores", "of": song}) for song in ("a song", "another"))
    >>> found.facts, found.arrays["scores"], other
    ({'labels': ['jazz']}, array([0.5]), None)
    """

    folder: Path
    limit: int
    _room: int = field(default=0, init=False, repr=False)  # bytes to write before the sizes are looked up again

    @classmethod
    def of_user(cls) -> Cache | None:
        """The user's cache; None where ``AUDIOLIME_CACHE_MAX`` is 0."""
        limit = max_bytes()
        return cls(results_folder(), limit) if limit else None

    def read(self, key: Key, form: Form = lambda entry: entry) -> Any:
        """What `form` makes of the entry of this key, verified; None if there is none, or it is damaged.

        A damaged entry is removed, and so is one for which `form` raises `ValueError`, `LookupError` or `TypeError`.
        """
        folder = self._place(key)
        if not folder.exists():
            return None
        try:
            found = form(_read(folder, key))
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            if folder.exists():  # else another process is removing it
                self._drop(folder)
                _say(f"{legible(folder)}, a kept result, is damaged ({error}); it is removed and made again")
            return None
        with suppress(OSError):
            os.utime(folder / "entry.json")
        return found

    def write(self, key: Key, arrays: Arrays, facts: Mapping[str, Any], *, recording: str = "", by: str = "") -> None:
        """Keep an entry, and remove the least recently used ones beyond the limit; one larger than that is not kept.

        Parameters
        ----------
        key : mapping of str to plain values
            Everything that determines the content; ``"kind"`` says what it is.
        recording, by : str
            Name of the recording and of what made the entry, for `entries`.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        if (n_bytes := sum(array.nbytes for array in arrays.values())) > self.limit:
            return
        place = self._place(key)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = new_folder(self.folder, "entry", mode=0o700)
        except OSError as error:
            raise self._cannot_write(error) from error
        try:
            content: dict[str, Any] = {
                "format": _FORMAT,
                "key": _plain(key),
                "facts": _plain(facts),
                "arrays": {name: _written(temporary / f"{name}.npy", array) for name, array in arrays.items()},
                "recording": recording,
                "by": by,
            }
            text = sealed(content)
            (temporary / "entry.json").write_text(text, encoding="utf-8")
            self._drop(place)
            with suppress(FileExistsError):  # another process has just written the same
                _rename(temporary, place)
        except OSError as error:
            raise self._cannot_write(error) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        self._prune(n_bytes + len(text), keep=place)

    def entries(self) -> list[Listed]:
        """What is kept, the most recently used first."""
        found = []
        for folder in self._folders():
            with suppress(OSError, ValueError, KeyError, TypeError):
                content = _content(folder)
                used = (folder / "entry.json").stat().st_mtime
                kind = str(content["key"]["kind"])
                found.append(Listed(kind, content["recording"], content["by"], size_of(folder), used, folder))
        return sorted(found, key=lambda entry: -entry.used)

    def clear(self) -> tuple[int, int]:
        """Remove everything, and return how many entries and bytes that was."""
        folders = self._folders()
        n_bytes = sum(map(size_of, folders))
        for folder in folders:
            self._drop(folder)
        sweep(self.folder)
        self._room = 0
        return len(folders), n_bytes

    def _place(self, key: Key) -> Path:
        digest = hashlib.sha256(json.dumps(_plain(key), sort_keys=True).encode()).hexdigest()
        return self.folder / f"{key['kind']}-{digest[:32]}"

    def _folders(self) -> list[Path]:
        with suppress(OSError):
            return [path for path in self.folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
        return []

    def _drop(self, folder: Path) -> None:
        """Remove an entry, by one rename, so that no process finds half of it."""
        if not folder.exists():
            return
        with suppress(OSError):  # not there, or another process was faster
            out_of_sight = new_folder(self.folder, "old", mode=0o700)
            with suppress(OSError):
                folder.rename(out_of_sight / "old")
            shutil.rmtree(out_of_sight, ignore_errors=True)

    def _prune(self, n_new: int, *, keep: Path) -> None:
        """Hold the limit; sizes are looked up whenever a quarter of the room is used: others may write here, too."""
        self._room -= n_new
        if self._room > 0:
            return
        sweep(self.folder)
        sizes = {folder: size_of(folder) for folder in self._folders()}
        total = sum(sizes.values())
        for folder in sorted(sizes, key=_last_use):
            if total > self.limit and folder != keep:
                self._drop(folder)
                total -= sizes[folder]
        self._room = (self.limit - total) // 4

    def _cannot_write(self, error: OSError) -> OutputError:
        return OutputError(
            f"cannot keep results in {self.folder}: {error.strerror or error}. Set AUDIOLIME_CACHE to a folder that "
            "is writable and has room, or AUDIOLIME_CACHE_MAX=0 to keep nothing"
        )


@dataclass(eq=False)
class Store:
    """The cache while it works: where there is none, or it can no longer be written, nothing is kept.

    That it cannot be written is said once in a process, on stderr: it concerns who runs the work, and no reader of it.

    Parameters
    ----------
    cache : Cache or None
        Cache to read and write; None: nothing is kept.
    complaint : str or None
        Reason why the cache is no longer written; None: it is written.
    """

    cache: Cache | None
    complaint: str | None = None

    def read(self, key: Key | None, form: Form = lambda entry: entry) -> Any:
        """As `Cache.read`; a key of None belongs to something that cannot be identified, and finds nothing."""
        return None if self.cache is None or key is None else self.cache.read(key, form)

    def holds(self, key: Key | None) -> bool:
        """Whether there is an entry of this key, which may still turn out to be damaged."""
        return self.cache is not None and key is not None and self.cache._place(key).exists()

    def write(self, key: Key | None, arrays: Arrays, facts: Mapping[str, Any], *, recording: str, by: str) -> None:
        """As `Cache.write`, if the cache can be written."""
        if self.cache is None or key is None or self.complaint:
            return
        try:
            self.cache.write(key, arrays, facts, recording=recording, by=by)
        except OutputError as error:
            self.complaint = str(error)
            if self.complaint not in _SAID:  # an audit has a store for each recording
                _SAID.add(self.complaint)
                _say(self.complaint)


_SAID: set[str] = set()  # complaints, in this process


def _say(message: str) -> None:
    """A line on stderr, above any progress bar."""
    displays.say(f"audiolime: warning: {message}")


def _read(folder: Path, key: Key) -> Entry:
    content = _content(folder)
    if (content["format"], content["key"]) != (_FORMAT, _plain(key)):
        raise ValueError("it is of another version, or another result's")
    return Entry(
        content["facts"], {name: _array(folder / f"{name}.npy", seal) for name, seal in content["arrays"].items()}
    )


def _content(folder: Path) -> dict[str, Any]:
    return unsealed(text_of(folder / "entry.json"))


def _rename(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as error:
        if target.exists():
            raise FileExistsError(target) from error
        raise


def _plain(value: Any) -> Any:
    """A value as JSON gives it back."""
    return json.loads(json.dumps(value, allow_nan=False, default=scalar))


def _written(path: Path, array: NDArray[Any]) -> str:
    """Write an array, and return the SHA-256 of the file."""
    np.save(path, array, allow_pickle=False)
    return sha256_of(path)


def _array(path: Path, digest: str) -> NDArray[Any]:
    if sha256_of(path) != digest:
        raise ValueError(f"{path} is damaged")
    large = path.stat().st_size > _MAPPED_BYTES
    return np.asarray(np.load(path, mmap_mode="r" if large else None, allow_pickle=False))


def _last_use(folder: Path) -> float:
    with suppress(OSError):
        return (folder / "entry.json").stat().st_mtime
    return 0.0
