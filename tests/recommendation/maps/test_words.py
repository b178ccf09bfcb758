"""What is said of a map is true of noise, of one cluster, and of two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audiolime_ext.collection.songs import Song
from audiolime_ext.recommendation.maps.clumps import clumps_of, least_part
from audiolime_ext.recommendation.maps.pipeline import embedding_map
from audiolime_ext.recommendation.maps.regions import Kind, Region
from audiolime_ext.recommendation.maps.result import EmbeddingMap
from audiolime_ext.recommendation.maps.words import of_groups
from tests.recommendation.maps.planted import QUICK, clusters, library, words_of
from tests.studies.map_clumps import NOTHING


@pytest.fixture(scope="module")
def two() -> EmbeddingMap:
    return embedding_map(library(clusters(2, 60, distance=4)), settings=QUICK, group="folder")


def test_two_clusters_are_called_clumps_with_their_size(two: EmbeddingMap) -> None:
    assert two.headline == (
        "The songs fall into clumps, beyond what noise does: across the deepest valley, 30 songs lie apart from the "
        "others."
    )
    assert "the median; p = 0.01" in two.sentences[0]


@pytest.mark.parametrize("name", ["isotropic", "variances 1/k"])
def test_noise_is_called_nothing(name: str) -> None:
    points = NOTHING[name](60, 12, np.random.default_rng(0))
    found = embedding_map(library(points), settings=QUICK, group="folder")
    assert found.headline.startswith("Nothing shows that the songs fall into clumps")
    assert (
        "Clumps of 6 songs or fewer would not be found, nor kinds of songs that blend, nor one dense clump among "
        "scattered songs: it has no valley around it."
    ) in found.sentences
    assert "None of 3 groups by folder is told from groups dealt at random." in found.sentences
    assert "Over all songs the silhouette by folder is -0." in words_of(found)


def test_clumps_of_as_few_songs_as_are_told_are_not_found_and_of_one_more_are() -> None:
    n = least_part(100)
    for k, found in ((n, False), (n + 1, True)):
        rng = np.random.default_rng(k)
        points = np.concatenate([rng.normal(size=(100 - k, 10)), 0.3 * rng.normal(size=(k, 10)) + 12])
        assert clumps_of(points, seed=0).found is found


def test_one_dense_clump_among_scattered_songs_is_referred_to_where_a_group_is_that() -> None:
    rng = np.random.default_rng(3)
    points = np.concatenate([0.05 * rng.normal(size=(60, 10)) + 3 * np.eye(10)[0], rng.normal(size=(30, 10))])
    songs = tuple(Song(f"{n}", genre="A" if n < 60 else "BC"[n % 2]) for n in range(90))
    found = embedding_map(library(points, songs=songs), settings=QUICK, group="genre")
    assert found.clumped is False
    assert found.headline == (
        "No clumps are found that a valley divides from all other songs. By genre, 1 group (A) is a region of its own "
        "all the same."
    )
    assert "Of 3 groups by genre, 1 is a region of its own (A, silhouette 0.9" in words_of(found)
    assert "Nothing shows" in embedding_map(library(points, songs=songs), settings=QUICK).headline


def test_many_small_clumps_are_not_called_a_continuum() -> None:
    points = np.repeat(5 * np.random.default_rng(0).normal(size=(20, 30)), 8, axis=0)
    points += 0.3 * np.random.default_rng(1).normal(size=points.shape)
    songs = tuple(Song(f"{n}", genre=f"g{n // 8}") for n in range(160))
    found = embedding_map(library(points, songs=songs), settings=QUICK, group="genre")
    assert found.headline == (
        "The songs lie less evenly than noise does, but not so that clumps can be told from a continuum: they may lie "
        "along a curve, in clumps that blend, or in many small clumps. By genre, 20 groups (g0, g1, g2, g3, g4, and 15 "
        "more) are regions of their own all the same."
    )


def test_one_cluster_is_no_clump() -> None:
    found = embedding_map(library(clusters(1, 60)), settings=QUICK)
    assert found.headline.startswith("Nothing shows that the songs fall into clumps")
    assert "Groups" not in words_of(found)


def test_a_curve_may_be_told_from_noise_and_is_no_clump(two: EmbeddingMap) -> None:
    curve = replace(two, clumped=False, p_clumped=0.01)
    assert "not so that clumps can be told from a continuum" in curve.headline


def test_of_few_songs_nothing_is_said_of_clumps() -> None:
    found = embedding_map(library(clusters(2, 15)), settings=QUICK)
    assert found.clumped is None
    assert found.headline == "15 songs: fewer than 20 are too few to tell clumps from chance."
    assert "valley" not in words_of(found)
    doubled = np.concatenate([clusters(2, 15), clusters(2, 15)])
    headline = embedding_map(library(doubled), settings=QUICK).headline
    assert headline == "15 different songs (of 30): fewer than 20 are too few to tell clumps from chance."


def test_what_a_map_cannot_show_is_always_said(two: EmbeddingMap) -> None:
    assert two.sentences[1].endswith("how dense they are, and where on the sheet something lies mean nothing.")
    assert "by about 8 neighbours" in two.sentences[1]


def test_stability_and_rest_have_their_numbers(two: EmbeddingMap) -> None:
    mean = 100 * two.stability.by_starts.mean()
    assert f"from 5 random starts, a song keeps {mean:.0f} % of its 10 neighbours on the map" in words_of(two)
    assert "by chance it would be 17 % and 21 %." in words_of(two)
    assert "The map has not settled: after 250 iterations" in words_of(two)
    settled = replace(two, layout=replace(two.layout, movement=replace(two.layout.movement, settled=True)))
    assert "The map has come to rest after 250 iterations." in words_of(settled)
    shaken = replace(two.stability, by_starts=np.where(np.arange(60) < 1, 0.1, two.stability.by_starts.clip(0.5)))
    shaken = replace(shaken, by_subsamples=two.stability.by_subsamples.clip(0.5))
    assert "1 song keeps less than 50 %: where it lies means little." in words_of(replace(two, stability=shaken))


def test_groups_are_counted_by_what_they_are_and_named(two: EmbeddingMap) -> None:
    assert two.groups is not None
    kinds: dict[str, Kind] = {"a": "own", "b": "overlaps", "c": "chance", "d": "few"}
    regions = tuple(Region(name, 0.6 if kind == "own" else 0.2, 0.01, kind) for name, kind in kinds.items())
    mixed = replace(two.groups, regions=regions, counts=dict.fromkeys(kinds, 9), silhouette=0.3)
    assert of_groups(mixed) == (
        "Of 4 groups by folder, 1 is a region of its own (a, silhouette 0.60); 1 overlaps with others, though less "
        "than a group dealt at random (b, silhouette 0.20); 1 is not told from groups dealt at random; 1 has too few "
        "songs to tell.",
        "Over all songs the silhouette by folder is 0.30, p = 0.001 (1: far apart, 0: no regions, below 0: nearer to "
        "another group); it may hide groups that differ.",
    )
    many = tuple(replace(regions[0], name=f"g{n}") for n in range(7))
    told, _ = of_groups(replace(mixed, regions=many, counts={one.name: 9 for one in many}))
    assert "7 are regions of their own (g0, silhouette 0.60; " in told
    assert told.endswith("g4, silhouette 0.60; and 2 more).")


def test_of_too_few_songs_no_p_is_told(two: EmbeddingMap) -> None:
    assert two.groups is not None
    regions = tuple(Region(name, 1.0, 0.3, "few") for name in "ab")
    few = replace(two.groups, regions=regions, counts={"a": 2, "b": 2}, silhouette=1.0, p=0.3)
    told = of_groups(few)
    assert told[0] == "The 2 groups by folder have too few songs to tell them from groups dealt at random."
    assert "is 1.00, with 3 different deals, too few for a p (" in told[1]


def test_groups_are_told_as_a_table(two: EmbeddingMap) -> None:
    table = str(two).split("\n\n")[2].splitlines()
    assert [name for part in table[0].split("  ") if (name := part.strip())] == [
        *("folder", "songs", "what it is", "silhouette", "p, corrected", "distance within", "nearest group", "distance")
    ]
    assert len(table) == 4
    assert two.groups is not None
    one = two.groups.regions[0]
    assert f"{one.silhouette:.2f}" in table[1]
    assert f"{one.p:.2g}" in table[1]


def test_names_and_notes_are_shown_as_they_can_be(two: EmbeddingMap) -> None:
    odd = replace(two, notes=("a\x1b[31m note",))
    assert "\x1b" not in str(odd)
