"""Patches in another song's place: its sound under their mask, and their own sound beside it."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext import Audio, tagger
from audiolime_ext.concepts.measurement.elsewhere import fitted, left, shares, there, windows_of
from audiolime_ext.concepts.measurement.patches import Patches, patches_of
from audiolime_ext.errors import AudioError
from audiolime_ext.prediction.contract import Model
from factorizations.oracle import OracleFactorization
from factorizations.slic import SlicFactorization

SR = 8000
RNG = np.random.default_rng(0)
T = np.arange(SR) / SR


def level(batch: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(batch).max(axis=-1).reshape(len(batch), -1))


MODEL: Model = tagger(level, sr=SR, window_s=1.0)


def noise(n_s: int = 1, scale: float = 0.1) -> np.ndarray:
    return np.asarray(RNG.normal(0, scale, (1, n_s * SR)), np.float32)


def tone(hz: float, begin_s: float = 0.0, end_s: float = 1.0) -> np.ndarray:
    return np.where((begin_s <= T) & (end_s > T), 0.3 * np.sin(2 * np.pi * hz * T), 0).astype(np.float32)


def beep_and_noise() -> Patches:
    beep = tone(1000) * np.sin(np.pi * np.clip((T - 0.2) / 0.5, 0, 1)).astype(np.float32) ** 2  # no click at its ends
    oracle = OracleFactorization({"beep": (beep, SR), "noise": (noise(scale=1e-3)[0], SR)})
    return patches_of(oracle.mixture, MODEL, [oracle], start_s=0.0, duration_s=1.0)


def energy(samples: np.ndarray) -> float:
    return float(np.square(samples, dtype=np.float64).sum())


def test_the_mask_lets_the_other_song_through_where_the_patch_lies() -> None:
    patches = beep_and_noise()
    inside, outside = tone(1000, 0.35, 0.55), tone(2500)
    found = there(patches, (inside + outside)[None, None])
    beep, rest = found.under[:, 0]
    assert energy(beep - inside) < 0.05 * energy(inside)
    assert energy(rest - outside) < 0.05 * energy(outside)


def test_shares_are_between_nothing_and_all_and_add_up_for_parts_that_do_not_overlap() -> None:
    patches = patches_of(Audio(noise(), SR), MODEL, [SlicFactorization(6)], start_s=0.0, duration_s=1.0)
    found = np.stack(list(shares(patches)))
    assert found.min() >= 0
    assert found.max() <= 1
    assert np.median(found.sum(axis=0)) > 0.8
    other = noise()
    assert energy(there(patches, other[None]).under.sum(axis=0)) < energy(other)


def test_where_nothing_sounds_nothing_is_put() -> None:
    oracle = OracleFactorization({"beep": (tone(1000), SR), "nothing": (np.zeros(SR, np.float32), SR)})
    patches = patches_of(oracle.mixture, MODEL, [oracle], start_s=0.0, duration_s=1.0)
    assert patches.of[1].silent
    assert not there(patches, noise()[None]).under[1].any()


def test_a_patch_is_added_at_its_own_level_and_what_passes_full_scale_is_counted() -> None:
    patches = beep_and_noise()
    other = np.stack([noise(), tone(500)[None] * 3])
    found = there(patches, other)
    np.testing.assert_array_equal(found.beside, other[[0, 0]] + patches.alone)
    assert found.n_beyond == 0
    loud = there(patches, other[1:])
    assert np.abs(loud.beside[0]).max() > 1
    assert loud.n_beyond == 1


def test_a_patch_is_put_into_the_window_of_its_number_counted_around() -> None:
    song = Audio(np.concatenate([noise(scale=s) for s in (0.1, 0.2, 0.4)], axis=1), SR)
    patches = patches_of(song, MODEL, [SlicFactorization(8)], start_s=0.0, duration_s=3.0)
    found = there(patches, np.stack([noise(), noise()]))
    assert found.window == tuple(one.window % 2 for one in patches.of)
    assert len(set(found.window)) == 2


def test_what_an_augmentation_leaves_of_a_patch_is_told() -> None:
    patches = beep_and_noise()
    muted = patches.windows.copy()
    muted[..., round(0.2 * SR) : round(0.7 * SR)] = 0
    found = left(patches, np.stack([muted, patches.windows, patches.windows / 2]))
    np.testing.assert_allclose(found[:, 1:], [[1, 0.25], [1, 0.25]], rtol=1e-4)
    assert found[0, 0] < 1e-3
    assert 0.4 < found[1, 0] < 0.8


def test_a_song_is_heard_at_the_rate_of_the_one_beside_it() -> None:
    anywhere = tagger(level, window_s=1.0)
    heard = windows_of(Audio(noise(3), SR), anywhere, sr=2 * SR, start_s=0.5, duration_s=2.0)
    assert heard.shape == (2, 1, 2 * SR)
    assert windows_of(Audio(noise(3), SR), MODEL, sr=2 * SR, start_s=0.5, duration_s=2.0).shape == (2, 1, SR)


def test_windows_that_are_silent_are_left_out_and_silent_songs_refused() -> None:
    song = Audio(np.concatenate([noise(), np.zeros((1, SR), np.float32)], axis=1), SR)
    assert len(windows_of(song, MODEL, sr=SR, start_s=0.0, duration_s=2.0)) == 1
    for start_s, message in ((1.0, "silent"), (1.5, "does not lie within")):
        with pytest.raises(AudioError, match=message):
            windows_of(song, MODEL, sr=SR, start_s=start_s, duration_s=1.0)


def test_a_song_of_another_length_is_cut_or_refused() -> None:
    assert fitted(np.zeros((2, 1, 9), np.float32), 7).shape == (2, 1, 7)
    with pytest.raises(AudioError, match="shorter than that of the song"):
        fitted(np.zeros((2, 1, 5), np.float32), 7)
