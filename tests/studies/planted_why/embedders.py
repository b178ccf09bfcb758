"""Embedders whose reasons are known, and the songs that they are asked about.

An embedder answers f(mix) = c + Σ rⱼ(mix) eⱼ: each rule rⱼ of the study of planted listeners moves its answer along a
direction of its own, and nothing else moves it. The eⱼ stand at right angles to each other. A candidate lies at given
steps along them, and besides along a direction that is its own; so what of the query makes them alike is certain.

The collection is planted, too: songs lie in pairs around a centre, which is therefore known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import Model, tagger
from audiolime_ext.audio.recording import Samples
from audiolime_ext.collection.index import Index
from tests.recommendation.planted import collection
from tests.studies.planted.ear import Ear, Heard
from tests.studies.planted.listeners import LIKES, Kind, Rule
from tests.studies.planted.songs import DURATION_S, Song

Array = NDArray[np.float64]

N_FEATURES = 16
N_PAIRS = 12  # of songs of the collection
_EVERY = 16  # sample of a mix by which it is known again
OWN = 0.6  # how far a candidate lies along its own direction


@dataclass(frozen=True)
class Planted:
    """An embedder, two candidates and a centre, for roles A, B, C, D.

    Parameters
    ----------
    name
        What it is called in the table.
    rules
        What moves its answer along each direction.
    a, b
        Steps of the two candidates along these.
    kind
        The kind of listener of the same rule; for several rules, of what is judged by whole sources.
    centre
        Steps of the collection's centre.
    own
        How far each candidate lies along a direction of its own.
    """

    name: str
    rules: tuple[Rule, ...] = field(repr=False)
    a: tuple[float, ...]
    b: tuple[float, ...] = ()
    kind: Kind = LIKES[0]
    centre: tuple[float, ...] = ()
    own: float = OWN

    @property
    def needs(self) -> int:
        """How many sources it speaks of."""
        return max(self.kind.needs, 1 if len(self.rules) == 1 else 0)


def _gain(role: int) -> Rule:
    return lambda heard, roles: heard.gains[:, roles[role]]


def _always(heard: Heard, roles: Sequence[int]) -> Array:
    return np.ones(len(heard.gains))


def _saturating(heard: Heard, roles: Sequence[int]) -> Array:
    return np.asarray(np.tanh(3 * heard.gains[:, roles[0]]))


def _half_of_b(heard: Heard, roles: Sequence[int]) -> Array:
    return np.asarray(heard.gains[:, roles[1]] / 2)


_TWO, _THREE = replace(LIKES[0], needs=2), replace(LIKES[0], needs=3)
_A, _B, _C = (_gain(role) for role in range(3))

SEVERAL = (
    Planted("saturating", (_saturating,), (1,)),
    Planted("each has its own", (_A, _B), (1, 0), (0, 1), _TWO),
    Planted("each has its own, of three", (_A, _B, _C), (1, 0, 0), (0, 1, 0), _THREE),
    Planted("more of one than of the other", (_A, _B), (1, 0.6), (0.6, 1), _TWO),
    Planted("as much of both", (_A, _B), (1, 1), (0, 0), _TWO),
    Planted("like in one, unlike in the other", (_A, _B), (1, -1), (-1, 1), _TWO),
    Planted("unlike", (_A, _B), (-1, 0), (0, 0), _TWO),
    Planted("unrelated", (_A, _B), (0, 0), (0, 0), _TWO),
    Planted("differ in one", (_A, _B, _C), (1, 1, 1), (0, 1, 1), _THREE),
    Planted("the song itself", (_A, _half_of_b), (1, 0.5), (0, 1), _TWO, own=0.0),
    Planted("mostly silence", (_A, _always), (1, 1), (0, 1), LIKES[0], (0, -3)),
    Planted("far from the centre", (_A, _B, _always), (1, 0, 1), (0, 1, 1), _TWO, (0.5, 0.5, -0.5)),
    Planted("against silence", (_A, _always), (1, 0), (0, 0), LIKES[0], (0.5, 0)),
)


_ALONE = (
    *("level", "level, small scores", "level over a bias", "energy", "level in decibels", "steep"),
    *("threshold at −6 dB", "threshold at −20 dB", "first quarter", "best moment", "low band", "high band", "rhythm"),
    *("absence", "and", "or", "louder of two", "for and against", "damped", "two of three", "additive"),
    *("additive, close", "loudness", "brightness", "onsets"),
)
BESIDE_A_CONSTANT = tuple(
    Planted(kind.name, (kind.rule, _always), (1, 0.4), (0, 0.4), replace(kind, together=""))
    for kind in LIKES
    if kind.name in _ALONE
)


@dataclass(frozen=True, eq=False)
class Hearing:
    """Ears for the windows of a song, each of which hears a mix only once, whoever asks.

    Parameters
    ----------
    ears
        For each window that can be meant; a mix is heard as the one that it fits best.
    """

    ears: tuple[Ear, ...]
    _known: dict[bytes, tuple[int, Heard]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, windows: Sequence[Song]) -> Hearing:
        """For windows of one song."""
        excerpts = (window.excerpts for window in windows)
        both = (one if one.shape[1] == 2 else np.repeat(one, 2, axis=1) for one in excerpts)
        return cls(tuple(Ear(one, window.sr) for one, window in zip(both, windows, strict=True)))

    def __call__(self, batch: Samples) -> Heard:
        """The batch, shape (n_mixes, 2, n_samples)."""
        return joined([heard for _, heard in self._each(batch)])

    def numbers(self, batch: Samples) -> list[int]:
        """As which ear's window each mix is heard."""
        return [number for number, _ in self._each(batch)]

    def _each(self, batch: Samples) -> list[tuple[int, Heard]]:
        keys = [hashlib.blake2b(mix[:, ::_EVERY].tobytes(), digest_size=16).digest() for mix in batch]
        new = {key: place for place, key in enumerate(keys) if key not in self._known}
        if new:
            mixes = batch[list(new.values())]
            fits = [ear.misfit(mixes) for ear in self.ears] if len(self.ears) > 1 else [np.zeros(len(mixes))]
            for key, mix, number in zip(new, mixes, np.argmin(fits, axis=0).tolist(), strict=True):
                self._known[key] = number, self.ears[number].hear(mix[None])
        return [self._known[key] for key in keys]


def joined(rows: Sequence[Heard]) -> Heard:
    """Mixes that were heard one by one as a batch."""
    return Heard(**{one.name: np.concatenate([getattr(row, one.name) for row in rows]) for one in fields(Heard)})


@dataclass(frozen=True, eq=False)
class Question:
    """An embedder with its roles filled: the model, the candidates and the collection to ask about.

    Parameters
    ----------
    roles
        The sources that are A, B, C, D.
    model
        The embedder.
    answer
        What it answers to what is heard, shape (n_mixes, n_features).
    candidates
        Vectors of the two candidates, A and B, shape (2, n_features).
    centre
        Centre of the collection, shape (n_features,).
    index
        The collection.
    """

    planted: Planted
    roles: tuple[str, ...]
    model: Model = field(repr=False)
    answer: Callable[[Heard], Array] = field(repr=False)
    candidates: Array = field(repr=False)
    centre: Array = field(repr=False)
    index: Index = field(repr=False)


def questions(song: Song, hearing: Hearing, planted: Sequence[Planted]) -> list[Question]:
    """Every embedder that a song has sources enough for, in all rotations of them."""
    found = []
    for place, one in enumerate(planted):
        if one.needs > len(song.sources):
            continue
        for turn in range(len(song.sources) if one.needs else 1):
            roles = (*song.sources[turn:], *song.sources[:turn])
            found.append(_question(one, roles, [song.sources.index(role) for role in roles], hearing, song, place))
    return found


def _question(
    one: Planted, roles: tuple[str, ...], at: Sequence[int], hearing: Hearing, song: Song, seed: int
) -> Question:
    rng = np.random.default_rng([seed, *at])
    basis = np.linalg.qr(rng.normal(size=(N_FEATURES, N_FEATURES)))[0]
    axes, own, start = basis[: len(one.rules)], basis[len(one.rules) :], rng.normal(size=N_FEATURES)

    def answer(heard: Heard) -> Array:
        steps = np.stack([np.asarray(rule(heard, at), float) for rule in one.rules], axis=1)
        return np.asarray(start + steps @ axes)

    steps = np.array([one.a, one.b or (0.0,) * len(one.rules)], float)
    centre = start + np.array(one.centre or (0.0,) * len(one.rules)) @ axes
    candidates = centre + steps @ axes + one.own * own[:2]
    asked: dict[str, Any] = {"sr": song.sr, "n_channels": 2, "window_s": DURATION_S, "version": "planted"}
    model = tagger(lambda batch: answer(hearing(batch)), **asked)
    return Question(one, roles, model, answer, candidates, centre, collection(around(centre, rng)))


def around(centre: Array, rng: np.random.Generator) -> Array:
    """Songs in pairs around a centre, shape (2 · N_PAIRS, n_features)."""
    steps = rng.normal(size=(N_PAIRS, len(centre)))
    return np.concatenate([centre + steps, centre - steps])


def scores_of(question: Question, whole: Array) -> Callable[[Array, bool], Array]:
    """The score that is to be explained, of the embedder's answers (n_mixes, n_features): (n_mixes, 1).

    The similarity to A, with the length frozen at that of the whole song's vector; with the second argument True that
    less the similarity to B.
    """
    directions = question.candidates - question.centre
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    length = np.linalg.norm(whole - question.centre)

    def of(answers: Array, over: bool) -> Array:
        towards = directions[0] - directions[1] if over else directions[0]
        return np.asarray((answers - question.centre) @ towards / length)[:, None]

    return of
