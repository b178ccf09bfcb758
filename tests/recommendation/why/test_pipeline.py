"""Does `why` name what makes songs alike?"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audiolime_ext import Model, tagger
from audiolime_ext.audio.recording import Audio
from audiolime_ext.collection.song_parts import song_parts
from audiolime_ext.collection.songs import Song
from audiolime_ext.collection.stem_vectors import StemVectors
from audiolime_ext.errors import AudioError, NothingArgues, UsageError
from audiolime_ext.explanation.leading import Leading
from audiolime_ext.explanation.words import Voice
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.files.plain import to_json
from audiolime_ext.prediction.kind import Kind
from audiolime_ext.recommendation.result import mostly_by_stems
from audiolime_ext.recommendation.similar import similar
from audiolime_ext.recommendation.why import words
from audiolime_ext.recommendation.why.matrix import StemMatrix
from audiolime_ext.recommendation.why.pipeline import why
from audiolime_ext.recommendation.why.result import Why
from factorizations.oracle import OracleFactorization
from tests.recommendation.planted import collection
from tests.recommendation.why import songs
from tests.studies.planted.reading import read_words

N_SONGS = 8

Made = list[OracleFactorization]


@pytest.fixture(scope="module")
def made() -> Made:
    return [songs.any_song(seed) for seed in range(N_SONGS)]


def asked(
    one: OracleFactorization,
    other: OracleFactorization,
    model: Model,
    made: Made,
    third: OracleFactorization | None = None,
    **options: Any,
) -> Why:
    """`why` among the songs of an index."""
    index = songs.index_of(made, model)
    given = [None if song is None else songs.pair(song) for song in (one, other, third)]
    return why(*given, index=index, model=model, cache=False, **options)


@pytest.mark.parametrize("hears", list(songs.STEMS))
def test_an_embedder_that_hears_one_stem_is_found_out(hears: str, made: Made) -> None:
    found = asked(made[0], made[1], songs.hearing(hears), made)
    (matrix,) = found.matrices
    assert matrix is not None
    others = [name for name in songs.STEMS if name != hears]
    assert all(abs(found.weights[name]) < 1e-9 for name in others)
    for row in range(1, 4):
        for column in range(1, 4):
            alone = (matrix.rows[row], matrix.columns[column]) == (hears, hears)
            assert (abs(matrix.cells[row, column]) > 1e-3) == alone or alone
            assert alone or abs(matrix.cells[row, column]) < 1e-9
    assert found.silence + sum(found.weights.values()) == pytest.approx(found.score, abs=1e-9)


def test_it_is_right_for_nearly_all_pairs_of_songs() -> None:
    """Embedders that hear one stem of three, of songs that share just that one: at least 95 % are named."""
    named = []
    for seed in range(40):
        hears = list(songs.STEMS)[seed % 3]
        same = {name: seed * 10 + (0 if name == hears else number) for number, name in enumerate(songs.STEMS, 1)}
        other = {name: seed * 10 + (0 if name == hears else 5 + number) for number, name in enumerate(songs.STEMS, 1)}
        rest = [songs.any_song(1000 + seed * 4 + number) for number in range(4)]
        found = asked(songs.song(**same), songs.song(**other), songs.hearing(hears), rest)
        named.append([found.leading.sources[i] for i in found.leading.first] == [hears])
    assert np.mean(named) >= 0.95


def test_the_rows_of_the_matrix_are_the_shares_of_the_score(made: Made) -> None:
    found = asked(made[0], made[1], songs.hearing(*songs.STEMS), made)
    (matrix,) = found.matrices
    assert matrix is not None
    assert matrix.by_row == pytest.approx({"silence": found.silence, **found.weights}, abs=1e-9)
    assert matrix.similarity == pytest.approx(found.score, abs=1e-9)
    assert found.similarities == pytest.approx((found.score,), abs=1e-9)


def test_why_a_over_b_is_the_difference_of_both(made: Made) -> None:
    model = songs.hearing(*songs.STEMS)
    a, b = (asked(made[0], other, model, made) for other in (made[1], made[2]))
    found = asked(made[0], made[1], model, made, made[2])
    assert found.score == pytest.approx(a.score - b.score, abs=1e-9)
    assert found.weights == pytest.approx({name: a.weights[name] - b.weights[name] for name in a.weights}, abs=1e-9)
    assert len(found.matrices) == 2
    assert found.voice.name in found.sentence


def test_two_candidates_that_differ_in_one_stem_are_told_apart_by_it() -> None:
    """The query shares the drums with A; B is A with other drums."""
    query, a = songs.song(bass=1, vocals=2, drums=3), songs.song(bass=4, vocals=5, drums=3)
    b = songs.song(bass=4, vocals=5, drums=6)
    rest = [songs.any_song(seed) for seed in range(20, 26)]
    found = asked(query, a, songs.hearing(*songs.STEMS), rest, b)
    assert found.leading.known
    assert found.sentence.startswith(
        f"{found.candidates[0].name} over {found.candidates[1].name} comes most from drums"
    )


def test_identical_songs_and_a_query_that_is_a(made: Made) -> None:
    found = asked(made[0], made[0], songs.hearing(*songs.STEMS), made)
    assert found.score == pytest.approx(1.0, abs=1e-9)
    (matrix,) = found.matrices
    assert matrix is not None
    assert np.allclose(matrix.cells, matrix.cells.T, atol=1e-9)
    assert (np.diag(matrix.cells) >= 0).all()


def test_a_song_that_is_not_near_is_called_that() -> None:
    rest = [songs.any_song(seed) for seed in range(20, 30)]
    model = songs.hearing(*songs.STEMS)
    scores = {seed: asked(rest[0], songs.any_song(seed), model, rest).score for seed in range(40, 46)}
    far = min(scores, key=lambda seed: scores[seed])
    assert scores[far] < 0
    found = asked(rest[0], songs.any_song(far), model, rest)
    assert any("is not near" in note for note in found.notes)


def test_a_score_that_no_mix_moves_is_not_explained_by_rounding(made: Made) -> None:
    """A candidate at right angles to all that the query's stems do."""
    model = songs.hearing("drums")
    index = songs.index_of(made, model)
    moved, centre = index.vectors[0].astype(float), index.vectors.astype(float).mean(axis=0)
    plane = np.linalg.qr(np.stack([moved, centre], axis=1))[0]
    free = np.eye(4)[0] - plane @ plane.T[:, 0]
    found = why(songs.pair(made[0]), centre + free, index=index, model=model, cache=False)
    assert found.sentence == "nothing here argues for similarity to A (similarity 0.00, silence 0.00)"
    assert set(found.weights.values()) == {0.0}
    assert "nothing argues" in str(found.track.leaders())
    assert f"A is not near: its similarity is 0.00 ({found.space.meaning})" in found.notes
    assert "0: in ways that have nothing in common" in found.space.meaning


def test_two_songs_that_are_equally_near_are_called_that(made: Made) -> None:
    found = asked(made[0], made[1], songs.hearing(*songs.STEMS), made, made[1])
    (note,) = (note for note in found.notes if note.startswith("by similarity"))
    assert note == "by similarity song 1 (A) and song 1 (B) are equally near"
    assert found.sentence.startswith("nothing here argues for song 1 (A) over song 1 (B)")


def test_windows_agree_with_the_song(made: Made) -> None:
    found = asked(made[0], made[1], songs.hearing(*songs.STEMS), made)
    means = found.track.all_weights[:, 0].mean(axis=0)
    assert dict(zip(found.track.names, means, strict=True)) == pytest.approx(found.weights, abs=1e-9)
    assert "windows" in str(found)


def test_named_outputs_are_split_by_stems(made: Made) -> None:
    names = [f"{band} {part}" for band in songs.STEMS for part in range(songs.N_EACH)]
    found = asked(made[0], made[1], songs.hearing(*songs.STEMS, labels=names), made)
    assert found.space.kind == "standardised"
    totals = {name: sum(parts.values()) for name, parts in found.by_output.items()}
    assert sum(totals.values()) == pytest.approx(found.score, abs=1e-9)
    assert abs(found.by_output["bass 0"]["drums"]) < 1e-9
    for stem in songs.STEMS:
        assert sum(parts[stem] for parts in found.by_output.values()) == pytest.approx(found.weights[stem], abs=1e-9)
    assert re.search(r"most (by|against it by) \w+ \d [+-]\d\.\d\d \(by \w+ [+-]", str(found))


def test_a_taste_is_explained_by_the_stems_of_the_song(made: Made) -> None:
    model = songs.hearing(*songs.STEMS)
    index = songs.index_of(made, model)
    found = why(songs.pair(made[0]), like=["song 1", "song 2"], index=index, model=model, cache=False)
    assert (found.candidates, found.matrices, found.removals) == ((), (), ())
    assert found.ranked_by == "relevance"
    assert found.silence + sum(found.weights.values()) == pytest.approx(found.score, abs=1e-9)
    assert any("no song is disliked" in note for note in found.notes)
    own = why(songs.pair(made[0]), like=["song 0"], index=index, model=model, cache=False)
    assert any("among the songs that are liked" in note for note in own.notes)


def test_removals_are_ranked_anew(made: Made) -> None:
    """Without a stem the direction has another length, too: similarities are those of the true vectors."""
    model = songs.hearing(*songs.STEMS)
    found = asked(made[0], made[1], model, made)
    assert [removal.stem for removal in found.removals] == list(songs.STEMS)
    stems = songs.stems_of(made[0])
    left = OracleFactorization({name: (stems[name], songs.SR) for name in ("bass", "vocals")})
    vector = songs.index_of([left], model).vectors[0]
    directions = [found.space.direction(one.astype(np.float64)) for one in (vector, found.candidates[0].vector)]
    without = found.removals[-1]
    assert without.stem == "drums"
    assert without.similarities[0] == pytest.approx(directions[0] @ directions[1], abs=1e-5)
    assert without.standing is not None
    assert without.standing.nearest is not None


def test_without_an_index_vectors_are_measured_from_silence(made: Made) -> None:
    model = songs.hearing(*songs.STEMS)
    found = why(songs.pair(made[0]), songs.pair(made[1]), model=model, cache=False)
    assert found.silence == pytest.approx(0.0, abs=1e-12)
    assert found.standing is None
    assert any("without an index" in note for note in found.notes)
    named = songs.hearing("bass", labels=list("abcd"))
    with pytest.raises(UsageError, match="have names, with units of their own"):
        why(songs.pair(made[0]), songs.pair(made[1]), model=named, cache=False)


def test_a_vector_has_no_stems_and_that_is_said(made: Made) -> None:
    model = songs.hearing(*songs.STEMS)
    index = songs.index_of(made, model)
    found = why(songs.pair(made[0]), index.vectors[1], index=index, model=model, cache=False)
    assert found.matrices == (None,)
    assert any("no stems on its side" in note for note in found.notes)
    both = asked(made[0], made[1], model, made)
    assert found.weights == pytest.approx(both.weights, abs=1e-6)
    with pytest.raises(UsageError, match="stems of the query are what is switched"):
        why(index.vectors[1], "song 2", index=index, model=model, cache=False)


def test_a_song_whose_file_is_gone_is_compared_by_its_vector(made: Made, tmp_path: Path) -> None:
    model = songs.hearing(*songs.STEMS)
    kept = tuple(Song(f"key {n}", f"{n}.wav", title=f"song {n}") for n in range(N_SONGS))
    index = songs.index_of(made, model, folder=tmp_path, songs=kept)
    found = why(songs.pair(made[0]), "song 3", index=index, model=model, cache=False)
    assert any("song 3, whose file is not there" in note for note in found.notes)
    with pytest.raises(UsageError, match=r"song 3, whose file is not there .* so give its file"):
        why("song 3", "song 1", index=index, model=model, cache=False)


def test_stems_of_two_kinds_are_said(made: Made) -> None:
    model = songs.hearing(*songs.STEMS)
    found = why(
        songs.pair(made[0]),
        made[1].mixture,
        model=model,
        factorization="hpss",
        index=songs.index_of(made, model),
        cache=False,
    )
    assert any("stems were made in different ways" in note and "hpss" in note for note in found.notes)
    (matrix,) = found.matrices
    assert matrix is not None
    assert matrix.columns == ("silence", "harmonic", "percussive")


def test_one_stem_is_all_there_is(made: Made) -> None:
    model = songs.hearing(*songs.STEMS)
    alone = songs.song(bass=7)
    found = asked(alone, made[1], model, made)
    assert found.leading.state == "whole"
    assert "nothing to tell apart" in found.sentence
    assert "the pair that adds most" not in str(found)
    assert found.removals == ()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "name a song that the query is compared with"),
        ({"b": 2}, "name the song that comes first"),
        ({"a": 1, "like": [2]}, "a taste ranks the query itself"),
    ],
)
def test_questions_that_cannot_be_meant(given: dict[str, Any], says: str, made: Made) -> None:
    model = songs.hearing("bass")
    asked_for: dict[str, Any] = {name: made[at].mixture for name, at in given.items() if name in ("a", "b")}
    asked_for["like"] = [f"song {at}" for at in given.get("like", [])]
    with pytest.raises(UsageError, match=says):
        why(made[0].mixture, **asked_for, index=songs.index_of(made, model), model=model)


def test_a_taste_needs_a_collection(made: Made) -> None:
    with pytest.raises(UsageError, match="learnt among the songs of a collection"):
        why(made[0].mixture, like=[made[1].mixture], model=songs.hearing("bass"))


def test_a_song_at_the_centre_and_a_silent_one_are_refused(made: Made) -> None:
    model = songs.hearing(*songs.STEMS)
    silent = Audio(np.zeros((1, songs.SR), np.float32), songs.SR)
    with pytest.raises(AudioError, match="silent"):
        why(silent, songs.pair(made[1]), model=model, factorization="hpss", cache=False)
    index = collection(np.tile(songs.index_of(made[:1], model).vectors, (4, 1)))
    with pytest.raises(UsageError, match="lies at the centre"):
        why(songs.pair(made[0]), songs.pair(made[1]), index=index, model=model, cache=False)


def test_vectors_of_another_model_are_refused(made: Made) -> None:
    model = songs.hearing("bass")
    with pytest.raises(UsageError, match="shape"):
        why(songs.pair(made[0]), np.ones(7), index=songs.index_of(made, model), model=model, cache=False)


def test_a_sample_of_masks_is_said(made: Made) -> None:
    model = songs.hearing(*songs.STEMS)
    names = [f"part {n}" for n in range(5)]
    parts = {name: (songs.stem("drums", n) / 3, songs.SR) for n, name in enumerate(names)}
    query = type(made[0])(parts)
    found = why(
        songs.pair(query),
        songs.pair(made[1]),
        index=songs.index_of(made, model),
        model=model,
        max_evals=14,
        cache=False,
    )
    assert not found.track.exact
    assert "sampled, seed 0" in str(found)
    assert found.silence + sum(found.weights.values()) == pytest.approx(found.score, abs=1e-9)


def test_half_of_a_score_that_silence_has_is_said(made: Made) -> None:
    """An embedder of levels: silence lies far from all songs, so a part of the similarity is what both lack."""
    model = songs.hearing_levels("drums")
    told = {}
    for seed in range(1, 8):
        found = asked(made[0], made[seed], model, made)
        told[found.silence / found.score >= 0.5] = any(
            "so much comes from nothing that sounds" in note for note in found.notes
        )
    assert told == {True: True, False: False}


def test_silence_that_has_as_much_against_the_score_is_said() -> None:
    """Both songs lie beyond the centre of quieter ones: silence lies far on the other side."""
    gains = [1.0, 1.0, *[0.03] * 5]
    names = ("drums", "bass")
    stems = [{name: (gain * songs.stem(name, n), songs.SR) for name in names} for n, gain in enumerate(gains)]
    made = [OracleFactorization(one) for one in stems]
    found = asked(made[0], made[1], songs.hearing_levels(*names), made)
    assert found.silence / found.score <= -1
    (note,) = (note for note in found.notes if note.startswith("silence alone has"))
    assert note.endswith("what the stems add is first of all that there is sound")


def test_two_songs_of_one_name_are_told_apart(made: Made) -> None:
    model = songs.hearing("drums")
    same = [Audio(one.mixture.samples, songs.SR, "Air", path="air.wav") for one in made[1:3]]
    found = why(songs.pair(made[0]), (same[0], made[1]), (same[1], made[2]), model=model, cache=False)
    assert [song.name for song in found.candidates] == ["Air (A)", "Air (B)"]


def test_where_the_correction_for_hubs_reverses_the_two_it_is_said() -> None:
    """Of many songs some pair is reversed: it is looked for, then asked about."""
    model = songs.hearing(*songs.STEMS)
    many = [songs.any_song(seed) for seed in range(60)]
    index = songs.index_of(many, model)
    listed = {hubs: similar("song 0", index, k=59, hubs=hubs).rows for hubs in (None, "mutual proximity")}
    places = {hubs: {row.song.name: row.rank for row in rows} for hubs, rows in listed.items()}
    plain, corrected = places.values()
    a, b = next((a, b) for a in plain for b in plain if plain[a] < plain[b] and corrected[a] > corrected[b])
    number = [int(name.split()[1]) for name in (a, b)]
    found = asked(many[0], many[number[0]], model, many, many[number[1]])
    assert found.standing is not None
    assert found.standing.ranks == (corrected[a], corrected[b])
    assert any(f"by mutual proximity, which ranks, {b} comes first" in note for note in found.notes)
    alone = asked(many[0], many[number[0]], model, many, many[number[1]], hubs=None)
    assert alone.standing is not None
    assert alone.standing.ranks == (plain[a], plain[b])
    assert not any("reverses" in note for note in alone.notes)


def test_level_that_explains_most_of_a_stem_is_said(made: Made) -> None:
    """A model of loudness alone."""
    loud = tagger(
        lambda b: np.log10((b.astype(float) ** 2).mean(axis=1, keepdims=True) + 1e-9) * [[1.0, 0.5]],
        sr=songs.SR,
        window_s=songs.WINDOW_S,
    )
    parts = songs.stems_of(made[0])
    query = OracleFactorization({"drums": (parts["drums"], songs.SR), "bass": (parts["bass"] / 10, songs.SR)})
    found = why(songs.pair(query), songs.pair(made[1]), model=loud, cache=False)
    assert found.leading.known
    assert any("this may be the level and not drums" in note and "3 windows" in note for note in found.notes)
    deaf_to_level = why(songs.pair(query), songs.pair(made[1]), model=songs.hearing("drums"), cache=False)
    assert not any("this may be the level" in note for note in deaf_to_level.notes)


def test_another_vector_than_the_indexed_one_is_said(made: Made) -> None:
    model = songs.hearing(*songs.STEMS)
    index = songs.index_of(made, model)
    index.vectors[0] *= 1.1
    found = why(songs.pair(made[0]), songs.pair(made[1]), index=index, model=model, cache=False)
    assert any("song 0: its vector differs from the one in the index by 10.0 %" in note for note in found.notes)


def test_it_is_written_as_plain_values(made: Made) -> None:
    found = asked(made[0], made[1], songs.hearing(*songs.STEMS), made)
    told = json.loads(to_json(found.to_dict()))
    assert sum(told["shares"].values()) == pytest.approx(told["score"], abs=1e-9)
    assert np.sum(told["matrices"][0]["cells"]) == pytest.approx(told["similarities"][0], abs=1e-9)
    assert told["ranks"][0] <= told["n_songs"]
    assert told["sentence"] in found._repr_html_()


def test_the_stem_that_leads_can_be_heard(made: Made) -> None:
    found = asked(made[0], made[0], songs.hearing("drums"), made)
    heard = found.listen()
    assert np.allclose(heard.samples[0], songs.stems_of(made[0])["drums"][: heard.n_samples], atol=1e-6)
    assert found.window().names == songs.STEMS
    alone = asked(songs.song(bass=7), made[1], songs.hearing(*songs.STEMS), made)
    with pytest.raises(NothingArgues, match="nothing to tell apart"):
        alone.listen()


def test_a_flip_is_by_what_ranks_and_asks_the_model(made: Made) -> None:
    """The query's bass is A's, its drums are B's; the louder bass makes A win."""
    query = OracleFactorization(
        {"bass": (songs.stem("bass", 1), songs.SR), "drums": (songs.stem("drums", 2) / 2, songs.SR)}
    )
    a, b = songs.song(bass=1, drums=8), songs.song(bass=9, drums=2)
    energies = tagger(songs.levels, sr=songs.SR, window_s=songs.WINDOW_S)
    found = asked(query, a, energies, [songs.any_song(seed) for seed in range(20, 30)], b, flip=True)
    assert found.flip is not None
    assert found.flip.margin_before < 0
    assert set(found.flip.stems) <= {"bass", "drums"}
    assert str(found.flip) in str(found)
    assert found.to_dict()["flip"]["changes_db"] == found.flip.changes_db
    with pytest.raises(UsageError, match="name both"):
        asked(query, a, energies, made, flip=True)


def test_which_seconds_are_alike_is_told_of_a_candidate_that_was_heard(made: Made) -> None:
    model = songs.hearing(*songs.STEMS)
    found = asked(made[0], made[0], model, made)
    assert found.alike is not None
    assert found.alike.songs == (found.query.name, found.candidates[0].name)
    assert str(found.alike) in str(found)
    assert found.to_dict()["alike"]["similarities"][0][0] == pytest.approx(1.0)
    vector = why(
        songs.pair(made[0]), songs.index_of(made, model).vectors[1], index=songs.index_of(made, model), model=model
    )
    assert vector.alike is None


def test_an_index_with_stems_says_how_to_split_and_keeps_those_of_songs_that_are_gone(
    made: Made, tmp_path: Path
) -> None:
    """The stems of the index are by hpss, which splits the query, too."""
    model = songs.hearing(*songs.STEMS)
    index = songs.index_of(made, model)
    hpss = load_factorization("hpss")
    parts = [song_parts(one.mixture, model, hpss) for one in made]
    kept = np.stack([one.vectors for one in parts]).astype(np.float32)
    stems = StemVectors("hpss", hpss.fingerprint, parts[0].names, kept)
    found = why(made[0].mixture, "song 3", index=replace(index, stems=stems), model=model, cache=False)
    assert found.query.separator == "hpss"
    (matrix,) = found.matrices
    assert matrix is not None
    assert matrix.similarity == pytest.approx(found.score, abs=1e-6)
    assert any("its stems are those that the index keeps" in note for note in found.notes)
    assert not any("stems were made in different ways" in note for note in found.notes)
    heard = why(made[0].mixture, made[3].mixture, index=index, factorization="hpss", model=model, cache=False)
    assert np.allclose(heard.matrices[0].cells, matrix.cells, atol=1e-5)  # type: ignore[union-attr]


def test_parts_that_are_far_larger_than_the_similarity_are_said(made: Made) -> None:
    """Silence lies far from all songs, which are close to each other: no pair of stems is named."""
    model = songs.hearing_levels("drums", "bass")
    near = [songs.song(bass=1, vocals=seed, drums=seed) for seed in range(6)]
    found = asked(near[0], near[1], model, near)
    (matrix,) = found.matrices
    assert matrix is not None
    assert np.abs(matrix.cells).max() > 2
    assert "far more than the similarity" in str(found)
    assert "with this song's" not in str(found)
    usual = why(songs.pair(made[0]), songs.pair(made[1]), model=songs.hearing(*songs.STEMS), cache=False)
    assert "of pairs of stems, the query's " in str(usual)
    assert "far more than" not in str(usual)


def test_a_song_that_is_not_there_is_refused_before_anything_is_heard(made: Made) -> None:
    heard = list[int]()

    def listening(batch: NDArray[np.float32]) -> NDArray[np.float64]:
        heard.append(len(batch))
        return songs.colours(batch)

    model = tagger(listening, sr=songs.SR, window_s=songs.WINDOW_S)
    index = songs.index_of(made, model)
    heard.clear()
    with pytest.raises(UsageError, match="called 'nowhere'"):
        why(songs.pair(made[0]), "song 1", "nowhere", index=index, model=model, cache=False)
    assert heard == []


def test_where_the_second_song_is_nearer_the_answer_begins_with_that(made: Made) -> None:
    model = songs.hearing(*songs.STEMS)
    ranked = sorted(made[1:], key=lambda other: asked(made[0], other, model, made).score)
    found = asked(made[0], ranked[0], model, made, ranked[-1])
    a, b = (song.name for song in found.candidates)
    assert found.score < 0
    assert found.sentence.startswith(f"{b} is nearer than {a} by similarity; ")
    assert not asked(made[0], ranked[-1], model, made, ranked[0]).sentence.startswith(f"{a} is nearer")


def test_stems_that_are_given_for_all_songs_are_the_querys_where_they_belong_to_one(made: Made) -> None:
    """A is as long, so its sound could be split by them; it is compared by its vector."""
    model = songs.hearing(*songs.STEMS)
    index = songs.index_of(made, model)
    found = why(made[0].mixture, made[1].mixture, index=index, model=model, factorization=made[0], cache=False)
    assert found.matrices == (None,)
    assert any("the stems that are given are the query's" in note for note in found.notes)
    own = why(made[0].mixture, songs.pair(made[1]), index=index, model=model, factorization=made[0], cache=False)
    assert found.weights == pytest.approx(own.weights, abs=1e-6)
    assert own.matrices[0] is not None
    outside = why(made[0].mixture, songs.any_song(50).mixture, model=model, factorization=made[0], cache=False)
    assert outside.matrices == (None,)


def test_places_count_a_candidate_that_is_not_in_the_index(made: Made) -> None:
    model = songs.hearing(*songs.STEMS)
    outside = asked(made[0], songs.any_song(50), model, made[:4])
    inside = asked(made[0], made[1], model, made[:4])
    itself = asked(made[0], made[0], model, made[:4])
    assert "of 4 songs, itself counted" in str(outside)
    assert "of 3 songs\n" in str(inside)
    assert "the nearest of 4 songs, itself counted" in str(itself)


def test_channels_that_cancel_are_refused(made: Made) -> None:
    samples = made[0].mixture.samples[0]
    cancelled = Audio(np.stack([samples, -samples]), songs.SR)
    with pytest.raises(AudioError, match="cancel: a model that listens in mono"):
        why(cancelled, songs.pair(made[1]), model=songs.hearing("drums"), factorization="hpss", cache=False)


def test_a_budget_that_is_too_small_damages_nothing_that_is_kept(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    model = songs.hearing("drums", version="kept")
    given: dict[str, Any] = {"model": model, "factorization": "hpss"}
    first = why(made[0].mixture, made[1].mixture, **given)
    with pytest.raises(UsageError, match="too few for 2 components"):
        why(made[0].mixture, made[1].mixture, **given, max_evals=2)
    assert "damaged" not in capsys.readouterr().err
    assert why(made[0].mixture, made[1].mixture, **given).weights == first.weights


def test_a_song_may_come_with_the_spec_of_its_own_stems(made: Made) -> None:
    found = why((made[0].mixture, "hpss"), songs.pair(made[1]), model=songs.hearing("drums"), cache=False)
    assert found.query.separator == "hpss"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"query": None, "a": 1}, "name the song that is explained"),
        ({"dislike": ["song 1"], "a": 1}, "name some"),
        ({"a": 1, "hubs": "foo"}, "correction for hubs"),
    ],
)
def test_arguments_that_would_be_ignored_are_refused(options: dict[str, Any], says: str, made: Made) -> None:
    model = songs.hearing("drums")
    named: dict[str, Any] = {"query": made[0].mixture} | options
    given: dict[str, Any] = {name: made[one].mixture if isinstance(one, int) else one for name, one in named.items()}
    with pytest.raises(UsageError, match=says):
        why(**given, index=songs.index_of(made, model), model=model, factorization="hpss", cache=False)


def test_how_a_candidate_was_heard_is_said(made: Made) -> None:
    """It is shorter than a window, and filled up."""
    model = songs.hearing("drums")
    short = Audio(made[1].mixture.samples[:, :1200], songs.SR, "short")
    found = why(songs.pair(made[0]), (short, "hpss"), model=model, cache=False)
    assert any(note.startswith("short: ") and "filled up" in note for note in found.notes)
    whole = why(made[0].mixture, short, model=model, factorization=made[0], cache=False)
    assert any(note.startswith("short: ") and "filled up" in note for note in whole.notes)


def test_a_path_of_a_song_that_is_gone_is_a_name_of_it(made: Made, tmp_path: Path) -> None:
    model = songs.hearing(*songs.STEMS)
    kept = tuple(Song(f"key {n}", f"{n}.wav", title=f"song {n}") for n in range(N_SONGS))
    index = songs.index_of(made, model, folder=tmp_path, songs=kept)
    found = why(songs.pair(made[0]), tmp_path / "3.wav", index=index, model=model, cache=False)
    assert any("song 3, whose file is not there" in note for note in found.notes)


@pytest.mark.parametrize(
    ("weights", "errors", "empty", "said"),
    [
        ((0.23, -0.08), (0.0, 0.0), 0.42, "silence alone has 0.42, more than any stem adds; among the stems, A over B"),
        ((0.23, -0.08), (0.0, 0.0), 0.2, ""),
        ((0.2314, -0.08), (0.0, 0.0), 0.2301, "silence alone has 0.23, and no stem adds clearly more; among the"),
        ((0.23, -0.08), (0.1, 0.1), 0.2, "silence alone has 0.20, and no stem adds clearly more; among the"),
        ((0.23, -0.08), (0.0, 0.0), -0.42, ""),
        ((0.1, -0.4), (0.0, 0.0), 0.42, "silence alone has 0.42, more than any stem adds; A over B"),
    ],
)
def test_the_headline_says_first_what_silence_has_where_no_stem_adds_more(
    weights: Any, errors: Any, empty: float, said: str
) -> None:
    """Else the sentence would pass over the largest part: "comes most from accompaniment", where silence has more."""
    full = empty + sum(weights)
    found = Leading("leads", ("accompaniment", "vocals"), (1, 1), weights, (0, 0), errors, full, empty, 1.0, (0,), (0,))
    voice, names = Voice("A over B", Kind("difference")), [SimpleNamespace(name=name) for name in "AB"]
    made = cast(Why, SimpleNamespace(leading=found, voice=voice, candidates=names, score=full))
    told, page = words.answer(made), words.answer(made, page=True)
    nearer = "B is nearer than A by similarity; " if full < 0 else ""
    assert told.startswith(f"{nearer}{said or 'A over B'}")
    assert ("silence alone" in told) == bool(said)
    assert read_words(told, ["accompaniment"], (), found.sources).named == ("accompaniment",)
    assert (". Among the stems, “A over B” (" in page) == ("among" in said)
    soft = replace(found, unheard=(1,))
    assert "among the stems" not in words.answer(cast(Why, SimpleNamespace(**{**vars(made), "leading": soft})))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([[0.0, 0.0], [0.0, 0.5]], "the query's drums with this song's bass adds most to the similarity (+0.50)"),
        ([[0.6, -0.9], [0.0, 0.5]], "adds most to the similarity (+0.50); all pairs with silence together -0.30"),
        (
            [[0.6, -0.9, 0.0], [0.0, 0.5, -0.4]],
            "(+0.50); the other pairs of stems together -0.40, all pairs with silence together -0.30",
        ),
        ([[0.6, 0.0], [0.0, -0.5]], ""),
        ([[2.5, -2.3], [0.0, 0.3]], "cancel: no single pair makes it, a stem counts by the sum of its row"),
    ],
)
def test_a_pair_is_named_with_what_all_others_add(cells: Any, said: str) -> None:
    """What is named adds up to the similarity, as the list of similar songs has it: no number stands against it."""
    matrix = StemMatrix(("silence", "drums"), ("silence", "bass", "flute")[: len(cells[0])], np.array(cells))
    found = SimpleNamespace(
        candidates=[SimpleNamespace(name="A")], matrices=[matrix], leading=SimpleNamespace(state="leads")
    )
    told = words.of_pairs(cast(Why, found))
    assert (told == []) if not said else told[0].startswith("A: ")
    assert "".join(told).endswith(said)


def test_the_list_and_the_reason_tell_one_number_for_silence_and_nothing_negligible() -> None:
    names = ("silence", "vocals", "rest")
    cells = np.array([[1.65, -0.60, -1.10], [-0.51, 0.50, -0.03], [-0.80, 0.39, 0.30]])
    matrix = StemMatrix(names, names, cells)
    found = SimpleNamespace(
        candidates=[SimpleNamespace(name="A")], matrices=[matrix], leading=SimpleNamespace(state="leads")
    )
    (told,) = words.of_pairs(cast(Why, found))
    assert told.endswith("(+0.50); the other pairs of stems together +0.66, all pairs with silence together -1.36")
    assert mostly_by_stems(matrix) == "pairs with silence -1.36, against vocals–vocals +0.50, rest–vocals +0.39"
    many = np.pad(np.full((4, 4), 0.05), ((1, 0), (1, 0)))
    many[1, 1] = -0.6  # a large one against, and no other of more than a tenth of it: the first of these is named
    assert (
        mostly_by_stems(StemMatrix(("silence", *"abcd"), ("silence", *"abcd"), many)) == "a–b +0.05, against a–a -0.60"
    )


def test_songs_that_no_index_knows_are_called_by_their_tags_and_told_apart_by_their_files(tmp_path: Path) -> None:
    files = []
    for name, title in (("one", "Mime"), ("two", "Mime"), ("three", "")):
        path = tmp_path / f"{name}.flac"
        with soundfile.SoundFile(path, "w", 8000, 1, format="FLAC", subtype="PCM_16") as file:
            if title:
                file.title, file.artist = title, "Muldjord"
            file.write(np.random.default_rng(len(name)).normal(0, 0.1, 16000))
        files.append(str(path))
    found = why(*files, factorization="bands:4", model=tagger(lambda b: np.abs(b[:, :3]), sr=8000, window_s=1.0))
    names = [song.name for song in (found.query, *found.candidates)]
    assert names == ["Muldjord – Mime", "Muldjord – Mime (two.flac)", "three.flac"]
    assert "similarities must not be compared with those in an index" in " ".join(found.notes)
