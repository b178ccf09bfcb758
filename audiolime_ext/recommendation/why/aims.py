"""The score that ranked, as a linear function of the model's answers: what is explained.

- *Similarity to A*: the cosine of the songs' directions, with the query's length frozen at that of the unaltered song.
- *A over B*: the similarity to A less that to B.
- *Fit to the taste*: the log-odds of a taste, of the query's direction with its length frozen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.similarity import Linear, similarity_to
from audiolime_ext.recommendation.ranking import Ranking
from audiolime_ext.recommendation.space import Space
from audiolime_ext.recommendation.why.heard import HeardSong, StemSong


@dataclass(frozen=True, eq=False)
class Aim:
    """What is explained.

    Parameters
    ----------
    score : Linear
        Score, of the model's outputs.
    name : str
        Name of it in sentences.
    noun : {"similarity", "difference", "log-odds"}
        Name of its values.
    notes : tuple of str
        Sentences on how it was learnt.
    """

    score: Linear
    name: str
    noun: str
    notes: tuple[str, ...] = ()


def nearness(song: StemSong, candidates: Sequence[HeardSong], space: Space) -> Aim:
    """The similarity to one candidate, or to the first less that to the second.

    Raises
    ------
    UsageError
        If a song has no direction in the space, or is of another model.
    """
    for one in (song, *candidates):
        space.direction(one.vector, one.name)
    near = [similarity_to(one.vector, song.vector, centre=space.centre, scale=space.scale) for one in candidates]
    if len(near) == 1:
        return Aim(near[0], f"similarity to {candidates[0].name}", "similarity")
    contrast = Linear(near[0].weights - near[1].weights, near[0].intercept - near[1].intercept)
    return Aim(contrast, f"{candidates[0].name} over {candidates[1].name}", "difference")


def relevance(song: StemSong, ranking: Ranking, space: Space) -> Aim:
    """The log-odds of a taste that was learnt.

    Raises
    ------
    UsageError
        If the song has no direction in the space, or nothing was learnt.
    """
    space.direction(song.vector, song.name)
    if ranking.taste is None:
        raise UsageError("no taste was learnt; name songs that are liked (like)")
    weights = ranking.taste.weights * space.scale / float(np.linalg.norm(space.scaled(song.vector[None])))
    score = Linear(weights, ranking.taste.intercept - float(weights @ space.centre))
    known = song.query.position is not None and song.query.position in ranking.own
    own = [f"{song.name} is among the songs that are liked, so the taste knows it"] if known else []
    return Aim(score, "its fit to the taste", "log-odds", (*ranking.notes, *own))


def silent_space(song: StemSong, model: Model) -> Space:
    """The space in which vectors are measured from silence, where there is no collection to centre them on.

    Raises
    ------
    UsageError
        If the model's outputs have names.
    """
    if model.labels is not None:
        raise UsageError(
            "the model's outputs have names, with units of their own, and only a collection says how much each varies; "
            "name an index (index=…, --in)"
        )
    silence, whole = song.parts.vectors[0], song.parts.whole
    note = (
        "without an index nothing says what songs have in common: vectors are measured from the answer to silence, and "
        "similarities must not be compared with those in an index"
    )
    least = 1e-6 * float(np.linalg.norm(whole))
    return Space("plain", silence, np.ones_like(silence), np.zeros(0, np.float32), least, (note,))
