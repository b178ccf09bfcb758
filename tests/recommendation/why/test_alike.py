"""Which seconds are alike: planted orders are found, and what is chance is not called an order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from audiolime_ext.collection.song_parts import heard_in_stems
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.space import Space
from audiolime_ext.recommendation.why.alike import N_BACKWARD, backward, find_alike, path_through
from audiolime_ext.recommendation.why.likeness import AlikeWindows
from audiolime_ext.recommendation.why.matrix import StemMatrix
from audiolime_ext.track.asked import AskedTrack
from factorizations.oracle import OracleFactorization
from tests.recommendation.why.stems import HZ, SR, Array, Counting, song

PLAIN = Space("plain", np.zeros(4), np.ones(4), np.zeros(0, np.float32))
CENTRED = Space("centred", np.full(4, 0.1), np.ones(4), np.zeros(0, np.float32), 1e-6)
ONE_WINDOW = {"window_s": None}


def tune(notes: Sequence[int] | str, **options: Any) -> AskedTrack:
    """A song of one tone a second."""
    return song({"tune": 0.5 * np.eye(4)[[int(note) for note in notes]]}, Counting(**options))


def walk(n_windows: int, seed: int, *, noise: float = 0.0) -> Array:
    """Directions of windows that change slowly, as those of music do; with `noise`, played a little differently."""
    rng = np.random.default_rng(seed)
    steps = np.cumsum(rng.normal(size=(n_windows + 3, 4)), axis=0)
    found = steps[3:] - steps[:-3] + noise * rng.normal(size=(n_windows, 4))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def in_order(similarities: Array) -> bool:
    """The rule, for a matrix of similarities alone."""
    alone = backward(similarities)
    along = float(similarities[tuple(path_through(similarities).T)].mean())
    return bool(along > np.mean(alone) + 3 * np.std(alone))


def least_sum(costs: Array, *, of_a_part: bool) -> float:
    """The smallest sum of costs along a path, by its definition."""
    n, m = costs.shape
    sums = np.full((n + 1, m + 1), np.inf)
    sums[0, :] = 0.0 if of_a_part else np.inf
    sums[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            sums[i + 1, j + 1] = costs[i, j] + min(sums[i, j], sums[i, j + 1], sums[i + 1, j])
    return float(sums[-1, 1:].min() if of_a_part else sums[-1, -1])


def test_a_song_and_itself_are_alike_second_by_second() -> None:
    one = song({"tune": 0.1 * np.random.default_rng(0).gamma(1.0, size=(22, 4))}, Counting())
    found = find_alike(one, one, CENTRED, songs=("Reel", "Reel"))
    np.testing.assert_array_equal(found.path, np.arange(22)[:, None].repeat(2, axis=1))
    np.testing.assert_allclose(found.path_s, found.path)
    np.testing.assert_allclose(np.diag(found.similarities), 1.0)
    assert found.path_similarity == pytest.approx(1.0)
    assert (found.in_order, found.of_a_part, len(found.backward)) == (True, False, N_BACKWARD)
    assert str(found).startswith("Reel and Reel follow each other more than by chance (mean similarity 1.00 along the")
    assert all(pair.start_s[0] == pair.start_s[1] for pair in found.pairs)


def test_windows_that_are_all_alike_are_followed_step_by_step() -> None:
    found = find_alike(tune("0000"), tune("000000"), PLAIN)
    monotonous = find_alike(tune("0" * 20), tune("0" * 20), PLAIN)
    assert monotonous.in_order is False  # any order does as well
    assert len(found.path) == 6
    np.testing.assert_array_equal(found.path[[0, -1]], [[0, 0], [3, 5]])


def test_what_one_song_dwells_on_is_matched_with_one_window_of_the_other() -> None:
    found = find_alike(tune("0123"), tune("011123"), PLAIN)
    assert found.path.tolist() == [[0, 0], [1, 1], [1, 2], [1, 3], [2, 4], [3, 5]]
    assert found.path_similarity == pytest.approx(1.0)


def test_a_much_shorter_song_is_matched_with_a_part_of_the_longer_one() -> None:
    short, long = tune("3120"), tune("0000031203333")
    found = find_alike(short, long, PLAIN)
    assert found.of_a_part
    assert found.path.tolist() == [[0, 5], [1, 6], [2, 7], [3, 8]]
    turned = find_alike(long, short, PLAIN)
    np.testing.assert_array_equal(turned.path, found.path[:, ::-1])
    np.testing.assert_array_equal(turned.similarities, found.similarities.T)
    whole = find_alike(tune("0" * 7), tune("0" * 14), PLAIN)
    assert (whole.of_a_part, whole.path[-1].tolist()) == (False, [6, 13])


@pytest.mark.parametrize(("n", "m"), [(20, 20), (17, 30), (30, 17), (9, 40), (40, 9)])
def test_no_path_is_more_alike(n: int, m: int) -> None:
    similarities = walk(n, n) @ walk(m, 1000 + m).T
    path = path_through(similarities)
    assert {tuple(step) for step in np.diff(path, axis=0).tolist()} <= {(0, 1), (1, 0), (1, 1)}
    of_a_part = max(n, m) > 2 * min(n, m)
    least = least_sum(1 - (similarities if n <= m else similarities.T), of_a_part=of_a_part)
    assert float((1 - similarities[tuple(path.T)]).sum()) == pytest.approx(least, abs=1e-6)
    if n == m:
        assert least < float((1 - np.diag(similarities)).sum())


def test_another_performance_is_followed_and_unrelated_songs_mostly_are_not() -> None:
    for seed in range(5):
        one, again = walk(40, seed), walk(40, seed, noise=0.5)
        assert in_order(one @ again.T)
        assert in_order(one[:-5] @ again[5:].T)  # cut otherwise
        assert in_order(one @ again[np.sort(np.random.default_rng(seed).integers(0, 40, 40))].T)  # played unevenly
        assert not in_order(one @ again[::-1].T)
    assert sum(in_order(walk(30, seed) @ walk(30, 100 + seed).T) for seed in range(25)) <= 3


def test_songs_that_do_not_follow_each_other_are_said_not_to() -> None:
    levels = 0.1 * np.random.default_rng(0).gamma(1.0, size=(2, 22, 4))
    one, other = (song({"tune": played}, Counting()) for played in levels)
    found = find_alike(one, other, CENTRED)
    assert found.in_order is False
    assert str(found).startswith(
        f"the query and A do not follow each other more than by chance (mean similarity {found.path_similarity:.2f} "
        f"along the path; {np.mean(found.backward):.2f} with one of them backwards); most alike are "
    )


def test_of_few_windows_it_is_not_told_whether_they_follow_each_other() -> None:
    assert backward(np.ones((19, 30))) == backward(np.ones((30, 19))) == ()
    assert len(backward(np.ones((20, 30)))) == N_BACKWARD
    found = find_alike(tune("0123"), tune("0122"), PLAIN)
    assert (found.in_order, found.backward) == (None, ())
    assert str(found).startswith("too few windows to tell whether the query and A follow each other (mean similarity")


def test_the_best_pairs_are_the_most_similar_windows_that_do_not_overlap() -> None:
    rng = np.random.default_rng(0)
    levels = [0.1 * rng.gamma(0.5, size=(5, 4)) for _ in range(2)]
    one, two = (song({"tune": played}, Counting(hop_s=0.25)) for played in levels)
    found = find_alike(one, two, CENTRED, n_pairs=4)
    assert [pair.similarity for pair in found.pairs] == sorted((pair.similarity for pair in found.pairs), reverse=True)
    assert found.pairs[0].similarity == found.similarities.max()
    for side in (0, 1):
        starts = sorted(pair.start_s[side] for pair in found.pairs)
        assert len(starts) > 1
        assert min(np.diff(starts)) >= 1.0
    touching = find_alike(tune("0123"), tune("0123"), PLAIN, n_pairs=9)
    assert sorted(pair.start_s for pair in touching.pairs) == [(0, 0), (1, 1), (2, 2), (3, 3)]  # all that are alike


def test_the_stems_that_make_two_windows_alike_are_named() -> None:
    low, middle, high = np.eye(4)[:3]
    one = song({"drums": [0.3 * high, 0.3 * high], "voice": [0 * low, 0.3 * low]}, Counting())
    two = song({"beat": [0.3 * high] * 3, "flute": [0.3 * middle, 0 * middle, 0.3 * middle]}, Counting())
    found = find_alike(one, two, PLAIN)
    best = found.pairs[0]
    assert best.start_s == (0.0, 1.0)
    assert best.similarity == pytest.approx(1.0)
    assert best.matrix.largest()[:2] == ("drums", "beat")
    assert best.by == "most by drums with beat (+1.00)"
    assert str(found).endswith(
        "most alike are 0.00–1.00 s of the query and 1.00–2.00 s of A (1.00; most by drums with beat (+1.00))"
    )
    for pair in found.pairs:
        assert pair.matrix.similarity == pytest.approx(pair.similarity, abs=1e-9)


def test_what_silence_says_is_named_where_it_makes_them_alike() -> None:
    alive = Counting(lambda heard: heard + np.array([0, 0, 0, 1.0]))
    loud = find_alike(song({"tune": [[0.1], [0.2]]}, alive), song({"tune": [[0, 0.1], [0, 0.2]]}, alive), PLAIN)
    assert loud.pairs[0].by == "no pair of stems adds to it, pairs with silence +0.99 together"


def test_windows_that_are_no_more_alike_than_songs_on_average_are_no_pair() -> None:
    found = find_alike(tune("01"), tune("23"), PLAIN)
    assert found.pairs == ()
    assert str(found).endswith("; no two windows are alike")
    with pytest.raises(UsageError, match="there is no pair of windows number 0 to listen to: too few windows"):
        found.listen()


def test_a_song_of_one_window_has_nothing_to_follow() -> None:
    single, several = tune("0123", **ONE_WINDOW), tune("0123")
    both = find_alike(single, single, PLAIN, songs=("Reel", "Jig"))
    assert (both.path.shape, both.path_similarity, both.in_order, both.pairs) == ((0, 2), None, None, ())
    assert str(both) == "Reel and Jig are one window to the model: there is nothing to follow"
    assert both.path_s.shape == (0, 2)
    short = find_alike(tune("2"), several, PLAIN, songs=("Reel", "Jig"))
    assert str(short).startswith("Reel is one window to the model: there is nothing to follow; most alike are 0.00–1.0")
    assert short.pairs[0].start_s == (0.0, 2.0)


def test_a_window_without_a_direction_is_left_out_which_is_said() -> None:
    levels = 0.1 + 0.1 * np.eye(4)
    levels[1] = CENTRED.centre
    found = find_alike(song({"tune": levels}, Counting()), tune("012"), replaced(CENTRED, 1e-4), songs=("Reel", "Jig"))
    assert found.times_s[0].tolist() == [0.0, 2.0, 3.0]
    assert found.notes == ("Reel: 1 window has no direction, and cannot be compared",)


def replaced(space: Space, least_length: float) -> Space:
    return Space(space.kind, space.centre, space.scale, space.lengths, least_length)


def test_songs_that_cannot_be_compared_are_refused() -> None:
    level = np.zeros((2, 4))
    level[:, 0] = 0.2, -0.2  # the mean of both has a direction, none of them is long enough
    with pytest.raises(UsageError, match="Jig is zero, so it is as near to one song"):
        find_alike(tune("01"), song({"tune": level}, Counting()), PLAIN, songs=("Reel", "Jig"))
    with pytest.raises(UsageError, match="they are of another model"):
        find_alike(tune("01"), song({"tune": [[1, 0]]}, Counting(lambda heard: heard[:, :3])), PLAIN)
    with pytest.raises(UsageError, match="n_pairs is a number of pairs from 1 on, not 0"):
        find_alike(tune("01"), tune("01"), PLAIN, n_pairs=0)


def test_a_pair_is_played_one_after_the_other_equally_loud() -> None:
    one = song({"tune": 0.1 * np.eye(4)[[0, 1]]}, Counting())
    two = song({"tune": 0.4 * np.eye(4)[[2, 0]]}, Counting())
    found = find_alike(one, two, PLAIN)
    best = found.pairs[0]
    assert best.start_s == (0.0, 1.0)
    assert best.lowered_db == pytest.approx((0.0, 20 * np.log10(4)), abs=1e-4)
    heard = found.listen()
    assert heard.duration_s == 2.5
    assert heard.name == "0.00–1.00 s of the query, then 1.00–2.00 s of A (lowered by 12.0 dB)"
    first, pause, second = np.split(heard.samples[0], [SR, SR + SR // 2])
    np.testing.assert_allclose(first, 0.1 * np.sin(2 * np.pi * HZ[0] * np.arange(SR) / SR), atol=1e-6)
    np.testing.assert_allclose(second, first, atol=1e-5)
    assert not pause.any()
    with pytest.raises(UsageError, match="there is no pair of windows number 7 to listen to: there are 1, from 0 on"):
        found.listen(7)


def test_pairs_of_recordings_of_other_rates_and_channels_can_be_played() -> None:
    time_s = np.arange(2 * 8000) / 8000
    wide = (0.2 * np.sin(2 * np.pi * HZ[0] * time_s) * np.array([[1.0], [0.5]])).astype(np.float32)
    oracle = OracleFactorization({"tune": (wide, 8000)})
    two = heard_in_stems(oracle.mixture, Counting().model, oracle, cache=False)
    found = find_alike(tune("01"), two, PLAIN)
    heard = found.listen()
    assert (heard.sr, heard.n_channels, heard.duration_s) == (SR, 2, 2.5)
    assert found.notes == ("A, whose rate is 8000 Hz, is played at 2000 Hz, the rate of the query",)
    levels = [float(np.mean(heard.samples[:, part] ** 2)) for part in (slice(0, SR), slice(-SR, None))]
    assert levels[0] == pytest.approx(levels[1], rel=0.02)
    np.testing.assert_array_equal(heard.samples[0, :SR], heard.samples[1, :SR])


def test_everything_can_be_written_as_json() -> None:
    found = find_alike(tune("01230123"), tune("0123301"), PLAIN)
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["path"] == found.path.tolist()
    assert told["sentence"] == str(found)
    assert len(told["pairs"]) == len(found.pairs) > 0


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([[0.0, -0.9], [0.0, 1.5]], "most by drums with bass (+1.50), other pairs take away"),
        ([[0.1, 0.0], [0.0, 0.5]], "most by drums with bass (+0.50)"),
        ([[2.5, -2.3], [0.0, 0.3]], "pairs of stems cancel, so no single pair makes it"),
    ],
)
def test_a_pair_of_stems_that_adds_more_than_there_is_is_not_named_alone(cells: Array, said: str) -> None:
    matrix = StemMatrix(("silence", "drums"), ("silence", "bass"), np.array(cells))
    assert AlikeWindows((0.0, 0.0), (1.0, 1.0), matrix.similarity, matrix).by == said
