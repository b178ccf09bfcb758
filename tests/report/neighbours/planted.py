"""Songs with true stems, and a model that hears four bands: which stem makes them alike is known.

The query and A have the same drums, which are loudest in their third second; B has the query's bass, softer. C has one
stem only.
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import numpy as np

from audiolime_ext import similar, tagger
from audiolime_ext.collection.index import Index
from audiolime_ext.recommendation.result import Similar
from audiolime_ext.recommendation.why.pipeline import why
from audiolime_ext.recommendation.why.result import Why
from factorizations.oracle import OracleFactorization
from tests.recommendation.planted import collection, document

SR = 8000
EDGES_HZ = (0, 250, 1000, 2600, 4000)
LOUDEST_S = 2  # the second in which the drums are loudest
EVIL = '</script><script>alert(1)</script>"><img src=x onerror=alert(2)>'


def bands(batch: np.ndarray) -> np.ndarray:
    power = np.abs(np.fft.rfft(batch)) ** 2 / batch.shape[1] ** 2
    hz = np.fft.rfftfreq(batch.shape[1], 1 / SR)
    return np.stack([power[:, (hz >= lo) & (hz < hi)].sum(axis=1) for lo, hi in itertools.pairwise(EDGES_HZ)], axis=1)


MODEL = tagger(bands, sr=SR, window_s=1.0)
LABELLED = tagger(bands, sr=SR, window_s=1.0, labels=["low", "middle", "high", "top"])


def tone(hz: float, level: float, seconds: int = 4) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(seconds * SR) / SR)).astype(np.float32)


def drums(level: float) -> np.ndarray:
    beat = tone(2000, level)
    beat[LOUDEST_S * SR : (LOUDEST_S + 1) * SR] *= 2
    return beat


def song(name: str, **stems: np.ndarray) -> tuple[Any, OracleFactorization]:
    """A recording of this name, and what splits it."""
    oracle = OracleFactorization({stem: (wave, SR) for stem, wave in stems.items()})
    mixture = oracle.mixture
    return type(mixture)(mixture.samples, mixture.sr, name), oracle


@cache
def songs() -> dict[str, Any]:
    return {
        "query": song("the query", drums=drums(0.2), bass=tone(100, 0.1)),
        "a": song("A & Co", drums=drums(0.1), flute=tone(500, 0.05)),
        "b": song("B", bass=tone(100, 0.04), flute=tone(500, 0.08)),
        "c": song("C", everything=tone(2000, 0.1)),
        "evil": song(EVIL, drums=drums(0.1), bass=tone(100, 0.05)),
    }


@cache
def over() -> Why:
    """Why A over B: the drums."""
    given = songs()
    return why(given["query"], given["a"], given["b"], model=MODEL, cache=False)


@cache
def by_output() -> Why:
    """The same, where outputs have names and a collection says how much each varies."""
    given = songs()
    return why(given["query"], given["a"], given["b"], index=some_songs(), model=LABELLED, cache=False)


@cache
def some_songs() -> Index:
    """Eight songs of which only vectors are known."""
    return collection(np.random.default_rng(0).uniform(0, 0.02, (8, 4)), labels=LABELLED.labels)


@cache
def of_a_taste() -> Why:
    """Why the query fits a taste."""
    return why(songs()["query"], like=["song 0", "song 1"], index=some_songs(), model=LABELLED, cache=False)


@cache
def of_one_stem() -> Why:
    """A query that is one stem: nothing can be told apart."""
    given = songs()
    return why(given["c"], given["a"], given["b"], model=MODEL, cache=False)


@cache
def to_a_vector() -> Why:
    """A candidate of which only the vector is known."""
    given = songs()
    return why(given["query"], np.array([0.0, 0.0, 1.0, 0.0]), model=MODEL, cache=False)


def similar_of_document() -> Similar:
    """The songs of the founding document that are nearest to the first; there is no sound of any."""
    index = document()
    return similar(index.songs[0], index, k=3)


@cache
def with_flip() -> Why:
    """Why A over B, with the smallest change by which B would win."""
    given = songs()
    return why(given["query"], given["a"], given["b"], model=MODEL, flip=True, cache=False)
