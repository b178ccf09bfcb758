"""What the catalogue of an index holds: the identity of the index, its files, and what was found of each song."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.engine.jobs import Task, canonical

VERSION = 1  # of the arithmetic of vectors: another one is another index
OWN_FACTORIZATION = "own factorization"  # stands for the spec of one that lives in memory only


@dataclass(frozen=True)
class Identity:
    """What all vectors of an index have in common.

    Parameters
    ----------
    model, fingerprint : str
        Spec of the model, and its fingerprint; "" where a catalogue of others brought the vectors.
    labels : tuple of str or None
        Names of the model's outputs; None: they have none.
    n_features : int
        Length of a vector.
    middle_s : float or None
        Seconds that are heard from the middle of each song; None: all of it.
    windows : bool
        True if the vectors of single windows are kept, too.
    sr : int or None
        Rate in Hz at which a plain function listens; None: the model has one of its own.
    version : int
        Version of the arithmetic.
    stems, stems_fingerprint : str or None, str
        Spec of the factorization that songs are split by, and its fingerprint; None and "": they are not.
    """

    model: str
    fingerprint: str
    labels: tuple[str, ...] | None
    n_features: int
    middle_s: float | None = None
    windows: bool = False
    sr: int | None = None
    version: int = VERSION
    stems: str | None = None
    stems_fingerprint: str = ""

    def plain(self) -> dict[str, str]:
        """Its fields, each as JSON."""
        return {name: canonical(getattr(self, name)) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class File:
    """A file of the collection, and what it was when its content was read.

    Parameters
    ----------
    path : str or None
        Path, relative to the index's folder or absolute; None: the collection has no file of the song.
    sha256 : str
        SHA-256 of its bytes; the collection's own name for the song where there is no file.
    size, mtime_ns : int
        Bytes, and the time of the last change in nanoseconds: while both stay, the content is not read again.
    title, artist, album, genre : str or None
        Tags; None where they do not say.
    year : int or None
        Year of publication; None where the tags do not say.
    detail : str
        Anything else that the song's vector follows from: a hash of the vector itself, where a catalogue brought it.
    """

    path: str | None
    sha256: str
    size: int = 0
    mtime_ns: int = 0
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    year: int | None = None
    detail: str = ""

    @property
    def task(self) -> Task:
        """What is to be measured."""
        return Task(self.sha256, detail=self.detail)


@dataclass(frozen=True)
class Facts:
    """Small facts about a song that was measured.

    Parameters
    ----------
    duration_s : float or None
        Length of the recording in seconds; None: nobody said.
    n_windows : int
        Number of windows that count.
    notes : tuple of str
        Sentences on what else to know.
    stems : tuple of str
        Names of its stems; none where songs are not split.
    """

    duration_s: float | None = None
    n_windows: int = 1
    notes: tuple[str, ...] = ()
    stems: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Embedded:
    """What comes of one song.

    Parameters
    ----------
    mean : ndarray of float32, shape (n_features,)
        Vector of the song.
    windows : ndarray of float32, shape (n_windows, n_features), or None
        Vectors of its windows; None: they are not kept.
    facts : Facts
        Facts about it.
    parts : ndarray of float32, shape (1 + n_stems, n_features), or None
        Vector of silence, then what each stem adds; None: the song was not split.
    """

    mean: NDArray[np.float32] = field(repr=False)
    windows: NDArray[np.float32] | None = field(repr=False)
    facts: Facts
    parts: NDArray[np.float32] | None = field(default=None, repr=False)


class Rows(NamedTuple):
    """Of a song its vector, and those of its windows and of its parts; no rows where they are not kept."""

    mean: NDArray[np.float32]
    windows: NDArray[np.float32]
    parts: NDArray[np.float32]
