"""Who is at fault where a job cannot be measured: the recording, one of its donors, or the model.

A job is a host with its donors; its *parts* are less than that, from the stems of one file up to the host with one
donor. Measured one after the other, with nothing beside them, they tell whose fault it is: that of the first which
cannot be measured either. So a host is never blamed for its donor, nor any recording for what ran beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor

from audiolime_ext.collection.engine.jobs import Job

_CRASHES = ("KilledWorker", "BrokenExecutor", "BrokenProcessPool")  # by name: Dask need not be installed


def is_crash(error: BaseException | None) -> bool:
    """Whether an error says that the worker of a job has died."""
    return isinstance(error, BrokenExecutor) or type(error).__name__ in _CRASHES


def files_of(job: Job) -> Iterator[Job]:
    """The parts that make the stems of one file only: of the host, then of each donor."""
    yield from (Job(entry, probe="stems") for entry in (job.host, *job.donors))


def parts_of(job: Job) -> Iterator[Job]:
    """All parts: those of `files_of`, noise, the host alone, and with each donor alone."""
    yield from files_of(job)
    yield Job(job.host, (), job.usual_s, "noise")
    yield Job(job.host, (), job.usual_s)
    yield from (Job(job.host, (donor,), job.usual_s) for donor in job.donors)


def culprit(parts: Iterator[Job], fails: Callable[[Job], bool]) -> Job | None:
    """The first part that fails; None: all can be measured."""
    return next(filter(fails, parts), None)
