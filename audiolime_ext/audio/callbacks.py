"""Signals while a C library reads and writes through our own objects.

libsndfile asks a Python object for bytes, or hands it some, from within C. What is raised there is lost: it goes to
`sys.unraisablehook`, the library is told that there are no more bytes, and goes on. Ctrl-C in such a moment would cut a
sound short *without a word*. So signals wait until the library has returned; it is called for a block, or a piece of
a few minutes, at a time.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let the signals that end a program come behind the end of this context, where what they raise is not lost.

    Only handlers in Python wait, and only in the main thread, the one in which they run.

    Examples
    --------
    >>> try:
    ...     with undisturbed():
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("goes on")
    ... except KeyboardInterrupt:
    ...     print("is interrupted here")
    goes on
    is interrupted here
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before, came = dict[int, Any](), list[int]()

    def wait(number: int, _: Any) -> None:
        came.append(number)

    try:
        for number in _SIGNALS:
            if callable(was := signal.getsignal(number)):
                before[number] = was
                signal.signal(number, wait)
        yield
    finally:
        for number, was in before.items():
            signal.signal(number, was)
        for number in came[:1]:
            signal.raise_signal(number)
