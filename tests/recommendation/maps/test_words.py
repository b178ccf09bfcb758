"""What is said of a map is true of noise, of one cluster, and of two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audiolime_ext.recommendation.maps.pipeline import embedding_map
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
    assert "Clumps of fewer than 6 songs, and kinds of songs that blend, would not be found." in found.sentences
    assert "Groups by folder are not told from groups dealt at random (silhouette by folder -0." in words_of(found)


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
    assert embedding_map(library(doubled), settings=QUICK).headline == found.headline


def test_what_a_map_cannot_show_is_always_said(two: EmbeddingMap) -> None:
    assert two.sentences[1].endswith("how dense they are, and where on the sheet something lies mean nothing.")
    assert "by about 8 neighbours" in two.sentences[1]


def test_stability_and_rest_have_their_numbers(two: EmbeddingMap) -> None:
    mean = 100 * two.stability.by_starts.mean()
    assert f"from 5 random starts, a song keeps {mean:.0f} % of its 10 neighbours on the map" in words_of(two)
    assert "by chance it would be 17 %." in words_of(two)
    assert "The map has not settled: after 250 iterations" in words_of(two)
    settled = replace(two, layout=replace(two.layout, movement=replace(two.layout.movement, settled=True)))
    assert "The map has come to rest after 250 iterations." in words_of(settled)
    shaken = replace(two.stability, by_starts=np.where(np.arange(60) < 1, 0.1, two.stability.by_starts.clip(0.5)))
    shaken = replace(shaken, by_subsamples=two.stability.by_subsamples.clip(0.5))
    assert "1 song keeps less than 50 %: where it lies means little." in words_of(replace(two, stability=shaken))


@pytest.mark.parametrize(
    ("silhouette", "p", "told"),
    [
        (0.6, 0.001, "By folder, groups are regions of the space of their own"),
        (0.3, 0.001, "By folder, groups are regions of the space that overlap"),
        (0.085, 0.001, "By folder, groups are more than chance, but overlap: they are no regions of the space"),
        (0.6, 0.06, "Groups by folder are not told from groups dealt at random"),
    ],
)
def test_a_silhouette_is_read_with_its_p(two: EmbeddingMap, silhouette: float, p: float, told: str) -> None:
    assert two.groups is not None
    (said,) = of_groups(replace(two.groups, silhouette=silhouette, p=p))
    assert said.startswith(told)
    assert f"silhouette by folder {silhouette:.2f}, p = {p:.2g}" in said


def test_groups_are_told_as_a_table(two: EmbeddingMap) -> None:
    table = str(two).split("\n\n")[2].splitlines()
    assert [name for part in table[0].split("  ") if (name := part.strip())] == [
        *("folder", "songs", "distance within", "p of nearer", "nearest group", "distance", "p of farther")
    ]
    assert len(table) == 4


def test_names_and_notes_are_shown_as_they_can_be(two: EmbeddingMap) -> None:
    odd = replace(two, notes=("a\x1b[31m note",))
    assert "\x1b" not in str(odd)
