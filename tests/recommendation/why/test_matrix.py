"""Does the matrix split the nearness of two songs into pairs of stems, exactly?"""

from __future__ import annotations

from itertools import product
from math import factorial

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.collection.song_parts import SongParts, heard_in_stems, parts_of
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.space import Space, space_of
from audiolime_ext.recommendation.why.matrix import directed, stem_matrix
from tests.recommendation.planted import collection
from tests.recommendation.why import songs

Heard = tuple[Space, list[NDArray[np.float64]], list[SongParts]]


@pytest.fixture(scope="module")
def heard() -> Heard:
    """A space, and two songs: the outputs for all masks, and the parts."""
    model = songs.hearing(*songs.STEMS)
    made = [songs.any_song(seed) for seed in range(6)]
    index = songs.index_of(made, model)
    games = [heard_in_stems(one.mixture, model, one, cache=False).whole for one in made[:2]]
    return space_of(index), [game.outputs.scores for game in games], [parts_of(game) for game in games]


def test_the_cells_add_up_to_the_centred_cosine(heard: Heard) -> None:
    space, games, (one, other) = heard
    found = stem_matrix(space, one, other)
    x, y = ((game[-1] - space.centre) * space.scale for game in games)
    assert found.similarity == pytest.approx(x @ y / np.linalg.norm(x) / np.linalg.norm(y), abs=1e-9)
    assert abs(found.similarity) > 0.01


def test_exchanging_the_songs_transposes_it(heard: Heard) -> None:
    space, _, (one, other) = heard
    there, back = stem_matrix(space, one, other), stem_matrix(space, other, one)
    assert np.allclose(back.transposed().cells, there.cells, rtol=0, atol=1e-12)
    assert there.rows == ("silence", *one.names)
    assert back.by_row == pytest.approx(there.by_column, abs=1e-12)


def test_the_cells_are_bivariate_shapley_values_of_the_frozen_score(heard: Heard) -> None:
    """By the definition: the mean, over all orders of both songs' stems, of what joining both adds."""
    space, games, (one, other) = heard
    n = len(one.names)
    x, y = ((game - space.centre) * space.scale for game in games)
    score = (x / np.linalg.norm(x[-1])) @ (y / np.linalg.norm(y[-1])).T  # masks of the one × masks of the other
    share = {size: factorial(size) * factorial(n - size - 1) / factorial(n) for size in range(n)}
    cells = np.zeros((n, n))
    for i, j in product(range(n), range(n)):
        for s, t in product(range(2**n), range(2**n)):
            if s >> i & 1 or t >> j & 1:
                continue
            both = score[s | 1 << i, t | 1 << j] - score[s, t | 1 << j] - score[s | 1 << i, t] + score[s, t]
            cells[i, j] += share[bin(s).count("1")] * share[bin(t).count("1")] * both
    assert np.allclose(stem_matrix(space, one, other).cells[1:, 1:], cells, rtol=0, atol=1e-9)


def test_a_linear_embedder_has_a_closed_form() -> None:
    model, matrix = songs.linear()
    made = [songs.any_song(seed) for seed in range(4)]
    space = space_of(songs.index_of(made, model))
    one, other = (parts_of(heard_in_stems(song.mixture, model, song, cache=False).whole) for song in made[:2])
    found = stem_matrix(space, one, other)
    means = [
        {
            name: samples.reshape(songs.N_WINDOWS, -1).mean(axis=0).astype(np.float64) @ matrix
            for name, samples in songs.stems_of(song).items()
        }
        for song in made[:2]
    ]
    lengths = [np.linalg.norm(sum(mean.values()) + 0.3 - space.centre) for mean in means]
    for row, column in product(one.names, other.names):
        cell = found.cells[found.rows.index(row), found.columns.index(column)]
        assert cell == pytest.approx(means[0][row] @ means[1][column] / lengths[0] / lengths[1], abs=1e-6)


def test_what_is_left_out_of_the_space_adds_nothing() -> None:
    index = collection([[1.0, 5.0], [2.0, 5.0], [4.0, 5.0]], labels=["tempo", "constant"])
    space = space_of(index)
    parts = SongParts(("drums",), np.array([[1.0, 0.0], [3.0, 5.0]]))
    assert directed(space, parts)[:, 1].tolist() == [0.0, 0.0]


def test_the_largest_pair_is_one_of_stems_and_never_silence() -> None:
    space = Space("plain", np.zeros(2), np.ones(2), np.zeros(0, np.float32))
    one = SongParts(("drums", "bass"), np.array([[9.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    assert stem_matrix(space, one, one).largest()[:2] == ("drums", "drums")


def test_songs_without_direction_and_of_another_model_are_refused(heard: Heard) -> None:
    space, _, (one, _) = heard
    centred = SongParts((), space.centre[None])
    with pytest.raises(UsageError, match="lies at the centre of the collection"):
        stem_matrix(space, one, centred)
    with pytest.raises(UsageError, match="of another model"):
        stem_matrix(space, one, SongParts((), np.ones((1, 3))))


def test_it_is_printed_and_written() -> None:
    space = Space("plain", np.zeros(2), np.ones(2), np.zeros(0, np.float32))
    one = SongParts(("drums",), np.array([[0.6, 0.0], [0.0, 0.8]]))
    found = stem_matrix(space, one, one)
    assert str(found).splitlines() == ["         silence  drums", "silence    +0.36  +0.00", "drums      +0.00  +0.64"]
    assert np.allclose(found.to_dict()["cells"], np.diag([0.36, 0.64]))
