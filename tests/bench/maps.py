"""A map of 10,000 songs, and a playlist of 245 of them: from the command to the answer.

The vectors are planted: forty kinds of songs that blend, 200 numbers each. Everything that a map tells is measured with
it: noise, stability, clumps, and distances of groups. The time of one plain run of t-SNE (1,000 iterations, by
openTSNE, as many threads) stands beside it, since a map is made of several.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.bench.page import made

N_SONGS, N_FEATURES, N_KINDS = 10_000, 200, 40
FEW = 1_000  # with --quick
SLOWEST_S, LARGEST_MB = 300.0, 10.0  # the targets


def planted(n_songs: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Vectors of songs, and the kind of each."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(N_KINDS, size=n_songs)
    spread = 1 / np.sqrt(np.arange(1, N_FEATURES + 1))
    centres = rng.normal(size=(N_KINDS, N_FEATURES)) * spread
    return (centres[kinds] + rng.normal(size=(n_songs, N_FEATURES)) * spread).astype(np.float32), kinds


def plain_s(vectors: NDArray[np.float32]) -> float:
    """Seconds of one plain map."""
    from openTSNE import TSNE

    start = time.perf_counter()
    TSNE(perplexity=16, metric="cosine", n_jobs=os.cpu_count() or 1, n_iter=750, random_state=0).fit(vectors)
    return time.perf_counter() - start


def report(*, quick: bool = False) -> str:
    """The line of `make bench`."""
    n_songs = FEW if quick else N_SONGS
    vectors, kinds = planted(n_songs)
    with tempfile.TemporaryDirectory() as folder:
        file, index, page = (Path(folder) / name for name in ("songs.npz", "songs.index", "map.html"))
        np.savez(file, vectors=vectors, keys=np.arange(n_songs).astype(str), albums=kinds.astype(str))
        made("index", "--vectors", file, "-o", index)
        seconds, peak_gb = made("map", index, "--group", "album", "-o", page)
        listed_s, _ = made("playlist", "--in", index, "-n", "245")
        size_mb = page.stat().st_size / 1e6
    plain = plain_s(vectors)
    return (
        f"map of {n_songs:,} songs: {seconds:.0f} s (target for 10,000: {SLOWEST_S:g}), {seconds / plain:.1f} times "
        f"one plain t-SNE; peak {peak_gb:.2f} GB, page {size_mb:.1f} MB (target {LARGEST_MB:g}); "
        f"a playlist of 245 of them: {listed_s:.1f} s"
    )


if __name__ == "__main__":
    print(report())
