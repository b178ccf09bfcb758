"""What is measured: each method and treatment in each condition, the anchors above and below, and who is ahead of whom.

The soundtracks are halved by lot. A method's treatment is the one with the best MAP over queries of the one half; the
numbers are those of the other half's queries. Songs of both halves are searched, so that chance is the same for all.
For more certainty the halves then change places, and the queries of both are taken together (`crossed`): still none is
measured with a treatment that it helped to choose.

Anchors: *the same song's other half* (15 s of the excerpt ask for the other 15 s) and *its re-encoding* (the excerpt
made alike asks for the one as it is) say how good a method is where it is clear what should be found; *shuffled labels*
how good it looks where there is nothing to find.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.recommendation.evaluation import crossing
from audiolime_ext.recommendation.evaluation.anchors import dealt, same_song
from audiolime_ext.recommendation.evaluation.crossing import halves as halves  # of soundtracks
from audiolime_ext.recommendation.hubs import k_occurrence, skewness
from audiolime_ext.recommendation.intervals import Difference, difference
from audiolime_ext.recommendation.retrieval import MEASURES, Retrieval, by_group, hidden_from
from examples.library.methods import Method
from examples.library.treatments import similarities

K = 10


@dataclass(frozen=True)
class Judged:
    """One method with one treatment in one condition: measures of all queries, and the skewness of its hubs."""

    condition: str
    method: str
    treatment: str
    found: Retrieval
    hubs: float


def judged(
    condition: str,
    method: Method,
    arrays: list[NDArray[Any]],
    soundtracks: Sequence[str],
    artists: Sequence[str] | None = None,
) -> list[Judged]:
    """A method with all its treatments; with artists, their other songs are neither found nor relevant."""
    known = None if artists is None else [name or None for name in artists]
    return [
        Judged(
            condition,
            method.name,
            treatment,
            by_group(near, soundtracks, k=K, artists=known),
            skewness(k_occurrence(near, K)),
        )
        for treatment, near in similarities(method, arrays)
    ]


def best(candidates: Sequence[Judged], choosing: NDArray[np.bool_]) -> Judged:
    """The treatment with the best MAP over the queries by which it is chosen."""
    name = crossing.best({one.treatment: one.found for one in candidates}, choosing)
    return next(one for one in candidates if one.treatment == name)


def crossed(candidates: Sequence[Judged], choosing: NDArray[np.bool_]) -> Retrieval:
    """All queries, each with the treatment that the other half chose."""
    return crossing.crossed({one.treatment: one.found for one in candidates}, choosing)[0]


def ahead(first: Retrieval, second: Retrieval, soundtracks: Sequence[str]) -> dict[str, Difference]:
    """How far a method is ahead of another, by MAP and by P@1, with intervals over soundtracks."""
    return {measure: difference(first, second, soundtracks, measure=measure) for measure in ("AP", "P@1")}


def anchors(arrays: Mapping[str, list[NDArray[Any]]]) -> dict[str, Retrieval]:
    """Ceilings of a method whose arrays are vectors of windows, by condition."""
    as_it_is, alike = arrays.values()
    first = np.stack([one[: len(one) // 2].mean(axis=0) for one in as_it_is])
    second = np.stack([one[len(one) // 2 :].mean(axis=0) for one in as_it_is])
    songs, again = (np.stack([one.mean(axis=0) for one in of]) for of in (as_it_is, alike))
    return {
        "the same song's other half": same_song(first, second, k=K),
        "its re-encoding": same_song(again, songs, k=K),
    }


def shuffled(near: NDArray[Any], soundtracks: Sequence[str], seed: int = 0) -> dict[str, float]:
    """Mean measures where soundtracks are dealt out anew to the songs, over some deals."""
    numbers = np.unique(soundtracks, return_inverse=True)[1]
    deals = dealt(near, numbers, hidden_from(len(near)), k=K, seed=seed)
    return dict(zip(MEASURES, deals.mean(axis=0).tolist(), strict=True))
