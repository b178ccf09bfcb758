"""The vectors that are evaluated: those of the indexes, and what is heard again for comparison.

What is heard again is the middle of each song, as long as the index heard of it, or 30 s where it heard songs whole: by
what costs nothing, by the untrained network, and by the model itself, as it is and made alike. *Songs that cannot be
heard again take no part at all*, so that all methods answer the same queries; they are named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from audiolime_ext.collection.index import Index
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.prediction.contract import Model
from audiolime_ext.recommendation.evaluation import ears
from audiolime_ext.recommendation.evaluation.anchors import same_song
from audiolime_ext.recommendation.evaluation.ears import Ear
from audiolime_ext.recommendation.evaluation.excerpts import ALIKE, AS_IT_IS, DURATION_S, FIRST_HALF, SECOND_HALF
from audiolime_ext.recommendation.evaluation.hearing import Asked, Heard, hear
from audiolime_ext.recommendation.evaluation.songs import Songs, require_groups
from audiolime_ext.recommendation.evaluation.treatments import Floats
from audiolime_ext.recommendation.queries import Asking
from audiolime_ext.recommendation.retrieval import Retrieval
from audiolime_ext.text import counted

_SHOWN = 3
_NOTHING = np.zeros((0, 0))  # yet


@dataclass(frozen=True, eq=False)
class Method:
    """A way to tell songs: its name, in which condition it heard them, and their vectors.

    Parameters
    ----------
    name : str
        Name of the index, or of the anchor.
    condition : str
        Condition in which songs were heard.
    vectors : ndarray of float64, shape (n_songs, n_features)
        Vectors of the songs.
    of : str or None
        Name of the index that an untrained network belongs to; "" for an index; None: it belongs to none.
    outputs_named : bool
        True where the outputs have names.
    """

    name: str
    condition: str
    vectors: Floats = field(repr=False)
    of: str | None = ""
    outputs_named: bool = False

    @property
    def is_index(self) -> bool:
        """Whether it is an index, and no anchor."""
        return self.of == ""


@dataclass(frozen=True, eq=False)
class Vectors:
    """Songs, the methods that tell them, indexes first, and pairs of vectors of which it is clear what to find."""

    songs: Songs
    methods: tuple[Method, ...]
    pairs: Mapping[str, tuple[Floats, Floats]] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()

    def ceilings(self, k: int) -> dict[str, Retrieval]:
        """Each song's own among all, by name of the anchor."""
        return {name: same_song(queries, songs, k=k) for name, (queries, songs) in self.pairs.items()}


def listen(songs: Songs, *, anchors: bool, alike: bool, trust: bool, seed: int = 0) -> Vectors:
    """The vectors of the indexes and, where asked for, of anchors and of songs made alike.

    Raises
    ------
    UsageError
        If songs are to be made alike and the model of an index is not known or another one, no song can be heard, or
        too few groups are left.
    ModelError
        If a model fails.
    """
    known = [
        Method(name, AS_IT_IS, songs.vectors(number), outputs_named=index.labels is not None)
        for number, (name, index) in enumerate(songs.indexes.items())
    ]
    if not anchors and not alike:
        return Vectors(songs, tuple(known))
    asked, notes = _asked(songs, anchors=anchors, alike=alike, trust=trust, seed=seed)
    heard = hear(songs.songs, songs.first.folder, [one for _, one in asked])
    songs = _those_heard(songs, heard)
    again = dict(zip(((method.name, one.condition) for method, one in asked), heard.vectors, strict=True))
    methods = []
    for method in known:
        kept = again.get((method.name, AS_IT_IS), method.vectors[heard.places])
        methods.append(replace(method, vectors=kept))
    shown = [(method, one) for method, one in asked if one.condition in (AS_IT_IS, ALIKE)]
    methods += [
        replace(method, condition=one.condition, vectors=again[method.name, one.condition])
        for method, one in sorted(shown, key=lambda pair: (pair[1].condition == ALIKE, not pair[0].is_index))
        if not (method.is_index and one.condition == AS_IT_IS)
    ]
    return Vectors(songs, tuple(methods), _pairs(methods, again), tuple(notes))


def _pairs(methods: list[Method], again: Mapping[tuple[str, str], Floats]) -> dict[str, tuple[Floats, Floats]]:
    """What asks for what, of the first index, where it is clear what should be found."""
    first = methods[0]
    found = {}
    if (first.name, FIRST_HALF) in again:
        found["the same song's other half"] = again[first.name, FIRST_HALF], again[first.name, SECOND_HALF]
    if (first.name, ALIKE) in again:
        found["its re-encoding"] = again[first.name, ALIKE], first.vectors
    return {f"{name} ({legible(first.name)})": pair for name, pair in found.items()}


def _asked(
    songs: Songs, *, anchors: bool, alike: bool, trust: bool, seed: int
) -> tuple[list[tuple[Method, Asked]], list[str]]:
    """What is to be heard again, by which method, and what to know of it."""
    asked: list[tuple[Method, Asked]] = []
    first_s = songs.first.middle_s or DURATION_S
    notes = [f"of each song the middle {first_s:g} s were heard again, in mono"]
    conditions = (AS_IT_IS, ALIKE) if alike else (AS_IT_IS,)
    only_trained: list[str] = []

    def ask(ear: Ear, of: str | None, seconds: float, *which: str, outputs_named: bool = False) -> None:
        name = f"{ear.name} (anchor)" if of != "" and ear.name in songs.indexes else ear.name
        method = Method(name, AS_IT_IS, _NOTHING, of, outputs_named)
        asked.extend((method, Asked(ear, condition, seconds)) for condition in which)

    for number, (name, index) in enumerate(songs.indexes.items()):
        seconds = index.middle_s or DURATION_S
        model = _model(index, name, needed=alike, trust=trust)
        if index.middle_s is None:
            heard = (
                "‘as it is’ is heard from there, too" if alike else "the anchors hear less, and are at a disadvantage"
            )
            notes.append(
                f"{legible(name)} heard songs whole: {heard}; to compare like with like, index with --middle 30"
            )
        if model is None:
            notes.append(f"{legible(name)} holds vectors of a model that is not known: nothing is heard by it")
            continue
        ear = ears.of_model(model, name)
        if alike:
            same = index.middle_s is not None and model.n_channels == 1
            ask(ear, "", seconds, *(() if same else (AS_IT_IS,)), ALIKE, outputs_named=index.labels is not None)
        if anchors and number == 0:
            ask(ear, "", seconds, FIRST_HALF, SECOND_HALF)
        if anchors and (other := ears.untrained(model, name, seed=seed)) is not None:
            ask(other, name, seconds, *conditions, outputs_named=index.labels is not None)
        elif anchors:
            only_trained.append(legible(name))
    if only_trained:
        notes.append(
            f"what training adds is not known of {', '.join(only_trained)}: the network cannot be had untrained"
        )
    for free in ears.free() if anchors else ():
        ask(free, None, first_s, *conditions)
    return asked, notes


def _model(index: Index, name: str, *, needed: bool, trust: bool) -> Model | None:
    """The model of an index; None where it is not known and need not be."""
    if index.model and not index.steered:
        return Asking(index, trust=trust).loaded()
    if not needed:
        return None
    why = "its stems are weighed" if index.steered else "its vectors come from a model that is not known"
    raise UsageError(
        f"{legible(name)} cannot hear songs again: {why}. Leave --alike out (alike=False), or evaluate an index that "
        "audiolime index made by hearing songs"
    )


def _those_heard(songs: Songs, heard: Heard) -> Songs:
    if not len(heard.places):
        name, why = heard.failures[0]
        raise UsageError(
            f"none of {counted(len(heard.failures), 'song')} can be heard again; {legible(name)}: {why}. Bring the "
            "files back to where the index knows them, or leave --anchors and --alike out"
        )
    note = ""
    if heard.failures:
        reasons = "; ".join(f"{legible(name)}: {why}" for name, why in heard.failures[:_SHOWN])
        more = "; …" if len(heard.failures) > _SHOWN else ""
        left = counted(len(heard.failures), "song is left out, for it", "songs are left out, for they")
        note = f"{left} cannot be heard again: {reasons}{more}"
    found = songs.only(heard.places, note)
    require_groups(found, "the songs that can be heard again")
    return found
