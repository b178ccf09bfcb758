"""By what a query is split that is not in the index: the factorization that split the songs, of the very version.

Stems of another factorization are other parts of the sound, so *a query's are never compared with those of another
factorization, or of another version of it*. Where the index names a module as its factorization, that is imported only
with ``trust``.
"""

from __future__ import annotations

from typing import Any

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.indexing.records import OWN_FACTORIZATION
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.kept import remembered
from audiolime_ext.registry import named_by


def separator_of(index: Index, given: Any = None, *, trust: bool = False) -> Factorization | None:
    """The factorization of an index; None: its songs were not split.

    Parameters
    ----------
    index : Index
        Songs and their stems.
    given : Factorization, str or None
        Factorization to use; None: the one that the index names.
    trust : bool
        True to import a module that the index names as its factorization.

    Raises
    ------
    UsageError
        If it is another one now, or lived in memory only.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> index = Index(Path("."), "", "", None, (), np.zeros((0, 2), np.float32))
    >>> separator_of(index) is None
    True
    """
    if index.stems is None:
        return None
    if given is not None:
        return _same_version(index.stems.fingerprint, load_factorization(given))
    return remembered(index, ("separator", trust), lambda: _of_the_index(index, trust))


def _of_the_index(index: Index, trust: bool) -> Factorization:
    stems = index.stems
    if stems is None or stems.factorization == OWN_FACTORIZATION:
        raise UsageError(
            "the songs were split by a factorization that lived in memory only; give it (factorization=…), or ask by "
            "the name of a song of the index"
        )
    with named_by(None if trust else legible(index.folder)):
        return _same_version(stems.fingerprint, load_factorization(stems.factorization))


def _same_version(fingerprint: str, found: Factorization) -> Factorization:
    if found.fingerprint != fingerprint:
        raise UsageError(
            f"the songs were split by another factorization or version than this {found.spec}, so their stems and new "
            "ones cannot be compared; name the one that made them, or index the songs again"
        )
    return found
