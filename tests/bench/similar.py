"""Similar songs: how fast a song becomes a vector, beside other packages, and how fast the nearest are found.

Run in a process of its own with one thread, and CPU seconds are counted, so that other work on the machine matters
little. The song is five minutes of stereo, Ogg Vorbis, made of the bundled recordings; decoding is included. Other
packages (bliss-audio, sonara, pymusly) take part where they are installed: ``make evaluate-retrieval`` installs them.

The collections are windows of the same recordings with jitter as far as windows of one song lie apart (see
`tests.studies.neighbours`): 100,000 are compared one by one, of a million candidates are found first.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from audiolime_ext import load_audio, load_model, similar
from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.collection.stem_vectors import StemVectors
from audiolime_ext.collection.vectors import song_vector
from audiolime_ext.recommendation.space import space_of
from audiolime_ext.recommendation.why.matrices import stem_matrices
from examples.library.methods import PEERS
from factorizations.oracle import OracleFactorization
from tests.studies.neighbours import MODEL, jittered, windows_of

SONG_S, ROUNDS, N_QUERIES = 300.0, 3, 50
LEAST_SPEED, MOST_MS = 60.0, 50.0  # the targets: times real time on one core, milliseconds for one query
N_STEMS, N_NEIGHBOURS = 4, 100
OWN = {MODEL: None, f"{MODEL}, middle 60 s": 60.0, "vibenet": None, "features:": None}


def recordings(folder: Path) -> list[str]:
    """The bundled recordings as files."""
    files = ["audiolime_ext/data/ezer_ev.ogg"]
    for name in ("feelings", "mime"):
        files.append(str(folder / f"{name}.wav"))
        OracleFactorization.from_folder(f"examples/audio/{name}").mixture.write(Path(files[-1]))
    return files


def long_song(sources: list[str], path: Path) -> Path:
    """Five minutes of them, one after the other."""
    parts = [load_audio(source) for source in sources]
    samples = np.concatenate([part.samples for part in parts if part.sr == parts[0].sr], axis=1)
    whole = np.resize(samples.T, (round(SONG_S * parts[0].sr), samples.shape[0]))
    with soundfile.SoundFile(path, "w", parts[0].sr, whole.shape[1], format="OGG") as file:
        for begin in range(0, len(whole), parts[0].sr):  # libsndfile crashes on minutes at a time
            file.write(whole[begin : begin + parts[0].sr])
    return path


def cpu_seconds(call: Callable[[], object]) -> float:
    """Median CPU seconds of a call, after a first one."""
    call()
    times = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        call()
        times.append(time.process_time() - begun)
    return statistics.median(times)


def indexing(song: Path) -> list[str]:
    """A line for each way to make a vector of the song."""
    from importlib.util import find_spec

    speeds = {}
    for name, middle_s in OWN.items():
        model = load_model(name.partition(",")[0])
        speeds[name] = SONG_S / cpu_seconds(partial(song_vector, song, model, middle_s=middle_s))
    for package, method in PEERS.items():
        if find_spec(package) is not None:
            speeds[method.name] = SONG_S / cpu_seconds(partial(method.extract, song))
    ours = speeds[MODEL]
    missed = "" if ours >= LEAST_SPEED else " MISSED"
    lines = [f"  {name:52} {speed:7.0f} × real time, {speed / ours:5.2f} of musicnn" for name, speed in speeds.items()]
    return [f"a vector of {SONG_S:g} s, one core (target for musicnn {LEAST_SPEED:g} ×{missed})", *lines]


def finding(sources: list[str], n: int) -> str:
    """A line on the nearest among `n` songs."""
    vectors = jittered(*windows_of(sources), n)
    songs = tuple(Song(str(number), f"{number}.ogg") for number in range(n))
    with tempfile.TemporaryDirectory() as folder:
        index = Index(Path(folder), MODEL, "", None, songs, vectors)
        begun = time.process_time()
        similar(songs[0], index)
        first = time.process_time() - begun
        times = []
        for at in np.random.default_rng(0).integers(n, size=N_QUERIES).tolist():
            begun = time.process_time()
            similar(songs[at], index)
            times.append(1000 * (time.process_time() - begun))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    median = statistics.median(times)
    missed = "" if median <= MOST_MS else " MISSED"
    return (
        f"similar among {n:,}: {median:.1f} CPU ms, 95 % {np.percentile(times, 95):.1f} (target {MOST_MS:g}{missed}); "
        f"the first {first:.1f} s; peak memory {peak:.1f} GB, of which the vectors {vectors.nbytes / 1e9:.2f}"
    )


def reasons(sources: list[str], n: int) -> str:
    """A line on the reasons by stems of the nearest among `n` songs."""
    whole = jittered(*windows_of(sources), n)
    shares = np.random.default_rng(0).dirichlet(np.ones(1 + N_STEMS), n).astype(np.float32)
    parts = shares[:, :, None] * whole[:, None]
    stems = StemVectors("", "", tuple(f"stem {number}" for number in range(N_STEMS)), parts)
    songs = tuple(Song(str(number), f"{number}.ogg") for number in range(n))
    near = np.random.default_rng(0).integers(n, size=N_NEIGHBOURS)
    with tempfile.TemporaryDirectory() as folder:
        index = Index(Path(folder), MODEL, "", None, songs, parts.sum(axis=1), stems=stems)
        space, query = space_of(index), stems.of_song(0)
        alone = 1000 * cpu_seconds(lambda: stem_matrices(space, query, stems.names, stems.of(near)))
        listed = 1000 * cpu_seconds(lambda: similar(songs[0], index, k=N_NEIGHBOURS))
    missed = "" if alone <= MOST_MS else " MISSED"
    return (
        f"reasons by {N_STEMS} stems for {N_NEIGHBOURS} neighbours: {alone:.1f} CPU ms (target {MOST_MS:g}{missed}); "
        f"with finding them among {n:,}: {listed:.1f}"
    )


def report(*, quick: bool) -> str:
    """What is measured, from a process with one thread."""
    threads = dict.fromkeys(("AUDIOLIME_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "tests.bench.similar", *(["--quick"] if quick else [])]
    done = subprocess.run(command, env={**os.environ, **threads}, check=False, capture_output=True, text=True)
    return done.stdout.rstrip() if done.returncode == 0 else f"similar songs: not measured\n{done.stderr}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="leave out the million songs")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as name:
        sources = recordings(Path(name))
        print("\n".join(indexing(long_song(sources, Path(name, "song.ogg")))), flush=True)
        print(reasons(sources, 10_000), flush=True)
        for n in (100_000,) if quick else (100_000, 1_000_000):
            print(finding(sources, n), flush=True)


if __name__ == "__main__":
    main()
