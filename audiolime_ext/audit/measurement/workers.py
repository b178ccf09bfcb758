"""Who does the measuring: this process, processes of its own, or any executor, such as that of a Dask cluster.

Only small jobs travel. A worker builds its models once, from their specs, and checks that they are the driver's: a
machine of a cluster may have other weights under the same name. Workers are spawned, never forked: a forked one would
hold the store's lock, and libraries with threads do not survive a fork. A worker whose driver was killed ends itself.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context, parent_process
from typing import Any, Protocol

from audiolime_ext.audit.measurement.fitness import ask_about_noise
from audiolime_ext.audit.measurement.heard import Ears
from audiolime_ext.audit.measurement.measure import Job, Measured, Settings, measure
from audiolime_ext.errors import AudiolimeError, UsageError, WorkersLost, told
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.prediction.function import FunctionModel
from audiolime_ext.prediction.loading import load_model

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
_SCHEDULER_S = 10  # how long a scheduler may take to say how many workers it has


@dataclass(frozen=True)
class Models:
    """The models that a worker builds, with their fingerprints; `factorization` None: recordings bring their stems."""

    model: str
    model_fingerprint: str
    factorization: str | None
    factorization_fingerprint: str
    settings: Settings
    sr: int | None = None
    batch_size: int | None = None


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

    def submit(self, job: Job) -> Future[Measured]:
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
    """Measures in this process: for models that live in it only, and for debugging."""

    n_at_once, shares_fate = 1, True

    def __init__(self, ears: Ears, settings: Settings) -> None:
        self.ears, self.settings = ears, settings

    def submit(self, job: Job) -> Future[Measured]:
        """Measure a job at once."""
        future: Future[Measured] = Future()
        try:
            future.set_result(_done(job, self.ears, self.settings))
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

    def __init__(self, models: Models, n_workers: int, *, threads: int = 1) -> None:
        self.models, self.n_at_once, self.threads = models, n_workers, threads
        self._pool = self._fresh()

    def submit(self, job: Job) -> Future[Measured]:
        """Hand a job to the next free process."""
        with _environment(dict.fromkeys(THREADS, str(self.threads))), _deaf():  # inherited by a process that starts now
            try:
                return self._pool.submit(measure_with, self.models, job)
            except BrokenExecutor as error:  # a process has crashed in the meantime: this job shares its fate
                return failed(error)

    def trouble(self, *, ask: bool = False) -> str | None:
        """Nothing: a process that dies is noticed at once, and one that hangs is killed in the end."""
        return None

    def restart(self) -> None:
        """Kill the processes and start new ones."""
        self.stop()
        self._pool = self._fresh()

    def stop(self) -> None:
        """Kill the processes: what they hold can be measured again."""
        for process in list((getattr(self._pool, "_processes", None) or {}).values()):
            process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _fresh(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.n_at_once, mp_context=get_context("spawn"), initializer=_begin)


class Borrowed:
    """Any executor; it belongs to whoever made it and is not shut down.

    Parameters
    ----------
    models : Models
        Models that its workers build.
    executor : concurrent.futures.Executor
        Executor, whose workers must be able to import `audiolime_ext` and to read the recordings under the same paths.
    n_at_once : int
        Number of jobs to hand to it at a time.
    """

    shares_fate = False

    def __init__(self, models: Models, executor: Executor, n_at_once: int) -> None:
        self.models, self.executor, self.n_at_once = models, executor, n_at_once
        self._client = getattr(executor, "_client", None)  # of Dask, which knows how many workers there are
        scheduler = getattr(self._client, "scheduler", None)
        self.where = str(getattr(scheduler, "address", None) or f"the executor {type(executor).__name__}")
        self._asked: Future[Any] | None = None

    def submit(self, job: Job) -> Future[Measured]:
        """Hand a job to the executor.

        Raises
        ------
        WorkersLost
            If it takes no more jobs.
        """
        return self._submitted(measure_with, self.models, job)

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


def failed(error: BaseException) -> Future[Measured]:
    """A job that has ended in an error."""
    future: Future[Measured] = Future()
    future.set_exception(error)
    return future


def _n_cores(client: Any) -> int | None:
    """Number of cores of a Dask cluster's workers; None: its scheduler does not say."""
    try:
        return int(sum(client.ncores(callback_timeout=_SCHEDULER_S).values()))
    except Exception:  # noqa: BLE001 - whatever it is, there was no answer
        return None


def measure_with(models: Models, job: Job) -> Measured:
    """Measure a job in a worker, with models that are built once."""
    try:
        ears = _ears(models)
    except AudiolimeError as error:
        error.for_all = True
        raise
    try:
        return _done(job, ears, models.settings)
    except (AudiolimeError, MemoryError):
        raise
    except Exception as error:  # of a class that may not travel, or that the driver cannot make again
        raise AudiolimeError(told(error)) from error


def _done(job: Job, ears: Ears, settings: Settings) -> Measured:
    if job.probe == "stems":
        ears.hear(job.host)
    elif job.probe == "noise":
        ask_about_noise(ears.model, job.usual_s or job.host.duration_s)
    if job.probe:
        return Measured((), {}, 0)
    return measure(job, ears, settings)


@lru_cache(maxsize=1)
def _ears(models: Models) -> Ears:
    try:
        model = load_model(models.model, sr=models.sr, batch_size=models.batch_size)
        separator = None if models.factorization is None else load_factorization(models.factorization)
    except Exception as error:
        if isinstance(error, AudiolimeError):
            raise
        named = " and ".join(filter(None, (models.model, models.factorization)))
        raise AudiolimeError(f"a worker cannot build {named} ({type(error).__name__}: {error})") from error
    found = {models.model: model.fingerprint, models.factorization: getattr(separator, "fingerprint", "")}
    if isinstance(model, FunctionModel) and model.version is None:
        del found[models.model]  # a hash of answers, which may be rounded differently on another machine
    wanted = {models.model: models.model_fingerprint, models.factorization: models.factorization_fingerprint}
    for spec in found:
        if found[spec] != wanted[spec]:
            raise UsageError(
                f"{spec} is another model in the worker than in the driver (fingerprint {found[spec]!r}, not "
                f"{wanted[spec]!r}); give all machines the same files and versions"
            )
    return Ears(model, separator)


def _begin() -> None:
    """Prepare a new worker: it leaves Ctrl-C to the driver, and ends when the driver has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if _MASKS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])  # its own children should hear it
    from tqdm import tqdm

    tqdm.set_lock(threading.RLock())  # its own is one of the system's, which would outlast a worker that is killed
    threading.Thread(target=_end_with_the_driver, daemon=True).start()


def _end_with_the_driver() -> None:
    if (driver := parent_process()) is not None:
        driver.join()
        os._exit(1)


@contextmanager
def _deaf() -> Iterator[None]:
    """Hear Ctrl-C only afterwards; a process that starts within does not hear it before it is ready."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]) if _MASKS else None
    try:
        yield
    finally:
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _environment(values: dict[str, Any]) -> Iterator[None]:
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
