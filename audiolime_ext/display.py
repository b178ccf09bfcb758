"""How results show themselves, in notebooks and as figures.

The code that draws them is registered, as separators and models are: entry points of the group
``audiolime_ext.displays``, named ``html`` (a function from a result to HTML) and ``figure`` (to a matplotlib figure).
So results know nothing of pages.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Literal

from audiolime_ext.errors import MissingError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GROUP = "audiolime_ext.displays"


def shown(result: Any) -> str:
    """The HTML that a notebook shows for an `Audio`, an `Explanation` or a `TrackExplanation`."""
    return str(_display("html")(result))


def plotted(result: Any, **options: Any) -> Figure:
    """The matplotlib figure of one of them."""
    figure: Figure = _display("figure")(result, **options)
    return figure


def _display(kind: Literal["html", "figure"]) -> Callable[..., Any]:
    for point in entry_points(group=GROUP, name=kind):
        found: Callable[..., Any] = point.load()
        return found
    raise MissingError(f"nothing is registered as {GROUP!r} {kind!r}; install audiolime-ext again (pip install)")
