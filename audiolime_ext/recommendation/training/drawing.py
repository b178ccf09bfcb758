"""Batches: pairs of views of songs, drawn by lot and altered as a recipe says.

*A batch follows from the seed and its number alone*, so a run that goes on sees what an undisturbed one would have
seen. All alterations are of levels in dB:

- *balance*: a tilt from the lowest band to the highest, and broad bumps, as of equalisers and microphones
- *band limit*: nothing above, or below, a frequency, as codecs and old recordings have it
- *copy*: the song's copy of low bit rate in place of the song
- *stems*: one stem is muted, or made louder or softer by up to 12 dB, or gives way to a stem of another song of the
  batch. The powers of stems are added as if their waves were unrelated, which is nearly so.

So that two views of a song have in common what is played, and not how it was made loud, bright and small.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.recommendation.training.material import Song
from audiolime_ext.recommendation.training.recipes import Recipe
from audiolime_ext.recommendation.training.spectra import LEAST_DB, N_FRAMES, N_MELS, RANGE_DB, decibels, seen

Chunks = NDArray[np.float32]
_LIMITS = (40, 110)  # mel bands between which views are cut off: 1.1 kHz to 7.7 kHz
_LOWEST = (4, 20)  # … and from below
_GAIN_DB = 12.0
_N_BUMPS = 6


def batch(songs: Sequence[Song], recipe: Recipe, seed: int, step: int) -> tuple[Chunks, Chunks]:
    """The two views of the songs of a batch.

    Parameters
    ----------
    songs : sequence of Song
        Songs to train on.
    recipe : Recipe
        Recipe to follow.
    seed, step : int
        Seed of the run, and number of the batch.

    Returns
    -------
    Two arrays of float32, shape (n_songs, 129, 128), in dB from −80 to 0; row i of both is of the same song. There are
    `recipe.batch` of them, or all where there are fewer.
    """
    rng = np.random.default_rng([seed, 0, step])
    chosen = [songs[i] for i in rng.permutation(len(songs))[: recipe.batch]]
    first = _starts(chosen, rng)
    second = first if recipe.pair == "same chunk" else _starts(chosen, rng)
    one, other = (_view(chosen, starts, recipe, rng) for starts in (first, second))
    return one, other


def _starts(songs: Sequence[Song], rng: np.random.Generator) -> list[int]:
    return [int(rng.integers(0, song.n_frames - N_FRAMES + 1)) for song in songs]


def _view(songs: Sequence[Song], starts: Sequence[int], recipe: Recipe, rng: np.random.Generator) -> Chunks:
    chunks = np.stack([_chunk(song, start, recipe, rng) for song, start in zip(songs, starts, strict=True)])
    if recipe.stems:
        _remix(chunks, songs, starts, recipe, rng)
    if recipe.tilt_db or recipe.bumps_db:
        chunks += _balance(len(chunks), recipe, rng)[:, None, :]
    if recipe.band_limit:
        _limit(chunks, recipe, rng)
    chunks = seen(chunks)
    if recipe.noise_db:
        chunks += np.float32(recipe.noise_db) * rng.standard_normal(chunks.shape, np.float32)
        np.clip(chunks, np.float32(-RANGE_DB), np.float32(0), out=chunks)
    return chunks


def _chunk(song: Song, start: int, recipe: Recipe, rng: np.random.Generator) -> Chunks:
    copied = recipe.copy and rng.random() < recipe.copy
    source = song.copy if copied and song.copy is not None else song.levels
    start = min(start, len(source) - N_FRAMES)
    return np.asarray(source[start : start + N_FRAMES], np.float32)


def _remix(
    chunks: Chunks, songs: Sequence[Song], starts: Sequence[int], recipe: Recipe, rng: np.random.Generator
) -> None:
    """Mix the stems of some views anew: one is muted, changed in level, or another song's."""
    for i, (song, start) in enumerate(zip(songs, starts, strict=True)):
        if song.stems is None or rng.random() >= recipe.stems:
            continue
        n_stems, which, how = len(song.stems), int(rng.integers(len(song.stems))), int(rng.integers(3))
        power = _power(song, start)
        other = songs[(i + 1 + int(rng.integers(max(1, len(songs) - 1)))) % len(songs)]
        gain = 10 ** (rng.uniform(-_GAIN_DB, _GAIN_DB) / 10)
        if how == 0 and n_stems > 1:
            power[which] = 0
        elif how == 1 and other is not song and other.stems is not None and which < len(other.stems):
            power[which] = _power(other, int(rng.integers(0, other.n_frames - N_FRAMES + 1)))[which]
        else:
            power[which] *= gain
        mixed = decibels(power.sum(axis=0))
        if mixed.max() > chunks[i].max() - RANGE_DB / 2:  # else next to nothing is left
            chunks[i] = mixed


def _power(song: Song, start: int) -> Chunks:
    assert song.stems is not None
    start = min(start, song.stems.shape[1] - N_FRAMES)
    return np.asarray(10 ** (np.asarray(song.stems[:, start : start + N_FRAMES], np.float32) / 10), np.float32)


def _balance(n: int, recipe: Recipe, rng: np.random.Generator) -> NDArray[np.float32]:
    """Curves in dB over the bands, shape (n, 128): a tilt, and bumps between evenly spaced points."""
    where = np.linspace(-0.5, 0.5, N_MELS)
    tilts = rng.uniform(-recipe.tilt_db, recipe.tilt_db, (n, 1)) * where
    points = rng.uniform(-recipe.bumps_db, recipe.bumps_db, (n, _N_BUMPS))
    at = np.linspace(-0.5, 0.5, _N_BUMPS)
    bumps = np.stack([np.interp(where, at, heights) for heights in points])
    return np.asarray(tilts + bumps, np.float32)


def _limit(chunks: Chunks, recipe: Recipe, rng: np.random.Generator) -> None:
    """Take away what lies above a band, or now and then below one, of some views."""
    for chunk in chunks:
        if rng.random() < recipe.band_limit:
            above, below = int(rng.integers(*_LIMITS)), int(rng.integers(*_LOWEST))
            if rng.random() < 0.25:
                chunk[:, :below] = LEAST_DB
            else:
                chunk[:, above:] = LEAST_DB


def held_out_chunks(songs: Sequence[Song], recipe: Recipe, *, each: int = 3) -> tuple[Chunks, Chunks]:
    """Chunks of the first and of the second half of each song, evenly spread, altered as the recipe alters views.

    Unaltered, they would be found by how a song was recorded, which is what a recipe that alters wants to do without.
    They are altered alike in every run.

    Returns
    -------
    Two arrays of float32, shape (n_songs · each, 129, 128), in dB from −80 to 0; those of one song follow each other.
    """
    found = []
    for half in range(2):
        spans = [(half * (song.n_frames // 2), song.n_frames if half else song.n_frames // 2) for song in songs]
        starts = np.array([np.linspace(first, end - N_FRAMES, each).astype(int) for first, end in spans])
        rng = np.random.default_rng([half, 2])
        views = [_view(songs, starts[:, i].tolist(), recipe, rng) for i in range(each)]
        found.append(np.stack(views, axis=1).reshape(-1, N_FRAMES, N_MELS))
    return found[0], found[1]
