"""How the command ends when it is told to: by Ctrl-C, SIGTERM (as batch systems send) or SIGHUP (the terminal is gone).

Each raises `Told`, so that everything undoes what is half done on its way out; the exit code is 128 + the signal's
number, as shells have it. What was ignored when the command began, as under ``nohup``, stays ignored. Only the command
installs handlers, and it puts back those that were there.
"""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_AGAIN_S = 0.05
_ONE_S = 1.0  # presses within it are one
_WORDS = {signal.SIGINT: "interrupted"}
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Told(KeyboardInterrupt):
    """The command was told to end, by this signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def kept(self) -> str:
        """What became of the work: what whoever was interrupted has added to `args`, else that nothing is half done."""
        return str(self.args[-1]) if len(self.args) > 1 else "nothing is left half-written"

    @property
    def exit_code(self) -> int:
        """130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + self.number

    def __str__(self) -> str:
        name = signal.Signals(self.number)
        return _WORDS.get(name, f"ended by {name.name}")


class Ears:
    """What is heard while a command runs: the signal that told it to end, or None."""

    told: Told | None = None
    _told_s = -math.inf

    def hear(self, number: int, _: Any) -> None:
        """Handle a signal; one that comes at once after another says no more, and must not disturb the undoing."""
        before, self._told_s = self._told_s, time.monotonic()
        if self._told_s - before < _ONE_S:
            return
        self.told = Told(number)
        raise self.told

    def insist(self, ignored: Any) -> None:
        """Stand in for `sys.unraisablehook`: what falls where Python raises nothing, as in a callback, comes again."""
        if isinstance(ignored.exc_value, Told):
            self._told_s = -math.inf
            threading.Timer(_AGAIN_S, signal.raise_signal, [ignored.exc_value.number]).start()
        else:
            sys.__unraisablehook__(ignored)


@contextmanager
def listening() -> Iterator[Ears]:
    """Let signals raise `Told` within, in the main thread; elsewhere nothing is handled."""
    ears, before = Ears(), {}
    if threading.current_thread() is not threading.main_thread():
        yield ears
        return
    hook, sys.unraisablehook = sys.unraisablehook, ears.insist
    try:
        for number in _SIGNALS:
            if (was := signal.getsignal(number)) not in (signal.SIG_IGN, None):
                before[number] = was
                signal.signal(number, ears.hear)
        yield ears
    finally:
        sys.unraisablehook = hook
        for number, was in before.items():
            signal.signal(number, was)
