"""Hubs and orphans of a collection."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation import census as module
from audiolime_ext.recommendation.census import hub_census
from tests.recommendation.planted import collection, crowded


def with_a_hub() -> np.ndarray:
    """Songs in all directions, and one of which each of them has a part."""
    rng = np.random.default_rng(0)
    shared = np.zeros(60)
    shared[0] = 1.0
    songs = rng.normal(size=(200, 60)) * 0.3
    songs[:, 0] = 0.0
    songs += np.outer(rng.choice([-1.0, 1.0], 200, p=[0.5, 0.5]), shared)
    songs[0] = shared
    return songs.astype(np.float32)


def test_a_planted_hub_is_found_and_mutual_proximity_tames_it() -> None:
    index = collection(with_a_hub())
    plain, corrected = (hub_census(index, hubs=kind) for kind in (None, "mutual proximity"))
    song, n_lists = plain.hubs[0]
    assert (song.key, n_lists >= 50) == ("key 0", True)
    assert corrected.counts[0] < plain.counts[0]
    assert corrected.skewness < plain.skewness
    assert str(plain).splitlines()[0].startswith("200 songs and their 10 nearest, uncorrected: ")
    assert plain.to_dict()["hubs"][0] == {"key": "key 0", "path": "0.ogg", "n_lists": n_lists}


def test_orphans_are_in_no_list() -> None:
    index = collection(crowded())
    found = hub_census(index, hubs=None)
    assert found.counts.sum() == 10 * 300
    assert len(found.orphans) == (found.counts == 0).sum() > 0
    assert len(hub_census(index).orphans) < len(found.orphans)


def test_of_large_collections_some_are_drawn_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_COUNTED", 100)
    found = hub_census(collection(crowded()))
    assert (len(found.songs), found.drawn_from) == (100, 300)
    assert str(found).startswith("100 songs, drawn from 300, and their 10 nearest, by mutual proximity: ")


def test_what_cannot_be_counted_is_refused() -> None:
    small = collection(crowded(29, 3))
    with pytest.raises(UsageError, match="29 songs are too few to correct hubs; index 30, or ask without a correction"):
        hub_census(small)
    assert len(hub_census(small, hubs=None).counts) == 29
    with pytest.raises(UsageError, match="k is 0"):
        hub_census(small, k=0)
    with pytest.raises(UsageError, match="unknown correction for hubs 'none'"):
        hub_census(small, hubs="none")  # type: ignore[arg-type]
