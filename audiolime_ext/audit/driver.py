"""The loop that hands out jobs and keeps what comes back: the only one that writes to the store.

One recording that cannot be measured never costs another. Where a worker crashes, whatever it ran is measured once more
with nothing beside it, and the recording that crashes alone is the culprit: the host or, as its donor, another one.
Donors that cannot be used are replaced by the next on the ring (see `audiolime_ext.audit.plan`), so the results are
those of an audit in which they had never been.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass
from typing import Literal

from audiolime_ext.audit.measure import DonorError, Job, Measured
from audiolime_ext.audit.plan import Donors
from audiolime_ext.audit.records import Entry
from audiolime_ext.audit.store import AuditStore
from audiolime_ext.audit.workers import Engine, failed
from audiolime_ext.errors import AudiolimeError, UsageError

_LOOK_S = 0.2  # how often the clock is looked at where there is a limit of time
_CRASHES = ("KilledWorker", "BrokenExecutor", "BrokenProcessPool")  # by name: Dask need not be installed


@dataclass(frozen=True)
class Policy:
    """What to do where a recording cannot be measured.

    Parameters
    ----------
    on_error
        ``"record"`` it and go on, or ``"stop"``.
    retries
        How often it is tried again.
    timeout_s
        After so many seconds it counts as failed; None: never.
    """

    on_error: Literal["record", "stop"] = "record"
    retries: int = 0
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        """Check them."""
        if self.on_error not in ("record", "stop"):
            raise UsageError(f"on_error must be 'record' or 'stop', not {self.on_error!r}")
        if self.retries < 0 or (self.timeout_s is not None and not self.timeout_s > 0):
            raise UsageError(f"retries must be 0 or more and timeout_s positive: {self.retries}, {self.timeout_s}")


class Driver:
    """Measures what is missing in a store.

    Parameters
    ----------
    store
        Open for writing.
    donors
        Draws them.
    engine
        Measures.
    policy
        For failures.
    """

    def __init__(self, store: AuditStore, donors: Donors, engine: Engine, policy: Policy) -> None:
        self.store, self.donors, self.engine, self.policy = store, donors, engine, policy
        self.tries = {failure.task: failure.tries for failure in store.failures()}
        self.queue: deque[Entry] = deque()
        self.running: dict[Future[Measured], tuple[Entry, float]] = {}

    def run(self, entries: Sequence[Entry]) -> None:
        """Measure these, but for those that are done or have failed as often as they may.

        Raises
        ------
        AudiolimeError
            Where the policy is to stop at a failure: that of the recording.
        """
        from tqdm import tqdm

        missing = {
            task.key for task in self.store.missing([e.task for e in entries], max_tries=1 + self.policy.retries)
        }
        self.queue.extend(entry for entry in entries if entry.key in missing)
        with tqdm(
            total=len(entries), initial=len(entries) - len(self.queue), desc="auditing", unit="recording", disable=None
        ) as self.bar:
            try:
                while self.queue or self.running:
                    self._submit()
                    self._gather()
                    self._stop_late()
            finally:
                self.engine.stop()

    def _submit(self) -> None:
        while self.queue and len(self.running) < self.engine.n_at_once:
            entry = self.queue.popleft()
            self.running[self.engine.submit(self._job(entry))] = entry, time.monotonic()

    def _gather(self) -> None:
        wait(self.running, _LOOK_S if self.policy.timeout_s else None, FIRST_COMPLETED)
        suspects = []
        for future in [future for future in self.running if future.done()]:
            entry, _ = self.running.pop(future)
            if not self._settle(entry, future):
                suspects.append(entry)
        if suspects and self.engine.shares_fate:
            wait(self.running)  # whatever it ran is lost with it
            suspects += [entry for future, (entry, _) in self.running.items() if not self._settle(entry, future)]
            self.running.clear()
            self.engine.restart()
        for entry in suspects:
            self._alone(entry)

    def _settle(self, entry: Entry, future: Future[Measured]) -> bool:
        """Keep what came of a job; False if its worker crashed."""
        try:
            measured = future.result()
        except DonorError as error:
            self.donors.unusable.add(error.donor)
            self.queue.appendleft(entry)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is this recording's
            if _is_crash(error):
                return False
            self._fail(entry, error)
        else:
            self.store.put(entry.task, entry.name, measured.measurements, measured.facts)
            self.bar.update()
        return True

    def _alone(self, entry: Entry) -> None:
        """Measure a recording with nothing beside it; one that crashes now is known to be the culprit."""
        while not self._settle(entry, self._one(job := self._job(entry))):
            culprit = next((e for e in (entry, *job.donors) if self._crashes(e)), None)
            if culprit is None or culprit is entry:
                self._fail(entry, AudiolimeError("it crashes the process that measures it; look at the file"))
                return
            self.donors.unusable.add(culprit.key)

    def _one(self, job: Job) -> Future[Measured]:
        future = self.engine.submit(job)
        if not wait([future], self.policy.timeout_s).done:
            self.engine.restart()
            return failed(self._late())
        if _is_crash(future.exception()):
            self.engine.restart()
        return future

    def _crashes(self, entry: Entry) -> bool:
        return _is_crash(self._one(Job(entry, probe=True)).exception())

    def _stop_late(self) -> None:
        limit = self.policy.timeout_s
        late = [
            f for f, (_, begun) in self.running.items() if limit and time.monotonic() - begun > limit and not f.done()
        ]
        if not late:
            return
        for future in late:
            entry, _ = self.running.pop(future)
            future.cancel()
            self._fail(entry, self._late())
        if self.engine.shares_fate:  # they can be stopped only by stopping all
            self.queue.extendleft(entry for entry, _ in self.running.values())
            self.running.clear()
            self.engine.restart()

    def _late(self) -> AudiolimeError:
        return AudiolimeError(f"it took longer than {self.policy.timeout_s:g} s; allow more, or a shorter excerpt")

    def _job(self, entry: Entry) -> Job:
        return Job(entry, self.donors.of(entry))

    def _fail(self, entry: Entry, error: BaseException) -> None:
        """Keep that a recording could not be measured; try it again later if it may be."""
        told = isinstance(error, AudiolimeError)
        reason = str(error) if told else f"unexpected {type(error).__name__}: {error}"
        self.store.fail(entry.task, entry.name, reason)
        if self.policy.on_error == "stop":
            raise _stopped(error, entry, reason, self.store)
        self.tries[entry.key] = self.tries.get(entry.key, 0) + 1
        if self.tries[entry.key] <= self.policy.retries:
            self.queue.append(entry)
        else:
            self.bar.update()


def _is_crash(error: BaseException | None) -> bool:
    return isinstance(error, BrokenExecutor) or type(error).__name__ in _CRASHES


def _stopped(error: BaseException, entry: Entry, reason: str, store: AuditStore) -> AudiolimeError:
    kind = type(error) if isinstance(error, AudiolimeError) else AudiolimeError
    return kind(f"{entry.path}: {reason} (stopped there; what was done is kept in {store.path} and not done again)")
