"""What stderr shows of the work: a bar on a terminal or in a notebook; else, as in a log, a line now and then.

A log is read later and kept: a bar, which overwrites itself, would fill it with noise. There a plain line comes every
half minute, the first one half a minute after the work began: short work leaves none. ``TQDM_DISABLE=1`` in the
environment shows neither bars nor lines.

This is the only module that imports tqdm. A notebook gets its widget where ipywidgets is installed, and else tqdm's bar
of text, in a line of the cell's output.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from contextlib import suppress
from typing import Any, Literal

EVERY_S = 30.0  # between two lines
DELAY_S = 1.0  # before a bar appears
Kind = Literal["notebook", "terminal", "log", "nothing"]


def kind() -> Kind:
    """What stderr is at the moment."""
    if sys.stderr is None or os.environ.get("TQDM_DISABLE", "0") not in ("", "0"):
        return "nothing"
    if _in_notebook():
        return "notebook"
    try:
        return "terminal" if sys.stderr.isatty() else "log"
    except (AttributeError, ValueError):  # it cannot say, or is closed
        return "nothing"


def bar(where: Kind, name: str, unit: str, *, total: float | None, done: float, stays: bool) -> Any:
    """A bar of tqdm, which appears after a second; where it `stays`, at once, and is left there when the work is done.

    Parameters
    ----------
    where : {"notebook", "terminal"}
        Place that shows it.
    name, unit : str
        Name of the stage, and of what is counted.
    total, done : float or None, float
        Number of units in all (None: nobody knows), and number of those that were done before.
    stays : bool
        True if it appears at once, and is left there.
    """
    make = _of_notebooks() if where == "notebook" else _of_terminals()
    return make(
        total=total,
        initial=done,
        desc=name,
        unit=unit,
        unit_scale=unit == "B",
        file=_Cell() if where == "notebook" and not _is_widget(make) else sys.stderr,
        **_size(),
        disable=False,
        leave=stays,
        delay=0.0 if stays else DELAY_S,
    )


class _Cell:
    """A line in the output of a cell, which is written over: an executed notebook keeps the last one, or none.

    (What is written to stderr stays in the notebook's file, and pages made of it show it in red.)
    """

    encoding = "utf-8"

    def __init__(self) -> None:
        self._shown: Any = None

    def write(self, text: str) -> None:
        """Show a line in place of the one before."""
        line = text.strip()
        if text == "\n" or not (line or self._shown):  # the end of a bar that stays, or of one that never came
            return
        from IPython import display

        if self._shown is None:
            self._shown = display.DisplayHandle()  # type: ignore[no-untyped-call]
            self._shown.display({"text/plain": line}, raw=True)
        else:
            self._shown.update({"text/plain": line}, raw=True)

    def flush(self) -> None:
        """Nothing is held back."""


def _size() -> dict[str, int]:
    """What tqdm is told where the terminal says that it has no columns or no rows: it would show nothing."""
    try:
        seen = os.get_terminal_size(sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):
        return {}
    return {} if seen.columns and seen.lines else {"ncols": seen.columns or 80, "nrows": seen.lines or 24}


def say(line: str) -> None:
    """Write a line to stderr, above any bars."""
    if sys.stderr is not None:
        _of_terminals().write(line, file=sys.stderr)


def note(line: str) -> None:
    """Write a line to a log; one that nobody takes any more is no reason to end the work."""
    with suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)


def show_none() -> None:
    """In a worker process: show no bars, those of models and separators included; the parent's are the ones to see."""
    os.environ["TQDM_DISABLE"] = "1"
    # its own lock is one of the system's, which would outlast a worker that is killed
    _of_terminals().set_lock(threading.RLock())


def _of_terminals() -> Any:
    from tqdm import tqdm

    return tqdm


def _of_notebooks() -> Any:
    """The widget; where ipywidgets is missing, tqdm takes its bar of text, and need not warn of it."""
    from tqdm import TqdmWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TqdmWarning)
        from tqdm.auto import tqdm

    return tqdm


def _is_widget(make: Any) -> bool:
    from tqdm.notebook import tqdm_notebook

    return issubclass(make, tqdm_notebook)


def _in_notebook() -> bool:
    """Whether this is the kernel of a notebook: IPython is there already then."""
    ipython = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return ipython is not None and "IPKernelApp" in getattr(ipython, "config", {})
