"""How results show themselves, in notebooks and as figures.

What is shown is made by `audiolime_ext.report`, which lies above the results that it shows. So it is looked up by name
when somebody asks: the one arrow that points upward, and here it stands.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def shown(result: Any) -> str:
    """The HTML that a notebook shows of an `Audio`, an `Explanation` or a `TrackExplanation`."""
    return str(import_module("audiolime_ext.report.notebook").html_of(result))


def plotted(result: Any, **options: Any) -> Figure:
    """The matplotlib figure of one of them."""
    figure: Figure = import_module("audiolime_ext.report.plots").plot(result, **options)
    return figure
