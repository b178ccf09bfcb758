"""The stages of the work, in plain words, and who is told how far each one is.

Whatever takes long is a `stage`, wherever it is written; the functions in between know nothing of it. Who is told is
chosen at the top, by `reporting`: a function of the caller's (``explain(…, progress=show)``), nobody (``False``), or
whoever looks at stderr (`audiolime_ext.progress.displays`). It is a context variable, so a thread sees it only where it
runs in a copy of the context; worker processes tell nobody, since their parent counts what they have done.

Invariants:

- *A function is called at most ten times a second for each stage*, always with its beginning and its end.
- *An error that the function raises ends the work*, as Ctrl-C would: it cannot be mistaken for a fault of a recording
  or a model, nothing is left half-written, and the caller gets that error.
- A stage within another of the same name is not told: a song is separated part by part, and its parts block by block.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from audiolime_ext.errors import UsageError
from audiolime_ext.progress import displays
from audiolime_ext.progress.progress import Progress

LEAST_S = 0.1  # between two calls for one stage
Given = ParamSpec("Given")
Found = TypeVar("Found")
Item = TypeVar("Item")


Told = Callable[[Progress], object] | bool | None  # what `progress=` may be


class Stage:
    """A stage that is under way: `advance` says that more is done; `total` may be set once it is known."""

    def __init__(self, to: _Audience, name: str, total: float | None, unit: str, before: float, stays: bool) -> None:
        self.name, self.total, self.unit, self.before, self.done = name, total, unit, before, before
        self._to, self._stays, self._begun = to, stays, to.clock()
        self._told: tuple[float, float] | None = None  # when, and how much was done then
        self._outer: Stage | None = None
        self._bar: Any = None

    def advance(self, n: float = 1) -> None:
        """Say that `n` more units are done; 0: that the work goes on."""
        self.done += n
        if self._bar is not None:
            if self._bar.total != self.total:  # it became known
                self._bar.reset(self.total)
                n = self.done
            self._bar.update(n)
        self._to.hear(self)

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        outer = None if self._outer is None else self._outer.progress
        elapsed_s = self._to.clock() - self._begun
        return Progress(self.name, self.done, self.total, self.unit, elapsed_s, self.before, outer)


@contextmanager
def stage(
    name: str, total: float | None = None, unit: str = "", *, before: float = 0, stays: bool = False
) -> Iterator[Stage]:
    """A stage of the work.

    Parameters
    ----------
    name : str
        Name of the stage, in plain words.
    total : float or None
        Number of units in all; None: nobody knows.
    unit : str
        Name of one unit.
    before : float
        Number of units that were done before.
    stays : bool
        True for a bar that appears at once, and is left there when the work is done.

    Examples
    --------
    >>> with reporting(print), stage("counting sheep", total=2, unit="sheep") as counting:
    ...     counting.advance(2)
    counting sheep: 0 of 2 sheeps
    counting sheep: 2 of 2 sheeps
    """
    audience = _AUDIENCE.get() or _ANYONE
    found = Stage(audience, name, total, unit, before, stays)
    audience.begin(found)
    try:
        yield found
        audience.hear(found, last=True)
    finally:
        audience.end(found)


def tracked(items: Iterable[Item], name: str, unit: str, *, total: int | None = None) -> Iterator[Item]:
    """The same items, one after another, in a stage that counts them.

    Parameters
    ----------
    items : iterable
        Items to count; one is done when the next is asked for.
    name, unit : str
        Name of the stage, and of one item.
    total : int or None
        Number of items; None: their own length, where they have one.

    Examples
    --------
    >>> with reporting(lambda at: print(at) if at.fraction == 1 else None):
    ...     list(tracked("ab", "spelling", "letter"))
    spelling: 2 of 2 letters
    ['a', 'b']
    """
    n: Any = getattr(items, "__len__", lambda: None)() if total is None else total
    with stage(name, n, unit) as counting:
        for item in items:
            yield item
            counting.advance()


@contextmanager
def reporting(told: Told = None, *, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Choose who is told of the stages within.

    Parameters
    ----------
    told : callable of one Progress, bool or None
        Function that is told; False: nobody is; None: whoever was told outside, else whoever looks at stderr (True:
        that one in any case).
    clock : callable without arguments, giving float
        Clock, in seconds.

    Raises
    ------
    UsageError
        If it is something else.

    Examples
    --------
    >>> with reporting(False), stage("working in silence", total=1):
    ...     pass
    """
    if not (callable(told) or told is None or isinstance(told, bool)):
        raise UsageError(
            f"progress must be a function of one Progress, False (show nothing) or None (show it), not {told!r}"
        )
    if told is None and _AUDIENCE.get() is not None:
        yield
        return
    audience = _Audience(told, clock)
    token = _AUDIENCE.set(audience)
    try:
        yield
    except BaseException:
        if audience.error is None:
            raise
    finally:
        _AUDIENCE.reset(token)
    if audience.error is not None:
        raise audience.error


def tells_progress(function: Callable[Given, Found]) -> Callable[Given, Found]:
    """Let a function have the keyword ``progress``, see `reporting`; what it calls need not know of it."""

    @wraps(function)
    def called(*given: Given.args, **named: Given.kwargs) -> Found:
        told: Any = named.pop("progress", None)
        with reporting(told):
            return function(*given, **named)

    return called


def mention(line: str) -> None:
    """Say a line about the work to whoever looks at stderr; where a function is told, or nobody, nothing is said."""
    if (_AUDIENCE.get() or _ANYONE).looks and displays.kind() != "nothing":
        displays.say(f"audiolime: {line}")


class Ended(KeyboardInterrupt):
    """The function that is told of progress raised an error: it passes like Ctrl-C; `reporting` raises the error."""


class _Audience:
    """Who is told: a function, nobody (False), or whoever looks at stderr."""

    def __init__(self, told: Told, clock: Callable[[], float]) -> None:
        self.function = told if callable(told) else None
        self.looks = not callable(told) and told is not False
        self.clock = clock
        self.error: BaseException | None = None
        self._stages: list[Stage] = []
        self._last_line = clock()
        self._lock = threading.RLock()

    def begin(self, new: Stage) -> None:
        with self._lock:
            named = {one.name for one in self._stages}
            new._outer = self._stages[-1] if self._stages else None
            if self is _ANYONE and not self._stages:
                self._last_line = self.clock()
            if new.name in named:
                return
            self._stages.append(new)
            if self.looks and (where := displays.kind()) in ("notebook", "terminal"):
                about: dict[str, Any] = {"total": new.total, "done": new.before, "stays": new._stays}
                new._bar = displays.bar(where, new.name, new.unit, **about)
        self.hear(new)

    def end(self, old: Stage) -> None:
        with self._lock:
            if old in self._stages:
                self._stages.remove(old)
            if old._bar is not None:
                old._bar.close()

    def hear(self, one: Stage, *, last: bool = False) -> None:
        """Tell how far a stage is, if it is time to."""
        if self.error is not None:
            raise Ended from self.error
        if self.function is not None:
            self._call(self.function, one, last)
        elif self.looks and one._bar is None and self.clock() - self._last_line >= displays.EVERY_S:
            self._write()

    def _call(self, function: Callable[[Progress], object], one: Stage, last: bool) -> None:
        with self._lock:
            now = self.clock()
            if one not in self._stages or (one._told is not None and not last and now - one._told[0] < LEAST_S):
                return
            if last and one._told is not None and one._told[1] == one.done:
                return
            one._told = now, one.done
            try:
                function(one.progress)
            except BaseException as error:
                self.error = error
                raise Ended from error

    def _write(self) -> None:
        """A line on what is done at the moment: the outermost stage, and the innermost behind it."""
        with self._lock:
            if not self._stages or displays.kind() != "log":
                return
            self._last_line = self.clock()
            inner = f" ({self._stages[-1].progress})" if len(self._stages) > 1 else ""
            displays.note(f"audiolime: {self._stages[0].progress.line}{inner}")


_ANYONE = _Audience(None, time.monotonic)  # where nobody has chosen
_AUDIENCE: ContextVar[_Audience | None] = ContextVar("audiolime_progress", default=None)
