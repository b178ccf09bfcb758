"""What neighbours are looked for: songs of the index, files, sound, or vectors.

A name is understood as a file, if there is one; else as a song of the index, see `names`. A file whose content is in
the index is that song, whatever its name: its vector is there. Any other file or sound is heard by the index's model,
as the songs were, and split by its factorization if the songs were split; and *a query is never compared with vectors
of another model, or of another version of the model or the factorization*.

An index is data. Where it names a module as its model or factorization, that is imported only with ``trust``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.audio.tags import read_tags
from audiolime_ext.collection.hearing import Ears
from audiolime_ext.collection.index import Index
from audiolime_ext.collection.song_parts import SongParts
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import is_file, legible, meant
from audiolime_ext.files.reading import sha256_of
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.recommendation.kept import remembered
from audiolime_ext.recommendation.names import names_in, places_of, position_of
from audiolime_ext.recommendation.separator import separator_of
from audiolime_ext.registry import named_by
from audiolime_ext.text import counted

_SHOWN = 3
_NEAR = 0.3  # share of letter triples


@dataclass(frozen=True, eq=False)
class Query:
    """Something whose neighbours are looked for.

    Parameters
    ----------
    name : str
        Name for people.
    vector : ndarray of float32 or float64, shape (n_features,)
        Vector of it, as the model answered.
    position : int or None
        Position in the index; None: it is not in it.
    song : Song or None
        Entry of the index or, where it is not in it, what the tags of its file say; None: there is no file.
    notes : tuple of str
        Sentences on how it was heard.
    former : int or None
        Position of what its file held when it was indexed; None: the file was not indexed, or not changed.
    parts : SongParts or None
        Parts of the vector, weighted as those of the index; None: the index has no stems, or it is a bare vector.
    """

    name: str
    vector: NDArray[np.floating[Any]] = field(repr=False)
    position: int | None = None
    song: Song | None = None
    notes: tuple[str, ...] = ()
    former: int | None = None
    parts: SongParts | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class Asking:
    """How queries become vectors.

    Parameters
    ----------
    index : Index
        Songs that queries are compared with.
    model : Model, str or None
        Model that hears what is not in the index; None: the one that the index names.
    trust : bool
        True to import a module that the index names as its model or factorization.
    factorization : Factorization, str or None
        Factorization that splits what is not in the index; None: the one that the index names.
    """

    index: Index
    model: Any = None
    trust: bool = False
    factorization: Any = None

    def query(self, given: Any) -> Query:
        """The query that was given, as anything that the module says.

        Raises
        ------
        UsageError
            If there is no such song, several have the name, or the model is another than the index's.
        AudioError
            If a file cannot be read, or is silent.

        Examples
        --------
        >>> songs = (Song("9f2c", "a.ogg", title="Slow Motion"), Song("77e1", "b.ogg", title="Feelings"))
        >>> asking = Asking(Index(Path("."), "", "", None, songs, np.eye(2, dtype=np.float32)))
        >>> asking.query("slow motion").position
        0
        >>> asking.query("feeling")
        Traceback (most recent call last):
        audiolime_ext.errors.UsageError: there is no file and no song of the index called 'feeling'; did you mean ...
        """
        if (known := self.known(given)) is not None:
            return known
        if not isinstance(given, (str, os.PathLike)):
            return self._heard(given, "the recording")
        path = meant(Path(given))
        heard = self._heard(path, path.name)
        former = places_of(self.index).get(os.path.relpath(path, self.index.folder))
        if former is None:
            return heard
        changed = "its file was changed since it was indexed: it is heard anew, and its former vector is not listed"
        return replace(heard, former=former, notes=(*heard.notes, changed))

    def known(self, given: Any) -> Query | None:
        """The query, if nothing need be heard: a song of the index, by name or content, or a vector; else None.

        Raises
        ------
        UsageError
            If a name is no file's and no song's.
        """
        if isinstance(given, Query):
            return given
        if isinstance(given, Song):
            return self._song(given)
        if isinstance(given, np.ndarray):
            if self.index.steered:
                raise UsageError("a vector has no stems that could be weighed; give the song, or no weights")
            return Query("the vector", given)
        if not isinstance(given, (str, os.PathLike)):
            key = load_audio(given).sha256
        elif is_file(path := meant(Path(given))):
            key = sha256_of(path)
        else:
            return self._at(position_of(self.index, os.fspath(given)))
        return self._at(self._keys[key]) if key in self._keys else None

    @property
    def _keys(self) -> Mapping[str, int]:
        return remembered(self.index, "keys", lambda: {song.key: at for at, song in enumerate(self.index.songs)})

    def _at(self, position: int) -> Query:
        song = self.index.songs[position]
        parts = None if self.index.stems is None else self.index.stems.of_song(position)
        return Query(
            names_in(self.index)[position], np.asarray(self.index.vectors[position]), position, song, parts=parts
        )

    def _song(self, song: Song) -> Query:
        if song.key not in self._keys:
            raise UsageError(f"{song.name!r} is not in the index; give its file, which its model can hear")
        return self._at(self._keys[song.key])

    def _heard(self, given: Any, name: str) -> Query:
        audio, index = load_audio(given), self.index
        heard, parts = self.ears().hear(audio)
        vector: NDArray[np.floating[Any]] = heard.mean
        if index.stems is not None and parts is not None:
            parts = index.stems.of_another(parts)
            vector = parts.whole if index.steered else vector
        return Query(name_of(audio, name), vector, None, said_by_its_file(audio), heard.notes, parts=parts)

    def ears(self) -> Ears:
        """The model and the factorization of the index, of the very versions; the errors are those of `loaded`."""
        separator = separator_of(self.index, self.factorization, trust=self.trust)
        return Ears(self.loaded(), separator, self.index.middle_s)

    def loaded(self) -> Model:
        """The model of the index, of the very version.

        Raises
        ------
        UsageError
            If the index has none, or it is another one now.
        """
        index = self.index
        if self.model is None:
            return remembered(index, ("model", self.trust), self._of_the_index)
        return self._same_version(load_model(self.model, sr=index.sr))

    def _of_the_index(self) -> Model:
        index = self.index
        if not index.model:
            raise UsageError(
                "the vectors of this index come with its catalogue, from a model that is not known; ask by the name of "
                "one of its songs, or by a vector (in Python), or name the model"
            )
        with named_by(None if self.trust else legible(index.folder)):
            return self._same_version(load_model(index.model, sr=index.sr))

    def _same_version(self, model: Model) -> Model:
        index = self.index
        if index.fingerprint and (model.fingerprint or "") != index.fingerprint:
            raise UsageError(
                f"the index was made by another model or version than this {model.spec}, so its vectors and new ones "
                "cannot be compared; name the model that made it, or index the songs again"
            )
        return model


def each_once(queries: Iterable[Query]) -> list[Query]:
    """Queries without those that repeat a song of the index, in their order."""
    found, positions = list[Query](), set[int]()
    for query in queries:
        if query.position is None or query.position not in positions:
            found.append(query)
        if query.position is not None:
            positions.add(query.position)
    return found


def waiting(index: Index) -> tuple[str, ...]:
    """A sentence on songs that are yet to be heard; none where there are no such songs."""
    if not index.n_waiting:
        return ()
    songs = counted(index.n_waiting, "song of the collection is", "songs of the collection are")
    return (f"{songs} not heard yet, and in no list: go on indexing with the command that began it",)


def said_by_its_file(audio: Audio) -> Song | None:
    """What the tags of a file say of a song that is not in the index."""
    if audio.path is None:
        return None
    tags = read_tags(audio.path)
    return Song(audio.sha256, None, (), tags.title, tags.artist, tags.album, tags.genre, tags.year, audio.duration_s)


def name_of(audio: Audio, name: str) -> str:
    """What a song that is not in the index is called: as its tags say, else as its file; else `name`."""
    if audio.path is None:
        return name
    said = said_by_its_file(audio)
    return said.name if said is not None and said.title else Path(audio.path).name
