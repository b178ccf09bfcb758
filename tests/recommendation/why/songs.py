"""Songs of true stems, and embedders whose reasons are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import Model, tagger
from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.collection.vectors import song_vector
from factorizations.oracle import OracleFactorization
from tests.recommendation.planted import collection

SR, WINDOW_S, N_WINDOWS = 4800, 0.5, 3  # 2400 samples a window: a multiple of 12
STEMS = ("bass", "vocals", "drums")  # each has every third sample to itself, so that mixes are exact
N_EACH = 4  # parts of a stem's samples, which differ in energy: its colour


def stem(name: str, seed: int, *, n_windows: int = N_WINDOWS) -> NDArray[np.float32]:
    """Noise of a colour of its own, in every window the same, and of the same level as any other."""
    rng = np.random.default_rng([seed, *name.encode()])
    n = round(WINDOW_S * SR) * n_windows
    noise = rng.choice([-1.0, 1.0], size=n) * np.sqrt(rng.dirichlet(np.ones(N_EACH)))[(np.arange(n) // 3) % N_EACH]
    return np.asarray(0.1 * noise * (np.arange(n) % 3 == STEMS.index(name)), np.float32)


def song(**seeds: int) -> OracleFactorization:
    """A song of stems, each made of its seed."""
    return OracleFactorization({name: (stem(name, seed), SR) for name, seed in seeds.items()})


def any_song(seed: int) -> OracleFactorization:
    """A song of three stems that no other song has."""
    return song(bass=3 * seed, vocals=3 * seed + 1, drums=3 * seed + 2)


def pair(made: OracleFactorization) -> tuple[object, OracleFactorization]:
    """A song as `why` takes it: the recording, and its true stems."""
    return made.mixture, made


def levels(batch: NDArray[np.float32], names: Sequence[str] = STEMS) -> NDArray[np.float64]:
    """Energies of the parts of each stem's samples, shape (n_batch, n_names · N_EACH)."""
    each = batch[:, : batch.shape[1] // (3 * N_EACH) * 3 * N_EACH].astype(np.float64).reshape(len(batch), -1, N_EACH, 3)
    energies = (each**2).mean(axis=1)  # (n_batch, N_EACH, 3)
    return np.concatenate([energies[:, :, STEMS.index(name)] for name in names], axis=1)


def colours(batch: NDArray[np.float32], names: Sequence[str] = STEMS) -> NDArray[np.float64]:
    """The same as shares of each stem's energy, zero where it is silent."""
    found = levels(batch, names).reshape(len(batch), len(names), N_EACH)
    return np.asarray((found / (found.sum(axis=2, keepdims=True) + 1e-9)).reshape(len(batch), -1))


def hearing(*names: str, labels: Sequence[str] | None = None, version: str | None = None) -> Model:
    """An embedder that hears the colours of these stems, and nothing else."""
    return tagger(lambda batch: colours(batch, names), sr=SR, window_s=WINDOW_S, labels=labels, version=version)


def hearing_levels(*names: str) -> Model:
    """An embedder that hears the logarithms of the energies: silence lies far from all songs."""
    return tagger(lambda batch: np.log10(levels(batch, names) + 1e-9), sr=SR, window_s=WINDOW_S)


def linear(n_outputs: int = 5, seed: int = 0) -> tuple[Model, NDArray[np.float64]]:
    """An embedder that is linear in the samples, and its matrix (n_samples of a window, n_outputs)."""
    matrix = np.random.default_rng(seed).normal(size=(round(WINDOW_S * SR), n_outputs)) / 10
    return tagger(lambda batch: batch.astype(np.float64) @ matrix + 0.3, sr=SR, window_s=WINDOW_S), matrix


def index_of(made: Sequence[OracleFactorization], model: Model, **of: Any) -> Index:
    """An index in memory."""
    vectors = [song_vector(one.mixture, model).mean for one in made]
    names = [Song(one.mixture.sha256, title=f"song {number}") for number, one in enumerate(made)]
    of = {"songs": tuple(names)} | of
    return collection(vectors, labels=model.labels, **of)


def stems_of(made: OracleFactorization) -> Mapping[str, NDArray[np.float32]]:
    """The true stems, shape (n_samples,) each."""
    found = made.factorize(made.mixture)
    return {name: samples[0] for name, samples in zip(found.names, found.samples, strict=True)}
