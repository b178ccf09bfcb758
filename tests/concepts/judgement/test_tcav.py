"""Scores of concepts: closed forms, and p-values that hold for random concepts."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.concepts.discovery.drawing import Structure, draw
from audiolime_ext.concepts.judgement import tcav
from audiolime_ext.concepts.judgement.cavs import fit_cavs
from audiolime_ext.concepts.judgement.tcav import Gradients, p_value, scored, scores_of

N_SONGS, PER_SONG, N_FEATURES = 24, 8, 30
STRUCTURE = Structure(10, 2)
SONGS = np.repeat(np.arange(N_SONGS), PER_SONG)


def activations(rng: np.random.Generator) -> np.ndarray:
    """Patches of two classes of twelve songs; those of a song are alike, and so are those of a class."""
    found = rng.normal(size=(N_SONGS * PER_SONG, N_FEATURES))
    found += np.repeat(rng.normal(size=(N_SONGS, N_FEATURES)), PER_SONG, axis=0)
    found[: 12 * PER_SONG, :5] += 1
    return found


def test_scores_are_means_over_songs() -> None:
    rng = np.random.default_rng(0)
    given, gradients, windows = activations(rng), rng.normal(size=(7, N_FEATURES)), np.array([3, 3, 3, 5, 5, 9, 9])
    chosen = np.arange(24)
    signs = np.repeat([1.0, -1.0], 12)
    cavs = fit_cavs((given[chosen] @ given[chosen].T)[None], signs)
    found = scores_of(cavs, chosen[None], Gradients.of(gradients, windows, given))
    unit = cavs.alphas[0] @ given[chosen] / cavs.lengths[0]
    derivatives = gradients @ unit
    songs = [derivatives[windows == song] for song in (3, 5, 9)]
    assert found.derivatives[0] == pytest.approx(np.mean([one.mean() for one in songs]))
    assert found.effects[0] == pytest.approx(np.mean([one.mean() for one in songs]) * cavs.steps[0])
    assert found.shares[0] == pytest.approx(np.mean([(one > 0).mean() for one in songs]))
    np.testing.assert_allclose(found.per_song[0], [one.mean() * cavs.steps[0] for one in songs])


def test_random_concepts_have_small_p_values_as_seldom_as_they_say() -> None:
    below = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        given = activations(rng)
        gradients = Gradients.of(rng.normal(size=(36, N_FEATURES)), np.repeat(np.arange(12), 3), given)
        own, others = np.arange(12 * PER_SONG), np.arange(12 * PER_SONG, len(SONGS))
        drawn = [[some[draw(SONGS[some], STRUCTURE, n, rng=rng)] for some in (own, others)] for n in (999, 200)]
        null, tried = (
            scored(given @ given.T, one[0], one[1], {"rock": gradients})["rock"].derivatives for one in drawn
        )
        below += [p_value(one, null) for one in tried]
    for level in (0.05, 0.2, 0.5):
        assert np.mean(np.array(below) <= level) == pytest.approx(level, abs=4 * (level * (1 - level) / 800) ** 0.5)


def test_any_number_of_threads_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    given = activations(rng)
    gradients = Gradients.of(rng.normal(size=(36, N_FEATURES)), np.repeat(np.arange(12), 3), given)
    own, others = (half[draw(SONGS[half], STRUCTURE, 1100, rng=rng)] for half in np.split(np.arange(len(SONGS)), 2))
    found = []
    for n in (1, 3):
        monkeypatch.setattr(tcav, "_n_threads", lambda n=n: n)
        found.append(scored(given @ given.T, own, others, {"rock": gradients})["rock"])
    for one in ("derivatives", "shares", "effects", "per_song"):
        np.testing.assert_array_equal(*(getattr(scores, one) for scores in found))


def test_a_planted_direction_is_significant() -> None:
    rng = np.random.default_rng(0)
    given = activations(rng)
    own, others = np.arange(12 * PER_SONG), np.arange(12 * PER_SONG, len(SONGS))
    concept = own.reshape(12, PER_SONG)[:10, :2].ravel()
    given[concept, 20] += 6
    slope = np.zeros((36, N_FEATURES))
    slope[:, 20] = 1 + rng.random(36)
    gradients = Gradients.of(slope, np.repeat(np.arange(12), 3), given)
    random, negatives = (some[draw(SONGS[some], STRUCTURE, 999, rng=rng)] for some in (own, others))
    null, found = (
        scored(given @ given.T, *sides, {"rock": gradients})["rock"]
        for sides in ((random, negatives), (concept[None], negatives[:1]))
    )
    assert p_value(found.derivatives[0], null.derivatives) == pytest.approx(0.002)
    assert found.shares[0] == 1


def test_a_gradient_that_is_the_same_everywhere_is_said_to_be() -> None:
    given = activations(np.random.default_rng(0))
    slope = np.random.default_rng(1).normal(size=(1, N_FEATURES)).repeat(6, axis=0)
    assert Gradients.of(slope, np.arange(6), given).constant
    assert not Gradients.of(slope + np.eye(6, N_FEATURES), np.arange(6), given).constant
