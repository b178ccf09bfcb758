"""The loop that hands out jobs and keeps what comes back: the only one that writes to the store.

One recording that cannot be measured never costs another. Where a worker crashes, each recording that it ran is
measured once more with nothing beside it. Where that crashes, too, its parts are tried alone, twice each, which tells
whether it is the host or one of its donors (see `audiolime_ext.collection.engine.culprits`). Something else may have
killed the worker: a recording whose parts can all be measured is blamed when it has crashed alone `DEATHS` times.
Donors that cannot be used are replaced by the next (of an audit: `audiolime_ext.audit.measurement.plan`), so the
results are those of a collection that never had them.

A fault of the model or of a worker, with which no recording could be measured (`AudiolimeError.for_all`), ends
everything at once and does not count as a failure of the recording that met it: once it is mended, the same command
goes on.

Every wait has a limit: `Policy.timeout_s` for a recording (`LONGEST_S` where it is None), `Policy.patience_s` for
workers that are gone or do not answer; see `audiolime_ext.collection.engine.patience`.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, wait
from typing import Any

from audiolime_ext.collection.engine.culprits import culprit, files_of, is_crash, parts_of
from audiolime_ext.collection.engine.jobs import DonorError, Donors, Entry, Job, NoDonors, Results
from audiolime_ext.collection.engine.patience import Patience
from audiolime_ext.collection.engine.policy import LONGEST_S, Policy
from audiolime_ext.collection.engine.workers import Engine, failed
from audiolime_ext.errors import AudiolimeError, UnfitModel, WorkersLost, told
from audiolime_ext.files.names import legible, utf8
from audiolime_ext.progress.displays import say
from audiolime_ext.progress.stages import Ended, stage
from audiolime_ext.text import share_of

DEATHS = 3
_BREAK_S = 10.0  # how long the other processes of a broken pool may take to end
_CRASHES_FOR_ALL = (
    "the model crashes the process that asks it about noise, and so would for every recording; ask it by "
    "itself to see why, or use fewer workers (--workers) or a smaller --batch-size if memory runs out"
)


class Driver:
    """Measures what a store lacks.

    Parameters
    ----------
    store : Results
        Store of the results, open for writing.
    keep : callable of (entry, result)
        Writer of what came of a recording to that store.
    engine : Engine
        Workers that measure.
    policy : Policy
        Policy for failures.
    donors : Donors or None
        Drawer of donors; None: a recording needs no other.
    usual_s : float or None
        Length of most excerpts in seconds; None: that of each one.
    doing, unit : str
        Words for what is being done, and to what.
    besides : str
        Words for what is kept besides the results, and where; "" for nothing.
    say : callable of str, or None
        Receiver of warnings while it runs; None: each is a line on stderr.
    """

    def __init__(
        self,
        store: Results,
        keep: Callable[[Any, Any], None],
        engine: Engine,
        policy: Policy,
        *,
        donors: Donors | None = None,
        usual_s: float | None = None,
        doing: str = "measuring",
        unit: str = "recording",
        besides: str = "",
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.store, self.keep, self.engine, self.policy = store, keep, engine, policy
        self.donors: Donors = NoDonors() if donors is None else donors
        self.usual_s, self.doing, self.unit, self.say = usual_s, doing, unit, say or _warn
        self.besides = f", {besides}" if besides else ""
        self.patience = Patience(engine, policy.patience_s, self.say)
        self.limit_s = policy.timeout_s or LONGEST_S
        self.tasks: list[Any] = []
        self.tries = {failure.task: failure.tries for failure in store.failures()}
        self.queue: deque[Entry] = deque()
        self.running: dict[Future[Any], tuple[Job, float]] = {}

    def run(self, entries: Sequence[Entry]) -> None:
        """Measure these, except those that are done or have failed as often as they may.

        Raises
        ------
        AudiolimeError
            If a recording fails and the policy is to stop, or if every recording would fail in the same way.
        WorkersLost
            If the workers are gone, or did not answer, for too long.
        KeyboardInterrupt
            If it is interrupted; its message says how many are done.
        """
        self.tasks = [entry.task for entry in entries]
        missing = self._missing()
        self.queue.extend(entry for entry in entries if entry.key in missing)
        n, n_before = len(entries), len(entries) - len(self.queue)
        with stage(self.doing, n, self.unit, before=n_before, stays=True) as self.counting:
            try:
                while self.queue or self.running:
                    self._submit()
                    self._gather()
                    self._stop_late()
                    self.counting.advance(0)
            except WorkersLost as lost:
                raise self._unfinished(lost) from lost
            except Ended:
                raise
            except KeyboardInterrupt as told_to:
                told_to.args = (*told_to.args, self._so_far())
                raise
            finally:
                for future in self.running:
                    future.cancel()
                self.engine.stop()

    def _missing(self) -> set[str]:
        return {task.key for task in self.store.missing(self.tasks, max_tries=1 + self.policy.retries)}

    def _submit(self) -> None:
        while self.queue and len(self.running) < self.engine.n_at_once:
            job = self._job(self.queue.popleft())
            self.running[self.engine.submit(job)] = job, self.patience.clock()

    def _gather(self) -> None:
        suspects = self._settled()
        if suspects and self.engine.shares_fate:
            wait(self.running, _BREAK_S)  # what its other processes ran is lost, too
            for future, (job, _) in list(self.running.items()):
                if not future.done() or not self._settle(job, future):
                    suspects.append(job)
            self.running.clear()
            self.engine.restart()
        while suspects and self.running:  # one of them may go on killing the workers of whatever is measured beside it
            suspects += self._settled()
            self._stop_late()
        for job in suspects:
            self._alone(job.host)

    def _settled(self) -> list[Job]:
        """Wait a moment and keep the results of finished jobs; give those whose workers crashed."""
        self.patience.wait(self.running)
        done = [(future, self.running.pop(future)[0]) for future in list(self.running) if future.done()]
        done.sort(key=lambda one: one[0].cancelled() or one[0].exception() is not None)  # an error may end the audit
        return [job for future, job in done if not self._settle(job, future)]

    def _settle(self, job: Job, future: Future[Any]) -> bool:
        """Keep the result of a job; False if its worker crashed."""
        entry = job.host
        try:
            result = future.result()
        except DonorError as error:
            donor = next(donor for donor in job.donors if donor.key == error.donor)
            self._leave_out(donor, error.reason, entry if error.host else None)
            self.queue.appendleft(entry)
        except CancelledError:
            self.patience.dropped()
            self.queue.appendleft(entry)
            return True
        except (Exception, SystemExit) as error:
            if is_crash(error):
                return False
            if _is_of_the_executor(error):
                self.patience.dropped()
                self.queue.appendleft(entry)
                return True
            if getattr(error, "for_all", False):
                raise _stopped(error, self._reason(error), self.store, f"found at {entry.path}") from error
            self._fail(entry, error)
        else:
            self.keep(entry, result)
            self.counting.advance()
        self.patience.heard()
        return True

    def _alone(self, entry: Entry) -> None:
        """Measure a recording with nothing beside it, until it is done or known to crash its worker by itself."""
        n_deaths = 0
        while not self._settle(job := self._job(entry), self._one(job)):
            part = culprit(parts_of(job), self._crashes)
            n_deaths += part is None
            if part is None and n_deaths < DEATHS:
                continue
            if part is not None and part.probe == "noise":
                raise _stopped(UnfitModel(), _CRASHES_FOR_ALL, self.store, f"found at {entry.path}")
            if part is None or (part.host is entry and not part.donors):
                look = "look at the file" if part and part.probe else "the model crashes on it, or memory runs out"
                self._fail(entry, AudiolimeError(f"it crashes the process that measures it; {look}"))
                return
            if part.donors:
                self._leave_out(part.donors[0], "the model crashes", entry)
            else:
                self._leave_out(part.host, "it crashes the process that measures it")

    def _one(self, job: Job) -> Future[Any]:
        """The result of a job with nothing beside it."""
        future, begun = self.engine.submit(job), self.patience.clock()
        while not future.done() or future.cancelled():
            if future.cancelled():
                self.patience.dropped()
                future, begun = self.engine.submit(job), self.patience.clock()
            self.patience.wait([future])
            if self._is_late(future, begun) and self.engine.trouble(ask=True) is None:
                future.cancel()
                self.engine.restart()
                return failed(self._late())
        if is_crash(future.exception()):
            self.engine.restart()
        return future

    def _crashes(self, part: Job) -> bool:
        """Whether it does so twice: once may be by something else."""
        return all(is_crash(self._one(part).exception()) for _ in range(2))

    def _leave_out(self, donor: Entry, reason: str, host: Entry | None = None) -> None:
        """Draw a donor no more; say so where it does not suit one host, since it is in no list of failures."""
        self.donors.leave_out(donor.key, None if host is None else host.key)
        if host is not None:
            self.say(f"{donor.name} cannot be put into {host.name}, which gets another donor: {reason}")

    def _stop_late(self) -> None:
        late = [future for future, (_, begun) in self.running.items() if self._is_late(future, begun)]
        if not late or self.engine.trouble(ask=True) is not None:  # it may be the workers and not the recordings
            return
        jobs = [self.running.pop(future)[0] for future in late]
        for future in late:
            future.cancel()
        if self.engine.shares_fate:  # they can be stopped only by stopping all
            self.queue.extendleft(job.host for job, _ in self.running.values())
            self.running.clear()
            self.engine.restart()
        for job in jobs:
            self._judge_late(job)

    def _judge_late(self, job: Job) -> None:
        """Find out whether it was a donor that took so long; then the host has another try."""
        if any(donor.key in self.donors.unusable for donor in job.donors):
            self.queue.append(job.host)
            return
        part = culprit(files_of(job), self._takes_too_long) if job.donors else None
        if part is None or part.host is job.host:
            self._fail(job.host, self._late())
        else:
            self._leave_out(part.host, "it takes too long")
            self.queue.append(job.host)

    def _takes_too_long(self, part: Job) -> bool:
        return isinstance(self._one(part).exception(), _Late)

    def _is_late(self, future: Future[Any], begun: float) -> bool:
        return self.patience.clock() - begun > self.limit_s and not future.done()

    def _late(self) -> _Late:
        return _Late(f"it took longer than {self.limit_s:g} s; allow more time, or take a shorter excerpt")

    def _unfinished(self, lost: WorkersLost) -> WorkersLost:
        """The error with what has happened, what is kept, and how to go on."""
        given = [job.host.path for job, _ in self.running.values()]
        waited = f" (they had {', '.join(map(str, given[:3]))}{', …' if len(given) > 3 else ''})" if given else ""
        return WorkersLost(
            f"{lost}{waited}; {self._share_done(verb=True)} done and kept in {legible(self.store.path)}: "
            "start workers and give the same command again, and it goes on from there (to wait longer: "
            "--cluster-patience, patience_s)"
        )

    def _so_far(self) -> str:
        """What an interrupted run has to say."""
        kept = f"kept in {legible(self.store.path)}{self.besides}"
        return f"{self._share_done()} done and {kept}; run the same command again to go on"

    def _share_done(self, *, verb: bool = False) -> str:
        """How many are done: ``10 of 72 recordings``; those that failed are not."""
        n = len(self.tasks)
        told = share_of(n - len(self.store.missing(self.tasks, max_tries=sys.maxsize)), n, self.unit)
        return told if verb else told.rpartition(" ")[0]

    def _job(self, entry: Entry) -> Job:
        return Job(entry, self.donors.of(entry), self.usual_s)

    def _fail(self, entry: Entry, error: BaseException) -> None:
        """Keep that a recording could not be measured; queue it again if attempts are left."""
        reason = self._reason(error)
        self.store.fail(entry.task, entry.name, reason)
        if self.policy.on_error == "stop":
            raise _stopped(error, f"{entry.path}: {reason}", self.store, "stopped there")
        self.tries[entry.key] = self.tries.get(entry.key, 0) + 1
        if self.tries[entry.key] <= self.policy.retries:
            self.queue.append(entry)
        else:
            self.counting.advance()

    def _reason(self, error: BaseException) -> str:
        fewer = isinstance(error, MemoryError) and self.engine.n_at_once > 1
        return told(error) + ("; or use fewer workers, which leaves more to each (--workers)" if fewer else "")


class _Late(AudiolimeError):
    """A job took longer than it may."""


def _warn(message: str) -> None:
    """A line on stderr, above the progress bar."""
    say(f"audiolime: warning: {utf8(message)}")


def _is_of_the_executor(error: BaseException) -> bool:
    """Whether Dask's executor tripped over an answer whose worker was gone when it was handed on.

    It takes such an answer for an error, and unpacks it. An error that a worker raised is never mistaken for this.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = None if trace is None else trace.tb_frame.f_globals.get("__name__")
    return where == "distributed.cfexecutor" and isinstance(error, TypeError) and "unpack" in str(error)


def _stopped(error: BaseException, reason: str, store: Results, where: str) -> AudiolimeError:
    kind = type(error) if isinstance(error, AudiolimeError) else AudiolimeError
    return kind(f"{reason} ({where}; what was done is kept in {store.path} and not done again)")
