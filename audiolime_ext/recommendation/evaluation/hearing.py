"""Songs of an index heard again: their middles, as they are, made alike, and in halves.

A song is known by the SHA-256 of its file, and so is what was heard of it: vectors are kept in the user's cache, and a
run that was stopped goes on. *A file that is gone or was changed is not heard*: what it holds now is another song. What
cannot be heard is named, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.cache import Cache, Store
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import AudioError, AudiolimeError, told
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import sha256_of
from audiolime_ext.progress.stages import tracked
from audiolime_ext.recommendation.evaluation.ears import Ear
from audiolime_ext.recommendation.evaluation.excerpts import CONDITIONS, middle
from audiolime_ext.recommendation.sounds import file_of, why_no_file

_VERSION = 1


@dataclass(frozen=True)
class Asked:
    """What is to be heard: by which ear, of which of `CONDITIONS`, and how many seconds of a song's middle."""

    ear: Ear
    condition: str
    middle_s: float


@dataclass(frozen=True, eq=False)
class Heard:
    """What was heard of some songs.

    Parameters
    ----------
    vectors : sequence of ndarray of float64, shape (n_heard, n_features)
        Vectors for each thing that was asked.
    places : ndarray of int, shape (n_heard,)
        Places of the songs that could be heard, among those that were given.
    failures : sequence of (str, str)
        Names of the others, and why each could not be heard.
    """

    vectors: Sequence[NDArray[np.float64]] = field(repr=False)
    places: NDArray[np.intp] = field(repr=False)
    failures: Sequence[tuple[str, str]] = ()


def hear(songs: Sequence[Song], folder: Path, asked: Sequence[Asked]) -> Heard:
    """Hear songs of an index that lies in a folder; those of which all could be heard have vectors.

    Raises
    ------
    ModelError
        If a model fails in a way in which it would for every song.
    """
    store = Store(Cache.of_user())
    rows: list[list[NDArray[Any]]] = []
    places, failures = [], []
    for place, song in enumerate(tracked(songs, "hearing songs again", "song")):
        try:
            rows.append(_heard(song, folder, asked, store))
            places.append(place)
        except AudiolimeError as error:
            if error.for_all:
                raise
            failures.append((song.name, told(error)))
    vectors = [np.array(column, float) for column in zip(*rows, strict=True)]
    return Heard(vectors, np.array(places, np.intp), tuple(failures))


def _heard(song: Song, folder: Path, asked: Sequence[Asked], store: Store) -> list[NDArray[Any]]:
    cuts: dict[float, Audio] = {}
    found = []
    for one in asked:
        key = None if one.ear.key is None else _key(song, one)
        vector = store.read(key, lambda entry: entry.arrays["vector"])
        if vector is None:
            if not cuts:
                audio = _sound(song, folder)
                cuts = {seconds: middle(audio, seconds) for seconds in {each.middle_s for each in asked}}
            vector = one.ear.hear(CONDITIONS[one.condition](cuts[one.middle_s]))
            if not np.isfinite(vector).all():
                raise AudioError(f"{one.ear.name} answers NaN or infinity to {legible(song.name)!r}")
            store.write(key, {"vector": np.asarray(vector)}, {}, recording=song.name, by=one.ear.name)
        found.append(np.asarray(vector))
    return found


def _key(song: Song, one: Asked) -> dict[str, Any]:
    about = {"of": song.key, "condition": one.condition, "middle_s": one.middle_s}
    return {"kind": "excerpt", "version": _VERSION, **about, "ear": dict(one.ear.key or {})}


def _sound(song: Song, folder: Path) -> Audio:
    path = file_of(folder, song)
    if path is None:
        raise AudioError(why_no_file(song))
    if sha256_of(path) != song.key:
        raise AudioError("its file was changed since it was indexed")
    return load_audio(path)
