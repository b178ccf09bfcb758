"""Which treatment a method has: chosen on one half of the groups, measured on the other, and the reverse.

Groups are halved by lot. A method's treatment is the one with the best mean average precision over the queries of one
half; it is measured by the queries of the other half, and then the halves change places. So every query is measured,
and *none with a treatment that it helped to choose*. The songs that are searched are always all of them, so that chance
is the same for every query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.recommendation.retrieval import Retrieval

Mask = NDArray[np.bool_]


def halves(groups: Sequence[str], seed: int = 0) -> Mask:
    """True for the songs of one half of the groups, drawn by lot: of an odd number of groups, of the smaller half.

    Examples
    --------
    >>> halves(["a", "a", "b", "c", "d"]).tolist()
    [True, True, False, True, False]
    """
    names = sorted(set(groups))
    drawn = np.random.default_rng(seed).permutation(len(names))[: len(names) // 2]
    chosen = {names[i] for i in drawn}
    return np.array([name in chosen for name in groups], bool)


def best(found: Mapping[str, Retrieval], choosing: Mask) -> str:
    """The treatment with the best mean average precision over the queries by which it is chosen; of equals the first.

    Parameters
    ----------
    found : mapping of str to Retrieval
        Treatment → measures of all queries.
    choosing : ndarray of bool, shape (n_songs,)
        Truth values: whether a song's query has a say.
    """
    return max(found, key=lambda name: found[name].only(choosing).mean("AP"))


def crossed(found: Mapping[str, Retrieval], choosing: Mask) -> tuple[Retrieval, tuple[str, str]]:
    """All queries, each with the treatment that the other half chose; and which that was.

    Parameters
    ----------
    found : mapping of str to Retrieval
        Treatment → measures of all queries.
    choosing : ndarray of bool, shape (n_songs,)
        Truth values: whether a song belongs to the one half.

    Returns
    -------
    The measures of all queries, and the treatments of the one half's queries and of the other's.

    Examples
    --------
    Each half is best with another treatment, and is measured with the one that is not:

    >>> right, wrong = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    >>> found = {name: Retrieval(np.arange(2), {"AP": ap}, 10, 0) for name, ap in (("x", right), ("y", wrong))}
    >>> both, treatments = crossed(found, np.array([True, False]))
    >>> both.measures["AP"].tolist(), treatments
    ([0.0, 0.0], ('y', 'x'))
    """
    names = best(found, ~choosing), best(found, choosing)
    parts = [found[name].only(half) for name, half in zip(names, (choosing, ~choosing), strict=True)]
    queries = np.concatenate([part.queries for part in parts])
    order = np.argsort(queries)
    measures = {name: np.concatenate([part.measures[name] for part in parts])[order] for name in parts[0].measures}
    return Retrieval(queries[order], measures, parts[0].k, parts[0].n_left_out), names
