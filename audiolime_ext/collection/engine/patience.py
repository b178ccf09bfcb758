"""How long a driver waits for workers that do not answer: never without a bound.

A cluster may lose its workers, and get others a minute later; an executor may stop answering. As long as that lasts,
the user is told so and nothing counts as late. After `patience_s` it ends: what is done is kept, and the same
command goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from audiolime_ext.collection.engine.workers import Engine
from audiolime_ext.errors import WorkersLost

LOOK_S = 0.2  # how often jobs and the clock are looked at
_ASK_S = 2.0  # how often the engine is asked how its workers are
_SAY_S = 60.0  # how often the user is told that there is still no answer


class Patience:
    """Waits for jobs as long as there are workers to do them.

    Parameters
    ----------
    engine : Engine
        Engine whose workers are waited for.
    patience_s : float
        Seconds for which they may be silent.
    say : callable of str
        Receiver of the messages.
    """

    def __init__(self, engine: Engine, patience_s: float, say: Callable[[str], None]) -> None:
        self.engine, self.patience_s, self.say = engine, patience_s, say
        self._since: float | None = None  # when the silence began
        self._silent_s = 0.0  # of earlier silences
        self._dropped = False
        self._asked = self._said = -float("inf")

    def clock(self) -> float:
        """Seconds that stand still while nobody answers."""
        now = time.monotonic()
        return now - self._silent_s - (0.0 if self._since is None else now - self._since)

    def wait(self, jobs: Collection[Future[Any]]) -> None:
        """Wait a moment for the first of the jobs.

        Raises
        ------
        WorkersLost
            If there was no answer for too long.
        """
        wait(jobs, LOOK_S, FIRST_COMPLETED)
        if self._dropped:
            time.sleep(LOOK_S)  # such jobs are done at once, and handed out anew
        now = time.monotonic()
        if now - self._asked < min(_ASK_S, self.patience_s / 4):
            return
        trouble = self.engine.trouble()
        self._asked = now = time.monotonic()
        if trouble is None and self._dropped:
            trouble = "the workers drop what they are given"
        if trouble is None:
            self._end_silence(now)
        else:
            self._bear(trouble, now)

    def heard(self) -> None:
        """A job has come back; it may have been done before the workers were gone, so the engine is asked anew."""
        self._dropped = False
        if self._since is not None:
            now = time.monotonic()
            self._silent_s += now - self._since
            self._since, self._asked = now, -float("inf")

    def dropped(self) -> None:
        """A job was cancelled by whoever had it, as where the connection to a scheduler breaks."""
        self._dropped = True

    def _bear(self, trouble: str, now: float) -> None:
        if self._since is None:
            self._since = now
        left = self.patience_s - (now - self._since)
        if left <= 0:
            raise WorkersLost(f"{trouble}, for {self.patience_s:g} s")
        if now - self._said >= _SAY_S:
            self._said = now
            self.say(f"{trouble}; waiting, {left:.0f} s more")

    def _end_silence(self, now: float) -> None:
        if self._since is not None:
            self._silent_s += now - self._since
            self._since, self._said = None, -float("inf")
            self.say("the workers answer again")
