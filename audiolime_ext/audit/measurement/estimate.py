"""What an audit will take, from a few recordings that are measured as the audit would measure them, and not kept.

They are measured by the audit's own workers, with the threads that those have. What a worker does once (it starts,
makes the models, compiles, warms up) is told apart from what it does for every recording: the first recording is not
counted among the others. Of these, splitting is timed apart from asking the model, since stems are kept: a recording
that is a donor of many is split once, and one whose stems are in the cache, perhaps from an earlier estimate, not at
all. Nor is it timed, since it would tell nothing of those that are still to be split.

One recording is measured at a time, so the estimate holds for workers that have the machine as much to themselves as
this one has it now.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from audiolime_ext.audit.measurement.measure import Measured
from audiolime_ext.audit.measurement.plan import Donors
from audiolime_ext.audit.store.records import Entry
from audiolime_ext.collection.engine.culprits import files_of, is_crash
from audiolime_ext.collection.engine.jobs import DonorError, Job
from audiolime_ext.collection.engine.workers import Engine
from audiolime_ext.progress.stages import stage

N_WARM = 2  # recordings that are timed once everything is warm


@dataclass(frozen=True)
class Estimate:
    """What an audit takes.

    Parameters
    ----------
    n_recordings, n_asked : int
        Number of recordings, and of mixes to ask the model about.
    seconds : float
        Seconds of one worker for all recordings, besides its start.
    n_bytes : int
        Bytes of the store.
    start_s : float
        Seconds that a worker takes to start and warm up.
    least_s, most_s : float
        Seconds of one worker, were all recordings as fast as the fastest that was timed, or as slow as the slowest.
    """

    n_recordings: int
    n_asked: int
    seconds: float
    n_bytes: int
    start_s: float = 0.0
    least_s: float = 0.0
    most_s: float = 0.0


def estimate(
    entries: Sequence[Entry],
    donors: Donors,
    engine: Engine,
    *,
    is_kept: Callable[[Entry], bool] = lambda entry: False,
    clock: Callable[[], float] = time.perf_counter,
) -> Estimate:
    """Estimate what these recordings take, from the first few that can be measured.

    Parameters
    ----------
    entries : sequence of Entry
        Recordings to measure.
    donors : Donors
        Drawer of their donors.
    engine : Engine
        Workers, which are stopped afterwards.
    is_kept : callable of an Entry, giving bool
        Test whether the stems of a recording are in the cache.
    clock : callable without arguments, giving float
        Clock, in seconds.

    Raises
    ------
    Exception
        That of the first recording, if none can be measured.
    """
    trial = _Trial(donors, engine, clock, {entry.key for entry in entries if is_kept(entry)})
    hosts = deque(entries)
    try:
        with stage("measuring a few", 1 + N_WARM, "recording") as measuring:
            first, job, cold_s, n_cold = trial.cold(hosts)
            measuring.advance()
            while hosts and len(trial.asking_s) < N_WARM:
                trial.warm(hosts.popleft())
                measuring.advance(1 + len(trial.asking_s) - measuring.done)
        if not trial.asking_s:  # there is only one: it is warm now
            trial.warm(job.host)
        trial.split_some(hosts)
    finally:
        engine.stop()
    n, n_left = len(entries), sum(entry.key not in trial.ready for entry in entries)
    asking, splitting = trial.asking_s, trial.splitting_s or [0.0]
    least_s, most_s = (n * of(asking) + n_left * of(splitting) for of in (min, max))
    seconds = n * _mean(asking) + n_left * _mean(splitting)
    start_s = max(0.0, cold_s - _mean(asking) - n_cold * _mean(splitting))
    n_bytes = sum(4 * len(row.values) + 24 for row in first.measurements) + 800
    return Estimate(n, first.n_asked * n, seconds, n_bytes * n, start_s, least_s, most_s)


@dataclass
class _Trial:
    """Recordings that are measured for the time it takes."""

    donors: Donors
    engine: Engine
    clock: Callable[[], float]
    ready: set[str]  # keys of recordings whose stems are in the cache, or were made
    n_split: int = 0
    splitting_s: list[float] = field(default_factory=list)
    asking_s: list[float] = field(default_factory=list)

    def cold(self, hosts: deque[Entry]) -> tuple[Measured, Job, float, int]:
        """The first recording that can be measured, taken from the others, and how many seconds and splits it took."""
        failures: list[Exception] = []
        while hosts:
            job = Job(hosts[0], self.donors.of(hosts[0]))
            try:
                found, took_s = self._timed(job)
            except DonorError as error:
                self.donors.leave_out(error.donor, error.host)
                continue
            except Exception as error:
                if getattr(error, "for_all", False):
                    raise
                failures.append(error)
                hosts.popleft()
                continue
            of = {entry.key for entry in (job.host, *job.donors)}
            self.n_split = len(of - self.ready)
            self.ready |= of
            return found, Job(hosts.popleft(), job.donors), took_s, self.n_split
        raise failures[0]

    def warm(self, host: Entry) -> None:
        """Time a recording, part by part; one that cannot be measured tells nothing."""
        try:
            job = Job(host, self.donors.of(host))
            for part in files_of(job):
                self._split(part)
            self.asking_s.append(self._timed(job)[1])
        except Exception as error:
            if getattr(error, "for_all", False):
                raise

    def split_some(self, entries: Iterable[Entry]) -> None:
        """Time some splits where those that were measured needed none; one that cannot be split tells nothing."""
        for entry in entries:
            if len(self.splitting_s) >= N_WARM:
                return
            try:
                self._split(Job(entry, probe="stems"))
            except Exception as error:
                if getattr(error, "for_all", False):
                    raise

    def _split(self, part: Job) -> None:
        """Time a split, unless the stems are there; the first of all is cold, and does not count."""
        if part.host.key in self.ready:
            return
        took_s = self._timed(part)[1]
        self.ready.add(part.host.key)
        if self.n_split:
            self.splitting_s.append(took_s)
        self.n_split += 1

    def _timed(self, job: Job) -> tuple[Measured, float]:
        begun = self.clock()
        future = self.engine.submit(job)
        if is_crash(future.exception()):
            self.engine.restart()
        return future.result(), self.clock() - begun


def _mean(seconds: Sequence[float]) -> float:
    return sum(seconds) / len(seconds)
