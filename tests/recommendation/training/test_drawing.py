"""Batches: the same for the same number, and altered as the recipe says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audiolime_ext.recommendation.training.drawing import batch, held_out_chunks
from audiolime_ext.recommendation.training.material import Song
from audiolime_ext.recommendation.training.recipes import FOUNDING, PARTS, Recipe
from audiolime_ext.recommendation.training.spectra import LEAST_DB, N_FRAMES, N_MELS

TWO = Recipe("two", pair="two chunks", noise_db=0.0)


def made(number: int, n_frames: int = 400, *, n_stems: int = 2) -> Song:
    """A song whose levels tell its number and the frame: number · 1 dB in the first bands, and slopes over time."""
    rng = np.random.default_rng(number)
    levels = rng.uniform(-30, 0, (n_frames, N_MELS)).astype(np.float16)
    stems = np.stack([np.where(np.arange(N_MELS) % n_stems == i, levels, LEAST_DB) for i in range(n_stems)])
    return Song(f"{number}", f"{number}", levels, (levels - 3).astype(np.float16), stems.astype(np.float16))


SONGS = [made(number) for number in range(6)]


def test_a_batch_follows_from_the_seed_and_its_number() -> None:
    first, again, other, seeded = (batch(SONGS, PARTS, *at) for at in ((0, 5), (0, 5), (0, 6), (1, 5)))
    assert all((one == two).all() for one, two in zip(first, again, strict=True))
    assert not (first[0] == other[0]).all()
    assert not (first[0] == seeded[0]).all()


@pytest.mark.parametrize("recipe", [FOUNDING, PARTS, TWO])
def test_views_are_decibels_from_minus_80_to_0_of_as_many_songs_as_there_are(recipe: Recipe) -> None:
    for views in (batch(SONGS, recipe, 0, step) for step in range(4)):
        for view in views:
            assert view.shape == (6, N_FRAMES, N_MELS)
            assert view.dtype == np.float32
            assert (view.min() >= -80, view.max() <= 0) == (True, True)
    assert batch(SONGS, replace(recipe, batch=4), 0, 0)[0].shape[0] == 4


def test_the_founding_recipe_has_one_chunk_twice_with_noise_of_a_twentieth_of_a_decibel() -> None:
    one, other = batch(SONGS, FOUNDING, 0, 0)
    inside = (one < -0.5) & (other < -0.5)
    assert np.std((one - other)[inside]) == pytest.approx(0.05 * 2**0.5, rel=0.05)


def test_two_chunks_are_of_one_song_but_not_of_one_place() -> None:
    one, other = batch(SONGS, TWO, 0, 0)
    cut = np.lib.stride_tricks.sliding_window_view
    chunks = {
        n: cut(np.asarray(song.levels[:], np.float32), N_FRAMES, axis=0).transpose(0, 2, 1)
        for n, song in enumerate(SONGS)
    }
    whose = []
    for view in (one, other):
        found = [
            {(n, int(start)) for n, all_chunks in chunks.items() for start in _places(all_chunks, chunk)}
            for chunk in view
        ]
        assert all(len(places) == 1 for places in found)
        whose.append([next(iter(places)) for places in found])
    assert [song for song, _ in whose[0]] == [song for song, _ in whose[1]]
    assert [start for _, start in whose[0]] != [start for _, start in whose[1]]


def _places(chunks: np.ndarray, chunk: np.ndarray) -> np.ndarray:
    relative = chunks - chunks.max(axis=(1, 2), keepdims=True)
    return np.flatnonzero(np.abs(relative - chunk).max(axis=(1, 2)) < 1e-3)


def test_a_balance_is_one_curve_for_all_frames() -> None:
    plain, _ = batch(SONGS, TWO, 0, 0)
    tilted, _ = batch(SONGS, replace(TWO, tilt_db=12.0, bumps_db=6.0), 0, 0)
    change = tilted - plain
    assert np.ptp(change, axis=1).max() < 1e-3
    assert np.ptp(change, axis=2).min() > 0.5
    assert np.abs(np.diff(change, axis=2)).max() < 1


def test_a_band_limit_leaves_nothing_beyond_it() -> None:
    limited, _ = batch(SONGS, replace(TWO, band_limit=1.0), 0, 0)
    plain, _ = batch(SONGS, TWO, 0, 0)
    for one, whole in zip(limited, plain, strict=True):
        gone = (one == -80).all(axis=0)
        assert 4 <= gone.sum() <= N_MELS - 4
        assert np.abs(np.diff(gone.astype(int))).sum() == 1  # all above a band, or all below
        assert not (whole == -80).any()


def test_copies_and_stems_are_drawn_where_the_recipe_wants_them() -> None:
    alone = replace(TWO, stems=1.0)
    plain, _ = batch(SONGS, TWO, 0, 0)
    mixed, _ = batch(SONGS, alone, 0, 0)
    for one, whole in zip(mixed, plain, strict=True):
        changed = [
            np.abs(np.diff(one[:, i::2] - whole[:, i::2])).max() > 1e-2 or (one[:, i::2] == -80).all() for i in (0, 1)
        ]
        assert sum(changed) <= 1  # one stem is another, or lost; the other is as it was, but for the reference
    assert not np.allclose(mixed, plain)
    without = [replace(song, stems=None) for song in SONGS]
    assert (batch(without, alone, 0, 0)[0] == plain).all()
    loud = [replace(song, copy=np.full_like(song.levels, -5)) for song in SONGS]
    copied = np.concatenate([batch(loud, replace(TWO, copy=0.5), 0, step)[0] for step in range(10)])
    flat = (np.ptp(copied, axis=(1, 2)) == 0).mean()
    assert 0.3 < flat < 0.7


def test_held_out_chunks_are_of_either_half() -> None:
    song = Song("a", "a", (np.arange(300) / 30)[:, None].repeat(N_MELS, axis=1).astype(np.float16))
    first, second = held_out_chunks([song, song], TWO, each=2)
    assert first.shape == second.shape == (4, N_FRAMES, N_MELS)
    shortest = Song("b", "b", np.zeros((2 * N_FRAMES, N_MELS), np.float16))
    assert held_out_chunks([shortest], TWO, each=3)[0].shape == (3, N_FRAMES, N_MELS)


def test_held_out_chunks_are_altered_as_in_training_and_alike_in_every_run() -> None:
    plain, altered, again = (held_out_chunks(SONGS, recipe)[0] for recipe in (TWO, PARTS, PARTS))
    assert (altered == again).all()
    assert np.abs(altered - plain).mean() > 1
    one, other = held_out_chunks(SONGS, FOUNDING, each=1)
    bare = [np.asarray(song.levels[:N_FRAMES], np.float32) for song in SONGS]
    np.testing.assert_allclose(one, [chunk - chunk.max() for chunk in bare], atol=0.5)
    assert not np.allclose(one, other, atol=1)
