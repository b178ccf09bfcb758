"""Pairs of stems: embedders to which just one source of one song is like one source of another.

Both songs are heard in stems. Each source of either song moves the embedder's answer along a direction of its own; one
source of the query and one of the candidate share theirs. So the similarity comes from that pair, and all other cells
of the matrix are nought beside what silence says. With a separator the cells are those of its stems: by brute force on
all combinations of them, in both songs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import Model, tagger
from audiolime_ext.recommendation.why import words
from audiolime_ext.recommendation.why.pipeline import why
from audiolime_ext.recommendation.why.result import Why
from tests.recommendation.planted import collection
from tests.studies.planted.judge import ABSTAINED, HEARD_DB, RIGHT, WRONG, Verdict
from tests.studies.planted.reading import held
from tests.studies.planted.songs import DURATION_S, Song, sketch
from tests.studies.planted.truth import all_combinations, claimed, shares_of
from tests.studies.planted_why.asking import SAME, Query, components_of
from tests.studies.planted_why.embedders import Hearing, around

Array = NDArray[np.float64]

N_FEATURES = 16
_PAIR = re.compile(r"the query's (?P<own>.+) with this song's (?P<other>.+) adds most")


def partner(song: Song) -> Song | None:
    """A song to compare it with, of the same sources: another one of its kind, or its second window."""
    if song.name.startswith("sketch"):
        return sketch(2)
    windows = song.windows(2)
    return windows[1] if len(windows) > 1 else None


def pair_cases(song: Song, factorization: str) -> Iterator[dict[str, Any]]:
    """What became of each pair of sources, with silence at the collection's centre and beside it."""
    other = partner(song)
    if other is None:
        return
    first = song.windows(1)[0] if song.windows(2)[1:] else song
    both = Query.of(first, factorization), Query.of(other, factorization)
    hearing = Hearing.of([first, other])
    for own in song.sources:
        for its in song.sources:
            for beside in (0.0, 0.5):
                yield _case(both, hearing, (own, its), beside)


def _case(both: tuple[Query, Query], hearing: Hearing, pair: tuple[str, str], beside: float) -> dict[str, Any]:
    sources = both[0].song.sources
    rng = np.random.default_rng([sources.index(name) for name in pair])
    basis = np.linalg.qr(rng.normal(size=(N_FEATURES, N_FEATURES)))[0]
    directions = basis[: 2 * len(sources)].reshape(2, len(sources), N_FEATURES).copy()
    directions[1, sources.index(pair[1])] = directions[0, sources.index(pair[0])]

    def predict(batch: Any) -> Array:
        numbers, heard = hearing.numbers(batch), hearing(batch)
        return np.asarray(np.einsum("ms,msf->mf", heard.gains, directions[numbers]))

    model = tagger(predict, sr=both[0].song.sr, n_channels=2, window_s=DURATION_S, version="planted")
    centre = beside * basis[-1]
    index = collection(around(centre, rng))
    songs = [(query.recording, query.separator) for query in both]
    found = why(*songs, index=index, model=model, hubs=None, cache=False)
    verdict, answerable = _judged(found, both, model, centre, pair)
    said = words.of_pairs(found)
    return {
        "kind": "silence at the centre" if not beside else "silence beside the centre",
        "label": found.voice.label,
        "roles": pair,
        "outcome": verdict.outcome,
        "why": verdict.why,
        "answerable": answerable,
        "named": said,
        "state": found.leading.state,
        "sentence": "; ".join(said),
        "notes": words.remarks(found),
    }


def _judged(
    found: Why, both: Sequence[Query], model: Model, centre: Array, pair: tuple[str, str]
) -> tuple[Verdict, bool]:
    (matrix,), parts = found.matrices, [_parts(song, model, centre) for song in (found.query, *found.candidates)]
    assert matrix is not None
    rows, columns = (list(one) for one in parts)
    cells = np.array(list(parts[0].values())) @ np.array(list(parts[1].values())).T
    true = cells / (np.linalg.norm(sum(parts[0].values())) * np.linalg.norm(sum(parts[1].values())))
    answerable = all(_divided(song) or both[0].true for song in (found.query, *found.candidates))
    if list(matrix.rows) != rows or list(matrix.columns) != columns or np.abs(matrix.cells - true).max() > SAME:
        return Verdict(WRONG, f"the cells are {np.round(true, 3).tolist()}"), answerable
    said = [_PAIR.search(line) for line in words.of_pairs(found)]
    if not said or said[0] is None:
        return Verdict(ABSTAINED, "no pair is named"), answerable
    named = said[0]["own"], said[0]["other"]
    cell = true[rows.index(named[0]), columns.index(named[1])]
    if cell < true[1:, 1:].max() - SAME:
        return Verdict(WRONG, f"another pair adds {true[1:, 1:].max():.3f}"), answerable
    may_hold = held(words.remarks(found), [*rows, *columns])
    for stem, source in zip(named, pair, strict=True):
        names = claimed(stem, may_hold.get(stem, ()))
        if (both[0].true and stem != source) or (claimed(stem) and source not in names and source != "rest"):
            return Verdict(WRONG, f"{stem} is {source} here, which its name does not say"), answerable
    return Verdict(RIGHT), answerable


def _parts(song: Any, model: Model, centre: Array) -> Mapping[str, Array]:
    """Silence's part and those of the stems, by the definition."""
    (built,) = components_of(song)
    n = len(built.sources)
    always = built.recorded[n:].sum(axis=0)
    rows = all_combinations(n).astype(np.float32)
    mixes = [np.einsum("s,sct->ct", row, built.recorded[:n]) + always for row in rows]
    scores = np.concatenate([model(np.broadcast_to(mix, (1, 2, mix.shape[-1]))) for mix in mixes]).astype(float)
    shares = shares_of(scores, n)
    return {"silence": scores[0] - centre, **dict(zip(built.sources, shares, strict=True))}


def _divided(song: Any) -> bool:
    return int(np.sum(np.array(song.asked.whole.levels_db) > HEARD_DB)) > 1
