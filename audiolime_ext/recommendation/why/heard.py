"""The songs that are compared: each heard in stems where there is sound, else only the vector that is known of it.

With an index, a song is found as `similar` finds it, and heard by the index's model over as much of it as the index
heard. *The query must have sound*, for its stems are what is switched. A candidate whose file is gone or was changed,
or that is a vector, is compared as it stands in the index; then there are no stems on its side, which is said.

A song may come with a factorization of its own, as a pair (recording, factorization): true stems, for example. Stems of
two factorizations that have one name need not be the same sound, which is said, too.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio
from audiolime_ext.collection.song_parts import SongParts, Vectors, heard_in_stems, parts_of
from audiolime_ext.collection.songs import Song
from audiolime_ext.collection.vectors import song_vector
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.files.names import is_file, legible
from audiolime_ext.files.reading import sha256_of
from audiolime_ext.prediction.contract import Model
from audiolime_ext.recommendation.queries import Asking, Query, name_of
from audiolime_ext.track.asked import AskedTrack
from audiolime_ext.track.size import load_manageable

_SAME = 1e-3  # of a vector's length: what other sound libraries and float32 change


@dataclass(frozen=True, eq=False)
class HeardSong:
    """A song that is compared.

    Parameters
    ----------
    query : Query
        Song as the index knows it, with its vector.
    asked : AskedTrack or None
        Song heard in stems; None: only its vector is known.
    parts : SongParts or None
        Parts of its vector; None: only the whole is known.
    notes : tuple of str
        Sentences on how it was heard.
    kept_by : str or None
        Spec of the factorization whose stems an index keeps, where these are taken.
    """

    query: Query
    asked: AskedTrack | None = field(default=None, repr=False)
    parts: SongParts | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()
    kept_by: str | None = None

    @property
    def name(self) -> str:
        """Its name, for people."""
        return self.query.name

    @property
    def vector(self) -> Vectors:
        """Its vector: as it was heard, else as the index has it."""
        return np.asarray(self.query.vector, np.float64) if self.parts is None else self.parts.whole

    @property
    def separator(self) -> str | None:
        """Spec of what split it; None: that has none, or the song is not split."""
        return self.kept_by if self.asked is None else self.asked.separator.spec


@dataclass(frozen=True, eq=False)
class StemSong(HeardSong):
    """A song that was heard in stems; the parameters are those of `HeardSong`."""

    asked: AskedTrack = field(repr=False)
    parts: SongParts = field(repr=False)


@dataclass(frozen=True, eq=False)
class NamedSong:
    """A song that was named.

    Parameters
    ----------
    known : Query or None
        Song as the index knows it, or a vector; None: it is in no index.
    sound : Audio or str
        Recording of it, or why there is none.
    separator : Factorization or str
        Factorization that splits it.
    """

    known: Query | None
    sound: Audio | str = field(repr=False)
    separator: Any = field(repr=False)


@dataclass(frozen=True, eq=False)
class Listening:
    """How songs are heard.

    Parameters
    ----------
    model : Model
        Model that hears them.
    factorization : Factorization or str
        Factorization of songs that come without their own.
    asking : Asking or None
        Index in which songs are looked up; None: there is none.
    max_evals, seed, cache : as in `explain_track`
        Budget in mixes for each window, random seed, and whether results are kept on disk.
    """

    model: Model
    factorization: Factorization | str
    asking: Asking | None = None
    max_evals: int = 1024
    seed: int = 0
    cache: bool = True

    def found(self, given: Any, called: str) -> NamedSong:
        """A song that was named, before it is heard; it is `called` so if it has no name.

        Raises
        ------
        UsageError
            If there is no such song.
        AudioError
            If it cannot be read.
        """
        recording, separator = _with_its_own(given, self.factorization)
        known = None if self.asking is None else self.asking.known(recording)
        if known is None and isinstance(recording, np.ndarray):
            known = Query(called, recording)
        if known is None:
            return NamedSong(None, _named(load_manageable(recording), called), separator)
        if known.song is None:
            return NamedSong(replace(known, name=called), "a bare vector", separator)
        return NamedSong(known, self._sound_of(known, recording), separator)

    def query(self, found: NamedSong) -> StemSong:
        """The song whose stems are switched.

        Raises
        ------
        UsageError
            If there is no sound of it.
        AudioError
            If it is silent, or too short for the model.
        """
        heard = self.candidate(found, the_query=True)
        if not isinstance(heard, StemSong):
            raise UsageError(f"{heard.notes[0]}; but stems of the query are what is switched, so give its file")
        return heard

    def candidate(self, found: NamedSong, *, the_query: bool = False) -> HeardSong:
        """A song that the query is compared with, in stems where there is sound and these stems may be its own."""
        if isinstance(found.sound, Audio):
            separator = load_factorization(found.separator)
            if the_query or found.separator is not self.factorization or not getattr(separator, "of_one_song", False):
                heard = self._in_stems(found.sound, separator, found.known)
                return heard if the_query else replace(heard, notes=(*heard.notes, *_heard_so(heard)))
            return self._whole(found.sound, found.known)
        assert found.known is not None
        if found.known.song is None or found.known.parts is None:
            return HeardSong(found.known, notes=(f"{found.sound}: {_NO_STEMS}",))
        kept = f"{found.sound}: its stems are those that the index keeps"
        stems = None if self.asking is None else self.asking.index.stems
        return HeardSong(found.known, None, found.known.parts, (kept,), None if stems is None else stems.factorization)

    def _whole(self, audio: Audio, known: Query | None) -> HeardSong:
        """A song heard without stems, where those that are at hand are the query's."""
        heard = song_vector(audio, self.model, middle_s=self._middle_s)
        query = Query(audio.name, heard.mean) if known is None else known
        theirs = f"{query.name}: the stems that are given are the query's; {_NO_STEMS}"
        told = (f"{query.name}: {note}" for note in heard.notes)
        return HeardSong(query, notes=(f"{theirs} (in Python each song may come with its own)", *told))

    @property
    def _middle_s(self) -> float | None:
        return None if self.asking is None else self.asking.index.middle_s

    def _sound_of(self, known: Query, given: Any) -> Audio | str:
        """The sound of a song of the index, or why there is none."""
        is_path = isinstance(given, (str, os.PathLike))
        if is_file(Path(given)) if is_path else not isinstance(given, (Song, Query)):
            return load_manageable(given)
        path = self._path_of(known)
        if path is None or not is_file(path):
            return f"{known.name}, whose file is not there ({legible(path) if path else 'the catalogue names none'})"
        if known.song is not None and sha256_of(path) != known.song.key:
            return f"{known.name}, whose file was changed since it was indexed"
        return load_manageable(path)

    def _path_of(self, known: Query) -> Path | None:
        return None if self.asking is None or known.song is None else self.asking.index.path_of(known.song)

    def _in_stems(self, audio: Audio, separator: Any, known: Query | None) -> StemSong:
        asked = heard_in_stems(
            audio,
            self.model,
            separator,
            middle_s=self._middle_s,
            max_evals=self.max_evals,
            seed=self.seed,
            cache=self.cache,
        )
        parts = parts_of(asked.whole)
        name = audio.name if known is None else known.name
        query = Query(name, parts.whole) if known is None else known
        return StemSong(query, asked, parts, tuple(f"{name}: {note}" for note in _other_than_indexed(known, parts)))


_NO_STEMS = "compared by its vector alone, so there are no stems on its side"


def _with_its_own(given: Any, factorization: Any) -> tuple[Any, Any]:
    """A recording and what splits it."""
    if isinstance(given, tuple) and len(given) == 2 and (hasattr(given[1], "factorize") or isinstance(given[1], str)):
        return given
    return given, factorization


def _other_than_indexed(known: Query | None, parts: SongParts) -> list[str]:
    if known is None:
        return []
    apart = np.linalg.norm(known.vector - parts.whole) / np.linalg.norm(parts.whole)
    if apart <= _SAME:
        return []
    return [f"its vector differs from the one in the index by {100 * apart:.1f} %; shares are of what is heard now"]


def _heard_so(song: StemSong) -> list[str]:
    """What is to be known of a candidate's sound; of the query's, its track says it."""
    return [f"{song.name}: {note}" for note in (*song.asked.recording.warnings, *song.asked.taggram.notes)]


def _named(audio: Audio, called: str) -> Audio:
    """The recording under its own name, else that of its tags or its file; an array that has none is `called` so."""
    if audio.path is not None:
        return audio if audio.name != Path(audio.path).stem else replace(audio, name=name_of(audio, called))
    return audio if audio.name != Audio.name else replace(audio, name=called)


def separator_notes(songs: Sequence[HeardSong]) -> list[str]:
    """That the songs were split by different separators, where they were."""
    made = [(song.name, song.separator or "stems of its own") for song in songs if song.parts is not None]
    if len({separator for _, separator in made}) < 2:
        return []
    told = ", ".join(f"{name} by {separator}" for name, separator in made)
    return [f"stems were made in different ways ({told}): stems of one name need not be the same sound"]
