"""Who does the measuring: this process, processes of its own, or any executor, such as that of a Dask cluster.

Only small jobs travel, with the work that is to be done with them (see `audiolime_ext.collection.engine.jobs.Work`). A
worker makes what the work needs, such as models, once. Workers are spawned, never forked: a forked one would hold the
store's lock, and libraries with threads do not survive a fork. A worker whose driver was killed ends itself.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as NotInTime  # until Python 3.11 another than Python's own
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing import get_context, parent_process
from typing import Any, Protocol

from audiolime_ext.collection.engine.jobs import Job, Work
from audiolime_ext.errors import AudiolimeError, UsageError, WorkersLost, told
from audiolime_ext.progress.displays import show_none
from audiolime_ext.progress.stages import reporting

# Threads within a worker: of ONNX Runtime (see `audiolime_ext.networks.graph`), BLAS, OpenMP, Numba and TensorFlow.
THREADS = (
    "AUDIOLIME_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)

_MASKS = hasattr(signal, "pthread_sigmask")  # Windows has none
START_S = 300.0  # how long the first process may take to start
_NO_PROCESSES = (
    "worker processes cannot be started: they end at once. Each imports the script that made the call, so make it "
    'under if __name__ == "__main__":, or measure in this process (workers=0, --workers 0)'
)
_SCHEDULER_S = 10  # how long a scheduler may take to say how many workers it has


class Engine(Protocol):
    """What measures jobs.

    Attributes
    ----------
    n_at_once : int
        Number of jobs that it should have at a time.
    shares_fate : bool
        True if a job that crashes takes the others down.
    """

    n_at_once: int
    shares_fate: bool

    def submit(self, job: Job) -> Future[Any]:
        """Begin to measure a job."""
        ...

    def trouble(self, *, ask: bool = False) -> str | None:
        """What is known to be wrong with the workers; None: they answer. `ask` makes sure that they do."""
        ...

    def restart(self) -> None:
        """Give up what runs and be ready again."""
        ...

    def stop(self) -> None:
        """Give up what runs, for good."""
        ...


class Here:
    """Measures in this process: for models that live in it only, and for debugging.

    Parameters
    ----------
    work : Work
        Work to do.
    ready : object
        Object that the work needs, as its `ready` makes it.
    """

    n_at_once, shares_fate = 1, True

    def __init__(self, work: Work, ready: Any) -> None:
        self.work, self.ready = work, ready

    def submit(self, job: Job) -> Future[Any]:
        """Measure a job at once."""
        future: Future[Any] = Future()
        try:
            future.set_result(self.work.done(self.ready, job))
        except Exception as error:  # noqa: BLE001 - raised to whoever asks for the result
            return failed(error)
        return future

    def trouble(self, *, ask: bool = False) -> str | None:  # noqa: D102
        return None

    def restart(self) -> None:  # noqa: D102
        pass

    def stop(self) -> None:  # noqa: D102
        pass


class Processes:
    """Processes of its own, each with `threads` threads."""

    shares_fate = True

    def __init__(self, work: Work, n_workers: int, *, threads: int = 1) -> None:
        self.work, self.n_at_once, self.threads = work, n_workers, threads
        self._pool = self._fresh()

    def submit(self, job: Job) -> Future[Any]:
        """Hand a job to the next free process."""
        with environment(dict.fromkeys(THREADS, str(self.threads))), deaf():  # inherited by a process that starts now
            try:
                return self._pool.submit(work_on, self.work, job)
            except BrokenExecutor as error:  # a process has crashed in the meantime: this job shares its fate
                return failed(error)

    def trouble(self, *, ask: bool = False) -> str | None:
        """Nothing: a process that dies is noticed at once, and one that hangs is killed in the end."""
        return None

    def restart(self) -> None:
        """Kill the processes and start new ones.

        Raises
        ------
        UsageError
            If none can be started.
        WorkersLost
            If none has started for five minutes.
        """
        self.stop()
        self._pool = self._fresh()
        with environment(dict.fromkeys(THREADS, str(self.threads))), deaf():
            first = self._pool.submit(float, 0)
        try:
            first.result(START_S)
        except BrokenExecutor as error:
            raise UsageError(_NO_PROCESSES) from error
        except NotInTime as error:
            raise WorkersLost(f"no worker process has started within {START_S:g} s") from error

    def stop(self) -> None:
        """Kill the processes: what they hold can be measured again."""
        for process in list((getattr(self._pool, "_processes", None) or {}).values()):
            process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _fresh(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.n_at_once, mp_context=get_context("spawn"), initializer=begin)


class Borrowed:
    """Any executor; it belongs to whoever made it and is not shut down.

    Parameters
    ----------
    work : Work
        Work to do.
    executor : concurrent.futures.Executor
        Executor, whose workers must be able to import `audiolime_ext` and to read the recordings under the same paths.
    n_at_once : int
        Number of jobs to hand to it at a time.
    """

    shares_fate = False

    def __init__(self, work: Work, executor: Executor, n_at_once: int) -> None:
        self.work, self.executor, self.n_at_once = work, executor, n_at_once
        self._client = getattr(executor, "_client", None)  # of Dask, which knows how many workers there are
        scheduler = getattr(self._client, "scheduler", None)
        self.where = str(getattr(scheduler, "address", None) or f"the executor {type(executor).__name__}")
        self._asked: Future[Any] | None = None

    def submit(self, job: Job) -> Future[Any]:
        """Hand a job to the executor.

        Raises
        ------
        WorkersLost
            If it takes no more jobs.
        """
        return self._submitted(work_on, self.work, job)

    def _submitted(self, work: Callable[..., Any], *given: Any) -> Future[Any]:
        try:
            return self.executor.submit(work, *given)
        except Exception as error:
            raise WorkersLost(f"{self.where} takes no more recordings ({type(error).__name__}: {error})") from error

    def trouble(self, *, ask: bool = False) -> str | None:
        """That no worker is left, where the executor knows how many there are; or that it does not answer."""
        n_cores = None if self._client is None else _n_cores(self._client)
        if n_cores == 0:
            return f"no worker left at {self.where}"
        if ask and self._asked is None:
            self._asked = self._submitted(float, time.monotonic())  # never the same call: executors may keep answers
        if (self._client is not None and n_cores is None) or (self._asked is not None and not self._asked.done()):
            return f"{self.where} does not answer"
        if ask:
            self._asked = None
        return None

    def restart(self) -> None:  # noqa: D102
        pass

    def stop(self) -> None:  # noqa: D102
        pass


def failed(error: BaseException) -> Future[Any]:
    """A job that has ended in an error."""
    future: Future[Any] = Future()
    future.set_exception(error)
    return future


def _n_cores(client: Any) -> int | None:
    """Number of cores of a Dask cluster's workers; None: its scheduler does not say."""
    try:
        return int(sum(client.ncores(callback_timeout=_SCHEDULER_S).values()))
    except Exception:  # noqa: BLE001 - whatever it is, there was no answer
        return None


def work_on(work: Work, job: Job) -> Any:
    """Do the work on a job in a worker, with what was made once for all jobs."""
    try:
        ready = _ready(work)
    except AudiolimeError as error:
        error.for_all = True
        raise
    try:
        with reporting(False):  # the driver counts what is done
            return work.done(ready, job)
    except (AudiolimeError, MemoryError):
        raise
    except Exception as error:  # of a class that may not travel, or that the driver cannot make again
        raise AudiolimeError(told(error)) from error


@lru_cache(maxsize=1)
def _ready(work: Work) -> Any:
    return work.ready()


def begin() -> None:
    """Prepare a new worker: it leaves Ctrl-C to the driver, and ends when the driver has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if _MASKS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])  # its own children should hear it
    show_none()
    threading.Thread(target=_end_with_the_driver, daemon=True).start()


def _end_with_the_driver() -> None:
    if (driver := parent_process()) is not None:
        driver.join()
        os._exit(1)


@contextmanager
def deaf() -> Iterator[None]:
    """Hear Ctrl-C only afterwards; a process that starts within does not hear it before it is ready."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]) if _MASKS else None
    try:
        yield
    finally:
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def environment(values: dict[str, Any]) -> Iterator[None]:
    """Have these variables in the environment, which processes that start within inherit."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
