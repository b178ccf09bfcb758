"""Evaluations of vectors whose worth is known, and of songs that are heard again."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.collection.index import Index, load_index
from audiolime_ext.collection.indexing.making import make_index
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.evaluation.ears import of_model
from audiolime_ext.recommendation.evaluation.evaluating import evaluate_embedding
from audiolime_ext.recommendation.evaluation.hearing import Asked, hear
from audiolime_ext.recommendation.evaluation.result import EmbeddingEvaluation
from audiolime_ext.recommendation.evaluation.treatments import TREATMENTS
from audiolime_ext.recommendation.evaluation.words import group_is, level_of
from tests.recommendation.planted import collection
from tests.song_collection import SR, bands, write_song

N_GROUPS, EACH = 20, 3


def planted(name: str, noise: float, *, seed: int = 0) -> Index:
    """Songs that lie around their album's centre, the farther the more noise."""
    rng = np.random.default_rng(0)
    songs = tuple(
        Song(f"key {i}", f"{i}.ogg", album=f"album {i // EACH}", artist=f"artist {i % 7}" if i % 7 else None)
        for i in range(N_GROUPS * EACH)
    )
    centres = np.repeat(rng.normal(size=(N_GROUPS, 20)), EACH, axis=0)
    vectors = centres + noise * np.random.default_rng(1000 + seed).normal(size=centres.shape)
    return collection(vectors, folder=f"{name}.index", songs=songs)


def evaluated(*indexes: Any, **options: Any) -> EmbeddingEvaluation:
    return evaluate_embedding(indexes, "album", progress=False, **options)


def test_what_knows_the_groups_is_surely_ahead_of_what_knows_little_and_of_chance() -> None:
    found = evaluated(planted("good", 0.3), planted("poor", 4.0))
    assert [one.verdict for one in found.comparisons] == ["surely ahead", "surely ahead", "not surely apart"]
    assert found.headline == (
        "good has a mean average precision (MAP) of 1.000 (chance: 0.095); it is surely ahead of chance and poor. "
        f"poor has a MAP of {found.measured[1].means['AP'].value:.3f} (chance: 0.095); "
        "it is not surely apart from chance."
    )
    good, poor = found.measured
    assert good.p_chance == pytest.approx(1 / 1001)
    assert poor.p_chance is not None
    assert poor.p_chance > 0.01
    turned = evaluated(planted("poor", 4.0), planted("good", 0.3))
    assert turned.comparisons[1].verdict == "surely behind"
    assert turned.comparisons[1].differences["AP"].value == -found.comparisons[1].differences["AP"].value


def test_of_equals_neither_is_surely_ahead() -> None:
    for seed in range(3):
        found = evaluated(planted("one", 1.0, seed=2 * seed), planted("other", 1.0, seed=2 * seed + 1))
        assert found.comparisons[1].verdict == "not surely apart"


def test_surely_asks_for_more_the_more_is_compared() -> None:
    found = evaluated(*(planted(name, 1.0, seed=seed) for seed, name in enumerate("abc")))
    assert len(found.comparisons) == 6
    assert {one.corrected.level for one in found.comparisons} == {level_of(6)}
    for one in found.comparisons:
        assert one.corrected.low < one.differences["AP"].low < one.differences["AP"].high < one.corrected.high
    assert any(
        note.startswith("6 comparisons are made: ‘surely’ asks for an interval of 99.2 %") for note in found.notes
    )


def test_what_was_measured_can_be_read_in_every_form(tmp_path: Path) -> None:
    found = evaluated(planted("good", 1.0), artists=True, k=3)
    told = str(found)
    assert told.startswith(
        "do songs find others of the same album? 60 queries of 20 groups among 60 songs, songs of the"
    )
    for words in ("R@3", "(the default of similar)", "default of similar", "chance", "hubs"):
        assert words in told
    assert "the artist of 9 of 60 songs is not known: nothing is left out there" in found.notes
    assert group_is("album") in found.notes
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["measured"][0]["by_treatment"].keys() == set(TREATMENTS)
    assert plain["chance"].keys() == {"P@1", "R@3", "NDCG@3", "MAP"}
    rows = list(csv.DictReader(found.write_csv(tmp_path / "found.csv").read_text().splitlines()))
    assert [row["treatment"] for row in rows] == ["chosen by the other half", *TREATMENTS]
    assert float(rows[0]["MAP low"]) < float(rows[0]["MAP"]) < float(rows[0]["MAP high"])
    assert len(found.to_dataframe()) == 10
    assert "<table>" in found._repr_html_()
    assert "&lt;b&gt;" in replace(found, column="<b>")._repr_html_()


def test_an_evaluation_is_reproduced_by_its_seed() -> None:
    one, again, other = (evaluated(planted("good", 1.0), seed=seed).to_dict() for seed in (0, 0, 1))
    assert one == again != other


def test_vectors_that_are_all_equal_are_not_apart_from_chance_and_are_said() -> None:
    index = planted("same", 1.0)
    found = evaluated(replace(index, vectors=np.ones_like(index.vectors)))
    n = N_GROUPS * EACH
    assert found.comparisons[0].verdict == "not surely apart"
    assert found.measured[0].means["AP"].value == pytest.approx(found.chance["AP"][0])
    assert any(f"{n} of {n} songs have the very vector of another one in same (1 different" in n_ for n_ in found.notes)
    assert not any("the very vector" in note for note in evaluated(index).notes)


def test_the_interval_of_chance_holds_its_mean_where_artists_are_left_out() -> None:
    index = planted("noise", 1e3)
    songs = tuple(replace(song, artist=f"artist {i // EACH}{i % EACH // 2}") for i, song in enumerate(index.songs))
    mean, low, high = evaluated(replace(index, songs=songs), artists=True).chance["AP"]
    assert low < mean < high


def test_few_groups_are_said_to_be_few() -> None:
    index = planted("good", 0.5)
    few = replace(index, songs=index.songs[:9], vectors=index.vectors[:9])
    assert any("3 groups are few" in note for note in evaluated(few).notes)
    assert not any("each query counts once" in note for note in evaluated(few).notes), "they are equally large"
    albums = zip(few.songs, "aaaabbacc", strict=True)
    uneven = replace(few, songs=tuple(replace(song, album=album) for song, album in albums))
    assert any("large groups count more: a has 5 of 9" in note for note in evaluated(uneven).notes)
    assert not any("are few" in note for note in evaluated(index).notes)


@pytest.mark.parametrize(
    ("options", "told"), [({"k": 0}, "k is 0"), ({"most": 1}, "most is 1"), ({"seed": -1}, "seed")]
)
def test_numbers_that_cannot_be_used_are_refused(options: dict[str, int], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        evaluated(planted("good", 0.5), **options)


def test_an_index_whose_model_is_not_known_hears_nothing_alike() -> None:
    with pytest.raises(
        UsageError, match="good cannot hear songs again: its vectors come from a model that is not known"
    ):
        evaluated(planted("good", 0.5), alike=True)
    with pytest.raises(UsageError, match=r"none of 60 songs can be heard again; .*: its file is gone"):
        evaluated(planted("good", 0.5), anchors=True)


# Songs that are heard again


def album(number: int, i: int) -> Any:
    """Noise of an album's colour, which its songs vary."""
    rng = np.random.default_rng(100 * number + i)
    spectrum = np.fft.rfft(rng.normal(size=3 * SR))
    at = (np.linspace(0, 1, len(spectrum)) - (number + 0.5) / 4 + rng.normal(0, 0.02)) ** 2
    coloured = np.fft.irfft(spectrum * np.exp(-at / 0.02), 3 * SR)
    return (rng.uniform(0.05, 0.3) * coloured / np.abs(coloured).max()).astype(np.float32)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four albums of four songs, and their index."""
    folder = tmp_path_factory.mktemp("heard")
    for number in range(4):
        for i in range(4):
            write_song(folder / f"songs/album {number}/{i}.wav", album(number, i))
    make_index(folder / "songs", "tests.song_collection:bands", index=folder / "bands.index", middle_s=2.0)
    return folder


@pytest.fixture
def heard(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of them, and a cache of its own."""
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))
    shutil.copytree(made, tmp_path / "copy")
    return tmp_path / "copy"


def again(folder: Path, **options: Any) -> EmbeddingEvaluation:
    return evaluate_embedding(folder / "bands.index", "folder", trust=True, progress=False, **options)


def test_anchors_and_songs_made_alike_are_compared_on_the_same_queries(heard: Path) -> None:
    found = again(heard, anchors=True, alike=True)
    assert [(one.name, one.condition) for one in found.measured] == [
        (name, condition) for condition in ("as it is", "alike") for name in ("bands", "mean log-mel", "MFCC")
    ]
    assert [(one.first, one.second) for one in found.comparisons] == [
        *[("bands", other) for other in ("chance", "mean log-mel", "MFCC")] * 2,
        ("bands as it is", "bands alike"),
    ]
    assert list(found.ceilings) == ["the same song's other half (bands)", "its re-encoding (bands)"]
    for one in found.measured:
        assert len(one.found.queries) == 16
        assert one.means["AP"].value > found.chance["AP"][2], "colours are heard by all"
    assert {one.verdict for one in found.comparisons} == {"not surely apart"}, "of four groups"
    assert any(
        note.startswith("nothing is called sure: among 7 comparisons that takes 9 groups") for note in found.notes
    )
    assert "what training adds is not known of bands: the network cannot be had untrained" in found.notes
    assert found.headline.count("Made alike, ") == 1


def test_what_was_heard_is_kept_by_content(heard: Path) -> None:
    first = again(heard, anchors=True, alike=True).to_dict()
    shutil.rmtree(heard / "songs")
    assert again(heard, anchors=True, alike=True).to_dict() == first


def test_an_index_that_has_an_anchors_name_is_told_from_it(heard: Path) -> None:
    shutil.copytree(heard / "bands.index", heard / "MFCC.index")
    found = evaluate_embedding(heard / "MFCC.index", "folder", anchors=True, trust=True, progress=False)
    assert [one.name for one in found.measured] == ["MFCC", "mean log-mel", "MFCC (anchor)"]
    assert dict(found.measured[0].hubs) == dict(again(heard).measured[0].hubs) != dict(found.measured[2].hubs)


def test_a_song_that_was_changed_is_left_out_everywhere_and_named(heard: Path) -> None:
    write_song(heard / "songs/album 1/2.wav", album(3, 9))
    (heard / "songs/album 0/1.wav").unlink()
    found = again(heard, anchors=True)
    assert (found.n_songs, found.n_queries) == (14, 14)
    (note,) = (note for note in found.notes if "cannot be heard again" in note)
    assert note.startswith(
        "2 songs are left out, for they cannot be heard again: songs/album 0/1.wav: its file is gone; "
    )
    assert "songs/album 1/2.wav: its file was changed since it was indexed" in note


def test_the_vectors_of_the_index_are_what_is_heard_again(heard: Path) -> None:
    index = load_index(heard / "bands.index")
    found = hear(index.songs, index.folder, [Asked(of_model(bands, "bands"), "as it is", 2.0)])
    assert found.failures == ()
    np.testing.assert_allclose(found.vectors[0], index.vectors, rtol=1e-5)


def test_an_index_of_whole_songs_is_heard_from_the_middle_which_is_said(heard: Path) -> None:
    make_index(heard / "songs", "tests.song_collection:bands", index=heard / "whole.index")
    whole = evaluate_embedding(heard / "whole.index", "folder", alike=True, trust=True, progress=False)
    assert any("whole heard songs whole: ‘as it is’ is heard from there, too" in note for note in whole.notes)
    assert not any("heard songs whole" in note for note in again(heard, alike=True).notes)


def test_a_model_of_a_module_is_imported_only_if_that_is_asked_for(heard: Path) -> None:
    with pytest.raises(UsageError, match="trust"):
        evaluate_embedding(heard / "bands.index", "folder", alike=True, progress=False)


def test_the_index_is_left_as_it_was(heard: Path) -> None:
    before = {path.name: path.read_bytes() for path in (heard / "bands.index").iterdir()}
    again(heard, anchors=True, alike=True)
    assert {path.name: path.read_bytes() for path in (heard / "bands.index").iterdir()} == before
