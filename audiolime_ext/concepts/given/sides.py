"""The two sides of a given concept: what stands for it, what its CAV leads away from, and what is drawn in its place.

Random concepts have the structure of the concept, and differ from it in nothing but in which units they are:

- **a stem**: one patch of each song stands for it, and another patch of the same factorization and the same song
  against it. Random: any two patches of each of these songs. So it is not songs that differ, but parts of songs.
- **a range** of a feature or of another model's score: songs in it, each by the mean of its windows, against *as many
  songs of the same class* out of it. Random: which songs of a class are in. So a direction towards fast songs does not
  lead from one class to another, although more songs of one may be fast; where all songs of a class lie on one side,
  nothing can be told of it, and that is told.
- **sounds from elsewhere**: each file alone on silence, or its loudest window, against one patch of each of as many
  songs. Random: patches of other songs in place of the files. These hold what the sounds are *and* how they were
  recorded, and no null of music can tell one from the other; a note says so.

Silent patches and files stand for nothing, and are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.concepts.discovery.drawing import N_APART, Numbers, Structure, draw, exchanged
from audiolime_ext.concepts.given.asked import Asked
from audiolime_ext.concepts.given.outside import alone, by_model, by_table
from audiolime_ext.concepts.judgement.cavs import Floats
from audiolime_ext.concepts.judgement.testing import Trial
from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.records import Entry, Identity
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.capabilities import Layered
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.text import counted, share_of

FEWEST, MOST = 5, 40  # units that stand for a concept
_PER_SONG = 8  # patches of each song, at most, that sounds from elsewhere are compared with
_RECORDED = (
    "it is these files against this music, so its direction also holds how they were recorded, and how loud they are"
)


@dataclass(frozen=True, eq=False)
class Half:
    """The songs of a store that concepts are made of.

    Parameters
    ----------
    identity : Identity
        Identity of the store.
    entries, measured : tuple of Entry, tuple of Measured
        Songs, and what was measured of each.
    model : Model or None
        Model of the store, where it is at hand; None: it is built by its spec, if it is needed.
    seed : int
        Random seed.
    """

    identity: Identity
    entries: tuple[Entry, ...] = field(repr=False)
    measured: tuple[Measured, ...] = field(repr=False)
    model: Any = None
    seed: int = 0

    def ears(self) -> Model:
        """The model of the store.

        Raises
        ------
        UsageError
            If it is not at hand, or is another.
        """
        identity = self.identity
        if self.model is None and identity.model == "own model":
            raise UsageError(
                "sounds of a folder are heard by the store's own model, which has no spec to build it by; give it: "
                "find_concepts(store, given=…, model=…)"
            )
        found = load_model(identity.model if self.model is None else self.model, sr=identity.sr)
        rounded = isinstance(found, FunctionModel) and found.version is None  # a hash of answers
        if found.fingerprint != identity.fingerprint and not rounded:
            raise UsageError(
                f"{identity.model} is another model now than the one that the store was measured with (fingerprint "
                f"{found.fingerprint!r}, not {identity.fingerprint!r}); measure a new store with it"
            )
        return found


@dataclass(frozen=True, eq=False)
class Sides:
    """What stands for a given concept and against it.

    Parameters
    ----------
    n_units : int
        Number of units that stand for it: files or songs.
    activations : ndarray of float64, shape (n_rows, n_features)
        Activations of all rows.
    songs : ndarray of int, shape (n_rows,)
        Unit of each row: rows of one unit are left out together.
    trial : Trial or None
        Rows on either side, and random ones; None: there are too few units.
    notes : tuple of str
        Sentences on what else to know.
    """

    n_units: int
    activations: Floats = field(repr=False)
    songs: Numbers = field(repr=False)
    trial: Trial | None = field(repr=False)
    notes: tuple[str, ...] = ()


def sides_of(asked: Asked, half: Half, *, n_null: int) -> Sides:
    """The sides of a given concept.

    Parameters
    ----------
    asked : Asked
        Concept.
    half : Half
        Songs that it is made of.
    n_null : int
        Number of random concepts.

    Raises
    ------
    UsageError
        If there is no such folder, stem, column or label.
    """
    rng = np.random.default_rng([half.seed, *asked.name.encode()])
    if asked.kind == "sounds":
        return _of_sounds(asked, half, n_null, rng)
    if asked.kind == "stem":
        return _of_stem(asked, half, n_null, rng)
    if asked.kind == "feature":
        values, notes = by_table(asked, half.entries)
    else:
        values, notes = by_model(asked, half.entries, half.identity.duration_s)
    found = _of_range(asked, half, values, n_null, rng)
    return Sides(found.n_units, found.activations, found.songs, found.trial, (*notes, *found.notes))


def _too_few(n_units: int, notes: list[str]) -> Sides:
    return Sides(n_units, np.empty((0, 0)), np.empty(0, np.intp), None, tuple(notes))


def _exchange(
    asked: Asked, positives: Numbers, negatives: Numbers, strata: list[Numbers], sizes: list[int], n_null: int, rng: Any
) -> Trial | None:
    """A matched concept and random ones; None where it has too few units."""
    if len(positives) < FEWEST:
        return None
    random, apart = exchanged(strata, sizes, n_null, rng=rng)
    return Trial((asked.name,), ("",), positives[None], negatives[None, None], random, apart[:, None])


def _of_stem(asked: Asked, half: Half, n_null: int, rng: np.random.Generator) -> Sides:
    if asked.place not in half.identity.splits:
        raise UsageError(
            f"the store holds no patches of {asked.place!r}, but of {', '.join(half.identity.splits)}; measure it with "
            f"that one, too: splits=[…, {asked.place!r}] (--split)"
        )
    names = {one.name for song in half.measured for one in song.patches if one.split == asked.place}
    if asked.what not in names:
        raise unknown(f"stem of {asked.place}", asked.what, sorted(names))
    parts, where = [], []
    for song in half.measured:
        own = [i for i, one in enumerate(song.patches) if one.split == asked.place and not one.silent]
        its = [n for n, i in enumerate(own) if song.patches[i].name == asked.what]
        if its and len(own) > 1:
            parts.append(song.activations[own])
            where.append(its[0])
    n, notes = len(parts), []
    if n < len(half.measured):
        heard = share_of(n, len(half.measured), "song")
        notes.append(f"{heard} used; in the others the stem is silent, or nothing else sounds")
    kept = np.sort(rng.permutation(n)[:MOST])
    parts = [parts[i] for i in kept]
    if not parts:
        return _too_few(0, notes)
    begins = np.cumsum([0, *map(len, parts)])
    strata = [np.arange(begin, end) for begin, end in pairwise(begins.tolist())]
    positives = begins[:-1] + np.array([where[i] for i in kept])
    negatives = np.array([rng.choice(rows[rows != own]) for rows, own in zip(strata, positives, strict=True)])
    trial = _exchange(asked, positives, negatives, strata, [1] * len(parts), n_null, rng)
    activations = np.concatenate(parts).astype(np.float64)
    return Sides(len(parts), activations, np.repeat(np.arange(len(parts)), list(map(len, parts))), trial, tuple(notes))


def _of_range(asked: Asked, half: Half, values: Floats, n_null: int, rng: np.random.Generator) -> Sides:
    """Songs in the range beside as many of the same class out of it."""
    labels = np.array([entry.label for entry in half.entries])
    inside, notes = asked.holds(values), []
    sides = {}
    for label in half.identity.labels:
        own = (labels == label) & ~np.isnan(values)
        sides[label] = [rng.permutation(np.flatnonzero(own & side)) for side in (inside, ~inside)]
        if own.any() and not min(map(len, sides[label])):
            where = "in" if len(sides[label][0]) else "out of"
            notes.append(f"all songs of {label!r} lie {where} the range, so none of them is used")
    sizes = {label: min(map(len, both)) for label, both in sides.items()}
    while sum(sizes.values()) > MOST:
        sizes[max(sizes, key=lambda label: sizes[label])] -= 1
    n = sum(sizes.values())
    ins, outs = (np.concatenate([both[k][: sizes[label]] for label, both in sides.items()]) for k in (0, 1))
    notes.append(
        f"{counted(n, 'song')} of {int(inside.sum())} in the range stand beside as many of the same classes out of it"
    )
    rows = np.concatenate([ins, outs]).astype(np.intp)
    if not len(rows):
        return _too_few(0, notes)
    means = np.stack([half.measured[i].windows.mean(axis=0) for i in rows]).astype(np.float64)
    strata = [np.flatnonzero(labels[rows] == label) for label in sides]
    trial = _exchange(asked, np.arange(n), np.arange(n, 2 * n), strata, list(sizes.values()), n_null, rng)
    return Sides(n, means, np.arange(2 * n), trial, tuple(notes))


def _of_sounds(asked: Asked, half: Half, n_null: int, rng: np.random.Generator) -> Sides:
    """Files alone against patches of as many songs."""
    model = half.ears()
    assert isinstance(model, Layered)
    signals, notes = alone(Path(asked.place), model, half.identity.duration_s)
    notes.append(_RECORDED)
    n = min(len(signals), MOST, len(half.entries) // 2)
    if n < len(signals):
        notes.append(f"{n} of {counted(len(signals), 'file')} drawn: {counted(len(half.entries), 'song')} stand beside")
        signals = [signals[i] for i in np.sort(rng.permutation(len(signals))[:n])]
    if n < FEWEST:
        return _too_few(n, notes)
    heard = predict(model.at(half.identity.layer), np.stack(signals)[:, None])
    parts, owners = [heard], [-1 - np.arange(n)]
    for number, song in enumerate(half.measured):
        own = np.flatnonzero([not one.silent for one in song.patches])
        own = rng.permutation(own)[:_PER_SONG]
        parts.append(song.activations[own].astype(np.float64))
        owners.append(np.full(len(own), number))
    songs = np.concatenate(owners)
    apart = n + draw(songs[n:], Structure(n, 1), N_APART, rng=rng)
    random = n + draw(songs[n:], Structure(n, 1), n_null, rng=rng)
    others = n + draw(songs[n:], Structure(n, 1), n_null * N_APART, rng=rng)
    drawn = apart[None], random, others.reshape(n_null, N_APART, n)
    trial = Trial((asked.name,), ("",), np.arange(n)[None], *drawn)
    return Sides(n, np.concatenate(parts), songs, trial, tuple(notes))
