"""Figures that keep their style when they are saved, and are shown exactly once. This module loads matplotlib.

Who shows a figure? A notebook shows the value of a cell, and at the cell's end whatever pyplot holds; a function that
makes a pyplot figure and returns it is therefore shown twice. Here a figure that is shown as a value is taken from
pyplot, so that the end of the cell finds nothing. A figure that is no cell's value is shown at the end, or by
``plt.show()``, as users know it.

Elsewhere a figure belongs to pyplot only where ``plt.show()`` can follow: where pyplot is loaded already, or at a
prompt, and in the main thread. A program that only saves figures loads no window system, and keeps no figure alive.
"""

from __future__ import annotations

import io
import sys
import threading
from contextlib import suppress
from functools import partial
from typing import Any

from matplotlib import get_backend, rc_context
from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure

from audiolime_ext.report.figures.fonts import without_a_warning_for_each


class StyledFigure(Figure):
    """A figure that is drawn and saved under its own settings, whatever the user's are at that moment.

    Parameters
    ----------
    rc : mapping of str to any, or None
        Settings of matplotlib for it; None: the user's.
    *given, **named : any
        Arguments of a figure of matplotlib.
    """

    def __init__(self, *given: Any, rc: Any = None, **named: Any) -> None:
        super().__init__(*given, **named)
        self._rc: Any = dict(rc or {})

    def draw(self, renderer: RendererBase) -> None:
        """Draw it, as matplotlib does."""
        with rc_context(self._rc), without_a_warning_for_each():
            super().draw(renderer)

    def savefig(self, fname: Any, **options: Any) -> None:
        """Save it, as matplotlib does: fonts of PDF and PostScript are embedded as TrueType.

        ``PdfPages`` writes fonts when it is closed, under the user's settings: set ``pdf.fonttype`` to 42 there.
        """
        with rc_context(self._rc), without_a_warning_for_each():
            super().savefig(fname, **options)

    def set_canvas(self, canvas: Any) -> None:
        """Set the canvas, which prints under the figure's settings, too."""
        super().set_canvas(canvas)
        canvas.print_figure = partial(_printed, self, canvas.print_figure)

    def show(self, warn: bool = True) -> None:
        """Show it: where pyplot does not hold it, pyplot is loaded, takes it and shows what it holds."""
        if _is_open(self):
            super().show(warn)
            return
        from matplotlib import pyplot

        taken: Any = lambda **_: self  # noqa: E731
        pyplot.figure(FigureClass=taken)
        pyplot.show()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, bytes]:
        return value_of_a_cell(self)


def new_figure(size_in: tuple[float, float], rc: Any, *, shown: bool) -> Figure:
    """An empty figure; if it is to be `shown`, pyplot's current one where the user works with pyplot.

    Parameters
    ----------
    size_in : (float, float)
        Width and height in inches.
    rc : mapping of str to any
        Settings of matplotlib that it keeps.
    shown : bool
        False for a figure that only its maker saves.
    """
    options: dict[str, Any] = {"figsize": size_in, "facecolor": "white", "layout": "constrained", "rc": rc}
    if not (shown and _works_with_pyplot()):
        return StyledFigure(**options)
    from matplotlib import pyplot  # not under `rc_context`: it may choose its backend now

    return pyplot.figure(FigureClass=StyledFigure, **options)


def drawn_into(figure: Figure) -> Figure:
    """The user's figure, to be returned to a cell: not shown twice, either."""
    if not isinstance(figure, StyledFigure) and _of_a_notebook(figure):
        vars(figure)["_repr_mimebundle_"] = partial(_once, figure)
    return figure


def value_of_a_cell(figure: Figure) -> dict[str, bytes]:
    """What a notebook shows of it, besides what others have registered for figures; pyplot gives it up."""
    if _of_a_notebook(figure):
        Gcf.destroy_fig(figure)
        if _drawn_by_others(figure):
            return {}
    elif _is_open(figure) and figure.canvas.required_interactive_framework is not None:
        return {}  # in a window or a widget already
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return {"image/png": buffer.getvalue()}


def _printed(figure: StyledFigure, print_figure: Any, *given: Any, **options: Any) -> Any:
    with rc_context(figure._rc), without_a_warning_for_each():
        return print_figure(*given, **options)


def _once(figure: Figure, include: Any = None, exclude: Any = None) -> dict[str, bytes]:
    vars(figure).pop("_repr_mimebundle_", None)
    return value_of_a_cell(figure) if _of_a_notebook(figure) else {}


def _works_with_pyplot() -> bool:
    at_a_prompt = hasattr(sys, "ps1") or bool(sys.flags.interactive)
    loaded = "matplotlib.pyplot" in sys.modules
    return (loaded or at_a_prompt) and threading.current_thread() is threading.main_thread()


def _of_a_notebook(figure: Figure) -> bool:
    """Whether the end of the cell will show it."""
    return _is_open(figure) and "inline" in get_backend()


def _drawn_by_others(figure: Figure) -> bool:
    """Whether the notebook's backend has registered how figures are shown: in the first cell it has not, yet."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    for kind, formatter in shell.display_formatter.formatters.items() if shell else ():
        if kind.startswith(("image/", "application/pdf")):
            with suppress(KeyError):
                formatter.lookup(figure)
                return True
    return False


def _is_open(figure: Figure) -> bool:
    return any(manager.canvas.figure is figure for manager in Gcf.get_all_fig_managers())
