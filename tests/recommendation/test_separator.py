"""A query is split by the very factorization that split the songs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.indexing.records import OWN_FACTORIZATION
from audiolime_ext.collection.stem_vectors import StemVectors
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.separator import separator_of
from tests.recommendation.planted import collection
from tests.stereo_songs import SIDES, Sides, sides


def index(factorization: str = SIDES, fingerprint: str = Sides.fingerprint) -> Index:
    parts = np.ones((3, 3, 4), np.float32)
    return collection(parts.sum(axis=1), stems=StemVectors(factorization, fingerprint, ("drums", "other"), parts))


def test_it_is_the_one_that_the_index_names_built_once() -> None:
    found = index("hpss", separator_fingerprint("hpss"))
    separator = separator_of(found)
    assert separator is not None
    assert separator.spec == "hpss"
    assert separator_of(found) is separator
    assert separator_of(collection(np.eye(3))) is None


def test_a_module_is_imported_only_if_the_index_is_trusted() -> None:
    found = index()
    with pytest.raises(UsageError, match=r"names the factorization tests.stereo_songs:sides, which would import"):
        separator_of(found)
    assert separator_of(found, trust=True) is sides
    assert separator_of(found, sides) is sides, "the user's own"


@pytest.mark.parametrize("given", [None, sides])
def test_another_version_is_refused(given: Any) -> None:
    with pytest.raises(UsageError, match=r"another factorization or version than this tests.stereo_songs:sides"):
        separator_of(index(fingerprint="sides 0"), given, trust=True)
    with pytest.raises(UsageError, match="than this hpss"):
        separator_of(index(), "hpss")


def test_one_that_lived_in_memory_must_be_given() -> None:
    found = index(OWN_FACTORIZATION)
    with pytest.raises(UsageError, match=r"lived in memory only; give it \(factorization=…\)"):
        separator_of(found, trust=True)
    assert separator_of(found, sides) is sides


def separator_fingerprint(spec: str) -> str:
    from audiolime_ext import load_factorization

    return load_factorization(spec).fingerprint
