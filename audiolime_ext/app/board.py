"""How far everything is, for those who look on: each change has a number, so that one who comes back goes on there.

Whoever looks is told the state of what changed, not the steps in between: a slow reader costs no memory.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

MOST_GONE = 2000  # removed jobs that are remembered
SERVER = ""  # the name under which the server's own state changes


class Board:
    """Numbers of the last changes of jobs, and how far those are that run; it is used in one event loop."""

    def __init__(self) -> None:
        self.boot = secrets.token_hex(4)
        self.number = 0
        self.closed = False
        self.progress: dict[str, dict[str, Any]] = {}
        self._changed: dict[str, int] = {}  # by name, the last change last
        self._gone: dict[str, int] = {}
        self._bell = asyncio.Event()

    def touch(self, id: str = SERVER, progress: dict[str, Any] | None = None) -> None:
        """Say that a job, or the server, is not as it was."""
        self.number += 1
        self._changed.pop(id, None)
        self._changed[id] = self.number
        if progress is None:
            self.progress.pop(id, None)
        else:
            self.progress[id] = progress
        self._ring()

    def remove(self, id: str) -> None:
        """Say that a job is gone."""
        self.number += 1
        self._changed.pop(id, None)
        self.progress.pop(id, None)
        self._gone[id] = self.number
        while len(self._gone) > MOST_GONE:
            self._gone.pop(next(iter(self._gone)))
        self._ring()

    def close(self) -> None:
        """Let those who wait go: the server ends."""
        self.closed = True
        self._ring()

    def name(self) -> str:
        """The name of the last change, which a reader gives back."""
        return f"{self.boot}-{self.number}"

    def since(self, name: str | None) -> int | None:
        """The number of the change that a reader knows; None: it must be told everything anew."""
        boot, mark, number = (name or "").partition("-")
        known = boot == self.boot and mark and number.isdecimal() and len(number) < 16
        if not known or int(number) > self.number or (self._gone and int(number) < self._gone_first()):
            return None
        return int(number)

    def _gone_first(self) -> int:
        return next(iter(self._gone.values())) if len(self._gone) >= MOST_GONE else 0

    def changes(self, after: int) -> tuple[list[str], list[str]]:
        """The names of what changed, and of what is gone, after a number."""
        changed = [id for id, number in self._changed.items() if number > after]
        return changed, [id for id, number in self._gone.items() if number > after]

    async def wait(self, seconds: float) -> None:
        """Until something changes, or for some seconds."""
        try:
            await asyncio.wait_for(self._bell.wait(), seconds)
        except asyncio.TimeoutError:
            return

    async def pace(self, seconds: float) -> None:
        """For some seconds, however much changes meanwhile; less where all ends."""
        if not self.closed:
            await asyncio.sleep(seconds)

    def _ring(self) -> None:
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()
