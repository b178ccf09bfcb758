"""Interventions: judged over all concepts and classes, and held against gradients by their signs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audiolime_ext.concepts.interventions.intervening import (
    LEAST,
    JudgedBySound,
    OtherHalf,
    disagreements,
    interventions,
)
from audiolime_ext.concepts.interventions.removing import Added, Removed
from audiolime_ext.concepts.judgement.separating import Accuracy
from audiolime_ext.concepts.judgement.testing import JudgedConcept
from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.concepts.measurement.traits import Traits

N_SONGS, PER_SONG = 10, 12
SURE, UNSURE = Accuracy(0.9, 0.8, 0.95), Accuracy(0.55, 0.4, 0.7)
CONCEPTS = {("a", f"a {number + 1}"): number for number in range(4)}
MIDDLES = np.eye(4)


Known = list[tuple[Entry, Measured]]


def measured(seed: int, raises: float, *, with_added: bool = True) -> Known:
    """Songs of class a; a patch of cluster 0 raises a by so much and lowers b; the others do nothing."""
    songs: Known = []
    for song in range(N_SONGS):
        rng = np.random.default_rng([seed, song])
        clusters = np.arange(PER_SONG) % 4
        patches = tuple(Patch("slic:10", i, "", i % 2, float(rng.random()), 1.0) for i in range(PER_SONG))
        does = np.where(clusters[:, None] == 0, [raises, -raises], 0.0)
        removals, added = (np.asarray(does + rng.normal(0, 0.1, does.shape), np.float32) for _ in range(2))
        activations = np.asarray(MIDDLES[clusters] + rng.normal(0, 0.1, (PER_SONG, 4)), np.float32)
        logits = np.tile(np.array([[0.5, 0.0]], np.float32), (2, 1))
        numbers = activations, removals, activations[:2], logits, None
        found = Measured(patches, *numbers, True, Traits(1.0, -20.0, None))
        if with_added:
            found = replace(found, elsewhere=activations, added=added, partner="x")
        songs.append((Entry(f"{song}.wav", str(song), f"song {song}", "a", f"album {song}"), found))
    return songs


def told(songs: Known, sure: Accuracy = SURE) -> dict[tuple[str, str], JudgedBySound]:
    half = OtherHalf.of(songs, MIDDLES)
    empty = OtherHalf.of(measured(99, 0.0), MIDDLES)
    found = interventions(CONCEPTS, {"a": half, "b": empty}, dict.fromkeys((name for _, name in CONCEPTS), sure))
    return {(one.concept, one.label): one for one in found.judged}


def test_a_sound_that_raises_a_class_is_significant_and_others_are_not() -> None:
    found = told(measured(0, 1.0))
    assert {pair for pair, one in found.items() if one.verdict == "significant"} == {("a 1", "a"), ("a 1", "b")}
    one = found["a 1", "a"]
    assert one.removed is not None
    assert one.added is not None
    assert isinstance(one.added, Added)
    assert one.p == 2 * min(one.removed.p_of_both, one.added.p_of_both) < 0.01
    assert one.removed.effect > 0.8
    other = found["a 1", "b"].added
    assert other is not None
    assert other.effect < -0.8


def test_sounds_that_do_nothing_are_hardly_ever_significant() -> None:
    verdicts = [one.verdict for seed in range(20) for one in told(measured(seed, 0.0)).values()]
    assert len(verdicts) == 160
    assert verdicts.count("significant") <= 6


PARTS = ("removals", "added")


def fortieth(song: Measured, name: str) -> Any:
    return getattr(song, name) / 40


def test_what_does_next_to_nothing_is_not_significant_however_sure() -> None:
    one = told(measured(0, 1.0))["a 1", "a"]
    assert one.counts
    songs = [
        (entry, replace(song, **{name: fortieth(song, name) for name in PARTS})) for entry, song in measured(0, 1.0)
    ]
    small = told(songs)["a 1", "a"]
    assert small.p == pytest.approx(one.p)
    assert abs(small.surest.effect) < LEAST
    assert small.verdict == "not significant"


def test_what_is_not_told_apart_is_not_a_concept() -> None:
    assert {one.verdict for one in told(measured(0, 1.0), UNSURE).values()} == {"not a concept"}


def test_without_controls_it_is_judged_by_removal_alone() -> None:
    found = told(measured(0, 1.0, with_added=False))
    assert all(one.added is None for one in found.values())
    one = found["a 1", "a"]
    assert one.removed is not None
    assert one.p == one.removed.p_of_both
    assert one.verdict == "significant"


def test_songs_that_had_no_partner_are_left_out_of_additions_alone() -> None:
    songs = [*measured(0, 1.0)[:6], *measured(0, 1.0, with_added=False)[6:]]
    one = told(songs)["a 1", "a"]
    assert one.removed is not None
    assert one.added is not None
    assert (one.removed.n_songs, one.added.n_songs) == (10, 6)


def test_decisions_are_counted_in_the_windows_that_hold_the_concept() -> None:
    half = OtherHalf.of(measured(0, 1.0), MIDDLES)
    given = dict.fromkeys((name for _, name in CONCEPTS), SURE)
    found = interventions(CONCEPTS, {"a": half, "b": half}, given).changed
    assert (found["a 1"].n_windows, found["a 1"].n_changed, found["a 1"].to) == (10, 10, {"b": 10})
    assert found["a 2"].n_changed == 0


def judged(effect: float, p: float = 0.001, kind: type[Removed] = Removed) -> Removed:
    return kind(effect, effect - 0.1, effect + 0.1, 0.0, p, 10, 20)


def slope(derivative: float, *, discovered: bool = True) -> JudgedConcept:
    numbers = derivative, None, None, derivative, 0.001, 1.0, 1.0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    return JudgedConcept("a 1", "a", "a", *numbers, SURE, 10, False, discovered)


def test_what_interventions_say_otherwise_is_told_in_words() -> None:
    added = judged(0.3, 0.2, Added)
    assert isinstance(added, Added)
    both = JudgedBySound("a 1", "a", "a", judged(-0.3), added, 0.002, SURE, True)
    assert disagreements([slope(1.0)], [both]) == (
        "a 1: by gradients it speaks for a more than random patches do, and yet taking it out raises a by 0.3 logits "
        "beyond patches as loud (p = 0.001)",
    )
    assert disagreements([slope(-1.0)], [both]) == (
        "a 1: by gradients it speaks for a less than random patches do, and yet adding it to other songs raises a by "
        "0.3 logits beyond patches as loud (p = 0.2, so chance would do)",
    )
    assert disagreements([], [both]) == (
        "a 1: taking it out raises a by 0.3 logits beyond patches as loud (p = 0.001), and adding it to other songs "
        "raises a by 0.3 logits beyond patches as loud (p = 0.2, so chance would do)",
    )
    assert disagreements([], [replace(both, removed=judged(0.3))]) == ()
    assert disagreements([slope(1.0)], [replace(both, removed=judged(0.3))]) == ()


def test_only_what_does_something_and_more_than_patches_as_loud_counts() -> None:
    behind = Removed(0.1, 0.0, 0.2, 0.8, 0.001, 10, 20)
    assert behind.p_of_both == 1
    assert replace(behind, effect=0.9, low=0.8, high=1.0).p_of_both == 0.001
    nothing = Removed(-0.01, -0.11, 0.09, 0.8, 0.001, 10, 20)
    assert nothing.p_of_both > 0.5
    edge = Removed(0.2, 0.0, 0.4, 0.0, 0.001, 10, 20)  # an interval of 95 % that ends at 0
    assert abs(edge.p_of_both - 0.05) < 1e-9
