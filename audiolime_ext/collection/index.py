"""An index: the songs of a collection and their vectors, read from the folder in which `audiolime index` keeps them.

Songs come in the order of their paths, and each once, though several files may have its content. What could not be
measured is in `Index.failures`, and in nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.engine.jobs import Failure
from audiolime_ext.collection.indexing import matrix
from audiolime_ext.collection.indexing.catalogue import FORM, Catalogue
from audiolime_ext.collection.indexing.records import Facts, File
from audiolime_ext.collection.song_parts import SongParts
from audiolime_ext.collection.songs import Song
from audiolime_ext.collection.stem_vectors import StemVectors
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import is_file, legible
from audiolime_ext.track.window import names_of


@dataclass(frozen=True, eq=False)
class Index:
    """The songs of a collection and their vectors.

    Parameters
    ----------
    folder : Path
        Folder of the index; paths of songs are relative to it.
    model : str
        Spec of the model that made the vectors; "" where a catalogue brought its own.
    fingerprint : str
        Fingerprint of that model; "" where a catalogue brought its own vectors.
    labels : tuple of str or None
        Names of the model's outputs; None: they have none.
    songs : tuple of Song
        Songs, in the order of their paths.
    vectors : ndarray of float32, shape (n_songs, n_features)
        Vector of each song, as the model answered it; of a weighted index, the weighted sum of its parts. It may lie
        in a file that is mapped into memory.
    state : int
        Number that changes whenever the songs or their vectors do.
    middle_s : float or None
        Seconds that were heard from each song's middle; None: all of it.
    all_windows : ndarray of float32, shape (n_windows, n_features), or None
        Vectors of the windows of all songs, one song after the other; None: they were not kept.
    window_counts : tuple of int
        Number of windows of each song that count.
    failures : tuple of Failure
        Songs that could not be measured, and why.
    n_waiting : int
        Number of songs that are yet to be measured: the index is a shard, or its making was stopped.
    sr : int or None
        Rate in Hz at which a plain function listens; None: the model has one of its own.
    stems : StemVectors or None
        Parts of the songs' vectors; None: songs were not split.
    """

    folder: Path
    model: str
    fingerprint: str
    labels: tuple[str, ...] | None
    songs: tuple[Song, ...] = field(repr=False)
    vectors: NDArray[np.float32] = field(repr=False)
    state: int = 0
    middle_s: float | None = None
    all_windows: NDArray[np.float32] | None = field(default=None, repr=False)
    window_counts: tuple[int, ...] = field(default=(), repr=False)
    failures: tuple[Failure, ...] = ()
    n_waiting: int = 0
    sr: int | None = None
    stems: StemVectors | None = None

    @property
    def steered(self) -> bool:
        """Whether the vectors are of parts with other weights than 1; see `weighted`."""
        return self.stems is not None and bool(self.stems.weights)

    def path_of(self, song: Song) -> Path | None:
        """Where a song's file is; None: the catalogue has none."""
        return None if song.path is None else self.folder / song.path

    def windows_of(self, number: int) -> NDArray[np.float32]:
        """The vectors of a song's windows, shape (n_windows, n_features), by its place among the songs.

        Raises
        ------
        UsageError
            If they were not kept.
        """
        if self.all_windows is None:
            raise UsageError(
                f"{legible(self.folder)} has one vector for each song; index with --windows (windows=True) into a new "
                "folder to keep those of the windows, too"
            )
        begin = sum(self.window_counts[:number])
        return self.all_windows[begin : begin + self.window_counts[number]]

    def weighted(self, weights: Mapping[str, float]) -> Index:
        """The same songs with vectors in which each stem counts as much as its weight says; windows stay as they are.

        Parameters
        ----------
        weights : mapping of str to float
            Weight of each stem, or of ``"silence"``, from 0 (not heard) on; 1 where none is named. With all of them 1
            the vectors are those of the index, not sums of parts.

        Raises
        ------
        UsageError
            If the index has no stems, or not this one, a weight cannot be used, or no stem is left.

        Examples
        --------
        >>> parts = np.array([[[0, 0], [1, 0], [0, 2]], [[0, 0], [3, 0], [0, 4]]], np.float32)
        >>> stems = StemVectors("hpss", "f", ("harmonic", "percussive"), parts)
        >>> index = Index(Path("."), "", "", None, (Song("a"), Song("b")), parts.sum(axis=1), stems=stems)
        >>> index.weighted({"harmonic": 0}).vectors.tolist(), index.weighted({"harmonic": 1}) is index
        ([[0.0, 2.0], [0.0, 4.0]], True)
        """
        if not isinstance(weights, Mapping):
            raise UsageError(f"weights map stems to numbers, such as {{'drums': 2}}, not {weights!r}")
        if self.stems is None:
            raise UsageError(
                f"{legible(self.folder)} has one vector for each song and none for its stems; index with --stems "
                "spleeter:2stems (stems='spleeter:2stems') into a new folder to weigh them"
            )
        stems = self.stems.weighted(weights)
        if stems.weights == self.stems.weights:
            return self
        return replace(self, stems=stems, vectors=stems.sums)


def load_index(folder: str | Path) -> Index:
    """Read an index, even while another process writes to it: it is read as it is at one moment.

    Parameters
    ----------
    folder : str or Path
        Folder of the index.

    Raises
    ------
    MissingError
        If there is none.
    UsageError
        If it is none, or was written by another version.
    CorruptError
        If it is damaged.
    """
    folder = Path(folder)
    if is_file(folder):
        raise UsageError(
            f"{legible(folder)} is a file; an index is a folder, as made by: audiolime index FOLDER -o NAME.index"
        )
    with Catalogue.read(folder) as catalogue, catalogue.at_once():
        files, facts = catalogue.files(), catalogue.facts()
        songs, identity, state = _songs(files, facts), catalogue.identity, catalogue.state
        keys = list(songs)
        means, windows = (
            matrix.read(folder / name, identity.n_features, state) for name in (matrix.VECTORS, matrix.WINDOWS)
        )
        if means is None or len(means) != len(songs):
            means = _stacked((rows.mean[None] for rows in catalogue.vectors(keys)), identity.n_features)
        if identity.windows and windows is None:
            windows = _stacked((rows.windows for rows in catalogue.vectors(keys)), identity.n_features)
        stems = _stems(catalogue, keys, facts, state)
        failed = catalogue.failures()
        there = {file.task.key for file in files}
        failures = tuple(failure for failure in failed if failure.task in there)
    return Index(
        folder=folder,
        model=identity.model,
        fingerprint=identity.fingerprint,
        labels=identity.labels,
        songs=tuple(songs.values()),
        vectors=means,
        state=state,
        middle_s=identity.middle_s,
        all_windows=windows if identity.windows else None,
        window_counts=tuple(facts[key].n_windows for key in keys),
        failures=failures,
        n_waiting=len(there) - len(songs) - len(failures),
        sr=identity.sr,
        stems=stems,
    )


def write_matrices(folder: Path, catalogue: Catalogue) -> None:
    """Write the files that are mapped into memory; they need not be there, but make reading fast."""
    state, facts = catalogue.state, catalogue.facts()
    keys = list(_songs(catalogue.files(), facts))
    matrix.write(folder / matrix.VECTORS, (rows.mean[None] for rows in catalogue.vectors(keys)), state)
    if catalogue.identity.windows:
        matrix.write(folder / matrix.WINDOWS, (rows.windows for rows in catalogue.vectors(keys)), state)
    if catalogue.identity.stems is not None:
        matrix.write(folder / matrix.STEMS, _parts(catalogue, keys, facts, _stems_of(keys, facts)), state)


def _stems(catalogue: Catalogue, keys: Sequence[str], facts: Mapping[str, Facts], state: int) -> StemVectors | None:
    """The parts of the songs' vectors; None where songs were not split."""
    identity = catalogue.identity
    if identity.stems is None:
        return None
    names = _stems_of(keys, facts)
    shape = len(keys), 1 + len(names), identity.n_features
    rows = matrix.read(catalogue.path.with_name(matrix.STEMS), identity.n_features, state)
    if rows is None or len(rows) != shape[0] * shape[1]:
        rows = _stacked(_parts(catalogue, keys, facts, names), identity.n_features)
    return StemVectors(identity.stems, identity.stems_fingerprint, names, rows.reshape(shape))


def _stems_of(keys: Iterable[str], facts: Mapping[str, Facts]) -> tuple[str, ...]:
    """The stems of all songs, in the order in which they first appear, the residual last."""
    return names_of(facts[key].stems for key in keys)


def _parts(
    catalogue: Catalogue, keys: Sequence[str], facts: Mapping[str, Facts], names: Sequence[str]
) -> Iterator[NDArray[np.float32]]:
    """Of each song the parts, shape (1 + n_names, n_features)."""
    for key, rows in zip(keys, catalogue.vectors(keys), strict=True):
        with FORM.legibly(catalogue.path):
            found = SongParts(facts[key].stems, rows.parts.astype(np.float64)).for_stems(names)
        yield found.astype(np.float32)


def _songs(files: Sequence[File], facts: Mapping[str, Facts]) -> dict[str, Song]:
    """The songs that were measured, by their tasks' keys, each told by the first of its files."""
    same: dict[str, list[File]] = {}
    for file in files:
        if (key := file.task.key) in facts:
            same.setdefault(key, []).append(file)
    return {key: _song(files, facts[key]) for key, files in same.items()}


def _song(same: Sequence[File], facts: Facts) -> Song:
    file, *others = same
    return Song(
        key=file.sha256,
        path=file.path,
        also=tuple(other.path for other in others if other.path is not None),
        title=file.title,
        artist=file.artist,
        album=file.album,
        genre=file.genre,
        year=file.year,
        duration_s=facts.duration_s,
    )


def _stacked(blocks: Iterator[NDArray[np.float32]], n_features: int) -> NDArray[np.float32]:
    return np.concatenate([np.zeros((0, n_features), np.float32), *blocks])
