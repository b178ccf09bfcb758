"""What it takes to measure the songs of a store, from a few that are measured as all would be, and not kept.

They are measured by the very workers, one at a time, so that the estimate holds for workers that have the machine as
much to themselves as this one has it now. What a worker does once (it starts, makes the model, warms up) is told apart
from what it does for every song. Stems that a separator keeps in the cache are not made again: where they are there
already, it looks shorter than it is for songs that are still to be split.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from audiolime_ext.collection.engine.culprits import is_crash
from audiolime_ext.collection.engine.jobs import Job
from audiolime_ext.collection.engine.workers import Engine
from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.progress.stages import stage

N_TIMED = 2  # songs, once everything is warm


@dataclass(frozen=True)
class Estimate:
    """What it takes.

    Parameters
    ----------
    n_songs, n_patches, n_asked : int
        Number of songs, of patches, and of signals that the model is asked about.
    seconds : float
        Seconds of one worker for all songs, besides its start.
    n_bytes : int
        Bytes of the store.
    start_s : float
        Seconds that a worker takes to start and warm up.
    least_s, most_s : float
        Seconds of one worker, were all songs as fast as the fastest that was timed, or as slow as the slowest.
    """

    n_songs: int
    n_patches: int
    n_asked: int
    seconds: float
    n_bytes: int
    start_s: float
    least_s: float
    most_s: float


def estimate(
    entries: Sequence[Entry],
    engine: Engine,
    *,
    job_of: Callable[[Entry], Job] = Job,
    clock: Callable[[], float] = time.perf_counter,
) -> Estimate:
    """Estimate what these songs take, from the first few that can be measured.

    Parameters
    ----------
    entries : sequence of Entry
        Songs to measure.
    engine : Engine
        Workers, which are stopped afterwards.
    job_of : callable of an Entry, giving a Job
        Maker of the job that measures a song.
    clock : callable without arguments, giving float
        Clock, in seconds.

    Raises
    ------
    Exception
        That of the first song, if none can be measured.
    """
    try:
        with stage("measuring a few", 1 + N_TIMED, "song") as counting:
            found = []
            for one in _timed(list(map(job_of, entries)), engine, clock):
                found.append(one)
                counting.advance()
                if len(found) > N_TIMED:
                    break
            (_, cold_s), warm = found[0], found[1:]
            if not warm:  # there is only one: it is warm now
                warm = list(_timed(list(map(job_of, entries)), engine, clock))
    finally:
        engine.stop()
    n, times = len(entries), [took_s for _, took_s in warm]
    measured = [one for one, _ in found]
    usual_s = sum(times) / len(times)
    numbers = (_mean(measured, size) for size in (lambda one: len(one.patches), _n_asked, _n_bytes))
    n_patches, n_asked, n_bytes = (round(n * one) for one in numbers)
    start_s = max(0.0, cold_s - usual_s)
    return Estimate(n, n_patches, n_asked, n * usual_s, n_bytes, start_s, n * min(times), n * max(times))


def _timed(jobs: Sequence[Job], engine: Engine, clock: Callable[[], float]) -> Iterator[tuple[Measured, float]]:
    """Songs that can be measured, each with how long it took; the error of the first, if none can."""
    failures: list[Exception] = []
    some = False
    for job in jobs:
        begun = clock()
        future = engine.submit(job)
        try:
            found = future.result()
        except Exception as error:
            if is_crash(error):
                engine.restart()
            if getattr(error, "for_all", False):
                raise
            failures.append(error)
            continue
        some = True
        yield found, clock() - begun
    if not some:
        raise failures[0]


def _n_asked(one: Measured) -> int:
    """Signals: each patch alone and its window without it; each window twice, and once more for its gradient.

    In another song's place each patch is asked about twice more, and about as many windows as the song has.
    """
    places = 1 if one.elsewhere is None else 2
    found = places * 2 * len(one.patches) + (places + (1 if one.gradients is None else 2)) * len(one.windows)
    return found + (0 if one.augmented is None else len(one.augmented))


def _n_bytes(one: Measured) -> int:
    always, sometimes = (one.activations, one.removals, one.windows, one.logits), (one.gradients, one.elsewhere)
    arrays = (*always, *sometimes, one.added, one.augmented, one.left)
    return sum(4 * each.size for each in arrays if each is not None) + 200 * len(one.patches)


def _mean(measured: Sequence[Measured], size: Callable[[Measured], int]) -> float:
    return sum(map(size, measured)) / len(measured)
