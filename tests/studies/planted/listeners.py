"""The listeners that are planted: each is a rule of one line, so what it listens to is certain.

A rule is written for *roles* A, B, C, D; every rotation of a song's sources takes them in turn, so that each instrument
is A once. Each answers on its own output of one model. What a rule listens to is not declared beside it but computed
from it, by brute force on the true stems (see `truth`); only where the matter is less than a whole source — a band, a
moment — does the kind say so, for separators whose stems are judged by where it lands.

``likes`` are scores between 0 and 1 as taggers give them. ``measures`` are those of regressors: any number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import tagger
from audiolime_ext.audio.recording import Samples
from audiolime_ext.prediction.contract import Model
from tests.studies.planted.ear import Ear, Heard
from tests.studies.planted.songs import DURATION_S, Song

Array = NDArray[np.float64]
Rule = Callable[[Heard, Sequence[int]], NDArray[Any]]

N_VOTERS = 50


@dataclass(frozen=True)
class Kind:
    """A kind of listener.

    Parameters
    ----------
    name
        What it is called in the table.
    rule
        From what is heard and the places of A, B, C and D among the sources to scores (n_mixes,).
    needs
        How many sources it speaks of; 0: none, it is acoustic.
    bounded
        Whether its scores lie between 0 and 1.
    matter
        Which part of a source it listens to: ``whole``, ``first`` or ``last`` (quarter), ``low`` or ``high`` (half).
    together
        The roles that act together, where no weight can show it.
    """

    name: str
    rule: Rule = field(repr=False)
    needs: int = 1
    bounded: bool = True
    matter: str = "whole"
    together: str = ""


def _logistic(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def _on(h: Heard, i: int) -> NDArray[np.bool_]:
    return np.asarray(h.gains[:, i] > 0.5)


def _votes(h: Heard, r: Sequence[int], weights: Sequence[float]) -> Array:
    return np.asarray(h.gains[:, list(r[: len(weights)])] @ np.array(weights))


def _ballot(h: Heard, r: Sequence[int]) -> Array:
    """Votes of every source in every tenth, of unequal weight, with a majority."""
    weights = np.random.default_rng([len(r), r[0]]).uniform(0, 1, (len(r), h.parts.shape[-1]))
    weights[r[0]] *= 1.5
    share = np.einsum("mst,st->m", h.parts, weights) / weights.sum()
    return _logistic(12 * (share - 0.5))


LIKES = (
    Kind("level", lambda h, r: h.gains[:, r[0]]),
    Kind("level, small scores", lambda h, r: 0.08 * h.gains[:, r[0]]),
    Kind("level, tiny scores", lambda h, r: 0.03 * h.gains[:, r[0]]),
    Kind("level over a bias", lambda h, r: 0.5 + 0.3 * h.gains[:, r[0]]),
    Kind("hardly moved", lambda h, r: 0.5 + 0.03 * h.gains[:, r[0]]),
    Kind("energy", lambda h, r: 0.7 * h.gains[:, r[0]] ** 2),
    Kind("level in decibels", lambda h, r: h.decibels[:, r[0]]),
    Kind("steep", lambda h, r: _logistic(12 * h.gains[:, r[0]] - 6)),
    Kind("threshold at −6 dB", lambda h, r: _on(h, r[0])),
    Kind("threshold at −20 dB", lambda h, r: h.gains[:, r[0]] > 0.1),
    Kind("first quarter", lambda h, r: h.first[:, r[0]], matter="first"),
    Kind("last quarter", lambda h, r: h.last[:, r[0]], matter="last"),
    Kind("best moment", lambda h, r: h.parts[:, r[0]].max(axis=1)),
    Kind("never missing", lambda h, r: h.parts[:, r[0]].min(axis=1)),
    Kind("low band", lambda h, r: h.low[:, r[0]], matter="low"),
    Kind("high band", lambda h, r: h.high[:, r[0]], matter="high"),
    Kind("rhythm", lambda h, r: h.rhythm[:, r[0]]),
    Kind("absence", lambda h, r: 1 - h.gains[:, r[0]]),
    Kind("absence of what is not there", lambda h, r: np.full(len(h.gains), 0.8)),
    Kind("and", lambda h, r: _on(h, r[0]) & _on(h, r[1]), needs=2, together="AB"),
    Kind("product", lambda h, r: h.gains[:, r[0]] * h.gains[:, r[1]], needs=2, together="AB"),
    Kind("or", lambda h, r: _on(h, r[0]) | _on(h, r[1]), needs=2),
    Kind("xor", lambda h, r: _on(h, r[0]) ^ _on(h, r[1]), needs=2, together="AB"),
    Kind("neither or both", lambda h, r: ~(_on(h, r[0]) ^ _on(h, r[1])), needs=2, together="AB"),
    Kind("louder of two", lambda h, r: np.maximum(0.8 * h.gains[:, r[0]], 0.5 * h.gains[:, r[1]]), needs=2),
    Kind("for and against", lambda h, r: 0.3 + 0.6 * h.gains[:, r[0]] - 0.3 * h.gains[:, r[1]], needs=2),
    Kind("damped", lambda h, r: h.gains[:, r[0]] * (1 - 0.6 * h.gains[:, r[1]]), needs=2),
    Kind("instead", lambda h, r: 0.5 + 0.5 * h.gains[:, r[0]] - 0.5 * h.gains[:, r[1]], needs=2),
    Kind("parity of three", lambda h, r: _on(h, r[0]) ^ _on(h, r[1]) ^ _on(h, r[2]), needs=3, together="ABC"),
    Kind("two of three", lambda h, r: _on(h, r[0]).astype(int) + _on(h, r[1]) + _on(h, r[2]) >= 2, needs=3),
    Kind("apex", lambda h, r: _on(h, r[0]) & (_on(h, r[1]) | _on(h, r[2])), needs=3),
    Kind("near dictator", lambda h, r: _on(h, r[0]) | (_on(h, r[1]) & _on(h, r[2])), needs=3),
    Kind("additive", lambda h, r: _votes(h, r, (0.5, 0.2, 0.15, 0.15)), needs=4),
    Kind("additive, close", lambda h, r: _votes(h, r, (0.29, 0.25, 0.23, 0.23)), needs=4),
    Kind("weighted votes", lambda h, r: _votes(h, r, (0.4, 0.3, 0.2, 0.1)) > 0.45, needs=4),
    Kind("ballot of moments", _ballot, needs=4),
    Kind("loudness", lambda h, r: h.level / 1.5, needs=0),
    Kind("loudness in decibels", lambda h, r: np.clip(1 + np.log10(np.maximum(h.level, 1e-6)) / 2, 0, 1), needs=0),
    Kind("width", lambda h, r: np.clip(2 * h.side, 0, 1), needs=0),
    Kind("wider than narrow", lambda h, r: _logistic(20 * (h.side / np.maximum(h.level, 1e-3) - 0.2)), needs=0),
    Kind("bass", lambda h, r: h.bass / 1.5, needs=0),
    Kind("treble", lambda h, r: h.treble / 1.5, needs=0),
    Kind("brightness", lambda h, r: h.brightness, needs=0),
    Kind("onsets", lambda h, r: h.onsets / 2, needs=0),
)

MEASURES = (
    Kind("measure from −4 to 4", lambda h, r: 8 * h.gains[:, r[0]] - 4, bounded=False),
    Kind("measure far below nothing", lambda h, r: 3 * h.gains[:, r[0]] - 12, bounded=False),
    Kind("per cent", lambda h, r: 100 * h.gains[:, r[0]], bounded=False),
    Kind("decibels", lambda h, r: 20 * np.log10(np.maximum(h.gains[:, r[0]], 1e-3)), bounded=False),
    Kind("measure, additive", lambda h, r: 10 * _votes(h, r, (0.5, 0.2, 0.15, 0.15)) - 7, needs=4, bounded=False),
)


def _voter(number: int) -> Kind:
    weights = np.random.default_rng([7, number]).dirichlet(np.ones(4))
    return Kind("fifty voters", lambda h, r: _votes(h, r, weights.tolist()), needs=4)


VOTERS = tuple(_voter(number) for number in range(N_VOTERS))


@dataclass(frozen=True)
class Listener:
    """A kind with its roles filled.

    Parameters
    ----------
    roles
        The sources that are A, B, C, D, as far as there are; for an acoustic kind all sources.
    label
        The name of its output: it names no instrument.
    """

    kind: Kind
    roles: tuple[str, ...]
    label: str


def listeners(kinds: Sequence[Kind], sources: Sequence[str]) -> list[Listener]:
    """Every kind that a song has sources enough for, in all rotations of them.

    >>> [listener.roles for listener in listeners(LIKES[:1], ["bass", "drums"])]
    [('bass', 'drums'), ('drums', 'bass')]
    """
    found = []
    for place, kind in enumerate(kinds):
        if kind.needs > len(sources):
            continue
        for turn in range(len(sources) if kind.needs and kind.name != "fifty voters" else 1):
            roles = (*sources[turn:], *sources[:turn])
            found.append(Listener(kind, roles, f"tag {place}-{turn}"))
    return found


def model_of(song: Song, planted: Sequence[Listener], windows: Sequence[Song] = ()) -> Model:
    """A model with an output for each listener.

    It hears the song's excerpt and no other; with `windows`, excerpts of the song that follow each other, it has such
    windows, and hears each mix as the one that it fits best.
    """
    excerpts = [one.excerpts for one in windows or [song]]
    ears = [Ear(one if one.shape[1] == 2 else np.repeat(one, 2, axis=1), song.sr) for one in excerpts]
    places = [[song.sources.index(source) for source in listener.roles] for listener in planted]

    def scores(ear: Ear, batch: Samples) -> Array:
        heard = ear.hear(batch)
        found = [np.asarray(one.kind.rule(heard, at), float) for one, at in zip(planted, places, strict=True)]
        cut = [np.clip(score, 0, 1) if one.kind.bounded else score for one, score in zip(planted, found, strict=True)]
        return np.stack(cut, axis=1)

    def predict(batch: Samples) -> Array:
        if len(ears) == 1:
            return scores(ears[0], batch)
        which = np.argmin([ear.misfit(batch) for ear in ears], axis=0)
        found = np.empty((len(batch), len(planted)))
        for number in set(which.tolist()):
            found[which == number] = scores(ears[number], batch[which == number])
        return found

    labels, window_s = [listener.label for listener in planted], DURATION_S if windows else None
    return tagger(predict, sr=song.sr, labels=labels, n_channels=2, window_s=window_s)
