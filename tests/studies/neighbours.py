"""How fast and how completely are the nearest of very many songs found? Run by hand, seeds fixed.

::

    OMP_NUM_THREADS=1 python -m tests.studies.neighbours --n 1000000 RECORDING…

Vectors are made of real ones, since Gaussian vectors are no music: all are equally far apart, and any index finds
them badly. The real ones are musicnn's penultimate layer for the windows of recordings, every half second. A vector is
one of them, drawn, plus *jitter as far as windows of one song are from each other*: the sum of eight differences of two
windows of one song, times a normal number over four, so that its covariance is that of windows within songs. Many lie
around each window: a million are as crowded as many hours of alike music.

Measured on 301 windows of ten recordings, 200 outputs; CPU ms of one thread, warm, median (95 % of calls)::

    similar                           100,000          1,000,000        recall@10 of a million
    as it is, hubs corrected          8.0 (8.7)        13.0 (13.7)       .998
    hubs not corrected                7.3 (8.2)         5.5 (6.1)       1.000

Which way was chosen; by the clock, one thread of two busy cores::

    a million, ms and recall@10        all compared     faiss, 32 lists     64            128 lists (chosen)
    hubs not corrected                 128              2.4   1.000         7.5  1.000     9.7  1.000
    corrected, of 3,000 proposed       196              7.1    .963         8.6   .967    11.5   .967
    corrected, of 10,000               196             11.9    .987        12.6   .992    16.2   .992
    corrected, of 20,000 (chosen)      196             14.3    .995        16.7  1.000    21.8  1.000
    the farthest, corrected            214             12.4    .768        21.1   .832    31.5   .913

    a million, ten nearest of                build, s      MB     ms    recall@10
    faiss IVF 1024, 8 bits, 32 lists                20     304    1.6        1.000    after comparing 100 exactly
    usearch HNSW, 8 bits, 512 looked at           1070     460    2.3         .986    after comparing 100 exactly
    usearch HNSW, 8 bits, 512 looked at           1070     460    2.2         .990    after comparing 300 exactly

The farthest are therefore always found by comparing all.

What is kept for a million: 25 MB; working it out takes 21 CPU seconds, once for a state of the index, and 3 for each
process that opens it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import load_audio, load_model, similar, tag
from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.recommendation.approximate import proposer_of
from audiolime_ext.recommendation.crowd import crowd_of
from audiolime_ext.recommendation.neighbours import Wanted, find
from audiolime_ext.recommendation.space import space_of

MODEL = "musicnn:MSD_musicnn?layer=penultimate"
HOP_S = 0.5
N_DIFFERENCES = 8
N_QUERIES = 60
_BLOCK = 50_000

Vectors = NDArray[np.float32]


def windows_of(recordings: Sequence[str]) -> tuple[Vectors, NDArray[np.intp]]:
    """Vectors of the recordings' windows, every half second, and the recording of each."""
    model = load_model(MODEL)
    vectors, songs = [], []
    for number, recording in enumerate(recordings):
        audio = load_audio(recording)
        for start_s in np.arange(0.0, min(model.window_s or 3.0, audio.duration_s - 3.2), HOP_S):
            found = tag(audio, model, start_s=float(start_s))
            vectors.append(found.scores[found.counted])
            songs += [number] * len(vectors[-1])
    return np.concatenate(vectors).astype(np.float32), np.array(songs)


def jittered(windows: Vectors, songs: NDArray[np.intp], n: int, *, seed: int = 0) -> Vectors:
    """`n` vectors made of real windows, as the module says, shape (n, n_features)."""
    rng = np.random.default_rng(seed)
    order = np.argsort(songs, kind="stable")
    windows, songs = windows[order], songs[order]
    first, counts = np.searchsorted(songs, songs), np.bincount(songs)[songs]
    found = np.empty((n, windows.shape[1]), np.float32)
    for begin in range(0, n, _BLOCK):
        block = found[begin : begin + _BLOCK]
        block[:] = windows[rng.integers(len(windows), size=len(block))]
        for _ in range(N_DIFFERENCES):
            one = rng.integers(len(windows), size=len(block))
            other = first[one] + (rng.random(len(block)) * counts[one]).astype(np.intp)
            gain = rng.normal(0.0, 1 / np.sqrt(2 * N_DIFFERENCES), size=(len(block), 1)).astype(np.float32)
            block += gain * (windows[one] - windows[other])
    return found


def milliseconds(calls: Sequence[Callable[[], object]]) -> str:
    """Median and 95 % of the CPU times of some calls: with one thread, those of the clock on an idle machine."""
    times = []
    for call in calls:
        begun = time.process_time()
        call()
        times.append(1000 * (time.process_time() - begun))
    return f"{np.median(times):.1f} CPU ms ({np.percentile(times, 95):.1f})"


def measure(index: Index) -> None:
    """Print times of `similar`, and the recall of approximate search where the collection is large enough for it."""
    drawn = np.random.default_rng(1).integers(len(index.songs), size=N_QUERIES)
    for hubs in ("mutual proximity", None):
        begun = time.process_time()
        similar(index.songs[0], index, hubs=hubs)
        print(f"hubs {hubs}: first {time.process_time() - begun:.1f} CPU s", end=", ")
        asked = [lambda at=at, hubs=hubs: similar(index.songs[at], index, hubs=hubs) for at in drawn]
        print("then", milliseconds(asked))
    space = space_of(index)
    proposer, _ = proposer_of(index, space)
    directions = space.directions(index, drawn)
    for crowd in (None, crowd_of(index, space, "mutual proximity")[0]):
        wanted = [Wanted(u, np.array([at]), 10, {int(at)}) for at, u in zip(drawn, directions, strict=True)]
        exact = [set(find(index, space, one, crowd=crowd).positions) for one in wanted]
        found = [set(find(index, space, one, crowd=crowd, proposer=proposer).positions) for one in wanted]
        shared = sum(len(a & b) for a, b in zip(exact, found, strict=True))
        print(f"corrected: {crowd is not None}, recall@10 {shared / (10 * N_QUERIES):.3f}")


def main() -> None:
    """Measure on the recordings that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+", metavar="RECORDING")
    parser.add_argument("--n", type=int, default=1_000_000, help="vectors (default %(default)s)")
    args = parser.parse_args()
    vectors = jittered(*windows_of(args.recordings), args.n)
    songs = tuple(Song(str(number), f"{number}.ogg") for number in range(args.n))
    with tempfile.TemporaryDirectory() as folder:
        measure(Index(Path(folder), MODEL, "", None, songs, vectors))


if __name__ == "__main__":
    main()
