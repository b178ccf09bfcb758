"""The matrices of a list are those of its songs, one by one."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.collection.song_parts import SongParts
from audiolime_ext.recommendation.space import SPACES, SpaceKind, space_of
from audiolime_ext.recommendation.why.matrices import stem_matrices
from audiolime_ext.recommendation.why.matrix import stem_matrix
from tests.recommendation.planted import collection

NAMES = ("drums", "bass", "vocals")


@pytest.mark.parametrize("kind", SPACES)
def test_each_is_the_matrix_of_the_two_songs(kind: SpaceKind) -> None:
    parts = np.random.default_rng(0).normal(size=(8, 4, 6)) + 1.0
    parts[3, 2] = 0.0  # a stem that the song lacks
    space = space_of(collection(parts.sum(axis=1), labels="abcdef"), kind)
    query = SongParts(("drums", "strings"), np.random.default_rng(1).normal(size=(3, 6)))
    found = stem_matrices(space, query, NAMES, parts)
    assert len(found) == 8
    for one, own in zip(found, parts, strict=True):
        alone = stem_matrix(space, query, SongParts(NAMES, own))
        assert (one.rows, one.columns) == (alone.rows, alone.columns)
        np.testing.assert_allclose(one.cells, alone.cells, atol=1e-9)


def test_of_no_songs_there_are_none() -> None:
    space = space_of(collection(np.eye(4)))
    assert stem_matrices(space, SongParts(("drums",), np.ones((2, 4))), NAMES, np.zeros((0, 4, 4))) == ()
