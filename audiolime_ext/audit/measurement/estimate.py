"""What an audit will take, from a few recordings that are measured as the audit would measure them, and not kept.

They are measured by the audit's own workers, with the threads that those have. What a worker does once (it starts,
makes the models, compiles, warms up) is told apart from what it does for every recording: the first recording is not
counted among the others. Of these, splitting is timed apart from asking the model, since stems are kept: a recording
that is a donor of many is split once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
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
    entries: Sequence[Entry], donors: Donors, engine: Engine, *, clock: Callable[[], float] = time.perf_counter
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
    clock : callable without arguments, giving float
        Clock, in seconds.

    Raises
    ------
    Exception
        That of the first recording, if none can be measured.
    """
    trial, hosts = _Trial(donors, engine, clock), deque(entries)
    try:
        with stage("measuring a few", 1 + N_WARM, "recording") as measuring:
            first, job, cold_s = trial.cold(hosts)
            measuring.advance()
            while hosts and len(trial.asking_s) < N_WARM:
                trial.warm(hosts.popleft())
                measuring.advance(1 + len(trial.asking_s) - measuring.done)
        if not trial.asking_s:  # there is only one: it is warm now
            trial.warm(job.host)
    finally:
        engine.stop()
    n, n_left = len(entries), sum(entry.key not in trial.split for entry in entries)
    asking, splitting = trial.asking_s, trial.splitting_s or [0.0]
    least_s, most_s = (n * of(asking) + n_left * of(splitting) for of in (min, max))
    seconds = n * _mean(asking) + n_left * _mean(splitting)
    start_s = max(0.0, cold_s - _mean(asking) - (1 + len(job.donors)) * _mean(splitting))
    n_bytes = sum(4 * len(row.values) + 24 for row in first.measurements) + 800
    return Estimate(n, first.n_asked * n, seconds, n_bytes * n, start_s, least_s, most_s)


@dataclass
class _Trial:
    """Recordings that are measured for the time it takes."""

    donors: Donors
    engine: Engine
    clock: Callable[[], float]
    split: set[str] = field(default_factory=set)  # keys of recordings that were split
    splitting_s: list[float] = field(default_factory=list)
    asking_s: list[float] = field(default_factory=list)

    def cold(self, hosts: deque[Entry]) -> tuple[Measured, Job, float]:
        """The first recording that can be measured, which is taken from the others, and the seconds that it took."""
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
            self.split |= {entry.key for entry in (job.host, *job.donors)}
            return found, Job(hosts.popleft(), job.donors), took_s
        raise failures[0]

    def warm(self, host: Entry) -> None:
        """Time a recording, part by part; one that cannot be measured tells nothing."""
        try:
            job = Job(host, self.donors.of(host))
            for part in files_of(job):
                if part.host.key not in self.split:
                    self.splitting_s.append(self._timed(part)[1])
                    self.split.add(part.host.key)
            self.asking_s.append(self._timed(job)[1])
        except Exception as error:
            if getattr(error, "for_all", False):
                raise

    def _timed(self, job: Job) -> tuple[Measured, float]:
        begun = self.clock()
        future = self.engine.submit(job)
        if is_crash(future.exception()):
            self.engine.restart()
        return future.result(), self.clock() - begun


def _mean(seconds: Sequence[float]) -> float:
    return sum(seconds) / len(seconds)
