"""Candidates by faiss: nearly all of the nearest are among them, and what is kept is numbers only."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.collection.index import Index
from audiolime_ext.recommendation import approximate
from audiolime_ext.recommendation.approximate import proposer_of
from audiolime_ext.recommendation.crowd import crowd_of
from audiolime_ext.recommendation.neighbours import Wanted, find
from audiolime_ext.recommendation.similar import similar
from audiolime_ext.recommendation.space import space_of
from tests.recommendation.planted import collection, windows

N_SONGS = 20_000


@pytest.fixture(autouse=True)
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approximate, "MOST_EXACT", N_SONGS // 2)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return collection(windows(N_SONGS), folder=tmp_path_factory.mktemp("index"))


@pytest.mark.parametrize("corrected", [False, True])
def test_99_of_100_of_the_ten_nearest_are_found(index: Index, corrected: bool) -> None:
    space = space_of(index)
    proposer, notes = proposer_of(index, space)
    assert proposer is not None
    assert notes == ()
    crowd = crowd_of(index, space, "mutual proximity")[0] if corrected else None
    shared = 0
    for at in range(0, N_SONGS, N_SONGS // 50):
        wanted = Wanted(space.directions(index, np.array([at]))[0], np.array([at]), 10, {at})
        ways = (find(index, space, wanted, crowd=crowd, proposer=way) for way in (proposer, None))
        one, other = (set(found.positions) for found in ways)
        shared += len(one & other)
    assert shared >= 0.99 * 500


def test_looking_into_one_list_only_finds_fewer(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approximate, "N_PROBED", 1)
    space = space_of(index)
    proposer, _ = proposer_of(index, space)
    assert proposer is not None
    u = space.directions(index, np.arange(50))
    exact = [set(find(index, space, Wanted(one, np.zeros(0, np.intp), 10)).positions) for one in u]
    found = [set(find(index, space, Wanted(one, np.zeros(0, np.intp), 10), proposer=proposer).positions) for one in u]
    assert sum(len(a & b) for a, b in zip(exact, found, strict=True)) < 0.99 * 500


def test_what_is_kept_finds_the_same(index: Index) -> None:
    found = []
    for _ in range(2):
        fresh = Index(index.folder, "", "", None, index.songs, index.vectors)
        proposer, _notes = proposer_of(fresh, space_of(fresh))
        assert proposer is not None
        found.append(proposer(space_of(fresh).direction(index.vectors[7]), 30)[0].tolist())
    assert found[0] == found[1]
    assert found[0][0] == 7
    assert {path.suffix for path in Path(index.folder).iterdir()} == {".npz"}


def test_lists_that_others_wrote_cannot_lead_outside(index: Index) -> None:
    space = space_of(index)
    wrong = np.full(N_SONGS, 2**31 - 1, np.int32)
    wrong[0] = -(2**31)
    centres = space.directions(index, np.arange(141)).astype(np.float32)
    assert approximate._filled(index, space, centres, wrong).ntotal == N_SONGS


def test_songs_that_are_not_finite_are_no_candidates(index: Index) -> None:
    vectors = index.vectors.copy()
    vectors[:100] = np.nan
    broken = collection(vectors)
    space = space_of(broken)
    proposer, _ = proposer_of(broken, space)
    wanted = Wanted(space.direction(vectors[500]), np.array([500]), 10, {500})
    assert find(broken, space, wanted, proposer=proposer).positions.min() >= 100


def test_without_faiss_all_are_compared_and_that_is_said(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    by_faiss = similar("song 7", index)
    monkeypatch.setitem(sys.modules, "faiss", None)
    fresh = Index(index.folder, "", "", None, index.songs, index.vectors)
    found = similar("song 7", fresh)
    assert [row.song for row in found.rows] == [row.song for row in by_faiss.rows]
    assert found.notes == (
        "all of 20000 songs are compared one by one, which takes a while; pip install 'audiolime-ext[ann]' searches "
        "them faster",
    )
