"""An index of vectors that a catalogue brings itself: nothing is heard, so it may have millions of songs.

Vectors come from a file (see `audiolime_ext.collection.indexing.brought`). With a collection of recordings besides,
each row is given to the song that it names: by its path, else by title and artist (see
`audiolime_ext.collection.indexing.matching`); what has no partner is left out and named, and nothing is paired at
random. Another file for the same index replaces its songs.

If a model is named, it is the one that made the vectors; then it hears queries, and must answer as many numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index, load_index, write_matrices
from audiolime_ext.collection.indexing.brought import Brought, read_vectors
from audiolime_ext.collection.indexing.catalogue import Catalogue, files_before
from audiolime_ext.collection.indexing.listing import kept_as, listing
from audiolime_ext.collection.indexing.matching import match
from audiolime_ext.collection.indexing.records import Embedded, Facts, File, Identity
from audiolime_ext.collection.indexing.work import answers_to_noise
from audiolime_ext.collection.omissions import left_out, some
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import is_file, is_folder, legible
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.text import counted


@dataclass(frozen=True, eq=False)
class Bringing:
    """An index that is ready to be written.

    Parameters
    ----------
    folder : Path
        Folder of the index.
    identity : Identity
        Identity of the index.
    files : tuple of File
        Songs of the index.
    vectors : ndarray of float32, shape (n_songs, n_features)
        Vector of each song.
    durations_s : tuple of float or None
        Length of each song in seconds; None: the catalogue does not say.
    notes : tuple of str
        Sentences on what was left out.
    """

    folder: Path
    identity: Identity
    files: tuple[File, ...]
    vectors: NDArray[np.float32] = field(repr=False)
    durations_s: tuple[float | None, ...] = field(repr=False)
    notes: tuple[str, ...] = ()

    def run(self) -> Index:
        """Write it, in one step.

        Raises
        ------
        UsageError
            If the folder holds another index, or is being written by another process.
        """
        with Catalogue.create_or_resume(self.folder, self.identity) as catalogue:
            songs = (
                (file.task, file.path or file.sha256, Embedded(vector, None, Facts(duration_s)))
                for file, vector, duration_s in zip(self.files, self.vectors, self.durations_s, strict=True)
            )
            catalogue.take(songs, len(self.files), (), self.files)
            write_matrices(self.folder, catalogue)
        return load_index(self.folder)


def plan_bringing(
    vectors: str | Path | Brought,
    *,
    index: str | Path,
    source: str | Path | None = None,
    model: Any = None,
    root: str | Path | None = None,
    features: Sequence[str] | None = None,
    sr: int | None = None,
) -> Bringing:
    """Check a catalogue's vectors and make their index ready to be written.

    Parameters
    ----------
    vectors : str, Path or Brought
        File of vectors, or what was read from it.
    index : str or Path
        Folder of the index.
    source : str, Path or None
        Recordings that the rows are given to, as for `audiolime_ext.make_index`; None: every row is a song.
    model : Model, str, callable or None
        Model that made the vectors, which hears queries; None: it is not known, and queries are songs of the index.
    root : str, Path or None
        Folder that paths in the tables are relative to; None: each table's own.
    features : sequence of str or None
        Columns of a table that are features; None: all that are, by its rules.
    sr : int or None
        Sampling rate in Hz at which a plain function listens.

    Raises
    ------
    UsageError
        If something cannot be used, or the model answers another number of numbers.
    """
    folder = Path(index)
    Catalogue.require_free(folder)
    brought = vectors if isinstance(vectors, Brought) else read_vectors(vectors, features=features)
    if root is not None:
        brought = replace(brought, folder=Path(root))
    identity = _identity(brought, model, sr)
    before = files_before(folder, identity)
    if source is None:
        files, rows, notes = _all(brought, folder)
    else:
        files, rows, notes = _given_to(brought, source, folder, before, root)
    chosen = brought.vectors[rows]
    digests = (sha256(vector.tobytes()).hexdigest()[:16] for vector in chosen)
    return Bringing(
        folder,
        identity,
        tuple(replace(file, detail=digest) for file, digest in zip(files, digests, strict=True)),
        chosen,
        tuple(brought.songs[row].duration_s for row in rows),
        (*brought.notes, *notes),
    )


def _identity(brought: Brought, model: Any, sr: int | None) -> Identity:
    n_features = brought.vectors.shape[1]
    if model is None:
        return Identity("", "", brought.labels, n_features)
    ears = load_model(model, sr=sr)
    if not ears.spec or not ears.fingerprint:
        raise UsageError("the model of a catalogue's vectors must be named by a spec, by which queries find it later")
    if (n := answers_to_noise(ears).shape[-1]) != n_features:
        raise UsageError(
            f"{ears.spec} answers {counted(n, 'number')}, and the catalogue's vectors have {n_features}; name the "
            "model that made them, or none"
        )
    labels = brought.labels if ears.labels is None else tuple(ears.labels)
    return Identity(ears.spec, ears.fingerprint, labels, n_features, sr=sr)


def _all(brought: Brought, folder: Path) -> tuple[list[File], list[int], list[str]]:
    """Every row as a song, sorted by path or key, and notes."""
    files, gone = list[File](), list[str]()
    for song in brought.songs:
        path = None if song.path is None else brought.folder / song.path
        there = path is not None and is_file(path)
        if path is not None and not there:
            gone.append(str(song.path))
        files.append(replace(_described(song), path=kept_as(path, folder) if path is not None and there else None))
    order = sorted(range(len(files)), key=lambda row: (files[row].path or "", files[row].sha256))
    notes = [left_out(gone, "song has no file where the catalogue says", "songs have no file where the catalogue says")]
    return [files[row] for row in order], order, [note for note in notes if note]


def _given_to(
    brought: Brought, source: str | Path, folder: Path, before: Sequence[File], root: str | Path | None
) -> tuple[list[File], list[int], list[str]]:
    """The recordings that have a row, their rows, and notes on those without."""
    found = listing(source, folder, before, root=None if is_folder(source) else root)
    by_path = {
        kept_as(brought.folder / song.path, folder): row
        for row, song in enumerate(brought.songs)
        if song.path is not None
    }
    rows = {at: by_path[file.path] for at, file in enumerate(found.files) if file.path in by_path}
    left = [at for at in range(len(found.files)) if at not in rows]
    free = [row for row in range(len(brought.songs)) if row not in set(rows.values())]
    matched = match(
        [_song(found.files[at]) for at in left],
        [brought.songs[row] for row in free],
        same=lambda i, j: np.array_equal(brought.vectors[free[i]], brought.vectors[free[j]]),
    )
    rows |= {left[at]: free[row] for at, row in matched.rows.items()}
    unmatched = [f"{legible(str(found.files[left[at]].path))} ({why})" for at, why in matched.why.items()]
    if not rows:
        raise UsageError(
            f"no row of the catalogue names a recording of {legible(source)}, by path or by title and artist: "
            f"{some(unmatched)}"
        )
    used = set(rows.values())
    unused = [song.name for row, song in enumerate(brought.songs) if row not in used]
    notes = (
        *found.notes,
        left_out(unmatched, "recording has no row and is left out", "recordings have no row and are left out"),
        left_out(unused, "row is given to no recording", "rows are given to no recording"),
    )
    order = sorted(rows)
    return [found.files[at] for at in order], [rows[at] for at in order], [note for note in notes if note]


def _described(song: Song) -> File:
    return File(
        None, song.key, title=song.title, artist=song.artist, album=song.album, genre=song.genre, year=song.year
    )


def _song(file: File) -> Song:
    return Song(file.sha256, file.path, (), file.title, file.artist, file.album, file.genre, file.year)
