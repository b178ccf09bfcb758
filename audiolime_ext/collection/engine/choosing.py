"""Which engine works: this process, processes of its own, or an executor that somebody else made."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from audiolime_ext.collection.engine.jobs import Work
from audiolime_ext.collection.engine.workers import Borrowed, Engine, Here, Processes
from audiolime_ext.errors import UsageError


def chosen(
    work: Work,
    ready: Any,
    *,
    only_here: str | None = None,
    workers: int | None = None,
    threads: int = 1,
    executor: Executor | None = None,
    at_once: int | None = None,
) -> Callable[[], Engine]:
    """A maker of the engine that is asked for.

    Parameters
    ----------
    work : Work
        Work to do.
    ready : object
        Object that the work needs, made in this process.
    only_here : str or None
        Name of what lives in the memory of this process and cannot travel, such as "the model"; None: everything can.
    workers : int or None
        Number of processes; 0: this one; None: one for each core, or this one where something cannot travel.
    threads : int
        Number of threads of each process.
    executor : concurrent.futures.Executor or None
        Executor that works instead of own processes.
    at_once : int or None
        Number of jobs that it is given at a time; None: twice the number of cores.

    Raises
    ------
    UsageError
        If workers are asked for, and something cannot travel to them.
    """
    if workers == 0 or (workers is None and executor is None and only_here):
        return lambda: Here(work, ready)
    if only_here:
        raise UsageError(
            f"{only_here} lives in this process only; name it by a spec such as package.module:name, or give workers=0"
        )
    if executor is not None:
        return lambda: Borrowed(work, executor, at_once or 2 * n_cores())
    n_workers = workers or n_cores()
    return lambda: Processes(work, n_workers, threads=threads)


def n_cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
