"""Do candidates stand where `similar` lists them?"""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.recommendation.hubs import HubCorrection
from audiolime_ext.recommendation.queries import Asking, Query
from audiolime_ext.recommendation.similar import similar
from audiolime_ext.recommendation.space import space_of
from audiolime_ext.recommendation.telling import Telling
from audiolime_ext.recommendation.why.standing import Field
from tests.recommendation.planted import collection, crowded


@pytest.mark.parametrize("hubs", [None, "mutual proximity", "local scaling"])
def test_places_and_nearness_are_those_of_the_list(hubs: HubCorrection | None) -> None:
    index = collection(crowded(80, 12))
    asking, listed = Asking(index), similar("song 7", index, k=79, hubs=hubs)
    query, *candidates = (asking.query(name) for name in ("song 7", "song 1", "song 50"))
    field = Field(Telling.of(index, space_of(index), hubs), query, tuple(candidates))
    found = field.standing(query.vector)
    rows = {row.song.name: row for row in listed.rows}
    assert found.n_songs == 79
    assert found.ranks == tuple(rows[song.name].rank for song in candidates)
    assert found.nearness == pytest.approx([rows[song.name].nearness for song in candidates], abs=1e-5)
    assert found.similarities == pytest.approx([rows[song.name].similarity for song in candidates], abs=1e-6)
    assert found.nearest is not None
    assert found.nearest.name == listed.rows[0].song.name
    assert (field.margin(query.vector) > 0) == (found.ranks[1] < found.ranks[0])


def test_a_song_that_is_not_in_the_index_has_a_place_among_its_songs() -> None:
    index = collection(crowded(80, 12))
    query = Asking(index).query("song 7")
    twin, far = (Query("other", np.asarray(sign * query.vector)) for sign in (1.0, -1.0))
    found = Field(Telling.of(index, space_of(index), "mutual proximity"), query, (twin, far)).standing(query.vector)
    assert found.ranks[0] == 1
    assert found.ranks[1] > 40


def test_of_no_other_song_nothing_is_nearest() -> None:
    index = collection(np.ones((1, 3)))
    query = Asking(index).query("song 0")
    other = Query("other", np.array([1.0, 0.0, 0.0]))
    found = Field(Telling.of(index, space_of(index), None), query, (other,)).standing(query.vector)
    assert (found.ranks, found.n_songs, found.nearest) == ((1,), 0, None)
