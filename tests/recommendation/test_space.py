"""What near means: centred, standardised, plain; and vectors that have no direction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.space import SpaceKind, meaning, space_of
from tests.recommendation.planted import SPOTIFY, collection, crowded, document


def test_unscaled_tempo_makes_all_songs_alike_and_standardising_ends_it() -> None:
    """The document's own numbers: .999996, .999995 and .999995 for its three recommendations."""
    index = document()
    plain, scaled = (space_of(index, kind) for kind in ("plain", None))
    raw = plain.directions(index, np.arange(4))
    assert (raw[1:] @ raw[0]).round(6).tolist() == pytest.approx([0.999996, 0.999995, 0.999995], abs=1.5e-6)
    every = plain.similarities(index, plain.direction(index.vectors[0]))
    assert every.min() > 0.9999
    assert np.argsort(-every[1:])[0] == 0
    z = scaled.similarities(index, scaled.direction(index.vectors[0]))
    assert z[1:].min() < -0.4
    contributions = raw[1] * raw[0]
    assert contributions[SPOTIFY.index("tempo")] > 0.9998


@pytest.mark.parametrize("kind", ["centred", "standardised", "plain"])
def test_similarities_from_raw_numbers_are_those_of_the_directions(kind: SpaceKind) -> None:
    rng = np.random.default_rng(1)
    scales = np.array([2000.0, 1.0, 0.01, 100.0])
    index = collection(rng.normal(5.0, 1.0, (500, 4)) * scales)
    space = space_of(index, kind)
    x = index.vectors.astype(np.float64)
    if kind != "plain":
        x = x - x.mean(axis=0)
    if kind == "standardised":
        x /= x.std(axis=0)
    u = x / np.linalg.norm(x, axis=1, keepdims=True)
    assert space.directions(index, np.arange(500)) == pytest.approx(u, abs=1e-6)
    off = np.abs(space.similarities(index, u[7]) - u @ u[7]) * space.lengths  # those near the centre are less exact
    assert off.max() <= 1e-6 * np.linalg.norm(index.vectors * space.scale, axis=1).max()
    assert np.concatenate([block for _, block in space.blocks(index)]) == pytest.approx(u, abs=1e-6)


def test_what_all_songs_have_in_common_says_nothing() -> None:
    vectors = crowded()
    index, shifted = collection(vectors), collection(vectors + 100.0)
    one, other = (space_of(each).directions(each, np.arange(300)) for each in (index, shifted))
    assert one == pytest.approx(other, abs=1e-3)
    plain = space_of(shifted, "plain").directions(shifted, np.arange(300))
    assert (plain @ plain.T).min() > 0.99


def test_a_constant_output_is_left_out_and_said() -> None:
    vectors = crowded(50, 3)
    vectors[:, 1] = 7.25
    space = space_of(collection(vectors, labels=["tempo", "key", "level"]))
    assert space.scale[1] == 0
    assert space.notes == ("left out, for it hardly varies over the songs: key",)
    without = collection(np.delete(vectors, 1, axis=1), labels=["tempo", "level"])
    kept = space.directions(collection(vectors, labels=["tempo", "key", "level"]), np.arange(50))
    assert np.delete(kept, 1, axis=1) == pytest.approx(space_of(without).directions(without, np.arange(50)))


@pytest.mark.parametrize(("share", "left_out"), [(0.7e-4, True), (1.5e-4, False)])
def test_what_varies_by_a_ten_thousandth_of_its_mean_hardly_varies(share: float, left_out: bool) -> None:
    vectors = crowded(50, 2)
    vectors[:, 1] = 100.0 * (1 + share * np.where(np.arange(50) % 2, 1, -1))
    assert bool(space_of(collection(vectors, labels=["a", "b"])).scale[1] == 0) == left_out


@pytest.mark.parametrize("times", [0.7, 1.5])
def test_what_lies_within_a_millionth_of_the_mean_length_lies_at_the_centre(times: float) -> None:
    vectors = crowded(50, 4)
    space = space_of(collection(vectors))
    off = np.array([times * 1e-6 * np.linalg.norm(vectors, axis=1).mean(), 0, 0, 0])
    if times > 1:
        assert space.direction(space.centre + off) == pytest.approx([1, 0, 0, 0])
        return
    with pytest.raises(UsageError, match="lies at the centre"):
        space.direction(space.centre + off)


def test_vectors_without_numbers_or_direction_are_counted_and_change_nothing_for_others() -> None:
    vectors = crowded(60, 5)
    broken = np.concatenate([vectors, [[np.nan] * 5, [np.inf, 0, 0, 0, 0]], [vectors.mean(axis=0, dtype=float)]])
    index = collection(broken)
    space = space_of(index)
    assert np.flatnonzero(~space.usable).tolist() == [60, 61, 62]
    assert space.notes == ("3 songs cannot be compared: the vector is not finite, or has no direction",)
    assert np.isnan(space.similarities(index, space.direction(vectors[0]))[60:]).all()
    assert space.centre == pytest.approx(vectors.mean(axis=0), abs=1e-5)


@pytest.mark.parametrize("n", [1, 2])
def test_fewer_than_three_songs_have_no_centre(n: int) -> None:
    space = space_of(collection(crowded(n, 4)))
    assert (space.kind, space.centre.tolist()) == ("plain", [0.0] * 4)
    assert "no centre of their own" in space.notes[0]


def test_three_songs_have_one() -> None:
    vectors = crowded(3, 4)
    space = space_of(collection(vectors))
    assert (space.kind, space.notes) == ("centred", ())
    assert space.centre == pytest.approx(vectors.mean(axis=0))


def test_identical_songs_have_no_direction() -> None:
    index = collection(np.full((5, 3), 0.1))
    space = space_of(index)
    assert not space.usable.any()
    with pytest.raises(UsageError, match="the vector lies at the centre of the collection, so it is as near"):
        space.direction(np.full(3, 0.1) + 0.0)


@pytest.mark.parametrize(
    ("vector", "told"),
    [
        (np.ones(3), r"'Q' has shape \(3,\) where the index holds vectors of shape \(5,\): they are of another model"),
        (np.ones((1, 5)), r"'Q' has shape \(1, 5\)"),
        (np.array([1, 2, np.nan, 4, 5]), "'Q' holds NaN or infinity"),
    ],
)
def test_a_vector_that_cannot_be_compared_is_refused(vector: np.ndarray, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        space_of(collection(crowded(40, 5))).direction(vector, "'Q'")


def test_a_zero_vector_is_refused_where_nothing_is_centred() -> None:
    with pytest.raises(UsageError, match="the vector is zero"):
        space_of(collection(crowded(40, 5)), "plain").direction(np.zeros(5))


def test_an_unknown_space_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown space 'center'; did you mean 'centred'"):
        space_of(collection(crowded(4, 2)), "center")  # type: ignore[arg-type]


def test_what_a_similarity_means_depends_on_where_vectors_are_seen_from() -> None:
    index = collection(crowded(50, 8))
    assert space_of(index).meaning.startswith(
        "1: the two differ from the average of the collection in the same way; 0: "
    )
    assert space_of(document()).meaning == space_of(index).meaning  # standardised
    assert space_of(index, "plain").meaning == meaning()
    silent = replace(space_of(index, "plain"), centre=np.ones(8))
    assert silent.meaning == meaning("the answer to silence")
