"""The parts of an index's songs are weighed and summed; weights that mean nothing are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audiolime_ext.collection.song_parts import SongParts
from audiolime_ext.collection.stem_vectors import StemVectors
from audiolime_ext.errors import UsageError


@pytest.fixture
def stems() -> StemVectors:
    vectors = np.random.default_rng(0).normal(size=(6, 3, 5)).astype(np.float32)
    return StemVectors("hpss", "f", ("drums", "bass"), vectors)


def test_with_all_weights_1_a_song_is_the_sum_of_its_parts(stems: StemVectors) -> None:
    np.testing.assert_allclose(stems.sums, stems.vectors.sum(axis=1), atol=1e-6)
    assert stems.weighted({"drums": 1, "silence": 1.0}).weights == {}


def test_each_part_counts_as_much_as_its_weight(stems: StemVectors) -> None:
    weighted = stems.weighted({"drums": 2, "silence": 0})
    drums, bass = stems.vectors[:, 1], stems.vectors[:, 2]
    np.testing.assert_allclose(weighted.sums, 2 * drums + bass, atol=1e-6)
    np.testing.assert_allclose(weighted.of(np.array([4, 1])).sum(axis=1), weighted.sums[[4, 1]], atol=1e-6)
    np.testing.assert_allclose(weighted.of_song(3).whole, weighted.sums[3], atol=1e-6)
    assert weighted.weights == {"drums": 2.0, "silence": 0.0}
    assert weighted.weighted({"bass": 0.5}).weights == {"bass": 0.5}, "in place of the former"


def test_a_song_from_elsewhere_is_weighed_alike_and_a_stem_that_only_it_has_counts_once(stems: StemVectors) -> None:
    parts = SongParts(("vocals", "drums"), np.arange(15.0).reshape(3, 5))
    found = stems.weighted({"drums": 0.5, "silence": 3}).of_another(parts)
    np.testing.assert_allclose(found.vectors, parts.vectors * np.array([[3], [1], [0.5]]))


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ({"drum": 1}, r"unknown stem 'drum'; did you mean 'drums'\? \(allowed: drums, bass, silence\)"),
        ({"drums": -1}, "the weight of drums is -1; give a number from 0"),
        ({"drums": np.inf}, "the weight of drums is inf"),
        ({"silence": np.nan}, "the weight of silence is nan"),
        ({"drums": True}, "the weight of drums is True"),
        ({"drums": "2"}, "the weight of drums is '2'"),
        ({"drums": 0, "bass": 0}, "every stem has weight 0"),
        ({"drums": 0, "bass": 0.0, "silence": 2}, "every stem has weight 0"),
    ],
)
def test_weights_that_mean_nothing_are_refused(stems: StemVectors, weights: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        stems.weighted(weights)
