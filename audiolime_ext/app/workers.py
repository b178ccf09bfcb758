"""Worker processes of the app, as the server sees them: one job at a time each, and none costs more than itself.

- *The server lives*: strangers' files are decoded in these processes alone. One that crashes, is killed for want of
  memory or hangs takes its job with it; the next job gets a new process.
- *Nothing is waited for without a bound*: a worker that says nothing for long is ended.
- *What a worker says is data*: JSON of a bounded length (see `audiolime_ext.app.work`).

Processes are spawned, never forked, and end when the server has ended.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Literal

from audiolime_ext.app.work import LONGEST_WORD, Duty, Order, attend
from audiolime_ext.collection.engine.workers import THREADS, deaf, environment
from audiolime_ext.files.plain import json_of
from audiolime_ext.progress.progress import span

Told = Callable[[dict[str, Any]], object]
_LOOK_S = 0.5  # between two looks at the clock
_STARTING = threading.Lock()  # the environment is one for all
_ENDS = {
    "failed": "its worker process crashed: the file may be damaged, or made to harm",
    "killed": "its worker process was ended by the system, as it is where memory runs out; cut the recording into "
    "shorter files, or end other programs",
}


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Parameters
    ----------
    state : {"done", "failed", "ended", "unready"}
        End of the job: it was done or failed, its worker was told to end, or could not be made ready.
    value : object
        Finding, where it was done.
    told : str
        Reason, where it was not.
    """

    state: Literal["done", "failed", "ended", "unready"]
    value: Any = None
    told: str = ""


class Worker:
    """A process that does one job at a time; `do` waits for it, so it is called in a thread of its own.

    Parameters
    ----------
    duty : Duty
        Duty of the process.
    silence_s : float
        Seconds for which it may say nothing.
    threads : int
        Number of threads of its networks.
    """

    def __init__(self, duty: Duty, *, silence_s: float = 900.0, threads: int = 1) -> None:
        self.duty, self.silence_s, self.threads = duty, silence_s, threads
        self.labels: dict[str, list[str]] = {}
        self.troubles: dict[str, str] = {}
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._ended = False  # it was told to
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Number of the process; None: there is none."""
        return None if self._process is None else self._process.pid

    def start(self, told: Told) -> Outcome:
        """Start the process, where there is none, and wait until it is ready.

        Parameters
        ----------
        told : callable of one dict
            Function that is told how far it is, as `Progress.to_dict` says it.
        """
        if self._process is not None and self._process.is_alive():
            return Outcome("done", self.labels)
        self.stop()
        with self._lock:
            if self._ended:
                return Outcome("ended")
            ours, theirs = get_context("spawn").Pipe()
            process = get_context("spawn").Process(target=attend, args=(theirs, self.duty), daemon=True)
            threads = {**dict.fromkeys(THREADS, "1"), "AUDIOLIME_THREADS": str(self.threads)}  # sums are small
            surroundings = {**threads, "AUDIOLIME_CACHE_MAX": "0"}
            with _STARTING, environment(surroundings), deaf():
                process.start()
            theirs.close()  # so that its end is heard
            self._process, self._pipe = process, ours
        outcome = self._outcome(told, None)
        if outcome.state == "done":
            self.labels = outcome.value
            return outcome
        self.stop()
        if outcome.state == "failed":
            return Outcome("unready", told="a worker process ended while it made the models and separators")
        return outcome

    def do(self, order: Order, told: Told, *, most_s: float | None = None) -> Outcome:
        """Have a job done.

        Parameters
        ----------
        order : Order
            Order to carry out.
        told : callable of one dict
            Function that is told how far it is.
        most_s : float or None
            Seconds that it may take; None: as long as it says something.
        """
        try:
            started = self.start(told)
            if started.state != "done":
                return started
            pipe = self._pipe
            if pipe is not None:
                with suppress(OSError, ValueError):  # it has just died, which is heard below
                    pipe.send_bytes(order.written())
            return self._outcome(told, most_s)
        finally:
            if self._process is None or not self._process.is_alive():
                self.stop()
            self._ended = False

    def end(self) -> None:
        """End the process from any thread; a job that it does has the outcome ``"ended"``."""
        with self._lock:
            self._ended = True
            if self._process is not None:
                self._process.kill()

    def stop(self) -> None:
        """End the process, and forget it."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.join()
                self._process = None
            if self._pipe is not None:
                self._pipe.close()
                self._pipe = None

    def _outcome(self, told: Told, most_s: float | None) -> Outcome:
        """Hear the worker until it has done, dies or is silent for too long."""
        process, pipe = self._process, self._pipe
        begun = heard = time.monotonic()
        while process is not None and pipe is not None:
            events = wait([pipe, process.sentinel], timeout=_LOOK_S)
            now = time.monotonic()
            if pipe in events:
                word = _word(pipe)
                if word is None:
                    return self._death(process)
                kind, value = word
                if kind == "troubles":
                    self.troubles = value
                    continue
                if kind != "at":
                    return _ended_by(kind, value)
                heard = now
                told(value)
            elif events:
                return self._death(process)
            if now - heard > self.silence_s or (most_s is not None and now - begun > most_s):
                return self._too_long(process, most_s if now - heard <= self.silence_s else None)
        return Outcome("ended")

    def _too_long(self, process: BaseProcess, most_s: float | None) -> Outcome:
        process.kill()
        process.join()
        if most_s is not None:
            return Outcome("failed", told=f"reading it took more than {span(most_s)}; it was given up")
        return Outcome("failed", told=f"nothing was heard of the work for {span(self.silence_s)}; it was ended")

    def _death(self, process: BaseProcess) -> Outcome:
        process.join(timeout=10)
        if self._ended:
            return Outcome("ended")
        killed = os.name != "nt" and process.exitcode == -9
        return Outcome("failed", told=_ENDS["killed" if killed else "failed"])


def _word(pipe: Connection) -> tuple[str, Any] | None:
    """What a worker says; None: the pipe is closed, or what came is no word."""
    try:
        kind, value = json_of(pipe.recv_bytes(LONGEST_WORD))
    except (EOFError, OSError, ValueError, TypeError, RecursionError):
        return None
    return str(kind), value


def _ended_by(kind: str, value: Any) -> Outcome:
    if kind in ("done", "ready"):
        return Outcome("done", value)
    return Outcome("unready" if kind == "unready" else "failed", told=str(value))
