"""Songs that are alike in some of their stems, and by which pairs of stems they are near: planted, with true stems."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import similar, why
from audiolime_ext.collection.index import Index
from audiolime_ext.collection.indexing.making import make_index
from audiolime_ext.collection.songs import Song
from audiolime_ext.collection.stem_vectors import StemVectors
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation import approximate, kept
from audiolime_ext.recommendation.queries import Asking
from audiolime_ext.recommendation.result import Similar
from audiolime_ext.recommendation.space import space_of
from audiolime_ext.recommendation.why.matrix import stem_matrix
from tests.recommendation.planted import collection, crowded
from tests.song_collection import SR, song
from tests.stereo_songs import LINEAR, SIDES, make_pairs, sides, stereo

N = 4  # of drums, and of other stems


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Each drums with each other stem, 16 songs."""
    folder = make_pairs(tmp_path_factory.mktemp("library") / "songs", N, N)
    return make_index(folder, LINEAR, index=folder.with_name("x.index"), stems=SIDES, workers=0)


def stems_of(found: Similar, n: int | None = None) -> list[tuple[int, int]]:
    """Drums and other stem of the first n songs."""
    return [(int(name[0]), int(name[2])) for name in (Path(str(song.path)).name for song in found.songs[:n])]


@pytest.mark.parametrize(("weights", "which"), [({"drums": 1, "other": 0}, 0), ({"drums": 0}, 1)])
@pytest.mark.parametrize("query", [(0, 0), (2, 3)])
def test_by_one_stem_the_nearest_songs_are_exactly_those_that_share_it(
    index: Index, weights: dict[str, float], which: int, query: tuple[int, int]
) -> None:
    found = similar(f"../songs/{query[0]}-{query[1]}.wav", index, weights=weights, k=15)
    same = {(d, o) for d in range(N) for o in range(N) if (d, o)[which] == query[which]} - {query}
    assert set(stems_of(found, N - 1)) == same
    assert all(row.similarity == pytest.approx(1.0, abs=1e-5) for row in found.rows[: N - 1])
    assert max(row.similarity for row in found.rows[N - 1 :]) < 0.9


def test_a_song_from_elsewhere_is_split_and_found_by_the_stem_that_it_shares(index: Index) -> None:
    recording = stereo(song(2), song(999)), SR
    for factorization, trust in ((None, True), (sides, True)):
        found = similar(recording, index, weights={"other": 0}, trust=trust, factorization=factorization, k=N)
        assert {drums for drums, _ in stems_of(found)} == {2}
        assert found.rows[0].similarity == pytest.approx(1.0, abs=1e-5)
    with pytest.raises(UsageError, match=r"names the (model|factorization) tests.stereo_songs"):
        similar(recording, index, weights={"other": 0})


def test_a_song_of_the_index_and_its_sound_are_asked_about_alike(index: Index) -> None:
    steered = index.weighted({"drums": 0.3, "silence": 2})
    known = Asking(steered).query("../songs/1-2.wav")
    heard = Asking(steered, trust=True)._heard((stereo(song(1), song(102)), SR), "sound")
    np.testing.assert_allclose(heard.vector, known.vector, rtol=1e-5)
    assert heard.parts is not None
    assert known.parts is not None
    np.testing.assert_allclose(heard.parts.vectors, known.parts.vectors, rtol=1e-5, atol=1e-5)


def test_with_all_weights_1_the_list_is_the_one_without_weights(index: Index) -> None:
    ones = {"drums": 1, "other": 1.0, "silence": 1}
    plain = similar("../songs/1-2.wav", index)
    assert similar("../songs/1-2.wav", index, weights=ones).to_dict() == plain.to_dict()
    assert similar("../songs/1-2.wav", index, weights={}).to_dict() == plain.to_dict()
    summed = similar("../songs/1-2.wav", index.weighted({"drums": 0}).weighted({}))
    assert summed.songs == plain.songs


@pytest.mark.parametrize("weights", [{}, {"drums": 2, "silence": 0.5}], ids=str)
def test_each_neighbour_has_its_matrix_whose_cells_add_up_to_its_similarity(
    index: Index, weights: dict[str, float]
) -> None:
    steered = index.weighted(weights)
    found = similar("../songs/1-2.wav", steered, k=15, pairs=[("../songs/1-2.wav", "../songs/3-3.wav")])
    query, space = Asking(steered).query("../songs/1-2.wav"), space_of(steered)
    for row in found.rows:
        other = Asking(steered).query(row.song)
        assert row.matrix is not None
        assert query.parts is not None
        assert other.parts is not None
        assert row.matrix.similarity == pytest.approx(row.similarity, abs=1e-5)
        np.testing.assert_allclose(row.matrix.cells, stem_matrix(space, query.parts, other.parts).cells, atol=1e-9)
    pair = found.pairs[0].matrix
    assert pair is not None
    assert pair.similarity == pytest.approx(found.pairs[0].similarity, abs=1e-5)
    same = found.rows[stems_of(found).index((1, 0))].matrix
    assert same is not None
    assert same.largest()[:2] == ("drums", "drums")


def test_what_is_not_weighed_in_is_in_no_cell(index: Index) -> None:
    for row in similar("../songs/1-2.wav", index, weights={"drums": 0}).rows:
        assert row.matrix is not None
        assert not row.matrix.cells[1].any()
        assert not row.matrix.cells[:, 1].any()


def test_the_table_tells_pairs_of_stems_and_weights(index: Index) -> None:
    both = "../songs/1-2.wav", "../songs/1-0.wav"
    found = similar(both[0], index, weights={"other": 0.5}, k=3, pairs=[both])
    head, _, first, *_ = str(found).splitlines()
    assert head.endswith(f"in {LINEAR}, with other × 0.5")
    assert re.search(r"  .*drums–drums \+\d\.\d\d", first)
    assert "mostly by: what adds most to a similarity above 0" in str(found)
    assert "drums–drums +" in str(found).split("pair ")[1].splitlines()[1]
    told = found.to_dict()
    assert told["weights"] == {"other": 0.5}
    assert told["rows"][0]["matrix"]["rows"] == ["silence", "drums", "other"]
    far = similar("../songs/1-2.wav", index, k=1, weakest=True)
    assert far.rows[0].similarity < 0
    assert re.search(r"  [\w ]+(–\w+)? -\d\.\d\d, .*( against |$)", str(far).splitlines()[2])


def test_pairs_alone_are_told_by_stems_and_features_by_their_names(index: Index) -> None:
    both = "../songs/1-2.wav", "../songs/1-0.wav"
    alone = similar([], index, pairs=[both])
    assert alone.pairs[0].matrix is not None
    assert [note for note in alone.notes if note.startswith("mostly by: ")]
    features = replace(index, labels=tuple(f"feature {n}" for n in range(index.vectors.shape[1])))
    row = similar(both[0], features, k=1).rows[0]
    assert row.matrix is not None
    assert row.matrix.similarity == pytest.approx(sum(row.contributions.values()), abs=1e-5)
    told = str(similar(both[0], features, k=1))
    assert "drums–drums" not in told
    assert "mostly by: " not in told
    assert "feature " in told


def test_a_song_that_lacks_what_counts_is_said_to(index: Index) -> None:
    assert index.stems is not None
    parts = index.stems.vectors.copy()
    parts[0, 1] *= 0.001
    quiet = replace(index, stems=replace(index.stems, vectors=parts), vectors=parts.sum(axis=1))
    lacking = "0-0.wav hardly has what counts (drums): it is near to songs that lack it, too"
    assert any(note.endswith(lacking) for note in similar("../songs/0-0.wav", quiet, weights={"other": 0}).notes)
    for found in (similar("../songs/0-0.wav", quiet), similar("../songs/1-0.wav", quiet, weights={"other": 0})):
        assert not any("hardly" in note for note in found.notes)


def test_several_songs_or_a_taste_have_no_matrix(index: Index) -> None:
    several = similar(["../songs/1-2.wav", "../songs/3-3.wav"], index)
    learnt = similar([], index, like=["../songs/1-2.wav"], dislike=["../songs/3-3.wav"])
    assert [row.matrix for found in (several, learnt) for row in found.rows] == [None] * 20
    assert "mostly by" not in str(several)


def test_what_cannot_be_weighed_is_refused(index: Index) -> None:
    with pytest.raises(UsageError, match="a vector has no stems that could be weighed; give the song, or no weights"):
        similar(index.vectors[0], index, weights={"drums": 0})
    assert similar(index.vectors[0], index, weights={"drums": 1}).rows[0].matrix is None
    with pytest.raises(UsageError, match="unknown stem 'vocals'"):
        similar("../songs/1-2.wav", index, weights={"vocals": 0})
    with pytest.raises(UsageError, match=r"nowhere has one vector for each song and none for its stems"):
        similar("song 1", collection(np.eye(4)), weights={"drums": 0})


def test_why_explains_songs_as_they_are(index: Index) -> None:
    with pytest.raises(UsageError, match="give the index without weights"):
        why("../songs/1-2.wav", "../songs/1-3.wav", index=index.weighted({"drums": 0}), trust=True)
    found = why("../songs/1-2.wav", "../songs/1-3.wav", index=index, factorization=sides, trust=True, cache=False)
    row = next(row for row in similar("../songs/1-2.wav", index, k=15).rows if row.song.name.endswith("1-3.wav"))
    assert row.matrix is not None
    assert found.score == pytest.approx(row.similarity, abs=1e-5)
    assert {"silence": found.silence, **found.weights} == pytest.approx(row.matrix.by_row, abs=1e-5)


def test_of_very_many_songs_with_weights_all_are_compared_which_is_said(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approximate, "MOST_EXACT", 10)
    found = similar("../songs/1-2.wav", index, weights={"drums": 0}, k=N - 1)
    assert {other for _, other in stems_of(found)} == {2}
    assert "all of 16 songs are compared one by one, which takes a while: their stems have weights" in found.notes


def test_nothing_of_a_steered_index_is_kept_or_mixed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LEAST_SONGS", 50)
    parts = np.stack([crowded(60, 12, seed=seed) for seed in range(3)], axis=1)
    stems = StemVectors("hpss", "f", ("drums", "bass"), parts)
    songs = tuple(Song(f"{n}", title=f"song {n}") for n in range(60))
    of: dict[str, Any] = {"folder": tmp_path, "stems": stems, "songs": songs}
    index = collection(parts.sum(axis=1), **of)
    before = similar("song 1", index).to_dict()
    files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert files
    steered = similar("song 1", index, weights={"drums": 0}).to_dict()
    alone = collection((parts[:, 0] + parts[:, 2]).astype(np.float32), songs=index.songs)
    expected = similar("song 1", alone)
    assert [row["key"] for row in steered["rows"]] == [song.key for song in expected.songs]
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == files
    assert similar("song 1", collection(parts.sum(axis=1), **of)).to_dict() == before
